/** What a sweep delivers of an outbox: only what the sweep before saw too, because the rest is on its way. */
import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine } from '../../src/sync/engine.js'
import { NO_TARGETS, outboxEntry, outboxEntryId, outboxOf } from '../../src/sync/outbox-entry.js'
import { jsonValue, recordName } from '../../src/sync/record-kinds.js'
import { NOTED_MAX, Sightings } from '../../src/sync/sightings.js'
import type { Transition } from '../../src/sync/types.js'
import { engineOptions } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { testBound } from '../support/test-bound.js'

const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

const heard = jsonValue<readonly string[]>('sightings-heard', testBound())
const tell = jsonEffect<string>({
  name: 'sightings-tell',
  run: (tx, text) => tx.put(heard, [...(tx.get(heard) ?? []), text]),
})

const hear: Transition<void, readonly string[]> = { name: 'sightings-hear', run: tx => tx.get(heard) ?? [] }

const [SOURCE, TARGET, PARTITION] = ['user/1', 'user/2', 1]

async function world() {
  const store = new MemoryStore({ scopes: 'partitions', shared: true, random: seededRandom('store') })
  const engine = new Engine({ ...engineOptions('stamps'), store, effects: [tell as never] })
  t.teardown(() => engine.close())
  let sent = 0
  /** Another node writes an entry. */
  const write = async (): Promise<void> => {
    const [before, seq] = [sent, sent + 1]
    sent = seq
    const payload = tell.encode(String(seq))
    const entry = { source: SOURCE, target: TARGET, seq, before, kind: tell.name, payload, targets: NO_TARGETS }
    const name = recordName(outboxEntry, outboxEntryId(SOURCE, TARGET, seq))
    const put = { actor: outboxOf(SOURCE), name, bytes: outboxEntry.encode(entry), stamp: seq }
    await store.commit(PARTITION, [{ expect: [], puts: [put], appends: [], trims: [] }])
  }
  return { engine, write }
}

t.test('an entry is left to its node by the first sweep that sees it, and delivered by the second', async t => {
  const { engine, write } = await world()
  await engine.sweep(PARTITION)
  await write()
  await engine.sweep(PARTITION)
  t.equal(engine.outboxDepth, 0, 'not taken')
  t.match(engine.outboxes(), [{ partition: PARTITION, entries: 1 }])
  await write()
  await engine.sweep(PARTITION)
  t.equal(engine.outboxDepth, 1, 'the older one')
  await engine.sweep(PARTITION)
  await eventually(async () => {
    const outcome = await engine.run(TARGET, hear, undefined)
    return outcome.kind === 'done' && outcome.result.join() === '1,2'
  })
})

t.test('in a partition that has just become its own, a node delivers at once', async t => {
  const { engine, write } = await world()
  await write()
  await engine.sweep(PARTITION)
  t.equal(engine.outboxDepth, 1)
})

t.test('a sweep that was long ago says nothing; the age counts from the first sighting', async t => {
  const clock = new ManualClock()
  const sightings = new Sightings(clock)
  const sweep = (...names: string[]): boolean[] => {
    const { isDue, end } = sightings.begin(7)
    const due = names.map(name => isDue(name))
    end()
    return due
  }
  t.same(sweep('a'), [true])
  clock.advance(2_000)
  t.same(sweep('a', 'b'), [true, false])
  clock.advance(2_000)
  t.same(sweep('b', 'c'), [true, false])
  t.same(sightings.waiting(), [{ partition: 7, entries: 2, ageMs: 2_000 }])
  clock.advance(30_000)
  t.same(sightings.waiting(), [])
  t.same(sweep('d'), [true])
  t.same(sweep(), [])
  t.same(sightings.waiting(), [])
})

t.test('of a long outbox only the first entries are noted; the rest is due', async t => {
  const sightings = new Sightings(new ManualClock())
  sightings.begin(7).end()
  const { isDue } = sightings.begin(7)
  const due = Array.from({ length: NOTED_MAX + 1 }, (_, i) => isDue(String(i)))
  t.equal(due.indexOf(true), NOTED_MAX)
})

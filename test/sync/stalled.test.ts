/** A store that does not answer: new work is refused, in its scope alone; what waits is bounded, and goes on when the store is back. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { seededRandom } from '../../src/lib/random.js'
import { type CommitInFlight, type MemoryFaults, NO_FAULTS } from '../../src/store/memory/faults.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { PARTITIONS } from '../../src/store/types.js'
import { STALLED_MS } from '../../src/sync/commit-queue.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine } from '../../src/sync/engine.js'
import { jsonValue } from '../../src/sync/record-kinds.js'
import type { EffectKind, Outcome, Transition } from '../../src/sync/types.js'
import { PLANNED_UNITS_MAX, UNITS_MIN } from '../../src/sync/unit-budget.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { engineOptions } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { testBound } from '../support/test-bound.js'

const count = jsonValue<number>('stalled-count', testBound())
const add: Transition<void, number> = {
  name: 'add',
  run(tx) {
    const sum = (tx.get(count) ?? 0) + 1
    tx.put(count, sum)
    return sum
  },
}
const look: Transition<void, number> = { name: 'look', soft: true, run: tx => tx.get(count) ?? 0 }

let noted = 0
const note: EffectKind<number> = jsonEffect<number>({
  name: 'stalled-note',
  run(tx) {
    noted += 1
    tx.put(count, (tx.get(count) ?? 0) + 1)
  },
})
const say: Transition<string, void> = {
  name: 'say',
  run(tx, to) {
    tx.put(count, (tx.get(count) ?? 0) + 1)
    tx.effect(note, to, 1)
  },
}

/** The scopes whose writes get no answer: they are held. */
function silence(...scopes: number[]) {
  const silent = new Set(scopes)
  const held: CommitInFlight[] = []
  const faults: MemoryFaults = {
    ...NO_FAULTS,
    commit: call => (silent.has(call.scope) ? held.push(call) : call.answer()),
  }
  return {
    silent,
    held,
    faults,
    end(): void {
      silent.clear()
      for (const call of held.splice(0)) call.answer()
    },
  }
}

async function start(faults: MemoryFaults) {
  const clock = new ManualClock()
  const store = new MemoryStore({ random: seededRandom('disk'), scopes: 'partitions', faults })
  const engine = new Engine({
    ...engineOptions('stalled', clock),
    store,
    effects: [note] as readonly EffectKind<unknown>[],
    onFatal: error => t.fail(String(error)),
  })
  await engine.start()
  return { clock, store, engine }
}

/** Submits, and shows the outcome as soon as it is there. */
function submitted(engine: Engine, actor: string, transition: Transition<void, number> = add) {
  const seen: { outcome?: Outcome<number> } = {}
  engine.submit(actor, transition, undefined, outcome => {
    seen.outcome = outcome
  })
  return seen
}

t.test('new work of a scope is refused when its write has no answer for 2 s; other scopes notice nothing', async t => {
  const store = silence()
  const { clock, engine } = await start(store.faults)
  t.match(await engine.run('user/1', add, undefined), { kind: 'done', result: 1 })
  store.silent.add(1)
  const before = submitted(engine, 'user/1')
  await eventually(() => store.held.length === 1)
  clock.advance(STALLED_MS - 1)
  const waits = submitted(engine, 'user/257')
  await eventually(() => engine.queueDepth === 1)
  clock.advance(1)
  t.match(submitted(engine, 'user/1').outcome, { kind: 'unavailable' }, 'at once')
  t.match(submitted(engine, 'user/513').outcome, { kind: 'unavailable' })
  t.match(await engine.run('user/2', add, undefined), { kind: 'done', result: 1 })
  t.equal(engine.queueDepth, 1, 'what is refused waits nowhere')
  t.same([before.outcome, waits.outcome], [undefined, undefined])
  store.end()
  await eventually(() => waits.outcome !== undefined)
  t.match([before.outcome, waits.outcome], [{ result: 2 }, { result: 1 }])
  t.match(
    await engine.run('user/1', add, undefined),
    { kind: 'done', result: 3 },
    'nothing of what was refused was done',
  )
  await engine.close()
})

t.test('what rests on what is known, and needs no write, is answered all the same', async t => {
  const store = silence()
  const { clock, engine } = await start(store.faults)
  await engine.run('user/1', add, undefined)
  store.silent.add(1)
  submitted(engine, 'user/257')
  await eventually(() => store.held.length === 1)
  clock.advance(STALLED_MS)
  t.match(submitted(engine, 'user/1', look).outcome, { kind: 'done', result: 1 })
  const verified = submitted(engine, 'user/513', look)
  await eventually(() => verified.outcome !== undefined)
  t.match(verified.outcome, { kind: 'unavailable' }, 'an absence would have to be verified by a write')
  store.end()
  await engine.close()
})

t.test('tries of one write without an outcome are one silence, and it ends with the first answer', async t => {
  const store = silence(1)
  const { clock, engine } = await start(store.faults)
  const before = submitted(engine, 'user/1')
  for (let passed = 0; passed <= STALLED_MS; passed += 100) {
    await eventually(() => store.held.length === 1 || clock.pending > 1)
    store.held.shift()?.lose()
    await new Promise(setImmediate)
    clock.advance(100)
  }
  t.match(submitted(engine, 'user/1').outcome, { kind: 'unavailable' })
  store.silent.clear()
  for (let i = 0; i < 100 && before.outcome === undefined; i++) {
    for (const call of store.held.splice(0)) call.answer()
    clock.advance(100)
    await new Promise(setImmediate)
  }
  t.match(before.outcome, { kind: 'done', result: 1 })
  t.match(await engine.run('user/1', add, undefined), { kind: 'done', result: 2 })
  await engine.close()
})

t.test('an effect for such a scope waits, and is not tried again and again', async t => {
  const store = silence()
  const { clock, engine } = await start(store.faults)
  store.silent.add(2)
  submitted(engine, 'user/2')
  await eventually(() => store.held.length === 1)
  clock.advance(STALLED_MS)
  noted = 0
  t.match(await engine.run('user/1', say, 'user/2'), { kind: 'done' })
  for (let i = 0; i < 100; i++) {
    clock.advance(1_000)
    await new Promise(setImmediate)
  }
  t.equal(noted, 1)
  t.equal(engine.outboxDepth, 1)
  store.end()
  await eventually(() => engine.outboxDepth === 0)
  t.match(await engine.run('user/2', look, undefined), { kind: 'done', result: 2 })
  await engine.close()
})

t.test('a client is refused with a time to come back, and the number is not used up', async t => {
  const held: CommitInFlight[] = []
  let isSilent = false
  const faults: MemoryFaults = { ...NO_FAULTS, commit: call => (isSilent ? held.push(call) : call.answer()) }
  const clock = new ManualClock()
  const node = await startNode(new MemoryStore({ random: seededRandom('disk'), faults }), clock, 'stalled')
  const anna = await new TestDevice(node).enter('anna', 1)
  const ben = await new TestDevice(node).enter('ben', 2)
  await befriend(anna, ben)
  isSilent = true
  const first = anna.send(ben.uid, 'one')
  await eventually(() => held.length === 1)
  clock.advance(STALLED_MS)
  const seq = anna.next()
  t.match(await anna.send(ben.uid, 'two', seq), { code: CODES.UNAVAILABLE.code, retryAfterMs: 1_000 })
  t.match(await ben.hello(), { kind: 'refused', code: CODES.UNAVAILABLE.code, retryAfterMs: 1_000 })
  isSilent = false
  for (const call of held.splice(0)) call.answer()
  t.match(await first, { code: CODES.OK.code })
  t.match(await anna.send(ben.uid, 'two', seq), { code: CODES.OK.code })
  const texts = (await ben.items()).flatMap(({ item }) =>
    item.content?.case === 'message' ? [item.content.value.text] : [],
  )
  t.same(texts, ['one', 'two'])
  await node.engine.close()
})

t.test('what is planned is bounded over all scopes together, and silent ones hold nobody up', async t => {
  const SILENT = 128
  const EACH = 150
  const silent = Array.from({ length: SILENT }, (_, scope) => scope)
  const store = silence(...silent)
  const { engine } = await start(store.faults)
  let planned = 0
  let done = 0
  const counted: Transition<void, number> = {
    ...add,
    run(tx, input) {
      planned += 1
      return add.run(tx, input)
    },
  }
  const submitAll = (first: number, end: number): void => {
    for (let i = 0; i < EACH; i++) {
      for (let scope = first; scope < end; scope++) {
        engine.submit(`user/${scope + PARTITIONS * i}`, counted, undefined, () => {
          done += 1
        })
      }
    }
  }
  submitAll(0, SILENT)
  await eventually(() => store.held.length === SILENT)
  await new Promise(setImmediate)
  // Planning that lacked a record was done twice.
  const inMemory = planned / 2
  t.ok(inMemory > PLANNED_UNITS_MAX * 0.95 && inMemory <= PLANNED_UNITS_MAX + SILENT * UNITS_MIN, `${inMemory} planned`)
  t.equal(done, 0)
  submitAll(SILENT, PARTITIONS)
  await eventually(() => done === (PARTITIONS - SILENT) * EACH)
  t.equal(planned / 2 - inMemory, done, 'nothing more was planned of the silent scopes')
  t.equal(engine.queueDepth + store.held.reduce((sum, call) => sum + call.unitCount, 0), SILENT * EACH)
  store.end()
  await eventually(() => done === PARTITIONS * EACH)
  await engine.close()
})

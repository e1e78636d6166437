/** An effect that a newer node has written waits for one that knows it: nothing is lost, nothing overtakes it, nobody fails. */
import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine } from '../../src/sync/engine.js'
import { NO_TARGETS, outboxEntry, outboxEntryId, outboxOf } from '../../src/sync/outbox-entry.js'
import { jsonValue, pairOut, recordName } from '../../src/sync/record-kinds.js'
import type { EffectKind, Transition } from '../../src/sync/types.js'
import { engineOptions, QUIET_MONITOR } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { testBound } from '../support/test-bound.js'

const [SOURCE, TARGET] = ['user/1', 'user/2']
/** Of the source. */
const PARTITION = 1

const heard = jsonValue<readonly string[]>('unknown-heard', testBound())
const said = jsonValue<number>('unknown-said', testBound())
const hear = (name: string): EffectKind<string> =>
  jsonEffect<string>({ name, run: (tx, text) => tx.put(heard, [...(tx.get(heard) ?? []), `${name} ${text}`]) })
const tell = hear('tell')
const wave = hear('wave')
const say: Transition<string, void> = {
  name: 'say',
  run(tx, text) {
    tx.put(said, (tx.get(said) ?? 0) + 1)
    tx.effect(tell, TARGET, text)
  },
}
const listen: Transition<void, readonly string[]> = { name: 'listen', run: tx => tx.get(heard) ?? [] }

/** A store in whose outbox a newer server left these effects, of the kinds named. */
async function left(kinds: readonly string[]) {
  const disk = new MemoryDisk(seededRandom('disk'))
  const store = new MemoryStore({ disk, scopes: 'partitions' })
  const puts = kinds.map((kind, i) => {
    const [seq, payload] = [i + 1, tell.encode(String(i + 1))]
    const entry = { source: SOURCE, target: TARGET, seq, before: i, kind, payload, targets: NO_TARGETS }
    const bytes = kind === 'of another form' ? Uint8Array.of(99, 1, 2, 3) : outboxEntry.encode(entry)
    return {
      actor: outboxOf(SOURCE),
      name: recordName(outboxEntry, outboxEntryId(SOURCE, TARGET, seq)),
      bytes,
      stamp: seq,
    }
  })
  const out = { actor: SOURCE, name: recordName(pairOut, TARGET), stamp: kinds.length + 1 }
  const bytes = pairOut.encode({ sent: kinds.length, settled: 0 })
  await store.commit(1, [{ expect: [], puts: [...puts, { ...out, bytes }], appends: [], trims: [] }])

  const start = async (name: string, effects: readonly EffectKind<string>[]) => {
    const unknown: string[] = []
    const engine = new Engine({
      ...engineOptions(name),
      store: new MemoryStore({ disk, scopes: 'partitions' }),
      effects: effects as readonly EffectKind<unknown>[],
      monitor: {
        ...QUIET_MONITOR,
        setAside: (_source, _target, _kind, error) => t.fail(String(error)),
        unknown: (what, kind) => unknown.push(`${what} ${kind}`),
      },
      onFatal: error => t.fail(String(error)),
    })
    await engine.start()
    const heardNow = async () => {
      const outcome = await engine.run(TARGET, listen, undefined)
      return outcome.kind === 'done' ? outcome.result : []
    }
    return { engine, unknown, heardNow }
  }
  return { start }
}

t.test('it waits, with all that is behind it, until a node that knows it comes', async t => {
  const { start } = await left(['tell', 'wave', 'tell'])
  const older = await start('older', [tell])
  await eventually(() => older.unknown.length > 0)
  t.same(await older.heardNow(), ['tell 1'], 'what stands before it was delivered')
  await older.engine.run(SOURCE, say, 'later')
  for (let sweep = 0; sweep < 5; sweep += 1) {
    await older.engine.sweep(PARTITION)
    await older.heardNow()
  }
  t.same(await older.heardNow(), ['tell 1'], 'nothing overtakes it')
  t.same(older.unknown, ['effect wave'], 'it is told once')
  t.equal(older.engine.outboxDepth, 3)

  const newer = await start('newer', [tell, wave])
  await eventually(() => newer.engine.outboxDepth === 0)
  const all = ['tell 1', 'wave 2', 'tell 3', 'tell later']
  t.same(await newer.heardNow(), all)
  await older.engine.sweep(PARTITION)
  await eventually(() => older.engine.outboxDepth === 0)
  t.same(await older.heardNow(), all)
  await older.engine.run(SOURCE, say, 'and on')
  await eventually(async () => (await older.heardNow()).length === all.length + 1)
  await Promise.all([older.engine.close(), newer.engine.close()])
})

t.test('an entry of a form that is not known holds its pair, and no other', async t => {
  const { start } = await left(['tell', 'of another form', 'tell'])
  const { engine, unknown, heardNow } = await start('older', [tell, wave])
  await eventually(() => unknown.length > 0)
  t.same(unknown, ['effect form 99'])
  t.same(await heardNow(), ['tell 1'])
  await engine.run('user/3', say, 'of another')
  await eventually(async () => (await heardNow()).includes('tell of another'))
  t.same(await heardNow(), ['tell 1', 'tell of another'])
  await engine.close()
})

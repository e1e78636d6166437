/** Entries of an outbox that nobody can take: they harm neither the process nor the pair, and what queues behind them is bounded. */
import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory/store.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine, type EngineOptions, START_SWEEPS_AT_ONCE } from '../../src/sync/engine.js'
import { OUTBOX_ENTRIES_MAX } from '../../src/sync/outbox.js'
import { NO_TARGETS, type OutboxEntry, outboxEntry, outboxEntryId, outboxOf } from '../../src/sync/outbox-entry.js'
import { jsonValue, pairOut, recordName, setAside } from '../../src/sync/record-kinds.js'
import type { EffectKind, Transition } from '../../src/sync/types.js'
import { engineOptions, QUIET_MONITOR } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { testBound } from '../support/test-bound.js'

const SOURCE = 'user/1'

const heard = jsonValue<readonly number[]>('waiting-heard', testBound())
const said = jsonValue<number>('waiting-said', testBound())
const note: EffectKind<number> = jsonEffect<number>({
  name: 'waiting-note',
  run: (tx, n) => tx.put(heard, [...(tx.get(heard) ?? []), n.valueOf()]),
  refused(tx, n, source) {
    tx.effect(note, source, n.valueOf())
  },
})
const say: Transition<{ to: string; n: number }, boolean> = {
  name: 'say',
  run(tx, { to, n }) {
    tx.put(said, n)
    if (!tx.outboxHasSpace(to)) return false
    tx.effect(note, to, n)
    return true
  },
}
const hear: Transition<void, readonly number[]> = { name: 'hear', run: tx => tx.get(heard) ?? [] }

/** Puts entries of one pair into an outbox, as some server did before. */
async function leave(
  disk: MemoryDisk,
  entries: readonly Pick<OutboxEntry, 'target' | 'kind' | 'payload' | 'targets'>[],
) {
  const puts = entries.map((entry, i) => ({
    actor: outboxOf(SOURCE),
    name: recordName(outboxEntry, outboxEntryId(SOURCE, entry.target, i + 1)),
    bytes: outboxEntry.encode({ source: SOURCE, seq: i + 1, before: i, ...entry }),
    stamp: i + 1,
  }))
  const counter = pairOut.encode({ sent: entries.length, settled: 0 })
  const name = recordName(pairOut, entries[0]?.target)
  const out = { actor: SOURCE, name, bytes: counter, stamp: entries.length + 1 }
  await new MemoryStore({ disk }).commit(0, [{ expect: [], puts: [...puts, out], appends: [], trims: [] }])
}

async function start(options: MemoryStoreOptions, more: Partial<EngineOptions> = {}) {
  const asides: string[] = []
  const store = new MemoryStore(options)
  const engine = new Engine({
    ...engineOptions('waiting'),
    store,
    effects: [note] as readonly EffectKind<unknown>[],
    monitor: { ...QUIET_MONITOR, setAside: (source, target, kind) => asides.push(`${source} ${target} ${kind}`) },
    onFatal: error => t.fail(String(error)),
    ...more,
  })
  await engine.start()
  const heardBy = async (actor: string) => {
    const outcome = await engine.run(actor, hear, undefined)
    return outcome.kind === 'done' ? outcome.result : []
  }
  return { engine, store, asides, heardBy }
}

const text = (payload: string): Uint8Array => new TextEncoder().encode(payload)

t.test('an effect that cannot be decoded, or makes no sense, is set aside, and its pair goes on', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const payloads = ['1', '{', 'null', '4']
  const entries = payloads.map(payload => ({
    target: 'user/2',
    kind: note.name,
    payload: text(payload),
    targets: NO_TARGETS,
  }))
  await leave(disk, entries)
  const { engine, store, asides, heardBy } = await start({ disk, scopes: 'partitions' })
  await eventually(() => engine.outboxDepth === 0)
  t.same(await heardBy('user/2'), [1, 4])
  t.same(asides, Array(2).fill('user/1 user/2 waiting-note'))
  const kept = (await store.scan('user/2', 'aside/', null, 10)).map(({ bytes }) => setAside.decode(bytes))
  t.same(
    kept.map(({ payload }) => Buffer.from(payload, 'base64').toString()),
    ['{', 'null'],
  )
  await engine.close()
})

t.test('one for many is set aside once, by the partition', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const targets = ['user/2', 'user/258', 'user/514']
  const entries = ['{', '2'].map(payload => ({
    target: 'partition/2',
    kind: note.name,
    payload: text(payload),
    targets,
  }))
  await leave(disk, entries)
  const { engine, store, asides, heardBy } = await start({ disk, scopes: 'partitions' }, { sliceTargets: 1 })
  await eventually(() => engine.outboxDepth === 0)
  for (const target of targets) t.same(await heardBy(target), [2], target)
  t.same(asides, ['user/1 partition/2 waiting-note'])
  t.equal((await store.scan('partition/2', 'aside/', null, 10)).length, 1)
  await engine.close()
})

t.test('what queues within a scope, behind an effect of an unknown kind, is bounded', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  await leave(disk, [{ target: 'user/2', kind: 'of tomorrow', payload: text('1'), targets: NO_TARGETS }])
  const { engine, heardBy } = await start({ disk, shared: false })
  t.match(await engine.run(SOURCE, say, { to: 'user/2', n: 0 }), { result: true })
  const asked = Array.from({ length: OUTBOX_ENTRIES_MAX + 600 }, (_, n) => engine.run(SOURCE, say, { to: 'user/2', n }))
  const outcomes = await Promise.all(asked)
  const refused = outcomes.filter(outcome => outcome.kind === 'done' && !outcome.result)
  t.ok(refused.length > 0, `${engine.outboxDepth} wait`)
  t.match(await engine.run(SOURCE, say, { to: 'user/3', n: 7 }), { result: true }, 'another pair does not wait')
  t.same(await heardBy('user/3'), [7])
  await engine.close()
})

t.test('above the bound of memory a sweep leaves the rest in the store, and goes on later', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const count = 700
  const payloads = Array.from({ length: count }, (_, n) => text(String(n)))
  await leave(
    disk,
    payloads.map(payload => ({ target: 'user/2', kind: note.name, payload, targets: NO_TARGETS })),
  )
  const { engine, heardBy } = await start({ disk, scopes: 'partitions' }, { outboxBytesMax: 10_000 })
  t.ok(engine.outboxDepth <= 256, `${engine.outboxDepth} of them are in memory`)
  await eventually(async () => (await heardBy('user/2')).length === count)
  t.same(
    await heardBy('user/2'),
    Array.from({ length: count }, (_, n) => n),
  )
  await engine.close()
})

/** Counts the scans that are under way at once. */
class CountingStore extends MemoryStore {
  most = 0
  #now = 0

  override async scan(...asked: Parameters<MemoryStore['scan']>): ReturnType<MemoryStore['scan']> {
    this.#now += 1
    this.most = Math.max(this.most, this.#now)
    await new Promise(setImmediate)
    const found = await super.scan(...asked)
    this.#now -= 1
    return found
  }
}

t.test(
  'few partitions are swept at once, also where memory was full: each may bring a page above the bound',
  async t => {
    const disk = new MemoryDisk(seededRandom('disk'))
    const count = 700
    await leave(
      disk,
      Array.from({ length: count }, (_, n) => ({
        target: 'user/2',
        kind: note.name,
        payload: text(String(n)),
        targets: NO_TARGETS,
      })),
    )
    const store = new CountingStore({ disk, scopes: 'partitions' })
    const { engine, heardBy } = await start({}, { store, outboxBytesMax: 10_000 })
    await eventually(async () => (await heardBy('user/2')).length === count)
    t.ok(store.most > 1 && store.most <= START_SWEEPS_AT_ONCE, `${store.most} at once`)
    await engine.close()
  },
)

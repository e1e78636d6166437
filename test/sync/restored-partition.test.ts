/** One partition of two is put back to an older state: what is sent after that arrives, once and in order, whichever side lost. */
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine } from '../../src/sync/engine.js'
import { NO_TARGETS, outboxEntry, outboxEntryId, outboxOf } from '../../src/sync/outbox-entry.js'
import { jsonValue, pairIn, pairOut, recordName } from '../../src/sync/record-kinds.js'
import type { EffectKind, Transition } from '../../src/sync/types.js'
import { engineOptions, QUIET_MONITOR } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { testBound } from '../support/test-bound.js'

// The engine's timers do not keep a process alive.
const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

/** Their partitions are 1 and 2. */
const [SOURCE, TARGET] = ['user/1', 'user/2']
const MANY = ['user/2', 'user/258', 'user/514']

const heard = jsonValue<readonly number[]>('restored-heard', testBound())
const said = jsonValue<number>('restored-said', testBound())
const note: EffectKind<number> = jsonEffect<number>({
  name: 'restored-note',
  run: (tx, n) => tx.put(heard, [...(tx.get(heard) ?? []), n]),
})
const say: Transition<{ to: readonly string[]; n: number }, void> = {
  name: 'say',
  run(tx, { to, n }) {
    tx.put(said, n)
    if (to.length > 1) tx.fanOut(note, to, n)
    else tx.effect(note, to[0] ?? '', n)
  },
}
const hear: Transition<void, readonly number[]> = { name: 'hear', run: tx => tx.get(heard) ?? [] }

/** A store whose commits wait while they are held. */
class HeldStore extends MemoryStore {
  #held: Promise<void> | undefined
  waiting = 0

  /** Holds commits from now on. @returns lets them go */
  hold(): () => void {
    let release = (): void => {}
    this.#held = new Promise(resolve => {
      release = resolve
    })
    return release
  }

  override async commit(...asked: Parameters<MemoryStore['commit']>): ReturnType<MemoryStore['commit']> {
    this.waiting += 1
    await this.#held
    this.waiting -= 1
    return super.commit(...asked)
  }
}

async function start(
  disk: MemoryDisk,
  clock = systemClock,
  seed = 'engine',
  store = new MemoryStore({ disk, scopes: 'partitions' }),
) {
  const gaps: string[] = []
  const engine = new Engine({
    ...engineOptions(seed, clock),
    store,
    effects: [note] as readonly EffectKind<unknown>[],
    sliceTargets: 1,
    monitor: {
      ...QUIET_MONITOR,
      setAside: (_source, _target, _kind, error) => t.fail(String(error)),
      gap: (source, target, outcome) => gaps.push(`${source} ${target} ${outcome}`),
    },
    onFatal: error => t.fail(String(error)),
  })
  await engine.start()
  return {
    engine,
    gaps,
    async say(to: readonly string[], from: number, upTo: number): Promise<void> {
      for (let n = from; n <= upTo; n += 1) await engine.run(SOURCE, say, { to, n })
    },
    async heardBy(actor: string): Promise<readonly number[]> {
      const outcome = await engine.run(actor, hear, undefined)
      return outcome.kind === 'done' ? outcome.result : []
    },
    quiet: () => eventually(() => engine.outboxDepth === 0),
  }
}

for (const [who, to, passed] of [
  ['one', [TARGET], 'user/2'],
  ['many', MANY, 'partition/2'],
] as const) {
  for (const [side, partition, expected] of [
    ['source', 1, [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['target', 2, [1, 2, 3, 7, 8, 9]],
  ] as const) {
    for (const goesOn of [true, false]) {
      const process = goesOn ? 'with a process that goes on' : 'with another process'
      t.test(`told to ${who}, the partition of the ${side} is put back, ${process}`, async t => {
        const disk = new MemoryDisk(seededRandom('disk'))
        let node = await start(disk)
        await node.say(to, 1, 3)
        await node.quiet()
        const snapshot = disk.snapshot()
        await node.say(to, 4, 6)
        await node.quiet()
        if (!goesOn) await node.engine.close()
        disk.restore(snapshot, [partition])
        disk.newEpoch([partition])
        const { gaps } = node
        if (!goesOn) node = await start(disk, systemClock, 'next')
        await node.say(to, 7, 9)
        await node.quiet()
        for (const actor of to) t.same(await node.heardBy(actor), expected, actor)
        const told = goesOn ? gaps : node.gaps
        t.same(told, side === 'target' ? [`user/1 ${passed} passed`] : [])
        t.same(await node.engine.scan('outbox/1', '', null, 10), [])
        await node.engine.close()
      })
    }
  }
}

t.test('a source that is put back to where entries waited sends them again, and they are passed over', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const first = await start(disk)
  await first.say([TARGET], 1, 2)
  await first.quiet()
  await first.engine.close()
  const source = new MemoryStore({ disk, scopes: 'partitions' })
  const entry = {
    source: SOURCE,
    target: TARGET,
    seq: 3,
    before: 2,
    kind: note.name,
    payload: note.encode(3),
    targets: NO_TARGETS,
  }
  const [out] = await source.get(SOURCE, [recordName(pairOut, TARGET)])
  const puts = [
    { actor: SOURCE, name: recordName(pairOut, TARGET), bytes: pairOut.encode({ sent: 3, settled: 2 }), stamp: 7 },
    {
      actor: outboxOf(SOURCE),
      name: recordName(outboxEntry, outboxEntryId(SOURCE, TARGET, 3)),
      bytes: outboxEntry.encode(entry),
      stamp: 8,
    },
  ]
  const expect = [{ actor: SOURCE, name: recordName(pairOut, TARGET), stamp: out?.stamp ?? 0 }]
  await source.commit(1, [{ expect, puts, appends: [], trims: [] }])
  const snapshot = disk.snapshot()
  const second = await start(disk, systemClock, 'second')
  await second.say([TARGET], 4, 6)
  await second.quiet()
  await second.engine.close()
  disk.restore(snapshot, [1])
  disk.newEpoch([1])
  const third = await start(disk, systemClock, 'third')
  await third.quiet()
  const [restored] = await source.get(SOURCE, [recordName(pairOut, TARGET)])
  t.match(pairOut.decode(restored?.bytes ?? new Uint8Array(0)), { sent: 3, settled: 3 }, 'nothing waits')
  await third.say([TARGET], 7, 8)
  await third.quiet()
  t.same(await third.heardBy(TARGET), [1, 2, 3, 4, 5, 6, 7, 8])
  await third.engine.close()
})

t.test('what was planned before a partition was put back gives no number again that was lost', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const store = new HeldStore({ disk, scopes: 'partitions' })
  const slow = await start(disk, systemClock, 'slow', store)
  const other = await start(disk, systemClock, 'other')
  await slow.say([TARGET], 1, 1)
  await slow.quiet()
  const snapshot = disk.snapshot()
  const release = store.hold()
  const late = slow.say([TARGET], 3, 3)
  await eventually(() => store.waiting > 0)
  // The target takes this one under the number that the held unit has, too. Then the source forgets it.
  await other.say([TARGET], 2, 2)
  await other.quiet()
  disk.restore(snapshot, [1])
  disk.newEpoch([1])
  release()
  await late
  await slow.quiet()
  t.same(await slow.heardBy(TARGET), [1, 2, 3])
  await slow.engine.close()
  await other.engine.close()
})

t.test('a gap in the same epoch is not passed over, and is told after a minute, once', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const clock = new ManualClock()
  const node = await start(disk, clock)
  await node.say([TARGET], 1, 3)
  await node.quiet()
  const store = new MemoryStore({ disk, scopes: 'partitions' })
  const name = recordName(pairIn, SOURCE)
  const [known] = await store.get(TARGET, [name])
  const expect = [{ actor: TARGET, name, stamp: known?.stamp ?? 0 }]
  const puts = [{ actor: TARGET, name, bytes: pairIn.encode({ last: 1 }), stamp: 9 }]
  await store.commit(2, [{ expect, puts, appends: [], trims: [] }])
  await node.say([TARGET], 4, 4)
  await eventually(() => {
    clock.advance(1_000)
    return node.gaps.length > 0
  })
  t.ok(clock.monotonic() >= 60_000)
  for (let turn = 0; turn < 50; turn += 1) {
    clock.advance(1_000)
    await new Promise<void>(resolve => endOfTurn(resolve))
  }
  t.same(node.gaps, ['user/1 user/2 waiting'])
  t.same(await node.heardBy(TARGET), [1, 2, 3])
  t.equal(node.engine.outboxDepth, 1)
  await node.engine.close()
})

/** What the source's records are, if it has sent up to `sent` to the target, and these wait in its outbox. */
function sentBy(sent: number, settled: number, waiting: readonly number[]) {
  const entries = waiting.map(seq => {
    const entry = { source: SOURCE, target: TARGET, seq, before: seq - 1, kind: note.name }
    const bytes = outboxEntry.encode({ ...entry, payload: note.encode(seq), targets: NO_TARGETS })
    const name = recordName(outboxEntry, outboxEntryId(SOURCE, TARGET, seq))
    return { actor: outboxOf(SOURCE), name, bytes, stamp: seq }
  })
  const counter = { actor: SOURCE, name: recordName(pairOut, TARGET), stamp: sent }
  return [...entries, { ...counter, bytes: pairOut.encode({ sent, settled }) }]
}

/** A disk on which the target has taken the first effect and nothing else was sent. */
async function begun(): Promise<MemoryDisk> {
  const disk = new MemoryDisk(seededRandom('disk'))
  const node = await start(disk)
  await node.say([TARGET], 1, 1)
  await node.quiet()
  await node.engine.close()
  return disk
}

t.test('what the target had taken and lost is passed over, also if some of it is delivered again', async t => {
  const disk = await begun()
  // It had taken 2 and 3, too. One node has settled 3, and another one not yet 2.
  disk.apply([{ expect: [], puts: sentBy(4, 3, [2, 4]), appends: [], trims: [] }])
  disk.newEpoch([2])
  const node = await start(disk, systemClock, 'second')
  await node.quiet()
  t.same(await node.heardBy(TARGET), [1, 2, 4])
  t.same(node.gaps, ['user/1 user/2 passed'])
  await node.engine.close()
})

t.test('what a node still holds of an outbox that has lost it keeps nothing from being delivered', async t => {
  const disk = await begun()
  const before = disk.snapshot()
  disk.apply([{ expect: [], puts: sentBy(3, 1, [3]), appends: [], trims: [] }])
  const node = await start(disk, systemClock, 'second')
  await eventually(() => node.engine.outboxDepth === 1)
  disk.restore(before, [1])
  disk.newEpoch([1])
  await node.say([TARGET], 9, 9)
  await node.quiet()
  t.same(await node.heardBy(TARGET), [1, 9])
  await node.engine.close()
})

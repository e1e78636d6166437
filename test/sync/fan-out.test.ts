/** Effects for many: grouped by partition, taken in slices, each target once and in the order of its source, whatever crashes. */
import fc from 'fast-check'
import t from 'tap'
import { type Clock, systemClock } from '../../src/lib/clock.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { type CommitInFlight, NO_FAULTS } from '../../src/store/memory/faults.js'
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory/store.js'
import type { Unit } from '../../src/store/types.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine } from '../../src/sync/engine.js'
import { groupTargets, partitionActorOf, SLICE_TARGETS } from '../../src/sync/fan-out.js'
import { OUTBOX_BYTES_MAX } from '../../src/sync/outbox.js'
import { ENTRY_TARGETS_MAX, outboxEntry, outboxOf } from '../../src/sync/outbox-entry.js'
import { jsonValue, pairIn, setAside } from '../../src/sync/record-kinds.js'
import type { EffectKind, Transition } from '../../src/sync/types.js'
import { engineOptions, QUIET_MONITOR } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { testBound } from '../support/test-bound.js'

// The engine's timers do not keep a process alive.
const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

interface Told {
  readonly n: number
  readonly ballast?: string
  /** Throws at this target. */
  readonly hurts?: string
}
interface Said extends Told {
  readonly to: readonly string[]
}

const heard = jsonValue<readonly string[]>('many-heard', testBound())
const said = jsonValue<readonly Said[]>('many-said', testBound())
const refusals = jsonValue<readonly string[]>('many-refused', testBound())

const note: EffectKind<Told> = jsonEffect({
  name: 'note',
  run(tx, { n, hurts }, source) {
    tx.put(heard, [...(tx.get(heard) ?? []), `${source} ${n}`])
    tx.append(Uint8Array.of(n))
    if (hurts === tx.actor) throw new Error('a bug')
  },
  refused: (tx, { n }, source) => tx.effect(hearRefusal, source, `${tx.actor} ${n}`),
})
const hearRefusal: EffectKind<string> = jsonEffect({
  name: 'refusal',
  run: (tx, text) => tx.put(refusals, [...(tx.get(refusals) ?? []), text]),
})

/** Fans out, numbered by the source. */
const tellMany: Transition<Omit<Said, 'n'>, boolean> = {
  name: 'tell-many',
  run(tx, { to, ...told }) {
    const before = tx.get(said) ?? []
    const n = before.length + 1
    tx.put(said, [...before, { to, n, ...(told.hurts === undefined ? {} : { hurts: told.hurts }) }])
    tx.fanOut(note, to, { ...told, n })
    return to.every(target => tx.outboxHasSpace(partitionActorOf(target)))
  },
}
const hear: Transition<void, readonly string[]> = { name: 'hear', run: tx => tx.get(heard) ?? [] }
const recall: Transition<void, readonly Said[]> = { name: 'recall', run: tx => tx.get(said) ?? [] }
const hearRefusals: Transition<void, readonly string[]> = { name: 'hear-refusals', run: tx => tx.get(refusals) ?? [] }

class WatchedStore extends MemoryStore {
  readonly units: Unit[] = []

  override commit(...[scope, units]: Parameters<MemoryStore['commit']>) {
    this.units.push(...units)
    return super.commit(scope, units)
  }
}

async function start(options: MemoryStoreOptions, sliceTargets?: number, clock: Clock = systemClock, seed = 'x') {
  const store = new WatchedStore({ random: seededRandom('store'), ...options })
  const asides: string[] = []
  const engine = new Engine({
    ...engineOptions(seed, clock),
    store,
    effects: [note, hearRefusal] as readonly EffectKind<unknown>[],
    monitor: { ...QUIET_MONITOR, setAside: (source, target) => asides.push(`${source} ${target}`) },
    ...(sliceTargets === undefined ? {} : { sliceTargets }),
  })
  await engine.start()
  return { store, engine, asides }
}

async function result<I, R>(engine: Engine, actor: string, transition: Transition<I, R>, input: I): Promise<R> {
  const outcome = await engine.run(actor, transition, input)
  if (outcome.kind !== 'done') throw new Error(outcome.kind)
  return outcome.result
}

/** So many users of one partition. */
function crowd(partition: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `user/${256 * (i + 1) + partition}`)
}

function most(units: readonly Unit[], of: (unit: Unit) => number): number {
  return units.reduce((sum, unit) => Math.max(sum, of(unit)), 0)
}

t.test('targets are grouped by partition, and a long list takes several entries', async t => {
  const groups = groupTargets([...crowd(7, ENTRY_TARGETS_MAX + 1), 'user/8'])
  t.same(
    groups.map(({ partition, targets }) => [partition, targets.length]),
    [
      ['partition/7', ENTRY_TARGETS_MAX],
      ['partition/7', 1],
      ['partition/8', 1],
    ],
  )
  const long = Array.from({ length: 100 }, (_, i) => `group/${'x'.repeat(500)}${i}`).filter(
    each => partitionActorOf(each) === partitionActorOf(`group/${'x'.repeat(500)}0`),
  )
  t.ok(
    groupTargets([...long, ...Array.from({ length: 30 }, () => long[0] ?? '')]).length > 1,
    'nor are its bytes above',
  )
})

for (const scopes of ['one', 'partitions'] as const) {
  t.test(`${scopes}: 5 000 targets are told in slices, with the bytes once per entry`, async t => {
    const { store, engine } = await start({ scopes })
    const to = Array.from({ length: 5_000 }, (_, i) => `user/${i + 2}`)
    const ballast = 'x'.repeat(10_000)
    await result(engine, 'user/1', tellMany, { to, ballast })
    const entries = store.units.flatMap(({ puts }) => puts.filter(({ name }) => name.startsWith('entry/')))
    t.equal(entries.length, 256)
    t.ok(most(store.units, ({ puts }) => puts.length) < 600, 'no unit has a put for each target')
    for (const { bytes } of entries) t.ok((bytes?.length ?? 0) < outboxEntry.bound.bytesMax)
    await eventually(() => engine.outboxDepth === 0, 30_000)
    for (const target of to.slice(-300)) t.same(await result(engine, target, hear, undefined), ['user/1 1'])
    t.ok(most(store.units, ({ appends }) => appends.length) <= SLICE_TARGETS)
    t.ok(store.units.length < 900, `${store.units.length} units`)
    await engine.close()
  })

  t.test(`${scopes}: one partition takes a long list slice by slice`, async t => {
    const { store, engine } = await start({ scopes })
    const to = crowd(3, 300)
    await result(engine, 'user/1', tellMany, { to })
    await eventually(() => engine.outboxDepth === 0)
    for (const target of to) t.same(await result(engine, target, hear, undefined), ['user/1 1'])
    t.equal(
      most(store.units, ({ appends }) => appends.length),
      SLICE_TARGETS,
    )
    await engine.close()
  })
}

t.test('in one scope a short list is applied at once, and not before what waits', async t => {
  const { store, engine } = await start({ scopes: 'one' })
  const to = crowd(3, SLICE_TARGETS + 1)
  const last = to.at(-1) ?? ''
  await result(engine, 'user/1', tellMany, { to: to.slice(1) })
  t.equal(store.units.length, 1)
  t.equal(engine.outboxDepth, 0)
  await result(engine, 'user/1', tellMany, { to })
  t.equal(engine.outboxDepth, 1)
  await result(engine, 'user/1', tellMany, { to: [last] })
  await eventually(() => engine.outboxDepth === 0)
  const all = ['user/1 1', 'user/1 2', 'user/1 3']
  t.same(await result(engine, last, hear, undefined), all)
  await result(engine, 'user/1', tellMany, { to: [last] })
  t.equal(engine.outboxDepth, 0, 'at once again, and counted')
  t.same(await result(engine, last, hear, undefined), [...all, 'user/1 4'])
  await engine.close()
})

t.test('a fan-out with one target keeps its order with those for many', async t => {
  const { engine } = await start({ scopes: 'partitions' }, 3)
  const to = crowd(3, 20)
  const last = to.at(-1) ?? ''
  await Promise.all([
    result(engine, 'user/1', tellMany, { to }),
    result(engine, 'user/1', tellMany, { to: [last] }),
    result(engine, 'user/1', tellMany, { to }),
  ])
  await eventually(() => engine.outboxDepth === 0)
  t.same(await result(engine, last, hear, undefined), ['user/1 1', 'user/1 2', 'user/1 3'])
  await engine.close()
})

for (const [scopes, count] of [
  ['one', 5],
  ['one', 50],
  ['partitions', 50],
] as const) {
  t.test(`${scopes}: of ${count} targets one that throws is set aside, for itself alone`, async t => {
    const { store, engine, asides } = await start({ scopes })
    const to = crowd(3, count)
    const hurts = to[2] ?? ''
    await result(engine, 'user/1', tellMany, { to, hurts, ballast: 'x'.repeat(10_000) })
    await eventually(async () => (await result(engine, 'user/1', hearRefusals, undefined)).length > 0)
    await eventually(() => engine.outboxDepth === 0)
    for (const target of to) {
      t.same(await result(engine, target, hear, undefined), target === hurts ? [] : ['user/1 1'], target)
    }
    t.same(asides, [`user/1 ${hurts}`])
    t.same(await result(engine, 'user/1', hearRefusals, undefined), [`${hurts} 1`])
    const ofTarget = await store.scan(hurts, 'aside/', null, 10)
    t.equal(ofTarget.length, 1)
    t.ok((ofTarget[0]?.bytes.length ?? 0) < 500, 'the payload is kept once, by the partition')
    const [once] = await store.scan('partition/3', 'aside/', null, 10)
    t.match(note.decode(Buffer.from(setAside.decode(once?.bytes ?? new Uint8Array(0)).payload, 'base64')), { hurts })
    await engine.close()
  })
}

t.test('what waits is bounded by bytes, and by entries, for partitions too', async t => {
  const faults = { ...NO_FAULTS, commit: (call: CommitInFlight) => (call.scope === 1 ? call.answer() : undefined) }
  const { engine } = await start({ scopes: 'partitions', faults })
  const ballast = 'x'.repeat(30_000)
  const flood: Transition<number, boolean> = {
    name: 'flood',
    run(tx, n) {
      tx.put(refusals, [String(n)])
      if (!tx.outboxHasSpace('partition/3')) return false
      tx.fanOut(note, crowd(3, 40), { n, ballast })
      return true
    },
  }
  let told = 0
  while (await result(engine, 'user/1', flood, told)) told += 1
  t.ok(Math.abs(told - OUTBOX_BYTES_MAX / 31_000) < 100, `${told} effects of 30 000 bytes wait`)
  t.ok(await result(engine, 'user/1', tellMany, { to: crowd(4, 40) }), 'another partition takes more')
})

/** A clock that runs so much faster: rests and pauses are short. */
function hasty(times: number): Clock {
  return { ...systemClock, after: (ms, run) => systemClock.after(ms / times, run) }
}

const SOURCES = ['user/1', 'user/2', 'user/257']
const TARGETS = [3, 4, 5].flatMap(partition => crowd(partition, 8))

interface Step {
  readonly act: 'tell' | 'one' | 'kill' | 'wait'
  readonly source: number
  readonly dice: number
}

/** Commits as the step's dice will have them: lost, applied and lost, or answered; and none of a process that was killed. */
function engineOn(disk: MemoryDisk, scopes: 'one' | 'partitions', random: Random, sliceTargets: number) {
  let isKilled = false
  const faults = {
    ...NO_FAULTS,
    commit(call: CommitInFlight) {
      endOfTurn(() => {
        if (isKilled) return
        const dice = random.integer(20)
        if (scopes === 'partitions' && dice === 0) call.apply()
        if (scopes === 'partitions' && dice <= 1) call.lose()
        else call.answer()
        // An embedded store syncs now and then: what was not synced is lost with the process.
        if (disk.durability === 'manual' && dice < 12) disk.sync()
        else if (disk.durability === 'manual') systemClock.after(1, () => isKilled || disk.sync())
      })
    },
  }
  const started = start({ scopes, disk, faults }, sliceTargets, hasty(20), `engine ${random.integer(1e9)}`)
  return { started, kill: () => (isKilled = true) }
}

/** What each target is to have heard, of each source in order: all that the source knows to have said. */
async function differences(engine: Engine): Promise<string[]> {
  const found: string[] = []
  const all = new Map<string, readonly Said[]>()
  for (const source of SOURCES) all.set(source, await result(engine, source, recall, undefined))
  for (const target of TARGETS) {
    const now = await result(engine, target, hear, undefined)
    for (const [source, saids] of all) {
      const expected = saids.filter(({ to, hurts }) => to.includes(target) && hurts !== target)
      const got = now.filter(each => each.startsWith(`${source} `)).join()
      const want = expected.map(({ n }) => `${source} ${n}`).join()
      if (got !== want) found.push(`${target} has heard ${got} in place of ${want}`)
    }
  }
  return found
}

class World {
  readonly #random: Random
  readonly #disk: MemoryDisk
  readonly #make: () => ReturnType<typeof engineOn>
  #running: ReturnType<typeof engineOn>[]

  constructor(scopes: 'one' | 'partitions', engines: number, slice: number, seed: string) {
    this.#random = seededRandom(seed)
    this.#disk = new MemoryDisk(this.#random, scopes === 'one' ? 'manual' : 'immediate')
    this.#make = () => engineOn(this.#disk, scopes, this.#random, slice)
    this.#running = Array.from({ length: engines }, this.#make)
  }

  async take({ act, source, dice }: Step): Promise<void> {
    const at = dice % this.#running.length
    switch (act) {
      case 'kill':
        this.#running[at]?.kill()
        if (this.#disk.durability === 'manual') this.#disk.crash()
        this.#running[at] = this.#make()
        return
      case 'wait':
        return new Promise(resolve => systemClock.after(dice % 12, resolve))
      default: {
        const to =
          act === 'one' ? [TARGETS[dice % TARGETS.length] ?? ''] : TARGETS.filter(() => this.#random.integer(2) === 0)
        const hurts = dice % 7 === 0 ? { hurts: to[0] ?? '' } : {}
        const { engine } = (await this.#running[at]?.started) ?? {}
        void engine?.run(SOURCES[source] ?? '', tellMany, { to, ...hurts })
      }
    }
  }

  /** Waits until everything has arrived as it should, and nothing is on its way. Says what is wrong if that never comes. */
  async end(): Promise<string[]> {
    const all = await Promise.all(this.#running.map(({ started }) => started))
    const [first] = all
    if (first === undefined) return ['nobody is there']
    // What killed processes left, others find.
    for (const { engine } of all) await engine.start()
    const isEmpty = async () => {
      if (all.some(({ engine }) => engine.outboxDepth > 0)) return false
      const scans = SOURCES.map(source => first.store.scan(outboxOf(source), '', null, 1))
      return (await Promise.all(scans)).every(found => found.length === 0)
    }
    await eventually(async () => (await isEmpty()) && (await differences(first.engine)).length === 0).catch(() => {})
    const found = await differences(first.engine)
    if (!(await isEmpty())) found.push('something is on its way for ever')
    for (const { engine } of all) await engine.close()
    return found
  }
}

for (const [name, scopes, engines] of [
  ['a process that is killed, on a store of its own', 'one', 1],
  ['processes that are killed and compete', 'partitions', 2],
] as const) {
  t.test(`${name}: each target sees each effect once, in the order of its source`, { timeout: 120_000 }, async t => {
    const step = fc.record<Step>({
      act: fc.constantFrom('tell', 'tell', 'tell', 'one', 'kill', 'wait'),
      source: fc.integer({ min: 0, max: SOURCES.length - 1 }),
      dice: fc.integer({ min: 0, max: 2 ** 30 }),
    })
    const steps = fc.array(step, { minLength: 5, maxLength: 25 })
    const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (steps, slice) => {
      const world = new World(scopes, engines, slice, JSON.stringify(steps))
      for (const each of steps) await world.take(each)
      const found = await world.end()
      if (found.length > 0) throw new Error(found.join('\n'))
    })
    await fc.assert(property, { numRuns: 40, endOnFailure: true })
    t.pass('in 40 histories')
  })
}

t.test('how far a fan-out has come stands beside what was taken', async t => {
  const [last, epoch] = [2 ** 53 - 1, 2 ** 32]
  const counter = { last, done: ENTRY_TARGETS_MAX, part: last, epoch }
  t.same(pairIn.decode(pairIn.encode(counter)), counter)
  t.ok(pairIn.encode(counter).length <= pairIn.bound.bytesMax)
})

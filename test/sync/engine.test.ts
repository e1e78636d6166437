import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { type CommitInFlight, type MemoryFaults, NO_FAULTS } from '../../src/store/memory/faults.js'
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory/store.js'
import { EPOCH_JUMP } from '../../src/store/types.js'
import { CASCADE_APPENDS_MAX } from '../../src/sync/cascade.js'
import { Engine } from '../../src/sync/engine.js'
import { type AppendedEvent, nodeAddress } from '../../src/sync/events.js'
import { ASIDES_MAX, jsonValue, setAside } from '../../src/sync/record-kinds.js'
import type { EffectKind, Transition, Tx } from '../../src/sync/types.js'
import { engineOptions, QUIET_MONITOR } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { testBound } from '../support/test-bound.js'

// The engine's timers do not keep a process alive.
const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

const count = jsonValue<number>('count', testBound())

const add: Transition<number, number> = {
  name: 'add',
  run(tx, amount) {
    const sum = (tx.get(count) ?? 0) + amount
    tx.put(count, sum)
    tx.append(Uint8Array.of(sum % 256))
    return sum
  },
}

const look: Transition<void, number> = { name: 'look', run: tx => tx.get(count) ?? 0 }

interface Told {
  readonly text: string
  readonly onTo?: string
}
const asJson = {
  encode: (input: Told) => new TextEncoder().encode(JSON.stringify(input)),
  decode: (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as Told,
}
const heard = jsonValue<string[]>('heard', testBound())
const tell: EffectKind<Told> = {
  name: 'tell',
  ...asJson,
  run(tx, { text, onTo }) {
    if (text === 'throw') throw new Error('a bug')
    tx.put(heard, [...(tx.get(heard) ?? []), text])
    if (onTo !== undefined) tx.effect(tell, onTo, { text: `${text}!`, onTo: tx.actor })
  },
  refused: (tx, _input, source) => tx.effect(tell, source, { text: 'refused' }),
}
const say: Transition<{ to: string[]; text: string; onTo?: string }, boolean> = {
  name: 'say',
  run(tx, { to, text, onTo }) {
    tx.put(count, (tx.get(count) ?? 0) + 1)
    for (const target of to) tx.effect(tell, target, onTo === undefined ? { text } : { text, onTo })
    return to.every(target => tx.outboxHasSpace(target))
  },
}
const hear: Transition<void, readonly string[]> = { name: 'hear', run: tx => tx.get(heard) ?? [] }

async function start(options: MemoryStoreOptions = {}, seed = 'engine', effects: readonly EffectKind<Told>[] = [tell]) {
  const appended: AppendedEvent[] = []
  const routed: (readonly string[] | undefined)[] = []
  const asides: string[] = []
  const fatal: unknown[] = []
  const store = new MemoryStore({ random: seededRandom(seed), ...options })
  const engine = new Engine({
    ...engineOptions(seed),
    store,
    effects: effects as readonly EffectKind<unknown>[],
    delivery: {
      send(event, routes) {
        if (event.kind !== 'appended') return
        appended.push(event)
        routed.push(routes)
      },
    },
    monitor: {
      ...QUIET_MONITOR,
      setAside: (source, target, kind, error) => asides.push(`${source} ${target} ${kind} ${String(error)}`),
    },
    onFatal: error => fatal.push(error),
  })
  await engine.start()
  return { engine, store, appended, routed, asides, fatal }
}

async function result<I, R>(engine: Engine, actor: string, transition: Transition<I, R>, input: I): Promise<R> {
  const outcome = await engine.run(actor, transition, input)
  if (outcome.kind !== 'done') throw new Error('unavailable')
  return outcome.result
}

t.test('transitions on one record run one after the other, computed on each other before they are durable', async t => {
  const { engine, appended } = await start()
  const sums = await Promise.all(Array.from({ length: 50 }, () => result(engine, 'user/1', add, 1)))
  t.same(
    sums,
    Array.from({ length: 50 }, (_, i) => i + 1),
  )
  t.same(
    appended.map(event => [event.from, event.version]),
    Array.from({ length: 50 }, (_, i) => [i, i + 1]),
    'each hint follows the one before it',
  )
})

t.test('an answer is given before the appended of its unit, and after those of the units before', async t => {
  const { engine, appended } = await start()
  const seen: number[] = []
  for (let i = 0; i < 3; i += 1) engine.submit('user/1', add, 1, () => seen.push(appended.length))
  await eventually(() => appended.length === 3)
  t.same(seen, [0, 1, 2])
})

t.test('nothing is answered before it is durable, not even a look at what is not', async t => {
  const held: CommitInFlight[] = []
  const faults: MemoryFaults = { ...NO_FAULTS, commit: call => held.push(call) }
  const { engine, appended } = await start({ faults })
  const answered: string[] = []
  engine.submit('user/1', add, 1, () => answered.push('add'))
  await eventually(() => held.length === 1)
  held[0]?.apply()
  engine.submit('user/1', look, undefined, () => answered.push('look'))
  t.match(await engine.page('user/1', 0, 10, 1_000), { head: 1 }, 'this disk is durable as soon as it is written')
  t.same(answered, [])
  held[0]?.answer()
  await eventually(() => held.length === 2)
  t.same(answered, ['add'])
  t.equal(appended.length, 1)
  held[1]?.answer()
  await eventually(() => answered.length === 2)
})

t.test('an event goes with the routes that the commit named, on a store that others write to', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  for (const shared of [true, false]) {
    const { engine, store, routed } = await start({ disk, shared })
    await result(engine, 'user/1', add, 1)
    await store.setRoute('user/1', 'a', 60_000)
    await result(engine, 'user/1', add, 1)
    await store.dropRoute('user/1', 'a')
    t.same(routed, shared ? [[], ['a']] : [undefined, undefined])
  }
})

t.test('a head is found without reading an item, and says what is no version of the log', async t => {
  const { engine, store } = await start()
  for (let i = 0; i < 3; i += 1) await result(engine, 'user/1', add, 1)
  await store.newEpoch(0)
  await result(engine, 'user/1', add, 1)
  let items = 0
  const { read } = store
  store.read = async (...asked) => {
    const range = await read.apply(store, asked)
    items += range.entries.length
    return range
  }
  const head = EPOCH_JUMP + 4
  for (const [since, resync] of [
    [0, false],
    [3, false],
    [4, true],
    [head, false],
    [head + 1, true],
  ] as const) {
    t.same(await engine.head('user/1', since), { head, resync }, `since ${since}`)
    t.equal((await engine.page('user/1', since, 1, 0)).kind, resync ? 'resync' : 'page', 'as a page does')
    t.equal(items, since < head ? 1 : 0)
    items = 0
  }
})

t.test('a page ends at what is durable', async t => {
  const disk = new MemoryDisk(seededRandom('disk'), 'manual')
  const held: CommitInFlight[] = []
  const { engine } = await start({ disk, faults: { ...NO_FAULTS, commit: call => held.push(call) } })
  engine.submit('user/1', add, 1, () => {})
  await eventually(() => held.length === 1)
  held[0]?.apply()
  t.match(await engine.page('user/1', 0, 10, 1_000), { items: { length: 0 }, to: 0, head: 0, more: false })
  t.match(await engine.page('user/1', 1, 10, 1_000), { kind: 'resync' })
  disk.sync()
  t.match(await engine.page('user/1', 0, 10, 1_000), { items: { length: 1 }, to: 1, head: 1 })
})

t.test('what comes while a whole write waits is planned when there is space, in its order', async t => {
  const held: CommitInFlight[] = []
  const faults: MemoryFaults = { ...NO_FAULTS, commit: call => held.push(call) }
  const { engine } = await start({ faults })
  let planned = 0
  const counted: Transition<number, number> = {
    name: 'counted',
    run(tx, amount) {
      planned += 1
      return add.run(tx, amount)
    },
  }
  await Promise.all([
    result(engine, 'user/1', look, undefined),
    eventually(() => held.length === 1).then(() => held.pop()?.answer()),
  ])
  const sums: number[] = []
  const jobs = 5_000
  for (let i = 0; i < jobs; i += 1) {
    engine.submit('user/1', counted, 1, outcome => outcome.kind === 'done' && sums.push(outcome.result))
  }
  const first = planned
  t.ok(first < 1_000, `${first} are planned at once`)
  t.equal(engine.queueDepth, jobs)
  while (sums.length < jobs) {
    await eventually(() => held.length === 1)
    t.ok(planned <= sums.length + 3 * first, `${planned} are planned, ${sums.length} durable`)
    held.pop()?.answer()
    const before = sums.length
    await eventually(() => sums.length > before)
  }
  t.same(
    sums,
    Array.from({ length: jobs }, (_, i) => i + 1),
  )
  t.equal(engine.queueDepth, 0)
  await engine.close()
})

t.test('two engines on one store contend, and nothing is lost', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const a = await start({ disk }, 'a')
  const b = await start({ disk }, 'b')
  const all = [a, b].flatMap(({ engine }) => Array.from({ length: 40 }, () => result(engine, 'user/1', add, 1)))
  const sums = (await Promise.all(all)).sort((x, y) => x - y)
  t.same(
    sums,
    Array.from({ length: 80 }, (_, i) => i + 1),
  )
})

t.test('a write whose outcome is unknown is repeated without doing it twice', async t => {
  let calls = 0
  const faults: MemoryFaults = {
    ...NO_FAULTS,
    commit(call) {
      calls += 1
      if (calls % 3 === 1) call.apply()
      if (calls % 3 === 0) call.answer()
      else call.lose()
    },
  }
  const { engine, appended, fatal } = await start({ faults })
  t.equal(await result(engine, 'user/1', add, 5), 5)
  t.equal(await result(engine, 'user/1', add, 5), 10)
  await eventually(() => appended.length === 2)
  t.match(appended, [
    { bytes: undefined, version: 1 },
    { bytes: undefined, version: 2 },
  ])
  t.equal((await engine.page('user/1', 0, 10, 1_000)).head, 2)
  t.same(fatal, [])
})

t.test('a store that fails for good is told once, and nothing is answered', async t => {
  const store = new MemoryStore()
  store.commit = () => Promise.reject(new Error('input/output error'))
  const fatal: unknown[] = []
  const engine = new Engine({
    ...engineOptions('x'),
    store,
    onFatal: error => fatal.push(error),
  })
  let answers = 0
  engine.submit('user/1', add, 1, () => (answers += 1))
  await eventually(() => fatal.length === 1)
  engine.submit('user/1', add, 1, () => (answers += 1))
  await new Promise<void>(resolve => endOfTurn(resolve))
  await new Promise<void>(resolve => endOfTurn(resolve))
  t.equal(answers, 0)
  t.equal(fatal.length, 1)
})

t.test('effects within a scope are one unit with their cause; a cascade goes on by outbox', async t => {
  const { engine } = await start()
  await result(engine, 'user/1', say, { to: ['user/2', 'user/2'], text: 'hi' })
  t.same(await result(engine, 'user/2', hear, undefined), ['hi', 'hi'])
  t.equal(engine.outboxDepth, 0)

  await result(engine, 'user/3', say, { to: ['user/4'], text: 'ping', onTo: 'user/5' })
  // user/4 and user/5 tell each other for ever: no unit is without end, and the engine goes on answering.
  await eventually(async () => (await result(engine, 'user/4', hear, undefined)).length > 8)
  t.same((await result(engine, 'user/4', hear, undefined)).slice(0, 2), ['ping', 'ping!!'])
  await engine.close()
})

t.test('records that many effects need are read together', async t => {
  const { engine } = await start()
  const to = Array.from({ length: 200 }, (_, i) => `user/${i + 2}`)
  await result(engine, 'user/1', say, { to, text: 'hi' })
  t.same(await result(engine, 'user/201', hear, undefined), ['hi'])
})

t.test('what is beyond the bounds of one unit arrives all the same, once and in order', async t => {
  const targets = Array.from({ length: CASCADE_APPENDS_MAX + 50 }, () => 'user/2')
  const noisy: EffectKind<Told> = {
    name: 'noisy',
    ...asJson,
    run(tx, { text }) {
      tx.append(new TextEncoder().encode(text))
    },
  }
  const shout: Transition<void, void> = {
    name: 'shout',
    run(tx) {
      tx.put(count, (tx.get(count) ?? 0) + 1)
      targets.forEach((target, i) => {
        tx.effect(noisy, target, { text: String(i) })
      })
    },
  }
  const engine = new Engine({
    ...engineOptions('x'),
    store: new MemoryStore(),
    effects: [noisy],
  })
  await result(engine, 'user/1', shout, undefined)
  await result(engine, 'user/1', shout, undefined)
  await eventually(() => engine.outboxDepth === 0)
  const page = await engine.page('user/2', 0, 10_000, 1e9)
  const texts = page.kind === 'page' ? page.items.map(item => new TextDecoder().decode(item.bytes)) : []
  const once = targets.map((_, i) => String(i))
  t.same(texts, [...once, ...once])
})

t.test('an effect that throws is set aside, and its source is told', async t => {
  const { engine, asides } = await start()
  await result(engine, 'user/1', say, { to: ['user/2'], text: 'throw' })
  t.same(asides, ['user/1 user/2 tell Error: a bug'])
  t.same(await result(engine, 'user/1', hear, undefined), ['refused'])
  t.same(await result(engine, 'user/2', hear, undefined), [])
})

const small = jsonValue<string>('small', testBound(100))
const write: Transition<string, string> = {
  name: 'write',
  run(tx, text) {
    tx.put(small, text)
    return text
  },
}

t.test('what would put a record above its bound is refused, and nothing is done', async t => {
  const { engine } = await start()
  const refusing = (refused?: (tx: Tx) => string) =>
    engine.run('user/1', refused === undefined ? write : { ...write, refused }, 'x'.repeat(100))
  t.same(await refusing(), { kind: 'refused' })
  t.match(await engine.run('user/1', write, 'x'.repeat(98)), { kind: 'done' })
  t.match(
    await refusing(tx => {
      tx.put(small, 'too long')
      return 'another answer'
    }),
    { kind: 'done', result: 'another answer' },
  )
  const read: Transition<void, string> = { name: 'read', run: tx => tx.get(small) ?? '' }
  t.same(await result(engine, 'user/1', read, undefined), 'too long')
})

t.test('an effect that would do so is set aside; of those that throw the newest few are kept', async t => {
  const grow: EffectKind<Told> = {
    name: 'grow',
    ...asJson,
    run(tx, { text }) {
      tx.put(heard, ['before'])
      tx.put(small, text)
    },
  }
  const tellThem: Transition<number, void> = {
    name: 'tell-them',
    run: (tx, n) => tx.effect(grow, 'user/2', { text: 'x'.repeat(200) + n }),
  }
  const { engine, asides, store } = await start({}, 'grow', [grow])
  for (let n = 0; n < 3 * ASIDES_MAX; n += 1) await result(engine, 'user/1', tellThem, n)
  t.equal(asides.length, 3 * ASIDES_MAX)
  t.match(asides[0], /small of user\/2 would have 20\d bytes/)
  t.same(await result(engine, 'user/2', hear, undefined), [], 'nothing of it was done')
  const kept = await store.scan('user/2', 'aside/', null, 1_000)
  t.ok(kept.length > 0 && kept.length <= ASIDES_MAX, `${kept.length} are kept`)
  for (const { bytes } of kept) t.ok(bytes.length <= setAside.bound.bytesMax)
})

t.test('effects to another scope arrive once and in order, whoever delivers them, through lost answers', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const random = seededRandom('faults')
  const faults: MemoryFaults = {
    ...NO_FAULTS,
    commit(call) {
      const dice = random.integer(15)
      if (dice === 0) call.apply()
      if (dice <= 1) call.lose()
      else call.answer()
    },
  }
  const a = await start({ disk, scopes: 'partitions', faults }, 'a')
  const b = await start({ disk, scopes: 'partitions', faults }, 'b')
  const texts = Array.from({ length: 40 }, (_, i) => String(i))
  for (const text of texts) {
    const { engine } = random.integer(2) === 0 ? a : b
    await result(engine, 'user/1', say, { to: ['user/2'], text })
    if (text === '20') await Promise.all([a.engine, b.engine].map(one => one.start()))
  }
  await eventually(async () => (await result(a.engine, 'user/2', hear, undefined)).length >= texts.length)
  t.same(await result(b.engine, 'user/2', hear, undefined), texts)
  await eventually(() => a.engine.outboxDepth + b.engine.outboxDepth === 0)
  t.same(await a.engine.scan('outbox/1', '', null, 10), [], 'the outbox is empty')
})

t.test('an effect that waits in an outbox when its engine dies is delivered by the next one', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const faults: MemoryFaults = {
    ...NO_FAULTS,
    // Only the source's partition is reachable: what is told stays in the outbox.
    commit: call => (call.scope === 1 ? call.answer() : undefined),
  }
  const dying = await start({ disk, scopes: 'partitions', faults }, 'a')
  await result(dying.engine, 'user/1', say, { to: ['user/2'], text: 'last words' })
  const next = await start({ disk, scopes: 'partitions' }, 'b')
  await eventually(async () => (await result(next.engine, 'user/2', hear, undefined)).length === 1)
  t.same(await result(next.engine, 'user/2', hear, undefined), ['last words'])
})

t.test('a node that is told of a pair that waits delivers it', async t => {
  const disk = new MemoryDisk(seededRandom('told'))
  const faults: MemoryFaults = {
    ...NO_FAULTS,
    commit: call => (call.scope === 1 ? call.answer() : undefined),
  }
  const other = await start({ disk, scopes: 'partitions' }, 'b')
  const stuck = await start({ disk, scopes: 'partitions', faults }, 'a')
  await result(stuck.engine, 'user/1', say, { to: ['user/2'], text: 'told' })
  t.same(await result(other.engine, 'user/2', hear, undefined), [])
  other.engine.take({ kind: 'deliver', to: nodeAddress('b'), source: 'user/1', target: 'user/2' })
  await eventually(async () => (await result(other.engine, 'user/2', hear, undefined)).length === 1)
})

t.test('a job that waits for records does not let later ones of its actor pass', async t => {
  const reads: (() => void)[] = []
  const faults: MemoryFaults = { ...NO_FAULTS, read: call => reads.push(() => call.answer()) }
  const engine = new Engine({
    ...engineOptions('x'),
    store: new MemoryStore({ faults }),
  })
  const other = jsonValue<number>('other', testBound())
  const slow: Transition<void, void> = {
    name: 'slow',
    run(tx) {
      tx.get(other)
      tx.put(count, 1)
    },
  }
  const order: string[] = []
  engine.submit('user/1', look, undefined, () => order.push('look'))
  engine.submit('user/1', slow, undefined, () => order.push('slow'))
  engine.submit('user/1', look, undefined, outcome =>
    order.push(outcome.kind === 'done' ? `look ${outcome.result}` : ''),
  )
  await eventually(() => {
    reads.shift()?.()
    return order.length === 3
  })
  t.same(order, ['look', 'slow', 'look 1'])
})

t.test('a glance does not see what is not durable: it may fall', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const { engine: a } = await start({ disk }, 'a')
  const { engine: b } = await start({ disk }, 'b')
  const aside: Transition<void, number> = { name: 'aside', run: tx => tx.glance('user/1', count) ?? 0 }
  await result(a, 'user/1', add, 7)
  await result(b, 'user/1', add, 1)
  // It expects 7, and falls.
  const falling = result(a, 'user/1', add, 100)
  t.equal(await result(a, 'user/2', aside, undefined), 7)
  await falling
  t.equal(await result(a, 'user/2', aside, undefined), 108)
})

t.test('what another engine has put since is not taken for missing', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const { engine: a } = await start({ disk }, 'a')
  const { engine: b } = await start({ disk }, 'b')
  const softly: Transition<void, number> = { ...look, soft: true }
  const aside: Transition<void, number> = { name: 'aside', run: tx => tx.glance('user/1', count) ?? 0 }
  t.equal(await result(a, 'user/1', softly, undefined), 0)
  t.equal(await result(a, 'user/2', aside, undefined), 0)
  await result(b, 'user/1', add, 7)
  t.equal(await result(a, 'user/2', aside, undefined), 7)
  t.equal(await result(a, 'user/1', softly, undefined), 7)
  await result(b, 'user/1', add, 1)
  t.equal(await result(a, 'user/1', softly, undefined), 7, 'what is there may be old')
})

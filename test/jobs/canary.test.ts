/** Readiness is a message that arrives: what stops one is told, what a check leaves behind does not grow, and nobody gets at its users. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { type ConversationId, directConversation } from '../../protocol/conversation-id.js'
import { createHelloRequest, GroupRole, RoomKind } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { Hub } from '../../src/connection/hub.js'
import { Canary, type CanaryOptions } from '../../src/jobs/canary.js'
import { canaryPairs } from '../../src/jobs/canary-pairs.js'
import type { Readiness } from '../../src/jobs/canary-probe.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { SERVE_OPTIONS } from '../../src/ops/config.js'
import { makeToken } from '../../src/services/tokens.js'
import type { CommitInFlight, MemoryFaults, ReadInFlight } from '../../src/store/memory/faults.js'
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory/store.js'
import { ALL_PARTITIONS } from '../../src/store/partition.js'
import { createEngine, type Engine, randomStamps } from '../../src/sync/index.js'
import { CANARY_RECEIVER, CANARY_SENDER } from '../../src/sync/rules/canary.js'
import { userActor } from '../../src/sync/rules/records.js'
import { startNode, TestDevice } from '../support/engine.js'
import { engineOptions, QUIET_MONITOR } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'

const PATIENCE_MS = 2_000

const CANARIES = [CANARY_SENDER, CANARY_RECEIVER]

interface Rig {
  readonly store: MemoryStore
  readonly engine: Engine
  readonly clock: ManualClock
  readonly canary: Canary
  readonly commits: () => number
  /** Checks anew, as if a second had passed. */
  readonly check: () => Promise<Readiness>
}

async function rig(
  options: MemoryStoreOptions = {},
  deliver = true,
  seed = '1',
  patienceMs = PATIENCE_MS,
  pairs?: CanaryOptions['pairs'],
): Promise<Rig> {
  const random = seededRandom(seed)
  const clock = new ManualClock()
  const store = new MemoryStore({ random, ...options })
  const hub = new Hub()
  let commits = 0
  const engine = createEngine({
    ...engineOptions('canary', clock),
    store,
    stamps: randomStamps(random),
    random,
    delivery: {
      send(event) {
        if (deliver) hub.take(event)
      },
    },
    monitor: {
      ...QUIET_MONITOR,
      setAside: (_source, _target, _kind, error) => t.fail(String(error)),
      committed() {
        commits++
      },
    },
  })
  await engine.start()
  const base = { engine, receivers: hub, clock, random, patienceMs }
  const canary = new Canary(pairs === undefined ? base : { ...base, pairs })
  const check = () => {
    clock.advance(1_000)
    return canary.check()
  }
  return { store, engine, clock, canary, commits: () => commits, check }
}

/** Lets the time of a check pass once it has come as far as `reached` says. */
async function timedOut(
  check: Promise<Readiness>,
  clock: ManualClock,
  reached: () => boolean | Promise<boolean> = () => true,
): Promise<Readiness> {
  let outcome: Readiness | undefined
  void check.then(found => {
    outcome = found
  })
  await eventually(reached)
  await patience(clock, () => outcome !== undefined)
  return outcome as Readiness
}

/** Lets the time of a check pass, until it is over. */
async function patience(clock: ManualClock, isOver: () => boolean): Promise<void> {
  for (let passed = 0; passed < PATIENCE_MS && !isOver(); passed += 500) {
    clock.advance(500)
    await new Promise(resolve => setImmediate(resolve))
  }
  await eventually(isOver)
}

t.test('ready once a message was sent, pushed and acknowledged', async t => {
  for (const scopes of ['one', 'partitions'] as const) {
    const { canary, check, engine, clock } = await rig({ scopes })
    t.same(await canary.check(), { ready: true })
    t.same(await check(), { ready: true })
    t.equal(await lastNumber(engine), 2)
    t.equal(await ackOf(engine, CANARY_RECEIVER), await headOf(engine, CANARY_RECEIVER))
    t.match(canary.figures, { slices: 2, failures: 0, waiting: 0, roundAtMs: clock.now() })
  }
})

t.test('checks at the same time, or within a second, are one', async t => {
  const { canary, check, clock, engine, commits } = await rig()
  const all = await Promise.all(Array.from({ length: 100 }, () => canary.check()))
  t.ok(all.every(({ ready }) => ready))
  t.equal(await lastNumber(engine), 1)
  const before = commits()
  clock.advance(999)
  t.same(await canary.check(), { ready: true })
  t.equal(commits(), before)
  await check()
  t.ok(commits() > before)
})

t.test('what checks leave behind does not grow', async t => {
  const { check, store } = await rig()
  await check()
  await check()
  const before = sizeOf(store)
  for (let i = 0; i < 200; i++) t.ok((await check()).ready)
  // The window of the device fills up to its 64 numbers.
  t.ok(sizeOf(store) <= before + 64 * 9, `${before} and then ${sizeOf(store)}`)
  t.ok((await entriesOf(store, CANARY_SENDER)) <= 2)
  t.ok((await entriesOf(store, CANARY_RECEIVER)) <= 1)
})

t.test('not ready while the hub loses pushes, and nothing is heaped up meanwhile', async t => {
  const { canary, clock, store } = await rig({}, false)
  for (let i = 0; i < 20; i++) {
    clock.advance(1_000)
    const isSent = async () => (await entriesOf(store, CANARY_RECEIVER)) > 0
    t.same(await timedOut(canary.check(), clock, isSent), {
      ready: false,
      reason: `the push took longer than ${PATIENCE_MS} ms`,
    })
    await eventually(async () => (await entriesOf(store, CANARY_RECEIVER)) === 0)
  }
  t.ok((await entriesOf(store, CANARY_SENDER)) <= 1)
  t.equal(canary.failing, true)
  clock.advance(30_000)
  t.equal(canary.failing, false, 'nobody has asked for half a minute')
})

t.test('not ready while the store is stuck; it is not asked again, and ready when it goes on', async t => {
  const faults = new Stuck()
  const { canary, clock, check, engine } = await rig({ faults })
  t.same(await canary.check(), { ready: true })
  faults.commits = 'hold'
  for (let i = 0; i < 5; i++) {
    clock.advance(1_000)
    const outcome = await timedOut(canary.check(), clock, () => faults.held.length > 0)
    t.same(outcome, { ready: false, reason: `the store took longer than ${PATIENCE_MS} ms` })
  }
  t.equal(faults.held.length, 1)
  t.equal(canary.failing, true)
  t.match(canary.figures, { slices: 1, failures: 0, waiting: 1 }, 'one is under way')
  faults.release()
  await eventually(async () => (await check()).ready)
  t.equal(canary.failing, false)
  t.ok((await lastNumber(engine)) <= 4)
})

t.test('a slow disk is waited for as long as the option says', async t => {
  const standard = SERVE_OPTIONS.readyMs.default
  for (const [writeMs, patienceMs, ready] of [
    [500, standard, true],
    [1_000, standard, true],
    [500, 1_000, false],
    [standard, standard, false],
  ] as const) {
    const faults = new Stuck()
    const { canary, clock } = await rig({ faults }, true, '1', patienceMs)
    faults.commits = 'hold'
    let outcome: Readiness | undefined
    void canary.check().then(found => {
      outcome = found
    })
    for (let spentMs = 0; outcome === undefined; spentMs += writeMs) {
      await eventually(() => faults.held.length > 0 || outcome !== undefined)
      clock.advance(writeMs)
      for (const call of faults.held.splice(0)) call.answer()
      if (spentMs > 60_000) throw new Error('it never ended')
    }
    t.equal(outcome.ready, ready, `${writeMs} ms each, ${patienceMs} ms of patience`)
  }
})

t.test('not ready when the store refuses for good, or cannot be read', async t => {
  const faults = new Stuck()
  const { canary, clock } = await rig({ faults })
  faults.reads = 'lose'
  t.same(await canary.check(), { ready: false, reason: 'the store cannot be reached' })
  faults.reads = 'answer'
  clock.advance(1_000)
  t.same(await canary.check(), { ready: true })
  class Failing extends MemoryStore {
    override commit(): Promise<never> {
      return Promise.reject(new Error('EIO'))
    }
  }
  const failing = await rig()
  const node = await startNode(new Failing(), failing.clock, 'failing')
  const dead = new Canary({
    engine: node.engine,
    receivers: new Hub(),
    clock: failing.clock,
    random: seededRandom(1),
    patienceMs: PATIENCE_MS,
  })
  t.match(await timedOut(dead.check(), failing.clock), { ready: false, reason: 'the store took longer' })
})

t.test('not ready when the store has no space', async t => {
  const { check, store } = await rig()
  t.same(await check(), { ready: true })
  for (const space of ['scarce', 'none'] as const) {
    store.disk.space = space
    t.same(await check(), { ready: false, reason: 'the store has no space' })
  }
  for (const space of ['filling', 'ample'] as const) {
    store.disk.space = space
    t.same(await check(), { ready: true }, `${space}: messages are taken`)
  }
})

t.test('two nodes on one store check at the same time', async t => {
  const one = await rig()
  const other = await rig({ disk: one.store.disk }, true, '2')
  for (let i = 0; i < 20; i++) {
    let found: readonly Readiness[] | undefined
    void Promise.all([one.check(), other.check()]).then(both => {
      found = both
    })
    // They compete, so they wait for random times.
    await eventually(() => {
      for (const { clock } of [one, other]) clock.advance(1)
      return found !== undefined
    })
    t.same(found, [{ ready: true }, { ready: true }])
  }
})

/** Three primaries, of which each holds every third partition. */
const PRIMARIES = ['a', 'b', 'c'].map((name, third) => ({
  name,
  partitions: ALL_PARTITIONS.filter(partition => partition % 3 === third),
}))

t.test('a dead primary makes no node unready and is told; without any that answers the node is unready', async t => {
  const dead = new Set<string>()
  const faults = new DeadPrimaries(dead)
  const known = { primaries: PRIMARIES }
  const pairs = () => canaryPairs(known.primaries, 4)
  const { canary, check, clock, store } = await rig({ scopes: 'partitions', faults }, true, '1', PATIENCE_MS, pairs)
  const found = () => Object.fromEntries(canary.primaries)
  t.same(await check(), { ready: true })
  await eventually(() => canary.primaries.size === 3)
  t.same(found(), { a: true, b: true, c: true })

  dead.add('b')
  t.same(await check(), { ready: true }, 'at once: nobody waits for the dead one')
  await eventually(() => faults.held.length > 0)
  await patience(clock, () => canary.primaries.get('b') === false)
  t.same(found(), { a: true, b: false, c: true })
  for (let i = 0; i < 20; i++) t.same(await check(), { ready: true })
  t.equal(faults.held.length, 2, 'what is stuck is not asked again')

  dead.add('a').add('c')
  const reasons = ['a', 'b', 'c'].map(name => `${name}: the store took longer than ${PATIENCE_MS} ms`)
  clock.advance(1_000)
  const unready = await timedOut(canary.check(), clock, () => faults.held.length >= 6)
  t.same(unready.ready ? '' : unready.reason.split('; ').toSorted(), reasons)
  t.same(found(), { a: false, b: false, c: false })

  dead.clear()
  for (const call of faults.held.splice(0)) call.answer()
  await eventually(async () => (await check()).ready)
  await eventually(async () => (await check()).ready && [...canary.primaries.values()].every(isReady => isReady))

  const size = sizeOf(store)
  for (let i = 0; i < 30; i++) await check()
  await eventually(() => canary.figures.waiting === 0)
  t.ok(sizeOf(store) <= size + 6 * 64 * 9, 'what checks leave behind does not grow')

  known.primaries = PRIMARIES.slice(1)
  await check()
  t.same([...canary.primaries.keys()], ['b', 'c'], 'one that holds nothing any more is forgotten')
  known.primaries = []
  t.same(await check(), { ready: false, reason: 'no primary is known' })
})

t.test('where nodes share the store, a node checks by itself', async t => {
  const alone = await rig()
  alone.canary.start()
  const { canary, clock } = await rig({}, true, '1', PATIENCE_MS, () => canaryPairs(PRIMARIES, 0))
  canary.start()
  await eventually(() => canary.figures.slices === 3)
  clock.advance(4_999)
  t.equal(canary.figures.waiting, 0)
  clock.advance(1)
  await eventually(() => canary.figures.slices === 6)
  canary.stop()
  clock.advance(60_000)
  t.equal(canary.figures.waiting, 0)
  t.equal(alone.canary.figures.slices, 0, 'on a store of its own only when it is asked')
})

t.test('ready again after a restore, when every version has jumped', async t => {
  const before = await rig()
  t.same(await before.check(), { ready: true })
  await before.store.newEpoch(0)
  const after = await rig({ disk: before.store.disk }, true, '2')
  t.same(await after.check(), { ready: true })
  t.same(await after.check(), { ready: true })
})

t.test('nobody reaches its users, by any method', async t => {
  const random = seededRandom(7)
  const store = new MemoryStore({ random })
  const node = await startNode(store, systemClock, 'reach')
  const hub = new Hub()
  const { appended } = node
  const canary = new Canary({
    engine: node.engine,
    receivers: hub,
    clock: systemClock,
    random,
    patienceMs: PATIENCE_MS,
  })
  const deliver = setInterval(() => {
    for (const event of appended.splice(0)) hub.take(event)
  }, 1)
  t.same(await canary.check(), { ready: true })
  clearInterval(deliver)
  const before = await canaryData(node.engine, store)
  t.ok(before.length > 0)
  let people = 0
  const stranger = () => new TestDevice(node).enter(`mallory${people++}`, 1)

  for (const uid of CANARIES) {
    for (const method of Object.values(METHODS)) {
      if (method.kind !== 'request' || method.number === METHODS.hello.number) continue
      // Each method takes of these fields what it has: every one that may name somebody does.
      const invitees = [{ uid }]
      const request = { ...EVERY_FIELD, uid, to: uid, device: uid, sendSeq: 1, invitees }
      if (method === METHODS.post) request.conversation = directConversation(uid)
      if (method === METHODS.getProfile) request.account = ''
      Object.assign(request, OTHER_FIELDS.get(method))
      // Somebody new each time: what one method does to a session must not be what stops the next.
      const mallory = await stranger()
      const reply = await mallory.callRaw(method.number, method.encodeRequest(request as never))
      if (NAMING.has(method)) t.ok(NOBODY_THERE.has(reply.code), `${method.service}.${method.rpc}: ${reply.code}`)
      t.notMatch(JSON.stringify(await mallory.items()), /"(peer|uid)":25[45]/)
    }
    for (const device of [1, uid]) {
      const token = makeToken({ uid, device }, new Uint8Array(24), new Uint8Array(16))
      const hello = await new Promise(resolve =>
        node.services.hello(createHelloRequest({ token, attempt: 9 }), '', resolve),
      )
      t.match(hello, { kind: 'refused' })
      t.match(await new Promise(resolve => node.services.authorize(token, '127.0.0.1', resolve)), { kind: 'refused' })
    }
    const mallory = await stranger()
    t.equal(mallory.ack({ version: 0, delivered: [{ peer: uid, device: 1, sendSeq: 1 }] }), 0)
  }
  node.services.flush()
  await node.engine.close()
  t.same(await canaryData(node.engine, store), before, 'nothing of them has changed')
})

t.test('their uids are never given out', async t => {
  const node = await startNode(new MemoryStore(), systemClock, 'uids')
  const uids = new Set<number>()
  for (let i = 0; i < 300; i++) {
    const device = new TestDevice(node)
    await device.register(`user${i}`, i % 250)
    uids.add(device.session?.uid ?? 0)
  }
  t.equal(uids.size, 300)
  t.ok(Math.min(...uids) >= 256)
})

const EVERY_FIELD = {
  account: 'canary',
  password: 'a long password',
  oldPassword: 'a long password',
  newPassword: 'a longer password',
  installationKey: new Uint8Array(16).fill(9),
  deviceName: '',
  nickname: 'canary',
  greeting: 'hello',
  text: 'hello',
  content: undefined,
  reply: undefined,
  mentions: [],
  metadata: new Uint8Array(0),
  source: 'group:1.1.1',
  payload: new Uint8Array(1),
  message: { sender: 0, device: 0, sendSeq: 0, number: 1 },
  messages: [{ sender: 0, device: 0, sendSeq: 0, number: 1 }],
  upTo: 1,
  kind: 'x',
  off: false,
  request: 1,
  count: 1,
  since: 0,
  after: 0,
  before: 0,
  around: 0,
  state: false,
  conversations: [],
  stopped: false,
  limit: 10,
  waitMs: 0,
  attempt: 0,
  sends: [],
  ack: undefined,
  conversation: 'group:1.1.1' as ConversationId,
  title: 'canaries',
  announcement: '',
  code: 'a code',
  invitation: 1,
  number: 1,
  yes: true,
  rules: undefined,
  newCode: false,
  role: GroupRole.ADMIN,
  muted: false,
  settings: { muted: true, pinned: false, archived: false, unread: false },
  preferences: { noReceipts: true, askBeforeGroups: false, noPresence: false, friendsOnly: false },
}

/** Fields that other methods have of another type. */
const OTHER_FIELDS = new Map<unknown, object>([
  [METHODS.roomCreate, { kind: RoomKind.BOARD }],
  [METHODS.roomList, { after: '' }],
])

/** Methods that ask for something of the user they name. */
const NAMING = new Set<unknown>([
  METHODS.send,
  METHODS.post,
  METHODS.getProfile,
  METHODS.contactRequest,
  METHODS.contactAccept,
  METHODS.contactDecline,
  METHODS.contactCancel,
])

/** As for a uid that was never given out. */
const NOBODY_THERE = new Set<number>([CODES.UNKNOWN_USER.code, CODES.NO_SUCH_REQUEST.code])

/** Every call answered, until it is told otherwise. */
class Stuck implements MemoryFaults {
  commits: 'answer' | 'hold' = 'answer'
  reads: 'answer' | 'lose' = 'answer'
  readonly held: CommitInFlight[] = []

  commit(call: CommitInFlight): void {
    if (this.commits === 'answer') call.answer()
    else this.held.push(call)
  }

  read(call: ReadInFlight): void {
    if (this.reads === 'answer') call.answer()
    else call.lose(new Error('gone'))
  }

  release(): void {
    this.commits = 'answer'
    for (const call of this.held.splice(0)) call.answer()
  }
}

/** Some primaries do not answer commits. */
class DeadPrimaries implements MemoryFaults {
  readonly held: CommitInFlight[] = []
  readonly #dead: ReadonlySet<string>

  constructor(dead: ReadonlySet<string>) {
    this.#dead = dead
  }

  commit(call: CommitInFlight): void {
    if (this.#dead.has(PRIMARIES[call.scope % 3]?.name ?? '')) this.held.push(call)
    else call.answer()
  }

  read(call: ReadInFlight): void {
    call.answer()
  }
}

async function lastNumber(engine: Engine): Promise<number> {
  const [window] = await engine.scan(userActor(CANARY_SENDER), 'device', null, 1)
  return window === undefined ? 0 : Buffer.from(window.bytes).readDoubleBE(0)
}

async function ackOf(engine: Engine, uid: number): Promise<number> {
  const [ack] = await engine.scan(userActor(uid), 'ack', null, 1)
  return ack === undefined ? 0 : JSON.parse(Buffer.from(ack.bytes).toString()).version
}

async function headOf(engine: Engine, uid: number): Promise<number> {
  return (await engine.page(userActor(uid), 0, 1, 0)).head
}

async function entriesOf(store: MemoryStore, uid: number): Promise<number> {
  return (await store.read(userActor(uid), 0, Number.MAX_SAFE_INTEGER, 10_000, 1e9)).entries.length
}

/** Of everything that is stored. */
function sizeOf(store: MemoryStore): number {
  let bytes = 0
  for (const [, records] of store.disk.snapshot().records)
    for (const { bytes: value } of records.values()) bytes += value.length
  return bytes
}

/** The stamps of everything that is stored of the canaries, and the heads of their logs. */
async function canaryData(engine: Engine, store: MemoryStore): Promise<unknown[]> {
  const { records } = store.disk.snapshot()
  const stamps = CANARIES.flatMap(uid =>
    Array.from(records.get(userActor(uid)) ?? [], ([name, { stamp }]) => [uid, name, stamp]),
  )
  return [stamps, await Promise.all(CANARIES.map(uid => headOf(engine, uid)))]
}

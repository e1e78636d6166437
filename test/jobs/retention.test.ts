/** Retention: what it removes and what it leaves, a slice at a time. */
import t from 'tap'
import { encodeItem, GroupState } from '../../protocol/generated/messages.js'
import { encodeMessageItem } from '../../protocol/item-codec.js'
import { RETENTION_MS, Retention } from '../../src/jobs/retention.js'
import { JobRunner } from '../../src/jobs/runner.js'
import { present } from '../../src/lib/assert.js'
import { CountedTime } from '../../src/lib/counted-time.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import { partitionOf } from '../../src/store/partition.js'
import { PARTITIONS } from '../../src/store/types.js'
import { branchActor, encodeReference, groupActor } from '../../src/sync/references.js'
import { reactInGroup } from '../../src/sync/rules/group-reactions.js'
import { acceptInvitation } from '../../src/sync/rules/membership.js'
import { NO_REACTIONS, numberOfId, reactedId, reactedRecord } from '../../src/sync/rules/reaction-records.js'
import { userActor } from '../../src/sync/rules/records.js'
import { MESSAGE_BYTES_MAX, sentAtMs } from '../../src/sync/rules/retention.js'
import type { Transition } from '../../src/sync/types.js'
import { verify } from '../../src/verify/verify.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { ManualClock } from '../support/manual-clock.js'

const DAY_MS = 86_400_000

/** The biggest trim, in entries, of all that were committed. */
class WatchedStore extends MemoryStore {
  biggestTrim = 0
  trims = 0
  tallies = 0

  override tally(...asked: Parameters<MemoryStore['tally']>) {
    this.tallies += 1
    return super.tally(...asked)
  }

  override async commit(...[scope, units]: Parameters<MemoryStore['commit']>) {
    const count = () =>
      [...this.disk.snapshot().logs.values()].reduce((sum, log) => sum + [...log.view().entries()].length, 0)
    const trims = units.some(unit => unit.trims.length > 0)
    const before = trims ? count() : 0
    const results = await super.commit(scope, units)
    if (trims) {
      this.trims += 1
      this.biggestTrim = Math.max(this.biggestTrim, before - count())
    }
    return results
  }
}

async function world(
  keepDays: number,
  keepItems: number,
  disk = new MemoryDisk(seededRandom('disk')),
  keepBytes = Number.POSITIVE_INFINITY,
  scopes: 'one' | 'partitions' = 'one',
) {
  const clock = new ManualClock()
  const store = new WatchedStore({ disk, scopes })
  const node = await startNode(store, clock, 'retention')
  const job = new Retention({
    store,
    engine: node.engine,
    time: new CountedTime(clock),
    keepMs: keepDays * DAY_MS,
    keepItems,
    keepBytes,
  })
  const retention = new JobRunner({
    jobs: [
      {
        name: 'retention',
        each: 'partition',
        every: RETENTION_MS,
        atStart: true,
        isResumed: false,
        atOnce: 1,
        run: (partition, pace) => job.run(partition, pace),
      },
    ],
    clock,
    random: seededRandom('retention'),
    queueDepth: () => node.engine.queueDepth,
    owns: () => true,
    onFailing() {},
  })
  return { clock, store, node, retention }
}

async function texts(device: TestDevice): Promise<string[]> {
  const found: string[] = []
  for (const { item } of await device.items()) {
    if (item.content?.case === 'message') found.push(item.content.value.text)
  }
  return found
}

function range(from: number, upTo: number): number[] {
  return Array.from({ length: upTo - from + 1 }, (_, i) => from + i)
}

function numbered(from: number, upTo: number): string[] {
  return range(from, upTo).map(n => `text ${n}`)
}

t.test('messages that are old and beyond the newest so many go, and nothing else', async t => {
  const { clock, store, node, retention } = await world(30, 20)
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  for (const text of numbered(1, 50)) await alice.send(bob.uid, text)
  clock.advance(29 * DAY_MS)
  for (const text of numbered(51, 60)) await alice.send(bob.uid, text)
  retention.start()
  const rounds = async () => {
    for (let i = 0; i < 50; i += 1) {
      clock.advance(200_000)
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    }
  }
  await rounds()
  t.same(await texts(alice), numbered(1, 60), 'none is old')
  clock.advance(2 * DAY_MS)
  await rounds()
  t.same(await texts(alice), numbered(41, 60), 'twenty are kept, however old')
  t.same(await texts(bob), numbered(41, 60))
  t.ok(
    (await alice.items()).some(({ item }) => item.content?.case === 'contact'),
    'what has a key stays',
  )
  t.match(await node.services.page(alice.uid, 5), { kind: 'page', trimmed: true })
  for (const text of numbered(61, 95)) await alice.send(bob.uid, text)
  await rounds()
  t.same(await texts(bob), numbered(51, 95), 'beyond the newest twenty, but young')
  retention.stop()
  const faults: string[] = []
  verify(new MemoryView(store.disk.snapshot()), fault => faults.push(fault))
  t.same(faults, [])
})

t.test('a long timeline goes in slices, and is gone on with by the next process', async t => {
  const first = await world(1, 100)
  const alice = await new TestDevice(first.node).enter('alice', 1)
  const bob = await new TestDevice(first.node).enter('bob', 2)
  await befriend(alice, bob)
  const all = numbered(1, 1_500)
  for (let i = 0; i < all.length; i += 50)
    await Promise.all(all.slice(i, i + 50).map(text => alice.send(bob.uid, text)))
  first.clock.advance(2 * DAY_MS)
  first.retention.start()
  await eventually(() => {
    first.clock.advance(20)
    return first.store.trims >= 2
  })
  first.retention.stop()
  t.ok((await texts(bob)).length > 200, 'it is not done yet')

  const second = await world(1, 100, first.store.disk)
  second.clock.advance(2 * DAY_MS)
  second.retention.start()
  alice.node = second.node
  bob.node = second.node
  await eventually(async () => {
    second.clock.advance(20)
    return (await texts(alice)).length === 100 && (await texts(bob)).length === 100
  })
  second.retention.stop()
  t.same(await texts(bob), numbered(1_401, 1_500))
  t.ok(Math.max(first.store.biggestTrim, second.store.biggestTrim) <= 256)
})

/** A follow-up of a message, as a timeline holds it. */
function followUp(number: number, atMs: number): readonly [key: string, bytes: Uint8Array] {
  return [`about/gone/${number}`, encodeReference({ gid: 'gone', number, atMs })]
}

t.test('what stands under passing keys goes with the messages, by number, age and bytes', async t => {
  const first = await world(30, 10)
  const { clock, store, node } = first
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  const actor = userActor(bob.uid)
  for (const text of numbered(1, 20)) await alice.send(bob.uid, text)
  const undated = encodeItem(present((await bob.items())[0], 'an item').item)
  const told = Array.from({ length: 20 }, (_, i) => followUp(i + 1, clock.now()))
  const tell = (...entries: readonly (readonly [key: string, bytes: Uint8Array])[]) => {
    const appends = entries.map(([key, bytes]) => ({ actor, key, bytes }))
    return store.commit(0, [{ expect: [], puts: [], appends, trims: [] }])
  }
  await tell(['about/undated', undated], ...told)
  const lastTold = (await store.read(actor, 0, 0, 1, 0)).head
  clock.advance(29 * DAY_MS)
  await tell(followUp(1, clock.now()))
  const followUps = async () => {
    const found = await store.keyed(actor, ['about/undated', ...told.map(([key]) => key)])
    return found.flatMap((entry, i) => (entry === undefined ? [] : [i]))
  }
  const rounds = async (clock: ManualClock) => {
    for (let i = 0; i < 50; i += 1) {
      clock.advance(200_000)
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    }
  }
  first.retention.start()
  await rounds(clock)
  t.same([(await texts(bob)).length, (await followUps()).length], [20, 21], 'none is old')
  clock.advance(2 * DAY_MS)
  await rounds(clock)
  first.retention.stop()
  t.equal((await texts(bob)).length, 0)
  t.same(await followUps(), [1, ...range(12, 20)], 'the newest ten stay, of whatever kind')
  t.match(await node.services.page(bob.uid, lastTold - 10), { kind: 'page', trimmed: true })

  // Only follow-ups are left: the log is looked at all the same.
  const after = async (days: number, keepItems: number, keepBytes?: number) => {
    const next = await world(30, keepItems, store.disk, keepBytes)
    next.clock.advance(days * DAY_MS)
    next.retention.start()
    await rounds(next.clock)
    next.retention.stop()
  }
  await after(31, 5)
  t.same(await followUps(), [1, ...range(17, 20)])
  await after(31, 0)
  t.same(await followUps(), [1], 'one is young')
  await after(31, 1_000, 1)
  t.same(await followUps(), [], 'and too long')
  t.ok(
    (await bob.items()).some(({ item }) => item.content?.case === 'contact'),
    'what has any other key stays',
  )
  const faults: string[] = []
  verify(new MemoryView(store.disk.snapshot()), fault => faults.push(fault))
  t.same(faults, [])
})

/** Bytes of what the device's timeline holds as messages, the newest first. */
async function messageBytes(store: MemoryStore, device: TestDevice): Promise<number[]> {
  const { entries } = await store.read(userActor(device.uid), 0, Number.MAX_SAFE_INTEGER, 10_000, 2 ** 30)
  return entries.filter(({ bytes }) => sentAtMs(bytes) !== undefined).map(({ bytes }) => bytes.length)
}

t.test('messages beyond the newest so many bytes go, however young and few; nothing else does', async t => {
  const keepBytes = 600_000
  const { clock, store, node, retention } = await world(30, 1_000, undefined, keepBytes)
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  const text = (n: number) => `${n} `.padEnd(n % 2 === 0 ? 16_000 : 500, 'x')
  const all = Array.from({ length: 90 }, (_, i) => text(i + 1))
  for (const each of all) await alice.send(bob.uid, each)
  const before = await messageBytes(store, bob)
  t.equal(before.length, 90)
  let kept = 0
  for (let sum = 0; sum + (before.at(-1 - kept) ?? 0) <= keepBytes; kept += 1) sum += before.at(-1 - kept) ?? 0
  retention.start()
  await eventually(async () => {
    clock.advance(20)
    return (await texts(bob)).length === kept && (await texts(alice)).length <= kept
  })
  for (let i = 0; i < 20; i += 1) {
    clock.advance(200_000)
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
  }
  retention.stop()
  t.same(await texts(bob), all.slice(-kept), 'as many of the newest as fit')
  t.ok(
    (await bob.items()).some(({ item }) => item.content?.case === 'contact'),
    'what has a key stays',
  )
  t.match(await node.services.page(bob.uid, 5), { kind: 'page', trimmed: true })
  const faults: string[] = []
  verify(new MemoryView(store.disk.snapshot()), fault => faults.push(fault))
  t.same(faults, [])
})

t.test('a count that is stopped half-way is not taken for one of all bytes', async t => {
  const keepBytes = 600_000
  const { clock, store, node } = await world(30, 1_000)
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  for (const n of range(1, 90)) await alice.send(bob.uid, `${n} `.padEnd(16_000, 'x'))
  const { engine } = node
  const settings = { keepMs: 30 * DAY_MS, keepItems: 1_000, keepBytes }
  const job = new Retention({ store, engine, time: new CountedTime(clock), ...settings })
  const partition = partitionOf(userActor(bob.uid))
  let isStopped = false
  const stopping = {
    get isStopped() {
      return isStopped
    },
    async rest() {
      isStopped = true
    },
  }
  await job.run(partition, stopping)
  t.equal(isStopped, true)
  t.equal((await texts(bob)).length, 90, 'the partition went to another node')
  await job.run(partition, { isStopped: false, async rest() {} })
  const kept = (await messageBytes(store, bob)).reduce((sum, bytes) => sum + bytes, 0)
  t.ok(kept <= keepBytes, 'it came back')
})

t.test(
  'a timeline that cannot be beyond the bytes is not counted, and no message is larger than is reckoned with',
  async t => {
    const { clock, store, node, retention } = await world(30, 1_000, undefined, 100 * MESSAGE_BYTES_MAX)
    const alice = await new TestDevice(node).enter('alice', 1)
    const bob = await new TestDevice(node).enter('bob', 2)
    await befriend(alice, bob)
    for (const text of numbered(1, 80)) await alice.send(bob.uid, text)
    let rounds = 0
    const { logs } = store
    store.logs = (...asked) => {
      rounds += 1
      return logs.apply(store, asked)
    }
    retention.start()
    const twoRounds = () =>
      eventually(() => {
        clock.advance(600_000)
        return rounds > 2 * PARTITIONS
      })
    await twoRounds()
    t.equal(store.tallies, 0)
    for (const text of numbered(81, 120)) await alice.send(bob.uid, text)
    rounds = 0
    await twoRounds()
    const counts = store.tallies
    t.ok(counts > 0, 'one that may be is')
    rounds = 0
    await twoRounds()
    t.equal(store.tallies, counts, 'once, until it has gained enough')
    for (const text of numbered(121, 230)) await alice.send(bob.uid, text)
    rounds = 0
    await twoRounds()
    retention.stop()
    t.ok(store.tallies > counts, 'then again')
    t.same(await texts(bob), numbered(1, 230))

    const uid = Number.MAX_SAFE_INTEGER
    const longest = {
      sender: uid,
      device: 2 ** 32 - 1,
      sendSeq: uid,
      atMs: uid,
      recipient: uid,
      text: 'x'.repeat(16_384),
    }
    t.ok(encodeMessageItem(longest).length <= MESSAGE_BYTES_MAX)
  },
)

t.test('while the store cannot be reached it waits, and goes on', async t => {
  const { clock, store, node, retention } = await world(1, 0)
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  await alice.send(bob.uid, 'one')
  clock.advance(2 * DAY_MS)
  let failures = 0
  const { logs } = store
  store.logs = async () => {
    failures += 1
    throw new Error('out of reach')
  }
  retention.start()
  await eventually(() => {
    clock.advance(1_000)
    return failures > 2
  })
  store.logs = logs
  await eventually(async () => {
    clock.advance(1_000)
    return (await texts(bob)).length === 0
  })
  retention.stop()
  t.ok(failures > 2)
})

for (const scopes of ['one', 'partitions'] as const) {
  t.test(
    `of a group the items go from its own log, its branches and its members' timelines (scopes: ${scopes})`,
    async t => {
      const disk = new MemoryDisk(seededRandom('disk'))
      const { clock, store, node, retention } = await world(30, 20, disk, undefined, scopes)
      const [alice, bob] = [
        await GroupPerson.enter(node.engine, 'alice', 1),
        await GroupPerson.enter(node.engine, 'bob', 2),
      ]
      const gid = await alice.create('friends', [bob])
      await eventually(async () => (await bob.group(gid))?.state === GroupState.INVITED)
      await bob.act(acceptInvitation, { gid, invitation: (await bob.group(gid))?.number ?? 0 })
      await eventually(async () => (await bob.group(gid))?.state === GroupState.MEMBER)
      for (const text of numbered(1, 50)) await alice.say(gid, text)
      await eventually(async () => (await bob.texts(gid)).at(-1) === 'text 50')
      clock.advance(31 * DAY_MS)
      retention.start()
      const logs = [groupActor(gid), branchActor(gid, 1), branchActor(gid, 2)]
      const lengths = async () => {
        const found = await Promise.all(logs.map(log => store.read(log, 0, Number.MAX_SAFE_INTEGER, 1_000, 2 ** 20)))
        return found.map(({ entries }) => entries.length)
      }
      await eventually(async () => {
        clock.advance(200_000)
        return (await lengths()).every(length => length === 20)
      })
      await eventually(async () => {
        clock.advance(200_000)
        return (await alice.texts(gid)).length === 20 && (await bob.texts(gid)).length === 20
      })
      t.same(await alice.texts(gid), numbered(31, 50))
      t.same(await bob.texts(gid), numbered(31, 50))
      await node.engine.close()
    },
  )
}

t.test('with a message of a group goes who reacted to it, in a later round if a crash came between', async t => {
  const { clock, node, retention } = await world(30, 5)
  const alice = await GroupPerson.enter(node.engine, 'alice', 1)
  const gid = await alice.create('friends')
  for (const text of numbered(1, 20)) await alice.say(gid, text)
  const numbers = new Map((await alice.numbered(gid)).map(({ text, number }) => [text, number]))
  const group = groupActor(gid)
  for (const text of ['text 1', 'text 2', 'text 20']) {
    await alice.act(reactInGroup, { gid, number: numbers.get(text) ?? 0, kind: 'x', on: true })
  }
  const kept = async (): Promise<string> => {
    const found = await node.engine.scan(group, `${reactedRecord.prefix}/`, null, 10)
    return found.map(({ name }) => numberOfId(name.slice(reactedRecord.prefix.length + 1))).join()
  }
  const [first, last] = [numbers.get('text 1') ?? 0, numbers.get('text 20') ?? 0]
  t.equal(await kept(), [first, numbers.get('text 2'), last].join())
  clock.advance(31 * DAY_MS)
  retention.start()
  const isLastAlone = async (): Promise<boolean> => {
    clock.advance(200_000)
    return (await kept()) === `${last}`
  }
  await eventually(isLastAlone)
  const leaveOne: Transition<void, void> = {
    name: 'test.leave-one',
    run: tx => tx.put(reactedRecord, NO_REACTIONS, reactedId(first)),
  }
  await node.engine.run(group, leaveOne, undefined)
  t.equal(await kept(), `${first},${last}`)
  await eventually(isLastAlone)
  await node.engine.close()
})

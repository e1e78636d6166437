/** Unread: messages are counted one by one, above the mark and no further than is needed. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createItem,
  createMessage,
  createMessageId,
  decodeItem,
  decodeUnreadResponse,
  encodeItem,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { WALKED_AT_ONCE, WALKED_MAX } from '../../src/services/walks.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { branchActor } from '../../src/sync/references.js'
import { conversationRecord, forgetMention } from '../../src/sync/rules/conversation-records.js'
import { branch, type Gid, gidOf, NOTED_MENTIONS_MAX } from '../../src/sync/rules/group-records.js'
import { userActor } from '../../src/sync/rules/records.js'
import type { Transition } from '../../src/sync/types.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { NO_STATE, recallFor, sayTo } from '../support/mentioning.js'

/** Counts the walks along conversations. */
class WalkedStore extends MemoryStore {
  walks = 0

  override chain(...asked: Parameters<MemoryStore['chain']>): ReturnType<MemoryStore['chain']> {
    this.walks += 1
    return super.chain(...asked)
  }
}

async function world(scopes: 'one' | 'partitions' = 'one') {
  const store = new WalkedStore({ scopes, random: seededRandom('store') })
  const limits = new Limits(systemClock, {
    'sends-recipient': null,
    'timeline-walks': { amount: 1, unit: 'min', burst: 100 },
  })
  const node = await startNode(store, systemClock, 'node', { limits })
  const [alice, bob, carol] = (await Promise.all(
    ['alice', 'bob', 'carol'].map((name, key) => new TestDevice(node).enter(name, key + 1)),
  )) as [TestDevice, TestDevice, TestDevice]
  await befriend(alice, bob)
  await befriend(alice, carol)
  for (const device of [alice, bob, carol]) device.told = Number.MAX_SAFE_INTEGER
  return { store, limits, node, alice, bob, carol }
}

async function unread(device: TestDevice, conversation: string) {
  const { code, body } = await device.call(METHODS.unread, { conversation })
  if (code !== 0) throw new Error(`${code}`)
  return decodeUnreadResponse(body)
}

async function withAlice(device: TestDevice, alice: TestDevice): Promise<number> {
  return (await unread(device, `direct:${alice.uid}`)).unread
}

async function reads(device: TestDevice, peer: TestDevice, sendSeq: number): Promise<void> {
  const { services } = device.node
  const marks = [{ peer: peer.uid, device: peer.device, sendSeq }]
  await new Promise<void>(resolve => {
    services.ack(device, { version: 1, delivered: marks, read: marks }, resolve)
    services.flush()
  })
}

/** Puts a state into the messages of a sender's numbers, in a user's timeline. */
const change: Transition<
  { readonly chain: string; readonly sendSeqs: readonly number[]; readonly state: object },
  void
> = {
  name: 'test.change',
  run(tx, { chain, sendSeqs, state }) {
    for (const entry of tx.chain(tx.newest(chain), 256)) {
      const { content } = decodeItem(entry.bytes)
      if (content?.case !== 'message' || !sendSeqs.includes(content.value.sendSeq)) continue
      const { sender, device, sendSeq } = content.value
      const value = createMessage({ sender, device, sendSeq, state: { ...NO_STATE, ...state } })
      const known = tx.entry(entry.version)
      if (known !== undefined) tx.replace(known, encodeItem(createItem({ content: { case: 'message', value } })))
    }
  },
}

const clear: Transition<{ readonly peer: number; readonly upTo: number }, void> = {
  name: 'test.clear',
  run(tx, { peer, upTo }) {
    const before = tx.get(conversationRecord, peer)
    tx.put(conversationRecord, { ...(before ?? conversationRecord.decode(NOTHING)), cleared: upTo }, peer)
  },
}
const NOTHING = new TextEncoder().encode('{}')

t.test("in a direct conversation the peer's messages above the mark of each device count", async t => {
  const { node, store, alice, bob } = await world()
  t.equal(await withAlice(bob, alice), 0)
  const first = alice.sendSeq + 1
  for (let n = 0; n < 10; n += 1) await alice.send(bob.uid, `${n}`)
  await bob.send(alice.uid, 'an own one')
  t.equal(await withAlice(bob, alice), 10)
  const tablet = new TestDevice(node)
  await tablet.login('alice', 9)
  await tablet.hello()
  for (let n = 0; n < 3; n += 1) await tablet.send(bob.uid, `${n}`)
  t.equal(await withAlice(bob, alice), 13)
  await reads(bob, alice, first + 5)
  t.equal(await withAlice(bob, alice), 7, 'four of the phone, three of the tablet')
  await reads(bob, tablet, tablet.sendSeq)
  t.equal(await withAlice(bob, alice), 4)
  const chain = String(alice.uid)
  await node.engine.run(userActor(bob.uid), change, { chain, sendSeqs: [first + 7], state: { recalledBy: alice.uid } })
  t.equal(await withAlice(bob, alice), 3, 'without one that was recalled')
  await node.engine.run(userActor(bob.uid), change, { chain, sendSeqs: [first + 9], state: { deleted: true } })
  t.equal(await withAlice(bob, alice), 2, 'and one that was deleted')
  const upTo = await store.newest(userActor(bob.uid), chain)
  await node.engine.run(userActor(bob.uid), clear, { peer: alice.uid, upTo })
  t.equal(await withAlice(bob, alice), 0, 'and all that was cleared')
  await alice.send(bob.uid, 'later')
  t.equal(await withAlice(bob, alice), 1)
  await node.engine.close()
})

t.test('what is left of one device is found below what is read of another', async t => {
  const { node, alice, bob } = await world()
  const tablet = new TestDevice(node)
  await tablet.login('alice', 9)
  await tablet.hello()
  for (let n = 0; n < 2; n += 1) await tablet.send(bob.uid, `${n}`)
  for (let n = 0; n < 2 * WALKED_AT_ONCE; n += 1) await alice.send(bob.uid, `${n}`)
  await reads(bob, alice, alice.sendSeq)
  const stored = { peer: tablet.uid, device: tablet.device, sendSeq: tablet.sendSeq }
  bob.ack({ version: 1, delivered: [stored] })
  await reads(bob, tablet, tablet.sendSeq - 1)
  t.equal(await withAlice(bob, alice), 1)
  await node.engine.close()
})

t.test('a hundred are counted, and no more is read than is needed', async t => {
  const { node, store, limits, alice, bob } = await world()
  for (let n = 0; n < 150; n += 1) await alice.send(bob.uid, `${n}`)
  const walks = async () => {
    store.walks = 0
    const count = await withAlice(bob, alice)
    return [count, store.walks]
  }
  t.same(await walks(), [100, 1])
  await reads(bob, alice, alice.sendSeq - 20)
  t.same(await walks(), [20, 1], 'down to the mark')
  for (let n = 0; n < 200; n += 1) await bob.send(alice.uid, `${n}`)
  t.same(await walks(), [20, 2], 'beyond own ones')
  for (let n = 0; n < WALKED_MAX; n += 1) void bob.send(alice.uid, `${n}`)
  await eventually(() => node.engine.queueDepth === 0)
  t.same(await walks(), [0, WALKED_MAX / WALKED_AT_ONCE], 'and not for ever')
  for (let n = 0; n < 3; n += 1) await withAlice(bob, alice).catch(() => {})
  t.match(await bob.call(METHODS.unread, { conversation: `direct:${alice.uid}` }), { code: CODES.RATE_LIMITED.code })
  t.ok((limits.hits.get('timeline-walks') ?? 0) > 0)
  await node.engine.close()
})

async function group(alice: TestDevice, invited: readonly TestDevice[]): Promise<{ conversation: string; gid: Gid }> {
  const invitees = invited.map(({ uid }) => ({ uid }))
  const { body } = await alice.call(METHODS.groupCreate, { sendSeq: alice.next(), title: 'friends', invitees })
  const { conversation } = METHODS.groupCreate.decodeResponse(body)
  await eventually(async () => {
    const { body, code } = await alice.call(METHODS.groupGet, { conversation })
    return code === 0 && METHODS.groupGet.decodeResponse(body).members === invited.length + 1
  })
  return { conversation, gid: gidOf(conversation) ?? '' }
}

for (const scopes of ['one', 'partitions'] as const) {
  t.test(
    `${scopes}: in a group others' messages above the mark count, and nothing else has a number for them`,
    async t => {
      const { node, alice, bob, carol } = await world(scopes)
      const { conversation, gid } = await group(alice, [bob, carol])
      const quiet = () => eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
      await quiet()
      const { read } = await unread(bob, conversation)
      t.ok(read > 0, 'the mark begins with the joining')
      t.match(await unread(bob, conversation), { unread: 0, mentions: 0, read }, 'changes are no messages')
      const numbers: number[] = []
      for (let n = 0; n < 5; n += 1) {
        numbers.push(await sayTo(node.engine, { gid, sender: alice.uid, uids: [] }))
        await alice.call(METHODS.groupRename, { sendSeq: alice.next(), conversation, title: `title ${n}` })
        await sayTo(node.engine, { gid, sender: bob.uid, uids: [] })
      }
      await quiet()
      t.match(await unread(bob, conversation), { unread: 5 })
      t.match(await unread(alice, conversation), { unread: 5 }, "and only Bob's for Alice")
      await recallFor(node.engine, gid, bob.uid, numbers[4] ?? 0)
      t.match(await unread(bob, conversation), { unread: 4 }, 'without one that was recalled')
      const number = numbers[1] ?? 0
      await bob.call(METHODS.markRead, { sendSeq: bob.next(), conversation, number })
      t.match(await unread(bob, conversation), { unread: 2, read: number })
      t.same(node.asides, [])
      await node.engine.close()
    },
  )

  t.test(`${scopes}: mentions are known however far back, and without those that were recalled or deleted`, async t => {
    const { node, store, alice, bob, carol } = await world(scopes)
    const { conversation, gid } = await group(alice, [bob, carol])
    const quiet = () => eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
    const say = (...uids: number[]) => sayTo(node.engine, { gid, sender: alice.uid, uids })
    const first = await say(bob.uid, bob.uid, 999_999)
    const all = await say(0)
    const both = await say(0, bob.uid)
    for (let n = 0; n < 300; n += 1) await say()
    await quiet()
    t.match(await unread(bob, conversation), { unread: 100, mentions: 3, firstMention: first })
    t.match(await unread(carol, conversation), { unread: 100, mentions: 2, firstMention: all })
    t.match(await unread(alice, conversation), { unread: 0, mentions: 0, firstMention: 0 }, 'her own are none')
    const records = (device: TestDevice) => store.scan(userActor(device.uid), 'conversation/', null, 10)
    t.equal((await records(carol)).length, 0, 'of who is not named nothing is kept')
    await say(alice.uid)
    await quiet()
    t.equal((await records(alice)).length, 0, 'nor of who names himself')
    await recallFor(node.engine, gid, carol.uid, all)
    t.match(await unread(carol, conversation), { mentions: 1, firstMention: both })
    const forget: Transition<number, void> = {
      name: 'test.forget',
      run: (tx, number) => forgetMention(tx, gid, number),
    }
    await node.engine.run(userActor(bob.uid), forget, first)
    await node.engine.run(userActor(bob.uid), forget, both)
    t.match(await unread(bob, conversation), { mentions: 1, firstMention: all })
    await bob.call(METHODS.markRead, { sendSeq: bob.next(), conversation, number: both })
    t.match(await unread(bob, conversation), { mentions: 0 })
    const [record] = await records(bob)
    const { mentions, hidden, read } = conversationRecord.decode(record?.bytes ?? NOTHING)
    t.same([mentions, hidden, read], [[], [], both])
    const next = await say(0, bob.uid)
    await quiet()
    await bob.call(METHODS.markRead, { sendSeq: bob.next(), conversation, number: next })
    const [later] = await records(bob)
    t.same(conversationRecord.decode(later?.bytes ?? NOTHING).mentions, [], 'what is read is not kept')
    for (let n = 0; n < NOTED_MENTIONS_MAX + 20; n += 1) await say(0, bob.uid)
    await quiet()
    t.match(await unread(bob, conversation), { mentions: 100 }, 'the newest hundred')
    const [here] = await store.get(branchActor(gid, bob.uid % 256), ['branch'])
    t.equal(branch.decode(here?.bytes ?? NOTHING).all.length, NOTED_MENTIONS_MAX)
    t.same(node.asides, [])
    await node.engine.close()
  })
}

t.test('of an earlier membership nothing is unread any more: the mark of who joins again begins there', async t => {
  const { node, alice, bob, carol } = await world()
  const { conversation, gid } = await group(alice, [bob, carol])
  await sayTo(node.engine, { gid, sender: alice.uid, uids: [0, bob.uid] })
  await sayTo(node.engine, { gid, sender: alice.uid, uids: [bob.uid] })
  t.match(await unread(bob, conversation), { unread: 2, mentions: 2 })
  await bob.call(METHODS.groupLeave, { sendSeq: bob.next(), conversation })
  await eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
  t.match(await unread(bob, conversation), { unread: 2, mentions: 2, read: 0 }, 'as long as he is out')
  await alice.call(METHODS.groupInvite, { sendSeq: alice.next(), conversation, invitees: [{ uid: bob.uid }] })
  await eventually(async () => (await unread(bob, conversation)).read > 0)
  t.match(await unread(bob, conversation), { unread: 0, mentions: 0, firstMention: 0 })
  const number = await sayTo(node.engine, { gid, sender: alice.uid, uids: [bob.uid] })
  t.match(await unread(bob, conversation), { unread: 1, mentions: 1, firstMention: number })
  await node.engine.close()
})

t.test('who comes later is mentioned by nothing of before', async t => {
  const { node, alice, bob, carol } = await world()
  const { conversation, gid } = await group(alice, [carol])
  await sayTo(node.engine, { gid, sender: alice.uid, uids: [0, bob.uid] })
  await alice.call(METHODS.groupInvite, { sendSeq: alice.next(), conversation, invitees: [{ uid: bob.uid }] })
  await eventually(async () => (await bob.call(METHODS.groupGet, { conversation })).code === 0)
  t.match(await unread(bob, conversation), { unread: 0, mentions: 0 })
  t.match(await unread(carol, conversation), { unread: 1, mentions: 1 })
  await node.engine.close()
})

for (const scopes of ['one', 'partitions'] as const) {
  t.test(`${scopes}: an edit mentions those who have the message and may read it`, async t => {
    const { node, store, alice, bob, carol } = await world(scopes)
    const { conversation, gid } = await group(alice, [bob, carol])
    const quiet = () => eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
    const [first, second, third] = [
      await sayTo(node.engine, { gid, sender: alice.uid, uids: [] }),
      await sayTo(node.engine, { gid, sender: alice.uid, uids: [] }),
      await sayTo(node.engine, { gid, sender: alice.uid, uids: [] }),
    ]
    await quiet()
    const edit = async (number: number, ...uids: number[]) => {
      const mentions = uids.map((uid, start) => ({ start, length: 1, uid }))
      const message = createMessageId({ number })
      const { code } = await alice.call(METHODS.edit, {
        sendSeq: alice.next(),
        conversation,
        message,
        text: 'you',
        mentions,
      })
      t.equal(code, 0)
      await quiet()
    }
    await edit(second, bob.uid)
    t.match(await unread(bob, conversation), { unread: 3, mentions: 1, firstMention: second })
    t.match(await unread(carol, conversation), { unread: 3, mentions: 0 })
    await edit(first, 0)
    await edit(first, 0, bob.uid)
    t.match(await unread(bob, conversation), { unread: 3, mentions: 2, firstMention: first })
    t.match(await unread(carol, conversation), { mentions: 1, firstMention: first })
    const [here] = await store.get(branchActor(gid, carol.uid % 256), ['branch'])
    t.same(branch.decode(here?.bytes ?? NOTHING).all, [first], 'noted once')
    await edit(second)
    t.match(await unread(bob, conversation), { mentions: 1, firstMention: first }, 'an edit takes a mention away')
    const messages = [createMessageId({ number: third })]
    t.equal((await carol.call(METHODS.delete, { sendSeq: carol.next(), conversation, messages })).code, 0)
    await edit(third, carol.uid, 0)
    t.match(await unread(carol, conversation), { mentions: 1, firstMention: first }, 'not what she has deleted')
    t.match(await unread(bob, conversation), { mentions: 2, firstMention: first })
    t.equal((await carol.call(METHODS.groupLeave, { sendSeq: carol.next(), conversation })).code, 0)
    await quiet()
    await edit(second, 0, carol.uid)
    t.match(await unread(carol, conversation), { mentions: 1, firstMention: first }, 'nor of later texts')
    t.match(await unread(bob, conversation), { mentions: 3, firstMention: first })
    t.same(node.asides, [])
    await node.engine.close()
  })
}

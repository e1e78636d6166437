/** Forward: what is copied, of what a user may read, and where it goes (PROTOCOL.md, 7.17). */
import t from 'tap'
import { CODES, codeName } from '../../protocol/codes.js'
import {
  type ConversationMessage,
  createConversationMessage,
  createForwardRequest,
  createMessageId,
  createPostRequest,
  decodeGroupServiceCreateResponse,
  encodeCustom,
  GroupRole,
  type Message,
  type MessageId,
  type PostRequest,
} from '../../protocol/generated/messages.js'
import { CONTENT_KINDS } from '../../protocol/message-form.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES, type LimitSettings } from '../../src/ops/rate-limits-table.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Actor } from '../../src/store/types.js'
import { branchActor } from '../../src/sync/references.js'
import { gidOf } from '../../src/sync/rules/group-records.js'
import { findDirect, findNumbered } from '../../src/sync/rules/message-search.js'
import {
  type AnyMessage,
  deleted,
  edited,
  messageIn,
  messageItem,
  recalled,
} from '../../src/sync/rules/message-state.js'
import { numbered } from '../../src/sync/rules/numbered.js'
import { partitionOfUser, userActor } from '../../src/sync/rules/records.js'
import type { Transition, Tx } from '../../src/sync/types.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

const metadata = new Uint8Array([1, 2, 3])
const content = { kind: CONTENT_KINDS.custom, body: encodeCustom({ type: 'poll', data: metadata }) }

for (const scopes of ['one', 'partitions'] as const) {
  /** Alice with her friends Bob and Carol, and a group of hers with Bob. */
  async function world(settings: LimitSettings = {}) {
    const off = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))
    const limits = new Limits(systemClock, { ...off, ...settings })
    const node = await startNode(new MemoryStore({ scopes, random: seededRandom('store') }), systemClock, 'node', {
      limits,
    })
    const names = ['alice', 'bob', 'carol']
    const [alice, bob, carol] = (await Promise.all(
      names.map((name, key) => new TestDevice(node).enter(name, key + 1)),
    )) as [TestDevice, TestDevice, TestDevice]
    await befriend(alice, bob)
    await befriend(alice, carol)
    const invitees = [{ uid: bob.uid }]
    const made = await alice.call(METHODS.groupCreate, { sendSeq: alice.next(), title: 'two', invitees })
    const { conversation } = decodeGroupServiceCreateResponse(made.body)
    await isMember(bob, conversation)
    const to = ({ uid }: TestDevice) => `direct:${uid}`
    return { node, limits, alice, bob, carol, conversation, gid: gidOf(conversation) ?? '', to }
  }

  t.test(`${scopes}: from a direct conversation, by either user, to a user and to a group`, async t => {
    const { alice, bob, carol, conversation, to } = await world()
    const mentions = [{ start: 0, length: 4, uid: bob.uid }]
    const reply = createMessageId({ sender: bob.uid, device: 1, sendSeq: 1 })
    t.equal(await post(alice, { conversation: to(bob), text: '@bob hi', content, mentions, reply, metadata }), 'OK')
    const message = idOf(alice)
    const expected = {
      text: '@bob hi',
      content,
      extra: { reply: undefined, mentions: [], metadata, forwarded: true },
      state: undefined,
    }
    t.equal(await forward(alice, to(carol), to(bob), message), 'OK')
    t.match(await shown(carol, 1), [{ sender: alice.uid, device: 1, sendSeq: alice.sendSeq, ...expected }])
    t.match((await messages(alice)).at(-1), { recipient: carol.uid, ...expected }, 'the own copy')
    t.equal(await forward(alice, to(carol), to(bob), message, alice.sendSeq), 'OK', 'a repeat')
    t.equal((await messages(carol)).length, 1)

    await shown(bob, 1)
    t.equal(await forward(bob, conversation, to(alice), message), 'OK')
    t.match((await shown(bob, 2)).at(-1), { sender: bob.uid, conversation, ...expected })
    const [, , copy] = await shown(alice, 3)
    t.match(copy, expected)
    t.equal(await forward(alice, to(carol), conversation, numberOf(copy)), 'OK', 'a copy of a copy')
    t.match(await shown(carol, 2), [{}, expected])
  })

  t.test(`${scopes}: what was sent right before it is found`, async t => {
    const { alice, bob, carol, to } = await world()
    const posted = post(alice, { conversation: to(bob), text: 'first' })
    const forwarded = forward(alice, to(carol), to(bob), idOf(alice))
    t.same([await posted, await forwarded], ['OK', 'OK'])
    t.match(await shown(carol, 1), [{ text: 'first' }])
  })

  t.test(`${scopes}: what the user has not, what is gone, and what was taken back`, async t => {
    const { node, alice, bob, carol, conversation, gid, to } = await world()
    for (const where of [to(bob), conversation]) t.equal(await post(alice, { conversation: where, text: 'x' }), 'OK')
    await shown(bob, 2)
    await shown(alice, 2)
    const id = createMessageId({ sender: alice.uid, device: 1, sendSeq: alice.sendSeq - 1 })
    const number = numberOf((await messages(bob)).at(-1))
    const none: [string, Partial<MessageId>][] = [
      [to(bob), { ...id, sendSeq: alice.sendSeq + 9 }],
      [to(bob), { ...id, sender: bob.uid }],
      [to(bob), { ...id, device: 2 }],
      [to(bob), { ...id, number: 1 }],
      [to(bob), number],
      [to(carol), id],
      [conversation, id],
      [conversation, { number: number.number + 1 }],
      [conversation, { number: 1 }],
      [conversation, {}],
      ['group:1.1.1', number],
      ['nothing', number],
    ]
    for (const [source, message] of none) {
      const named = createMessageId(message)
      t.equal(await forward(alice, to(carol), source, named), 'NO_SUCH_MESSAGE', `${source} ${JSON.stringify(message)}`)
    }
    t.equal(await forward(carol, to(alice), conversation, number), 'NO_SUCH_MESSAGE', 'who is no member')

    const inDirect = (tx: Tx) => findDirect(tx, bob.uid, id)
    const inBranch = (tx: Tx) => tx.entry(number.number)
    const branchOf = ({ uid }: TestDevice) => branchActor(gid, partitionOfUser(uid))
    const inOwnLog = (tx: Tx) => findNumbered(tx, gid, number.number)
    await change(node, alice, inDirect, message => recalled(message, alice.uid))
    t.equal(await forward(alice, to(carol), to(bob), id), 'RECALLED')
    t.equal(await forward(bob, to(alice), to(alice), id), 'OK', 'where it was not')
    await change(node, alice, inBranch, message => recalled(message, alice.uid), branchOf(alice))
    t.equal(await forward(alice, to(carol), conversation, number), 'RECALLED')
    await change(node, alice, inOwnLog, () => deleted(inGroup(number)))
    t.equal(await forward(alice, to(carol), conversation, number), 'NO_SUCH_MESSAGE', 'deleted for the user alone')
    await change(node, bob, (tx: Tx) => findDirect(tx, alice.uid, id), deleted)
    t.equal(await forward(bob, to(alice), to(alice), id), 'NO_SUCH_MESSAGE')
  })

  t.test(`${scopes}: of a membership that has ended, what the timeline has, but no later text`, async t => {
    const { node, alice, bob, conversation, gid, to } = await world()
    for (const text of ['before', 'edited later']) await post(alice, { conversation, text })
    const [first, second] = (await shown(bob, 2)).map(numberOf) as [MessageId, MessageId]
    await alice.call(METHODS.groupRemove, { sendSeq: alice.next(), conversation, uid: bob.uid, number: 0 })
    await eventually(async () => (await groups(bob)).at(-1)?.until !== 0)
    t.equal(await post(alice, { conversation, text: 'without him' }), 'OK')
    const [, , third] = (await shown(alice, 3)).map(numberOf) as [MessageId, MessageId, MessageId]
    // The group has other members where Bob lives, so the branch goes on.
    const here = branchActor(gid, partitionOfUser(bob.uid))
    const goOn = numbered('test.item', tx => {
      tx.at(here).appendAt(third.number, messageItem(inGroup(third)))
      return CODES.OK.code
    })
    await node.engine.run(userActor(bob.uid), goOn, { device: 1, sendSeq: bob.next(), hash: '12345678' })
    t.equal(await forward(bob, to(alice), conversation, first), 'OK')
    t.equal(await forward(bob, to(alice), conversation, third), 'NO_SUCH_MESSAGE')

    const edition = { text: 'new', mentions: [], atMs: 1, number: third.number + 5 }
    await change(
      node,
      bob,
      (tx: Tx) => tx.entry(second.number),
      message => edited(message, edition),
      here,
    )
    t.equal(await forward(bob, to(alice), conversation, second), 'NO_SUCH_MESSAGE')
    await alice.call(METHODS.groupInvite, { sendSeq: alice.next(), conversation, invitees: [{ uid: bob.uid }] })
    await isMember(bob, conversation)
    t.equal(await forward(bob, to(alice), conversation, first), 'OK', 'of the time before, as ever')
    t.equal(await forward(bob, to(alice), conversation, third), 'NO_SUCH_MESSAGE', 'of the time between')
  })

  t.test(`${scopes}: it is refused as a message is, and counts as one`, async t => {
    const burst = 2
    const { limits, alice, bob, carol, conversation, to } = await world({
      'sends-recipient': { amount: 1, unit: 'h', burst },
      'stored-user': { amount: 1, unit: 'h', burst: 100 },
    })
    t.equal(await post(alice, { conversation: to(bob), text: 'x'.repeat(10_240) }), 'OK')
    const message = idOf(alice)
    await shown(bob, 1)
    const left = (uid: number) => {
      for (let kib = 100; kib > 0; kib -= 1) if (limits.wait('stored-user', uid, kib) === 0) return kib
      return 0
    }
    t.equal(left(bob.uid), 100)
    t.equal(await forward(bob, to(carol), to(alice), message), 'NOT_FRIEND')
    t.equal(await forward(bob, to(bob), to(alice), message), 'SELF')
    t.equal(await forward(bob, 'group:1.1.1', to(alice), message), 'NO_SUCH_GROUP')
    t.equal(left(bob.uid), 100, 'what is refused costs nothing')
    for (let n = 0; n < burst; n += 1) t.equal(await forward(bob, conversation, to(alice), message), 'OK')
    t.equal(await forward(bob, conversation, to(alice), message), 'RECIPIENT_LIMIT')
    t.equal(left(bob.uid), 39, 'all three copies of each are charged')
    t.equal(await forward(alice, to(carol), to(bob), message), 'OK')
    await alice.call(METHODS.contactBlock, { sendSeq: alice.next(), uid: bob.uid })
    await eventually(async () => (await forward(bob, to(alice), to(alice), message)) === 'BLOCKED')
  })
}

async function post(device: TestDevice, fields: Partial<PostRequest>): Promise<string> {
  return codeName((await device.call(METHODS.post, createPostRequest({ sendSeq: device.next(), ...fields }))).code)
}

async function forward(
  device: TestDevice,
  conversation: string,
  source: string,
  message: MessageId,
  sendSeq = device.next(),
): Promise<string> {
  const request = createForwardRequest({ sendSeq, conversation, source, message })
  return codeName((await device.call(METHODS.forward, request)).code)
}

/** The id of the last message that the device sent to a user. */
const idOf = ({ uid, device, sendSeq }: TestDevice) => createMessageId({ sender: uid, device, sendSeq })

const numberOf = (message: Message | ConversationMessage | undefined) =>
  createMessageId({ number: message !== undefined && 'number' in message ? message.number : 0 })

async function messages(device: TestDevice): Promise<(Message | ConversationMessage)[]> {
  return (await device.items()).flatMap(({ item: { content } }) =>
    content?.case === 'message' || content?.case === 'conversationMessage' ? [content.value] : [],
  )
}

async function groups(device: TestDevice) {
  return (await device.items()).flatMap(({ item: { content } }) => (content?.case === 'group' ? [content.value] : []))
}

async function isMember(device: TestDevice, conversation: string): Promise<void> {
  await eventually(async () =>
    (await groups(device)).some(group => group.conversation === conversation && group.role === GroupRole.MEMBER),
  )
}

/** All messages, when there are so many. */
async function shown(device: TestDevice, count: number): Promise<(Message | ConversationMessage)[]> {
  await eventually(async () => (await messages(device)).length >= count)
  return messages(device)
}

const inGroup = ({ number }: MessageId): AnyMessage => ({
  case: 'conversationMessage',
  value: createConversationMessage({ number }),
})

type Found = ReturnType<Tx['entry']>

/** Changes an entry, as what edits, recalls and deletes messages does. */
async function change(
  node: TestNode,
  { uid }: TestDevice,
  find: (tx: Tx) => Found,
  how: (message: AnyMessage) => AnyMessage,
  log: Actor = userActor(uid),
): Promise<void> {
  const transition: Transition<undefined, boolean> = {
    name: 'test.change',
    run(tx) {
      const entry = find(tx.at(log))
      if (entry === undefined) return false
      // A reference stands for a message that its log has not.
      const after = how(messageIn(entry.bytes) ?? inGroup(createMessageId()))
      tx.at(log).replace(entry, messageItem(after))
      return true
    },
  }
  const outcome = await node.engine.run(userActor(uid), transition, undefined)
  if (outcome.kind !== 'done' || !outcome.result) throw new Error(`nothing was changed: ${outcome.kind}`)
}

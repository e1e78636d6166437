/** Post with more than a text: content, an answer, mentions, metadata (PROTOCOL.md, 7.17). */
import t, { type Test } from 'tap'
import { CODES, codeName } from '../../protocol/codes.js'
import {
  type ConversationMessage,
  createMessageId,
  createPostRequest,
  decodeGroupServiceCreateResponse,
  encodeCard,
  encodeConversationMessage,
  encodeCustom,
  encodeItem,
  encodePostRequest,
  GroupRole,
  type Mention,
  type Message,
  type MessageExtra,
  type MessageId,
  type PostRequest,
} from '../../protocol/generated/messages.js'
import { bodyToJson } from '../../protocol/json-codec.js'
import {
  FRAME_TO_SERVER_BYTES_MAX,
  HTTP_JSON_BODY_BYTES_MAX,
  MENTIONS_MAX,
  METADATA_BYTES_MAX,
  TEXT_BYTES_MAX,
  UINT32_MAX,
} from '../../protocol/limits.js'
import { CONTENT_KINDS } from '../../protocol/message-form.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES, type LimitSettings } from '../../src/ops/rate-limits-table.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { groupActor } from '../../src/sync/references.js'
import { groupSaid } from '../../src/sync/rules/group.js'
import { gidOf } from '../../src/sync/rules/group-records.js'
import { numbered } from '../../src/sync/rules/numbered.js'
import { userActor } from '../../src/sync/rules/records.js'
import { MESSAGE_BYTES_MAX } from '../../src/sync/rules/retention.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

const metadata = new Uint8Array([1, 2, 3])
const content = { kind: CONTENT_KINDS.custom, body: encodeCustom({ type: 'poll', data: metadata }) }

/** Alice and her friend Bob in a group of hers. */
async function world(settings: LimitSettings = {}) {
  const off = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))
  const limits = new Limits(systemClock, { ...off, ...settings })
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node', { limits })
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  const invitees = [{ uid: bob.uid }]
  const made = await alice.call(METHODS.groupCreate, { sendSeq: alice.next(), title: 'two', invitees })
  const { conversation } = decodeGroupServiceCreateResponse(made.body)
  await eventually(async () => {
    const shown = (await bob.items()).flatMap(({ item: { content } }) => (content?.case === 'group' ? [content] : []))
    return shown.at(-1)?.value.role === GroupRole.MEMBER
  })
  return { node, alice, bob, direct: `direct:${bob.uid}`, conversation }
}

async function post(device: TestDevice, fields: Partial<PostRequest>): Promise<string> {
  const request = createPostRequest({ sendSeq: device.next(), text: '@bob hello', ...fields })
  return codeName((await device.call(METHODS.post, request)).code)
}

async function messages(device: TestDevice): Promise<(Message | ConversationMessage)[]> {
  return (await device.items()).flatMap(({ item: { content } }) =>
    content?.case === 'message' || content?.case === 'conversationMessage' ? [content.value] : [],
  )
}

async function failures(device: TestDevice): Promise<[number, string][]> {
  return (await device.items()).flatMap(({ item: { content } }) =>
    content?.case === 'failed' ? [[content.value.sendSeq, codeName(content.value.code)]] : [],
  )
}

const mention = (start: number, length: number, uid: number): Mention => ({ start, length, uid })
const numberOf = (message: Message | ConversationMessage | undefined) =>
  message !== undefined && 'number' in message ? message.number : 0

async function isTheSameForBoth(t: Test, alice: TestDevice, bob: TestDevice, expected: object) {
  for (const device of [alice, bob]) {
    await eventually(async () => (await messages(device)).length > 0)
    const [message] = (await messages(device)).slice(-1)
    t.match(message, { text: '@bob hello', ...expected })
  }
}

t.test('content and all that goes with a message come with it, to both', async t => {
  const { alice, bob, direct, conversation } = await world()
  const mentions = [mention(0, 4, bob.uid)]
  const reply = createMessageId({ sender: bob.uid, device: 1, sendSeq: 1 })
  t.equal(await post(alice, { conversation: direct, content, reply, mentions, metadata }), 'OK')
  await isTheSameForBoth(t, alice, bob, { content, extra: { reply, mentions, metadata, forwarded: false } })
  t.match((await messages(alice)).at(-1), { recipient: bob.uid }, 'the own copy')
  t.match((await messages(bob)).at(-1), { recipient: 0 })

  t.equal(await post(alice, { conversation, text: 'first' }), 'OK')
  await eventually(async () => (await messages(alice)).some(({ text }) => text === 'first'))
  const first = createMessageId({ number: numberOf((await messages(alice)).at(-1)) })
  t.equal(await post(alice, { conversation, content, reply: first, mentions, metadata }), 'OK')
  await eventually(async () => (await messages(bob)).length === 3)
  await isTheSameForBoth(t, alice, bob, { content, extra: { reply: first, mentions, metadata } })
  t.same(await failures(alice), [])
})

t.test('a plain text has nothing beside it', async t => {
  const { alice, bob, direct, conversation } = await world()
  for (const to of [direct, conversation]) {
    const known = (await messages(bob)).length
    t.equal(await post(alice, { conversation: to }), 'OK')
    await eventually(async () => (await messages(bob)).length > known)
    await isTheSameForBoth(t, alice, bob, { content: undefined, extra: undefined })
  }
})

t.test('what is not of the right form is refused for good', async t => {
  const { alice, bob, direct, conversation } = await world()
  const bad: [string, Partial<PostRequest>][] = [
    ['BAD_CONTENT', { content: { kind: 0, body: new Uint8Array(0) } }],
    ['BAD_CONTENT', { content: { kind: 9, body: new Uint8Array(0) } }],
    ['BAD_CONTENT', { content: { kind: CONTENT_KINDS.card, body: encodeCard({ uid: 0 }) } }],
    ['BAD_MENTIONS', { mentions: [mention(0, 0, bob.uid)] }],
    ['BAD_MENTIONS', { text: '👋 @bob', mentions: [mention(1, 2, bob.uid)] }],
    ['NO_SUCH_MESSAGE', { reply: createMessageId() }],
  ]
  for (const to of [direct, conversation]) {
    for (const [code, fields] of bad) t.equal(await post(alice, { conversation: to, ...fields }), code)
    const sendSeq = alice.next()
    t.equal(
      await post(alice, { sendSeq, conversation: to, mentions: [mention(0, 5, bob.uid), mention(4, 3, bob.uid)] }),
      'BAD_MENTIONS',
    )
    t.equal(await post(alice, { sendSeq, conversation: to }), 'BAD_MENTIONS', 'the number is used up')
    alice.sendSeq = sendSeq
  }
  const many = Array.from({ length: 101 }, (_, start) => mention(start, 1, bob.uid))
  const invalid = { conversation: direct, text: 'x'.repeat(200) }
  t.equal(await post(alice, { ...invalid, mentions: many }), 'INVALID_ARGUMENT')
  alice.sendSeq -= 1
  t.equal(await post(alice, { ...invalid, metadata: new Uint8Array(1_025) }), 'INVALID_ARGUMENT')
  alice.sendSeq -= 1
  t.equal(await post(alice, { ...invalid, text: '', content }), 'BAD_BODY', 'content needs words')
  alice.sendSeq -= 1
  t.same(await messages(bob), [])
  t.equal(await post(alice, { conversation: direct }), 'OK')
})

t.test('a direct message answers one of the two users, and mentions them', async t => {
  const { alice, bob, direct } = await world()
  const stranger = 2 ** 40
  const answers: [Partial<MessageId>, string][] = [
    [{ sender: alice.uid, device: 1, sendSeq: 1 }, 'OK'],
    [{ sender: bob.uid, device: 1, sendSeq: 1 }, 'OK'],
    [{ sender: stranger, device: 1, sendSeq: 1 }, 'NO_SUCH_MESSAGE'],
    [{ sender: bob.uid, device: 0, sendSeq: 1 }, 'NO_SUCH_MESSAGE'],
    [{ sender: bob.uid, device: 1, sendSeq: 0 }, 'NO_SUCH_MESSAGE'],
    [{ sender: bob.uid, device: 1, sendSeq: 1, number: 1 }, 'NO_SUCH_MESSAGE'],
    [{ number: 1 }, 'NO_SUCH_MESSAGE'],
  ]
  for (const [reply, code] of answers) {
    t.equal(await post(alice, { conversation: direct, reply: createMessageId(reply) }), code, JSON.stringify(reply))
  }
  const named: [number, string][] = [
    [alice.uid, 'OK'],
    [bob.uid, 'OK'],
    [0, 'BAD_MENTIONS'],
    [stranger, 'BAD_MENTIONS'],
  ]
  for (const [uid, code] of named) {
    t.equal(await post(alice, { conversation: direct, mentions: [mention(0, 4, uid)] }), code, `${uid}`)
  }
})

t.test('a message to a group answers what its author may have read', async t => {
  const { alice, bob, conversation } = await world()
  t.equal(await post(alice, { conversation, text: 'first' }), 'OK')
  await eventually(async () => (await messages(bob)).length === 1)
  const number = numberOf((await messages(bob))[0])
  t.equal(await post(bob, { conversation, reply: createMessageId({ number }) }), 'OK')
  t.equal(await post(bob, { conversation, reply: createMessageId({ number, sender: alice.uid }) }), 'NO_SUCH_MESSAGE')
  t.equal(
    await post(bob, { conversation, reply: createMessageId({ number: 1 }) }),
    'NO_SUCH_MESSAGE',
    'before his time',
  )
  t.same(await failures(bob), [])
  t.equal(await post(bob, { conversation, reply: createMessageId({ number: number + 1_000 }) }), 'OK')
  await eventually(async () => (await failures(bob)).length === 1)
  t.same(await failures(bob), [[bob.sendSeq, 'NO_SUCH_MESSAGE']], 'only the group knows that there is none yet')
})

t.test('in a group anybody can be named, and all by admins alone', async t => {
  const { node, alice, bob, conversation } = await world()
  const all = [mention(0, 4, 0)]
  t.equal(await post(bob, { conversation, mentions: [mention(0, 4, 2 ** 40)] }), 'OK')
  t.equal(await post(alice, { conversation, mentions: all }), 'OK')
  t.equal(await post(bob, { conversation, mentions: all }), 'BAD_MENTIONS')
  await eventually(async () => (await messages(bob)).length === 2)

  // His own side may not know yet that he is no admin any more: the group judges again.
  const gid = gidOf(conversation) ?? ''
  const period = (await bob.items()).flatMap(({ item: { content } }) =>
    content?.case === 'group' ? [content.value] : [],
  )
  const extra: MessageExtra = { reply: undefined, mentions: all, metadata: new Uint8Array(0), forwarded: false }
  const value = { ...(await messages(bob)).at(-1), number: 0, sender: bob.uid, extra } as ConversationMessage
  const item = encodeItem({ skip: 0, content: { case: 'conversationMessage', value } })
  const numbers = { device: 1, sendSeq: bob.next() }
  const said = { ...numbers, period: period.at(-1)?.number ?? 0, atMs: 1, item }
  const late = numbered('test.late', tx => {
    tx.effect(groupSaid, groupActor(gid), said)
    return CODES.OK.code
  })
  await node.engine.run(userActor(bob.uid), late, { ...numbers, hash: '12345678' })
  await eventually(async () => (await failures(bob)).length === 1)
  t.same(await failures(bob), [[bob.sendSeq, 'BAD_MENTIONS']])
  t.equal((await messages(bob)).length, 2)
})

t.test('all of a message counts as stored', async t => {
  const body = encodeCustom({ type: 'x', data: new Uint8Array(16_000) })
  const parts: Partial<PostRequest>[] = [
    { content: { kind: CONTENT_KINDS.custom, body } },
    { metadata: new Uint8Array(METADATA_BYTES_MAX) },
    { text: '@'.repeat(99), mentions: Array.from({ length: 90 }, (_, start) => mention(start, 1, 0)) },
  ]
  for (const [index, bytes] of [body.length, METADATA_BYTES_MAX, 90 * 24].entries()) {
    const burst = Math.ceil((2 * bytes) / 1_024) + 1
    const { alice, bob, direct } = await world({ 'stored-user': { amount: 1, unit: 'h', burst } })
    const mentions = parts[index]?.mentions?.map(each => ({ ...each, uid: bob.uid })) ?? []
    const fields = { conversation: direct, ...parts[index], mentions }
    t.equal(await post(alice, fields), 'OK')
    t.equal(await post(alice, fields), 'RATE_LIMITED')
  }
})

t.test('the longest message fits a frame, a body and what retention reckons with', async t => {
  const uid = Number.MAX_SAFE_INTEGER
  const text = `${'\u0001'.repeat(TEXT_BYTES_MAX)}`
  const longest = createPostRequest({
    sendSeq: uid,
    conversation: `group:${'1'.repeat(58)}`,
    text,
    content: { kind: 1, body: encodeCustom({ type: 't'.repeat(64), data: new Uint8Array(16_384) }) },
    reply: { sender: uid, device: UINT32_MAX, sendSeq: uid, number: uid },
    mentions: Array.from({ length: MENTIONS_MAX }, () => mention(UINT32_MAX, UINT32_MAX, uid)),
    metadata: new Uint8Array(METADATA_BYTES_MAX),
  })
  t.ok(encodePostRequest(longest).length < FRAME_TO_SERVER_BYTES_MAX - 64)
  const json = bodyToJson(METHODS.post, 'request', encodePostRequest(longest))
  t.ok(json.length < HTTP_JSON_BODY_BYTES_MAX)
  const { content, reply, mentions, metadata } = longest
  const extra = { reply, mentions, metadata, forwarded: true }
  const ids = { sender: uid, device: UINT32_MAX, sendSeq: uid, atMs: uid, number: uid, state: undefined }
  const value = { ...ids, conversation: longest.conversation, text, content, extra }
  t.ok(encodeConversationMessage(value).length < MESSAGE_BYTES_MAX - 16)
})

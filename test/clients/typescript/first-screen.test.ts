/** A new device draws the account's first screen and begins at the head of the timeline. */
import t from 'tap'
import { type Chat, MemoryStorage } from '../../../clients/typescript/index.js'
import { APPLIED } from '../../../clients/typescript/rules/inbox.js'
import {
  ContactState,
  type ConversationSummary,
  createConversationSummary,
  GroupState,
} from '../../../protocol/generated/messages.js'
import {
  changedItem,
  contactItem,
  conversationState,
  GROUP,
  groupItem,
  groupMessage,
  Harness,
  inState,
  messageItem,
  syncBody,
} from '../../support/client-harness.js'

const HEAD = 500
const FIRST = { firstScreen: true }
const direct = 'direct:300'

const contact = { uid: 300, state: ContactState.FRIEND, account: 'bob', nickname: 'Bob' }

function summary(of: Partial<ConversationSummary> & { conversation: string; version: number }): ConversationSummary {
  return createConversationSummary(of)
}

const BOB = summary({
  conversation: direct,
  version: 480,
  last: messageItem('300/1/9', 'hello'),
  contact: { ...contact, request: 0, blocked: false, greeting: '', stranger: 0, sinceMs: 0 },
  unread: 2,
})

const FRIENDS = summary({
  conversation: GROUP,
  version: 490,
  last: groupMessage(70, '301/1/4', 'who comes?'),
  senderName: 'Dora',
  group: groupValue({ state: GroupState.MEMBER, number: 3, title: 'Friends' }),
  settings: { muted: true, pinned: false, archived: false, unread: false },
  read: 60,
  unread: 3,
  mentions: 1,
  firstMention: 65,
})

function groupValue(group: Parameters<typeof groupItem>[0]) {
  const { content } = groupItem(group)
  return content?.case === 'group' ? content.value : undefined
}

/** A new device, signed in, whose Hello is answered with a head; what it asks is still to be answered. */
async function newDevice(storage = new MemoryStorage()): Promise<Harness> {
  const harness = await Harness.signedIn(storage, FIRST)
  const { since, fromHead } = harness.greet({ head: HEAD, ack: 0 })
  if (since !== 0 || !fromHead) throw new Error(`Hello since ${since}, ${fromHead ? '' : 'not '}from the head`)
  return harness
}

/** The same, with the first screen drawn and all keyed state stored. */
async function drawn(storage?: MemoryStorage): Promise<Harness> {
  const harness = await newDevice(storage)
  harness.pipe.respond('conversations', harness.pipe.takeNext('conversations').id, {
    conversations: [FRIENDS, BOB],
    head: HEAD,
  })
  harness.pipe.respond('sync', harness.pipe.takeNext('sync').id, syncBody(HEAD, false, []))
  await harness.steps()
  harness.pipe.skip()
  return harness
}

const shown = ({ conversation, name, last, lastSender, unread, mentions }: Chat) =>
  `${conversation} ${name}: ${lastSender} ${last?.text ?? last?.change?.act} ${unread}/${mentions}`

t.test('one request draws it, and nothing of before is told', async t => {
  const harness = await newDevice()
  t.same(harness.pipe.peek(), ['conversations', 'sync', 'ack'])
  const { id, request } = harness.pipe.takeNext('conversations')
  t.same(request, { after: 0, limit: 0 })
  harness.pipe.respond('conversations', id, { conversations: [FRIENDS, BOB], next: 480, head: HEAD })
  await harness.steps()
  t.same(harness.client.chats.list().map(shown), [`${GROUP} Friends: Dora who comes? 3/1`, `${direct} Bob:  hello 2/0`])
  t.match(harness.client.chats.get(GROUP), { muted: true, firstMention: 65, account: '' })
  t.equal(harness.of('chats').length, 1)
  t.equal(harness.client.state().applied, HEAD)
  t.same(harness.of('message'), [])

  const more = harness.client.chats.more()
  const next = harness.pipe.takeNext('sync')
  harness.pipe.respond('sync', next.id, syncBody(HEAD, false, []))
  harness.settle()
  const older = harness.pipe.takeNext('conversations')
  t.equal(older.request.after, 480)
  const carol = summary({ conversation: 'direct:302', version: 7, last: messageItem('302/1/1', 'long ago') })
  harness.pipe.respond('conversations', older.id, { conversations: [carol, BOB], head: HEAD })
  t.equal(await harness.until(more), false)
  t.same(
    harness.client.chats.list().map(each => each.conversation),
    [GROUP, direct, 'direct:302'],
  )
  t.equal(await harness.until(harness.client.chats.more()), false)
  t.same(harness.pipe.peek(), [])
})

t.test('keyed state comes in pages as of the head, also after a restart, and gives way to what is newer', async t => {
  const storage = new MemoryStorage()
  const harness = await newDevice(storage)
  harness.pipe.takeNext('conversations')
  const first = harness.pipe.takeNext('sync')
  t.match(first.request, { since: 0, state: true })
  // What comes meanwhile is newer than the page that was made before it.
  harness.pipe.push(HEAD, 501, [contactItem({ ...contact, nickname: 'Robert' })])
  const body = syncBody(200, true, [contactItem(contact), contactItem({ ...contact, uid: 301, nickname: 'Dora' })])
  harness.pipe.respond('sync', first.id, body)
  await harness.steps()
  const second = harness.pipe.takeNext('sync')
  t.match(second.request, { since: 200, state: true })
  t.equal(harness.client.contacts.get(300)?.nickname, 'Robert')

  const again = await Harness.start(storage, FIRST)
  again.client.connect()
  again.settle()
  again.pipe.open()
  const hello = again.greet()
  t.match(hello, { since: 501, fromHead: false })
  t.equal(again.client.contacts.get(301)?.nickname, 'Dora')
  again.pipe.takeNext('conversations')
  const third = again.pipe.takeNext('sync')
  t.match(third.request, { since: 200, state: true })
  // An item above the head comes by the timeline, too.
  const late = contactItem({ uid: 302, state: ContactState.FRIEND, nickname: 'Carol' }, 350)
  const rest = [groupItem({ state: GroupState.MEMBER, title: 'Friends' }), late]
  again.pipe.respond('sync', third.id, syncBody(HEAD + 60, false, rest))
  await again.steps()
  t.equal(again.client.groups.group(GROUP)?.title, 'Friends')
  t.equal(again.client.contacts.get(302), undefined)
  t.notOk(again.pipe.peek().includes('sync'))

  const third2 = await Harness.start(storage, FIRST)
  third2.client.connect()
  third2.settle()
  third2.pipe.open()
  t.match(third2.greet(), { since: 501, fromHead: false })
  t.notOk(third2.pipe.peek().includes('sync'))
})

t.test('an account without anything begins at 0 once, and then takes what comes', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage, FIRST)
  t.equal(harness.client.state().applied, 0)
  const again = await Harness.start(storage, FIRST)
  again.client.connect()
  again.settle()
  again.pipe.open()
  t.match(again.greet({ head: 1 }), { since: 0, fromHead: false })
})

t.test('the list follows what comes, changes, waits, fails and is read', async t => {
  const harness = await drawn()
  const { client, pipe } = harness
  pipe.push(HEAD, 502, [messageItem('300/1/10', 'are you there?'), messageItem('300/1/11', 'hey')])
  await harness.steps()
  t.same(client.chats.list().map(shown), [`${direct} Bob:  hey 4/0`, `${GROUP} Friends: Dora who comes? 3/1`])
  pipe.push(502, 503, [changedItem(inState(messageItem('300/1/11', 'hello!'), { editedAtMs: 5 }))])
  await harness.steps()
  t.equal(client.chats.get(direct).last?.text, 'hello!')

  client.send(GROUP, 'I do')
  harness.settle()
  t.match(client.chats.list()[0], { conversation: GROUP, last: { text: 'I do', state: 'sending' } })
  t.equal(harness.of('chat').at(-1)?.last?.text, 'I do')
  const { id } = pipe.takeNext('post')
  pipe.refuse(id, 'MUTED')
  await harness.steps()
  t.match(client.chats.list()[0], { conversation: GROUP, last: { text: 'I do', state: 'failed' } })

  // Nothing of the group is here: the server counts.
  client.markRead(GROUP, 65)
  const settings = { muted: false, pinned: true, archived: false, unread: false }
  pipe.push(503, 504, [conversationState({ conversation: GROUP, read: 65, settings })])
  await harness.steps()
  const asked = pipe.takeNext('unread').id
  pipe.respond('unread', asked, { unread: 2, mentions: 1, firstMention: 65, read: 60 })
  await harness.steps()
  t.equal(client.chats.get(GROUP).unread, 3, 'it was read on meanwhile: asked once more')
  pipe.respond('unread', pipe.takeNext('unread').id, { unread: 1, mentions: 0, firstMention: 0, read: 65 })
  await harness.steps()
  t.match(client.chats.list()[0], { conversation: GROUP, unread: 1, mentions: 0, pinned: true, muted: false })

  client.markRead(300)
  await harness.steps()
  t.equal(client.chats.get(300).unread, 0, 'what is stored reaches down to what was read')
})

t.test('what the server has lost is drawn again, and what is stored hides no hole', async t => {
  const storage = new MemoryStorage()
  const harness = await drawn(storage)
  harness.pipe.push(HEAD, 501, [messageItem('300/1/10', 'before')])
  await harness.steps()
  harness.pipe.notify(510)
  const { id } = harness.pipe.takeNext('sync')
  harness.pipe.refuse(id, 'RESYNC')
  t.match(harness.reconnect({ head: 2_000_000 }), { since: 0, fromHead: true })
  t.same(harness.of('resync'), [{ forgotten: false }])
  const asked = harness.pipe.takeNext('conversations').id
  const last = messageItem('300/1/12', 'after')
  harness.pipe.respond('conversations', asked, { conversations: [{ ...BOB, version: 1_999_999, last, unread: 1 }] })
  harness.pipe.respond('sync', harness.pipe.takeNext('sync').id, syncBody(2_000_000, false, [contactItem(contact)]))
  await harness.steps()
  t.same(harness.client.chats.list().map(shown), [`${direct} Bob:  after 1/0`])
  t.same(harness.client.groups.list(), [], 'what the state did not name is no more')
  const page = harness.client.history(direct)
  await harness.steps()
  t.match(harness.pipe.takeNext('history').request, { conversation: direct, before: 0 })
  page.catch(() => {})
})

t.test('a Hello that says so begins again as well, by another Hello', async t => {
  const storage = new MemoryStorage()
  await drawn(storage)
  const harness = await Harness.start(storage, FIRST)
  harness.client.connect()
  harness.settle()
  harness.pipe.open()
  t.match(harness.greet({ head: 2_000_000, resync: true }), { since: HEAD, fromHead: false })
  t.match(harness.reconnect({ head: 2_000_000 }), { since: 0, fromHead: true })
  t.equal(harness.client.state().applied, 2_000_000)
})

t.test('where an older version drew it, and knew less, it is drawn again', async t => {
  const storage = new MemoryStorage()
  const older = await drawn(storage)
  older.pipe.push(HEAD, 501, [messageItem('300/1/10', 'before')])
  await older.steps()
  const applied = new Map<string, undefined | number>([
    [APPLIED, undefined],
    ['applied/3', 501],
  ])
  const nothing = { forget: false, messages: [], earlier: [], outcomes: [], rewrites: [], clearings: [] }
  storage.commit({ ...nothing, values: applied }, () => {})
  const harness = await Harness.start(storage, FIRST)
  harness.client.connect()
  harness.settle()
  harness.pipe.open()
  t.match(harness.greet({ head: 600 }), { since: 0, fromHead: true })
  t.same(harness.client.chats.list(), [])
  const page = harness.client.history(direct)
  await harness.steps()
  t.ok(harness.pipe.peek().includes('history'), 'what was stored may have a hole behind it')
  page.catch(() => {})
})

/**
 * Conversations by their ids: direct ones, and others that are no groups, which nothing writes yet and which a client must take when they
 * come. And what is set for them while something that was set before is on its way.
 */
import t from 'tap'
import { MemoryStorage, peerOf } from '../../../clients/typescript/index.js'
import { createItem, createMessageContent, createPreferences, type Item } from '../../../protocol/generated/messages.js'
import {
  conversationItem,
  conversationState,
  Harness,
  messageItem,
  rejectionOf,
  UID,
} from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'

t.test('a direct conversation is named by its id or by the other user, and told with both', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 2, [messageItem('300/2/7', 'hi'), messageItem(`${UID}/5/1`, 'own', { recipient: 300 })])
  harness.settle()
  t.match(harness.of('message'), [
    { conversation: 'direct:300', peer: 300, content: { kind: 'text', text: 'hi' }, text: 'hi' },
    { conversation: 'direct:300', peer: 300, content: { kind: 'text', text: 'own' }, text: 'own' },
  ])
  const [first] = harness.of('message')
  const sent = harness.client.send(first?.conversation ?? 0, 'one')
  t.match(sent, { conversation: 'direct:300', peer: 300, content: { kind: 'text', text: 'one' }, text: 'one' })
  harness.settle()
  t.match(harness.pipe.take('send').request, { sendSeq: 1, to: 300, text: 'one' })
  t.match(harness.of('messageState'), [{ conversation: 'direct:300', peer: 300, state: 'sending' }])
  const byUid = await harness.client.history(300)
  t.same(await harness.client.history('direct:300'), byUid)
  t.same(
    byUid.messages.map(each => each.text),
    ['hi', 'own', 'one'],
  )
  harness.client.markRead('direct:300')
  t.equal(await harness.client.unread('direct:300'), 0)
})

t.test('a message of another conversation is stored under its id and told, and no direct one is touched', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  storage.fast = false
  harness.pipe.push(0, 3, [
    messageItem('300/2/70'),
    conversationItem('room:9', '300/2/3', 'all'),
    messageItem('300/2/71'),
  ])
  harness.settle()
  t.same(harness.of('message'), [], 'not before it is stored')
  storage.release()
  harness.settle()
  t.match(harness.of('message'), [
    { conversation: 'direct:300' },
    {
      conversation: 'room:9',
      peer: 0,
      sender: 300,
      device: 2,
      sendSeq: 3,
      atMs: 1000,
      text: 'all',
      state: 'received',
    },
    { conversation: 'direct:300' },
  ])
  t.equal(peerOf('room:9'), undefined)
  // Numbers that are no direct message's are named in no mark.
  storage.fast = true
  harness.advance(250)
  t.same(harness.pipe.takeAck(), { version: 3, delivered: [{ peer: 300, device: 2, sendSeq: 71 }], read: [] })
  harness.client.markRead(300)
  harness.settle()
  t.equal(await harness.client.unread('room:9'), 1)
  t.equal(await harness.client.unread(300), 0)
  harness.advance(250)
  t.same(harness.pipe.takeAck(), { version: 0, delivered: [], read: [{ peer: 300, device: 2, sendSeq: 71 }] })
  t.match((await harness.client.history('room:9')).messages, [{ conversation: 'room:9', text: 'all' }])
})

t.test('it is shown once, in whatever order with direct ones, also after a restart and a resync', async t => {
  const storage = new MemoryStorage()
  const items = [
    conversationItem('room:9', '300/2/1', 'a'),
    conversationItem('room:9', '300/2/1', 'a'),
    conversationItem('room:10', '300/2/1', 'a in another'),
    conversationItem('room:9', '301/1/1', 'b'),
    conversationItem('room:9', `${UID}/1/1`, 'own'),
  ]
  const first = await Harness.online(storage)
  first.pipe.push(0, 5, items)
  first.settle()
  const told = (harness: Harness): string[] => harness.of('message').map(each => `${each.conversation} ${each.text}`)
  t.same(told(first), ['room:9 a', 'room:10 a in another', 'room:9 b', 'room:9 own'])
  t.match(first.of('message').at(-1), { state: 'accepted', sender: UID })
  first.client.markRead('room:9')
  first.settle()

  const second = await Harness.start(storage)
  t.equal(await second.client.unread('room:9'), 0)
  t.equal(await second.client.unread('room:10'), 1)
  second.client.connect()
  second.settle()
  second.pipe.open()
  t.equal(second.greet({ resync: true, head: 6 }).since, 5)
  second.pipe.push(0, 6, [...items, conversationItem('room:9', '301/1/2', 'c')])
  second.settle()
  t.same(told(second), ['room:9 c'])
  t.equal(await second.client.unread('room:9'), 1)
  t.same(
    (await second.client.history('room:9')).messages.map(each => each.text),
    ['a', 'b', 'own', 'c'],
  )
})

t.test('an id that is none, or that would be a direct one, is skipped, and its version counts', async t => {
  const harness = await Harness.online()
  const forged: Item[] = [
    'direct:300',
    'direct:301',
    '',
    '300',
    'room',
    `room:${'x'.repeat(60)}`,
    'Room:9',
    'a:b/c',
  ].map((id, at) => conversationItem(id, `666/1/${at + 1}`, 'forged'))
  harness.pipe.push(0, forged.length + 1, [...forged, messageItem('300/2/7', 'true')])
  harness.settle()
  t.same(
    harness.of('message').map(each => each.text),
    ['true'],
  )
  t.match(harness.client.state(), { applied: forged.length + 1, durable: forged.length + 1 })
  for (const uid of [300, 301, 666]) {
    const { messages } = await harness.client.history(uid)
    t.notOk(
      messages.some(each => each.text === 'forged'),
      String(uid),
    )
  }
})

t.test('content of a kind that nobody knows yet is kept as it is, with its text in words', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  const content = createMessageContent({ kind: 900, body: Uint8Array.of(1, 2, 3) })
  const direct = messageItem('300/2/7', 'a picture')
  if (direct.content?.case === 'message') direct.content.value.content = content
  harness.pipe.push(0, 3, [
    direct,
    conversationItem('room:9', '300/2/8', '', content),
    conversationItem('room:9', '300/2/9', 'text after all', createMessageContent()),
  ])
  harness.settle()
  const unknown = { kind: 'unknown', number: 900, body: Uint8Array.of(1, 2, 3) }
  const expected = [
    { text: 'a picture', content: { ...unknown, text: 'a picture' } },
    { text: '', content: { ...unknown, text: '' } },
    { text: 'text after all', content: { kind: 'text', text: 'text after all' } },
  ]
  t.match(harness.of('message'), expected)
  const again = await Harness.start(storage)
  const kept = [await again.client.history(300), await again.client.history('room:9')]
  t.match(
    kept.flatMap(each => each.messages),
    expected,
  )
})

const PLAIN = { muted: false, pinned: false, archived: false, unread: false }

t.test('what is left out of settings comes from the newest request for them that waits for its answer', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  void client.conversations.set(300, { muted: true })
  void client.conversations.set(301, { archived: true })
  void client.conversations.set('direct:300', { pinned: true })
  void client.conversations.set(300, { pinned: false, unread: true })
  void client.conversations.setPreferences({ noReceipts: true })
  void client.conversations.setPreferences({ askBeforeGroups: true })
  harness.settle()
  const [settings, preferences] = [() => pipe.take('setConversation'), () => pipe.take('setPreferences')]
  const first = settings()
  t.same(first.request.settings, { ...PLAIN, muted: true })
  t.same(settings().request.settings, { ...PLAIN, archived: true }, 'nothing of another conversation')
  t.same(settings().request.settings, { ...PLAIN, muted: true, pinned: true })
  t.same(settings().request.settings, { ...PLAIN, muted: true, unread: true })
  t.same(preferences().request.preferences, {
    noReceipts: true,
    askBeforeGroups: false,
    noPresence: false,
    friendsOnly: false,
  })
  t.same(preferences().request.preferences, {
    noReceipts: true,
    askBeforeGroups: true,
    noPresence: false,
    friendsOnly: false,
  })
  // The item of the first comes while the last is on its way.
  const value = { conversation: 'direct:300', settings: { ...PLAIN, muted: true } }
  pipe.push(0, 1, [conversationState(value)])
  pipe.respond('setConversation', first.id)
  void client.conversations.set(300, { archived: true })
  harness.settle()
  while (pipe.peek()[0] === 'ack') pipe.takeAck()
  t.same(settings().request.settings, { ...PLAIN, muted: true, archived: true, unread: true })
})

t.test('what was set offline and before a restart is not lost by what is set after it', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  harness.pipe.end()
  void harness.client.conversations.set(300, { muted: true })
  void harness.client.conversations.setPreferences({ noReceipts: true })
  harness.settle()
  const again = await Harness.start(storage)
  void again.client.conversations.set(300, { pinned: true })
  void again.client.conversations.setPreferences({ askBeforeGroups: true })
  again.settle()
  again.client.connect()
  again.settle()
  again.reconnect()
  const { pipe } = again
  while (pipe.peek()[0] === 'ack') pipe.takeAck()
  t.same(pipe.take('setConversation').request.settings, { ...PLAIN, muted: true })
  t.same(pipe.take('setPreferences').request.preferences, {
    noReceipts: true,
    askBeforeGroups: false,
    noPresence: false,
    friendsOnly: false,
  })
  t.same(pipe.take('setConversation').request.settings, { ...PLAIN, muted: true, pinned: true })
  t.same(pipe.take('setPreferences').request.preferences, {
    noReceipts: true,
    askBeforeGroups: true,
    noPresence: false,
    friendsOnly: false,
  })
})

t.test('what is left out comes from what the server took last, until an item comes', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  first.pipe.end()
  void first.client.conversations.set(300, { muted: true })
  void first.client.conversations.setPreferences({ noReceipts: true })
  first.settle()
  const harness = await Harness.start(storage)
  const { client } = harness
  client.connect()
  harness.settle()
  harness.reconnect()
  const { pipe } = harness
  const answered = (): unknown[] => {
    harness.settle()
    while (pipe.peek()[0] === 'ack') pipe.takeAck()
    const settings = pipe.take('setConversation')
    const preferences = pipe.take('setPreferences')
    pipe.respond('setConversation', settings.id)
    pipe.respond('setPreferences', preferences.id)
    return [settings.request.settings, preferences.request.preferences]
  }
  t.same(answered(), [
    { ...PLAIN, muted: true },
    { noReceipts: true, askBeforeGroups: false, noPresence: false, friendsOnly: false },
  ])
  void client.conversations.set(300, { pinned: true })
  void client.conversations.setPreferences({ askBeforeGroups: true })
  t.same(answered(), [
    { ...PLAIN, muted: true, pinned: true },
    { noReceipts: true, askBeforeGroups: true, noPresence: false, friendsOnly: false },
  ])
  // Of another device.
  pipe.push(0, 2, [
    conversationState({ conversation: 'direct:300', settings: { ...PLAIN, archived: true } }),
    createItem({ content: { case: 'preferences', value: createPreferences() } }),
  ])
  void client.conversations.set(300, { unread: true })
  void client.conversations.setPreferences({ askBeforeGroups: true })
  t.same(answered(), [
    { ...PLAIN, archived: true, unread: true },
    { noReceipts: false, askBeforeGroups: true, noPresence: false, friendsOnly: false },
  ])
})

t.test('settings that were refused are not taken up by the next ones', async t => {
  const harness = await Harness.online()
  const { client, pipe } = harness
  // Of a lower number, and unanswered: what is refused behind it stands in the send queue still.
  client.send(300, 'hello')
  const refused = [
    client.conversations.set(300, { muted: true }),
    client.conversations.setPreferences({ noReceipts: true }),
  ]
  harness.settle()
  pipe.take('send')
  pipe.refuse(pipe.take('setConversation').id, 'UNKNOWN_USER')
  pipe.refuse(pipe.take('setPreferences').id, 'NOT_ALLOWED')
  t.same(await Promise.all(refused.map(rejectionOf)), ['UNKNOWN_USER', 'NOT_ALLOWED'])
  void client.conversations.set(300, { pinned: true })
  void client.conversations.setPreferences({ askBeforeGroups: true })
  harness.settle()
  t.same(pipe.take('setConversation').request.settings, { ...PLAIN, pinned: true })
  t.same(pipe.take('setPreferences').request.preferences, {
    noReceipts: false,
    askBeforeGroups: true,
    noPresence: false,
    friendsOnly: false,
  })
})

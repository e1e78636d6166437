import t from 'tap'
import { MemoryStorage } from '../../../clients/typescript/index.js'
import { CODES, codeText } from '../../../protocol/codes.js'
import { createItem, type Item } from '../../../protocol/generated/messages.js'
import {
  answer,
  conversationState,
  Harness,
  messageItem,
  reasonOf,
  refused,
  rejectionOf,
  sessionOf,
  UID,
} from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'
import { ManualClock } from '../../support/manual-clock.js'

t.test('a message goes from queued to accepted; its answer is the push of its own copy', async t => {
  const harness = await Harness.online()
  const message = harness.client.send(300, 'hello')
  t.equal(message.state, 'queued')
  t.equal(message.sendSeq, 1)
  t.same(harness.pipe.peek(), [])
  harness.settle()
  t.equal(message.state, 'sending')
  const { id, request } = harness.pipe.take('send')
  t.same(request, { sendSeq: 1, to: 300, text: 'hello' })
  harness.pipe.respond('send', id, { version: 1 })
  t.equal(message.state, 'accepted')
  t.equal(harness.client.state().applied, 1)
  t.same(harness.statesOf(1), ['sending', 'accepted'])
  const { messages } = await harness.client.history(300)
  t.match(messages, [{ sender: UID, device: 1, sendSeq: 1, text: 'hello', state: 'accepted' }])
})

t.test('what one tick sends leaves in one write, in order, after one commit', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  storage.fast = false
  for (let i = 0; i < 70; i++) harness.client.send(300, `m${i}`)
  harness.settle()
  t.equal(storage.waiting, true)
  t.same(harness.pipe.peek(), [])
  const writes = harness.pipe.writes.length
  storage.release()
  harness.settle()
  t.equal(storage.waiting, false)
  t.equal(harness.pipe.writes.length, writes + 1)
  // The window: 64 numbers from the lowest unanswered on.
  t.equal(harness.pipe.peek().length, 64)
  t.equal(harness.pipe.take('send').request.sendSeq, 1)
})

t.test('a message that was not stored before the crash was never transmitted', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  storage.fast = false
  harness.client.send(300, 'lost')
  harness.settle()
  t.same(harness.pipe.peek(), [])
  const after = await Harness.start(storage.afterCrash())
  t.equal(after.client.state().nextSendSeq, 1)
})

t.test('after a restart the send queue follows Hello in the same write, and a late own copy settles it', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  first.client.send(300, 'one')
  first.client.send(301, 'two')
  first.settle()
  const second = await Harness.start(storage)
  second.client.connect()
  second.settle()
  second.pipe.open()
  t.equal(second.pipe.writes.length, 1)
  t.same(second.pipe.peek(), ['hello', 'send', 'send'])
  // The server had both, and answered neither: the page has the first, the repeat's answer is for the second.
  const hello = second.pipe.take('hello')
  t.equal(hello.request.since, 0)
  const [one, two] = [second.pipe.take('send'), second.pipe.take('send')]
  t.same([one.request.text, two.request.text], ['one', 'two'])
  second.pipe.respond('hello', hello.id, { uid: UID, device: 1, storeId: Uint8Array.of(1, 2, 3, 4), lastSendSeq: 2 })
  second.pipe.push(0, 1, [messageItem(`${UID}/1/1`, 'one', { recipient: 300 })])
  t.same(second.statesOf(1), ['sending', 'accepted'])
  second.pipe.receive(answer('send', one.id, { version: 0 }), answer('send', two.id, { version: 0 }))
  t.same(second.statesOf(1), ['sending', 'accepted'])
  t.same(second.statesOf(2), ['sending', 'accepted'])
  second.pipe.push(1, 2, [messageItem(`${UID}/1/2`, 'two', { recipient: 301 })])
  t.same(second.of('message'), [])
  t.equal((await second.client.history(301)).messages.length, 1)
  t.same(second.client.state().sendQueue, [])
})

t.test('an own message that is there before its copy is cleared with its conversation', async t => {
  const storage = new MemoryStorage()
  const texts = async (harness: Harness) => (await harness.client.history(300)).messages.map(({ text }) => text)
  const cleared = (upTo: number) => conversationState({ conversation: 'direct:300', cleared: upTo })
  const sent = (sendSeq: number, text: string) => messageItem(`${UID}/1/${sendSeq}`, text, { recipient: 300 })
  const first = await Harness.online(storage)
  for (const text of ['one', 'two', 'three', 'four']) first.client.send(300, text)
  first.client.send(301, 'to another')
  first.client.send(300, 'above')
  first.settle()
  // Those to repeats name no versions.
  for (const version of [0, 0, 0, 0, 0, 9]) first.pipe.respond('send', first.pipe.take('send').id, { version })
  first.settle()
  // Its copy came, and gives it a version.
  first.pipe.push(0, 2, [sent(1, 'one'), sent(2, 'two')])
  first.settle()
  first.pipe.push(2, 3, [cleared(1)])
  first.settle()
  t.same(await texts(first), ['two', 'above'], 'of the others nobody knows whether they are above')
  // The program ends, and knows as much afterwards.
  const second = await Harness.start(storage)
  second.client.connect()
  second.settle()
  second.pipe.open()
  second.greet()
  // The third was below, so its copy is not there; the fourth was above.
  second.pipe.push(3, 5, [sent(4, 'four'), cleared(2)])
  second.settle()
  t.same(await texts(second), ['above', 'four'])
  t.same(
    second.of('message').map(({ text }) => text),
    ['four'],
  )
  second.pipe.push(5, 6, [messageItem(`${UID}/1/5`, 'to another', { recipient: 301 })])
  second.settle()
  t.equal((await second.client.history(301)).messages.length, 1, 'and is not told again')
  t.equal(second.of('message').length, 1)
})

t.test('to clear a conversation is to delete own messages, too, whose copies are still to come', async t => {
  const harness = await Harness.online()
  for (const to of [300, 300, 301]) harness.client.send(to, 'hello')
  harness.settle()
  harness.pipe.respond('send', harness.pipe.take('send').id, { version: 0 })
  // Of a timeline whose item before is not here yet.
  harness.pipe.respond('send', harness.pipe.take('send').id, { version: 9 })
  harness.pipe.respond('send', harness.pipe.take('send').id, { version: 0 })
  harness.settle()
  harness.pipe.take('sync')
  const cleared = harness.client.messages.clear(300)
  harness.settle()
  const { id, request } = harness.pipe.take('clear')
  t.match(request, { conversation: 'direct:300', upTo: 1 })
  harness.pipe.respond('clear', id, {})
  const deletions = [harness.pipe.take('delete'), harness.pipe.take('delete')]
  t.same(
    deletions.map(each => each.request.messages.map(({ sendSeq }) => sendSeq)),
    [[1], [2]],
  )
  // One was below what was cleared; it is not there to be deleted.
  harness.pipe.receive(refused(deletions[0]?.id ?? 0, 'NO_SUCH_MESSAGE'))
  harness.pipe.respond('delete', deletions[1]?.id ?? 0, {})
  harness.settle()
  t.equal(await cleared, undefined)
  t.same(harness.pipe.peek(), [])
})

t.test(
  'an answer that was lost with its connection is asked for again; nothing is sent twice under two numbers',
  async t => {
    const harness = await Harness.online()
    harness.client.send(300, 'once')
    harness.settle()
    t.equal(harness.pipe.take('send').request.sendSeq, 1)
    harness.pipe.end()
    harness.client.send(300, 'offline')
    harness.settle()
    harness.reconnect({ lastSendSeq: 1 })
    t.same(
      [harness.pipe.take('send').request, harness.pipe.take('send').request].map(each => [each.sendSeq, each.text]),
      [
        [1, 'once'],
        [2, 'offline'],
      ],
    )
  },
)

t.test('answers of an earlier connection are not heard', async t => {
  const harness = await Harness.online()
  const message = harness.client.send(300, 'hello')
  harness.settle()
  const { id } = harness.pipe.take('send')
  const old = harness.pipe
  old.end()
  harness.reconnect()
  old.receive(answer('send', id, { version: 1 }))
  t.equal(message.state, 'sending')
})

t.test('a final refusal fails the message with its code; it stays in the history as failed', async t => {
  const harness = await Harness.online()
  const message = harness.client.send(300, 'hello')
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('send').id, 'NOT_FRIEND')
  t.equal(message.state, 'failed')
  t.equal(message.code, CODES.NOT_FRIEND.code)
  t.same(harness.statesOf(1), ['sending', 'failed'])
  t.match((await harness.client.history(300)).messages, [{ sendSeq: 1, state: 'failed', code: CODES.NOT_FRIEND.code }])
  harness.client.send(300, 'next')
  harness.settle()
  t.equal(harness.pipe.take('send').request.sendSeq, 2)
})

t.test('"retry" keeps the number and waits as long as the server says; what was behind it waits too', async t => {
  const harness = await Harness.online()
  for (const text of ['a', 'b', 'c']) harness.client.send(300, text)
  harness.settle()
  const ids = ['a', 'b', 'c'].map(() => harness.pipe.take('send').id)
  harness.pipe.receive(
    refused(ids[0] ?? 0, 'OVERLOADED', 3_000),
    refused(ids[1] ?? 0, 'GAP', 0, { expectedSendSeq: 1 }),
    refused(ids[2] ?? 0, 'GAP', 0, { expectedSendSeq: 1 }),
  )
  harness.advance(2_999)
  t.same(harness.pipe.peek(), [])
  harness.advance(1_000)
  t.same(harness.pipe.peek(), ['send'])
  const first = harness.pipe.take('send')
  t.equal(first.request.sendSeq, 1)
  harness.pipe.respond('send', first.id, { version: 1 })
  t.same(
    ['b', 'c'].map(() => harness.pipe.take('send').request.sendSeq),
    [2, 3],
  )
})

t.test('GAP goes back at once', async t => {
  const harness = await Harness.online()
  for (const text of ['a', 'b']) harness.client.send(300, text)
  harness.settle()
  harness.pipe.take('send')
  harness.pipe.refuse(harness.pipe.take('send').id, 'GAP', 0, { expectedSendSeq: 1 })
  t.same([harness.pipe.take('send').request.text, harness.pipe.take('send').request.text], ['a', 'b'])
})

t.test('a server that was put back is told that the numbers between are void', async t => {
  const harness = await Harness.online(undefined, {}, { lastSendSeq: 20 })
  harness.pipe.end()
  harness.client.send(300, 'next')
  harness.settle()
  harness.reconnect({ lastSendSeq: 15 })
  // Behind Hello the message went before anybody knew; now the Void, and the message again.
  t.same(harness.pipe.peek(), ['send', 'void', 'send'])
  const early = harness.pipe.take('send')
  t.same(harness.pipe.take('void').request, { sendSeq: 16, count: 5 })
  harness.pipe.refuse(early.id, 'GAP', 0, { expectedSendSeq: 16 })
  t.same(harness.pipe.peek(), ['send'])
})

t.test('a storage that was put back goes on above the server, and repeats what it has', async t => {
  const harness = await Harness.online()
  harness.client.send(300, 'old')
  harness.settle()
  harness.pipe.end()
  harness.reconnect({ lastSendSeq: 9 })
  harness.pipe.refuse(harness.pipe.take('send').id, 'SEQ_REUSED')
  t.same(harness.statesOf(1), ['sending', 'failed'])
  t.equal(harness.client.send(300, 'new').sendSeq, 10)
})

t.test('a request that the server cannot take is voided and fails', async t => {
  const harness = await Harness.online()
  const request = harness.client.contacts.request(300)
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('contactRequest').id, 'UNKNOWN_METHOD')
  await t.rejects(request, { code: CODES.UNKNOWN_METHOD.code })
  t.same(harness.pipe.take('void').request, { sendSeq: 1, count: 1 })
})

t.test('SETTLED fails a message with an unknown outcome; its own copy says that it had arrived', async t => {
  const harness = await Harness.online()
  const message = harness.client.send(300, 'hello')
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('send').id, 'SETTLED')
  t.equal(message.state, 'failed')
  harness.pipe.push(0, 4, [messageItem(`${UID}/1/1`, 'hello', { skip: 3, recipient: 300 })])
  t.equal(message.state, 'accepted')
  t.same(harness.statesOf(1), ['sending', 'failed', 'accepted'])
  t.same(harness.of('message'), [])
  t.match((await harness.client.history(300)).messages, [{ state: 'accepted', code: 0 }])
})

t.test('another device number fails what was under way; numbers go on from the new device’s', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  first.client.send(300, 'unknown')
  const request = first.client.contacts.request(301)
  first.settle()
  first.pipe.closeNotice('SESSION_REVOKED')
  void first.client.account.login({ account: 'ann', password: 'correct horse' })
  first.settle()
  first.pipe.open()
  const [hello, login] = [first.pipe.take('hello'), first.pipe.take('login')]
  first.pipe.receive(
    answer('hello', hello.id),
    answer('login', login.id, { session: sessionOf({ device: 2, lastSendSeq: 40, boundAttempt: 12 }) }),
  )
  await t.rejects(request, { message: codeText(CODES.SETTLED.code) })
  t.same(first.of('messageState').at(-1), {
    conversation: 'direct:300',
    peer: 300,
    device: 1,
    sendSeq: 1,
    state: 'failed',
    code: CODES.SETTLED.code,
    reason: 'SETTLED',
  })
  t.equal(first.greet({ device: 2, lastSendSeq: 40 }).attempt, 13)
  t.equal(first.client.send(300, 'again').sendSeq, 41)
  t.match(first.client.state(), { device: 2, sendQueue: [{ sendSeq: 41 }] })

  // A backup was restored, in which the device is the old one still: its numbers were given, and are not given again.
  first.pipe.closeNotice('SESSION_REVOKED')
  void first.client.account.login({ account: 'ann', password: 'correct horse' })
  first.settle()
  first.pipe.open()
  const again = [first.pipe.take('hello'), first.pipe.take('login')] as const
  first.pipe.receive(answer('hello', again[0].id), answer('login', again[1].id, { session: sessionOf() }))
  first.greet()
  t.equal(first.client.send(300, 'once more').sendSeq, 3)
})

t.test('a session that ended keeps the send queue; the same device goes on with it after a new login', async t => {
  const harness = await Harness.online()
  harness.client.send(300, 'waits')
  harness.settle()
  harness.pipe.closeNotice('TOKEN_EXPIRED')
  t.match(harness.of('sessionEnded'), [{ code: CODES.TOKEN_EXPIRED.code, reason: 'TOKEN_EXPIRED' }])
  t.equal(
    reasonOf(() => harness.client.connect()),
    'NOT_SIGNED_IN',
  )
  harness.client.send(300, 'waits too')
  harness.settle()
  void harness.client.account.login({ account: 'ann', password: 'correct horse' })
  harness.settle()
  harness.pipe.open()
  const [hello, login] = [harness.pipe.take('hello'), harness.pipe.take('login')]
  harness.pipe.receive(answer('hello', hello.id), answer('login', login.id, { session: sessionOf() }))
  harness.greet()
  t.same(
    [harness.pipe.take('send').request, harness.pipe.take('send').request].map(each => [each.sendSeq, each.text]),
    [
      [1, 'waits'],
      [2, 'waits too'],
    ],
  )
})

t.test('a message refused on the other side fails after it was accepted', async t => {
  const harness = await Harness.online()
  const message = harness.client.send(300, 'hello')
  harness.settle()
  harness.pipe.respond('send', harness.pipe.take('send').id, { version: 1 })
  const failed = { device: 1, sendSeq: 1, recipient: 300, conversation: '', code: CODES.BLOCKED.code }
  harness.pipe.push(1, 2, [createItem({ content: { case: 'failed', value: failed } })])
  t.equal(message.state, 'failed')
  t.equal(message.code, CODES.BLOCKED.code)
  t.same(harness.statesOf(1), ['sending', 'accepted', 'failed'])
  t.match((await harness.client.history(300)).messages, [{ state: 'failed', code: CODES.BLOCKED.code }])
})

t.test('the failure of another own device is told of a message that is known here, not of an act', async t => {
  const harness = await Harness.online()
  const failedItem = (sendSeq: number): Item => {
    const failed = { device: 2, sendSeq, recipient: 300, conversation: '', code: CODES.BLOCKED.code }
    return createItem({ content: { case: 'failed', value: failed } })
  }
  harness.pipe.push(0, 3, [messageItem(`${UID}/2/1`, 'hello', { recipient: 300 }), failedItem(1), failedItem(2)])
  harness.settle()
  t.same(harness.statesOf(1), ['failed'])
  t.same(harness.statesOf(2), [])
  t.match((await harness.client.history(300)).messages, [{ text: 'hello', state: 'failed' }])
})

t.test('requests with a password are not stored; after a restart their number is voided', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  void first.client.account.changePassword('old password', 'new password')
  first.client.send(300, 'behind it')
  first.settle()
  t.same(first.pipe.peek(), ['changePassword', 'send'])
  storage.open((_, values) => t.notMatch(JSON.stringify([...values]), 'password'))
  const second = await Harness.start(storage)
  second.client.connect()
  second.settle()
  second.pipe.open()
  t.same(second.pipe.peek(), ['hello', 'void', 'send'])
})

t.test('what cannot be sent is refused at once and uses no number', async t => {
  const harness = await Harness.online(undefined, { queueMax: 2 })
  const { client } = harness
  t.equal(
    reasonOf(() => client.send(300, '')),
    'INVALID_ARGUMENT',
  )
  t.equal(
    reasonOf(() => client.send(0, 'x')),
    'INVALID_ARGUMENT',
  )
  t.equal(
    reasonOf(() => client.send(1.5, 'x')),
    'INVALID_ARGUMENT',
  )
  t.equal(
    reasonOf(() => client.send(300, 'é'.repeat(8193))),
    'TEXT_TOO_LONG',
  )
  for (const half of ['\ud800', 'x\udc00', '\ud83d.\ude00'])
    t.equal(
      reasonOf(() => client.send(300, half)),
      'INVALID_ARGUMENT',
    )
  t.equal(await rejectionOf(client.contacts.accept(300)), 'NO_CONTACT_REQUEST')
  t.equal(await rejectionOf(client.contacts.request(300, 'x'.repeat(257))), 'INVALID_ARGUMENT')
  t.equal(client.send(300, 'é'.repeat(8192)).sendSeq, 1)
  t.equal(client.send(300, '\ud83d\ude00').sendSeq, 2)
  t.equal(
    reasonOf(() => client.send(300, 'one too many')),
    'QUEUE_FULL',
  )
  harness.settle()
  harness.pipe.take('send')
  t.equal(harness.pipe.take('send').request.text, '\ud83d\ude00')
  const stranger = await Harness.start()
  t.equal(
    reasonOf(() => stranger.client.send(300, 'x')),
    'NOT_SIGNED_IN',
  )
})

t.test('a contact request resolves when the server took it; nobody need listen to a refusal', async t => {
  const harness = await Harness.online()
  const request = harness.client.contacts.request(300, 'hi')
  void harness.client.contacts.remove(301)
  harness.settle()
  const { id, request: body } = harness.pipe.take('contactRequest')
  t.same(body, { sendSeq: 1, uid: 300, greeting: 'hi' })
  harness.pipe.respond('contactRequest', id)
  harness.pipe.refuse(harness.pipe.take('contactRemove').id, 'NOT_FRIEND')
  await request
})

t.test('a storage that fails stops the client: it promises nothing more', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  storage.fast = false
  const message = harness.client.send(300, 'hello')
  harness.settle()
  storage.fail(new Error('the disk is full'))
  harness.settle()
  t.equal(message.state, 'failed')
  t.match(harness.of('storageFailed'), [{ error: { message: 'the disk is full' } }])
  t.same(harness.of('connection').at(-1), { state: 'stopped', reason: 'STORAGE_FAILED' })
  t.equal(harness.pipe.closedByClient, true)
  t.equal(
    reasonOf(() => harness.client.send(300, 'x')),
    'STORAGE_FAILED',
  )
  await harness.client.close()
})

t.test('a message has the time of the server, however far off the clock of the device is', async t => {
  const DAY_MS = 86_400_000
  const deviceMs = new ManualClock().now()
  for (const serverTimeMs of [deviceMs + DAY_MS, deviceMs - DAY_MS]) {
    const harness = await Harness.online(new MemoryStorage(), {}, {}, { serverTimeMs })
    harness.clock.advance(1_000)
    t.equal(harness.client.send(300, 'hello').atMs, serverTimeMs + 1_000)
    t.equal(harness.client.serverTime(), serverTimeMs + 1_000)
  }
  // What the way of the answer took is no difference, and a server may tell no time.
  for (const serverTimeMs of [deviceMs - 1_000, 0]) {
    const harness = await Harness.online(new MemoryStorage(), {}, {}, { serverTimeMs })
    t.equal(harness.client.serverTime(), harness.clock.now())
  }
})

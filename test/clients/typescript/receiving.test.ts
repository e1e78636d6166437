import t from 'tap'
import { MemoryStorage } from '../../../clients/typescript/index.js'
import { ContactState, createItem, type Item } from '../../../protocol/generated/messages.js'
import { answer, contactItem, Harness, messageItem, STORE_ID, UID } from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'

const delivered = (peer: number, sendSeq: number): Item =>
  createItem({ content: { case: 'delivered', value: { peer, marks: [{ device: 1, sendSeq }] } } })
const read = (peer: number, own: boolean, device: number, sendSeq: number): Item =>
  createItem({ content: { case: 'read', value: { peer, own, marks: [{ device, sendSeq }] } } })

t.test('a message is told when it is stored, once, and acknowledged at once with its mark', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage, { ackDelayMs: 250 })
  storage.fast = false
  harness.pipe.push(0, 1, [messageItem('300/2/7', 'hi')])
  t.same(harness.of('message'), [])
  t.match(harness.client.state(), { applied: 1, durable: 0 })
  storage.release()
  harness.settle()
  t.match(harness.of('message'), [
    { peer: 300, sender: 300, device: 2, sendSeq: 7, text: 'hi', state: 'received', atMs: 1000 },
  ])
  t.same(harness.pipe.peek(), [])
  harness.advance(10)
  t.same(harness.pipe.takeAck(), { version: 1, delivered: [{ peer: 300, device: 2, sendSeq: 7 }], read: [] })
  harness.advance(10_000)
  t.same(harness.pipe.peek(), [])
})

/** The ack without marks that goes with the next message, after a pause. */
function ackWithSend(harness: Harness): ReturnType<Harness['pipe']['takeAck']> {
  harness.advance(30_000)
  t.same(harness.pipe.peek(), [])
  harness.client.send(300, 'a message')
  harness.settle()
  const { id } = harness.pipe.take('send')
  const ack = harness.pipe.takeAck()
  harness.pipe.respond('send', id)
  return ack
}

/** A client that has two messages and connects again; the answer to its Hello names this head. */
async function reconnected(head: number): Promise<Harness> {
  const harness = await Harness.online(new MemoryStorage(), { ackDelayMs: 250 })
  harness.pipe.push(0, 2, [messageItem('300/2/7'), messageItem('300/2/8')])
  harness.pipe.end()
  while (harness.client.state().phase === 'waiting') harness.advance(100)
  harness.pipe.open()
  const { id } = harness.pipe.take('hello')
  harness.pipe.receive(answer('hello', id, { uid: UID, device: 1, storeId: STORE_ID, head }))
  return harness
}

t.test('acknowledges nothing above what this connection has named, though it has more', async t => {
  const harness = await reconnected(2)
  harness.advance(10_000)
  t.match(harness.pipe.takeAck(), { version: 0, delivered: [{ sendSeq: 8 }] })
  harness.pipe.push(0, 1, [messageItem('300/2/7')])
  t.match(ackWithSend(harness), { version: 1 })
  harness.pipe.push(1, 2, [messageItem('300/2/8')])
  t.match(ackWithSend(harness), { version: 2 })
})

t.test('what came on an earlier connection, and here as a Notify alone, is pulled and then acknowledged', async t => {
  // This connection's Hello left before the second item came.
  const harness = await reconnected(1)
  harness.pipe.push(0, 1, [messageItem('300/2/7')])
  harness.pipe.notify(2)
  harness.advance(0)
  while (harness.pipe.peek()[0] === 'ack') harness.pipe.takeAck()
  const pull = harness.pipe.take('sync')
  t.equal(pull.request.since, 2)
  harness.pipe.receive(answer('sync', pull.id, { to: 2 }))
  t.match(ackWithSend(harness), { version: 2 })
  harness.pipe.notify(2)
  harness.advance(10_000)
  t.same(harness.pipe.peek(), [], 'once is enough')
  t.equal(harness.of('message').length, 2)
})

t.test('who is told of a message can mark it as read at once', async t => {
  const harness = await Harness.online()
  harness.client.on('message', ({ peer }) => harness.client.markRead(peer))
  harness.pipe.push(0, 2, [messageItem('300/1/1'), messageItem('300/1/2')])
  harness.pipe.push(2, 3, [messageItem('300/1/3')])
  harness.settle()
  t.equal(await harness.client.unread(300), 0)
  harness.advance(250)
  t.match(harness.pipe.takeAck(), { version: 3, read: [{ peer: 300, device: 1, sendSeq: 3 }] })
})

t.test('a message that was not stored before the crash comes again; one that was is in the history', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  harness.pipe.push(0, 1, [messageItem('300/1/1')])
  storage.fast = false
  harness.pipe.push(1, 2, [messageItem('300/1/2')])
  const after = await Harness.start(storage.afterCrash())
  after.client.connect()
  after.settle()
  after.pipe.open()
  t.equal(after.greet({ head: 1 }).since, 1)
  t.match((await after.client.history(300)).messages, [{ sendSeq: 1 }])
  after.pipe.push(1, 2, [messageItem('300/1/2')])
  t.match(after.of('message'), [{ sendSeq: 2 }])
})

t.test('one ack tells of many; its marks name the highest number per device', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 4, [
    messageItem('300/1/1'),
    messageItem('300/1/2'),
    messageItem('301/1/9'),
    messageItem('300/2/1'),
  ])
  harness.advance(250)
  const ack = harness.pipe.takeAck()
  t.equal(ack.version, 4)
  t.same(ack.delivered, [
    { peer: 300, device: 1, sendSeq: 2 },
    { peer: 301, device: 1, sendSeq: 9 },
    { peer: 300, device: 2, sendSeq: 1 },
  ])
})

t.test('own copies are acknowledged without marks', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 1, [messageItem(`${UID}/2/5`, 'from my other phone', { recipient: 300 })])
  t.match(harness.of('message'), [{ peer: 300, sender: UID, device: 2, state: 'accepted' }])
  t.same(ackWithSend(harness), { version: 1, delivered: [], read: [] })
})

/** Receives 200 messages in two seconds, and maybe answers each. @returns the versions of the acks in that time */
function receiveDensely(harness: Harness, answers: boolean): number[] {
  const acks: number[] = []
  for (let version = 1; version <= 200; version++) {
    harness.pipe.push(version - 1, version, [messageItem(`300/1/${version}`)])
    harness.advance(10)
    if (answers) {
      harness.client.send(300, 'an answer')
      harness.settle()
    }
    for (let [name] = harness.pipe.peek(); name !== undefined; [name] = harness.pipe.peek()) {
      if (name === 'ack') acks.push(harness.pipe.takeAck().version)
      else harness.pipe.respond('send', harness.pipe.take('send').id)
    }
  }
  return acks
}

t.test('what comes densely is acknowledged four times a second, and nothing twice', async t => {
  for (const answers of [false, true]) {
    const harness = await Harness.online()
    const acks = receiveDensely(harness, answers)
    t.equal(acks[0], 1, 'the first at once')
    t.equal(acks.length, 8)
    harness.advance(250)
    acks.push(harness.pipe.takeAck().version)
    t.equal(acks.at(-1), 200, 'all in the end')
    t.same(
      acks,
      [...new Set(acks)].sort((x, y) => x - y),
    )
    harness.advance(240_000)
    t.same(harness.pipe.peek(), [])
  }
})

t.test('no ack precedes what it acknowledges in the storage, however long that takes', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  storage.fast = false
  harness.pipe.push(0, 1, [messageItem('300/1/1')])
  harness.advance(5_000)
  t.same(harness.pipe.peek(), [])
  // Frames that leave meanwhile take nothing along either.
  harness.client.nudge()
  t.same(harness.pipe.peek(), ['ping'])
  harness.pipe.skip()
  storage.release()
  harness.advance(10)
  t.match(harness.pipe.takeAck(), { version: 1, delivered: [{ sendSeq: 1 }] })
})

t.test('a read mark that is being stored goes with the ack of its message', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  harness.client.on('message', ({ peer }) => harness.client.markRead(peer))
  storage.fast = false
  harness.pipe.push(0, 1, [messageItem('300/1/1')])
  storage.release()
  harness.advance(100)
  t.same(harness.pipe.peek(), [])
  storage.release()
  harness.settle()
  const mark = { peer: 300, device: 1, sendSeq: 1 }
  t.same(harness.pipe.takeAck(), { version: 1, delivered: [mark], read: [mark] })
})

t.test('an ack that rode along while the storage was slow counts for the next one', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  harness.pipe.push(0, 1, [messageItem('300/1/1')])
  storage.fast = false
  harness.pipe.push(1, 2, [messageItem('300/1/2')])
  harness.advance(10)
  harness.client.nudge()
  t.same(harness.pipe.peek(), ['ping', 'ack'])
  harness.pipe.skip()
  storage.release()
  harness.settle()
  t.same(harness.pipe.peek(), [], 'not a second one within 250 ms')
  harness.advance(250)
  t.match(harness.pipe.takeAck(), { version: 2 })
})

t.test('an ack without marks waits for a frame that leaves anyway: a request, or the ping', async t => {
  const harness = await Harness.online(undefined, { heartbeatMs: 60_000 })
  const message = harness.client.send(300, 'a')
  harness.settle()
  harness.pipe.respond('send', harness.pipe.take('send').id, { version: 1 })
  harness.pipe.push(1, 2, [delivered(300, 1)])
  t.equal(message.state, 'delivered')
  harness.advance(30_000)
  t.same(harness.pipe.peek(), [], 'nobody waits for it')
  harness.client.send(300, 'b')
  harness.settle()
  const { id } = harness.pipe.take('send')
  t.same(harness.pipe.takeAck(), { version: 2, delivered: [], read: [] })
  harness.pipe.respond('send', id, { version: 3 })
  harness.advance(60_000)
  harness.pipe.takePing()
  t.same(harness.pipe.takeAck(), { version: 3, delivered: [], read: [] })
  t.same(harness.pipe.peek(), [])
})

t.test('messages that are sent in a row take along two acks a minute', async t => {
  const harness = await Harness.online()
  let acks = 0
  for (let version = 1; version <= 600; version++) {
    harness.client.send(300, 'a')
    harness.settle()
    harness.pipe.respond('send', harness.pipe.take('send').id, { version })
    harness.advance(100)
    for (; harness.pipe.peek()[0] === 'ack'; acks++) harness.pipe.takeAck()
  }
  t.equal(acks, 2)
})

t.test('after a reconnect the marks above the committed ack are named again, and only those', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  harness.pipe.push(0, 2, [messageItem('300/1/1'), messageItem('301/1/1')])
  harness.advance(250)
  harness.pipe.skip()
  harness.pipe.end()
  harness.reconnect({ ack: 1 })
  harness.advance(250)
  t.same(harness.pipe.takeAck(), { version: 2, delivered: [{ peer: 301, device: 1, sendSeq: 1 }], read: [] })
  // And after a restart of the program.
  const after = await Harness.start(storage)
  after.client.connect()
  after.settle()
  after.pipe.open()
  after.greet({ ack: 0, head: 2 })
  after.advance(250)
  t.equal(after.pipe.takeAck().delivered.length, 2)
})

t.test('more marks than one notice takes go ahead of the version', async t => {
  const harness = await Harness.online()
  const items = Array.from({ length: 600 }, (_, i) => messageItem(`${1000 + i}/1/1`))
  harness.pipe.push(0, 600, items)
  harness.advance(250)
  const acks = [harness.pipe.takeAck(), harness.pipe.takeAck(), harness.pipe.takeAck()]
  t.same(
    acks.map(each => [each.version, each.delivered.length]),
    [
      [0, 256],
      [0, 256],
      [600, 88],
    ],
  )
})

t.test('a pull is preceded by the ack that is due', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 1, [messageItem('300/1/1')])
  harness.pipe.notify(9)
  t.same(harness.pipe.peek(), ['ack', 'sync'])
})

t.test('messages of this device become delivered and read by watermarks, in order, each told once', async t => {
  const harness = await Harness.online()
  const messages = ['a', 'b', 'c'].map(text => harness.client.send(300, text))
  harness.settle()
  for (let version = 1; version <= 3; version++) {
    harness.pipe.respond('send', harness.pipe.take('send').id, { version })
  }
  harness.pipe.push(3, 4, [delivered(300, 2)])
  t.same(
    messages.map(each => each.state),
    ['delivered', 'delivered', 'accepted'],
  )
  harness.pipe.push(4, 5, [read(300, false, 1, 1)])
  harness.pipe.push(5, 6, [delivered(300, 3)])
  harness.pipe.push(6, 7, [read(300, false, 1, 3)])
  t.same(harness.statesOf(1), ['sending', 'accepted', 'delivered', 'read'])
  t.same(harness.statesOf(2), ['sending', 'accepted', 'delivered', 'read'])
  t.same(harness.statesOf(3), ['sending', 'accepted', 'delivered', 'read'])
  t.same(
    harness.of('delivered').map(each => each.sendSeq),
    [2, 3],
  )
  t.match((await harness.client.history(300)).messages, [{ state: 'read' }, { state: 'read' }, { state: 'read' }])
})

t.test('what was accepted before a restart is told as delivered after it', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  first.client.send(300, 'a')
  first.client.send(300, 'b')
  first.settle()
  first.pipe.respond('send', first.pipe.take('send').id, { version: 1 })
  first.pipe.respond('send', first.pipe.take('send').id, { version: 2 })
  first.pipe.push(2, 3, [delivered(300, 1)])
  const second = await Harness.start(storage)
  second.client.connect()
  second.settle()
  second.pipe.open()
  second.greet({ head: 3, lastSendSeq: 2 })
  second.pipe.push(3, 4, [delivered(300, 2)])
  t.same(second.statesOf(1), [])
  t.same(second.statesOf(2), ['delivered'])
})

t.test('read marks are named until the own-read item confirms them, over reconnects and restarts', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  harness.pipe.push(0, 2, [messageItem('300/1/1'), messageItem('300/2/4')])
  t.equal(await harness.client.unread(300), 2)
  harness.client.markRead(300)
  harness.settle()
  t.equal(await harness.client.unread(300), 0)
  harness.advance(250)
  const marks = [
    { peer: 300, device: 1, sendSeq: 1 },
    { peer: 300, device: 2, sendSeq: 4 },
  ]
  t.same(harness.pipe.takeAck().read, marks)
  harness.pipe.end()
  harness.reconnect({ ack: 2 })
  harness.advance(250)
  t.same(harness.pipe.takeAck(), { version: 0, delivered: [], read: marks })
  harness.pipe.push(2, 3, [read(300, true, 1, 1)])
  harness.pipe.push(3, 4, [read(300, true, 2, 4)])
  t.match(harness.of('read'), [
    { peer: 300, own: true, device: 1, sendSeq: 1 },
    { peer: 300, own: true, device: 2, sendSeq: 4 },
  ])
  const after = await Harness.start(storage)
  after.client.connect()
  after.settle()
  after.pipe.open()
  after.greet({ ack: 4, head: 4 })
  after.advance(250)
  t.same(after.pipe.peek(), [])
  t.equal(await after.client.unread(300), 0)
})

t.test('contacts are what the newest item says, and the request number is the library’s to remember', async t => {
  const harness = await Harness.online()
  const bob = { uid: 300, account: 'bob', nickname: 'Bob', greeting: 'hi', request: 5, state: ContactState.INVITED }
  harness.pipe.push(0, 1, [contactItem(bob)])
  t.match(harness.of('contact'), [{ uid: 300, state: 'invited', greeting: 'hi' }])
  void harness.client.contacts.accept(300)
  harness.settle()
  t.same(harness.pipe.take('contactAccept').request, { sendSeq: 1, uid: 300, request: 5 })
  harness.pipe.push(1, 2, [contactItem({ ...bob, request: 0, greeting: '', state: ContactState.FRIEND })])
  t.match(harness.client.contacts.list(), [{ uid: 300, state: 'friend' }])
  harness.pipe.push(2, 3, [contactItem({ ...bob, request: 0, greeting: '', state: ContactState.UNSPECIFIED })])
  t.same(harness.client.contacts.list(), [])
  t.equal(harness.client.contacts.get(300)?.nickname, 'Bob')
})

t.test('an item of a later revision is passed', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 2, [createItem(), messageItem('300/1/1')])
  t.match(harness.client.state(), { applied: 2 })
  t.equal(harness.of('message').length, 1)
})

t.test('resync: messages are not shown again, contacts that nothing confirms go when the head is reached', async t => {
  const harness = await Harness.online()
  const friend = (uid: number): Item => contactItem({ uid, account: `u${uid}`, state: ContactState.FRIEND })
  harness.pipe.push(0, 3, [friend(300), friend(301), messageItem('300/1/1')])
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  const hello = harness.pipe.take('hello')
  t.equal(hello.request.since, 3)
  const response = { uid: UID, device: 1, storeId: STORE_ID, resync: true, head: 2_000_000, ack: 0 }
  harness.pipe.respond('hello', hello.id, response)
  t.same(harness.of('resync'), [{ forgotten: false }])
  harness.pipe.push(0, 1_500_000, [friend(300), messageItem('300/1/1')])
  t.match(harness.client.state(), { applied: 1_500_000, resyncing: true, contacts: 2 })
  harness.pipe.push(1_500_000, 2_000_000, [messageItem('300/1/2')])
  t.match(harness.client.state(), { resyncing: false, contacts: 1 })
  t.match(harness.of('contact').at(-1), { uid: 301, state: 'none', account: 'u301' })
  t.same(
    harness.of('message').map(each => each.sendSeq),
    [1, 2],
  )
  // What was shown before is stored here all the same: its sender is told so again.
  harness.advance(250)
  t.same(harness.pipe.takeAck(), {
    version: 2_000_000,
    delivered: [{ peer: 300, device: 1, sendSeq: 2 }],
    read: [],
  })
})

t.test('a resync that a crash interrupts is finished by the next program', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  const friend = (uid: number): Item => contactItem({ uid, state: ContactState.FRIEND })
  first.pipe.push(0, 2, [friend(300), friend(301)])
  first.pipe.notify(9)
  first.pipe.skip()
  first.pipe.end()
  first.advance(1_000)
  first.pipe.open()
  const { id } = first.pipe.take('hello')
  first.pipe.receive(answer('hello', id, { uid: UID, device: 1, storeId: STORE_ID, resync: true, head: 50 }))
  first.pipe.push(0, 20, [friend(300)])
  const second = await Harness.start(storage)
  t.match(second.client.state(), { applied: 20, resyncing: true, contacts: 2 })
  second.client.connect()
  second.settle()
  second.pipe.open()
  t.equal(second.greet({ head: 60 }).since, 20)
  t.match(second.client.state(), { applied: 60, resyncing: false, contacts: 1 })
})

t.test('RESYNC as the answer to a pull starts again from 0, and ends when there is no more', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 5, [messageItem('300/1/1'), contactItem({ uid: 301, state: ContactState.FRIEND })])
  harness.pipe.skip()
  harness.pipe.notify(9)
  harness.pipe.skip()
  harness.pipe.end()
  harness.reconnect({ ack: 5, head: 5 })
  harness.pipe.notify(9)
  harness.pipe.refuse(harness.pipe.take('sync').id, 'RESYNC')
  const again = harness.pipe.take('sync')
  t.equal(again.request.since, 0)
  harness.pipe.respond('sync', again.id, { to: 4, more: true, items: [messageItem('300/1/1', '', { skip: 2 })] })
  t.match(harness.client.state(), { applied: 4, resyncing: true, contacts: 1 })
  // The page is stored before the next one is asked for, and so acknowledged with the asking.
  t.equal(harness.pipe.takeAck().version, 4)
  const more = harness.pipe.take('sync')
  t.equal(more.request.since, 4)
  harness.pipe.respond('sync', more.id, { to: 7, items: [] })
  t.match(harness.client.state(), { applied: 7, resyncing: false, contacts: 0 })
  t.equal(harness.of('message').length, 1)
})

t.test('a server that answers RESYNC from 0 is left, not asked for ever', async t => {
  const harness = await Harness.online()
  harness.pipe.notify(9)
  harness.pipe.refuse(harness.pipe.take('sync').id, 'RESYNC')
  t.equal(harness.pipe.closedByClient, true)
})

t.test('another store: the local copy is dropped, unanswered requests fail, and ids are new again', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 2, [messageItem('300/1/1'), contactItem({ uid: 300, state: ContactState.FRIEND })])
  harness.client.send(300, 'unknown')
  harness.settle()
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  const hello = harness.pipe.take('hello')
  t.same(hello.request.storeId, STORE_ID)
  const storeId = Uint8Array.of(8, 8)
  harness.pipe.receive(answer('hello', hello.id, { uid: UID, device: 1, storeId, head: 1 }))
  t.same(harness.of('resync'), [{ forgotten: true }])
  t.same(harness.statesOf(1), ['sending', 'failed'])
  t.match(harness.client.state(), { applied: 0, contacts: 0, storeId: '0808', signedIn: true })
  t.same((await harness.client.history(300)).messages, [])
  harness.pipe.push(0, 1, [messageItem('300/1/1')])
  t.equal(harness.of('message').length, 2)
})

t.test('another user on the same installation begins with nothing', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  first.pipe.push(0, 2, [messageItem('300/1/1'), contactItem({ uid: 300, state: ContactState.FRIEND })])
  first.pipe.closeNotice('SESSION_REVOKED')
  const key = first.client.state()
  const second = await Harness.online(storage, {}, { uid: 777, device: 3, lastSendSeq: 4 })
  t.equal(key.uid, UID)
  t.match(second.client.state(), { uid: 777, device: 3, applied: 0, contacts: 0, senders: 0, nextSendSeq: 5 })
  t.same((await second.client.history(300)).messages, [])
})

t.test('messages that retention removed are told of, but not on the first sync', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 5, [], true)
  t.same(harness.of('trimmed'), [])
  harness.pipe.push(5, 9, [], true)
  t.same(harness.of('trimmed'), [{}])
})

t.test('history comes in pages, the newest ends with the send queue', async t => {
  const harness = await Harness.online()
  const items = Array.from({ length: 120 }, (_, i) => messageItem(`300/1/${i + 1}`))
  harness.pipe.push(0, 120, items)
  harness.client.send(300, 'waits')
  harness.settle()
  const newest = await harness.client.history(300)
  t.equal(newest.messages.length, 51)
  t.match(newest.messages.at(-1), { text: 'waits', state: 'sending' })
  t.equal(newest.messages[0]?.sendSeq, 71)
  const older = await harness.client.history(300, { before: newest.before })
  t.same([older.messages[0]?.sendSeq, older.messages.at(-1)?.sendSeq], [21, 70])
  const oldest = await harness.client.history(300, { before: older.before })
  t.equal(oldest.messages.length, 20)
  t.equal(await harness.client.unread(300), 120)
})

t.test('a slow disk slows the pulls: no more than a page waits for it', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  harness.pipe.notify(9)
  const { id } = harness.pipe.take('sync')
  storage.fast = false
  harness.pipe.respond('sync', id, { to: 4, more: true, items: [messageItem('300/1/1', '', { skip: 3 })] })
  t.same(harness.pipe.peek(), [])
  storage.release()
  harness.settle()
  t.same(harness.pipe.peek(), ['ack', 'sync'])
})

t.test('a message that a logout overtakes is neither kept nor told', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  storage.fast = false
  harness.pipe.push(0, 1, [messageItem('300/1/1')])
  harness.pipe.push(1, 2, [messageItem('300/1/2')])
  harness.client.send(300, 'unsent')
  harness.pipe.end()
  await harness.client.account.logout()
  while (storage.waiting) {
    storage.release()
    harness.settle()
  }
  t.same(harness.of('message'), [])
  t.same(harness.statesOf(1), ['failed'])
  t.same((await harness.client.history(300)).messages, [])
})

t.test('a new message that is accepted before the old ones have come hides none of them', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage, {}, { lastSendSeq: 200 })
  first.client.send(300, 'new')
  first.settle()
  first.pipe.respond('send', first.pipe.take('send').id, { from: 90, version: 91 })
  t.equal(first.pipe.take('sync').request.since, 0)
  // The answer may be stored and the page lost.
  const second = await Harness.start(storage)
  second.client.connect()
  second.settle()
  second.pipe.open()
  const old = Array.from({ length: 90 }, (_, i) => messageItem(`${UID}/1/${i + 1}`, `old ${i + 1}`, { recipient: 300 }))
  second.greet({ lastSendSeq: 201 })
  second.pipe.push(0, 91, [...old, messageItem(`${UID}/1/201`, 'new', { recipient: 300 })])
  t.equal(second.of('message').length, 90)
  const { messages } = await second.client.history(300, { limit: 1000 })
  t.equal(messages.length, 91)
  t.equal(messages.filter(each => each.text === 'new').length, 1)
})

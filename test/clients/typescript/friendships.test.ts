/** What is written to somebody whom this device has just asked to become a contact. */
import t from 'tap'
import { type Client, createClient, MemoryStorage, tcpTransport } from '../../../clients/typescript/index.js'
import { ContactState } from '../../../protocol/generated/messages.js'
import { contactItem, Harness } from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'
import { PASSWORD, startTestServer } from '../../support/server.js'

const REQUESTED = contactItem({ uid: 300, state: ContactState.REQUESTED, request: 1 })
const FRIEND = contactItem({ uid: 300, state: ContactState.FRIEND })
const NONE = contactItem({ uid: 300, state: ContactState.UNSPECIFIED })

/** A request to 300 and two messages behind it, as they are queued in one tick. */
async function asked(): Promise<Harness> {
  const harness = await Harness.online()
  void harness.client.contacts.request(300)
  harness.client.send(300, 'one')
  harness.client.send(300, 'two')
  harness.settle()
  return harness
}

/** What the client sent and nobody looked at yet, beside the acks that ride along. */
function requests(harness: Harness): string[] {
  return harness.pipe.peek().filter(name => name !== 'ack')
}

function states(harness: Harness): string[] {
  return harness.client.state().sendQueue.map(each => each.state)
}

t.test('messages behind a contact request wait until the friendship stands, in order', async t => {
  const harness = await asked()
  t.same(requests(harness), ['contactRequest'])
  t.same(states(harness), ['in flight', 'held', 'held'])
  harness.pipe.respond('contactRequest', harness.pipe.take('contactRequest').id)
  harness.pipe.push(0, 1, [REQUESTED])
  harness.client.send(301, 'to somebody else, behind them')
  harness.settle()
  t.same(requests(harness), [])
  harness.pipe.push(1, 2, [FRIEND])
  const texts = ['send', 'send', 'send'].map(() => harness.pipe.take('send').request.text)
  t.same(texts, ['one', 'two', 'to somebody else, behind them'])
  t.notOk(states(harness).includes('held'))
})

t.test('a friendship that stands when the request is answered is not waited for', async t => {
  const harness = await asked()
  harness.pipe.push(0, 1, [FRIEND])
  t.same(requests(harness), ['contactRequest'])
  harness.pipe.respond('contactRequest', harness.pipe.take('contactRequest').id)
  t.same(requests(harness), ['send', 'send'])
})

t.test('when the other side does not ask, the server decides after three seconds', async t => {
  const harness = await asked()
  harness.pipe.respond('contactRequest', harness.pipe.take('contactRequest').id)
  harness.pipe.push(0, 1, [REQUESTED])
  harness.advance(2_900)
  t.notOk(requests(harness).includes('send'))
  harness.advance(200)
  harness.pipe.refuse(harness.pipe.take('send').id, 'NOT_FRIEND')
  t.same(harness.statesOf(2), ['sending', 'failed'])
  const late = harness.client.send(300, 'three')
  harness.settle()
  t.equal(late.state, 'sending', 'what is written later does not wait any more')
})

t.test('a refused request, or one that was declined, is nothing to wait for', async t => {
  const refused = await asked()
  refused.pipe.refuse(refused.pipe.take('contactRequest').id, 'ALREADY_FRIENDS')
  t.same(requests(refused), ['send', 'send'])
  const declined = await asked()
  declined.pipe.respond('contactRequest', declined.pipe.take('contactRequest').id)
  declined.pipe.push(0, 1, [REQUESTED])
  declined.pipe.push(1, 2, [NONE])
  t.same(requests(declined), ['send', 'send'])
})

t.test('nor is a request to a friend, or one that comes after the message', async t => {
  const harness = await Harness.online()
  harness.client.send(300, 'before')
  void harness.client.contacts.request(300)
  harness.settle()
  t.same(requests(harness), ['send', 'contactRequest'])
  const friends = await Harness.online()
  friends.pipe.push(0, 1, [FRIEND])
  friends.pipe.skip()
  void friends.client.contacts.request(300)
  friends.client.send(300, 'hello')
  friends.settle()
  t.same(requests(friends), ['contactRequest', 'send'])
})

t.test('a message never waits for a request that stands behind it', async t => {
  const harness = await asked()
  void harness.client.contacts.request(300, 'once more')
  harness.client.send(300, 'three')
  harness.settle()
  harness.pipe.respond('contactRequest', harness.pipe.take('contactRequest').id)
  harness.advance(3_000)
  t.same(requests(harness), ['send', 'send', 'contactRequest'])
  for (const _ of ['one', 'two']) harness.pipe.refuse(harness.pipe.take('send').id, 'NOT_FRIEND')
  harness.pipe.respond('contactRequest', harness.pipe.take('contactRequest').id)
  t.same(requests(harness), [])
  harness.pipe.push(0, 1, [FRIEND])
  t.equal(harness.pipe.take('send').request.text, 'three')
})

t.test('accepting makes the friendship at once: nothing waits', async t => {
  const harness = await Harness.online()
  harness.pipe.push(0, 1, [contactItem({ uid: 300, state: ContactState.INVITED, request: 1 })])
  harness.pipe.skip()
  void harness.client.contacts.accept(300)
  harness.client.send(300, 'hello')
  harness.settle()
  t.same(requests(harness), ['contactAccept', 'send'])
})

t.test('it holds over a lost connection and a restart', async t => {
  const first = await asked()
  first.pipe.end()
  first.reconnect()
  t.same(requests(first), ['contactRequest'])
  const second = await Harness.start(first.storage)
  second.client.connect()
  second.settle()
  second.pipe.open()
  t.same(requests(second), ['hello', 'contactRequest'])
  second.greet()
  second.pipe.respond('contactRequest', second.pipe.take('contactRequest').id)
  second.pipe.push(0, 1, [FRIEND])
  t.same(requests(second), ['send', 'send'])
  const { client, clock } = await asked()
  const closed = client.close()
  await closed
  t.equal(clock.pending, 0)
})

t.test('two who ask each other offline, each with messages behind it, lose none of them', async t => {
  const server = await startTestServer()
  t.teardown(() => server.abort())
  const transport = tcpTransport({ host: '127.0.0.1', port: server.port })
  const open = async (storage: MemoryStorage): Promise<Client> => createClient({ transport, storage })
  for (let round = 0; round < 5; round++) {
    const storages = [new MemoryStorage(), new MemoryStorage()]
    const uids: number[] = []
    for (const [i, storage] of storages.entries()) {
      const client = await open(storage)
      await client.account.register({ account: `person-${round}-${i}`, password: PASSWORD })
      uids.push(client.account.uid)
      await client.close()
    }
    const clients = await Promise.all(storages.map(open))
    const heard: string[][] = [[], []]
    const failed: string[] = []
    for (const [i, client] of clients.entries()) {
      const other = uids[1 - i] ?? 0
      client.on('message', each => heard[i]?.push(each.text))
      client.on('messageState', each => each.state === 'failed' && failed.push(each.reason))
      void client.contacts.request(other)
      for (const text of ['one', 'two']) client.send(other, text)
    }
    for (const client of clients) client.connect()
    await eventually(() => failed.length > 0 || heard.every(each => each.length === 2))
    t.same(
      [failed, heard],
      [
        [],
        [
          ['one', 'two'],
          ['one', 'two'],
        ],
      ],
    )
    for (const client of clients) await client.close()
  }
})

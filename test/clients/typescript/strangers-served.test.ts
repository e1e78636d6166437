/** Strangers as an application sees them, at a real server: from the first message to an answer, and what keeps them away. */
import t from 'tap'
import {
  type Client,
  type Contact,
  createClient,
  MemoryStorage,
  tcpTransport,
} from '../../../clients/typescript/index.js'
import { rejectionOf } from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'
import { servedClients } from '../../support/served-clients.js'
import { PASSWORD, startTestServer, testConfig } from '../../support/server.js'

const OPEN = ['--contacts', 'open']

/** The other, as a client's list has them. */
function seen(of: Client, other: Client): Contact | undefined {
  return of.contacts.list().find(({ uid }) => uid === other.account.uid)
}

/** Waits until a chat of two strangers is this for one of them. */
function becomes(of: Client, other: Client, stranger: Contact['stranger']): Promise<void> {
  return eventually(() => (seen(of, other)?.stranger ?? 'none') === stranger)
}

/** Writes what is refused. @returns the reason */
async function refusal(from: Client, to: Client, text: string): Promise<string> {
  const { sendSeq } = from.send(to.account.uid, text)
  return new Promise(resolve => {
    const off = from.on('messageState', event => {
      if (event.sendSeq !== sendSeq || event.state !== 'failed') return
      off()
      resolve(event.reason)
    })
  })
}

t.test('a request, an answer, an end: marks, typing and presence follow', async t => {
  const enter = await servedClients(t, ...OPEN)
  const [alice, bob, tablet] = [await enter('alice'), await enter('bob'), await enter('bob')]
  const [a, b] = [alice.account.uid, bob.account.uid]
  const states: string[] = []
  alice.on('messageState', ({ state }) => states.push(state))
  for (const event of ['delivered', 'read'] as const) alice.on(event, () => states.push(event))
  const typing: number[] = []
  alice.on('typing', ({ uid }) => typing.push(uid))

  alice.send(b, 'hello')
  for (const device of [bob, tablet]) await becomes(device, alice, 'asks')
  t.match(seen(bob, alice), { state: 'stranger', account: 'alice', blocked: false })
  t.ok((seen(bob, alice)?.sinceMs ?? 0) > 0)
  await becomes(alice, bob, 'waits')
  await eventually(async () => (await bob.unread(a)) === 1)
  bob.markRead(a)
  await eventually(async () => (await tablet.unread(a)) === 0)
  const [message] = (await bob.history(a)).messages
  if (message === undefined) throw new Error('it was there')
  t.equal(await rejectionOf(bob.messages.react(message, '+1')), 'NOT_FRIEND')
  // Whoever is no friend yet is left out of what is looked at.
  await alice.presence.watch([b])
  t.equal(await bob.conversations.unread(a).then(({ unread }) => unread), 0)
  t.same([states, typing], [['sending', 'accepted'], []])

  bob.send(a, 'hello yourself')
  for (const [of, other] of [
    [alice, bob],
    [bob, alice],
    [tablet, alice],
  ] as const)
    await becomes(of, other, 'open')
  await eventually(() => states.includes('read'))
  await alice.presence.watch([b])
  await eventually(() => {
    bob.presence.typing(a)
    return typing.length > 0
  })
  t.same([...new Set(typing)], [b])
  t.equal(alice.presence.online(b), undefined, 'presence is for friends')

  await bob.contacts.request(a)
  await eventually(() => seen(alice, bob)?.state === 'invited')
  await alice.contacts.accept(b)
  await eventually(() => seen(bob, alice)?.state === 'friend')
  await eventually(() => alice.presence.online(b) === true)
  t.match(seen(alice, bob), { stranger: 'none', sinceMs: 0 })
})

t.test(
  'a request is declined, a stranger is blocked, friends only: none is reached, and each is told the same',
  async t => {
    const enter = await servedClients(t, ...OPEN)
    const [alice, bob] = [await enter('alice'), await enter('bob')]
    alice.send(bob.account.uid, 'hello')
    await becomes(bob, alice, 'asks')
    await bob.contacts.decline(alice.account.uid)
    await becomes(alice, bob, 'none')
    t.equal(await refusal(alice, bob, 'again'), 'NOT_FRIEND')
    await bob.contacts.block(alice.account.uid)
    t.equal(await refusal(alice, bob, 'and again'), 'NOT_FRIEND')
    const carol = await enter('carol')
    await carol.conversations.setPreferences({ friendsOnly: true })
    await eventually(() => carol.conversations.preferences.friendsOnly)
    t.equal(await refusal(alice, carol, 'hello'), 'NOT_FRIEND')
    t.equal(await rejectionOf(alice.contacts.accept(carol.account.uid)), 'NO_CONTACT_REQUEST')
    t.same([seen(carol, alice), (await carol.history(alice.account.uid)).messages], [undefined, []])
  },
)

t.test('20 new strangers, and no more', async t => {
  const enter = await servedClients(t, ...OPEN)
  const alice = await enter('alice')
  const failed: string[] = []
  alice.on('messageState', ({ state, reason }) => {
    if (state === 'failed') failed.push(reason)
  })
  const others: Client[] = []
  for (let i = 0; i < 21; i++) others.push(await enter(`other${i}`))
  for (const other of others) alice.send(other.account.uid, 'hello')
  await eventually(() => failed.length === 1)
  t.same(failed, ['STRANGER_LIMIT'])
  await eventually(() => alice.contacts.list().length === 20)
})

t.test('where friends alone may write a stranger is refused at once', async t => {
  const enter = await servedClients(t)
  const [alice, bob] = [await enter('alice'), await enter('bob')]
  t.equal(await refusal(alice, bob, 'hello'), 'NOT_FRIEND')
  t.same([alice.contacts.list(), bob.contacts.list()], [[], []])
})

t.test(
  'back to friends only: what was said can be read, and nothing more is written; a request makes it a friendship',
  async t => {
    const folder = t.testdir()
    const storages = { alice: new MemoryStorage(), bob: new MemoryStorage() }
    const enter = async (...argv: string[]) => {
      const server = await startTestServer({ config: testConfig('--store', 'lmdb', '--data', folder, ...argv) })
      const transport = tcpTransport({ host: '127.0.0.1', port: server.port })
      const clientOf = async (account: 'alice' | 'bob') => {
        const client = await createClient({ transport, storage: storages[account], reconnectBaseMs: 20 })
        if (client.account.signedIn) client.connect()
        else await client.account.register({ account, password: PASSWORD })
        return client
      }
      const [alice, bob] = [await clientOf('alice'), await clientOf('bob')]
      const leave = async () => {
        await Promise.all([alice.close(), bob.close()])
        await server.drain()
      }
      return { alice, bob, leave }
    }
    const before = await enter(...OPEN)
    before.alice.send(before.bob.account.uid, 'hello')
    await becomes(before.bob, before.alice, 'asks')
    before.bob.send(before.alice.account.uid, 'hello yourself')
    await becomes(before.alice, before.bob, 'open')
    await before.leave()

    const { alice, bob, leave } = await enter('--contacts', 'required', '--contacts-change')
    const [a, b] = [alice.account.uid, bob.account.uid]
    t.equal(await refusal(alice, bob, 'more'), 'NOT_FRIEND')
    t.equal(await refusal(bob, alice, 'more'), 'NOT_FRIEND')
    t.same(
      (await bob.history(a)).messages.filter(({ state }) => state !== 'failed').map(({ text }) => text),
      ['hello', 'hello yourself'],
    )
    t.match(seen(alice, bob), { state: 'stranger', stranger: 'open' })
    await alice.contacts.request(b)
    await eventually(() => seen(bob, alice)?.state === 'invited')
    await bob.contacts.accept(a)
    await eventually(() => seen(alice, bob)?.state === 'friend')
    alice.send(b, 'as a friend')
    await eventually(async () => (await bob.history(a)).messages.at(-1)?.text === 'as a friend')
    await leave()
  },
)

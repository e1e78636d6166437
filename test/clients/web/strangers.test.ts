/** Strangers in the page's model, on a server where anybody may write to anybody. */
import t, { type Test } from 'tap'
import { type Client, createClient, MemoryStorage, tcpTransport } from '../../../clients/typescript/index.js'
import { Drafts } from '../../../clients/web/model/drafts.js'
import { filtered } from '../../../clients/web/model/filter.js'
import { keyOf } from '../../../clients/web/model/log-rows.js'
import { mayAsk, writesRequest } from '../../../clients/web/model/requests.js'
import { Session } from '../../../clients/web/model/session.js'
import { SettingsStore } from '../../../clients/web/model/settings.js'
import { present } from '../../../src/lib/assert.js'
import { eventually } from '../../support/eventually.js'
import { PASSWORD, startTestServer, testConfig } from '../../support/server.js'
import { WebPlatform } from '../../support/web-platform.js'

interface Person {
  readonly client: Client
  readonly session: Session
  readonly platform: WebPlatform
  /** The texts that came. */
  readonly heard: string[]
}

/** @returns makes people who have an account and a page each */
async function openServer(t: Test): Promise<(account: string) => Promise<Person>> {
  const server = await startTestServer({ config: testConfig('--contacts', 'open') })
  const clients: Client[] = []
  t.teardown(async () => {
    for (const client of clients) await client.close()
    await server.drain()
  })
  return async account => {
    const platform = new WebPlatform([tcpTransport({ host: '127.0.0.1', port: server.port })])
    const client = await createClient({
      transport: platform.transports(),
      storage: new MemoryStorage(),
      firstScreen: true,
      ackDelayMs: 1,
    })
    clients.push(client)
    await client.account.register({ account, password: PASSWORD })
    const settings = new SettingsStore(platform)
    settings.change({ notifies: true })
    const session = new Session(client, platform, settings, new Drafts(platform))
    t.teardown(() => session.close())
    const heard: string[] = []
    client.on('message', ({ text }) => heard.push(text))
    return { client, session, platform, heard }
  }
}

/** The conversations that a person's list shows. */
function listed({ session }: Person): string[] {
  return filtered(session.chats.list.value ?? [], 'all').map(({ conversation }) => conversation)
}

t.test('a stranger stands among the requests alone, without news and receipts, until an answer', async t => {
  const person = await openServer(t)
  const [ann, bob] = [await person('ann'), await person('bob')]
  const [withAnn, withBob] = [`direct:${ann.session.uid}`, `direct:${bob.session.uid}`] as const
  await eventually(() => ann.client.contacts.open !== undefined)
  t.equal(ann.session.closedBecause(withBob), undefined, 'anybody may write here')
  const isRequest = ({ client }: Person, uid: number): boolean =>
    writesRequest(client.contacts.get(uid), client.contacts.open)
  t.ok(isRequest(ann, bob.session.uid), 'before a word is written')
  const receipts: string[] = []
  for (const name of ['delivered', 'read'] as const) ann.client.on(name, () => receipts.push(name))
  ann.session.show(withBob)
  const first = present(ann.session.open.value, 'the chat')
  await eventually(() => first.view.value.state === 'ready')
  ann.session.send(first, 'hello', {})
  t.match(first.view.value.messages, [{ text: 'hello' }], 'a chat that has not begun is empty')
  await eventually(() => bob.session.requests === 1 && bob.session.chats.get(withAnn) !== undefined)
  t.same(listed(bob), [], 'it is no chat yet')
  t.equal(bob.session.asking()[0]?.uid, ann.session.uid)
  t.same(listed(ann), [withBob])
  await eventually(() => ann.client.contacts.get(bob.session.uid)?.stranger === 'waits')
  t.ok(isRequest(ann, bob.session.uid))
  t.notOk(isRequest(bob, ann.session.uid), 'an answer is none')
  t.same(bob.platform.notices, [], 'a request is no news')

  bob.session.show(withAnn)
  const open = present(bob.session.open.value, 'the chat')
  await eventually(() => open.view.value.messages.length === 1)
  open.seen(keyOf(present(open.view.value.messages[0], 'the message')))
  // The answer to what is asked later comes after that of the mark.
  await bob.client.conversations.setPreferences({ noPresence: false })
  t.same(receipts, [], 'the stranger is told nothing')

  bob.client.send(ann.session.uid, 'hi')
  await eventually(() => ann.heard.includes('hi'))
  await eventually(() => receipts.includes('read'))
  await eventually(() => listed(bob).includes(withAnn))
  t.equal(bob.session.requests, 0)
  t.match(ann.platform.notices, [{ conversation: withBob, body: 'hi' }])
  ann.client.send(bob.session.uid, 'a chat now')
  await eventually(() => bob.platform.notices.some(({ body }) => body === 'a chat now'))
  t.notOk(isRequest(ann, bob.session.uid))
  // The row says how far the message is, though nothing else has come.
  const stateInRow = (): string | undefined => ann.session.chats.get(withBob)?.last?.state
  await eventually(() => stateInRow() === 'delivered')
  bob.client.markRead(withAnn)
  await eventually(() => stateInRow() === 'read')
})

t.test(
  'accepted, both are friends; declined or blocked, it stands neither among the chats nor the requests',
  async t => {
    const person = await openServer(t)
    const me = await person('iris')
    for (const [name, act] of [
      ['cat', 'accept'],
      ['dan', 'decline'],
      ['eve', 'block'],
    ] as const) {
      const stranger = await person(name)
      const conversation = `direct:${stranger.session.uid}` as const
      stranger.client.send(me.session.uid, 'hello')
      await eventually(() => me.session.requests === 1 && me.session.chats.get(conversation) !== undefined)
      await me.session[act](stranger.session.uid)
      await eventually(() => me.session.requests === 0)
      await eventually(() => listed(me).includes(conversation) === (act === 'accept'))
      if (act === 'accept') {
        t.equal(me.client.contacts.get(stranger.session.uid)?.state, 'friend')
        t.same(me.platform.went, [conversation])
      } else {
        const again = stranger.client.send(me.session.uid, 'once more')
        await eventually(() => again.state === 'failed')
        t.equal(again.reason, 'NOT_FRIEND')
      }
    }
  },
)

t.test('with friends only no stranger begins; where friends alone write, nobody is offered to', async t => {
  const person = await openServer(t)
  const [fay, gus] = [await person('fay'), await person('gus')]
  await gus.client.conversations.setPreferences({ friendsOnly: true })
  const sent = fay.client.send(gus.session.uid, 'hello')
  await eventually(() => sent.state === 'failed')
  t.equal(sent.reason, 'NOT_FRIEND')
  t.equal(gus.session.requests, 0)
  t.ok(mayAsk(fay.client.contacts.get(gus.session.uid)), 'a contact can be asked for')
  fay.session.show(`direct:${gus.session.uid}`)
  const open = present(fay.session.open.value, 'the chat')
  await eventually(() => open.view.value.messages.length === 1)
  fay.session.retry(open, present(open.view.value.messages[0], 'the message'))
  t.equal(fay.session.connection.view.value.waiting, 1, 'sent again, it waits')
  await fay.session.request(gus.session.uid, 'gus')
  t.notOk(mayAsk(fay.client.contacts.get(gus.session.uid)), 'once')

  const server = await startTestServer()
  t.teardown(() => server.abort())
  const client = await createClient({
    transport: tcpTransport({ host: '127.0.0.1', port: server.port }),
    storage: new MemoryStorage(),
  })
  await client.account.register({ account: 'hal', password: PASSWORD })
  const platform = new WebPlatform([])
  const session = new Session(client, platform, new SettingsStore(platform), new Drafts(platform))
  t.teardown(async () => {
    session.close()
    await client.close()
  })
  await eventually(() => client.contacts.open !== undefined)
  t.equal(client.contacts.open, false)
  t.equal(session.closedBecause('direct:7'), 'notFriend')
})

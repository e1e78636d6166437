/** The library over TCP, WebSocket and HTTP long poll, against a whole server. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import {
  type Client,
  type ClientOptions,
  createClient,
  fetchExchange,
  httpTransport,
  MemoryStorage,
  type Transport,
  type TransportConnection,
  type TransportHandlers,
  tcpTransport,
  wsTransport,
} from '../../../clients/typescript/index.js'
import { CODES } from '../../../protocol/codes.js'
import type { RunningServer } from '../../../src/cli/server.js'
import { eventually } from '../../support/eventually.js'
import { PASSWORD, startTestServer } from '../../support/server.js'

type Name = 'tcp' | 'ws' | 'http'

const NAMES: readonly Name[] = ['tcp', 'ws', 'http']

function transportTo({ port, httpPort }: { readonly port: number; readonly httpPort: number }, name: Name): Transport {
  const host = '127.0.0.1'
  if (name === 'tcp') return tcpTransport({ host, port })
  if (name === 'ws') return wsTransport({ url: `ws://${host}:${httpPort}/ws` })
  return httpTransport({ exchange: fetchExchange({ url: `http://${host}:${httpPort}` }) })
}

/** A program on a phone: its client, what it was told, in order. */
class Person {
  readonly client: Client
  readonly heard: string[] = []
  readonly connections: string[] = []

  constructor(client: Client) {
    this.client = client
    client.on('message', each => this.heard.push(each.text))
    client.on('contact', each => each.state === 'invited' && client.contacts.accept(each.uid))
    client.on('connection', each => {
      const detail = 'transport' in each ? each.transport : 'reason' in each ? each.reason : ''
      this.connections.push(`${each.state} ${detail}`)
    })
  }

  static async register(
    account: string,
    transport: ClientOptions['transport'],
    options: Partial<ClientOptions> = {},
  ): Promise<Person> {
    const person = new Person(
      await createClient({ transport, storage: new MemoryStorage(), ackDelayMs: 5, ...options }),
    )
    await person.client.account.register({ account, password: PASSWORD })
    await person.online()
    return person
  }

  get uid(): number {
    return this.client.account.uid
  }

  online(): Promise<void> {
    return eventually(() => this.client.state().phase === 'online')
  }

  async befriend(other: Person): Promise<void> {
    await this.client.contacts.request(other.uid, 'hello')
    await eventually(() =>
      [this.client.contacts.get(other.uid), other.client.contacts.get(this.uid)].every(
        each => each?.state === 'friend',
      ),
    )
  }
}

async function served(t: Test): Promise<RunningServer> {
  const server = await startTestServer()
  t.teardown(() => server.abort())
  return server
}

/** A transport that can be shut: what is open is cut, and what comes is refused or, if it is `silent`, not answered. */
class Gate implements Transport {
  readonly name: string
  readonly preamble: boolean
  state: 'open' | 'refused' | 'silent' = 'open'
  readonly #inner: Transport
  readonly #open = new Set<() => void>()

  constructor(inner: Transport) {
    this.#inner = inner
    this.name = inner.name
    this.preamble = inner.preamble
  }

  connect(handlers: TransportHandlers): TransportConnection {
    if (this.state === 'refused') throw new Error(`${this.name} is shut`)
    if (this.state === 'silent') return { write() {}, close() {} }
    const connection = this.#inner.connect({
      ...handlers,
      closed: error => {
        this.#open.delete(cut)
        handlers.closed(error)
      },
    })
    const cut = (): void => {
      this.#open.delete(cut)
      connection.close()
      handlers.closed(new Error('cut'))
    }
    this.#open.add(cut)
    return connection
  }

  shut(how: 'refused' | 'silent'): void {
    this.state = how
    for (const cut of this.#open) cut()
  }
}

for (const [one, other] of [
  ['tcp', 'ws'],
  ['ws', 'http'],
  ['http', 'tcp'],
] as const) {
  t.test(`a talk between ${one} and ${other}: each message once, in order, delivered and read`, async t => {
    const server = await served(t)
    const ann = await Person.register('ann', transportTo(server, one))
    const bob = await Person.register('bob', transportTo(server, other))
    t.same(ann.connections.at(-1), `online ${one}`)
    await ann.befriend(bob)
    const count = 100
    for (let i = 1; i <= count; i++) {
      ann.client.send(bob.uid, `a${i}`)
      bob.client.send(ann.uid, `b${i}`)
      // In runs and one by one, and the answers in between.
      if (i % 7 === 0) await eventually(() => bob.heard.length >= i - 20)
    }
    await eventually(() => ann.heard.length === count && bob.heard.length === count)
    const numbers = Array.from({ length: count }, (_, i) => i + 1)
    t.same(
      ann.heard,
      numbers.map(i => `b${i}`),
    )
    t.same(
      bob.heard,
      numbers.map(i => `a${i}`),
    )
    bob.client.markRead(ann.uid)
    const lastState = async (): Promise<string | undefined> =>
      (await ann.client.history(bob.uid)).messages.findLast(each => each.sender === ann.uid)?.state
    await eventually(async () => (await lastState()) === 'read')
    t.match(ann.client.state(), { sendQueue: [], resyncing: false })
    t.same(ann.connections, [`connecting ${one}`, `online ${one}`], 'one connection was enough')
    await ann.client.close()
    await bob.client.close()
    await eventually(() => server.context.connections.size === 0)
  })
}

t.test(
  'from transport to transport with messages in flight, down and up: nothing is lost and nothing comes twice',
  async t => {
    const server = await served(t)
    const gates = NAMES.map(name => new Gate(transportTo(server, name)))
    const [tcp, ws] = gates
    const ann = await Person.register('ann', gates, { fallbackMs: 150, reconnectBaseMs: 20 })
    const bob = await Person.register('bob', transportTo(server, 'tcp'))
    await ann.befriend(bob)
    let count = 0
    const talk = (): void => {
      for (let i = 0; i < 40; i++) {
        count += 1
        ann.client.send(bob.uid, `a${count}`)
        bob.client.send(ann.uid, `b${count}`)
      }
    }
    const over = (name: Name): Promise<void> => eventually(() => ann.connections.at(-1) === `online ${name}`)
    talk()
    tcp?.shut('silent')
    await over('ws')
    talk()
    ws?.shut('refused')
    await over('http')
    talk()
    await eventually(() => ann.heard.length > 80)
    const down = ann.connections.length
    for (const gate of [ws, tcp]) {
      talk()
      if (gate !== undefined) gate.state = 'open'
      ann.client.nudge()
      // A probe under way when the way opened is one that fails: the next one will not.
      await eventually(() => {
        ann.client.nudge()
        return ann.connections.at(-1) === `online ${gate?.name}`
      })
    }
    t.notOk(
      ann.connections.slice(down).some(each => each.startsWith('waiting')),
      'upwards nobody waits',
    )
    talk()
    await eventually(
      () => ann.heard.length >= count && bob.heard.length >= count && ann.client.state().sendQueue.length === 0,
    )
    const numbers = Array.from({ length: count }, (_, i) => i + 1)
    t.same(
      ann.heard,
      numbers.map(i => `b${i}`),
    )
    t.same(
      bob.heard,
      numbers.map(i => `a${i}`),
    )
    await ann.client.close()
    await bob.client.close()
  },
)

t.test('a network where TCP connects and then says nothing: on over WebSocket, with the same send queue', async t => {
  const server = await served(t)
  const held = new Set<Socket>()
  const hole = createServer(socket => {
    held.add(socket)
    socket.on('error', () => {})
    socket.resume()
  })
  await new Promise<void>(resolve => hole.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of held) socket.destroy()
    hole.close()
  })
  const { port } = hole.address() as AddressInfo
  const transports = [transportTo({ ...server, port }, 'tcp'), transportTo(server, 'ws'), transportTo(server, 'http')]
  const ann = await Person.register('ann', transports, { fallbackMs: 200 })
  t.same(ann.connections, ['connecting tcp', 'connecting ws', 'online ws'])
  t.equal(held.size, 1)
  ann.client.send(ann.uid + 256, 'to nobody')
  await eventually(() => ann.client.state().sendQueue.length === 0)
  await ann.client.close()
})

t.test('over HTTP too a removed device, and a copy of the installation, are told at once', async t => {
  const server = await served(t)
  const storage = new MemoryStorage()
  const ann = await Person.register('ann', transportTo(server, 'http'), { storage })
  const ended: string[] = []
  ann.client.on('sessionEnded', each => {
    ended.push(each.reason)
  })
  const other = new Person(await createClient({ transport: transportTo(server, 'tcp'), storage: new MemoryStorage() }))
  await other.client.account.login({ account: 'ann', password: PASSWORD })
  await other.online()
  await other.client.account.removeDevice(ann.client.account.device)
  await eventually(() => ended.length > 0)
  t.same(ended, ['SESSION_REVOKED'])
  await ann.client.account.login({ account: 'ann', password: PASSWORD })
  await ann.online()
  // The same storage opened once more, its attempt above: as a folder that was copied.
  const copy = new Person(await createClient({ transport: transportTo(server, 'ws'), storage }))
  copy.client.connect()
  await eventually(() => ann.connections.at(-1) === 'stopped REPLACED')
  await copy.online()
  for (const each of [ann, other, copy]) await each.client.close()
})

for (const name of NAMES) {
  t.test(`over ${name} logging out and deleting the account end at once, and are no news`, async t => {
    const server = await served(t)
    const ann = await Person.register('ann', transportTo(server, name))
    const ended: string[] = []
    ann.client.on('sessionEnded', each => ended.push(each.reason))
    const startedMs = performance.now()
    await ann.client.account.logout()
    await ann.client.account.login({ account: 'ann', password: PASSWORD })
    await ann.online()
    await ann.client.account.deleteAccount(PASSWORD)
    // Without an answer the client waits 5 s for that of a logout, and for ever for the other.
    t.ok(performance.now() - startedMs < 4_500)
    t.same([ended, ann.client.account.signedIn, ann.client.state().phase], [[], false, 'resting'])
    await t.rejects(ann.client.account.login({ account: 'ann', password: PASSWORD }), {
      code: CODES.WRONG_CREDENTIALS.code,
    })
    await ann.client.close()
  })
}

t.test('a server that stops sends its pollers away, and does not wait for them', async t => {
  const server = await served(t)
  const ann = await Person.register('ann', transportTo(server, 'http'))
  await eventually(() => [...server.context.hub.polls.all()].length === 1)
  await server.drain()
  await eventually(() => ann.connections.includes('waiting DRAINING'))
  await ann.client.close()
})

t.test('a URL with what does not belong there is refused, and one that leads elsewhere is told', async t => {
  for (const url of ['ftp://a', 'http://u:p@a', 'http://a/?token=x', 'http://a/#x', 'a']) {
    t.throws(() => fetchExchange({ url }), TypeError, url)
  }
  const server = await served(t)
  const url = `http://127.0.0.1:${server.httpPort}/elsewhere/`
  const transport = httpTransport({ exchange: fetchExchange({ url }) })
  const client = await createClient({
    transport,
    storage: new MemoryStorage(),
    signInTimeoutMs: 2_000,
    reconnectBaseMs: 5,
  })
  await t.rejects(client.account.login({ account: 'ann', password: PASSWORD }), { code: CODES.UNKNOWN_METHOD.code })
  await client.close()
})

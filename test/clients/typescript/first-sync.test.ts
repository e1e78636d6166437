/** A new device whose timeline is larger than it may have at once: it gets all of it, at the rate that the limit says. */

import t from 'tap'
import {
  type Client,
  createClient,
  fetchExchange,
  httpTransport,
  MemoryStorage,
  type Transport,
  tcpTransport,
  wsTransport,
} from '../../../clients/typescript/index.js'
import type { RunningServer } from '../../../src/cli/server.js'
import { eventually } from '../../support/eventually.js'
import { befriend, Person } from '../../support/person.js'
import { PASSWORD, startTestServer, testConfig } from '../../support/server.js'

const MESSAGES = 180
const TEXT_BYTES = 16_000
const LIMITS = 'bytes-out=1000000/s+500000,bytes=off,sends-recipient=off,requests-device=off,requests-user=off'

const TRANSPORTS: Readonly<Record<string, (server: RunningServer) => Transport>> = {
  tcp: ({ port }) => tcpTransport({ host: '127.0.0.1', port }),
  ws: ({ httpPort }) => wsTransport({ url: `ws://127.0.0.1:${httpPort}/ws` }),
  http: ({ httpPort }) => httpTransport({ exchange: fetchExchange({ url: `http://127.0.0.1:${httpPort}` }) }),
}

let server: RunningServer
let alice: Person
let bob: Person

t.before(async () => {
  server = await startTestServer({ config: testConfig('--limits', 'normal', '--set-limits', LIMITS) })
  alice = await Person.online(server.port, 'alice')
  bob = await Person.online(server.port, 'bob')
  await befriend(alice, bob)
  await alice.say(bob, ...Array.from({ length: MESSAGES }, (_, i) => `${i} ${'x'.repeat(TEXT_BYTES)}`))
  await bob.leave()
})

t.teardown(async () => {
  await alice.leave()
  await server.drain()
})

for (const [name, transportTo] of Object.entries(TRANSPORTS)) {
  t.test(`over ${name}`, async t => {
    const client: Client = await createClient({ transport: transportTo(server), storage: new MemoryStorage() })
    const numbers: number[] = []
    client.on('message', ({ text }) => numbers.push(Number.parseInt(text, 10)))
    const started = performance.now()
    const before = server.context.limits.hits.get('bytes-out') ?? 0
    await client.account.login({ account: 'bob', password: PASSWORD })
    await eventually(() => numbers.length >= MESSAGES, 25_000)
    const seconds = (performance.now() - started) / 1_000
    t.same(
      numbers,
      Array.from({ length: MESSAGES }, (_, i) => i),
      'each once, in order',
    )
    t.ok((server.context.limits.hits.get('bytes-out') ?? 0) > before, 'it was told to wait')
    t.ok(seconds < 20, `${seconds} s`)
    await client.close()
  })
}

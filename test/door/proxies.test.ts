/** Load balancers in front of the door, with real sockets. */
import { request as httpRequest } from 'node:http'
import t, { type Test } from 'tap'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { createHelloRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import type { Connection } from '../../src/connection/connection.js'
import { parseConfig } from '../../src/ops/config.js'
import type { Log } from '../../src/ops/log.js'
import { silentLog } from '../../src/ops/log.js'
import { eventually } from '../support/eventually.js'
import { RawClient } from '../support/raw-client.js'
import { closedWith, head, RawHttp } from '../support/raw-http.js'
import { startTestServer, testConfig } from '../support/server.js'

const LINE = (address: string) => new TextEncoder().encode(`PROXY TCP4 ${address} 10.0.0.1 4711 8081\r\n`)

/** Of version 2: from the balancer itself. */
const LOCAL = Uint8Array.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x20, 0, 0, 0])

async function server(t: Test, ...argv: string[]) {
  const lines: object[] = []
  const log: Log = { ...silentLog, info: (fields, text) => void lines.push({ ...fields, text }) }
  const running = await startTestServer({ config: testConfig('--limits', 'normal', ...argv), log })
  t.teardown(() => running.drain())
  return { running, lines }
}

function addresses(running: RunningServer): string[] {
  return [...running.context.connections].map(connection => (connection as Connection).address).sort()
}

async function hello(client: RawClient): Promise<number> {
  client.send(Uint8Array.of(0))
  return (await client.call(METHODS.hello, createHelloRequest({}))).code
}

t.test('a connection counts as its client, once a trusted balancer has named him', async t => {
  const { running } = await server(
    t,
    '--proxy-protocol',
    '--trust-proxy',
    '127.0.0.0/8',
    '--max-connections-per-address',
    '2',
  )
  const clients: RawClient[] = []
  const connect = async (header: Uint8Array): Promise<RawClient> => {
    const client = await RawClient.connect(running.port)
    clients.push(client)
    for (const byte of header) client.send(Uint8Array.of(byte))
    return client
  }
  for (let i = 0; i < 5; i++)
    t.equal(await hello(await connect(LINE(`203.0.113.${i}`))), 0, 'five people behind one balancer')
  t.equal(await hello(await connect(LINE('203.0.113.0'))), 0)
  t.equal(await hello(await connect(LINE('203.0.113.0'))), 0)
  await eventually(() => clients[0]?.ended === true) // the third of one of them took the place of his first
  t.same(addresses(running), ['203.0.113.0', '203.0.113.0', '203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4'])
  const local = await connect(LOCAL)
  t.equal(await hello(local), 0, "the balancer's own probe")
  t.ok(addresses(running).includes('127.0.0.1'))
  for (const client of clients) client.destroy()
  await eventually(() => running.context.gate.total === 0)
  t.equal(running.context.gate.addresses, 0, 'all is given back')
})

t.test('header, Hello and a request may come in one packet', async t => {
  const { running } = await server(t, '--proxy-protocol', '--trust-proxy', '127.0.0.1')
  const client = await RawClient.connect(running.port)
  const frame = encodeRequest(1, METHODS.hello.number, METHODS.hello.encodeRequest(createHelloRequest({})))
  client.send(Buffer.concat([LINE('203.0.113.9'), Uint8Array.of(0), frame]))
  t.equal((await client.answer(1)).code, 0)
  client.destroy()
})

t.test('what is no header closes the connection, and says so in the log only', async t => {
  const { running, lines } = await server(t, '--proxy-protocol', '--trust-proxy', '127.0.0.1')
  for (const bytes of [
    Uint8Array.of(0),
    new TextEncoder().encode('PROXY TCP4 nobody\r\n'),
    new Uint8Array(500).fill(0x50),
  ]) {
    const client = await RawClient.connect(running.port)
    client.send(bytes)
    t.equal(await client.end(), 'nothing')
  }
  t.match(lines.at(-1), { address: '127.0.0.1', text: /PROXY header/ })
  const gone = await RawClient.connect(running.port)
  gone.send(LINE('203.0.113.1').subarray(0, 10))
  gone.socket.end()
  await gone.end()
  t.equal(running.context.gate.total, 0)
})

t.test('behind the header HTTP may come as well, and counts as its client', async t => {
  const limits = ['--set-limits', 'hellos-address=1/h+1']
  const { running } = await server(t, '--proxy-protocol', '--trust-proxy', '127.0.0.1', ...limits)
  const ask = async (address: string, path: string, ...headers: string[]): Promise<number | undefined> => {
    const client = await RawHttp.connect(running.port)
    client.send(Buffer.concat([LINE(address), Buffer.from(head(path, ...headers))]))
    const [status] = await client.answers(1)
    client.destroy()
    return status
  }
  const hello = (address: string): Promise<number | undefined> =>
    ask(
      address,
      'POST /longwire.v1.ConnectionService/Hello HTTP/1.1',
      'Content-Type: application/proto',
      'Content-Length: 0',
    )
  t.equal(await hello('203.0.113.1'), 200)
  t.equal(await hello('203.0.113.1'), 429)
  t.equal(await hello('203.0.113.2'), 200, 'another client of the same balancer')
  // The balancer's own machine is not this one, whatever it says.
  const metrics = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'
  for (const header of ['PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n', 'PROXY UNKNOWN\r\n']) {
    const client = await RawHttp.connect(running.port)
    client.send(header + metrics)
    t.same(await client.answers(1), [403], header)
    client.destroy()
  }
  const plain = await RawHttp.connect(running.httpPort)
  plain.send(metrics)
  t.same(await plain.answers(1), [200], 'on --http-port a proxy speaks by X-Forwarded-For')
  plain.destroy()
  await eventually(() => running.context.gate.total === 0)
  t.equal(running.context.gate.addresses, 0, 'all is given back')
})

t.test('from others a header is what it is for everybody: no Longwire, and no HTTP', async t => {
  const { running } = await server(t, '--proxy-protocol', '--trust-proxy', '192.0.2.1')
  t.same(await closedWith(running.port, LINE('203.0.113.1')), [400])
  const client = await RawClient.connect(running.port)
  client.send(LOCAL)
  t.equal(await client.end(), 'PROTOCOL_ERROR')
  const direct = await RawClient.connect(running.port)
  t.equal(await hello(direct), 0, 'and they need none')
  t.equal(addresses(running).at(-1), '127.0.0.1')
  direct.destroy()
})

t.test('without --trust-proxy the PROXY protocol is not to be had', async t => {
  t.match(parseConfig(['--proxy-protocol'], {}), { kind: 'wrong', message: /--trust-proxy/ })
  t.match(parseConfig(['--trust-proxy', '10.0.0.0/33'], {}), {
    kind: 'wrong',
    message: /--trust-proxy must be addresses/,
  })
})

t.test('the short side believes X-Forwarded-For of trusted proxies, for limits', async t => {
  const limits = ['--set-limits', 'hellos-address=1/h+2']
  const ask = (port: number, forwarded: string | undefined) =>
    new Promise<number>((resolve, reject) => {
      const headers = {
        'content-type': 'application/json',
        ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
      }
      const path = '/longwire.v1.ConnectionService/Hello'
      const request = httpRequest({ port, path, method: 'POST', headers, agent: false }, response => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      })
      request.on('error', reject)
      request.end('{}')
    })
  const behind = (await server(t, '--trust-proxy', '127.0.0.1', ...limits)).running
  for (let i = 0; i < 5; i++) t.equal(await ask(behind.httpPort, `203.0.113.${i}`), 200)
  t.equal(await ask(behind.httpPort, 'claimed, 203.0.113.0'), 200)
  t.equal(await ask(behind.httpPort, 'claimed, 203.0.113.0'), 429, 'one of them has used up his own')
  t.equal(await ask(behind.httpPort, '203.0.113.1'), 200, 'and nobody elses')
  const open = (await server(t, ...limits)).running
  for (let i = 0; i < 2; i++) t.equal(await ask(open.httpPort, `203.0.113.${i}`), 200)
  t.equal(await ask(open.httpPort, '203.0.113.7'), 429, 'from others the header says nothing')
})

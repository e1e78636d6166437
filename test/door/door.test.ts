/** What a port takes, what the door leaves on a socket, and for how long it waits. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { createHelloRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import type { Arrived, Protocol } from '../../src/connection/arrived.js'
import { disown, ownerOf } from '../../src/connection/socket-owner.js'
import { Arrival } from '../../src/door/arrival.js'
import { Door } from '../../src/door/door.js'
import { AddressList } from '../../src/lib/network.js'
import { seededRandom } from '../../src/lib/random.js'
import { Wheel } from '../../src/lib/wheel.js'
import { ConnectionGate } from '../../src/ops/gate.js'
import { silentLog, ThrottledLog } from '../../src/ops/log.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { RawClient } from '../support/raw-client.js'
import { head, RawHttp } from '../support/raw-http.js'
import { RawWebSocket } from '../support/raw-web-socket.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

const NO_PROXIES = new AddressList([])

const HEALTH = head('GET /healthz HTTP/1.1')

async function start(t: Test, ...argv: string[]): Promise<RunningServer> {
  const server = await startTestServer({ config: testConfig(...argv) })
  t.teardown(() => server.drain())
  return server
}

async function health(port: number): Promise<number[]> {
  const client = await RawHttp.connect(port)
  client.send(HEALTH)
  const statuses = await client.answers(1)
  client.destroy()
  return statuses
}

/** Longwire, HTTP and WebSocket, one after the other. */
async function takesAll(t: Test, port: number): Promise<void> {
  const { client: tcp } = await RawClient.open(port, {})
  const { client: ws } = await RawWebSocket.open(port, {})
  t.same(await health(port), [200])
  for (const client of [tcp, ws]) client.destroy()
}

t.test('each port takes Longwire, HTTP and WebSocket', async t => {
  const server = await start(t)
  t.not(server.port, server.httpPort)
  await takesAll(t, server.port)
  await takesAll(t, server.httpPort)
  await eventually(() => server.context.gate.total === 0)
})

t.test('one port is enough, by either name', async t => {
  for (const none of ['--port', '--http-port']) {
    const server = await start(t, none, 'none')
    t.equal(server.port, server.httpPort, none)
    await takesAll(t, server.port)
    const client = await RawHttp.connect(server.port)
    client.send('x')
    // What is neither is answered by what the port is called after.
    await client.end()
    t.match(client.received, none === '--port' ? /^HTTP\/1.1 400 / : /the first byte is 120, not 0/)
  }
})

t.test('the first bytes may come in any cut, with what follows them', async t => {
  const server = await start(t)
  for (const port of [server.port, server.httpPort]) {
    const whole = await RawHttp.connect(port)
    whole.send(HEALTH + HEALTH)
    t.same(await whole.answers(2), [200, 200])
    whole.destroy()
    const cut = await RawHttp.connect(port)
    for (const byte of HEALTH) {
      cut.send(byte)
      await new Promise(setImmediate)
    }
    t.same(await cut.answers(1), [200])
    cut.destroy()
    const longwire = await RawClient.connect(port)
    longwire.send(Uint8Array.of(0))
    await eventually(() => server.context.connections.size === 1)
    t.equal((await longwire.call(METHODS.hello, createHelloRequest({}))).code, 0)
    longwire.destroy()
    await eventually(() => server.context.gate.total === 0)
  }
})

t.test('who is slow in HTTP is cut off on both ports', async t => {
  const server = await startTestServer({ shortTimeouts: { headersMs: 300, requestMs: 600, checkMs: 50 } })
  t.teardown(() => server.drain())
  for (const port of [server.port, server.httpPort]) {
    const slowHead = await RawHttp.connect(port)
    slowHead.send(HEALTH.slice(0, -2))
    const slowBody = await RawHttp.connect(port)
    slowBody.send(
      head('POST /longwire.v1.ConnectionService/Hello HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 9'),
    )
    t.same(await slowHead.end(5_000), [408])
    t.same(await slowBody.end(5_000), [408])
  }
  await eventually(() => server.context.gate.total === 0)
})

t.test('time without a first byte is part of the time for the first request', async t => {
  // Headers would have 60 s by node:http alone.
  const server = await startTestServer({ shortTimeouts: { headersMs: 3_000, requestMs: 60_000, checkMs: 60_000 } })
  t.teardown(() => server.drain())
  const client = await RawHttp.connect(server.httpPort)
  await eventually(() => server.context.gate.total === 1)
  const { tick } = server.context.wheel
  await eventually(() => server.context.wheel.tick >= tick + 1, 5_000)
  client.send(HEALTH.slice(0, -2))
  t.same(await client.end(8_000), [408])
})

t.test('where all is full, silent connections make way on either port', async t => {
  const server = await start(t, '--limits', 'normal', '--max-connections-per-address', '3')
  const { token } = await registerAccount(server.port, 'ann')
  await eventually(() => server.context.gate.total === 0)
  const { client: ann } = await RawClient.open(server.port, { token, attempt: 1 })
  const idle: RawClient[] = []
  for (let i = 0; i < 20; i++) idle.push(await RawClient.connect(i % 2 === 0 ? server.port : server.httpPort))
  await eventually(() => idle.filter(({ ended }) => !ended).length === 2, 5_000)
  t.same(idle.map(({ ended }) => ended).slice(-3), [true, false, false], 'the newest stay')
  t.equal(server.context.gate.hits.evicted, 18)
  t.same(await health(server.port), [200])
  t.equal(ann.ended, false)
  for (const client of [ann, ...idle]) client.destroy()
  await eventually(() => server.context.gate.total === 0)
  t.equal(server.context.gate.addresses, 0)
})

t.test('one too many is told so in words that it understands, on either port', async t => {
  const server = await start(t, '--limits', 'normal', '--max-connections', '1')
  const { token } = await registerAccount(server.port, 'ann')
  await eventually(() => server.context.gate.total === 0)
  const { client: ann } = await RawClient.open(server.port, { token, attempt: 1 })
  for (const port of [server.port, server.httpPort]) {
    const longwire = await RawClient.connect(port)
    longwire.send(Uint8Array.of(0))
    t.equal(await longwire.end(), 'TOO_MANY_CONNECTIONS')
    t.ok((longwire.frames[0]?.retryAfterMs ?? 0) >= 2_000)
    const http = await RawHttp.connect(port)
    http.send(
      head('POST /longwire.v1.ConnectionService/Hello HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 0'),
    )
    t.same(await http.answers(1), [503])
    t.match(http.received, /^Retry-After: \d+\r$/m)
    http.destroy()
    t.same(await health(port), [200], 'pages are for operators')
    const silent = await RawHttp.connect(port)
    silent.socket.once('end', () => silent.socket.end())
    const statuses = await silent.end(6_000)
    // In the words of what the port is called after.
    if (port === server.httpPort) t.same(statuses, [503])
    else t.match(silent.received, 'the server is full')
  }
  t.equal(server.context.gate.total, 1)
  ann.destroy()
  await eventually(() => server.context.gate.total === 0)
  await takesAll(t, server.port)
})

t.test('while it drains the one port is open for probes, and takes no new connection', async t => {
  const server = await startTestServer({ config: testConfig('--http-port', 'none', '--drain-ms', '1000') })
  const { client: held } = await RawClient.open(server.port, {})
  held.socket.pause()
  const drained = server.drain()
  t.same(await health(server.port), [503])
  const late = await RawClient.connect(server.port)
  late.send(Uint8Array.of(0))
  t.equal(await late.end(), 'DRAINING')
  held.destroy()
  await drained
  const failure = await once(connect({ port: server.port, host: '127.0.0.1' }), 'error')
  t.match(failure, [{ code: 'ECONNREFUSED' }])
})

t.test('those who are refused are few at a time: the oldest is reset for a new one', async t => {
  const wheel = new Wheel(new ManualClock())
  const told: Arrived[] = []
  const protocol: Protocol = {
    firstRequestMs: 10_000,
    serve: () => t.fail('all is full'),
    silent: () => t.fail('all is full'),
    refuse: arrived => void told.push(arrived),
  }
  const gate = new ConnectionGate({ totalMax: 0, perAddressMax: 10, refusalsMax: 2 })
  const faults = new ThrottledLog(silentLog, 1)
  const context = { gate, wheel, random: seededRandom(1), log: silentLog, faults }
  const door = new Door({ context, longwire: protocol, http: protocol, proxies: NO_PROXIES })
  const { port } = await door.listen('127.0.0.1', 0, { native: protocol, proxied: false })
  const clients: RawHttp[] = []
  for (let i = 0; i < 6; i++) clients.push(await RawHttp.connect(port))
  await eventually(() => gate.hits.total === 6 && door.arrivals === 2)
  await eventually(() => clients.filter(({ closed }) => closed).length === 4)
  t.same(clients.map(({ closed }) => closed).slice(-2), [false, false], 'the newest stay')
  for (const client of clients) client.socket.write('\0')
  await eventually(() => told.length === 2)
  door.close()
  await eventually(() => clients.every(({ closed }) => closed))
  t.equal(gate.total, 0)
})

t.test('what the kernel did not take at first is followed by the rest, on TCP', async t => {
  const server = await start(t)
  const { client } = await RawClient.open(server.port, {})
  client.socket.pause()
  const request = encodeRequest(7, METHODS.getProfile.number, new Uint8Array(0))
  const count = 150_000
  client.send(new Uint8Array(Buffer.concat(new Array<Uint8Array>(count).fill(request))))
  await eventually(() => [...server.context.connections].some(({ waitingBytes }) => waitingBytes > 0))
  client.socket.resume()
  await eventually(() => client.frames.length === count, 20_000)
  client.destroy()
})

t.test('who has no session keeps its place in the line from when it was accepted, whatever it has sent', async t => {
  const server = await start(t, '--limits', 'normal', '--max-connections-per-address', '3')
  const { gate } = server.context
  const added: unknown[] = []
  const add = gate.addUnauthenticated
  gate.addUnauthenticated = (address, connection) => {
    added.push(connection)
    add.call(gate, address, connection)
  }
  const oldest = await RawClient.connect(server.port)
  const http = await RawHttp.connect(server.httpPort)
  await eventually(() => gate.total === 2)
  const ws = await RawWebSocket.connect(server.httpPort)
  await eventually(() => server.context.connections.size === 1)
  oldest.send(Uint8Array.of(0))
  await eventually(() => server.context.connections.size === 2)
  http.send(head('GET /healthz HTTP/1.1'))
  t.same(await http.answers(1), [200])
  t.equal(added.length, 3, 'each once')
  t.equal(new Set(added).size, 3)
  const newest = await RawClient.connect(server.port)
  await eventually(() => oldest.ended)
  t.equal(http.closed, false, 'it came later, although the other one was handed on later')
  for (const client of [oldest, http, ws, newest]) client.destroy()
  await eventually(() => gate.total === 0)
  t.equal(gate.addresses, 0)
})

t.test('nothing of the door stays on a socket that it has handed on', async t => {
  const clock = new ManualClock()
  const wheel = new Wheel(clock)
  const handed: Arrived[] = []
  const protocol: Protocol = {
    firstRequestMs: 10_000,
    serve(arrived) {
      disown(arrived.socket)
      handed.push(arrived)
    },
    silent: () => t.fail('it has spoken'),
    refuse: () => t.fail('it is admitted'),
  }
  const gate = new ConnectionGate({ totalMax: 10, perAddressMax: 10 })
  const faults = new ThrottledLog(silentLog, 1)
  const context = { gate, wheel, random: seededRandom(1), log: silentLog, faults }
  const door = new Door({ context, longwire: protocol, http: protocol, proxies: NO_PROXIES })
  t.teardown(() => door.close())
  const { port } = await door.listen('127.0.0.1', 0, { native: protocol, proxied: false })
  const plain = createServer()
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const address = plain.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const clients = [connect(port, '127.0.0.1'), connect(address.port, '127.0.0.1')]
  for (const client of clients) client.write(Uint8Array.of(0))
  const [untouched] = (await once(plain, 'connection')) as [Socket]
  await eventually(() => handed.length === 1)
  const [arrived] = handed
  if (arrived === undefined) throw new Error('nothing was handed on')
  const { socket } = arrived
  const names = new Set([...untouched.eventNames(), ...socket.eventNames()])
  for (const name of names) t.equal(socket.listenerCount(name), untouched.listenerCount(name), String(name))
  t.equal(ownerOf(socket), undefined)
  t.same([wheel.size, door.arrivals], [0, 0])
  for (const each of [...clients, socket, untouched]) each.destroy()
  plain.close()
})

t.test("a PROXY header's time is part of it, too", async t => {
  const clock = new ManualClock()
  const wheel = new Wheel(clock)
  const told: unknown[] = []
  const begin = (): PassThrough => {
    const socket = new PassThrough()
    const protocol: Protocol = { firstRequestMs: 10_000, serve() {}, silent() {}, refuse() {} }
    const arrival = new Arrival({
      socket: socket as unknown as Socket,
      address: '10.0.0.1',
      port: { native: protocol, proxied: true },
      proxied: true,
      wheel,
      end: {
        named: (arrival, address) => {
          arrival.address = address
        },
        spoke: (arrival, first) => {
          arrival.stopWaiting()
          const { address, leftMs, proxied } = arrival.arrived(first, 10_000)
          told.push({ address, leftMs, proxied, bytes: first.length })
        },
        silent: () => told.push('silent'),
        malformed: (_, reason) => told.push(reason),
        gone: () => told.push('gone'),
      },
    })
    arrival.wait(10_000)
    return socket
  }
  const line = new TextEncoder().encode('PROXY TCP4 203.0.113.1 10.0.0.1 4711 8081\r\n\0')
  const slow = begin()
  slow.write(line.subarray(0, 20))
  clock.advance(4_000)
  slow.write(line.subarray(20, -1))
  clock.advance(2_000)
  slow.write(line.subarray(-1))
  await eventually(() => told.length === 1)
  t.same(told.splice(0), [{ address: '203.0.113.1', leftMs: 4_000, proxied: true, bytes: 1 }])
  begin().write('PROXY ')
  clock.advance(9_000)
  t.same(told, [])
  clock.advance(2_000)
  t.same(told.splice(0), ['no PROXY header in time'])
  const silent = begin()
  silent.write(line.subarray(0, -1))
  await new Promise(setImmediate)
  clock.advance(11_000)
  t.same(told, ['silent'], 'a header alone is no first byte')
  t.equal(wheel.size, 0)
})

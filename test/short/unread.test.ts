/** Clients of the short side that ask and do not read: what waits for them, and when they are closed. */

import t from 'tap'
import { createSyncRequest, encodeSyncRequest } from '../../protocol/generated/messages.js'
import type { RunningServer } from '../../src/cli/server.js'
import { CONNECTION_BYTES_MAX } from '../../src/connection/backlog.js'
import { eventually } from '../support/eventually.js'
import { FakeServices } from '../support/fake-services.js'
import { bearer } from '../support/http-client.js'
import { head, RawHttp } from '../support/raw-http.js'
import { startTestServer } from '../support/server.js'

/** More than the kernel takes for a peer on this machine. */
const ANSWER_BYTES = 20_000_000
const PIPELINED = 16
const TARGET = 'POST /longwire.v1.MessageService/Sync HTTP/1.1'

const sync = (waitMs: number): Uint8Array => encodeSyncRequest(createSyncRequest({ since: 0, waitMs }))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function ask(uid: number, ...headers: string[]): string {
  return head(TARGET, 'Content-Type: application/proto', `Authorization: ${bearer(Uint8Array.of(uid))}`, ...headers)
}

/** A request with a length, a poll with one, and a poll in chunks. */
const FORMS: Readonly<Record<string, (uid: number) => string>> = {
  'a Sync': uid => `${ask(uid, `Content-Length: ${sync(0).length}`)}${text(sync(0))}`,
  'a poll': uid => `${ask(uid, `Content-Length: ${sync(25_000).length}`)}${text(sync(25_000))}`,
  'a poll in chunks': uid => {
    const body = text(sync(25_000))
    return `${ask(uid, 'Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  },
}

let asked = 0

async function serving(stallMs: number, answerBytes = ANSWER_BYTES): Promise<RunningServer> {
  const services = new FakeServices()
  const items = Array.from({ length: 40 }, (_, i) => ({ version: i + 1, bytes: new Uint8Array(answerBytes / 40) }))
  asked = 0
  services.onRequest = ({ caller, id }) => {
    asked++
    caller.synced(id, 0, { kind: 'page', items, to: 40, more: false, trimmed: false, head: 40 }, [])
  }
  return startTestServer({ services: () => services, shortTimeouts: { stallMs } })
}

/** Counts what comes: to keep and search it would take longer than to send it. */
function counting(client: RawHttp): { bytes: number } {
  const counted = { bytes: 0 }
  client.socket.removeAllListeners('data')
  client.socket.on('data', ({ length }: Uint8Array) => {
    counted.bytes += length
  })
  return counted
}

for (const [name, form] of Object.entries(FORMS)) {
  t.test(`${name}: what is pipelined is begun when a page at most waits, and answered in the end`, async t => {
    const answerBytes = 2_000_000
    const server = await serving(60_000, answerBytes)
    const { backlog } = server.context
    const client = await RawHttp.connect(server.httpPort)
    const counted = counting(client)
    client.socket.pause()
    client.send(form(7).repeat(PIPELINED))
    await eventually(() => backlog.total > answerBytes)
    const before = asked
    t.equal((await server.ready()).ready, true, 'there was time for more')
    t.ok(asked === before && asked < PIPELINED, `${asked} were begun`)
    t.ok(backlog.total < answerBytes + CONNECTION_BYTES_MAX, `${backlog.total} bytes wait`)
    client.socket.resume()
    await eventually(() => counted.bytes > PIPELINED * answerBytes)
    t.equal(asked, PIPELINED)
    client.destroy()
    await eventually(() => backlog.total === 0)
    t.equal(backlog.keys, 0)
    await server.drain()
  })
}

t.test('a device has one budget on all of its connections', async t => {
  const server = await serving(60_000)
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawHttp.connect(server.httpPort)))
  for (const client of clients) {
    client.socket.pause()
    client.send(FORMS['a Sync']?.(7) ?? '')
  }
  await eventually(() => server.context.counters.requests().some(({ count }) => count > 0))
  await eventually(() => server.context.counters.requests().reduce((sum, { count }) => sum + count, 0) === 10)
  t.equal(asked, 1, 'the first one is far above it already')
  const refused = server.context.counters.requests().find(({ code }) => code === 'RATE_LIMITED')
  t.equal(refused?.count, 9)
  for (const client of clients) client.destroy()
  await eventually(() => server.context.backlog.total === 0)
  await server.drain()
})

t.test('who reads nothing is closed in time, whatever else he sends', async t => {
  const server = await serving(500)
  const client = await RawHttp.connect(server.httpPort)
  client.socket.pause()
  client.send(FORMS['a Sync']?.(7) ?? '')
  await eventually(() => asked > 0)
  // A header of the next request, in crumbs: each was a sign of life.
  const started = performance.now()
  client.send('POST / HTTP/1.1\r\nX: ')
  await eventually(() => {
    client.send('y')
    return server.context.gate.total === 0
  })
  t.ok(performance.now() - started < 8_000)
  t.equal(server.context.backlog.total, 0)
  client.destroy()
  await server.drain()
})

t.test('who reads slowly stays, as long as he takes a piece in time', async t => {
  const server = await serving(2_000, 30_000_000)
  const client = await RawHttp.connect(server.httpPort)
  client.socket.pause()
  client.send(FORMS['a Sync']?.(7) ?? '')
  await eventually(() => asked > 0)
  const started = performance.now()
  const counted = counting(client)
  client.socket.on('data', () => {
    client.socket.pause()
    setTimeout(() => client.socket.resume(), 8)
  })
  client.socket.resume()
  await eventually(() => counted.bytes > 30_000_000 || client.closed, 60_000)
  t.ok(counted.bytes > 30_000_000, `${counted.bytes} bytes`)
  t.ok(performance.now() - started > 2_500, 'it took longer than a piece may')
  client.destroy()
  await server.drain()
})

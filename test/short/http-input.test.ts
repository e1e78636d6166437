/**
 * Bad input over HTTP, byte for byte: what is refused, with what status, and that it ends the connection; and what it does to
 * everybody else: nothing.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createSendRequest,
  createSyncRequest,
  encodeSendRequest,
  type Session,
} from '../../protocol/generated/messages.js'
import { HTTP_BODY_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { seededRandom } from '../../src/lib/random.js'
import { eventually } from '../support/eventually.js'
import { bearer, call, type HttpReply } from '../support/http-client.js'
import { closedWith, head, RawHttp } from '../support/raw-http.js'
import { registerAccount, startTestServer } from '../support/server.js'

const LIST = 'POST /longwire.v1.AccountService/ListDevices HTTP/1.1'
const SEND = 'POST /longwire.v1.MessageService/Send HTTP/1.1'
const PROTO = 'Content-Type: application/proto'
const HEALTH = 'GET /healthz HTTP/1.1'

/** Short, so that who is slow is seen to be: a tenth of what serve has, and less. */
const TIMEOUTS = { headersMs: 300, requestMs: 600, checkMs: 50 }

let server: RunningServer
let alice: Session
let auth = ''
/** Polls all the time: what the others do must not reach it. */
let bystander: Promise<HttpReply<unknown>>
const delay = monitorEventLoopDelay({ resolution: 5 })

t.before(async () => {
  server = await startTestServer({ shortTimeouts: TIMEOUTS })
  alice = await registerAccount(server.port, 'alice')
  auth = `Authorization: ${bearer(alice.token)}`
  const bob = await registerAccount(server.port, 'bob')
  const { answer } = await call(server.httpPort, METHODS.sync, createSyncRequest({ since: 0 }), { token: bob.token })
  const since = answer?.to ?? 0
  bystander = call(server.httpPort, METHODS.sync, createSyncRequest({ since, waitMs: 25_000 }), { token: bob.token })
  delay.enable()
})

t.afterEach(async () => {
  const { status } = await call(server.httpPort, METHODS.listDevices, {}, { token: alice.token })
  if (status !== 200) throw new Error(`a good request was answered ${status}`)
})

t.teardown(async () => {
  const drained = server.drain()
  await bystander
  await drained
})

/** Each is answered once, with that status, and its connection closed. */
async function refused(
  t: { same(found: unknown, wanted: unknown, name: string): unknown },
  cases: Readonly<Record<string, readonly [bytes: string | Uint8Array, status: number]>>,
) {
  for (const [name, [bytes, status]] of Object.entries(cases)) {
    t.same(await closedWith(server.httpPort, bytes), [status], name)
  }
}

t.test('two readers could read it in two ways: smuggling', async t => {
  const smuggled = head(HEALTH)
  const post = (...headers: string[]) => head(LIST, PROTO, auth, ...headers)
  await refused(t, {
    'both lengths': [`${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`, 400],
    'both, in the other order': [`${post('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${smuggled}`, 400],
    'Content-Length twice': [`${post('Content-Length: 0', `Content-Length: ${smuggled.length}`)}${smuggled}`, 400],
    'Content-Length twice, the same': [post('Content-Length: 0', 'Content-Length: 0'), 400],
    'a list of lengths': [post('Content-Length: 0, 0'), 400],
    'a length with a sign': [post('Content-Length: +0'), 400],
    'a negative length': [post('Content-Length: -1'), 400],
    'a hexadecimal length': [`${post('Content-Length: 0x10')}${smuggled}`, 400],
    'a length beyond 64 bits': [post('Content-Length: 99999999999999999999'), 400],
    'a space before the colon': [post('Content-Length : 0'), 400],
    'a folded header': [post('X-A: a\r\n b', 'Content-Length: 0'), 400],
    'a folded transfer encoding': [`${post('Transfer-Encoding:\r\n chunked')}0\r\n\r\n`, 400],
    'a first header that begins with a space': [`${HEALTH}\r\n X: y\r\nHost: test\r\n\r\n`, 400],
    'a header without a name': [head(HEALTH, ': y'), 400],
    'transfer encoding twice': [`${post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')}0\r\n\r\n`, 400],
    'another coding before chunked': [`${post('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`, 400],
    'another coding after chunked': [`${post('Transfer-Encoding: chunked, gzip')}0\r\n\r\n`, 400],
    'a coding that looks like chunked': [`${post('Transfer-Encoding: xchunked')}0\r\n\r\n`, 400],
    'a vertical tab before chunked': [`${post('Transfer-Encoding: \x0bchunked')}0\r\n\r\n`, 400],
    'chunked in HTTP/1.0': [`${post('Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0')}0\r\n\r\n`, 400],
    'lines that end in LF': [head(HEALTH).replaceAll('\r\n', '\n'), 400],
    'a CR within a header': [head(HEALTH, 'X: a\rb'), 400],
    'a NUL within a header': [head(HEALTH, 'X: a\0b'), 400],
    'Authorization twice': [post(auth, 'Content-Length: 0'), 400],
    'Content-Type twice': [post(PROTO, 'Content-Length: 0'), 400],
    'Host twice': [head(HEALTH, 'Host: other'), 400],
    'no Host': [`${HEALTH}\r\n\r\n`, 400],
  })
})

t.test('chunks that are none', async t => {
  const chunked = (bytes: string) => `${head(LIST, PROTO, auth, 'Transfer-Encoding: chunked')}${bytes}`
  await refused(t, {
    'a size that is no number': [chunked('zz\r\n\r\n'), 400],
    'a negative size': [chunked('-1\r\n\r\n'), 400],
    'a size beyond 64 bits': [chunked('ffffffffffffffffff\r\n'), 400],
    'sizes that end in LF': [chunked('0\n\n'), 400],
    'a chunk longer than its size': [chunked('1\r\naXX0\r\n\r\n'), 400],
    'an endless extension': [chunked(`1;x=${'y'.repeat(40_000)}`), 413],
  })
  const client = await RawHttp.connect(server.httpPort)
  client.send(chunked('0;a=b\r\nAuthorization: Bearer x\r\n\r\n')) // extensions and trailers are ignored
  client.send(`${head(LIST, PROTO, auth, 'Transfer-Encoding: chunked')}0\r\n\r\n`)
  t.same(await client.answers(2), [200, 200])
  client.destroy()
})

t.test('what is no HTTP/1.1', async t => {
  await refused(t, {
    TLS: [Uint8Array.of(0x16, 3, 1, 2, 0), 400],
    'HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    'HTTP/0.9': ['GET /healthz\r\n\r\n', 505],
    'HTTP/1.2': [head('GET /healthz HTTP/1.2'), 400],
    'a method of its own': [head('FOO /healthz HTTP/1.1'), 400],
    'a tab for a space': [head('GET\t/healthz HTTP/1.1'), 400],
    'another upgrade': [head('GET /ws HTTP/1.1', 'Connection: Upgrade', 'Upgrade: h2c'), 426],
  })
  t.same(await closedWith(server.httpPort, head('CONNECT x:80 HTTP/1.1')), [])
  const random = seededRandom('bad http')
  for (let i = 0; i < 20; i++) {
    const statuses = await closedWith(server.httpPort, random.bytes(1 + random.integer(3_000)))
    if (statuses.length > 1 || ![undefined, 400, 408, 431].includes(statuses[0])) t.fail(`answered ${statuses}`)
  }
  const old = await RawHttp.connect(server.httpPort)
  old.send(head('GET /healthz HTTP/1.0'))
  t.same(await old.end(), [200], 'HTTP/1.0 is served, and closed')
})

t.test('header bombs', async t => {
  await refused(t, {
    'one of 10 KB': [head(HEALTH, `X: ${'y'.repeat(10_000)}`), 431],
    'a URL of 10 KB': [head(`GET /${'y'.repeat(10_000)} HTTP/1.1`), 431],
    '3 000': [head(HEALTH, ...new Array<string>(3_000).fill('X: y')), 431],
    '70 small ones': [head(HEALTH, ...new Array<string>(70).fill('X: y')), 431],
  })
})

t.test('paths that lead elsewhere', async t => {
  for (const path of [
    '/../healthz',
    '/longwire.v1.AccountService/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '//etc/passwd',
    '/healthz/..',
    '/\\..\\..\\x',
    'http://other//healthz',
    'ftp://other/healthz',
    '/healthz%00',
    '/ws/',
    '/wsx',
  ]) {
    const client = await RawHttp.connect(server.httpPort)
    client.send(head(`GET ${path} HTTP/1.1`))
    t.same(await client.answers(1), [404], path)
    client.destroy()
  }
  const client = await RawHttp.connect(server.httpPort)
  client.send(head('GET /ws HTTP/1.1'))
  t.same(await client.answers(1), [426])
  t.match(client.received, /^Upgrade: websocket\r$/m)
  client.destroy()
})

t.test('a body above its limit is refused on its declaration, and on its bytes', async t => {
  const declared = await RawHttp.connect(server.httpPort)
  declared.send(head(SEND, PROTO, auth, `Content-Length: ${HTTP_BODY_BYTES_MAX + 1}`))
  t.same(await declared.answers(1), [413], 'before a byte of it came')
  declared.destroy()
  const chunked = await RawHttp.connect(server.httpPort)
  chunked.send(head(SEND, PROTO, auth, 'Transfer-Encoding: chunked'))
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
  for (let i = 0; i < 5; i++) chunked.send(chunk)
  t.same(await chunked.end(), [413])
  t.match(chunked.received, /^Connection: close\r$/m)
})

t.test('a body that ends too soon, and one that vanishes, have no effect', async t => {
  const body = Buffer.from(encodeSendRequest(createSendRequest({ sendSeq: 1, to: 99, text: 'never' }))).toString(
    'latin1',
  )
  for (const end of ['end', 'destroy'] as const) {
    const client = await RawHttp.connect(server.httpPort)
    client.send(`${head(SEND, PROTO, auth, `Content-Length: ${body.length + 5}`)}${body}`)
    await eventually(() => client.socket.writableLength === 0)
    client.socket[end]()
    const statuses = await client.end()
    t.ok(statuses.length === 0 || statuses[0] === 400, `${end}: ${statuses}`)
  }
  const request = createSendRequest({ sendSeq: 1, to: alice.uid, text: 'x' })
  const { code } = await call(server.httpPort, METHODS.send, request, { token: alice.token })
  t.equal(code, CODES.SELF.code, 'number 1 is still free')
})

t.test('slow-loris: headers, a body, and nothing at all', async t => {
  const silent = await RawHttp.connect(server.httpPort)
  const slowHead = await RawHttp.connect(server.httpPort)
  const slowBody = await RawHttp.connect(server.httpPort)
  const slowChunks = await RawHttp.connect(server.httpPort)
  slowHead.send(`${LIST}\r\nHost: test\r\n`)
  slowBody.send(head(SEND, PROTO, auth, 'Content-Length: 1000'))
  slowChunks.send(head(SEND, PROTO, auth, 'Transfer-Encoding: chunked'))
  // A byte now and then keeps none of them: what counts is the whole.
  const drip = (client: RawHttp, bytes: string) => {
    if (!client.closed) client.send(bytes)
  }
  let i = 0
  await eventually(() => {
    i++
    if (i % 10 === 0) {
      drip(slowHead, `X-${i}: y\r\n`)
      drip(slowBody, 'x')
      drip(slowChunks, '1\r\nx\r\n')
    }
    return slowHead.closed
  })
  t.notOk(slowBody.closed || slowChunks.closed, 'a body has more time than the headers')
  // The door counts in whole seconds.
  await eventually(() => slowBody.closed && slowChunks.closed && silent.closed)
  t.ok(i > 10)
  for (const client of [silent, slowHead, slowBody, slowChunks]) t.same(client.statuses, [408])
})

t.test('gzip: taken from those who are known, bounded in what it becomes', async t => {
  const post = (body: Uint8Array, headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${server.httpPort}/longwire.v1.MessageService/Send`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/proto',
        'Content-Encoding': 'gzip',
        Authorization: bearer(alice.token),
        ...headers,
      },
      body,
    })
  const good = gzipSync(encodeSendRequest(createSendRequest({ sendSeq: 2, to: alice.uid, text: 'x'.repeat(16_000) })))
  t.equal((await post(good, {})).status, 400, 'it got as far as SELF')
  const bomb = gzipSync(Buffer.alloc(30_000_000))
  t.ok(bomb.length < HTTP_BODY_BYTES_MAX)
  t.equal((await post(bomb, {})).status, 413)
  t.equal((await post(gzipSync(bomb), {})).status, 400, 'and packed twice it is a body that is none')
  t.equal((await post(good.subarray(0, 30), {})).status, 400)
  t.equal((await post(Buffer.from('no gzip'), {})).status, 400)
  t.equal((await post(bomb, { Authorization: 'Bearer AAAA' })).status, 401)
  for (const coding of ['br', 'deflate', 'gzip, gzip', 'zstd']) {
    const answer = await post(good, { 'Content-Encoding': coding })
    t.same([answer.status, answer.headers.get('accept-encoding')], [415, 'gzip, identity'], coding)
  }
  t.equal(
    (
      await post(encodeSendRequest(createSendRequest({ sendSeq: 3, to: alice.uid, text: 'x' })), {
        'Content-Encoding': 'identity',
      })
    ).status,
    400,
  )
  const nameless = await fetch(`http://127.0.0.1:${server.httpPort}/longwire.v1.AccountService/Login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/proto', 'Content-Encoding': 'gzip', Authorization: bearer(alice.token) },
    body: bomb,
  })
  t.same([nameless.status, nameless.headers.get('accept-encoding')], [415, 'identity'])
})

t.test('the body of a stranger is not begun when it is large, chunked or packed', async t => {
  for (const headers of [
    [`Content-Length: ${20_000}`],
    ['Transfer-Encoding: chunked'],
    ['Content-Length: 100', 'Content-Encoding: gzip'],
  ]) {
    const client = await RawHttp.connect(server.httpPort)
    client.send(head(SEND, PROTO, 'Authorization: Bearer AAAA', 'Expect: 100-continue', ...headers))
    t.same(await client.answers(1), [401], headers.join())
    client.destroy()
  }
  const known = await RawHttp.connect(server.httpPort)
  known.send(head(SEND, PROTO, auth, 'Expect: 100-continue', 'Content-Length: 2'))
  t.same(await known.answers(1), [100])
  known.send('xx')
  t.same(await known.answers(2), [100, 400])
  known.destroy()
  const other = await RawHttp.connect(server.httpPort)
  other.send(head(SEND, PROTO, auth, 'Expect: a miracle', 'Content-Length: 2'))
  t.same(await other.answers(1), [417])
  other.destroy()
})

t.test('requests without an end on one connection', async t => {
  const post = head(LIST, PROTO, auth, 'Content-Length: 0')
  const few = await RawHttp.connect(server.httpPort)
  few.send(post.repeat(8))
  t.same(await few.answers(8), new Array(8).fill(200))
  few.destroy()
  const many = await RawHttp.connect(server.httpPort)
  many.send(post.repeat(500))
  const statuses = await many.end()
  t.ok(statuses.length < 500, `${statuses.length} answers`)
})

t.test('nobody waits for an answer any more', async t => {
  const { answer } = await call(server.httpPort, METHODS.sync, createSyncRequest({ since: 0 }), { token: alice.token })
  const before = server.context.hub.polls.size
  const body = Buffer.from(METHODS.sync.encodeRequest(createSyncRequest({ since: answer?.to ?? 0, waitMs: 25_000 })))
  for (const end of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const client = await RawHttp.connect(server.httpPort)
    client.send(
      `${head('POST /longwire.v1.MessageService/Sync HTTP/1.1', PROTO, auth, `Content-Length: ${body.length}`)}${body.toString('latin1')}`,
    )
    await eventually(() => server.context.hub.polls.size === before + 1)
    client.socket[end]()
    await eventually(() => server.context.hub.polls.size === before)
    t.pass(end)
  }
})

t.test('through all of it the event loop was free, nothing is left, and the bystander waits', async t => {
  delay.disable()
  t.ok(delay.percentile(90) < 50e6, `p90 of the loop's delay: ${delay.percentile(90) / 1e6} ms`)
  await eventually(() => server.context.connections.size === 0)
  t.equal(server.context.hub.polls.size, 1)
  // Of keep-alive there are the connections of the test's own fetch.
  await eventually(() => server.context.gate.total < 20)
})

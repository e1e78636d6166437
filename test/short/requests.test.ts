/** Forms of a request that some programs use: an upgrade to what is not there, a whole URL, their own URL as origin. */

import t from 'tap'
import type { Session } from '../../protocol/generated/messages.js'
import type { RunningServer } from '../../src/cli/server.js'
import { pathOf } from '../../src/short/request-target.js'
import { bearer } from '../support/http-client.js'
import { head, RawHttp, WEB_SOCKET_UPGRADE } from '../support/raw-http.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

const LIST = '/longwire.v1.AccountService/ListDevices'
const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA']

let server: RunningServer
let alice: Session

t.before(async () => {
  server = await startTestServer({ config: testConfig('--trust-proxy', '127.0.0.2', '--http-idle-ms', '1000') })
  alice = await registerAccount(server.port, 'alice')
})

t.teardown(() => server.drain())

function post(target: string, body: string, ...headers: string[]): string {
  const auth = `Authorization: ${bearer(alice.token)}`
  const length = `Content-Length: ${body.length}`
  return `${head(`POST ${target} HTTP/1.1`, 'Content-Type: application/json', auth, length, ...headers)}${body}`
}

async function sent(pieces: readonly string[], localAddress?: string): Promise<RawHttp> {
  const client = await RawHttp.connect(server.httpPort, localAddress)
  for (const piece of pieces) {
    client.send(piece)
    await new Promise(setImmediate)
  }
  await client.answers(1)
  client.destroy()
  return client
}

t.test('an upgrade to a protocol that is not there is ignored, with a body and without', async t => {
  for (const [name, bytes] of Object.entries({
    'no body': head('GET /healthz HTTP/1.1', ...H2C),
    'an empty body': post(LIST, '', ...H2C).replace('{}', ''),
    'a body': post(LIST, '{}', ...H2C),
    'a large body': post(LIST, `{"unknown":"${'x'.repeat(50_000)}"}`, ...H2C),
    'TLS, as RFC 2817 has it': head('GET /healthz HTTP/1.1', 'Connection: Upgrade', 'Upgrade: TLS/1.0'),
    'one of several': head('GET /healthz HTTP/1.1', 'Connection: Upgrade', 'Upgrade: h2c, foo/2'),
  })) {
    const whole = await sent([bytes])
    t.same(whole.statuses, [name === 'an empty body' ? 400 : 200], name)
    t.match(whole.received, /^Connection: close\r$/m, 'what came behind it may be lost')
    const cut = bytes.indexOf('\r\n\r\n') + 4
    const inPieces = await sent([
      bytes.slice(0, 10),
      bytes.slice(10, cut),
      bytes.slice(cut, cut + 1),
      bytes.slice(cut + 1),
    ])
    t.same(inPieces.statuses, whole.statuses, `${name}, in pieces`)
  }
  const chunked = head(`POST ${LIST} HTTP/1.1`, 'Content-Type: application/json', 'Transfer-Encoding: chunked', ...H2C)
  t.same((await sent([`${chunked}2\r\n{}\r\n0\r\n\r\n`])).statuses, [401])
})

t.test('a WebSocket is still one, and CONNECT nothing', async t => {
  t.same((await sent([head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE)])).statuses, [101])
  t.same((await sent([head('GET http://test/ws HTTP/1.1', ...WEB_SOCKET_UPGRADE)])).statuses, [101])
  t.same((await sent([head('GET /ws HTTP/1.1', ...H2C)])).statuses, [426])
  t.same((await sent([head('CONNECT test:443 HTTP/1.1')])).statuses, [])
})

t.test('a target may be a whole URL', async t => {
  for (const scheme of ['http', 'https', 'HTTP']) {
    t.same((await sent([post(`${scheme}://chat.example:8080${LIST}`, '{}')])).statuses, [200])
  }
  t.same((await sent([head('GET http://chat.example/healthz?x=/y HTTP/1.1')])).statuses, [200])
  for (const [target, path] of Object.entries({
    '/a/b?c=/d': '/a/b',
    'http://h/a?b': '/a',
    'https://h': '/',
    'http://h?/a': '/',
    '*': '*',
    'ftp://h/a': 'ftp://h/a',
    '//h/a': '//h/a',
  }))
    t.equal(pathOf(target), path, target)
})

t.test("the server's own URL is an origin that may call it", async t => {
  const statuses = async (origin: string, host: string, from: string, ...headers: string[]) => {
    const own = [`Origin: ${origin}`, ...headers]
    const called = await sent([post(LIST, '{}', ...own).replace('Host: test', `Host: ${host}`)], from)
    const socket = await sent(
      [head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE, ...own).replace('Host: test', `Host: ${host}`)],
      from,
    )
    return [...called.statuses, ...socket.statuses]
  }
  const stranger = '127.0.0.1'
  const proxy = '127.0.0.2'
  const secure = 'X-Forwarded-Proto: https'
  t.same(await statuses('http://chat.example:8080', 'chat.example:8080', stranger), [200, 101])
  t.same(await statuses('http://Chat.example:80', 'chat.example', stranger), [200, 101])
  t.same(await statuses('http://[2001:db8::80]', '[2001:db8::80]', stranger), [200, 101])
  t.same(await statuses('https://chat.example', 'chat.example', proxy, secure), [200, 101])
  t.same(
    await statuses('https://chat.example', '10.0.0.7:8080', proxy, secure, 'X-Forwarded-Host: chat.example'),
    [200, 101],
  )
  for (const [origin, host, from, ...headers] of [
    ['http://evil.example', 'chat.example', stranger],
    ['http://chat.example:8080', 'chat.example', stranger],
    ['https://chat.example', 'chat.example', stranger, secure],
    ['http://chat.example', '10.0.0.7', stranger, 'X-Forwarded-Host: chat.example'],
    ['null', 'null', stranger],
    ['http://', '', stranger],
  ] as const) {
    t.same(await statuses(origin, host, from, ...headers), [403, 403], `${origin} ${host} ${headers}`)
  }
})

t.test('how long an idle connection stays is an option', async t => {
  const client = await RawHttp.connect(server.httpPort)
  client.send(head('GET /healthz HTTP/1.1'))
  await client.answers(1)
  t.match(client.received, /^Keep-Alive: timeout=1\r$/m)
  t.same(await client.end(), [200])
})

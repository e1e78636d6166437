/** The pages of the short side for operators, beside the methods. */

import { request } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { localMetricsPage } from '../../src/short/metrics-page.js'
import { OperatorListener } from '../../src/short/operator-listener.js'
import { type Page, textAnswer } from '../../src/short/types.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { CANARY_SENDER } from '../../src/sync/rules/canary.js'
import { eventually } from '../support/eventually.js'
import { head, RawHttp } from '../support/raw-http.js'
import { startTestServer, testConfig } from '../support/server.js'

t.test('/healthz says ok while the server serves; only GET and HEAD; other paths are not there', async t => {
  const server = await startTestServer()
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.httpPort}${path}`, init)
  const ok = await ask('/healthz?from=probe')
  t.same([ok.status, await ok.text(), ok.headers.get('cache-control')], [200, 'ok', 'no-store'])
  t.equal(ok.headers.get('x-content-type-options'), 'nosniff')
  t.equal((await ask('/healthz', { method: 'HEAD' })).status, 200)
  const post = await ask('/healthz', { method: 'POST', body: 'x' })
  t.same([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  for (const path of ['/healthz/', '/healthz%2f', '//healthz']) {
    t.equal((await ask(path)).status, 404, path)
  }
  const { httpPort } = server
  await server.drain()
  await t.rejects(fetch(`http://127.0.0.1:${httpPort}/healthz`))
})

t.test('/readyz sends a message, and says why it could not', async t => {
  const store = new MemoryStore()
  const server = await startTestServer({ store })
  t.teardown(() => server.drain())
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.httpPort}${path}`, init)
  const ready = await ask('/readyz')
  t.same([ready.status, await ready.text()], [200, 'ready'])
  const [message] = await store.scan(`user/${CANARY_SENDER}`, 'device', null, 1)
  t.equal(message?.bytes.length, 9 + 9, 'the numbers of one message stand in the store')
  t.equal((await ask('/readyz', { method: 'POST' })).status, 405)

  store.disk.space = 'none'
  // The last outcome stands for a second.
  await eventually(async () => (await ask('/readyz')).status === 503)
  t.equal(await (await ask('/readyz')).text(), 'the store has no space')
  t.equal((await ask('/healthz')).status, 200, 'it need not be started again')
  store.disk.space = 'ample'
  await eventually(async () => (await ask('/readyz')).status === 200)
})

t.test('/readyz and /healthz say no while the server drains', async t => {
  const server = await startTestServer()
  // One that does not finish holds the drain up.
  const silent = connect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true })
  t.teardown(() => silent.destroy())
  silent.write(Uint8Array.of(0))
  await eventually(() => server.context.connections.size === 1)
  t.equal(await status(server.httpPort, '/readyz'), 200)
  const drained = server.drain()
  for (const path of ['/readyz', '/healthz']) t.equal(await status(server.httpPort, path), 503)
  await drained
})

t.test('/metrics is shown to this machine alone, and to nobody on whose behalf a proxy asks', async t => {
  const server = await startTestServer()
  t.teardown(() => server.drain())
  const { httpPort } = server
  const shown = await fetch(`http://localhost:${httpPort}/metrics`)
  t.equal(shown.status, 200)
  t.match(shown.headers.get('content-type'), 'text/plain; version=0.0.4')
  t.match(await shown.text(), '# TYPE longwire_commits_total counter')
  const headers = ['X-Forwarded-For', 'Forwarded', 'Via', 'X-Real-IP', 'X-Forwarded-Host', 'X-Forwarded-Proto']
  for (const name of headers) {
    t.equal(await status(httpPort, '/metrics', { [name]: '127.0.0.1' }), 403, name)
  }
  for (const host of ['chat.example.org', `chat.example.org:${httpPort}`, '192.0.2.1', '[2001:db8::1]:80']) {
    t.equal(await status(httpPort, '/metrics', { Host: host }), 403, host)
  }
  for (const host of ['localhost', `127.0.0.1:${httpPort}`, `[::1]:${httpPort}`]) {
    t.equal(await status(httpPort, '/metrics', { Host: host }), 200, host)
  }
})

t.test('/metrics by a whole URL is refused unless that names this machine, whatever Host says', async t => {
  const server = await startTestServer()
  t.teardown(() => server.drain())
  const ask = async (target: string): Promise<number | undefined> => {
    const client = await RawHttp.connect(server.httpPort)
    client.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const [status] = await client.answers(1)
    client.destroy()
    return status
  }
  for (const url of [
    'http://evil/metrics',
    'HTTP://evil:80/metrics',
    'https://localhost@evil/metrics',
    'http:///metrics',
  ]) {
    t.equal(await ask(url), 403, url)
  }
  for (const url of ['/metrics', 'http://localhost/metrics', 'http://[::1]:8080/metrics'])
    t.equal(await ask(url), 200, url)
})

t.test('/metrics from another address is refused', async t => {
  const answers: number[] = []
  const page = { contentType: 'text/plain', text: async () => 'page' }
  for (const address of ['192.0.2.1', '2001:db8::1', '']) {
    const request = { method: 'GET', path: '/metrics', headers: { host: 'localhost' }, address }
    localMetricsPage(page)(request, answer => answers.push(answer.status))
  }
  t.same(answers, [403, 403, 403])
})

t.test('with a port of its own /metrics is there, and no longer on the short side', async t => {
  const server = await startTestServer({ config: testConfig('--metrics-port', '0') })
  const { httpPort, metricsPort } = server
  t.equal((await fetch(`http://127.0.0.1:${httpPort}/metrics`)).status, 404)
  const own = `http://127.0.0.1:${metricsPort}`
  const shown = await fetch(`${own}/metrics`, { headers: { 'X-Forwarded-For': '192.0.2.1' } })
  t.match(await shown.text(), 'longwire_build_info')
  t.equal((await fetch(`${own}/readyz`)).status, 200)
  t.equal((await fetch(`${own}/healthz`, { method: 'HEAD' })).status, 200)
  t.equal((await fetch(`${own}/metrics`, { method: 'POST', body: 'x' })).status, 405)
  t.equal((await fetch(`${own}/longwire.v1.MessageService/Sync`, { method: 'POST' })).status, 404)
  await server.drain()
  await t.rejects(fetch(`${own}/healthz`))
})

t.test(
  'a full port of operators lets the longest idle connection go for a new one, and none that is being answered',
  async t => {
    const waiting: (() => void)[] = []
    const slow: Page = (_, reply) => waiting.push(() => reply(textAnswer(200, 'slow')))
    const quick: Page = (_, reply) => reply(textAnswer(200, 'quick'))
    const pages = new Map([
      ['/slow', slow],
      ['/quick', quick],
    ])
    const listener = new OperatorListener(pages, 4)
    const { port } = await listener.listen('127.0.0.1', 0)
    t.teardown(() => listener.close())
    const asked = await RawHttp.connect(port)
    asked.send(head('GET /slow HTTP/1.1'))
    await eventually(() => waiting.length === 1)
    const keptAlive = await RawHttp.connect(port)
    keptAlive.send(head('GET /quick HTTP/1.1'))
    t.same(await keptAlive.answers(1), [200])
    const silent: RawHttp[] = []
    for (let i = 0; i < 20; i++) silent.push(await RawHttp.connect(port))
    const late = await RawHttp.connect(port)
    late.send(head('GET /quick HTTP/1.1'))
    t.same(await late.answers(1), [200], 'at once')
    await eventually(() => keptAlive.closed && silent.filter(({ closed }) => closed).length === 18)
    t.same(silent.map(({ closed }) => closed).slice(-2), [false, false], 'the newest stay')
    for (const each of waiting) each()
    t.same(await asked.answers(1), [200])
    for (let i = 0; i < 4; i++) {
      const client = await RawHttp.connect(port)
      client.send(head('GET /slow HTTP/1.1'))
      await eventually(() => waiting.length === i + 2)
    }
    const refused = await RawHttp.connect(port).then(
      client => client.end(),
      () => [],
    )
    t.same(refused, [], 'all are being answered')
  },
)

/** Of an answer to GET. */
function status(port: number, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request({ agent: false, port, path, headers, host: '127.0.0.1' }, answer => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
    })
    asking.on('error', reject)
    asking.end()
  })
}

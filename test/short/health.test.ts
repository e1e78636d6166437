import t from 'tap'
import { silentLog } from '../../src/ops/log.js'
import { HealthListener } from '../../src/short/health.js'

t.test('says ok while the server serves, and not while it drains', async t => {
  let serving = true
  const listener = new HealthListener(() => serving, silentLog)
  const { port } = await listener.listen('127.0.0.1', 0)
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)
  const ok = await ask('/healthz?from=probe')
  t.same([ok.status, await ok.text(), ok.headers.get('cache-control')], [200, 'ok', 'no-store'])
  t.equal((await ask('/healthz', { method: 'HEAD' })).status, 200)
  const post = await ask('/healthz', { method: 'POST', body: 'x' })
  t.same([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  for (const path of ['/', '/healthz/', '/metrics', '/../healthz']) {
    t.equal((await ask(path)).status, path === '/../healthz' ? 200 : 404, path)
  }
  serving = false
  t.equal((await ask('/healthz')).status, 503)
  listener.close()
  await t.rejects(ask('/healthz'))
})

t.test('a port that is taken rejects with its code', async t => {
  const first = new HealthListener(() => true, silentLog)
  const { port } = await first.listen('127.0.0.1', 0)
  const second = new HealthListener(() => true, silentLog)
  await t.rejects(second.listen('127.0.0.1', port), { code: 'EADDRINUSE', port })
  first.close()
})

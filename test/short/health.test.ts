/** The rooms of the short side: pages for operators, beside the methods. */

import t from 'tap'
import { startTestServer } from '../support/server.js'

t.test('/healthz says ok while the server serves; only GET and HEAD; other paths are not there', async t => {
  const server = await startTestServer()
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.httpPort}${path}`, init)
  const ok = await ask('/healthz?from=probe')
  t.same([ok.status, await ok.text(), ok.headers.get('cache-control')], [200, 'ok', 'no-store'])
  t.equal(ok.headers.get('x-content-type-options'), 'nosniff')
  t.equal((await ask('/healthz', { method: 'HEAD' })).status, 200)
  const post = await ask('/healthz', { method: 'POST', body: 'x' })
  t.same([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  for (const path of ['/', '/healthz/', '/healthz%2f', '//healthz']) {
    t.equal((await ask(path)).status, 404, path)
  }
  const { httpPort } = server
  await server.drain()
  await t.rejects(fetch(`http://127.0.0.1:${httpPort}/healthz`))
})

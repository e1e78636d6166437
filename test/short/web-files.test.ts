/** The files of the web client, as the server gives them away. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { readWebFiles } from '../../src/short/web-files.js'
import { eventually } from '../support/eventually.js'
import { RawClient } from '../support/raw-client.js'
import { RawHttp } from '../support/raw-http.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'
import { WEB_FOLDER, webFiles } from '../support/web.js'

/** All JavaScript of the page, with gzip: 120 KB. */
const SCRIPT_BYTES_MAX = 120_000

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Asks as a browser does: fetch would unpack by itself. */
function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, headers, method, agent: false }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

const files = webFiles()

t.test('every file is there plain and packed, with its headers; nothing else is', async t => {
  const server = await startTestServer()
  t.teardown(() => server.abort())
  const { httpPort } = server
  t.ok(files.some(({ path }) => path === '/') && files.some(({ path }) => path === '/service-worker.js'))
  for (const { path, file, type, immutable, encodings } of files) {
    const plain = readFileSync(join(WEB_FOLDER, file))
    const got = await get(httpPort, path)
    t.same([got.status, got.headers['content-type'], got.body.equals(plain)], [200, type, true], path)
    t.equal(got.headers['content-encoding'], undefined)
    t.equal(got.headers['cache-control'], immutable ? 'public, max-age=31536000, immutable' : 'no-cache', path)
    t.match(got.headers, {
      'content-security-policy': /default-src 'none'.*require-trusted-types-for 'script'/,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
    t.notMatch(got.headers['content-security-policy'], /unsafe|\*|data:/)
    for (const [coding, unpack] of [
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
    ] as const) {
      const packed = await get(httpPort, path, { 'Accept-Encoding': coding })
      const expected = encodings.includes(coding) ? coding : undefined
      t.equal(packed.headers['content-encoding'], expected, `${path} ${coding}`)
      t.ok((expected === undefined ? packed.body : unpack(packed.body)).equals(plain), path)
      t.match(packed.headers.vary, /Accept-Encoding/)
    }
    const known = await get(httpPort, path, { 'If-None-Match': `"other", W/${String(got.headers.etag)}` })
    t.same([known.status, known.body.length, known.headers['content-length']], [304, 0, undefined], path)
    const head = await get(httpPort, path, {}, 'HEAD')
    t.same([head.status, head.body.length, head.headers['content-length']], [200, 0, String(plain.length)], path)
    const post = await get(httpPort, path, {}, 'POST')
    t.same([post.status, post.headers.allow], [405, 'GET, HEAD'], path)
  }
  for (const path of [
    '/files.json',
    '/index.html',
    '/main.js',
    '/../package.json',
    '/%2e%2e/package.json',
    '/web/',
    '//',
  ]) {
    t.equal((await get(httpPort, path)).status, 404, path)
  }
})

t.test('the page names files that are there, and holds nothing inline that would run', async t => {
  const html = readFileSync(join(WEB_FOLDER, 'index.html'), 'utf8')
  const named = Array.from(html.matchAll(/(?:href|src)="(\/[^"]*)"/g), ([, path = '']) => path)
  t.ok(named.length >= 4, named.join())
  for (const path of named)
    t.ok(
      files.some(file => file.path === path && file.immutable),
      path,
    )
  t.notMatch(html, /<script(?![^>]*src=)|<style| style=| on[a-z]+=|javascript:/i)
  t.notMatch(html, /https?:\/\/(?!www\.w3\.org\/)/, 'nothing of elsewhere')
})

t.test('all scripts together are small', async t => {
  const scripts = files.filter(({ file }) => file.endsWith('.js'))
  const bytes = scripts.reduce((sum, { file, encodings }) => {
    return sum + readFileSync(join(WEB_FOLDER, encodings.includes('gzip') ? `${file}.gz` : file)).length
  }, 0)
  t.ok(bytes <= SCRIPT_BYTES_MAX, `${bytes} bytes`)
})

t.test('--no-web serves none; a connection that was refused gets none', async t => {
  const without = await startTestServer({ config: testConfig('--no-web') })
  t.teardown(() => without.abort())
  t.equal((await get(without.httpPort, '/')).status, 404)
  t.equal((await get(without.httpPort, '/healthz')).status, 200)

  const full = await startTestServer({ config: testConfig('--max-connections', '1') })
  t.teardown(() => full.abort())
  const { token } = await registerAccount(full.port, 'ann')
  await eventually(() => full.context.gate.total === 0)
  const { client } = await RawClient.open(full.port, { token, attempt: 1 })
  const refused = await RawHttp.connect(full.httpPort)
  refused.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  t.same(await refused.end(), [503])
  client.destroy()
})

t.test('a folder without the files is named, with what to do', async t => {
  t.throws(() => readWebFiles(t.testdir({})), /the web client is not built in .*npm run build.*--no-web/)
})

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { bundle, bundleText, CLIENT_ENTRY } from '../../support/bundle.js'
import { ManualClock } from '../../support/manual-clock.js'
import { ScriptedExchange } from '../../support/scripted-exchange.js'

t.test('the bundle for browsers holds no Node, and none of its adapters', async t => {
  // esbuild fails by itself on an import that a browser cannot have.
  const { text, inputs } = await bundle(CLIENT_ENTRY)
  t.notMatch(text, /["'`]node:/)
  t.notMatch(text, /\beval\(|new Function\(/, 'pages may forbid both')
  t.ok(inputs.some(each => each.endsWith('indexed-db-storage.js')))
  t.notOk(inputs.some(each => /file-storage|tcp-transport|node-ws|node_modules\/ws\//.test(each)))
  const readme = readFileSync(new URL('../../../../clients/typescript/README.md', import.meta.url), 'utf8')
  const [, said, zipped] = /ES module of (\d+) KB, (\d+) KB with gzip/.exec(readme) ?? []
  for (const [bytes, kilobytes] of [
    [text.length, Number(said)],
    [gzipSync(text).length, Number(zipped)],
  ] as const) {
    t.ok(
      bytes / 1000 > kilobytes * 0.95 && bytes / 1000 < kilobytes * 1.03,
      `${bytes} bytes, README says ${kilobytes} KB`,
    )
  }
})

t.test('who imports the package gets the entry that fits', async t => {
  const { inputs } = await bundleText("export * from 'longwire/client'")
  t.ok(inputs.some(each => each.endsWith('typescript/browser.js')))
  t.match(import.meta.resolve('longwire/client'), /typescript\/index\.js$/)
})

t.test('it is a whole client: connects, greets, and says what Node’s says', async t => {
  const { text } = await bundle(CLIENT_ENTRY)
  const url = `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`
  const client = (await import(url)) as typeof import('../../../clients/typescript/browser.js')
  const node = await import('../../../clients/typescript/index.js')
  const only = Object.keys(client).filter(name => !(name in node))
  t.same(only, ['IndexedDbStorage'])
  const exchange = new ScriptedExchange()
  const clock = new ManualClock()
  const ann = await client.createClient({
    transport: client.httpTransport({ exchange, clock }),
    storage: new client.MemoryStorage(),
    clock,
  })
  const login = ann.account.login({ account: 'ann', password: 'wrong horse' })
  await new Promise(resolve => setImmediate(resolve))
  exchange.take().answer('hello')
  exchange.take().refuse('WRONG_CREDENTIALS')
  await t.rejects(login, { message: /password is wrong/ })
  await ann.close()
})

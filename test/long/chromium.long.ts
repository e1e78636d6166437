/** The browser build in a real browser, against a whole server of another origin. */
import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import type { RunningServer } from '../../src/cli/server.js'
import { bundle, CLIENT_ENTRY } from '../support/bundle.js'
import { type PageServer, servePages } from '../support/chromium.js'
import { testConfig } from '../support/server.js'
import { startWeb } from '../support/web-in-chromium.js'

type Library = typeof import('../../clients/typescript/browser.js')

/** What a page has on its window. */
interface PageGlobals {
  library: Library
  client: Awaited<ReturnType<Library['createClient']>>
  heard: string[]
  states: string[]
}

interface Setup {
  readonly account: string
  readonly transports: readonly ('ws' | 'http' | 'closed')[]
  readonly ws: string
  /** Where a WebSocket is refused. */
  readonly closed: string
  readonly http: string
  readonly register: boolean
  readonly patienceMs: number
}

let browser: Browser
let server: RunningServer
let pages: PageServer

t.before(async () => {
  const [client, contract] = await Promise.all([bundle(CLIENT_ENTRY), bundle('test/support/storage-contract.js')])
  pages = await servePages({ 'longwire-client.js': client.text, 'storage-contract.js': contract.text })
  t.teardown(() => pages.stop())
  ;({ browser, server } = await startWeb(t, { config: testConfig('--allow-origin', pages.origin) }))
})

t.test(
  'two people in two browsers, one over WebSocket and one over HTTP; a reload brings history and send queue back',
  async t => {
    const ann = await openPage()
    const bob = await openPage()
    const annUid = await ann.evaluate(start, setup('ann', ['ws']))
    const bobUid = await bob.evaluate(start, setup('bob', ['closed', 'http']))
    t.same(await ann.evaluate(connections), ['connecting ws', 'online ws'])
    t.same(await bob.evaluate(connections), ['connecting ws', 'connecting http', 'online http'], 'down the ladder')

    await ann.evaluate(uid => (globalThis as never as PageGlobals).client.contacts.request(uid, 'hello'), bobUid)
    for (const [page, peer] of [
      [ann, bobUid],
      [bob, annUid],
    ] as const) {
      await page.waitForFunction(
        uid => (globalThis as never as PageGlobals).client.contacts.get(uid)?.state === 'friend',
        peer,
      )
    }
    for (let i = 1; i <= 20; i++) {
      await ann.evaluate(send, { to: bobUid, text: `a${i} ü` })
      await bob.evaluate(send, { to: annUid, text: `b${i}` })
    }
    await ann.waitForFunction(() => (globalThis as never as PageGlobals).heard.length === 20)
    await bob.waitForFunction(() => (globalThis as never as PageGlobals).heard.length === 20)
    t.same(
      await ann.evaluate(heard),
      Array.from({ length: 20 }, (_, i) => `b${i + 1}`),
    )
    t.same(
      await bob.evaluate(heard),
      Array.from({ length: 20 }, (_, i) => `a${i + 1} ü`),
    )

    // A second tab of the same browser is refused, and says why.
    const tab = await ann.context().newPage()
    await load(tab)
    t.match(await tab.evaluate(start, setup('ann', ['ws'])).catch(String), /in use by another tab/)
    await tab.close()

    // Reloaded, without a connection for now: everything is there, and a message waits.
    await ann.reload()
    await load(ann)
    await ann.evaluate(start, { ...setup('ann', ['ws']), register: false })
    const before = await ann.evaluate(history, bobUid)
    t.equal(before.length, 40)
    t.ok(
      before.every(each => /^a\d+ ü (accepted|delivered)$|^b\d+ received$/.test(each)),
      before.join(),
    )
    await ann.evaluate(send, { to: bobUid, text: 'waits' })
    await ann.waitForFunction(() => (globalThis as never as PageGlobals).client.state().sendQueue.length === 1)
    // Sent is what is stored: what another reload finds.
    await ann.evaluate(uid => (globalThis as never as PageGlobals).client.history(uid), bobUid)
    await ann.reload()
    await load(ann)
    await ann.evaluate(start, { ...setup('ann', ['ws']), register: false })
    t.equal((await ann.evaluate(history, bobUid)).at(-1), 'waits queued')
    await ann.evaluate(() => (globalThis as never as PageGlobals).client.connect())
    await bob.waitForFunction(() => (globalThis as never as PageGlobals).heard.at(-1) === 'waits')
    await ann.waitForFunction(() => (globalThis as never as PageGlobals).client.state().sendQueue.length === 0)
    t.equal((await bob.evaluate(heard)).length, 21)
    t.same(await ann.evaluate(heard), [], 'nothing is shown twice')
  },
)

t.test('a page of another origin gets nothing, over either transport', async t => {
  const stranger = await servePages({ 'longwire-client.js': (await bundle(CLIENT_ENTRY)).text })
  t.teardown(() => stranger.stop())
  for (const transport of ['ws', 'http'] as const) {
    const page = await openPage(stranger.origin)
    const failed = await page.evaluate(start, { ...setup('eve', [transport]), patienceMs: 1_500 }).catch(String)
    t.match(failed, /TIMEOUT|no answer/, transport)
  }
})

t.test('IndexedDB as chromium has it keeps the contract of every storage', async t => {
  const page = await openPage()
  const results = await page.evaluate(async () => {
    const { library } = globalThis as never as PageGlobals
    const from = '/storage-contract.js'
    const { STORAGE_TESTS } = (await import(from)) as typeof import('../support/storage-contract.js')
    const told: [string, string][] = []
    let databases = 0
    for (const [says, test] of Object.entries(STORAGE_TESTS)) {
      const result = await test({
        lasting: true,
        make(options, again) {
          if (!again) databases += 1
          return new library.IndexedDbStorage(`contract ${databases}`, options)
        },
      }).then(() => 'ok', String)
      told.push([says, result])
    }
    return told
  })
  t.ok(results.length > 5)
  for (const [says, result] of results) t.equal(result, 'ok', says)
})

function setup(account: string, transports: Setup['transports']): Setup {
  const { httpPort } = server
  const host = `127.0.0.1:${httpPort}`
  const closed = `${pages.origin.replace('http', 'ws')}/ws`
  const ways = { ws: `ws://${host}/ws`, closed, http: `http://${host}` }
  return { account, transports, ...ways, register: true, patienceMs: 30_000 }
}

/** A page of a browser profile of its own. */
async function openPage(origin = pages.origin): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await load(page, origin)
  return page
}

async function load(page: Page, origin = pages.origin): Promise<void> {
  if (page.url() !== `${origin}/`) await page.goto(`${origin}/`)
  await page.evaluate(async () => {
    const from = '/longwire-client.js'
    ;(globalThis as never as PageGlobals).library = (await import(from)) as Library
  })
}

// What runs in a page: these functions are sent there as text, so each has all it needs within.

/** Makes the client of an account, and registers it or leaves it offline. @returns its uid */
async function start({ account, transports, ws, closed, http, register, patienceMs }: Setup): Promise<number> {
  const page = globalThis as never as PageGlobals
  const { createClient, IndexedDbStorage, wsTransport, httpTransport, fetchExchange } = page.library
  page.client = await createClient({
    transport: transports.map(name =>
      name === 'http'
        ? httpTransport({ exchange: fetchExchange({ url: http }) })
        : wsTransport({ url: name === 'ws' ? ws : closed }),
    ),
    storage: new IndexedDbStorage(account),
    signInTimeoutMs: patienceMs,
    ackDelayMs: 20,
  }).catch(error => {
    throw new Error(`${error.reason}: ${error.cause?.message}`)
  })
  const { client } = page
  page.heard = []
  page.states = []
  client.on('message', each => page.heard.push(each.text))
  client.on('contact', each => each.state === 'invited' && client.contacts.accept(each.uid))
  const online = new Promise<void>(resolve => {
    client.on('connection', each => {
      page.states.push('transport' in each ? `${each.state} ${each.transport}` : each.state)
      if (each.state === 'online') resolve()
    })
  })
  if (register) {
    await client.account.register({ account, password: 'correct horse battery' })
    await online
  }
  return client.account.uid
}

function send({ to, text }: { readonly to: number; readonly text: string }): void {
  ;(globalThis as never as PageGlobals).client.send(to, text)
}

function heard(): string[] {
  return (globalThis as never as PageGlobals).heard
}

function connections(): string[] {
  return (globalThis as never as PageGlobals).states
}

async function history(peer: number): Promise<string[]> {
  const { messages } = await (globalThis as never as PageGlobals).client.history(peer)
  return messages.map(each => `${each.text} ${each.state}`)
}

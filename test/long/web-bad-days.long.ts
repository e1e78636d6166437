/**
 * The web client where the browser is against it: nothing may be stored, the disk is full, the page is of an older build, the clock is a day
 * off; and what a page of another origin gets of it.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { RunningServer } from '../../src/cli/server.js'
import { seriousFaults } from '../support/axe.js'
import { servePages } from '../support/chromium.js'
import { eventually } from '../support/eventually.js'
import { OLDER_TEXT, serveOlderPage } from '../support/older-page.js'
import { TcpRelay } from '../support/tcp-relay.js'
import { befriend, type Served, WebPerson } from '../support/web.js'
import { startWeb } from '../support/web-in-chromium.js'

let browser: Browser
let server: RunningServer

t.before(async () => {
  ;({ browser, server } = await startWeb(t))
})

/** Opens the page in a browser profile of its own, for the time of a test. @param script runs before those of the page */
async function open(t: Test, script = '', served: Served = server): Promise<WebPerson> {
  const context = await browser.newContext({ locale: 'en-US' })
  t.teardown(() => context.close())
  await context.addInitScript(script)
  return WebPerson.tab(await context.newPage(), served)
}

/** Nothing may be stored, as in a private window of some browsers. */
const REFUSED = `
  IDBFactory.prototype.open = () => { throw new DOMException('The operation is insecure.', 'SecurityError') }
  Object.defineProperty(globalThis, 'localStorage', {
    get() { throw new DOMException('The operation is insecure.', 'SecurityError') },
  })
`

t.test('where storage is refused the page works in memory, says so, and asks before what waits is lost', async t => {
  const relay = await TcpRelay.start(server.httpPort)
  const ann = await open(t, REFUSED, { httpPort: relay.port })
  const bob = await open(t)
  const says = ann.page.getByText('This browser stores nothing here.')
  await says.waitFor()
  await ann.register('refused-ann')
  await bob.register('refused-bob')
  await says.waitFor()
  await befriend(ann, bob, 'refused-bob', 'refused-bob')
  await ann.write('from memory')
  await bob.message('from memory').waitFor()
  await bob.write('and back')
  await ann.message('and back').waitFor()
  t.same(await seriousFaults(ann.page), [])

  relay.cut()
  await ann.write('waits')
  await ann
    .message('waits')
    .getByRole('img', { name: /Queued|Sending/ })
    .waitFor()
  const asked = ann.page.waitForEvent('dialog')
  await ann.page.close({ runBeforeUnload: true })
  t.equal((await asked).type(), 'beforeunload')
  await (await asked).dismiss()
  relay.join()
  await bob.message('waits').waitFor()

  await ann.page.reload()
  await ann.signIn('refused-ann')
  await ann.openChat('refused-bob')
  for (const text of ['from memory', 'and back', 'waits']) await ann.message(text).waitFor()
  t.same([...ann.complaints, ...bob.complaints], [])
})

/** The page's storage takes nothing while `isFull` is set on the window, as on a full disk. */
const FILLABLE = `
  globalThis.isFull = false
  for (const name of ['put', 'add']) {
    const real = IDBObjectStore.prototype[name]
    IDBObjectStore.prototype[name] = function (...values) {
      if (isFull) throw new DOMException('There is no space left.', 'QuotaExceededError')
      return real.apply(this, values)
    }
  }
`

const NO_DRAFTS = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }"

/** Writes a message that is stored, and one that finds the disk full. */
async function writeToFull(person: WebPerson): Promise<void> {
  await person.write('stored')
  await person.message('stored').getByRole('img', { name: 'Read' }).waitFor()
  await person.box.fill('does not fit')
  await person.page.evaluate('isFull = true')
  await person.box.press('Enter')
}

for (const [name, script] of [
  ['is full', FILLABLE],
  ['takes no drafts either', FILLABLE + NO_DRAFTS],
] as const) {
  t.test(`when the browser's storage ${name}, nothing is lost, and the page goes on without storing`, async t => {
    const [annName, bobName] = [`full-ann-${script.length}`, `full-bob-${script.length}`]
    const ann = await open(t, script)
    const bob = await open(t)
    await ann.register(annName)
    await bob.register(bobName)
    await befriend(ann, bob, bobName, bobName)
    await writeToFull(ann)
    await ann.page.getByText('This browser does not let Longwire store messages').waitFor()
    await ann.page.getByText('1 message was not stored. It is back in the text box of its chat.').waitFor()
    t.same(await seriousFaults(ann.page), [])

    await ann.page.getByRole('button', { name: 'Go on without storing' }).click()
    await ann.page.getByText('This browser stores nothing here.').waitFor()
    await ann.page.getByLabel('Password', { exact: true }).waitFor()
    await ann.signIn(annName)
    await ann.openChat(bobName)
    await ann.message('stored').waitFor()
    t.equal(await ann.box.inputValue(), 'does not fit')
    await ann.box.press('Enter')
    await bob.message('does not fit').waitFor()
    t.equal(await bob.message('does not fit').count(), 1)
    t.same([...ann.complaints, ...bob.complaints], [])
  })
}

t.test('with space again it goes on where it was', async t => {
  const ann = await open(t, FILLABLE)
  const bob = await open(t)
  await ann.register('space-ann')
  await bob.register('space-bob')
  await befriend(ann, bob, 'space-bob', 'space-bob')
  await writeToFull(ann)
  await ann.page.getByText('1 message was not stored.').waitFor()
  await bob.write('meanwhile')
  await ann.page.evaluate('isFull = false')
  await ann.page.getByRole('button', { name: 'Try again' }).click()
  await ann.message('meanwhile').waitFor()
  t.equal(await ann.box.inputValue(), 'does not fit')
  await ann.box.press('Enter')
  await bob.message('does not fit').waitFor()
  t.equal(await bob.message('does not fit').count(), 1)
  t.equal(await ann.page.getByText('This browser stores nothing here.').count(), 0)
})

t.test('an older page is told of the newer one, which takes its place, and what the older kept goes', async t => {
  const front = await serveOlderPage(server)
  t.teardown(() => front.stop())
  const ann = await open(t, '', front)
  const { page } = ann
  const caches = (): Promise<string[]> => page.evaluate('caches.keys()')
  await ann.register('older-ann')
  await ann.isKept()
  await eventually(async () => (await caches()).includes('longwire-older'))
  t.match(await page.content(), OLDER_TEXT)
  t.equal(await page.getByText('A new version is ready.').count(), 0, 'the first worker is no newer version')

  front.replace()
  // As when the user comes back to the tab.
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
  await page.getByText('A new version is ready.').waitFor()
  await eventually(async () => !(await caches()).includes('longwire-older') && (await caches()).length === 1)
  t.match(await page.content(), OLDER_TEXT, 'the page is not changed under its user')
  await page.getByRole('button', { name: 'Reload' }).click()
  await page.waitForFunction(
    text => !(globalThis as never as PageGlobals).document.documentElement.outerHTML.includes(text),
    OLDER_TEXT,
  )
  await ann.isIn()
  t.same(ann.complaints, [])
})

/** What is used of a page's window. */
interface PageGlobals {
  readonly document: { readonly documentElement: { readonly outerHTML: string } }
}

t.test(
  'a page of another origin reads nothing, opens no WebSocket, frames nothing and holds on to no window',
  async t => {
    const ann = await open(t)
    await ann.register('origin-ann')
    const stranger = await servePages({})
    t.teardown(() => stranger.stop())
    const page = await ann.page.context().newPage()
    await page.goto(stranger.origin)
    const url = `http://127.0.0.1:${server.httpPort}`
    for (const [what, script] of [
      ['the page', `fetch('${url}/')`],
      ['the page, unread', `fetch('${url}/', { mode: 'no-cors' })`],
      ['a call', `fetch('${url}/longwire.v1.ConnectionService/Hello', { method: 'POST', body: '{}' })`],
      [
        'its script',
        `new Promise((done, fail) => {
      const script = document.createElement('script')
      Object.assign(script, { src: '${url}/service-worker.js', onload: done, onerror: () => fail(new TypeError('Failed to fetch')) })
      document.head.append(script)
    })`,
      ],
    ] as const) {
      t.match(await page.evaluate(`${script}.then(() => 'got', String)`), /TypeError: Failed to fetch/, what)
    }
    t.match(
      await page.evaluate(`new Promise(done => {
    const socket = new WebSocket('${url.replace('http', 'ws')}/ws')
    socket.onopen = () => done('open')
    socket.onclose = ({ code }) => done('closed ' + code)
  })`),
      'closed 1006',
    )
    t.equal(await framed(page, url), 'chrome-error://chromewebdata/')
    t.equal(
      await page.evaluate(`new Promise(done => {
    const popup = open('${url}/')
    setInterval(() => popup.closed && done('cut off'), 10)
  })`),
      'cut off',
    )
  },
)

/** Puts a page into a frame of another. @returns the address that the frame has then */
async function framed(page: Page, url: string): Promise<string | undefined> {
  await page.evaluate(`new Promise(done => {
    const frame = document.createElement('iframe')
    Object.assign(frame, { src: '${url}/', onload: done })
    document.body.append(frame)
  })`)
  await eventually(() => page.frames().length === 2 && page.frames()[1]?.url() !== 'about:blank')
  return page.frames()[1]?.url()
}

const DAY_MS = 86_400_000

/** A clock that is off by so much; `off` on the window sets it anew. */
function clockOff(ms: number): string {
  return `
    globalThis.off = ${ms}
    const RealDate = Date
    globalThis.Date = class extends RealDate {
      constructor(...all) {
        if (all.length === 0) super(RealDate.now() + off)
        else super(...all)
      }
      static now() { return RealDate.now() + off }
    }
  `
}

t.test(
  "with clocks a day ahead and a day behind, the order is the server's, dates are right, and signals end",
  async t => {
    const ann = await open(t, clockOff(DAY_MS))
    const bob = await open(t, clockOff(-DAY_MS))
    await ann.register('clock-ann')
    await bob.register('clock-bob')
    await befriend(ann, bob, 'clock-bob', 'clock-bob')
    const texts = ['from ahead', 'from behind', 'ahead again', 'behind again']
    for (const [i, text] of texts.entries()) {
      const [from, to] = i % 2 === 0 ? [ann, bob] : [bob, ann]
      await from.write(text)
      await to.message(text).waitFor()
    }
    const look = async (person: WebPerson): Promise<void> => {
      for (const text of texts) await person.message(text).waitFor()
      const shown = await person.log.getByRole('article').locator('.text').allInnerTexts()
      t.same(
        shown.map(text => text.split('\n')[0]),
        texts,
        'as the server has ordered them',
      )
      t.same(await person.log.locator('.day').allInnerTexts(), ['Today'])
    }
    for (const person of [ann, bob]) {
      await look(person)
      await person.page.reload()
      await look(person)
      // What is written now may be edited and recalled.
      const own = person.message(person === ann ? 'ahead again' : 'behind again')
      await own.click({ button: 'right' })
      await person.page.getByRole('menuitem', { name: 'Recall for all' }).waitFor()
      await person.page.getByRole('menuitem', { name: 'Edit' }).waitFor()
      await person.page.keyboard.press('Escape')
    }

    const types = ann.page.getByRole('main').getByText('typing')
    // It is told once in three seconds, and bob has typed a moment ago.
    await eventually(async () => {
      await bob.box.press('x')
      return types.first().isVisible()
    })
    await types.first().waitFor({ state: 'detached' })
    // The clock is put right while the page is open.
    await ann.page.evaluate('off = 0')
    await ann.write('put right')
    await bob.message('put right').waitFor()
    await bob.close()
    await ann.page.getByRole('main').getByText('online').waitFor({ state: 'detached' })
    t.same(ann.complaints, [])
  },
)

t.test(
  'notifications come by consent, of what nobody looks at, never of a muted chat; a click opens the chat',
  async t => {
    const ann = await open(t)
    const bob = await open(t)
    await ann.register('news-ann', 'Ann')
    await bob.register('news-bob', 'Bob')
    await befriend(ann, bob, 'news-bob', 'Bob')
    const context = bob.page.context()
    await context.grantPermissions(['notifications'])
    await bob.isKept()
    // Nobody looks at the page.
    await bob.page.evaluate('document.hasFocus = () => false')
    await bob.page.goto(`${bob.page.url().split('#')[0]}#settings`)
    const arrive = async (text: string): Promise<void> => {
      await ann.write(text)
      await ann
        .message(text)
        .getByRole('img', { name: /Delivered|Read/ })
        .waitFor()
    }
    await arrive('without consent')
    t.same(await shownBy(bob.page), [])
    await bob.page.getByRole('switch', { name: 'Notifications' }).click()
    await arrive('with consent')
    await eventually(async () => (await shownBy(bob.page)).length === 1)
    t.same(await shownBy(bob.page), ['Ann: with consent'])

    await clickNotification(context)
    await bob.message('with consent').waitFor()
    await eventually(async () => (await shownBy(bob.page)).length === 0)
    await bob.page.evaluate('document.hasFocus = () => true')
    await arrive('while watched')
    await bob.message('while watched').waitFor()
    await bob.page.evaluate('document.hasFocus = () => false')
    await bob.page.getByRole('button', { name: 'Mute' }).click()
    await bob.page.getByRole('button', { name: 'Unmute' }).waitFor()
    await arrive('while muted')
    await bob.message('while muted').waitFor()
    t.same(await shownBy(bob.page), [])
    t.same([...ann.complaints, ...bob.complaints], [])
  },
)

/** The notifications of the page that are on the screen. */
function shownBy(page: Page): Promise<string[]> {
  return page.evaluate(`navigator.serviceWorker.ready
    .then(worker => worker.getNotifications())
    .then(all => all.map(({ title, body }) => title + ': ' + body))`)
}

/** Clicks on the one notification that is shown. */
async function clickNotification(context: BrowserContext): Promise<void> {
  const [worker] = context.serviceWorkers()
  await worker?.evaluate(`registration.getNotifications().then(([notification]) => {
    dispatchEvent(new NotificationEvent('notificationclick', { notification }))
  })`)
}

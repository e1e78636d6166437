/**
 * (page) What a person waits for at the page, in Chromium on the same machine: from the navigation to the first screen of an account of 2 000
 * conversations, nothing of the page in the browser's caches; from the click on a chat to its messages, at first from the server and then
 * from the device; from a key to its letter in the composer. Each ends when what is told was painted.
 */

import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { startChromium } from '../test/support/chromium.js'
import { WebPerson } from '../test/support/web.js'
import { dataFolder, removeFolder } from './children.js'
import { type FigureRow, figureRow } from './figure-row.js'
import { figureTable } from './figure-table.js'
import { CONVERSATIONS, largeAccount, READER } from './large-account.js'
import type { Preset } from './presets.js'
import { median } from './statistics.js'

const ITEMS_EACH = { tiny: 4, other: 100 } as const
/** The chats that are opened one after the other; keys that are pressed. */
const CHATS = 20
const KEYS = 50
/** Navigations of a round. */
const NAVIGATIONS = 3

/** The aims. */
const NAVIGATION_MS_MAX = 1_000
const SWITCH_MS_MAX = 100
const KEY_MS_MAX = 50

export interface PageReport {
  readonly conversations: number
  readonly items: number
  readonly figures: readonly FigureRow[]
}

/** Milliseconds, each of one act. */
interface Times {
  readonly navigation: number[]
  readonly first: number[]
  readonly again: number[]
  readonly key: number[]
}

/** @throws naming what to install, if there is no Chromium */
export async function measurePage(preset: Preset, say: (line: string) => void): Promise<PageReport> {
  const browser = await startChromium()
  const items = CONVERSATIONS * (preset.name === 'tiny' ? ITEMS_EACH.tiny : ITEMS_EACH.other)
  say(`(page) making an account of ${CONVERSATIONS} conversations with ${items} items`)
  const folder = dataFolder()
  const { server } = await largeAccount(join(folder, 'page'), items)
  const times: Times = { navigation: [], first: [], again: [], key: [] }
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(page) round ${round} of ${preset.rounds}`)
    await turn(browser, server.httpPort, times)
  }
  await browser.close()
  await server.stop()
  removeFolder(folder)
  return { conversations: CONVERSATIONS, items, figures: figuresOf(times) }
}

function figuresOf({ navigation, first, again, key }: Times): FigureRow[] {
  const row = (what: string, times: readonly number[], atMost: number): FigureRow =>
    figureRow({ what, value: median(times), unit: 'ms', aim: { atMost } })
  return [
    row(
      `from the navigation to the first screen of ${CONVERSATIONS} conversations, cold cache`,
      navigation,
      NAVIGATION_MS_MAX,
    ),
    row('from the click on a chat to its messages, which the server has', first, SWITCH_MS_MAX),
    row('from the click on a chat to its messages, which the device has', again, SWITCH_MS_MAX),
    row('from a key to its letter', key, KEY_MS_MAX),
  ]
}

export function pageTables({ figures }: PageReport): string {
  return figureTable(figures)
}

/** One person on a new device. */
async function turn(browser: Browser, httpPort: number, times: Times): Promise<void> {
  const person = await WebPerson.open(browser, { httpPort })
  const { page } = person
  await person.signIn(READER.account, READER.password)
  // Friends stand in the list before their chats have come.
  await page.locator(`${CHAT} .prev:not(:empty)`).first().waitFor()
  const chats = await page.evaluate<string[]>(
    `Array.from(document.querySelectorAll('${CHAT}:has(.prev:not(:empty))'), each => each.hash)`,
  )
  for (const kind of ['first', 'again'] as const) {
    for (const href of chats.slice(0, CHATS)) times[kind].push(await page.evaluate<number>(openingOf(href)))
  }
  await person.box.focus()
  for (let i = 0; i < KEYS; i++) {
    await page.evaluate(LISTEN)
    await page.keyboard.press('a')
    times.key.push(await page.evaluate<number>('keyPainted'))
  }
  await person.box.fill('')
  await page.goto(`${page.url().split('#')[0]}#`)
  for (let i = 0; i < NAVIGATIONS; i++) times.navigation.push(await navigated(page))
  await person.close()
}

/** A chat in the list. */
const CHAT = 'a.row[href^="#direct:"]'

/** Opens the page anew without anything of it in caches; what the device has stored stays. */
async function navigated(page: Page): Promise<number> {
  const devTools = await page.context().newCDPSession(page)
  const origin = new URL(page.url()).origin
  await devTools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'cache_storage,service_workers' })
  await devTools.send('Network.clearBrowserCache')
  await devTools.detach()
  await page.reload({ waitUntil: 'commit' })
  return page.evaluate<number>(FIRST_DRAWN)
}

// What runs in the page, as text: these programs are compiled without a browser's types -----------------------------

/** Gives the milliseconds from the navigation until a chat was painted. */
const FIRST_DRAWN = `new Promise(resolve => {
  const look = () => {
    if (document.querySelector('${CHAT}') === null) requestAnimationFrame(look)
    else setTimeout(() => resolve(performance.now()))
  }
  look()
})`

/** Clicks on a chat. Gives the milliseconds until messages of it were painted. */
function openingOf(href: string): string {
  return `new Promise(resolve => {
    const before = document.querySelector('[role=log]')
    const beganMs = performance.now()
    const look = () => {
      const log = document.querySelector('[role=log]')
      const isThere = log !== null && log !== before && log.querySelector('article') !== null
      requestAnimationFrame(isThere ? () => setTimeout(() => resolve(performance.now() - beganMs)) : look)
    }
    document.querySelector('a.row[href="${href}"]').click()
    look()
  })`
}

/** Listens to the next key: `keyPainted` gives the milliseconds from it until what it did was painted. */
const LISTEN = `void (keyPainted = new Promise(resolve => {
  const heard = event => requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - event.timeStamp)))
  addEventListener('keydown', heard, { once: true })
}))`

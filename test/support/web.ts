/** The built web client, and people who use it in a real browser. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { PASSWORD } from './server.js'

export const WEB_FOLDER = fileURLToPath(new URL('../../web/', import.meta.url))

/** A row of files.json: tools/web.mjs makes it. */
export interface WebFile {
  readonly path: string
  readonly file: string
  readonly type: string
  readonly immutable: boolean
  readonly encodings: readonly ('br' | 'gzip')[]
}

export function webFiles(): readonly WebFile[] {
  return (JSON.parse(readFileSync(join(WEB_FOLDER, 'files.json'), 'utf8')) as { readonly files: readonly WebFile[] })
    .files
}

/** Where the page is served: a server, or what stands in front of it. */
export interface Served {
  readonly httpPort: number
}

/** The time for what a person would call at once, on a machine with much to do. */
const PATIENCE_MS = 20_000

/** A person at a page, with what the browser complained of. */
export class WebPerson {
  readonly page: Page
  readonly complaints: string[]

  private constructor(page: Page, complaints: string[]) {
    this.page = page
    this.complaints = complaints
  }

  /** Opens the page in a browser profile of its own. */
  static async open(browser: Browser, server: Served, options: BrowserContextOptions = {}): Promise<WebPerson> {
    const context = await browser.newContext({ viewport: { width: 1_280, height: 800 }, locale: 'en-US', ...options })
    return WebPerson.tab(await context.newPage(), server)
  }

  /** Opens the page in this tab. */
  static async tab(page: Page, server: Served): Promise<WebPerson> {
    const complaints: string[] = []
    page.setDefaultTimeout(PATIENCE_MS)
    page.on('pageerror', error => complaints.push(`error: ${error.message}`))
    page.on('console', message => {
      if (/Content Security Policy|Trusted|Refused/i.test(message.text())) complaints.push(message.text())
    })
    await page.goto(`http://127.0.0.1:${server.httpPort}/`)
    return new WebPerson(page, complaints)
  }

  /** Closes the browser profile with all its tabs. */
  async close(): Promise<void> {
    await this.page.context().close()
  }

  async register(account: string, nickname = ''): Promise<void> {
    const { page } = this
    await page.getByRole('button', { name: 'Create an account' }).click()
    await page.getByLabel('Account name').fill(account)
    await page.getByLabel('Shown name').fill(nickname)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Create account' }).click()
    await this.isIn()
  }

  async signIn(account: string, password = PASSWORD): Promise<void> {
    const { page } = this
    await page.getByLabel('Account name').fill(account)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  /** Waits for the list of chats. */
  async isIn(): Promise<void> {
    await this.page.getByRole('navigation').waitFor()
  }

  /** Asks somebody to be a contact. */
  async ask(account: string, greeting = ''): Promise<void> {
    const { page } = this
    await page.goto(`${page.url().split('#')[0]}#new-chat`)
    await page.getByLabel('Account name of a friend').fill(account)
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByLabel('A few words with it').fill(greeting)
    await page.getByRole('button', { name: 'Add contact' }).click()
    await page.getByText('Waits for an answer').waitFor()
    await page.getByRole('button', { name: 'Back' }).first().click()
  }

  /** Accepts the first request: its chat opens. */
  async accept(): Promise<void> {
    await this.page.getByRole('link', { name: /Contact requests/ }).click()
    await this.page.getByRole('button', { name: 'Accept' }).first().click()
    await this.box.waitFor()
  }

  /** Opens the chat of this name. */
  async openChat(name: string | RegExp): Promise<void> {
    await this.page.getByRole('listitem').filter({ hasText: name }).getByRole('link').click()
    await this.box.waitFor()
  }

  get box() {
    return this.page.getByRole('textbox', { name: 'Message' })
  }

  get log() {
    return this.page.getByRole('log')
  }

  async write(text: string): Promise<void> {
    await this.box.fill(text)
    await this.box.press('Enter')
  }

  /** The message with this text. */
  message(text: string | RegExp) {
    return this.log.getByRole('article').filter({ has: this.page.locator('.text', { hasText: text }) })
  }

  /** Waits until the page is kept for when there is no network. */
  async isKept(): Promise<void> {
    await this.page.evaluate('navigator.serviceWorker.ready.then(() => {})')
  }

  /** Whether the focus is on this element. */
  hasFocus(locator: Locator): Promise<boolean> {
    return locator.evaluate(node => node === node.ownerDocument.activeElement)
  }
}

/** Two people who are friends, with their chat open. */
export async function befriend(one: WebPerson, two: WebPerson, account: string, name: string | RegExp): Promise<void> {
  await one.ask(account)
  await two.accept()
  await one.openChat(name)
}

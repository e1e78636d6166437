// The page as a whole: which of its screens is shown, and the client behind it.
//
//   opening ──nobody signed in──► signedOut ◄──────┐
//      │  └──────another tab has it──► elsewhere   │ the session ended
//      │                                  ▲        │
//      └──somebody is──► signedIn ────────┴────────┘        any ──the storage failed──► failed

import { isAccountName } from '../../../protocol/names.js'
import { type Client, createClient, LongwireError, MemoryStorage } from '../../typescript/browser.js'
import { type Said, said } from '../words.js'
import { BOARDS } from './board-news.js'
import { Drafts } from './drafts.js'
import { errorWords } from './error-words.js'
import { PEOPLE } from './people.js'
import { type Platform, Remembered } from './platform.js'
import { Session } from './session.js'
import { SettingsStore } from './settings.js'
import { Signal } from './signal.js'

export type Screen =
  | { readonly name: 'opening' }
  /** `account`: the one whose session ended; its messages wait. */
  | { readonly name: 'signedOut'; readonly account: string }
  | { readonly name: 'signedIn'; readonly session: Session }
  | { readonly name: 'elsewhere' }
  /** `unstored`: messages that were perhaps not stored. Those go out with the next session, or are in its drafts. */
  | { readonly name: 'failed'; readonly why: string; readonly unstored: number }

/** The message by which one tab asks the others to let go of the storage. */
const TAKE = 'take'

/** A tab that lets go needs a moment for what is under way. */
const TAKE_TRIES = 10
const TAKE_WAIT_MS = 300

export class App {
  readonly screen = new Signal<Screen>({ name: 'opening' })
  /** A newer version of the page is there with the next load. */
  readonly newVersion = new Signal(false)
  /** Whether the browser keeps what the page stores. Otherwise it lasts as long as the page. */
  readonly isStored = new Signal(true)
  readonly settings: SettingsStore
  readonly platform: Platform
  /** They outlast a session whose storage failed, also where they cannot be remembered. */
  readonly #drafts: Drafts
  /** The uid of whoever the drafts and names are of that the browser remembers. */
  readonly #owner: Remembered
  #client: Client | undefined

  constructor(platform: Platform) {
    this.platform = platform
    this.settings = new SettingsStore(platform)
    this.#drafts = new Drafts(platform)
    this.#owner = new Remembered(platform.keyValues, 'owner')
    platform.tabs.listen(message => {
      if (message === TAKE) void this.#letGo()
    })
  }

  async start(): Promise<void> {
    this.screen.set({ name: 'opening' })
    try {
      this.#serve(await this.#open())
    } catch (error) {
      if (isElsewhere(error) || isOfOtherVersion(error)) this.#failed(error)
      else await this.goWithoutStoring()
    }
  }

  /** Goes on with nothing but this page's memory: a private window may refuse to store, or the disk may be full. */
  async goWithoutStoring(): Promise<void> {
    this.isStored.set(false)
    try {
      this.#serve(await this.#open(new MemoryStorage()))
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Takes the storage over from another tab. */
  async useHere(): Promise<void> {
    this.screen.set({ name: 'opening' })
    this.platform.tabs.post(TAKE)
    for (let i = 0; i < TAKE_TRIES; i++) {
      await new Promise<void>(resolve => this.platform.clock.after(TAKE_WAIT_MS, resolve))
      try {
        this.#serve(await this.#open())
        return
      } catch (error) {
        if (!isElsewhere(error)) return this.#failed(error)
      }
    }
    this.screen.set({ name: 'elsewhere' })
  }

  /** @returns what went wrong; undefined if the user is in */
  signIn(account: string, password: string): Promise<Said | undefined> {
    return this.#enter(client => client.account.login({ account, password }))
  }

  /** @returns what went wrong; undefined if the user is in */
  async register(account: string, nickname: string, password: string): Promise<Said | undefined> {
    if (!isAccountName(account.toLowerCase())) return said('accountForm')
    return this.#enter(client => client.account.register({ account, nickname, password }))
  }

  async signOut(): Promise<void> {
    const { value } = this.screen
    if (value.name !== 'signedIn') return
    const { session } = value
    await session.client.account.logout()
    this.#leave(session)
  }

  /** Deletes the account for good. @returns what went wrong; undefined: it is gone */
  async deleteAccount(password: string): Promise<Said | undefined> {
    const { value } = this.screen
    if (value.name !== 'signedIn') return errorWords(undefined)
    try {
      await value.session.client.account.deleteAccount(password)
    } catch (error) {
      return errorWords(error)
    }
    this.#leave(value.session)
    return undefined
  }

  /** Forgets what this browser knows of the user. */
  #leave(session: Session): void {
    session.people.forget()
    session.news.forget()
    session.drafts.forget()
    this.#owner.write(undefined)
    session.close()
    this.screen.set({ name: 'signedOut', account: '' })
  }

  /** Notes who is signed in. What the browser remembers of somebody else, whose session ended, is not for this user. */
  #own(uid: number): void {
    const owner = this.#owner.read()
    if (owner === uid) return
    if (owner !== undefined) {
      this.#drafts.forget()
      for (const name of [PEOPLE, BOARDS]) new Remembered(this.platform.keyValues, name).write(undefined)
    }
    this.#owner.write(uid)
  }

  async #enter(enter: (client: Client) => Promise<void>): Promise<Said | undefined> {
    const client = this.#client
    if (client === undefined) return errorWords(undefined)
    try {
      await enter(client)
    } catch (error) {
      return errorWords(error)
    }
    this.#signedIn(client)
    return undefined
  }

  async #open(storage = this.platform.storage()): Promise<Client> {
    const { clock, random, deviceName } = this.platform
    return createClient({
      transport: this.platform.transports(),
      storage,
      clock,
      random,
      deviceName,
      clientName: 'web',
      firstScreen: true,
    })
  }

  #serve(client: Client): void {
    this.#client = client
    client.on('sessionEnded', () => {
      const { value } = this.screen
      if (value.name === 'signedIn') value.session.close()
      this.screen.set({ name: 'signedOut', account: client.account.profile.account })
    })
    client.on('storageFailed', ({ error }) => {
      const { value } = this.screen
      const unstored = value.name === 'signedIn' ? value.session.keepUnstored() : 0
      if (value.name === 'signedIn') value.session.close()
      this.#client = undefined
      this.#failed(error, unstored)
    })
    if (client.account.signedIn) {
      this.#signedIn(client)
      client.connect()
    } else this.screen.set({ name: 'signedOut', account: client.account.profile.account })
  }

  #signedIn(client: Client): void {
    const { value } = this.screen
    if (value.name === 'signedIn') value.session.close()
    this.#own(client.account.uid)
    this.screen.set({ name: 'signedIn', session: new Session(client, this.platform, this.settings, this.#drafts) })
  }

  async #letGo(): Promise<void> {
    const client = this.#client
    if (client === undefined) return
    this.#client = undefined
    const { value } = this.screen
    if (value.name === 'signedIn') value.session.close()
    this.screen.set({ name: 'elsewhere' })
    await client.close()
  }

  #failed(error: unknown, unstored = 0): void {
    if (this.screen.value.name === 'elsewhere') return
    if (isElsewhere(error)) this.screen.set({ name: 'elsewhere' })
    else this.screen.set({ name: 'failed', why: error instanceof Error ? error.message : String(error), unstored })
  }
}

function isElsewhere(error: unknown): boolean {
  return (
    error instanceof LongwireError && error.reason === 'STORAGE_FAILED' && /in use by another tab/.test(error.message)
  )
}

/** Whether the storage holds what another version of the page has stored. It is not for this one to touch. */
function isOfOtherVersion(error: unknown): boolean {
  return error instanceof LongwireError && error.reason === 'STORAGE_FORMAT'
}

// Begins the local copy at the head of the timeline, so that a new device needs not read through all that was ever said.
//
//   nothing ──Hello from the head H──► keyed state up to H, page by page ──all stored──► whole
//      ▲                                  │    ▲
//      │                                  └────┘ a restart or another connection: at the page that it was at
//      └── the server has lost what this device has: the next Hello begins again
//
// What comes above H is applied meanwhile as ever. Messages up to H stay at the server until somebody reads them (past.ts).
import { createSyncRequest, type HelloResponse } from '../../../protocol/generated/messages.js'
import { itemVersions } from '../../../protocol/item-codec.js'
import type { Calls } from '../connection/calls.js'
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'
import type { ChatList } from './chats.js'
import type { Inbox } from './inbox.js'
import type { Past } from './past.js'

export interface FirstScreenHost {
  readonly commits: Commits
  readonly calls: Calls
  readonly inbox: Inbox
  readonly past: Past
  readonly chats: ChatList
  /** The application wants it so. */
  readonly isWanted: boolean
  /** All keyed state up to the head is stored. */
  whole(): void
}

export class FirstScreen {
  readonly #host: FirstScreenHost
  /** The head, and the version up to which the state is stored; undefined: there is nothing to fetch. */
  #under: { readonly head: number; since: number } | undefined
  #isAsking = false
  /** The copy has begun somewhere. */
  #hasBegun = false

  constructor(host: FirstScreenHost) {
    this.#host = host
  }

  get isWanted(): boolean {
    return this.#host.isWanted
  }

  /** Whether the next Hello is to begin at the head. */
  get isDue(): boolean {
    return this.#host.isWanted && !this.#hasBegun
  }

  /** Whether keyed state is missing here still. */
  get isUnderWay(): boolean {
    return this.#under !== undefined
  }

  load(json: Json): void {
    const [head = 0, since = 0] = json as readonly number[]
    this.#under = { head, since }
  }

  hasBegun(): void {
    this.#hasBegun = true
  }

  /** The server has lost what this device has. */
  reset(): void {
    this.clear()
    this.#store()
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  clear(): void {
    this.#under = undefined
    this.#hasBegun = false
  }

  /** Hello was answered to a device that has nothing. */
  begin({ head }: HelloResponse): void {
    const { inbox, past, chats } = this.#host
    chats.reset()
    past.reset()
    inbox.begin(head)
    past.beginAt(head)
    this.#under = { head, since: 0 }
    this.#hasBegun = true
    this.#store()
  }

  /** A connection is there: fetches what is missing. */
  go(): void {
    this.#goList()
    if (this.#under === undefined || this.#isAsking) return
    this.#isAsking = true
    this.#fetch().then(
      () => this.#asked(),
      // The next connection goes on. A refusal is told by what is missing.
      () => this.#asked(),
    )
  }

  /** Draws the first screen. */
  #goList(): void {
    const { chats, isWanted } = this.#host
    if (!isWanted || chats.hasBegun) return
    chats.more().catch(() => {
      // As with the state: the next connection asks again.
    })
  }

  #asked(): void {
    this.#isAsking = false
  }

  async #fetch(): Promise<void> {
    const { calls, inbox, commits, whole } = this.#host
    for (let under = this.#under; under !== undefined; under = this.#under) {
      const { head, since } = under
      inbox.noteKeys()
      const { to, more, items } = await calls.ask('sync', { ...STATE, since })
      if (this.#under !== under) return
      inbox.state(items, itemVersions(since, items), head)
      under.since = to
      if (!more || to >= head || to <= since) {
        this.#under = undefined
        whole()
      }
      this.#store()
      await new Promise<void>(resolve => commits.after(resolve))
    }
  }

  #store(): void {
    this.#host.commits.put('state', this.#under && [this.#under.head, this.#under.since])
  }
}

const STATE = createSyncRequest({ state: true })

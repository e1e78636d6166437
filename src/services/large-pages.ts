/**
 * Reads large pages of timelines in threads: those of a device that is far behind. What lies in the store's tables is read and encoded
 * there; this thread adds what only the store itself knows (the head, the floor), and reads all other pages.
 *
 *   page ─► far behind? ── no, or not known ─────────────────────────► Engine.page
 *             │ yes                                                        ▲ not full, trimmed meanwhile, or not to be had there
 *             ▼                                                            │
 *           waiting ── with others of the turn, 8 in a task ──► thread ─► full page ─► head and floor, by a read ─► answer
 *             └─ its caller goes: given up
 *
 * While a task is under way, and in the rest after it, pages gather for the next one, as units do for a commit. So the more come, the less
 * each costs this thread. The rests leave time to chats: without them this thread answered pages as fast as the other one read them.
 * A page that waits holds no bytes; in the thread and on their way are at most those of one task, 2 MiB. From the answer on they are the
 * caller's, whose bytes are counted (connection/backlog.ts). Their buffers are used again (lib/page-memory.ts).
 */
import type { EncodedItems } from '../../protocol/item-codec.js'
import { SYNC_BYTES_MAX, SYNC_ITEMS_MAX } from '../../protocol/limits.js'
import type { Clock } from '../lib/clock.js'
import { pageMemory } from '../lib/page-memory.js'
import type { Defer } from '../lib/turn.js'
import type { Actor, PagePlace, PageRange, SettledPart, Store, Version } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import { REFERENCE_TAG } from '../sync/references.js'
import { LostThreads } from '../workers/lost-threads.js'
import type { OwnWorkers } from '../workers/tasks.js'
import { WorkerError } from '../workers/types.js'
import type { Asker, TimelinePage } from './types.js'

/**
 * The versions from `since` to the end of the tables from which a page is read in a thread: a full page. CPU of this thread for a page of
 * 256 items of 100 bytes, read here and there: 107 and 59 µs alone, 85 and 10 with 8 at once. For 64 items it is 26 and 39, 24 and 17: alone
 * a thread does not pay (`npm run bench -- workers`, 2 cores, busy).
 */
const VERSIONS_MIN = SYNC_ITEMS_MAX

/** The most pages of one task, whose answers this thread writes in one turn. */
const PAGES_PER_TASK = 8

/**
 * The rest after a task, as a multiple of the task's time: a busy machine makes tasks longer, and so the rests. A device alone rests for
 * some milliseconds between pages. While 200 devices read 10 000 items each, p99 of chats was 20 ms without rests (all had synced in 1.8 s),
 * 12 with rests of 3 tasks (4 s) and 5 to 9 with 7 (8 s).
 */
const RESTS_PER_TASK = 7
const REST_MS_MIN = 1
const REST_MS_MAX = 50

/** The most pages that wait; the next is told to come back. */
export const PAGES_WAITING_MAX = 1_024

/** The most users that are known to be behind. Of one that is not, one more page is read here. */
export const BEHIND_MAX = 4_096

export interface LargePagesOptions {
  readonly engine: Engine
  readonly store: Store
  readonly workers: OwnWorkers
  readonly clock: Clock
  readonly defer: Defer
}

interface WaitingPage {
  readonly asker: Asker | undefined
  readonly range: PageRange
  readonly place: PagePlace
  readonly settle: (items: EncodedItems | undefined) => void
  readonly fail: (error: unknown) => void
}

export class LargePages {
  readonly #options: LargePagesOptions
  readonly #lost: LostThreads
  /** Users of whom a device was lately told that there is more. Of others nobody looks what is in the tables. */
  readonly #behind = new Set<Actor>()
  /** The pages that wait, in the order in which they came. */
  readonly #waiting = new Set<WaitingPage>()
  /** Whether a task is to begin at the end of the turn. */
  #isDue = false
  /** Whether a task is under way, or the rest after it: there is one at a time. */
  #isBusy = false

  constructor(options: LargePagesOptions) {
    this.#options = options
    this.#lost = new LostThreads(options.clock)
  }

  /**
   * The items after `since` that are durable, as Engine.page gives them. Rejects with a WorkerError if a thread should read them and did
   * not: the same may be asked for again.
   * @param asker is given up when its signal says so; undefined: the page is read here if no thread does
   */
  async page(actor: Actor, since: Version, asker?: Asker): Promise<TimelinePage> {
    const part = this.#behind.has(actor) ? this.#settled(actor, since) : undefined
    const isLarge = part !== undefined && this.#isLarge(part, since)
    const page = await (isLarge ? this.#large(actor, since, part, asker) : this.#here(actor, since))
    if (page.kind === 'page' && page.more) this.#noteBehind(actor)
    else if (this.#behind.size > 0) this.#behind.delete(actor)
    return page
  }

  #noteBehind(actor: Actor): void {
    this.#behind.add(actor)
    if (this.#behind.size <= BEHIND_MAX) return
    const [first] = this.#behind
    if (first !== undefined) this.#behind.delete(first)
  }

  async #large(actor: Actor, since: Version, part: SettledPart, asker: Asker | undefined): Promise<TimelinePage> {
    try {
      const items = await this.#there(actor, since, part, asker)
      const page = items && (await this.#completed(actor, since, part, items))
      return page ?? (await this.#here(actor, since))
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error
      this.#lost.note(error)
      if (asker !== undefined) throw error
      return this.#here(actor, since)
    }
  }

  #settled(actor: Actor, since: Version): SettledPart | undefined {
    try {
      return this.#options.store.settled?.(actor, since)
    } catch {
      return undefined // what is wrong is told to whoever reads it here
    }
  }

  #isLarge({ upTo, gaps }: SettledPart, since: Version): boolean {
    if (upTo - since < VERSIONS_MIN || this.#lost.lately) return false
    return !gaps.some(gap => since > gap.after && since < gap.upTo)
  }

  #here(actor: Actor, since: Version): Promise<TimelinePage> {
    return this.#options.engine.page(actor, since, SYNC_ITEMS_MAX, SYNC_BYTES_MAX)
  }

  /** The page with what only the store knows; undefined if the log was trimmed meanwhile. */
  async #completed(
    actor: Actor,
    since: Version,
    part: SettledPart,
    items: EncodedItems,
  ): Promise<TimelinePage | undefined> {
    const { MAX_SAFE_INTEGER } = Number
    const { durable, floor } = await this.#options.store.read(actor, MAX_SAFE_INTEGER, MAX_SAFE_INTEGER, 1, 0)
    if (floor !== part.floor) return undefined
    return { kind: 'page', items, to: items.last, more: true, trimmed: since < floor, head: durable }
  }

  #there(
    actor: Actor,
    after: Version,
    { upTo, left, place }: SettledPart,
    asker: Asker | undefined,
  ): Promise<EncodedItems | undefined> {
    const signal = asker?.signal
    return new Promise((resolve, reject) => {
      const giveUp = (): void => page.fail(new WorkerError('ABORTED', 'read-pages', signal?.reason))
      const end = (): void => {
        this.#waiting.delete(page)
        signal?.removeEventListener('abort', giveUp)
      }
      const page: WaitingPage = {
        asker,
        range: {
          actor,
          after,
          upTo,
          left,
          foreign: REFERENCE_TAG,
          entriesMax: SYNC_ITEMS_MAX,
          bytesMax: SYNC_BYTES_MAX,
        },
        place,
        settle(items) {
          end()
          resolve(items)
        },
        fail(error) {
          end()
          reject(error)
        },
      }
      if (signal?.aborted === true) giveUp()
      else if (this.#waiting.size >= PAGES_WAITING_MAX) page.fail(new WorkerError('QUEUE_FULL', 'read-pages'))
      else {
        signal?.addEventListener('abort', giveUp)
        this.#waiting.add(page)
        asker?.pageWaits?.(true)
        this.#beginLater()
      }
    })
  }

  /** Begins a task at the end of the turn, with all that came in it. */
  #beginLater(): void {
    if (this.#isDue || this.#isBusy) return
    this.#isDue = true
    this.#options.defer(() => {
      this.#isDue = false
      this.#begin()
    })
  }

  #begin(): void {
    const pages: WaitingPage[] = []
    let place: PagePlace | undefined
    for (const page of this.#waiting) {
      if (pages.length === PAGES_PER_TASK) break
      this.#waiting.delete(page)
      page.asker?.pageWaits?.(false)
      pages.push(page)
      place = page.place // of the last one, which has seen the newest state
    }
    if (place === undefined) return
    this.#isBusy = true
    const beganMs = this.#options.clock.monotonic()
    const ranges = pages.map(page => page.range)
    const buffers = pageMemory.take(pages.length)
    this.#options.workers.run('read-pages', { place, ranges, buffers }, { priority: 'short' }).then(
      results => {
        this.#ended(beganMs)
        for (const page of results) if (page !== undefined) pageMemory.lend(page.encoded)
        for (const [i, page] of pages.entries()) page.settle(results[i])
      },
      error => {
        this.#ended(beganMs)
        for (const page of pages) page.fail(error)
      },
    )
  }

  /** Lets the next task begin after a rest. */
  #ended(beganMs: number): void {
    const { clock } = this.#options
    const restMs = Math.min(REST_MS_MAX, RESTS_PER_TASK * (clock.monotonic() - beganMs))
    const next = (): void => {
      this.#isBusy = false
      if (this.#waiting.size > 0) this.#beginLater()
    }
    if (restMs < REST_MS_MIN) next()
    else clock.after(restMs, next)
  }
}

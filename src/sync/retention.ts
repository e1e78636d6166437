/**
 * Trims timelines in the background: messages that are older than so long and not among the newest so many, and all that are beyond
 * the newest so many bytes. One walk over the logs of all partitions, round and round. It does little at a time, and rests between.
 *
 *   round: logs, 64 at a time ─┬─► age: fewer versions above the floor than are kept: pass
 *                              │        its oldest message is young: pass
 *                              │        count from the newest down to the last one that is kept, then trim from the oldest up
 *                              └─► bytes: so few versions since the last count that the longest messages would not fill them: pass
 *                                         count bytes from the newest down, then trim from the oldest up
 *
 * Nothing of it is stored: a process that starts begins somewhere (so that one that starts often gets everywhere), and
 * trims what it finds. Two nodes on one store do the same work twice, and no harm.
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { CountedTime } from '../lib/counted-time.js'
import type { Random } from '../lib/random.js'
import { type Actor, type LogSummary, PARTITIONS, type Store, type Version } from '../store/types.js'
import { uidOf } from './rules/records.js'
import { MESSAGE_BYTES_MAX, sentAtMs, trimLog } from './rules/retention.js'
import type { Outcome, Transition } from './types.js'

/** Logs looked at between two rests: 5 µs each for most. */
const LOGS_AT_ONCE = 64
const LOGS_REST_MS = 100
/** Entries read, counted or trimmed between two rests: a millisecond or less. */
const ENTRIES_AT_ONCE = 256
const BYTES_AT_ONCE = 2 ** 18
const ENTRIES_REST_MS = 20
/** For messages that go for their bytes. */
const ANY_AGE = 0
/** A round takes this long at least: nothing is late by more. */
const ROUND_MS = 3_600_000
/** After the store could not be reached. */
const FAILED_REST_MS = 10_000

export interface RetentionOptions {
  readonly store: Store
  readonly clock: Clock
  readonly time: CountedTime
  readonly random: Random
  run<I, R>(actor: Actor, transition: Transition<I, R>, input: I): Promise<Outcome<R>>
  /** A message younger than this stays. */
  readonly keepMs: number
  /** So many of a timeline's newest messages stay, however old. */
  readonly keepItems: number
  /** Messages beyond a timeline's newest ones of so many bytes go, however young and few. Infinity: none. */
  readonly keepBytes: number
}

export class Retention {
  readonly #options: RetentionOptions
  /** What the last count found in logs that may grow beyond the bytes: it spares counts, and holds long logs only. */
  readonly #counted = new Map<Actor, { readonly head: Version; readonly bytes: number }>()
  /** Logs, and pages of them, since the last rest. */
  #looked = 0
  #stopped = false
  #timer: TimerHandle | undefined
  #wake: (() => void) | undefined

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  /** Goes on until it is stopped. */
  async start(): Promise<void> {
    const { clock, random } = this.#options
    const first = random.integer(PARTITIONS)
    while (!this.#stopped) {
      const beganMs = clock.monotonic()
      for (let i = 0; i < PARTITIONS; i += 1) await this.#walk((first + i) % PARTITIONS)
      await this.#rest(Math.max(LOGS_REST_MS, ROUND_MS - (clock.monotonic() - beganMs)))
    }
  }

  /** What is under way ends at the next rest. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#wake?.()
  }

  async #walk(partition: number): Promise<void> {
    for (let after: Actor | null = null; !this.#stopped; ) {
      try {
        const logs: readonly LogSummary[] = await this.#options.store.logs(partition, after, LOGS_AT_ONCE)
        for (const log of logs) {
          if (!this.#stopped) await this.#look(log)
          after = log.actor
        }
        await this.#restAfter(logs.length)
        if (logs.length < LOGS_AT_ONCE) return
      } catch {
        await this.#rest(FAILED_REST_MS) // and on where it was
      }
    }
  }

  /** A page costs as much as a log does. */
  async #restAfter(logs: number): Promise<void> {
    this.#looked += 1 + logs
    if (this.#looked < LOGS_AT_ONCE) return
    this.#looked = 0
    await this.#rest(LOGS_REST_MS)
  }

  async #look(log: LogSummary): Promise<void> {
    const { actor, head, floor } = log
    const { keepMs, keepItems, keepBytes } = this.#options
    if (uidOf(actor) === 0) return
    const versions = span(log)
    if (versions > keepItems) {
      const { old, done } = await this.#oldUpTo(actor, floor, head, keepMs)
      if (old > 0 || !done) {
        const { version } = await this.#beyond(actor, head, keepItems, Number.POSITIVE_INFINITY)
        await this.#trimOld(actor, floor, version, keepMs)
      }
    }
    const known = this.#counted.get(actor)
    if (known !== undefined && known.bytes + (head - known.head) * MESSAGE_BYTES_MAX <= keepBytes) return
    this.#counted.delete(actor)
    if (versions * MESSAGE_BYTES_MAX <= keepBytes) return
    const { version, bytes } = await this.#beyond(actor, head, Number.POSITIVE_INFINITY, keepBytes)
    if (version > 0) await this.#trimOld(actor, floor, version, ANY_AGE)
    else this.#counted.set(actor, { head, bytes })
  }

  /** Trims a slice at a time from the oldest on, up to the first message that is younger than `ageMs`. */
  async #trimOld(actor: Actor, floor: Version, upTo: Version, ageMs: number): Promise<void> {
    for (let after = floor; after < upTo && !this.#stopped; ) {
      const { old, read, done } = await this.#oldUpTo(actor, after, upTo, ageMs)
      if (old > 0 && !(await this.#trim(actor, old))) return
      if (done) return
      after = read
      await this.#rest(ENTRIES_REST_MS)
    }
  }

  /**
   * Of a slice behind `after`: the version of the last message that is not younger than `ageMs`, with only such before it
   * (0: none); up to where it was read; and whether there is no use in reading on.
   */
  async #oldUpTo(actor: Actor, after: Version, upTo: Version, ageMs: number) {
    const { store, time } = this.#options
    const { entries, more } = await store.read(actor, after, upTo, ENTRIES_AT_ONCE, BYTES_AT_ONCE)
    const youngFromMs = ageMs === ANY_AGE ? Number.POSITIVE_INFINITY : time.ago(ageMs)
    let old = 0
    for (const { version, bytes } of entries) {
      const atMs = sentAtMs(bytes)
      if (atMs === undefined) continue
      if (atMs > youngFromMs) return { old, read: version, done: true }
      old = version
    }
    return { old, read: entries.at(-1)?.version ?? upTo, done: !more }
  }

  /**
   * The newest version that is not among the newest so many, or not among those of so many bytes; 0 if all are. With the bytes that
   * were counted.
   */
  async #beyond(actor: Actor, head: Version, itemsMax: number, bytesMax: number) {
    const { store } = this.#options
    let items = 0
    let bytes = 0
    for (let from = head; !this.#stopped; ) {
      // A slice of no more than what is left to count ends with the one that is looked for.
      const entriesAtOnce = Math.min(itemsMax + 1 - items, ENTRIES_AT_ONCE)
      const bytesAtOnce = Math.min(bytesMax + 1 - bytes, BYTES_AT_ONCE)
      const tally = await store.tally(actor, from, entriesAtOnce, bytesAtOnce)
      items += tally.unkeyed
      bytes += tally.bytes
      const { to } = tally
      if (items > itemsMax || bytes > bytesMax) return { version: to, bytes }
      if (to === 0) break
      from = to - 1
      await this.#rest(ENTRIES_REST_MS)
    }
    return { version: 0, bytes }
  }

  async #trim(actor: Actor, upTo: Version): Promise<boolean> {
    const { kind } = await this.#options.run(actor, trimLog, { upTo })
    return kind === 'done'
  }

  #rest(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise(resolve => {
      this.#wake = resolve
      this.#timer = this.#options.clock.after(ms, resolve)
    })
  }
}

/** No more entries than this can be trimmed. */
function span({ head, floor, gaps }: LogSummary): number {
  let versions = head - floor
  for (const { after, upTo } of gaps) versions -= Math.max(0, upTo - Math.max(after, floor))
  return versions
}

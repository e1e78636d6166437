/**
 * Trims timelines in the background. It removes messages that are older than the set age and not among the newest so many, and all beyond
 * the newest so many bytes. A run walks over the logs of one partition. It does little at a time, and rests between.
 *
 *   run: logs, 64 at a time   ─┬─► age: fewer versions above the floor than are kept: pass
 *                              │        its oldest message is young: pass
 *                              │        count from the newest down to the last one that is kept, then trim from the oldest up
 *                              └─► bytes: so few versions since the last count that the longest messages would not fill them: pass
 *                                         count bytes from the newest down, then trim from the oldest up
 *
 * It stores no state: each run trims what it finds. Two nodes on one store do the same work twice, and no harm.
 */
import type { CountedTime } from '../lib/counted-time.js'
import type { Actor, LogSummary, Store, Version } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { isGroupActor } from '../sync/references.js'
import { forgetReactions } from '../sync/rules/group-reactions.js'
import { numberOfId, reactedRecord } from '../sync/rules/reaction-records.js'
import { holdsMessages, MESSAGE_BYTES_MAX, sentAtMs, trimLog } from '../sync/rules/retention.js'
import type { Pace } from './job.js'

/** The logs looked at between two rests: 5 µs each for most. */
const LOGS_AT_ONCE = 64
const LOGS_REST_MS = 100
/** The entries read, counted or trimmed between two rests: a millisecond or less. */
const ENTRIES_AT_ONCE = 256
const BYTES_AT_ONCE = 2 ** 18
/** The records of reactions looked at between two rests: 200 KiB of the longest. */
const REACTIONS_AT_ONCE = 8
const ENTRIES_REST_MS = 20
/** The age limit for messages that are removed because of their bytes. */
const ANY_AGE = 0
/** The shortest time from one round to the next. Nothing is late by more, but where a partition changes its owner: by one more for each time. */
export const RETENTION_MS = 3_600_000

/** The settings of what is kept of a timeline's messages. */
export interface RetentionSettings {
  /** The age below which a message stays. */
  readonly keepMs: number
  /** The number of a timeline's newest messages that stay, however old. */
  readonly keepItems: number
  /** The bytes of a timeline's newest messages that stay; those beyond are removed, however young and few. Infinity: none. */
  readonly keepBytes: number
  /** The time from one round to the next. Absent: an hour. */
  readonly everyMs?: number
}

export interface RetentionOptions extends RetentionSettings {
  readonly store: Store
  readonly engine: Engine
  readonly time: CountedTime
}

export class Retention {
  readonly #options: RetentionOptions
  /** The result of the last count in logs that may grow beyond the bytes. It saves counts, and holds long logs only. */
  readonly #counted = new Map<Actor, { readonly head: Version; readonly bytes: number }>()
  /** The number of logs, and pages of them, looked at since the last rest. */
  #looked = 0

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  /** Walks over the logs of a partition. A log that fails does not keep the others waiting. */
  async run(partition: number, pace: Pace): Promise<void> {
    const failures: unknown[] = []
    for (let after: Actor | null = null; !pace.isStopped; ) {
      const logs: readonly LogSummary[] = await this.#options.store.logs(partition, after, LOGS_AT_ONCE)
      for (const log of logs) {
        if (!pace.isStopped) await this.#look(log, pace).catch(error => failures.push(error))
        after = log.actor
      }
      await this.#restAfter(logs.length, pace)
      if (logs.length < LOGS_AT_ONCE) break
    }
    if (failures.length > 0) throw failures[0]
  }

  /** Rests after enough logs; a page costs as much as a log does. */
  async #restAfter(logs: number, pace: Pace): Promise<void> {
    this.#looked += 1 + logs
    if (this.#looked < LOGS_AT_ONCE) return
    this.#looked = 0
    await pace.rest(LOGS_REST_MS)
  }

  async #look(log: LogSummary, pace: Pace): Promise<void> {
    const { actor, floor } = log
    if (!holdsMessages(actor)) return
    const gone = Math.max(floor, await this.#trimByAge(log, pace), await this.#trimByBytes(log, pace))
    if (gone > 0 && isGroupActor(actor)) await this.#forgetReactions(actor, gone, pace)
  }

  /** Removes what is old and not among the newest so many. @returns the version up to which it did; 0: nothing was to be removed */
  async #trimByAge(log: LogSummary, pace: Pace): Promise<Version> {
    const { actor, head, floor } = log
    const { keepMs, keepItems } = this.#options
    if (span(log) <= keepItems) return 0
    const { old, isLast } = await this.#oldUpTo(actor, floor, head, keepMs)
    if (old === 0 && isLast) return 0
    const bounds = { itemsMax: keepItems, bytesMax: Number.POSITIVE_INFINITY }
    const { version } = await this.#beyond(actor, head, bounds, pace)
    return this.#trimOld(actor, floor, { upTo: version, ageMs: keepMs }, pace)
  }

  /** Removes what is beyond the newest so many bytes. @returns the version up to which it did; 0: nothing was to be removed */
  async #trimByBytes(log: LogSummary, pace: Pace): Promise<Version> {
    if (this.#isWithinBytes(log)) return 0
    const { actor, head, floor } = log
    const bounds = { itemsMax: Number.POSITIVE_INFINITY, bytesMax: this.#options.keepBytes }
    const { version, bytes } = await this.#beyond(actor, head, bounds, pace)
    // A count that was stopped has not come to the end.
    if (version === 0 && !pace.isStopped) this.#counted.set(actor, { head, bytes })
    return this.#trimOld(actor, floor, { upTo: version, ageMs: ANY_AGE }, pace)
  }

  /** Whether the log cannot have more than the bytes that are kept, by its last count or by the number of its entries. */
  #isWithinBytes(log: LogSummary): boolean {
    const { actor, head } = log
    const { keepBytes } = this.#options
    const known = this.#counted.get(actor)
    if (known !== undefined && known.bytes + (head - known.head) * MESSAGE_BYTES_MAX <= keepBytes) return true
    this.#counted.delete(actor)
    return span(log) * MESSAGE_BYTES_MAX <= keepBytes
  }

  /** Removes what the group keeps of reactions to messages that were removed; also to those of an earlier round, which a crash ended. */
  async #forgetReactions(group: Actor, upTo: Version, pace: Pace): Promise<void> {
    const { engine } = this.#options
    const prefix = `${reactedRecord.prefix}/`
    for (let after: string | null = null; !pace.isStopped; await pace.rest(ENTRIES_REST_MS)) {
      const found = await engine.scan(group, prefix, after, REACTIONS_AT_ONCE)
      const ids = found.map(({ name }) => name.slice(prefix.length)).filter(id => numberOfId(id) <= upTo)
      if (ids.length > 0) done(await engine.run(group, forgetReactions, { ids }))
      if (ids.length < REACTIONS_AT_ONCE) return
      after = found.at(-1)?.name ?? null
    }
  }

  /**
   * Trims one slice after another from the oldest on, up to the first message that is younger than `ageMs`.
   * @returns the version up to which it did; 0: nothing was that old
   */
  async #trimOld(
    actor: Actor,
    floor: Version,
    { upTo, ageMs }: { readonly upTo: Version; readonly ageMs: number },
    pace: Pace,
  ): Promise<Version> {
    let trimmed = 0
    for (let after = floor; after < upTo && !pace.isStopped; ) {
      const { old, read, isLast } = await this.#oldUpTo(actor, after, upTo, ageMs)
      if (old > 0) {
        done(await this.#options.engine.run(actor, trimLog, { upTo: old }))
        trimmed = old
      }
      if (isLast) break
      after = read
      await pace.rest(ENTRIES_REST_MS)
    }
    return trimmed
  }

  /**
   * Reads a slice behind `after`. Finds the version of the last message that is not younger than `ageMs`, with only such messages before
   * it (0: none), the version up to which it read, and whether reading on is of no use.
   */
  async #oldUpTo(actor: Actor, after: Version, upTo: Version, ageMs: number) {
    const { store, time } = this.#options
    const { entries, more } = await store.read(actor, after, upTo, ENTRIES_AT_ONCE, BYTES_AT_ONCE)
    const youngFromMs = ageMs === ANY_AGE ? Number.POSITIVE_INFINITY : time.ago(ageMs)
    let old = 0
    for (const { version, bytes } of entries) {
      const atMs = sentAtMs(bytes)
      if (atMs === undefined) continue
      if (atMs > youngFromMs) return { old, read: version, isLast: true }
      old = version
    }
    return { old, read: entries.at(-1)?.version ?? upTo, isLast: !more }
  }

  /**
   * The newest version that is not among the newest so many, or not among those of so many bytes; 0 if all are. Also the bytes that were
   * counted.
   */
  async #beyond(
    actor: Actor,
    head: Version,
    { itemsMax, bytesMax }: { readonly itemsMax: number; readonly bytesMax: number },
    pace: Pace,
  ) {
    const { store } = this.#options
    let items = 0
    let bytes = 0
    for (let from = head; !pace.isStopped; ) {
      // A slice no larger than what is left to count ends with the entry that is looked for.
      const entriesAtOnce = Math.min(itemsMax + 1 - items, ENTRIES_AT_ONCE)
      const bytesAtOnce = Math.min(bytesMax + 1 - bytes, BYTES_AT_ONCE)
      const tally = await store.tally(actor, from, entriesAtOnce, bytesAtOnce)
      items += tally.trimmable
      bytes += tally.bytes
      const { to } = tally
      if (items > itemsMax || bytes > bytesMax) return { version: to, bytes }
      if (to === 0) break
      from = to - 1
      await pace.rest(ENTRIES_REST_MS)
    }
    return { version: 0, bytes }
  }
}

/** The most entries that can be trimmed. */
function span({ head, floor, gaps }: LogSummary): number {
  let versions = head - floor
  for (const { after, upTo } of gaps) versions -= Math.max(0, upTo - Math.max(after, floor))
  return versions
}

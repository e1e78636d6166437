/** One actor's log in the reference model: a sorted array with binary search. */

import { assert, present } from '../../lib/assert.js'
import type { LogEnd } from '../order.js'
import type { PageCut } from '../page-cut.js'
import { conversationsAfter } from '../picking.js'
import {
  type Append,
  type Appended,
  type ConversationSummary,
  EPOCH_JUMP,
  type Gap,
  isTrimmable,
  type LastingRange,
  type LogEntry,
  type LogRange,
  type LogSummary,
  type Stamp,
  type StoredEntry,
  type Tally,
  type Version,
} from '../types.js'
import type { ViewedLog } from '../view.js'

interface Entry extends StoredEntry {
  readonly key: string | undefined
}

export class MemoryLog {
  #head: Version = 0
  #floor: Version = 0
  /** The epoch of the newest entry; a log that has never had one is in the first. */
  #epoch = 1
  #gaps: readonly Gap[] = []
  #entries: Entry[] = []
  #versionByKey = new Map<string, Version>()
  /** The newest versions of conversations. */
  #newest = new Map<string, Version>()

  copy(): MemoryLog {
    const copy = new MemoryLog()
    copy.#head = this.#head
    copy.#floor = this.#floor
    copy.#epoch = this.#epoch
    copy.#gaps = this.#gaps
    copy.#entries = this.#entries.slice()
    copy.#versionByKey = new Map(this.#versionByKey)
    copy.#newest = new Map(this.#newest)
    return copy
  }

  /** The end of the log, for an append in this epoch. It jumps once per missed epoch: in each of them entries may have been lost. */
  end(epoch: number): LogEnd {
    return { head: this.#head, jump: EPOCH_JUMP * Math.max(0, epoch - this.#epoch) }
  }

  append({ key, conversation, at, bytes }: Append, epoch: number): Appended {
    const { head: from, jump } = this.end(epoch)
    if (jump > 0 && at === undefined) this.#gaps = [...this.#gaps, { after: from, upTo: from + jump }]
    this.#epoch = Math.max(this.#epoch, epoch)
    const version = at ?? from + jump + 1
    assert(Number.isSafeInteger(version), 'versions are safe integers')
    if (key !== undefined) {
      const superseded = this.#versionByKey.get(key)
      if (superseded !== undefined) this.#entries.splice(this.#indexAfter(superseded) - 1, 1)
      this.#versionByKey.set(key, version)
    }
    const previous = conversation === undefined ? 0 : this.newest(conversation)
    if (conversation !== undefined) this.#newest.set(conversation, version)
    this.#entries.push({ version, key, bytes, stamp: 0, conversation, previous })
    this.#head = version
    return { from, version }
  }

  trim(upTo: Version, entriesMax: number): void {
    const end = this.#indexAfter(upTo)
    let kept = 0
    for (let i = 0; i < end; i++) {
      const entry = present(this.#entries[i], 'the entry')
      if (isTrimmable(entry.key) && i - kept < entriesMax) this.#trimmed(entry)
      else this.#entries[kept++] = entry
    }
    this.#entries.splice(kept, end - kept)
  }

  #trimmed({ version, key, conversation }: Entry): void {
    this.#floor = version
    if (key !== undefined) this.#versionByKey.delete(key)
    if (conversation !== undefined && this.newest(conversation) === version) this.#newest.delete(conversation)
  }

  entry(version: Version): StoredEntry | undefined {
    const entry = this.#entries[this.#indexAfter(version) - 1]
    if (entry?.version !== version) return undefined
    const { bytes, stamp, conversation, previous } = entry
    return { version, bytes, stamp, conversation, previous }
  }

  /** The newest entry with this key. */
  keyed(key: string): StoredEntry | undefined {
    return this.entry(this.#versionByKey.get(key) ?? 0)
  }

  newest(conversation: string): Version {
    return this.#newest.get(conversation) ?? 0
  }

  conversations(after: string | null, limit: number): readonly ConversationSummary[] {
    return conversationsAfter(this.#newest, after, limit)
  }

  /** Replaces an entry, which must exist. */
  replace(version: Version, stamp: Stamp, bytes: Uint8Array): void {
    const index = this.#indexAfter(version) - 1
    this.#entries[index] = { ...present(this.#entries[index], 'the entry'), stamp, bytes }
  }

  drop(key: string): void {
    const version = this.#versionByKey.get(key)
    if (version === undefined) return
    this.#entries.splice(this.#indexAfter(version) - 1, 1)
    this.#versionByKey.delete(key)
  }

  summary(): Omit<LogSummary, 'actor'> {
    return { head: this.#head, floor: this.#floor, gaps: this.#gaps }
  }

  tally(from: Version, entriesMax: number, bytesMax: number): Tally {
    const end = this.#indexAfter(from)
    let trimmable = 0
    let bytes = 0
    let to = 0
    for (let i = end - 1; i >= Math.max(0, end - entriesMax) && bytes < bytesMax; i--) {
      const entry = present(this.#entries[i], 'the entry')
      to = entry.version
      if (!isTrimmable(entry.key)) continue
      trimmable++
      bytes += entry.bytes.length
    }
    return { trimmable, bytes, to }
  }

  view(): Omit<ViewedLog, 'actor'> {
    const entries = this.#entries.map(({ key, ...entry }) => {
      return { ...entry, keyed: key !== undefined, passingKey: isTrimmable(key) ? key : undefined }
    })
    const { head, floor, gaps } = this.summary()
    const [epoch, keys, newest] = [this.#epoch, this.#versionByKey, this.#newest]
    return { head, floor, gaps, epoch, entries: () => entries, keys, newest, listed: true }
  }

  /**
   * Reads entries. `durable` is this log at the last sync. Up to its head its entries are shown, so that one that was superseded or
   * trimmed since does not seem gone; beyond it, this log's entries.
   */
  read(after: Version, upTo: Version, entriesMax: number, bytesMax: number, durable: MemoryLog): LogRange {
    const all =
      durable === this ? this.#entries : [...durable.#entries, ...this.#entries.slice(this.#indexAfter(durable.#head))]
    const entries: LogEntry[] = []
    let bytes = 0
    let more = false
    for (let i = indexAfter(all, after); i < all.length; i++) {
      const entry = all[i]
      if (entry === undefined || entry.version > upTo) break
      bytes += entry.bytes.length
      if (entries.length === entriesMax || (bytes > bytesMax && entries.length > 0)) {
        more = true
        break
      }
      entries.push({ version: entry.version, bytes: entry.bytes })
    }
    return { entries, more, head: this.#head, durable: durable.#head, floor: durable.#floor, gaps: durable.#gaps }
  }

  /** Reads the lasting entries of this log, which is durable. */
  lasting(after: Version, cut: PageCut): LastingRange {
    const entries: LogEntry[] = []
    for (let i = this.#indexAfter(after); i < this.#entries.length && !cut.isFull; i++) {
      const { key, version, bytes } = present(this.#entries[i], 'the entry')
      if (!isTrimmable(key) && cut.takes(bytes.length)) entries.push({ version, bytes })
    }
    const { head, floor, gaps } = this.summary()
    const to = cut.isFull ? (entries.at(-1)?.version ?? after) : head
    return { entries, more: cut.isFull, to, head, durable: head, floor, gaps }
  }

  #indexAfter(version: Version): number {
    return indexAfter(this.#entries, version)
  }
}

/** The index of the first entry above `version`. */
function indexAfter(entries: readonly Entry[], version: Version): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry !== undefined && entry.version <= version) low = middle + 1
    else high = middle
  }
  return low
}

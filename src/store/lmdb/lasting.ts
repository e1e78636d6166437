/**
 * Finds the lasting entries of a log, those with a key that does not pass: by the table of keys, whose order is not that of the versions.
 * So all keys of the actor are walked once, in slices, and the versions are remembered for the pages that follow. That an entry has been
 * superseded since is seen when it is read. What came since is found by another walk, which is short while the tables lack it.
 */

import { endOfTurn } from '../../lib/turn.js'
import type { PageCut } from '../page-cut.js'
import { type Actor, isTrimmable, type LastingRange, type LogEntry, PASSING_KEYS, type Version } from '../types.js'
import { type Actors, indexAfter } from './actors.js'
import { bytesOfEntry, OpenBlock } from './entry-value.js'
import { boundsOf, KIND_KEY, nameOfKey } from './keys.js'
import type { Tables } from './tables.js'

/** The keys that are walked at once: about 3 ms. */
export const KEYS_AT_ONCE = 2_048

/** The logs of which the versions are remembered: those of the devices that read their state now. Each has 8 bytes for an entry. */
export const REMEMBERED_MAX = 16

/** Comes behind all passing keys: a slash is followed by a zero. */
const BEHIND_PASSING = Buffer.from(`${PASSING_KEYS.slice(0, -1)}0`)

/** The most versions that are remembered of a log: many of them may have left. */
const VERSIONS_MAX = 2 ** 17

/** The versions of (after, head] at which a log has lasting entries, in order. Some may have left since. */
interface Found {
  readonly after: Version
  readonly head: Version
  readonly versions: readonly Version[]
}

/** The walk over the keys of a log. */
interface Walk {
  readonly actor: Actor
  readonly head: Version
  readonly versions: Set<Version>
  /** The key in the tables from which it goes on; undefined: it has ended. */
  from: Buffer | undefined
}

/** Runs a read when what it shows is durable. */
export type WhenQuiet = <T>(read: () => T, cut?: PageCut) => Promise<T>

export interface LastingPage {
  readonly actor: Actor
  readonly after: Version
  readonly cut: PageCut
}

export class LastingEntries {
  readonly #actors: Actors
  readonly #tables: Tables
  readonly #whenQuiet: WhenQuiet
  /** Those of the actors that were asked for lately, the last one at the end. */
  readonly #found = new Map<Actor, Found>()

  constructor(actors: Actors, tables: Tables, whenQuiet: WhenQuiet) {
    this.#actors = actors
    this.#tables = tables
    this.#whenQuiet = whenQuiet
  }

  /** A page, as Store.lasting gives it. */
  async page({ actor, after, cut }: LastingPage): Promise<LastingRange> {
    const known = this.#found.get(actor)
    const isOfUse = known !== undefined && known.after <= after && known.versions.length < VERSIONS_MAX
    const found = isOfUse ? await this.#extended(actor, known) : await this.#walk(actor, after)
    this.#remember(actor, found)
    return this.#whenQuiet(() => this.#pageOf(found, { actor, after, cut }), cut)
  }

  #remember(actor: Actor, found: Found): void {
    this.#found.delete(actor)
    this.#found.set(actor, found)
    if (this.#found.size <= REMEMBERED_MAX) return
    const [oldest] = this.#found.keys()
    if (oldest !== undefined) this.#found.delete(oldest)
  }

  async #extended(actor: Actor, { after, head, versions }: Found): Promise<Found> {
    const later = await this.#walk(actor, head)
    return {
      after,
      head: later.head,
      versions: later.versions.length === 0 ? versions : [...versions, ...later.versions],
    }
  }

  async #walk(actor: Actor, after: Version): Promise<Found> {
    const walk = await this.#whenQuiet(() => this.#begin(actor, after))
    for (;;) {
      if (walk.from !== undefined) await this.#whenQuiet(() => this.#goOn(walk, after))
      if (walk.from === undefined) break
      await new Promise<void>(resolve => endOfTurn(resolve))
    }
    return { after, head: walk.head, versions: [...walk.versions].sort((a, b) => a - b) }
  }

  /** Begins with what the tables lack. */
  #begin(actor: Actor, after: Version): Walk {
    const log = this.#actors.glance(actor)
    const versions = new Set<Version>()
    for (const [key, version] of log.versionByKey ?? []) {
      if (version > after && !isTrimmable(key)) versions.add(version)
    }
    const isEmpty = after >= log.tablesHead
    return { actor, head: log.head, versions, from: isEmpty ? undefined : boundsOf(KIND_KEY, actor)[0] }
  }

  #goOn(walk: Walk, after: Version): void {
    const { actor, head, versions, from } = walk
    if (from === undefined) return
    const log = this.#actors.glance(actor)
    const [first, end] = boundsOf(KIND_KEY, actor)
    let left = KEYS_AT_ONCE
    for (const { key, value } of this.#tables.range(from, end)) {
      const passes = isTrimmable(nameOfKey(key))
      if (passes || left === 0) {
        walk.from = passes ? Buffer.concat([first, BEHIND_PASSING]) : Buffer.from(key)
        return
      }
      left -= 1
      const version = value.readDoubleLE(0)
      if (version > after && version <= head && !log.hasLeft(version)) versions.add(version)
    }
    walk.from = undefined
  }

  #pageOf({ head, versions }: Found, { actor, after, cut }: LastingPage): LastingRange {
    const log = this.#actors.glance(actor)
    const open = new OpenBlock()
    const entries: LogEntry[] = []
    for (let i = indexAfter(versions, after); i < versions.length && !cut.isFull; i++) {
      const version = versions[i] ?? 0
      const value = this.#actors.entry(actor, log, version, open)
      if (value === undefined) continue
      const bytes = bytesOfEntry(value)
      if (cut.takes(bytes.length)) entries.push({ version, bytes })
    }
    const more = cut.isFull || head < log.head
    const to = cut.isFull ? (entries.at(-1)?.version ?? after) : head
    return { entries, more, to, head: log.head, durable: log.head, floor: log.floor, gaps: log.gaps }
  }
}

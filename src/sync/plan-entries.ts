/** The part of a plan that sees and replaces entries of logs (entries.ts draws how they are read). */
import { assert } from '../lib/assert.js'
import {
  type Actor,
  type Append,
  ASKED_MAX,
  type Replace,
  type Stamp,
  type StoredEntry,
  type Version,
} from '../store/types.js'
import { NEEDS_RECORDS, OwnAppendError } from './cascade.js'
import {
  chainName,
  entryName,
  type LogQuestion,
  newestName,
  type PendingReplaces,
  type SeenEntries,
} from './entries.js'
import { added, cut, NONE } from './short-lists.js'
import type { Stamps } from './stamps.js'

/** An entry that a plan replaces, with the stamp that the unit expects, and its new bytes. */
interface Replacement {
  readonly actor: Actor
  readonly version: Version
  readonly expected: Stamp
  readonly bytes: Uint8Array
}

export interface PlanEntriesOptions {
  /** What was read for the submission; undefined: nothing yet. */
  readonly seen: SeenEntries | undefined
  readonly pending: PendingReplaces
  /** The plan that it is a part of. */
  readonly plan: { readonly appends: readonly Append[] }
}

export class PlanEntries {
  readonly #options: PlanEntriesOptions
  /** What is not known, for which planning stopped. */
  missing: LogQuestion[] = NONE
  /** Replacements in the order in which they were made. Of those of one entry the last one counts. */
  #replacements: Replacement[] = NONE
  /** Entries that were seen as a replacement on its way makes them. */
  #pending: Replace[] = NONE
  /** The replaces of the unit; made together with it. */
  #sealed: readonly Replace[] = NONE

  constructor(options: PlanEntriesOptions) {
    this.#options = options
  }

  /** The number of replacements so far. */
  get length(): number {
    return this.#replacements.length
  }

  /** Takes the last replacements back, so that this number is left. */
  cut(length: number): void {
    cut(this.#replacements, length)
  }

  entry(actor: Actor, version: Version): StoredEntry | undefined {
    if (version <= 0) return undefined
    const { seen, pending, plan } = this.#options
    if (plan.appends.some(append => append.at === version && append.actor === actor)) throw new OwnAppendError(actor)
    const name = entryName(actor, version)
    if (seen === undefined || !seen.entries.has(name)) return this.#lack({ kind: 'entry', actor, version })
    const entry = seen.entries.get(name)
    if (entry === undefined) return undefined
    const own = this.#replacements.findLast(each => each.version === version && each.actor === actor)
    if (own !== undefined) return { ...entry, bytes: own.bytes, stamp: own.expected }
    const replace = seen.seesPending ? pending.of(actor, version) : undefined
    if (replace === undefined || replace.stamp === entry.stamp) return entry
    this.#pending = added(this.#pending, replace)
    return { ...entry, bytes: replace.bytes, stamp: replace.stamp }
  }

  newest(actor: Actor, conversation: string): Version {
    const isOwn = (append: Append): boolean => append.conversation === conversation && append.actor === actor
    const { seen, plan } = this.#options
    if (plan.appends.some(isOwn)) throw new OwnAppendError(actor)
    return seen?.newest.get(newestName(actor, conversation)) ?? this.#lack({ kind: 'newest', actor, conversation })
  }

  chain(actor: Actor, from: Version, entriesMax: number): readonly StoredEntry[] {
    assert(entriesMax > 0 && entriesMax <= ASKED_MAX, `1 to ${ASKED_MAX} entries of a conversation are read at a time`)
    if (from <= 0) return NONE
    const known = this.#options.seen?.chains.get(chainName(actor, from, entriesMax))
    return known ?? this.#lack({ kind: 'chain', actor, from, entriesMax })
  }

  replace(actor: Actor, { version, stamp }: StoredEntry, bytes: Uint8Array): void {
    this.#replacements = added(this.#replacements, { actor, version, expected: stamp, bytes })
  }

  /**
   * Has everything read again if the plan rests on a replacement that is on its way, and does not replace that entry itself: the unit would not
   * fall with it. To be asked when the plan is made.
   */
  check(): void {
    const loose = this.#pending.find(({ actor, version }) => !this.#replaces(actor, version))
    if (loose === undefined) return
    this.#options.seen?.startOver()
    this.#lack({ kind: 'entry', actor: loose.actor, version: loose.version })
  }

  #replaces(actor: Actor, version: Version): boolean {
    return this.#replacements.some(each => each.version === version && each.actor === actor)
  }

  /** Makes the replaces of the unit, and shows them to later plans. */
  seal(stamps: Stamps): readonly Replace[] {
    const last = new Map<string, Replace>()
    for (const { actor, version, expected, bytes } of this.#replacements) {
      const name = entryName(actor, version)
      const stamp = last.get(name)?.stamp ?? stamps.next()
      last.set(name, { actor, version, expected, stamp, bytes })
    }
    this.#sealed = [...last.values()]
    this.#options.pending.add(this.#sealed)
    return this.#sealed
  }

  /** Notes that the unit is durable, or has fallen. */
  settled(): void {
    this.#options.pending.settled(this.#sealed)
  }

  /** Whether the unit gives the entry this stamp. */
  madeStamp(actor: Actor, version: Version, stamp: Stamp | null): boolean {
    return this.#sealed.some(each => each.stamp === stamp && each.version === version && each.actor === actor)
  }

  #lack(question: LogQuestion): never {
    this.missing = added(this.missing, question)
    throw NEEDS_RECORDS
  }
}

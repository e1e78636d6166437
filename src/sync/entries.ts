/**
 * The entries of logs, as transitions see them (`Tx.entry`, `Tx.newest`, `Tx.chain`). What a plan asks for and does not know is read, and
 * it is planned again, as with records. But nothing of it is cached: it is kept with its submission, until that is planned for good or falls.
 *
 *   asked ─► what was on its way to the scope's store is durable or fell ─► read ─► planned again
 *
 * So a transition sees what this node accepted before it. Over what was read lie the replacements that are on their way: a unit that
 * replaces an entry may rest on one of them. It expects that one's stamp, and falls with it. So those who change one entry at a time need
 * not take turns, one write each.
 */
import { type Actor, ASKED_MAX, type Replace, type Store, type StoredEntry, type Version } from '../store/types.js'

/**
 * The most bytes that are read of a conversation at once: 256 entries of 1 KiB. A rule that walks 16 times as far holds 4 MiB until it is
 * planned.
 */
export const CHAIN_BYTES_MAX = 2 ** 18

/** Something that a plan asks of a log. */
export type LogQuestion =
  | { readonly kind: 'entry'; readonly actor: Actor; readonly version: Version }
  | { readonly kind: 'newest'; readonly actor: Actor; readonly conversation: string }
  | { readonly kind: 'chain'; readonly actor: Actor; readonly from: Version; readonly entriesMax: number }

/** What was read for a submission, by `entryName`, `newestName` and `chainName`. */
export class SeenEntries {
  readonly entries = new Map<string, StoredEntry | undefined>()
  readonly newest = new Map<string, Version>()
  readonly chains = new Map<string, readonly StoredEntry[]>()
  /** Whether replacements on their way are seen too. If not, all that is seen is durable. */
  seesPending = true

  /** Forgets what was read. From now on only what is durable is seen. */
  startOver(): void {
    this.entries.clear()
    this.newest.clear()
    this.chains.clear()
    this.seesPending = false
  }
}

export function entryName(actor: Actor, version: Version): string {
  return `${version} ${actor}`
}

export function newestName(actor: Actor, conversation: string): string {
  return `${actor}\0${conversation}`
}

export function chainName(actor: Actor, from: Version, entriesMax: number): string {
  return `${from} ${entriesMax} ${actor}`
}

/** Reads what was asked; entries of one log are read together. Rejects if the store cannot be read. */
export async function readEntries(store: Store, asked: readonly LogQuestion[], seen: SeenEntries): Promise<void> {
  const versions = new Map<Actor, Set<Version>>()
  const reads: Promise<void>[] = []
  for (const question of asked) {
    const { actor } = question
    if (question.kind === 'entry') {
      const ofActor = versions.get(actor)
      if (ofActor === undefined) versions.set(actor, new Set([question.version]))
      else ofActor.add(question.version)
    } else if (question.kind === 'newest') {
      const { conversation } = question
      const name = newestName(actor, conversation)
      reads.push(store.newest(actor, conversation).then(version => void seen.newest.set(name, version)))
    } else {
      const { from, entriesMax } = question
      const name = chainName(actor, from, entriesMax)
      const read = store.chain(actor, from, entriesMax, CHAIN_BYTES_MAX)
      reads.push(
        read.then(entries => {
          seen.chains.set(name, entries)
          for (const entry of entries) seen.entries.set(entryName(actor, entry.version), entry)
        }),
      )
    }
  }
  for (const [actor, ofActor] of versions) reads.push(readVersions(store, actor, [...ofActor], seen))
  await Promise.all(reads)
}

async function readVersions(store: Store, actor: Actor, versions: Version[], seen: SeenEntries): Promise<void> {
  for (let from = 0; from < versions.length; from += ASKED_MAX) {
    const asked = versions.slice(from, from + ASKED_MAX)
    const found = await store.entries(actor, asked)
    for (const [i, version] of asked.entries()) seen.entries.set(entryName(actor, version), found[i])
  }
}

/** The replacements on their way to the store: the last one of each entry. */
export class PendingReplaces {
  readonly #byEntry = new Map<string, Replace>()

  of(actor: Actor, version: Version): Replace | undefined {
    return this.#byEntry.size === 0 ? undefined : this.#byEntry.get(entryName(actor, version))
  }

  add(replaces: readonly Replace[]): void {
    for (const replace of replaces) this.#byEntry.set(entryName(replace.actor, replace.version), replace)
  }

  /** Notes that these are durable, or have fallen. */
  settled(replaces: readonly Replace[]): void {
    for (const replace of replaces) {
      const name = entryName(replace.actor, replace.version)
      if (this.#byEntry.get(name) === replace) this.#byEntry.delete(name)
    }
  }
}

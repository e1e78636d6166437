/** Entries that are asked for by themselves, from a log that gives each by its version. */

import { assert } from '../lib/assert.js'
import type { PageCut } from './page-cut.js'
import { textOrder } from './text.js'
import { ASKED_MAX, type ConversationSummary, type StoredEntry, type Version } from './types.js'

/** Checks the number of entries that one call asks for. */
export function assertAsked(count: number): void {
  assert(count <= ASKED_MAX, () => `at most ${ASKED_MAX} entries are asked for by themselves`)
}

export type EntryAt = (version: Version) => StoredEntry | undefined

/** The entries of a conversation from this version down, as Store.chain gives them. */
export function chainFrom(from: Version, cut: PageCut, entryAt: EntryAt): readonly StoredEntry[] {
  const chain: StoredEntry[] = []
  for (let version = from; version > 0; ) {
    const entry = entryAt(version)
    if (entry === undefined || !cut.takes(entry.bytes.length)) break
    chain.push(entry)
    version = entry.previous
  }
  return chain
}

/** Conversations in their order, as Store.conversations gives them. */
export function conversationsAfter(
  newest: Iterable<readonly [conversation: string, version: Version]>,
  after: string | null,
  limit: number,
): readonly ConversationSummary[] {
  const found: ConversationSummary[] = []
  for (const [conversation, version] of newest) {
    if (after === null || textOrder(conversation, after) > 0) found.push({ conversation, newest: version })
  }
  return found.sort((a, b) => textOrder(a.conversation, b.conversation)).slice(0, limit)
}

/** The entries of these versions, as Store.entries gives them. */
export function entriesAt(
  versions: readonly Version[],
  cut: PageCut,
  entryAt: EntryAt,
): readonly (StoredEntry | undefined)[] {
  const found: (StoredEntry | undefined)[] = []
  for (const version of versions) {
    const entry = entryAt(version)
    if (entry !== undefined && !cut.takes(entry.bytes.length)) break
    found.push(entry)
  }
  return found
}

/** Entries that are asked for by themselves, from a log that gives each by its version. */

import type { PageCut } from './page-cut.js'
import type { StoredEntry, Version } from './types.js'

export type EntryAt = (version: Version) => StoredEntry | undefined

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

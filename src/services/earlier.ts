/**
 * Reads what lies before a joining: the last items of the group's log before it, as many as the rule `history` gave the member then. They are
 * counted along the log's chain of items, from the joining down, for numbers have gaps. So each page walks over those that are behind it
 * again: there are a hundred at most.
 *
 *   … ─ item ─ item ─┬─ item ─ item ─ item ─┬─ item ─ item ─┬─ JOINED
 *      not his       │       the page       │  were given   │
 *              from-mark                 before
 */
import type { StoredEntry } from '../store/types.js'
import { groupActor } from '../sync/references.js'
import type { Past } from '../sync/rules/group-reads.js'
import type { Gid } from '../sync/rules/group-records.js'
import { goOn, type WalkParts } from './walks.js'

/** The most bytes of items of a page, and the most that are read at once. */
export const EARLIER_BYTES_MAX = 2 ** 18

export interface EarlierPage {
  /** The items of the page, the oldest first. */
  readonly entries: readonly StoredEntry[]
  /** The number before which the next page ends; 0: nothing is left. */
  readonly next: number
}

export interface EarlierRange {
  /** The number that all of the page's are below; 0: from the joining on. */
  readonly before: number
  readonly limit: number
}

/** Reads a page of a member's past. The first item is given whatever its size. */
export async function earlierPage(
  parts: WalkParts,
  gid: Gid,
  past: Past,
  { before, limit }: EarlierRange,
): Promise<EarlierPage> {
  const found: StoredEntry[] = []
  let bytes = 0
  for await (const entry of itemsBefore(parts, gid, past)) {
    if (before > 0 && entry.version >= before) continue
    bytes += entry.bytes.length
    const isFull = found.length === limit || (found.length > 0 && bytes > EARLIER_BYTES_MAX)
    if (isFull) return { entries: found.toReversed(), next: found.at(-1)?.version ?? 0 }
    found.push(entry)
  }
  return { entries: found.toReversed(), next: 0 }
}

/** The items of the past, the newest first. */
async function* itemsBefore(parts: WalkParts, gid: Gid, { since, items }: Past): AsyncGenerator<StoredEntry> {
  const group = groupActor(gid)
  // The chain begins with the joining itself. One that was made before there were chains stands alone.
  let from = since
  for (let left = items + 1; left > 0; ) {
    if (from !== since) await goOn(parts)
    const slice = await parts.store.chain(group, from, left, EARLIER_BYTES_MAX)
    for (const entry of slice) if (entry.version !== since) yield entry
    const last = slice.at(-1)
    if (last === undefined || last.previous === 0) return
    left -= slice.length
    from = last.previous
  }
}

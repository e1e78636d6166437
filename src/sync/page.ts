/** Makes a page of a timeline of what the store has read. */
import type { LastingRange, LogRange, Version } from '../store/types.js'
import type { TimelineHead, TimelinePage } from './types.js'

/** Whether `since` is no version of the log: one above its durable head, or one that a change of epoch skipped. */
function isForeign({ durable, gaps }: LogRange, since: Version): boolean {
  return since > durable || (gaps.length > 0 && gaps.some(gap => since > gap.after && since < gap.upTo))
}

/** Makes the head of a timeline of what the store has read, whatever range that was. */
export function headOf(range: LogRange, since: Version): TimelineHead {
  return { head: range.durable, resync: isForeign(range, since) }
}

/** Makes the page of what lies after `since`, without what is above the durable head. */
export function pageOf(range: LogRange, since: Version): TimelinePage {
  const head = range.durable
  if (isForeign(range, since)) return { kind: 'resync', head }
  const last = range.entries.at(-1)?.version ?? 0
  const items = last <= head ? range.entries : range.entries.filter(entry => entry.version <= head)
  const more = range.more && (items.at(-1)?.version ?? since) < head
  const to = more ? (items.at(-1)?.version ?? since) : head
  return { kind: 'page', items, to, more, trimmed: since < range.floor, head }
}

/** Makes the page of the lasting entries after `since`. */
export function lastingPageOf(range: LastingRange, since: Version): TimelinePage {
  const { entries, to, more, durable } = range
  if (isForeign(range, since)) return { kind: 'resync', head: durable }
  return { kind: 'page', items: entries, to, more, trimmed: false, head: durable }
}

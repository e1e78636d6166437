/** Makes a page of a timeline of what the store has read. */
import type { LogRange, Version } from '../store/types.js'
import type { TimelinePage } from './types.js'

/** Makes the page of what lies after `since`, without what is above the durable head. */
export function pageOf(range: LogRange, since: Version): TimelinePage {
  const head = range.durable
  const inGap = range.gaps.length > 0 && range.gaps.some(gap => since > gap.after && since < gap.upTo)
  if (since > head || inGap) return { kind: 'resync', head }
  const last = range.entries.at(-1)?.version ?? 0
  const items = last <= head ? range.entries : range.entries.filter(entry => entry.version <= head)
  const more = range.more && (items.at(-1)?.version ?? since) < head
  const to = more ? (items.at(-1)?.version ?? since) : head
  return { kind: 'page', items, to, more, trimmed: since < range.floor, head }
}

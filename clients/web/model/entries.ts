// The entries of an open chat, in order, as pages and events bring them. A group orders them by number; its messages without a place yet,
// and all that waits in the send queue, stand at the end.
import { type GroupChange, isSameMessage, type Message } from '../../typescript/browser.js'
import { keyOf } from './log-rows.js'

type Entries = readonly Message[]

const NOTHING = { reply: undefined, mentions: [], metadata: new Uint8Array(0), forwarded: false }
const UNCHANGED = { editedAtMs: 0, recalledBy: 0, deleted: false, withheld: false, reactions: [] }

/** A change of a group as the history has it. */
export function changeEntry(change: GroupChange): Message {
  const { conversation, number, atMs, by } = change
  return {
    conversation,
    peer: 0,
    sender: by,
    device: 0,
    sendSeq: 0,
    number,
    atMs,
    content: { kind: 'text', text: '' },
    text: '',
    extra: NOTHING,
    changed: UNCHANGED,
    change,
    state: 'received',
    code: 0,
    reason: '',
  }
}

/** A message as it is now: that of send() goes on changing by itself. */
export function snapshot(message: Message): Message {
  const { conversation, peer, sender, device, sendSeq, number, atMs } = message
  const { content, text, extra, changed, change, state, code, reason } = message
  return {
    conversation,
    peer,
    sender,
    device,
    sendSeq,
    number,
    atMs,
    content,
    text,
    extra,
    changed,
    change,
    state,
    code,
    reason,
  }
}

/** Puts an entry in its place, or in the place of the same one. */
export function withEntry(entries: Entries, entry: Message): Entries {
  const index = indexOf(entries, entry)
  if (index >= 0) {
    const known = entries[index]
    if (known === undefined || known.number === entry.number || entry.number === 0) return entries.with(index, entry)
    // It has got its place.
    return withEntry(entries.toSpliced(index, 1), entry)
  }
  let place = entries.length
  while (place > 0 && standsBefore(entry, entries[place - 1])) place--
  return entries.toSpliced(place, 0, entry)
}

/** Puts an entry in the place of the same one, if that is there. */
export function replaced(entries: Entries, entry: Message): Entries {
  const index = indexOf(entries, entry)
  if (index < 0) return entries
  return entry.changed.deleted ? entries.toSpliced(index, 1) : entries.with(index, entry)
}

/**
 * An older page in front. What is in both stands once. Before the joining of a group stands what a former membership left, too, so the page
 * may belong among the entries.
 */
export function withOlder(entries: Entries, page: Entries): Entries {
  const older = without(page, entries)
  const all = [...older, ...entries]
  return placeOf(older.at(-1)) > placeOf(entries[0]) ? all.sort((a, b) => placeOf(a) - placeOf(b)) : all
}

/** A newer page behind. What is in both stands once. */
export function withNewer(entries: Entries, page: Entries): Entries {
  return [...entries, ...without(page, entries)]
}

function without(page: Entries, entries: Entries): Entries {
  const known = new Set(entries.map(keyOf))
  return page.filter(each => !known.has(keyOf(each)))
}

/** The place in a group, for comparing; without one it is at the end. In a direct conversation there are none. */
function placeOf(entry: Message | undefined): number {
  if (entry === undefined || entry.peer !== 0) return 0
  return entry.number || Number.MAX_SAFE_INTEGER
}

/** Changes those entries that `change` gives something else for. */
export function mapped(entries: Entries, change: (entry: Message) => Message): Entries {
  let isChanged = false
  const next = entries.map(entry => {
    const made = change(entry)
    if (made !== entry) isChanged = true
    return made
  })
  return isChanged ? next : entries
}

/** The newest are looked at first: most changes are about them. */
function indexOf(entries: Entries, entry: Message): number {
  const key = keyOf(entry)
  return entries.findLastIndex(
    each =>
      keyOf(each) === key || (entry.change === undefined && each.change === undefined && isSameMessage(each, entry)),
  )
}

function standsBefore(entry: Message, other: Message | undefined): boolean {
  if (other === undefined) return false
  if (isWaiting(entry)) return false
  return isWaiting(other) || (entry.number > 0 && other.number > entry.number)
}

/** Whether it has no place yet. */
function isWaiting({ state, number, peer, change }: Message): boolean {
  if (change !== undefined) return false
  return state === 'queued' || state === 'sending' || (peer === 0 && number === 0 && state === 'accepted')
}

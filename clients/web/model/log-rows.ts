// The rows of an open chat: one for each entry, with what stands above it. So a row keeps its key when older ones come before it, and a list
// that holds on to the row in sight holds on to something. A group of messages is of one author, on one day, with less than five minutes
// from each to the next.
import type { Message } from '../../typescript/browser.js'

export interface Row {
  readonly key: string
  /** A message, or a change of the group. */
  readonly message: Message
  /** Whether a day begins with it: then the day stands above it. */
  readonly day: boolean
  /** The number that the line above it says; 0: there is no line. */
  readonly unread: number
  /** Whether what stands above it was written before the user was in the group: then a line says so. */
  readonly joined: boolean
  /** Whether it is the first of its group: then it names the author. */
  readonly first: boolean
  /** Whether it is the last of its group: then it shows the author's picture. */
  readonly last: boolean
}

/** The line above the first unread message. */
export interface Divider {
  /** The key of the message below it. */
  readonly key: string
  readonly count: number
}

const GROUP_MS = 300_000

/** The key of an entry, the same from the moment a message is written. */
export function keyOf({ change, number, sender, device, sendSeq }: Message): string {
  return change === undefined ? `${sender}/${device}/${sendSeq}` : `#${number}`
}

/** What stands between the messages. */
export interface Between {
  readonly divider: Divider | undefined
  /** The key of the first entry since the user is in the group. */
  readonly joined: string | undefined
  /** The keys of those that have their day above them, whatever is before them. */
  readonly tops: readonly string[]
}

/**
 * @param isWhole nothing older is to be loaded; otherwise the first message stands in no row yet: what is above a row must not change when
 *   older ones come
 */
export function rowsOf(messages: readonly Message[], { divider, joined, tops }: Between, isWhole: boolean): Row[] {
  const rows: Row[] = []
  let before: { readonly message: Message; readonly date: string } | undefined
  for (const message of messages) {
    const key = keyOf(message)
    const date = dayOf(message.atMs)
    const day = date !== before?.date || tops.includes(key)
    const unread = divider?.key === key ? divider.count : 0
    const isJoined = joined === key
    const first = day || unread > 0 || isJoined || before === undefined || !continues(before.message, message)
    const previous = rows.at(-1)
    if (first && previous !== undefined) rows[rows.length - 1] = { ...previous, last: true }
    rows.push({ key, message, day, unread, joined: isJoined, first, last: false })
    before = { message, date }
  }
  const end = rows.at(-1)
  if (end !== undefined) rows[rows.length - 1] = { ...end, last: true }
  return isWhole ? rows : rows.slice(1)
}

/** Whether the second belongs to the group of the first. */
function continues(first: Message, second: Message): boolean {
  return (
    first.change === undefined &&
    second.change === undefined &&
    first.sender === second.sender &&
    Math.abs(second.atMs - first.atMs) < GROUP_MS
  )
}

/** The local day, as a name for comparing. */
export function dayOf(atMs: number): string {
  const date = new Date(atMs)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}

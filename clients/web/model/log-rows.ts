// The rows of an open chat: its messages with what stands between them. A group of messages is of one author, on one day, with less than
// five minutes from each to the next.
import type { Message } from '../../typescript/browser.js'

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly atMs: number }
  | { readonly kind: 'unread'; readonly key: string; readonly count: number }
  | { readonly kind: 'change'; readonly key: string; readonly message: Message }
  | {
      readonly kind: 'message'
      readonly key: string
      readonly message: Message
      /** The first of its group: it names the author. */
      readonly first: boolean
      /** The last of its group: it shows the author's picture. */
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

export function rowsOf(messages: readonly Message[], divider: Divider | undefined): Row[] {
  const rows: Row[] = []
  let day = ''
  let before: Message | undefined
  for (const [i, message] of messages.entries()) {
    const key = keyOf(message)
    const date = dayOf(message.atMs)
    if (date !== day) rows.push({ kind: 'day', key: `day ${date} ${i === 0 ? '' : key}`, atMs: message.atMs })
    const isDivided = divider?.key === key
    if (isDivided) rows.push({ kind: 'unread', key: 'unread', count: divider.count })
    if (message.change !== undefined) rows.push({ kind: 'change', key, message })
    else {
      const first = date !== day || isDivided || before === undefined || !continues(before, message)
      const next = messages[i + 1]
      const last =
        next === undefined || dayOf(next.atMs) !== date || divider?.key === keyOf(next) || !continues(message, next)
      rows.push({ kind: 'message', key, message, first, last })
    }
    day = date
    before = message
  }
  return rows
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

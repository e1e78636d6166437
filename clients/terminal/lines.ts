/** The words in which things are shown. */

import {
  type ConnectionStatus,
  type Contact,
  codeText,
  LongwireError,
  type Message,
  type MessageState,
} from '../typescript/index.js'
import type { Line, Mark } from './rows.js'
import { visibleName } from './visible.js'

const MARKS: Readonly<Record<MessageState, Mark>> = {
  queued: '…   ',
  sending: '…   ',
  accepted: '✓   ',
  delivered: '✓✓  ',
  read: 'read',
  failed: 'FAIL',
  received: '    ',
}

/** The most characters of a text that is only mentioned. */
const MENTION_CHARACTERS = 40

function markOf(state: MessageState): Mark {
  return MARKS[state]
}

/** @param who the name of the peer @param own sent by this user */
export function messageLine(message: Message, who: string, own: boolean, nowMs: number): Line {
  const name = visibleName(who)
  return {
    kind: 'message',
    time: timeOf(message.atMs, nowMs),
    mark: markOf(message.state),
    text: `${own ? `you → ${name}` : name}: ${textOf(message)}`,
    key: keyOf(message),
  }
}

function textOf({ content, text }: Message): string {
  return content.kind === 'unknown' && text === '' ? '(something that this version cannot show)' : text
}

export function failureLine(who: string, text: string, code: number): Line {
  return { kind: 'wrong', text: `not sent to ${visibleName(who)}: ${codeText(code)} (${mention(text)})` }
}

/** Names a message of this user. */
export function keyOf({ device, sendSeq }: { readonly device: number; readonly sendSeq: number }): string {
  return `${device}/${sendSeq}`
}

/** The time as local time, with the day if it is not today. */
function timeOf(atMs: number, nowMs: number): string {
  const at = new Date(atMs)
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`
  if (at.toDateString() === new Date(nowMs).toDateString()) return time
  return `${dayOf(atMs)} ${time}`
}

export function dayOf(atMs: number): string {
  const at = new Date(atMs)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** The state of the connection for the row that is typed in. @param waitMs until the next try */
export function connectionWord(status: ConnectionStatus, waitMs: number): string {
  switch (status.state) {
    case 'online':
      return `online ${status.transport}`
    case 'waiting':
      return `offline, again in ${Math.max(1, Math.ceil(waitMs / 1000))} s`
    case 'resting':
      return 'not connected'
    case 'stopped':
      return 'ended'
    default:
      return status.state
  }
}

/** A contact, as it stands in a list. */
export function contactLine(contact: Contact, unread: number): string {
  const { account, nickname, state, blocked, greeting } = contact
  const words = [nameOf(account, nickname)]
  if (state === 'requested') words.push('asked, no answer yet')
  if (state === 'invited') words.push(`asks to become a contact${said(greeting)}`)
  if (blocked) words.push('blocked')
  if (unread > 0) words.push(`${unread} unread`)
  return words.join(', ')
}

export function nameOf(account: string, nickname: string): string {
  const name = visibleName(account)
  return nickname === '' || nickname === account ? name : `${name} (${visibleName(nickname)})`
}

/** The greeting of a request, as the end of a phrase; '' for none. */
export function said(greeting: string): string {
  return greeting === '' ? '' : `: “${visibleName(greeting)}”`
}

/** One line: what went wrong, and when it may be tried again. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof LongwireError && error.retryAfterMs > 0) {
    return `${error.message}; again in ${Math.ceil(error.retryAfterMs / 1000)} s`
  }
  // Of a storage that fails at once its own words say more than the library's.
  return error.cause instanceof Error ? error.cause.message : error.message
}

function mention(text: string): string {
  const name = visibleName(text)
  return name.length <= MENTION_CHARACTERS ? name : `${name.slice(0, MENTION_CHARACTERS - 1).replace(/\p{Cs}$/u, '')}…`
}

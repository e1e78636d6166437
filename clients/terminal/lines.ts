/** The words in which things are shown. */

import {
  type ConnectionStatus,
  type Contact,
  type ConversationSettings,
  codeText,
  type GroupChange,
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

/** @param who the name of the peer @param own sent by this user @param answered the message that it answers, if it is here */
export function messageLine(message: Message, who: string, own: boolean, nowMs: number, answered?: Message): Line {
  const name = visibleName(who)
  return {
    kind: 'message',
    time: timeOf(message.atMs, nowMs),
    mark: markOf(message.state),
    text: `${own ? `you → ${name}` : name}: ${messageText(message, answered)}`,
    key: keyOf(message),
  }
}

/** The users whose names an entry of a history shows. */
export function uidsOf({ sender, change }: Message): number[] {
  return change === undefined ? [sender] : [change.by, change.uid]
}

/** What a message says, and what has happened to it. */
export function messageText(message: Message, answered?: Message): string {
  const { changed, extra } = message
  if (changed.recalledBy > 0) return '(taken back)'
  if (changed.withheld) return '(edited; the text is not here)'
  const words = [textOf(message)]
  if (extra.forwarded) words.unshift('(forwarded)')
  if (extra.reply !== undefined) words.unshift(answered === undefined ? '(an answer)' : `(to ${quoted(answered)})`)
  if (changed.editedAtMs > 0) words.push('(edited)')
  if (changed.reactions.length > 0) words.push(`(${reactionsText(message)})`)
  return words.join(' ')
}

function quoted({ changed, text }: Message): string {
  return changed.recalledBy > 0 ? 'a message that was taken back' : `“${mention(text)}”`
}

function reactionsText({ changed }: Message): string {
  return changed.reactions.map(({ kind, count }) => `${visibleName(kind)} ${count}`).join(', ')
}

/**
 * Says what has happened to a message that was shown.
 * @param before what it was then: an edited one can have another reaction since
 * @param who the name of its author
 * @param by of who recalled it
 * @param place the name of the conversation, if it is another than the one that is talked in; else ''
 */
export function changedText(message: Message, before: Message, who: string, by: string, place: string): string {
  const { changed, peer, sender, text } = message
  const there = visibleName(place)
  if (changed.deleted)
    return `a message was deleted ${there === '' ? 'here' : `${peer === 0 ? 'in' : 'with'} ${there}`}`
  const own = peer === 0 ? ` in ${there}` : ` (to ${there})`
  const where = there === '' || sender === peer ? '' : own
  const name = visibleName(who)
  if (changed.recalledBy > 0) return `${visibleName(by)}${where} took a message${by === who ? '' : ` by ${name}`} back`
  const isNewText = changed.editedAtMs !== before.changed.editedAtMs || text !== before.text
  const isEdited = changed.editedAtMs > 0 && !changed.withheld && isNewText
  return `${name}${where}${isEdited ? ` edited a message: ${textOf(message)}` : `: ${messageText(message)}`}`
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

/** The name of an entry among all of all conversations. */
export function nameOfEntry({ sender, device, sendSeq, change }: Message): string {
  return change === undefined ? `${sender}/${device}/${sendSeq}` : nameOfChange(change)
}

export function nameOfChange({ conversation, number }: GroupChange): string {
  return `${conversation}/${number}`
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
export function contactLine(
  contact: Contact,
  unread: number,
  settings: ConversationSettings,
  isOnline: boolean,
): string {
  const { account, nickname, state, stranger, blocked, greeting } = contact
  const words = [nameOf(account, nickname)]
  if (isOnline) words.push('online')
  if (state === 'requested') words.push('asked, no answer yet')
  if (state === 'invited') words.push(`asks to become a contact${said(greeting)}`)
  if (state === 'stranger') words.push(stranger === 'waits' ? 'no contact, no answer yet' : 'no contact')
  if (blocked) words.push('blocked')
  words.push(...settingWords(settings))
  if (unread > 0) words.push(`${unread} unread`)
  return words.join(', ')
}

/** The request of a stranger who wrote, as it stands in the folder. @param newest the newest message, if it is here */
export function requestLine({ account, nickname }: Contact, unread: number, newest: Message | undefined): string {
  const words = [nameOf(account, nickname), 'no contact']
  if (unread > 0) words.push(`${unread} unread`)
  return newest === undefined ? words.join(', ') : `${words.join(', ')}: “${mention(messageText(newest))}”`
}

/** A row of a list of conversations. */
export interface ListRow {
  readonly name: string
  readonly settings: ConversationSettings
  readonly text: string
}

/** The rows of a list in their order: those that are pinned first, then by name. */
export function rowTexts(rows: readonly ListRow[]): string[] {
  const place = ({ settings }: ListRow): number => (settings.pinned ? 0 : 1)
  const inOrder = rows.toSorted((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1))
  return inOrder.map(({ text }) => text)
}

/** What is set for a conversation, in words. */
export function settingWords({ muted, pinned, archived, unread }: ConversationSettings): string[] {
  const words = { muted, pinned, archived, 'marked as unread': unread }
  return Object.entries(words).flatMap(([word, isSet]) => (isSet ? word : []))
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

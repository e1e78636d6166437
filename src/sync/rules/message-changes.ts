/**
 * Edits and recalls of direct messages. The author's own actor decides. It changes its own copy and tells the other user's actor, which
 * changes that user's copy, if it is still there:
 *
 *   Edit ─► own entry replaced, follow-up in the own timeline ─effect `message-changed`─► the other's entry replaced, follow-up there
 *
 * A follow-up refers to the changed entry (sync/references.ts) under a key, so a timeline has one for each changed message. Both sides take
 * changes of one author in that author's order; so they end with the same text. In groups it is group-edits.ts.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import {
  createMessage,
  createMessageExtra,
  createMessageState,
  type Mention,
} from '../../../protocol/generated/messages.js'
import { EDIT_MS_MAX, RECALL_MS_MAX } from '../../../protocol/limits.js'
import type { StoredEntry } from '../../store/types.js'
import { encodeReference } from '../references.js'
import type { Transition, Tx } from '../types.js'
import { failBack, incomingEffect, maySend, refusalOf, type SendInput } from './message.js'
import { type DirectId, findDirect } from './message-search.js'
import * as state from './message-state.js'
import { type Answer, type Numbered, numbered } from './numbered.js'
import { contact, profile, uidOf, userActor } from './records.js'

/** What every request about a message says. */
export interface ChangeInput extends Numbered {
  readonly uid: number
  /** A limit is reached. The service found this; the rule refuses, so that the number is used up. */
  readonly limited?: boolean
  /** A node on the store is too old to read what changes leave. */
  readonly early?: boolean
}

/** What an Edit puts in place of a text. */
export interface NewText {
  readonly text: string
  readonly mentions: readonly Mention[]
  /** Why it cannot be a text; OK if it can. The service found this. */
  readonly fault: Code
}

export interface DirectChange extends ChangeInput, Pick<SendInput, 'to' | 'blind'> {
  readonly message: DirectId
}

export const editMessage: Transition<DirectChange & NewText, Answer> = numbered(
  'message.edit',
  (tx, input) => {
    const { uid, to, text, mentions, early } = input
    if (early) return CODES.NOT_ALLOWED.code
    const code = maySend(tx, input)
    if (code !== CODES.OK.code) return code
    const found = findOwn(tx, input)
    if (typeof found === 'number') return found
    const { message } = found
    if (message.value.sender !== uid) return CODES.NOT_AUTHOR.code
    if (state.isRecalled(message)) return CODES.RECALLED.code
    if (message.value.content !== undefined) return CODES.BAD_CONTENT.code
    if (tx.nowMs > message.value.atMs + EDIT_MS_MAX) return CODES.TOO_LATE.code
    changeCopy(tx, found, state.edited(message, { text, mentions, atMs: tx.nowMs }))
    const extra = createMessageExtra({ mentions: [...mentions] })
    tellOther(tx, input, { text, extra, state: createMessageState({ editedAtMs: tx.nowMs }) }, to)
    return CODES.OK.code
  },
  undefined,
  ({ to }) => [[contact, to]],
)

export const recallMessage: Transition<DirectChange, Answer> = numbered('message.recall', (tx, input) => {
  const { uid, to, limited, early } = input
  if (early) return CODES.NOT_ALLOWED.code
  if (to === uid) return CODES.SELF.code
  if (limited) return CODES.RECIPIENT_LIMIT.code
  if (!tx.outboxHasSpace(userActor(to))) return CODES.OUTBOX_FULL.code
  const found = findOwn(tx, input)
  if (typeof found === 'number') return found
  const { message } = found
  if (message.value.sender !== uid) return CODES.NOT_AUTHOR.code
  if (state.isRecalled(message)) return CODES.OK.code
  if (tx.nowMs > message.value.atMs + RECALL_MS_MAX) return CODES.TOO_LATE.code
  changeCopy(tx, found, state.recalled(message, uid))
  tellOther(tx, input, { state: createMessageState({ recalledBy: uid }) }, to)
  return CODES.OK.code
})

export interface Found {
  readonly entry: StoredEntry
  readonly message: state.AnyMessage
}

/** The user's copy of the message that the request names; a code if there is none. */
function findOwn(tx: Tx, { to, message: id }: DirectChange): Found | Code {
  return findCopy(tx, to, id) ?? CODES.NO_SUCH_MESSAGE.code
}

/** A user's copy of a message of the conversation with this peer; undefined if there is none, or the user has deleted it. */
export function findCopy(tx: Tx, peer: number, id: DirectId): Found | undefined {
  const entry = findDirect(tx, peer, id)
  const message = entry && state.messageIn(entry.bytes)
  return entry === undefined || message === undefined || state.isDeleted(message) ? undefined : { entry, message }
}

/** Puts the changed message in the place of the user's copy, and tells the user's devices. */
export function changeCopy(tx: Tx, { entry }: Found, after: state.AnyMessage): void {
  replaceAndTell(tx, entry, after, state.directKey(after.value))
}

/** Puts the changed message in the place of the user's own entry, and tells the user's devices under this key. */
export function replaceAndTell(tx: Tx, entry: StoredEntry, after: state.AnyMessage, key: string): void {
  tx.replace(entry, state.messageItem(after))
  const reference = encodeReference({ gid: '', number: 0, atMs: tx.nowMs, update: true, version: entry.version })
  tx.append(reference, key, state.changedItem(after))
}

type Told = Partial<Parameters<typeof createMessage>[0]>

/** Tells the other user's actor what to change. */
function tellOther(tx: Tx, { message, device, sendSeq }: DirectChange, what: Told, to: number): void {
  const { sender, device: by, sendSeq: seq } = message
  const value = createMessage({ sender, device: by, sendSeq: seq, ...what })
  const item = state.messageItem({ case: 'message', value })
  tx.effect(messageChanged, userActor(to), { device, sendSeq, item })
}

/** A change of a message by its author. `item` has the message's id, and the new text or the recall. */
export const messageChanged = incomingEffect({
  name: 'message-changed',
  run(tx, incoming, source) {
    const author = uidOf(source)
    const told = state.messageIn(incoming.item)
    if (told?.case !== 'message' || told.value.sender !== author) return
    if (!state.isRecalled(told)) {
      const code = refusalOf(tx, author)
      if (code !== CODES.OK.code) {
        failBack(tx, incoming, source, code)
        return
      }
    } else if (tx.get(profile)?.deleted !== false) return
    const found = findCopy(tx, author, told.value)
    if (found === undefined) return
    const after = state.changedLike(found.message, told)
    if (after !== found.message) changeCopy(tx, found, after)
  },
})

/**
 * Edits and recalls of groups' messages. The user's own actor checks what it knows of the membership; the group decides. A change takes the
 * group's next number, in one order with all messages:
 *
 *   group: entry n replaced, a note under the new number e ─effect `group-changed`─► each branch: entry n replaced, members who have it told
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import {
  createConversationMessage,
  createMessageExtra,
  createMessageState,
  GroupRole,
  GroupState,
} from '../../../protocol/generated/messages.js'
import { EDIT_MS_MAX, RECALL_MS_MAX } from '../../../protocol/limits.js'
import { groupActor, isReference } from '../references.js'
import type { Transition, Tx } from '../types.js'
import { mayMention, mayWrite, refuse, type Said, saidEffect } from './group.js'
import { gidOfGroup, nextNumber, publishChanged } from './group-changes.js'
import {
  type Gid,
  groupConversation,
  type Member,
  members,
  NO_GROUP,
  type UserGroup,
  userGroup,
} from './group-records.js'
import { isSilent, notMember } from './membership.js'
import type { ChangeInput, Found, NewText } from './message-changes.js'
import * as state from './message-state.js'
import { type Answer, numbered } from './numbered.js'
import { forgetReacted } from './reaction-records.js'
import { uidOf } from './records.js'

export interface GroupMessageChange extends ChangeInput {
  readonly gid: Gid
  /** The message's number in the group. */
  readonly number: number
}

type What = Partial<ReturnType<typeof createConversationMessage>>

/** Checks what this side knows of the membership, and tells the group. */
export function alter(
  tx: Tx,
  input: GroupMessageChange,
  mayNot: (own: UserGroup) => Code,
  what: What,
  kind = groupAltered,
): Code {
  const { gid, number, device, sendSeq, limited, early } = input
  if (early) return CODES.NOT_ALLOWED.code
  const own = tx.get(userGroup, gid) ?? NO_GROUP
  if (own.state !== GroupState.MEMBER) return notMember(own)
  if (number < own.number) return CODES.NO_SUCH_MESSAGE.code
  const code = mayNot(own)
  if (code !== CODES.OK.code) return code
  if (limited) return CODES.RECIPIENT_LIMIT.code
  const target = groupActor(gid)
  if (!tx.outboxHasSpace(target)) return CODES.OUTBOX_FULL.code
  const value = createConversationMessage({ conversation: groupConversation(gid), number, ...what })
  const item = state.messageItem({ case: 'conversationMessage', value })
  tx.effect(kind, target, { period: own.number, device, sendSeq, atMs: tx.nowMs, item })
  return CODES.OK.code
}

export const editInGroup: Transition<GroupMessageChange & NewText, Answer> = numbered(
  'group.edit',
  (tx, input) => {
    const { text, mentions, fault } = input
    if (fault !== CODES.OK.code) return fault
    const extra = createMessageExtra({ mentions: [...mentions] })
    const mayNot = (own: UserGroup): Code => {
      if (isSilent(own)) return CODES.MUTED.code
      return mayMention(own.role, extra) ? CODES.OK.code : CODES.BAD_MENTIONS.code
    }
    return alter(tx, input, mayNot, { text, extra, state: createMessageState({ editedAtMs: tx.nowMs }) })
  },
  undefined,
  ({ gid }) => [[userGroup, gid]],
)

export const recallInGroup: Transition<GroupMessageChange, Answer> = numbered(
  'group.recall',
  (tx, input) => {
    const what = { state: createMessageState({ recalledBy: input.uid }) }
    return alter(tx, input, () => CODES.OK.code, what)
  },
  undefined,
  ({ gid }) => [[userGroup, gid]],
)

/** A change of a message, on its way to the group. `item` has the message's number, and the new text or the recall. */
const groupAltered = saidEffect({
  name: 'group-altered',
  run(tx, said, source) {
    const member = tx.get(members)?.get(uidOf(source))
    const code = member?.since === said.period ? altered(tx, member, said) : CODES.NOT_MEMBER.code
    if (code !== CODES.OK.code) refuse(tx, source, said, code)
  },
})

function altered(tx: Tx, by: Member, { item, atMs }: Said): Code {
  const told = state.messageIn(item)
  if (told?.case !== 'conversationMessage') return CODES.NO_SUCH_MESSAGE.code
  const { number: of } = told.value
  const isEdit = !state.isRecalled(told)
  const refusal = isEdit ? mayWrite(tx, by, item) : CODES.OK.code
  if (refusal !== CODES.OK.code) return refusal
  const found = of < by.since ? undefined : messageUnder(tx, of)
  if (found === undefined) return CODES.NO_SUCH_MESSAGE.code
  const { entry, message } = found
  const code = isEdit ? mayEdit(by, message, atMs) : mayRecall(by, message, atMs)
  if (code !== CODES.OK.code || state.isRecalled(message)) return code
  if (!isEdit) forgetReacted(tx, gidOfGroup(tx.actor), of)
  const number = nextNumber(tx)
  const after = state.messageItem(state.changedLike(message, told, number))
  tx.replace(entry, after)
  publishChanged(tx, { number, of }, after)
  return CODES.OK.code
}

/** The message that the group's log has under a number; undefined: it has none there, or no longer. */
export function messageUnder(tx: Tx, number: number): Found | undefined {
  const entry = tx.entry(number)
  const message = entry === undefined || isReference(entry.bytes) ? undefined : state.messageIn(entry.bytes)
  return entry === undefined || message === undefined ? undefined : { entry, message }
}

/** @param atMs when the edit was accepted */
function mayEdit({ uid }: Member, message: state.AnyMessage, atMs: number): Code {
  if (message.value.sender !== uid) return CODES.NOT_AUTHOR.code
  if (state.isRecalled(message)) return CODES.RECALLED.code
  if (message.value.content !== undefined) return CODES.BAD_CONTENT.code
  return atMs > message.value.atMs + EDIT_MS_MAX ? CODES.TOO_LATE.code : CODES.OK.code
}

/** Whether a member may recall the message, or it is recalled already. Admins may at any time. */
function mayRecall({ uid, role }: Member, message: state.AnyMessage, atMs: number): Code {
  if (state.isRecalled(message) || role >= GroupRole.ADMIN) return CODES.OK.code
  if (message.value.sender !== uid) return CODES.NOT_AUTHOR.code
  return atMs > message.value.atMs + RECALL_MS_MAX ? CODES.TOO_LATE.code : CODES.OK.code
}

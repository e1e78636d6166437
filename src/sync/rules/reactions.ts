/**
 * Reactions to direct messages. Each of the two users has an own copy of the message, with the reactions of both. Everybody sets the own, in
 * both copies, in the same order:
 *
 *   React ─► own copy replaced, follow-up in the own timeline ─effect `message-reacted`─► the other's copy replaced, follow-up there
 *
 * A copy says which of its reactions are of its user (`mine`); the rest is the other's. In groups it is group-reactions.ts.
 */
import { CODES } from '../../../protocol/codes.js'
import { createMessage, createMessageState } from '../../../protocol/generated/messages.js'
import { REACTIONS_MAX } from '../../../protocol/limits.js'
import type { Transition } from '../types.js'
import type { ReactionChange } from './group-reactions.js'
import { failBack, incomingEffect, maySend, refusalOf } from './message.js'
import { changeCopy, type DirectChange, findCopy } from './message-changes.js'
import * as state from './message-state.js'
import { type Answer, numbered } from './numbered.js'
import { contact, uidOf, userActor } from './records.js'

export const reactToMessage: Transition<DirectChange & ReactionChange, Answer> = numbered(
  'message.react',
  (tx, input) => {
    const { to, message: id, device, sendSeq, kind, on, early } = input
    if (early) return CODES.NOT_ALLOWED.code
    const code = maySend(tx, { ...input, fault: CODES.OK.code })
    if (code !== CODES.OK.code) return code
    const found = findCopy(tx, to, id)
    if (found === undefined) return CODES.NO_SUCH_MESSAGE.code
    if (state.isRecalled(found.message)) return CODES.RECALLED.code
    const before = found.message.value.state?.reactions ?? []
    const after = state.withReaction(before, { kind, on, mine: true })
    if (after === before) return CODES.OK.code
    if (after.filter(({ mine }) => mine).length > REACTIONS_MAX) return CODES.REACTION_LIMIT.code
    changeCopy(tx, found, state.reacted(found.message, after))
    const { sender, device: by, sendSeq: seq } = id
    const told = createMessageState({ reactions: [{ kind, count: on ? 1 : 0, mine: false }] })
    const value = createMessage({ sender, device: by, sendSeq: seq, state: told })
    tx.effect(messageReacted, userActor(to), { device, sendSeq, item: state.messageItem({ case: 'message', value }) })
    return CODES.OK.code
  },
  undefined,
  ({ to }) => [[contact, to]],
)

/** A reaction of the other user. `item` has the message's id and one reaction, with the count 0 if it is taken back. */
export const messageReacted = incomingEffect({
  name: 'message-reacted',
  run(tx, incoming, source) {
    const peer = uidOf(source)
    const told = state.messageIn(incoming.item)
    const reaction = told?.value.state?.reactions[0]
    if (told?.case !== 'message' || reaction === undefined) return
    const code = refusalOf(tx, peer)
    if (code !== CODES.OK.code) {
      failBack(tx, incoming, source, code)
      return
    }
    const found = findCopy(tx, peer, told.value)
    if (found === undefined) return
    const before = found.message.value.state?.reactions ?? []
    const after = state.withReaction(before, { kind: reaction.kind, on: reaction.count > 0, mine: false })
    if (after !== before) changeCopy(tx, found, state.reacted(found.message, after))
  },
})

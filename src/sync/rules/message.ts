/** Direct messages, between friends; where the store's policy lets strangers write, also between others (stranger.ts). */
import { CODES, type Code } from '../../../protocol/codes.js'
import {
  ContactState,
  encodeItem,
  type MessageContent,
  type MessageExtra,
} from '../../../protocol/generated/messages.js'
import { encodeMessageItem, withRecipient } from '../../../protocol/item-codec.js'
import type { Actor } from '../../store/types.js'
import { itemEffect, jsonEffect } from '../effect-kinds.js'
import type { EffectKind, Transition, Tx } from '../types.js'
import { directChain } from './message-search.js'
import { type Answer, contiguous, type Numbered, numbered, type SequenceRule } from './numbered.js'
import { contact, profile, uidOf, userActor } from './records.js'
import { begin, mayBegin, mayBeWrittenTo, mayWrite } from './stranger.js'

/** What a user writes. */
export interface Written {
  readonly text: string
  readonly content?: MessageContent | undefined
  readonly extra?: MessageExtra | undefined
  /** Why it cannot be a message; OK if it can. The service found this; the rule refuses, so that the number is used up. */
  readonly fault: Code
}

export interface SendInput extends Numbered, Written {
  readonly uid: number
  readonly to: number
  /** The limit of messages to this recipient is reached; found and refused in the same way. */
  readonly limited?: boolean
  /** The sender has asked about too many strangers: they are not told whether this one exists. */
  readonly blind?: boolean
}

/** A message on its way to the recipient's timeline. */
export interface Incoming {
  readonly device: number
  readonly sendSeq: number
  /** The recipient's item. */
  readonly item: Uint8Array
}

interface Failure {
  readonly device: number
  readonly sendSeq: number
  readonly recipient: number
  readonly code: Code
}

/** Makes the effect of what a request sends to the other user. It is told back if it could not be processed. */
export function incomingEffect(kind: Pick<EffectKind<Incoming>, 'name' | 'run'>): EffectKind<Incoming> {
  return itemEffect<Incoming>(
    { device: 'uint32', sendSeq: 'float64' },
    { ...kind, refused: (tx, incoming, source) => failBack(tx, incoming, source, CODES.REFUSED.code) },
  )
}

export const deliverMessage = incomingEffect({
  name: 'message',
  run(tx, incoming, source) {
    const code = refusalOf(tx, uidOf(source))
    if (code === CODES.OK.code) tx.appendTo(directChain(uidOf(source)), incoming.item)
    else failBack(tx, incoming, source, code)
  },
})

/** Tells the other user that what came is refused here. */
export function failBack(tx: Tx, { device, sendSeq }: Incoming, source: Actor, code: Code): void {
  tx.effect(failMessage, source, { device, sendSeq, recipient: uidOf(tx.actor), code })
}

/** Whether the recipient takes messages from the sender. */
export function refusalOf(tx: Tx, sender: number): Code {
  const from = tx.get(contact, sender)
  // A stranger is told of no block.
  const isStranger = tx.settings.openContacts && from?.state !== ContactState.FRIEND
  if (from?.blocked === true) return isStranger ? CODES.NOT_FRIEND.code : CODES.BLOCKED.code
  // The friendships of a deleted account are removed in slices, but have ended at once.
  // A deletion that is not durable yet may fall: then this unit falls with it.
  if (tx.peek(profile)?.deleted === true && tx.get(profile)?.deleted === true) return CODES.NOT_FRIEND.code
  return mayBeWrittenTo(tx, from) ? CODES.OK.code : CODES.NOT_FRIEND.code
}

/** Notes a message that was accepted here and then refused on the other side. */
export const failMessage: EffectKind<Failure> = jsonEffect({
  name: 'message-failed',
  run(tx, failure) {
    if (tx.get(profile)?.deleted === true) return
    const item = encodeItem({ skip: 0, content: { case: 'failed', value: { ...failure, conversation: '' } } })
    tx.appendTo(directChain(failure.recipient), item)
  },
})

/** Makes the transition that sends. `sequence` judges the numbers: the simulation plants a wrong rule here to see it caught. */
export function sendTransition(sequence: SequenceRule = contiguous): Transition<SendInput, Answer> {
  return numbered('message.send', send, sequence, input => [[contact, input.to]])
}

function send(tx: Tx, input: SendInput): Code {
  const code = maySendFirst(tx, input)
  if (code === CODES.OK.code) sendNow(tx, input)
  return code
}

/** Whether the message can be sent, as far as this side knows, be it the first to somebody who is no friend. */
export function maySendFirst(tx: Tx, input: Omit<SendInput, 'text'>): Code {
  const { to, limited, blind } = input
  const code = maySend(tx, input)
  if (code !== CODES.NOT_FRIEND.code || !tx.settings.openContacts || blind) return code
  const first = mayBegin(tx, to)
  return first === CODES.OK.code ? maySendTo(tx, to, limited) : first
}

/** Whether the message can be sent in a conversation that stands, as far as this side knows. */
export function maySend(tx: Tx, { uid, to, fault, limited, blind }: Omit<SendInput, 'text'>): Code {
  if (fault !== CODES.OK.code) return fault
  if (to === uid) return CODES.SELF.code
  const recipient = tx.get(contact, to)
  if (!mayWrite(tx, recipient)) {
    return blind || tx.glance(userActor(to), profile)?.deleted === false
      ? CODES.NOT_FRIEND.code
      : CODES.UNKNOWN_USER.code
  }
  return recipient.blockedBy ? CODES.BLOCKED.code : maySendTo(tx, to, limited)
}

function maySendTo(tx: Tx, to: number, limited: boolean | undefined): Code {
  if (limited) return CODES.RECIPIENT_LIMIT.code
  return tx.outboxHasSpace(userActor(to)) ? CODES.OK.code : CODES.OUTBOX_FULL.code
}

/** Sends a message that may be sent. */
export function sendNow(tx: Tx, input: SendInput): void {
  const { device, sendSeq, to } = input
  const isFirst = !mayWrite(tx, tx.get(contact, to))
  const item = itemOf(input, tx.nowMs)
  // Before what begins a conversation: the answer names the range of the first item, and the sender's device takes it for the message.
  tx.appendTo(directChain(to), withRecipient(item, to))
  if (isFirst) begin(tx, to)
  tx.effect(deliverMessage, userActor(to), { device, sendSeq, item })
}

/** The recipient's item. A plain text is encoded the fast way. */
function itemOf({ uid, device, sendSeq, text, content, extra }: SendInput, atMs: number): Uint8Array {
  const plain = { sender: uid, device, sendSeq, atMs, recipient: 0, text }
  if (content === undefined && extra === undefined) return encodeMessageItem(plain)
  const value = { ...plain, content, extra, state: undefined }
  return encodeItem({ skip: 0, content: { case: 'message', value } })
}

/** Watches what becomes durable of groups on every phone: each item once, in the order of the numbers, and no message without a place. */

import type { Json, StoredMessage } from '../../clients/typescript/storage/storage.js'
import { CODES, codeName } from '../../protocol/codes.js'
import { type ConversationId, isGroupConversation } from '../../protocol/conversation-id.js'
import type { Written } from './phone-disk.js'
import { type Copy, type MessageId, nameOf } from './witness.js'

/** What a message to a group may fail with. */
const EXPECTED_FAILURES: ReadonlySet<number> = new Set([
  CODES.NO_SUCH_GROUP.code,
  CODES.NOT_MEMBER.code,
  CODES.MUTED.code,
  CODES.BAD_MENTIONS.code,
])

/** What the witness of all else knows. */
interface Circumstances {
  readonly forgetful: boolean
  readonly limited: boolean
  readonly narrow: boolean
}

export class GroupWitness {
  readonly #circumstances: Circumstances
  readonly #fail: (what: string) => void
  /** The highest number shown, by phone and group. */
  readonly #shown = new Map<string, number>()
  /** What a phone was told that the server has it, with its conversation. */
  readonly accepted = new Map<string, MessageId & { readonly conversation: ConversationId }>()

  constructor(circumstances: Circumstances, fail: (what: string) => void) {
    this.#circumstances = circumstances
    this.#fail = fail
  }

  /** @param before the values before it; undefined if they are forgotten */
  written(phone: string, copy: Copy, written: Written, before: ReadonlyMap<string, Json> | undefined): void {
    const { forget, values, messages, outcomes } = written
    if (forget) this.#forget(phone)
    for (const [name, value] of values) {
      const [kind = '', device = '', sendSeq = ''] = name.split('/')
      const id = { sender: copy.uid, device: Number(device), sendSeq: Number(sendSeq) }
      if (kind === 'posted' && value !== undefined) this.#posted(id, value)
      else if (kind === 'posted' && before?.has(name)) this.#mustBeThere(phone, id, messages)
      else if (kind === 'out' && value === undefined && isPost(before?.get(name))) {
        const sent = { sender: copy.uid, device: copy.device, sendSeq: Number(device) }
        if (!values.has(`posted/${sent.device}/${sent.sendSeq}`)) this.#mustBeThere(phone, sent, messages)
      }
    }
    for (const message of messages) if (isGroupConversation(message.conversation)) this.#message(phone, copy, message)
    for (const outcome of outcomes) {
      // Others are of acts.
      if (this.accepted.has(nameOf(outcome)) && outcome.code !== 0) this.#expect(outcome, outcome.code)
    }
  }

  #forget(phone: string): void {
    for (const key of this.#shown.keys()) if (key.startsWith(`${phone} `)) this.#shown.delete(key)
  }

  #posted(id: MessageId, value: Json): void {
    const [conversation] = value as unknown as readonly [ConversationId]
    this.accepted.set(nameOf(id), { ...id, conversation })
  }

  /** What waits no more must have come into the history. */
  #mustBeThere(phone: string, id: MessageId, messages: readonly StoredMessage[]): void {
    if (!messages.some(message => nameOf(message) === nameOf(id)))
      this.#fail(`${phone} dropped ${nameOf(id)}, a message to a group`)
  }

  #message(phone: string, { uid }: Copy, message: StoredMessage): void {
    const { conversation, number = 0, code, version, sender } = message
    const name = `${nameOf(message)} in ${conversation}`
    if (number === 0) {
      if (code === 0 && (version !== 0 || sender !== uid)) this.#fail(`${phone} shows ${name} without a number`)
      if (code !== 0) this.#expect(message, code)
      return
    }
    const key = `${phone} ${conversation}`
    const last = this.#shown.get(key) ?? 0
    if (number <= last) this.#fail(`${phone} shows ${number} of ${conversation} after ${last}`)
    this.#shown.set(key, number)
  }

  #expect(id: MessageId, code: number): void {
    const { limited, narrow } = this.#circumstances
    if (narrow && code === CODES.OUTBOX_FULL.code) return
    if (EXPECTED_FAILURES.has(code) || (limited && code === CODES.RECIPIENT_LIMIT.code)) return
    if (code === CODES.SETTLED.code) return
    this.#fail(`${nameOf(id)} to a group failed with ${codeName(code)}`)
  }
}

/** Whether it is a message to a group, in the send queue. */
function isPost(value: Json | undefined): boolean {
  const [kind, conversation] = (value ?? []) as unknown as readonly [string?, string?]
  return kind === 'p' && isGroupConversation((conversation ?? '') as ConversationId)
}

/** The messages that were shown, by a number for each: commands name them by it. A number is given once in a run. */

import { type ConversationId, isSameMessage, type Message } from '../typescript/index.js'

/** The most messages that are kept; older ones have no number any more. */
const KEPT_MAX = 2_000

export class Numbered {
  readonly #messages = new Map<number, Message>()
  #last = 0

  /** A message is shown, or is another than before. */
  shown(message: Message): void {
    const number = this.#numberOf(message) ?? ++this.#last
    this.#messages.set(number, message)
    if (this.#messages.size > KEPT_MAX) this.#messages.delete(this.#messages.keys().next().value ?? 0)
  }

  /** A message has changed. @returns what it was before; undefined if it was not shown here */
  changed(message: Message): Message | undefined {
    const number = this.#numberOf(message)
    if (number === undefined) return undefined
    const before = this.#messages.get(number)
    if (message.changed.deleted) this.#messages.delete(number)
    else this.#messages.set(number, message)
    return before
  }

  /** @throws if there is none of this number */
  get(number: string): Message {
    const message = this.#messages.get(Number(number))
    if (message === undefined) throw new Error(`no message has the number ${number} (/numbers lists them)`)
    return message
  }

  /** The last ones of a conversation, with their numbers. */
  latest(conversation: ConversationId, count: number): readonly (readonly [number: number, message: Message])[] {
    return [...this.#messages].filter(([, message]) => message.conversation === conversation).slice(-count)
  }

  /** The message that another one answers, if it was shown. */
  answered({ conversation, extra }: Message): Message | undefined {
    const { reply } = extra
    if (reply === undefined) return undefined
    return [...this.#messages.values()].findLast(each => isSameMessage(each, { conversation, ...reply }))
  }

  #numberOf(message: Message): number | undefined {
    for (const [number, each] of this.#messages) if (isSameMessage(each, message)) return number
    return undefined
  }
}

// Texts that were begun and not sent, by conversation. They are remembered in this browser alone.
import type { ConversationId, Mention, Message, MessageName } from '../../typescript/browser.js'
import { type Platform, Remembered } from './platform.js'
import { Signal } from './signal.js'

export interface Draft {
  readonly text: string
  readonly mentions: readonly Mention[]
  /** The message that it answers. */
  readonly reply: MessageName | undefined
}

/** A message of this device that was perhaps never stored, so that only its text may be left of it. */
export type Unstored = Pick<Message, 'conversation' | 'device' | 'sendSeq' | 'text'>

export const NO_DRAFT: Draft = { text: '', mentions: [], reply: undefined }

export class Drafts {
  readonly all: Signal<ReadonlyMap<ConversationId, Draft>>
  readonly #remembered: Remembered
  readonly #rememberedUnstored: Remembered
  #unstored: readonly Unstored[]

  constructor(platform: Pick<Platform, 'keyValues'>) {
    this.#remembered = new Remembered(platform.keyValues, 'drafts')
    this.#rememberedUnstored = new Remembered(platform.keyValues, 'unstored')
    this.#unstored = unstoredOf(this.#rememberedUnstored.read())
    this.all = new Signal<ReadonlyMap<ConversationId, Draft>>(new Map(entriesOf(this.#remembered.read())))
  }

  get(conversation: ConversationId): Draft {
    return this.all.value.get(conversation) ?? NO_DRAFT
  }

  set(conversation: ConversationId, draft: Draft): void {
    const next = new Map(this.all.value)
    if (draft.text.trim() === '' && draft.reply === undefined) next.delete(conversation)
    else next.set(conversation, draft)
    this.all.set(next)
    this.#remembered.write(next.size === 0 ? undefined : [...next])
  }

  /** Keeps messages until the next session knows whether they were stored. @param messages oldest first */
  keep(messages: readonly Unstored[]): void {
    this.#unstored = messages.map(({ conversation, device, sendSeq, text }) => ({
      conversation,
      device,
      sendSeq,
      text,
    }))
    this.#rememberedUnstored.write(this.#unstored)
  }

  /** Puts the texts that were kept before the drafts of their chats, but for those of messages that were stored and go out. */
  takeBack(wasStored: (message: Unstored) => boolean): void {
    const lost = this.#unstored.filter(message => !wasStored(message))
    for (const { conversation, text } of lost.reverse()) {
      const draft = this.get(conversation)
      const whole = draft.text === '' ? text : `${text}\n${draft.text}`
      this.set(conversation, { ...draft, text: whole, mentions: [] })
    }
    this.#forgetUnstored()
  }

  forget(): void {
    this.all.set(new Map())
    this.#remembered.write(undefined)
    this.#forgetUnstored()
  }

  #forgetUnstored(): void {
    this.#unstored = []
    this.#rememberedUnstored.write(undefined)
  }
}

function entriesOf(stored: unknown): [ConversationId, Draft][] {
  if (!Array.isArray(stored)) return []
  return (stored as unknown[]).flatMap(entry => {
    const [conversation, draft] = Array.isArray(entry) ? (entry as unknown[]) : []
    if (typeof conversation !== 'string' || typeof draft !== 'object' || draft === null) return []
    const { text, mentions, reply } = draft as Partial<Draft>
    if (typeof text !== 'string' || !Array.isArray(mentions)) return []
    return [[conversation as ConversationId, { text, mentions: mentions as readonly Mention[], reply }]]
  })
}

function unstoredOf(stored: unknown): Unstored[] {
  if (!Array.isArray(stored)) return []
  return (stored as unknown[]).flatMap(entry => {
    const { conversation, device, sendSeq, text } = (entry ?? {}) as Partial<Unstored>
    const isWhole = typeof device === 'number' && typeof sendSeq === 'number' && typeof text === 'string'
    return typeof conversation === 'string' && isWhole ? [{ conversation, device, sendSeq, text }] : []
  })
}

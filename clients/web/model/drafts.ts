// Texts that were begun and not sent, by conversation. They are remembered in this browser alone.
import type { ConversationId, Mention, MessageName } from '../../typescript/browser.js'
import { type Platform, Remembered } from './platform.js'
import { Signal } from './signal.js'

export interface Draft {
  readonly text: string
  readonly mentions: readonly Mention[]
  /** The message that it answers. */
  readonly reply: MessageName | undefined
}

export const NO_DRAFT: Draft = { text: '', mentions: [], reply: undefined }

export class Drafts {
  readonly all: Signal<ReadonlyMap<ConversationId, Draft>>
  readonly #remembered: Remembered

  constructor(platform: Pick<Platform, 'keyValues'>) {
    this.#remembered = new Remembered(platform.keyValues, 'drafts')
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

  forget(): void {
    this.all.set(new Map())
    this.#remembered.write(undefined)
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

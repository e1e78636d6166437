// Own messages that are in the history ahead of their copies: their answers overtook what the timeline has below them, or were those of a
// repeat, which name no version. They count as shown when the copy comes, for the shown numbers of a device must rise (shown.ts).
import type { ConversationId } from '../../../protocol/conversation-id.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import type { Json, StoredMessage } from '../storage/storage.js'
import type { MessageName } from './post.js'

export interface AheadHost {
  readonly commits: Commits
  readonly identity: Identity
}

export class Ahead {
  readonly #host: AheadHost
  /** The conversation of each, by `device/number`. */
  readonly #conversations = new Map<string, ConversationId>()

  constructor(host: AheadHost) {
    this.#host = host
  }

  load(device: number, sendSeq: number, json: Json): void {
    this.#conversations.set(`${device}/${sendSeq}`, json as ConversationId)
  }

  add(message: StoredMessage): void {
    const { conversation, device, sendSeq } = message
    this.load(device, sendSeq, conversation)
    this.#host.commits.put(`ahead/${device}/${sendSeq}`, conversation)
    this.#host.commits.append(message)
  }

  /** The copy of a message came. @returns whether the message is in the history already: it has the copy's version from now on */
  settle({ conversation, sender, device, sendSeq, version }: StoredMessage): boolean {
    const key = `${device}/${sendSeq}`
    if (!this.#conversations.has(key)) return false
    this.#remove(key)
    this.#host.commits.settle({ conversation, sender, device, sendSeq, code: 0, version })
    return true
  }

  /**
   * The user has deleted all of a conversation up to a version. Of these messages nobody here knows whether they are above it, so they go.
   * The copy of one that is above still comes, and shows it.
   */
  clear(conversation: ConversationId): void {
    for (const message of this.of(conversation)) {
      this.#remove(`${message.device}/${message.sendSeq}`)
      this.#host.commits.rewrite(message)
    }
  }

  /** Those of a conversation. */
  of(conversation: ConversationId): MessageName[] {
    const sender = this.#host.identity.uid
    return [...this.#conversations].flatMap(([key, each]) => {
      const [device = 0, sendSeq = 0] = key.split('/').map(Number)
      return each === conversation ? [{ conversation, sender, device, sendSeq, number: 0 }] : []
    })
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  forget(): void {
    this.#conversations.clear()
  }

  #remove(key: string): void {
    this.#conversations.delete(key)
    this.#host.commits.put(`ahead/${key}`, undefined)
  }
}

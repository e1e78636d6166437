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

/** The version of the copy is 0 where the answer did not name it. */
type Place = readonly [conversation: ConversationId, version: number]

export class Ahead {
  readonly #host: AheadHost
  /** The place of each, by `device/number`. */
  readonly #places = new Map<string, Place>()

  constructor(host: AheadHost) {
    this.#host = host
  }

  load(device: number, sendSeq: number, json: Json): void {
    this.#places.set(`${device}/${sendSeq}`, json as unknown as Place)
  }

  add(message: StoredMessage): void {
    const { conversation, device, sendSeq, version } = message
    const place = [conversation, version] as const
    this.load(device, sendSeq, place)
    this.#host.commits.put(`ahead/${device}/${sendSeq}`, place)
    this.#host.commits.append(message)
  }

  /** The copy of a message came. @returns whether the message is in the history already: it has the copy's version from now on */
  settle({ conversation, sender, device, sendSeq, version }: StoredMessage): boolean {
    const key = `${device}/${sendSeq}`
    if (!this.#places.has(key)) return false
    this.#remove(key)
    this.#host.commits.settle({ conversation, sender, device, sendSeq, code: 0, version })
    return true
  }

  /**
   * The user has deleted all of a conversation up to a version. Of a message without one nobody here knows whether it is above, so it goes;
   * if it is, its copy still comes and shows it.
   */
  clear(conversation: ConversationId, upTo: number): void {
    for (const message of this.of(conversation, upTo)) {
      this.#remove(`${message.device}/${message.sendSeq}`)
      this.#host.commits.rewrite(message)
    }
  }

  /** The messages of a conversation that may stand up to a version. */
  of(conversation: ConversationId, upTo = Number.POSITIVE_INFINITY): MessageName[] {
    const sender = this.#host.identity.uid
    return [...this.#places].flatMap(([key, [of, version]]) => {
      const [device = 0, sendSeq = 0] = key.split('/').map(Number)
      return of === conversation && version <= upTo ? [{ conversation, sender, device, sendSeq, number: 0 }] : []
    })
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  forget(): void {
    this.#places.clear()
  }

  #remove(key: string): void {
    this.#places.delete(key)
    this.#host.commits.put(`ahead/${key}`, undefined)
  }
}

// Remembers of each conversation that the user has cleared which messages had come by then. What is still stored of them came after the
// place that was cleared up to; of all others nothing is told any more. Which these are the storage alone knows, for messages that change
// are named by their ids, and a conversation is cleared up to a version.
import { type ConversationId, isGroupConversation, peerOf } from '../../../protocol/conversation-id.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import type { Json, StoredId } from '../storage/storage.js'
import type { Shown } from './shown.js'

export interface ClearedHost {
  readonly commits: Commits
  readonly identity: Identity
  readonly shown: Shown
}

type Place = readonly [key: string, place: number]

export class Cleared {
  readonly #host: ClearedHost
  /** The highest number of a group; of any other conversation the highest of each device, by `sender/device`. */
  readonly #places = new Map<ConversationId, Map<string, number>>()

  constructor(host: ClearedHost) {
    this.#host = host
  }

  /** Whether the message had come when its conversation was cleared. */
  has(message: StoredId): boolean {
    const [key, place] = placeOf(message)
    return place <= (this.#places.get(message.conversation)?.get(key) ?? 0)
  }

  /** The conversation is cleared, of which this has come. */
  clear(conversation: ConversationId): void {
    const { identity, shown } = this.#host
    const peer = peerOf(conversation)
    if (peer !== undefined) {
      const devices = [...shown.devicesOf(peer), ...shown.devicesOf(identity.uid)]
      this.#raise(
        conversation,
        devices.map(({ sender, device, highest }) => [deviceKey(sender, device), highest]),
      )
    } else if (isGroupConversation(conversation)) {
      this.#raise(conversation, [[NUMBER, shown.highestNumber(conversation)]])
    }
  }

  /** A message came that was cleared before. */
  came(message: StoredId): void {
    if (!this.has(message)) this.#raise(message.conversation, [placeOf(message)])
  }

  load(conversation: ConversationId, json: Json): void {
    this.#places.set(conversation, new Map(json as unknown as readonly Place[]))
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  forget(): void {
    this.#places.clear()
  }

  #raise(conversation: ConversationId, places: readonly Place[]): void {
    const risen = new Map(this.#places.get(conversation))
    for (const [key, place] of places) risen.set(key, Math.max(place, risen.get(key) ?? 0))
    this.#places.set(conversation, risen)
    this.#host.commits.put(`cleared/${conversation}`, [...risen])
  }
}

/** The key of a group's numbers. */
const NUMBER = ''

function placeOf({ sender, device, sendSeq, number }: StoredId): Place {
  return number === undefined ? [deviceKey(sender, device), sendSeq] : [NUMBER, number]
}

function deviceKey(sender: number, device: number): string {
  return `${sender}/${device}`
}

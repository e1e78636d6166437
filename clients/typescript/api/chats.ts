// The list of conversations, for an application that draws a first screen (options.ts, firstScreen).
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { conversationNamed } from '../base/arguments.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Chat, ChatList } from '../rules/chats.js'

export class Chats {
  readonly #list: ChatList
  readonly #lifetime: Lifetime

  /** @internal */
  constructor(list: ChatList, lifetime: Lifetime) {
    this.#list = list
    this.#lifetime = lifetime
  }

  /** The conversations that are known here, pinned ones first, then by their newest messages. Empty without `firstScreen`. */
  list(): Chat[] {
    return this.#list.list()
  }

  /** One of them; of a conversation that is not in the list, what is known. */
  get(conversation: number | ConversationId): Chat {
    return this.#list.get(conversationNamed('conversation', conversation))
  }

  /** Fetches older ones from the server, 50 at a time. Resolves with whether there may be more. */
  more(): Promise<boolean> {
    return this.#lifetime.promise(() => this.#list.more())
  }
}

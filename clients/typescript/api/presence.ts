// Who is online and who types, in the conversations that the application shows. It is told of nothing else.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { WATCHED_MAX } from '../../../protocol/limits.js'
import { checkFlag, checkUid, watchableNamed, writableNamed } from '../base/arguments.js'
import { LongwireError } from '../base/errors.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Signals } from '../rules/signals.js'

export interface PresenceHost {
  readonly lifetime: Lifetime
  readonly signals: Signals
}

export class Presence {
  readonly #host: PresenceHost

  /** @internal Made by the client. */
  constructor(host: PresenceHost) {
    this.#host = host
  }

  /**
   * Looks at these conversations, up to 20, in place of those before; none: at nothing, as in the background. It is said again on each
   * new connection, and when contacts or groups change. Resolves when the server has taken it; rejects if it refuses one of them.
   */
  watch(conversations: readonly (number | ConversationId)[]): Promise<void> {
    const { lifetime, signals } = this.#host
    const promise = lifetime.promise(() => {
      if (conversations.length > WATCHED_MAX) {
        throw LongwireError.argument('conversations', `has ${conversations.length}; at most ${WATCHED_MAX} are allowed`)
      }
      const ids = conversations.map(conversation => watchableNamed('conversations', conversation))
      return lifetime.answer<void>((resolve, reject) => signals.watch(ids, { resolve: () => resolve(), reject }))
    })
    // Whoever does not care must not be ended by it.
    promise.catch(() => {})
    return promise
  }

  /** Whether a friend is online; undefined: it is not known, as for everybody without a connection. */
  online(uid: number): boolean | undefined {
    checkUid('uid', uid)
    return this.#host.signals.online(uid)
  }

  /**
   * The user types in a conversation, or has stopped. To be called at each key: the server is told once in three seconds, and of the end if
   * no message follows. Without a connection nobody is told.
   * @throws LongwireError INVALID_ARGUMENT, CLOSED or STORAGE_FAILED
   */
  typing(conversation: number | ConversationId, isTyping = true): void {
    const { lifetime, signals } = this.#host
    lifetime.check()
    checkFlag('isTyping', isTyping)
    signals.type(writableNamed('conversation', conversation), isTyping)
  }
}

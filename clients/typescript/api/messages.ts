// The things that a user can do about messages that are there. A request is in the send queue like a message. What it comes to comes back
// as an item, to every device: `messageChanged`.
import { CODES } from '../../../protocol/codes.js'
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import { DELETIONS_MAX, INTEGER_MAX, REACTION_BYTES_MAX } from '../../../protocol/limits.js'
import { isReaction } from '../../../protocol/message-form.js'
import { checkCount, checkFlag, checkText, groupNamed, writableNamed } from '../base/arguments.js'
import { LongwireError } from '../base/errors.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Operate } from '../base/operation.js'
import type { Calls } from '../connection/calls.js'
import type { Mention } from '../rules/extras.js'
import type { Message } from '../rules/messages.js'
import { type MessageName, messageId } from '../rules/post.js'
import { checkName, checkWritten } from './outgoing.js'

/** Who reacted to a message. */
export interface Reactor {
  readonly uid: number
  readonly kinds: readonly string[]
}

export interface ReactorPage {
  readonly reactors: readonly Reactor[]
  /** The value to ask for the next page with; undefined if there is none. */
  readonly after: number | undefined
}

export interface MessagesHost {
  readonly calls: Calls
  readonly lifetime: Lifetime
  readonly operate: Operate
  /** The version up to which the timeline is stored here. */
  readonly durable: () => number
  /** The own messages of a conversation that are stored here before their copies. */
  readonly ahead: (conversation: ConversationId) => readonly MessageName[]
  /** Removes a message that has failed from what is stored here. Resolves when it is gone. */
  readonly discarded: (message: Message) => Promise<void>
}

/**
 * Promises resolve when the server took the request, and reject with its final refusal. A group decides a moment later: what it refuses
 * is told by `groupFailed`. Whoever does not care how a request ends is not ended by it. A message is named by a Message, of an event, of
 * the history or of send(); or by its id and number alone.
 */
export class Messages {
  readonly #host: MessagesHost

  /** @internal */
  constructor(host: MessagesHost) {
    this.#host = host
  }

  /** Puts another text in place of an own message's; the mentions too. */
  edit(message: MessageName, text: string, mentions: readonly Mention[] = []): Promise<void> {
    return this.#host.operate('edit', () => {
      checkWritten(text, mentions)
      return { ...named(message), text, mentions: mentions.map(each => ({ ...each })) }
    })
  }

  /** Takes a message back, for all. Nothing of it is left but that it was there. */
  recall(message: MessageName): Promise<void> {
    return this.#host.operate('recall', () => named(message))
  }

  /** Sends a copy of a message to another conversation. It comes as a `message` event, here too. */
  forward(message: MessageName, to: number | ConversationId): Promise<void> {
    return this.#host.operate('forward', () => {
      const { conversation: source, message: id } = named(message)
      return { conversation: writableNamed('to', to), source, message: id }
    })
  }

  /** Deletes messages of one conversation on all own devices, 64 at most. Others keep them. */
  delete(messages: readonly MessageName[]): Promise<void> {
    return this.#host.operate('delete', () => {
      if (!Array.isArray(messages)) throw LongwireError.argument('messages', 'must be an array')
      checkCount('the number of messages', messages.length, 1, DELETIONS_MAX)
      const each = (messages as readonly MessageName[]).map(named)
      const conversation = each[0]?.conversation as ConversationId
      if (each.some(one => one.conversation !== conversation))
        throw LongwireError.argument('messages', 'are of several conversations; they must be of one')
      return { conversation, messages: each.map(one => one.message) }
    })
  }

  /**
   * Gives up an own message that has failed. It goes from here at once, which `messageChanged` tells as deleted. Of a direct message the
   * server may have a copy, which failed on the other side: it is deleted too, on all own devices. The promise waits for that.
   */
  discard(message: Message): Promise<void> {
    const done = this.#host.lifetime.promise(async () => {
      if (message.state !== 'failed')
        throw LongwireError.argument('message', `is ${message.state}; it must have failed`)
      const isDirect = peerOf(message.conversation) !== undefined
      await Promise.all([this.#host.discarded(message), isDirect && this.#deleteAnyCopy(message)])
    })
    done.catch(() => {})
    return done
  }

  async #deleteAnyCopy(message: MessageName): Promise<void> {
    try {
      await this.delete([message])
    } catch (error) {
      if (!(error instanceof LongwireError && error.code === CODES.NO_SUCH_MESSAGE.code)) throw error
    }
  }

  /** Deletes all of a conversation that is stored here now, on all own devices. Others keep it. */
  clear(conversation: number | ConversationId): Promise<void> {
    let ahead: readonly MessageName[] = []
    const clearing = this.#host.operate('clear', () => {
      const id = writableNamed('conversation', conversation)
      ahead = this.#host.ahead(id)
      return { conversation: id, upTo: Math.max(this.#host.durable(), 1) }
    })
    // Those may be above what is stored of the timeline.
    const done = Promise.all([clearing, ...ahead.map(each => this.#deleteAnyCopy(each))]).then(() => {})
    done.catch(() => {})
    return done
  }

  /** Sets a reaction of this user to a message: an emoji, or a word of the application, of up to 32 bytes. @param on false: takes it back */
  react(message: MessageName, kind: string, on = true): Promise<void> {
    return this.#host.operate('react', () => {
      checkText('kind', kind, REACTION_BYTES_MAX, { bytesMin: 1 })
      if (!isReaction(kind))
        throw LongwireError.argument('kind', 'has a control character; it must be an emoji or a word')
      checkFlag('on', on)
      return { ...named(message), kind, off: !on }
    })
  }

  /** A page of those who reacted to a message, in order of uid, from the server. @param options.kind one kind only */
  reactions(
    message: MessageName,
    { kind = '', after = 0 }: { readonly kind?: string; readonly after?: number } = {},
  ): Promise<ReactorPage> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      checkText('kind', kind, REACTION_BYTES_MAX)
      checkCount('after', after, 0, INTEGER_MAX)
      const { reactors, next } = await calls.ask('reactions', { ...named(message), kind, after })
      return {
        reactors: reactors.map(({ uid, reactions }) => ({ uid, kinds: reactions.map(each => each.kind) })),
        after: next === 0 ? undefined : next,
      }
    })
  }

  /** The members of a group who have read a message, without its author, from the server. In groups of up to 50 members. */
  readBy(message: MessageName): Promise<readonly number[]> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      groupNamed('message.conversation', message.conversation)
      const { conversation } = named(message)
      const { readers } = await calls.ask('readBy', { conversation, number: message.number })
      return readers.map(each => each.uid)
    })
  }
}

function named(message: MessageName) {
  checkName('message', message)
  return { conversation: message.conversation, message: messageId(message) }
}

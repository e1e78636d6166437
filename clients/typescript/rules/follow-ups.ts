// Applies what happens to messages that are here already: edits, recalls, reactions, and what the user deleted. PROTOCOL.md, 7.18.
//
// A deleted message leaves its id here. Somebody may still react to it, and that must not bring it back.
import { type ConversationId, isConversationId, isGroupConversation } from '../../../protocol/conversation-id.js'
import type { Changed, MessageState } from '../../../protocol/generated/messages.js'
import type { Emitter } from '../base/emitter.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import { isCleared, presentIn, rewritten, type StoredId, type StoredMessage } from '../storage/storage.js'
import { Cleared } from './cleared.js'
import type { ConversationList } from './conversation-list.js'
import type { ClientEvents } from './events.js'
import { storedMessage } from './extras.js'
import { direct, type Message } from './messages.js'
import type { SentMessage } from './sent-message.js'
import type { Shown } from './shown.js'

/** The most deleted messages whose ids are kept. What happens to older ones changes nothing here, but is told. */
const GONE_MAX = 4096

export interface FollowUpsHost {
  readonly commits: Commits
  readonly identity: Identity
  readonly shown: Shown
  readonly conversations: ConversationList
  readonly events: Emitter<ClientEvents>
  present(message: StoredMessage): Message
}

/** Told of what changes in messages, whether they are here or not. */
export interface ChangeWatch {
  changed(message: StoredMessage, isGone: boolean): void
  /** The user has deleted all of a conversation. */
  cleared(conversation: ConversationId): void
}

export class FollowUps {
  readonly #host: FollowUpsHost
  /** The names of the values that stand for deleted messages, oldest first. */
  readonly #gone = new Set<string>()
  readonly cleared: Cleared
  /** Those who want to know what changes while they wait for a page from the server. */
  readonly #notes = new Set<ChangeNote>()
  #watch: ChangeWatch | undefined

  constructor(host: FollowUpsHost) {
    this.#host = host
    this.cleared = new Cleared(host)
  }

  /** Names the one who is told of what changes. */
  watch(watch: ChangeWatch): void {
    this.#watch = watch
  }

  /** An item says what a message is now. */
  changed({ message }: Changed): void {
    const { identity, shown } = this.#host
    if (message?.case === 'direct') {
      const { sender, device, sendSeq, recipient, state } = message.value
      const { conversation } = direct(sender === identity.uid ? recipient : sender)
      this.#changed(storedMessage(conversation, 0, message.value), state, shown.of(sender, device).has(sendSeq))
    } else if (message?.case === 'conversation') {
      const { conversation, sender, device, sendSeq, number, state } = message.value
      if (!isConversationId(conversation)) return
      const isShown = isGroupConversation(conversation)
        ? shown.hasNumber(conversation, number)
        : shown.ofNamed(conversation, sender, device).has(sendSeq)
      this.#changed(storedMessage(conversation, 0, message.value), state, isShown)
    }
  }

  #changed(message: StoredMessage, state: MessageState | undefined, isShown: boolean): void {
    for (const note of this.#notes) note.changed(nameOf(message), message)
    if (isShown) this.#apply(message, state)
    // One that was deleted here has ended for the list, too.
    if (!this.#gone.has(nameOf(message)) || state?.deleted === true)
      this.#watch?.changed(message, state?.deleted === true)
  }

  /** Whether a message that comes now is not to be shown: the user deleted it, or all of the conversation up to it. */
  hides(message: StoredMessage, state: MessageState | undefined): boolean {
    const { conversation, version } = message
    if (isCleared(version, this.#host.conversations.clearedOf(conversation))) {
      this.cleared.came(message)
      return true
    }
    if (state?.deleted !== true) return false
    this.#bury(message)
    return true
  }

  /** Whether the user has deleted a message, or all of the conversation up to it, as far as this device knows. */
  isGone(message: StoredMessage): boolean {
    const { conversation, version } = message
    return this.#gone.has(nameOf(message)) || isCleared(version, this.#host.conversations.clearedOf(conversation))
  }

  /** Notes from now on what changes, until the note ends. A page from the server may have been made before. */
  note(): ChangeNote {
    const note = new ChangeNote(() => this.#notes.delete(note))
    this.#notes.add(note)
    return note
  }

  /**
   * An own message that waited here came in its place. It may have changed meanwhile: what was written is to be found nowhere then, and
   * where it waited is such a place.
   */
  settles(message: StoredMessage, state: MessageState | undefined, written: SentMessage): void {
    const { commits } = this.#host
    const hidden = this.hides(message, state)
    if (!hidden && state === undefined) {
      commits.append(message)
      return
    }
    const { text, rich } = written
    commits.append(rewritten(message, { text, ...rich }))
    commits.rewrite(hidden ? idOf(message) : { ...idOf(message), present: presentIn(message) })
  }

  /** An item says that a conversation is cleared, further than before. What says so of all needs nothing that says it of one. */
  clears(conversation: ConversationId): void {
    this.cleared.clear(conversation)
    for (const name of this.#gone) if (name.startsWith(`gone/${conversation}/`)) this.#unbury(name)
    this.#watch?.cleared(conversation)
  }

  /** The user gives up a message that has failed. It goes from here, whatever may still come of it, and is told as deleted. */
  discard(message: Message): void {
    const { conversation, peer, sender, device, sendSeq, number, atMs, content, text, extra, change } = message
    const { state, code, reason, changed } = message
    const id = { conversation, sender, device, sendSeq }
    this.#bury(id)
    const { commits, events } = this.#host
    commits.rewrite(id)
    this.#watch?.changed({ ...id, version: 0, atMs, text, code }, true)
    const named = { conversation, peer, sender, device, sendSeq, number, atMs, content, text, extra, change }
    commits.tell(() =>
      events.emit('messageChanged', { ...named, state, code, reason, changed: { ...changed, deleted: true } }),
    )
  }

  /** A message that is here came once more, and may have changed meanwhile. */
  again(message: StoredMessage, state: MessageState | undefined): void {
    if (state !== undefined) this.#rewrite(message, state)
  }

  /** @param name of the stored value that stands for a deleted message */
  load(name: string): void {
    this.#gone.add(name)
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  clear(): void {
    this.#gone.clear()
    this.cleared.forget()
  }

  #apply(message: StoredMessage, state: MessageState | undefined): void {
    if (this.#gone.has(nameOf(message))) return
    let isHere = !this.cleared.has(message)
    this.#rewrite(message, state, () => {
      isHere = true
    })
    const { commits, events, present } = this.#host
    const deleted = state?.deleted ?? false
    commits.tell(() => {
      if (!isHere) return
      const now = present(message)
      events.emit('messageChanged', { ...now, changed: { ...now.changed, deleted } })
    })
  }

  #rewrite(message: StoredMessage, state: MessageState | undefined, found = (): void => {}): void {
    const { commits } = this.#host
    if (state?.deleted === true) {
      this.#bury(message)
      commits.rewrite({ ...idOf(message), found })
    } else {
      commits.rewrite({ ...idOf(message), present: presentIn(message), found })
    }
  }

  #bury(message: StoredId): void {
    const name = nameOf(message)
    if (this.#gone.has(name) || this.cleared.has(message)) return
    this.#gone.add(name)
    this.#host.commits.put(name, 1)
    if (this.#gone.size > GONE_MAX) this.#unbury(this.#gone.keys().next().value ?? '')
  }

  #unbury(name: string): void {
    this.#gone.delete(name)
    this.#host.commits.put(name, undefined)
  }
}

/** What has changed since a page was asked for. What changes it again comes behind it, so it may stand in the page's place. */
export class ChangeNote {
  readonly #messages = new Map<string, StoredMessage>()
  readonly end: () => void

  /** @param end nothing is noted any more */
  constructor(end: () => void) {
    this.end = end
  }

  changed(name: string, message: StoredMessage): void {
    this.#messages.set(name, message)
  }

  /** A message of the page as it is now. */
  now(message: StoredMessage): StoredMessage {
    const changed = this.#messages.get(nameOf(message))
    return changed === undefined ? message : rewritten(message, presentIn(changed))
  }
}

function idOf({ conversation, sender, device, sendSeq, number }: StoredMessage): StoredId {
  return { conversation, sender, device, sendSeq, ...(number !== undefined && { number }) }
}

function nameOf({ conversation, sender, device, sendSeq, number }: StoredId): string {
  return number === undefined ? `gone/${conversation}/${sender}/${device}/${sendSeq}` : `gone/${conversation}/${number}`
}

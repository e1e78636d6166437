// Applies the items of groups. A group gives its messages and changes one order, by numbers; each is shown once by its number, and
// kept in this order. Own messages are among them: their copies come with everybody's, not with the answer to the request.
import { type ConversationId, isConversationId, isGroupConversation } from '../../../protocol/conversation-id.js'
import type {
  ConversationMessage,
  Failed,
  GroupChange as GroupChangeItem,
  Item,
  MessageState,
} from '../../../protocol/generated/messages.js'
import type { Emitter } from '../base/emitter.js'
import { reasonOfCode } from '../base/errors.js'
import { changeOf, type GroupChange } from '../base/group-words.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import type { StoredMessage } from '../storage/storage.js'
import type { ClientEvents } from './events.js'
import { storedMessage } from './extras.js'
import type { FollowUps } from './follow-ups.js'
import type { Posted } from './posted.js'
import type { Receipts } from './receipts.js'
import type { Sender } from './sender.js'
import type { SentMessage } from './sent-message.js'
import type { Shown } from './shown.js'

export interface GroupInboxHost {
  readonly commits: Commits
  readonly identity: Identity
  readonly receipts: Receipts
  readonly shown: Shown
  readonly sender: Sender
  readonly posted: Posted
  readonly events: Emitter<ClientEvents>
  readonly followUps: FollowUps
  /** Stores a message, and tells it; not one that the user deleted. */
  keep(message: StoredMessage, state: MessageState | undefined): void
}

export class GroupInbox {
  readonly #host: GroupInboxHost
  /** Own messages of this run that are in the history although the group may still refuse them, by `device/number`. */
  readonly #passed = new Set<string>()

  constructor(host: GroupInboxHost) {
    this.#host = host
  }

  message(version: number, conversation: ConversationId, item: ConversationMessage): void {
    const { sender, device, sendSeq, number, state } = item
    const { identity, shown, sender: outgoing, followUps, keep } = this.#host
    const own = sender === identity.uid
    const message = own ? this.#judged(device, sendSeq) : undefined
    if (!this.#isNew(conversation, number)) return
    if (own) this.#passOver(conversation, device, sendSeq)
    const stored = storedMessage(conversation, version, item)
    if (own && outgoing.foundUnsure(device, sendSeq)) {
      // It was told as failed because nobody knew: it had arrived after all.
      followUps.again(stored, state)
      this.#mend(conversation, device, sendSeq, 0)
      return
    }
    if (shown.wasInWindow(conversation, sender, device, sendSeq)) return
    if (message === undefined) {
      keep(stored, state)
      return
    }
    message.number = number
    followUps.settles(stored, state, message)
  }

  change(version: number, item: GroupChangeItem): void {
    const { conversation, number, atMs } = item
    if (!isGroup(conversation) || !this.#isNew(conversation, number)) return
    const { commits, events } = this.#host
    const change = changeOf(item)
    commits.append(storedChange(conversation, version, item))
    commits.tell(() => events.emit('groupChange', { conversation, number, atMs, ...change }))
  }

  /** The group has refused a message, or an act. */
  failed({ conversation, device, sendSeq, code }: Failed): void {
    const { commits, identity, receipts, sender: outgoing, posted, events } = this.#host
    if (!isGroup(conversation)) return
    const message = this.#judged(device, sendSeq)
    const act = posted.takeAct(device, sendSeq)
    if (act !== undefined) {
      const event = { conversation, sendSeq, act, code, reason: reasonOfCode(code) }
      commits.tell(() => events.emit('groupFailed', event))
    } else if (message !== undefined) {
      this.#append(message, code)
      receipts.failed(0, device, sendSeq, code)
      this.#tellState(conversation, device, sendSeq, code)
    } else if (outgoing.foundUnsure(device, sendSeq) || this.#passed.delete(keyOf(device, sendSeq))) {
      receipts.failed(0, device, sendSeq, code)
      this.#mend(conversation, device, sendSeq, code)
    } else {
      // It is a message of another device of this user, one that was told before, or one of an earlier run.
      commits.settle({ conversation, sender: identity.uid, device, sendSeq, code })
    }
  }

  clear(): void {
    this.#passed.clear()
  }

  /** The group has judged an own message. @returns it, if it waited for that here */
  #judged(device: number, sendSeq: number): SentMessage | undefined {
    const { identity, sender: outgoing, posted } = this.#host
    const queued = device === identity.device ? outgoing.ownCopy(sendSeq) : undefined
    if (queued === undefined) return posted.take(device, sendSeq)
    outgoing.accepted(queued)
    return queued
  }

  /**
   * Messages of a device come in order of their numbers in one group. What comes now shows that those before it will not, though this
   * device was told nothing of them: they were trimmed, or a failure is on its way.
   */
  #passOver(conversation: ConversationId, device: number, sendSeq: number): void {
    const { posted } = this.#host
    for (const each of posted.in(conversation)) {
      if (each.device !== device || each.sendSeq >= sendSeq) continue
      posted.take(device, each.sendSeq)
      this.#append(each, 0)
      this.#passed.add(keyOf(device, each.sendSeq))
    }
  }

  /** Puts an own message without a place of its own behind what is in the history. */
  #append({ conversation, sender, device, sendSeq, atMs, text, rich }: SentMessage, code: number): void {
    this.#host.commits.append({ conversation, sender, device, sendSeq, version: 0, atMs, text, ...rich, code })
  }

  /** Notes another outcome of an own message that is in the history, and tells it. */
  #mend(conversation: ConversationId, device: number, sendSeq: number, code: number): void {
    this.#host.commits.settle({ conversation, sender: this.#host.identity.uid, device, sendSeq, code })
    this.#tellState(conversation, device, sendSeq, code)
  }

  #tellState(conversation: ConversationId, device: number, sendSeq: number, code: number): void {
    const { commits, events } = this.#host
    const state = code === 0 ? 'accepted' : 'failed'
    const event = { conversation, peer: 0, device, sendSeq, state, code, reason: reasonOfCode(code) } as const
    commits.tell(() => events.emit('messageState', event))
  }

  #isNew(group: ConversationId, number: number): boolean {
    const { commits, shown } = this.#host
    if (!shown.raise(group, number)) return false
    commits.put(`shown-in-group/${group}`, number)
    commits.tell(() => shown.stored(group, number))
    return true
  }
}

/** The stored form of a change that came. */
export function storedChange(conversation: ConversationId, version: number, item: GroupChangeItem): StoredMessage {
  const { number, atMs } = item
  const change = changeOf(item)
  const id = { conversation, sender: change.by, device: 0, sendSeq: 0, version, number }
  return { ...id, atMs, text: '', change, code: 0 }
}

/** A message or change of this group that no timeline has, as it would be stored; undefined for anything else. */
export function asIfStored(group: ConversationId, { content }: Item): StoredMessage | undefined {
  if (content?.case !== 'conversationMessage' && content?.case !== 'groupChange') return undefined
  if (content.value.conversation !== group) return undefined
  return content.case === 'groupChange' ? storedChange(group, 0, content.value) : storedMessage(group, 0, content.value)
}

/** The change that is kept in the history as this entry. */
export function keptChange({ conversation, number = 0, atMs, change }: StoredMessage): GroupChange | undefined {
  return change && { conversation, number, atMs, ...change }
}

function isGroup(conversation: string): conversation is ConversationId {
  return isConversationId(conversation) && isGroupConversation(conversation)
}

function keyOf(device: number, sendSeq: number): string {
  return `${device}/${sendSeq}`
}

// Takes pages of a conversation's past, which the server has and this device does not, into the local copy.
//
//   stored here:                 oldest ─ … ─ newest, and all that will come: without a hole
//   a page:      (from ───── to]                        joins if to reaches the oldest: then it is stored before it
//
// So what is stored of a conversation is one range, which grows down as somebody reads on. A page from elsewhere, such as around a
// message that an old one answers, is shown and not kept.
//
// A page may have been made before something that is applied already. So what lies above the applied version is left to the timeline,
// and what changed since the page was asked for is noted (FollowUps.note).
import { CODES } from '../../../protocol/codes.js'
import { type ConversationId, isGroupConversation, peerOf } from '../../../protocol/conversation-id.js'
import {
  createHistoryRequest,
  createHistoryResponse,
  type HistoryRequest,
  type HistoryResponse,
  type Item,
} from '../../../protocol/generated/messages.js'
import { itemVersions } from '../../../protocol/item-codec.js'
import { BrokenServer, LongwireError } from '../base/errors.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Calls } from '../connection/calls.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import {
  FIRST_POSITION,
  type HistoryPage,
  isNamed,
  type Json,
  type Storage,
  type StoredMessage,
  type StoredRange,
} from '../storage/storage.js'
import type { Acks } from './acks.js'
import { storedMessage } from './extras.js'
import type { ChangeNote, FollowUps } from './follow-ups.js'
import { storedChange } from './group-inbox.js'
import type { Seen, Shown } from './shown.js'

/** Messages that are read at once to find the oldest one with a version. An own one that failed has none. */
const READ_AT_ONCE = 64

export interface PastHost {
  readonly lifetime: Lifetime
  readonly identity: Identity
  readonly storage: Storage
  readonly commits: Commits
  readonly calls: Calls
  readonly shown: Shown
  readonly acks: Acks
  readonly followUps: FollowUps
  /** The version up to which the timeline is applied. */
  applied(): number
}

/** A page from the server: all that is there of the conversation in (from, to], the oldest first. */
export interface PastPage {
  readonly messages: readonly StoredMessage[]
  readonly from: number
  readonly to: number
  /** It lies right before what is stored here, and was stored there. */
  readonly joined: boolean
  /** The version of the oldest message that was stored before; 0: none was. */
  readonly oldest: number
}

export class Past {
  readonly #host: PastHost
  /** The version of the oldest message of each conversation of which nothing older is anywhere. */
  readonly #beginnings = new Map<ConversationId, number>()
  /** The version that the copy began behind; 0: it has the timeline from its beginning. */
  #horizon = 0
  /** Pages are stored one after the other: each is compared with what is there then. */
  #storing: Promise<unknown> = Promise.resolve()

  constructor(host: PastHost) {
    this.#host = host
  }

  load(horizon: number): void {
    this.#horizon = horizon
  }

  loadBeginning(conversation: ConversationId, json: Json): void {
    this.#beginnings.set(conversation, json as number)
  }

  /** Versions begin anew. */
  reset(): void {
    for (const conversation of this.#beginnings.keys()) this.#host.commits.put(`begins/${conversation}`, undefined)
    this.#host.commits.put('horizon', undefined)
    this.clear()
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  clear(): void {
    this.#beginnings.clear()
    this.#horizon = 0
  }

  /** The copy begins at the head of a timeline: what is up to it was never here. */
  beginAt(head: number): void {
    this.#horizon = head
    this.#host.commits.put('horizon', head)
  }

  /** Whether the server may have something older of the conversation than this version. */
  goesBelow(conversation: ConversationId, version: number): boolean {
    return isAtServer(conversation) && version > (this.#beginnings.get(conversation) ?? 0)
  }

  /** Whether the server may have something of a conversation of which nothing is stored here. */
  reaches(conversation: ConversationId): boolean {
    return this.goesBelow(conversation, this.#horizon)
  }

  /** Asks the server for a page. @throws LongwireError */
  async ask(conversation: ConversationId, where: Partial<Omit<HistoryRequest, 'conversation'>>): Promise<PastPage> {
    const { calls, followUps } = this.#host
    const note = followUps.note()
    try {
      const request = createHistoryRequest({ ...where, conversation })
      const response = await calls.ask('history', request).catch(notKnown)
      const applied = this.#host.applied()
      const messages = this.#messages(conversation, response, applied)
      // What was applied before is stored first, then the page is compared with it.
      await this.#stored()
      const turn = this.#storing.then(() => this.#store(conversation, response, { messages, applied, note }))
      this.#storing = turn.catch(() => {})
      return await turn
    } finally {
      note.end()
    }
  }

  /** The newest message of a conversation, here or at the server. @throws LongwireError */
  async newest(conversation: ConversationId): Promise<StoredMessage | undefined> {
    const here = await this.stored(conversation, { limit: 1 })
    if (here.messages.length > 0 || !this.reaches(conversation)) return here.messages[0]
    const page = await this.ask(conversation, { limit: 1 })
    return page.messages.at(-1)
  }

  /** A page of what is stored. @throws LongwireError STORAGE_FAILED */
  stored(conversation: ConversationId, range: StoredRange): Promise<HistoryPage> {
    return this.#host.lifetime.answer<HistoryPage>((resolve, reject) => {
      this.#host.storage.history(conversation, range, (error, page) => {
        if (error === undefined) resolve(page)
        else reject(LongwireError.local('STORAGE_FAILED', error))
      })
    })
  }

  /** The oldest version that is stored, and the own messages without one that stand before it. */
  async #first(
    conversation: ConversationId,
  ): Promise<{ readonly version: number | undefined; readonly unplaced: readonly StoredMessage[] }> {
    const unplaced: StoredMessage[] = []
    for (let after: number | undefined = FIRST_POSITION; after !== undefined; ) {
      const page: HistoryPage = await this.stored(conversation, { after, limit: READ_AT_ONCE })
      for (const message of page.messages) {
        if (message.version > 0) return { version: message.version, unplaced }
        unplaced.push(message)
      }
      after = page.after
    }
    return { version: undefined, unplaced }
  }

  /** Waits until all that was asked for is stored. */
  #stored(): Promise<void> {
    const { lifetime, commits } = this.#host
    return lifetime.answer<void>(resolve => commits.after(() => resolve()))
  }

  /** The messages of a page, without those that the timeline brings. */
  #messages(conversation: ConversationId, response: HistoryResponse, applied: number): StoredMessage[] {
    const { from, items, to } = response
    const versions = itemVersions(from, items)
    if (to < from || (versions.at(-1) ?? from) > to) throw new BrokenServer(`a page of history from ${from} to ${to}`)
    const failures = new Map<string, number>()
    const messages: StoredMessage[] = []
    for (const [i, { content }] of items.entries()) {
      const version = versions[i] ?? 0
      if (version > applied) break
      const message = messageOf(conversation, version, content)
      if (message !== undefined) messages.push(message)
      if (content?.case === 'failed')
        failures.set(`${content.value.device}/${content.value.sendSeq}`, content.value.code)
    }
    return messages.map(each => ({ ...each, code: failures.get(`${each.device}/${each.sendSeq}`) ?? each.code }))
  }

  async #store(
    conversation: ConversationId,
    { from, to }: HistoryResponse,
    page: { readonly messages: readonly StoredMessage[]; readonly applied: number; readonly note: ChangeNote },
  ): Promise<PastPage> {
    const { followUps, commits, acks, identity } = this.#host
    const first = await this.#first(conversation)
    const oldest = first.version ?? page.applied + 1
    const now = page.messages.map(each => page.note.now(each))
    const messages = now.filter(each => !followUps.isGone(each) && !first.unplaced.some(own => isNamed(own, each)))
    const joined = to >= oldest - 1
    const seen = this.#shown(messages)
    if (joined) {
      const earlier = messages.filter(({ version }) => version < oldest)
      commits.prepend(earlier)
      if (from === 0) this.#begin(conversation, earlier[0]?.version ?? oldest)
    }
    acks.came(seen.filter(({ sender }) => sender !== identity.uid))
    await this.#stored()
    return { messages, from, to, joined, oldest: first.version ?? 0 }
  }

  #begin(conversation: ConversationId, version: number): void {
    this.#beginnings.set(conversation, version)
    this.#host.commits.put(`begins/${conversation}`, version)
  }

  /** Counts messages as shown, so that what happens to them is told. @returns the devices that sent direct ones */
  #shown(messages: readonly StoredMessage[]): Seen[] {
    const { shown, commits } = this.#host
    const devices = new Set<Seen>()
    for (const { conversation, sender, device, sendSeq, number } of messages) {
      if (isGroupConversation(conversation)) {
        if (number === undefined || !shown.raise(conversation, number)) continue
        commits.put(`shown-in-group/${conversation}`, number)
        commits.tell(() => shown.stored(conversation, number))
      } else {
        const seen = shown.of(sender, device)
        if (!seen.add(sendSeq)) continue
        commits.put(seen.key, seen.toJson())
        devices.add(seen)
      }
    }
    return [...devices]
  }
}

/** A server of before has no history: what is here is all there is. */
function notKnown(error: unknown): HistoryResponse {
  if (error instanceof LongwireError && error.code === CODES.UNKNOWN_METHOD.code) return createHistoryResponse()
  throw error
}

/** Whether the server keeps the conversation so that pages of it can be asked for. */
function isAtServer(conversation: ConversationId): boolean {
  return peerOf(conversation) !== undefined || isGroupConversation(conversation)
}

/** The message, or the change of a group, that an item of this conversation is; undefined if it is neither. */
export function messageOf(
  conversation: ConversationId,
  version: number,
  content: Item['content'],
): StoredMessage | undefined {
  switch (content?.case) {
    case 'message':
      return storedMessage(conversation, version, content.value)
    case 'conversationMessage':
      return storedMessage(conversation, version, content.value)
    case 'groupChange':
      return storedChange(conversation, version, content.value)
    default:
      return undefined
  }
}

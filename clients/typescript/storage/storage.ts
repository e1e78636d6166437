// The place where a client keeps what must survive its program: a few named values, and the messages. The library decides what is
// stored and when; a storage only keeps it.

import type { ConversationId } from '../../../protocol/conversation-id.js'
import type { Change } from '../base/group-words.js'

/** The type of a named value: it survives JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** A message as it is kept, or a change of a group between its messages. Objects handed to a storage are never changed afterwards. */
export interface StoredMessage {
  readonly conversation: ConversationId
  /** (sender, device, sendSeq) is the message's id. */
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  /** The message's place in the timeline; 0 if it is not known (yet). */
  readonly version: number
  /**
   * The time when the server accepted it, milliseconds since 1970. An own message not seen again yet has the time when it was
   * written.
   */
  readonly atMs: number
  readonly text: string
  /** The content of another kind; absent: it is text. */
  readonly content?: StoredContent
  /** What goes with it; absent: nothing. */
  readonly extra?: StoredExtra
  /** How it was changed since it was sent; absent: it was not. */
  readonly changed?: StoredChanges
  /** The place among a group's messages and changes. */
  readonly number?: number
  /** What has happened in a group: then it is no message. */
  readonly change?: Change
  /** 0, or why it failed: a code of the protocol. */
  readonly code: number
}

/** The content of a message that is not text. PROTOCOL.md, 7.17. */
export interface StoredContent {
  readonly kind: number
  /** The content's body in base64. */
  readonly body: string
}

/** The parts of a message beside its text or content. */
export interface StoredExtra {
  /** The message that it answers: sender, device, sendSeq, number. */
  readonly reply?: readonly [sender: number, device: number, sendSeq: number, number: number]
  /** Parts of the text that name users: start, length, uid. */
  readonly mentions?: readonly (readonly [start: number, length: number, uid: number])[]
  /** Bytes in base64. */
  readonly metadata?: string
  readonly forwarded?: true
}

/** A kind of reaction, and how many users have it; `mine`: this user does, in a direct conversation. */
export type StoredReaction = readonly [kind: string, count: number, mine?: true]

/** What has happened to a message since it was sent. */
export interface StoredChanges {
  readonly editedAtMs?: number
  readonly recalledBy?: number
  readonly withheld?: true
  readonly reactions?: readonly StoredReaction[]
}

/** The id of a stored message. In a group the number alone names it, where the stored message has one. */
export interface StoredId {
  readonly conversation: ConversationId
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  readonly number?: number
}

/** What became of an own message that was stored before it was known: it failed, or its copy came. */
export interface Outcome {
  readonly conversation: ConversationId
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  readonly code: number
  /** The version of the copy; absent: the message's stays. */
  readonly version?: number
}

/** The part of a message that may change later. */
export type Present = Pick<StoredMessage, 'text' | 'content' | 'extra' | 'changed'>

/** A stored message is as this from now on. Its old text is to be found nowhere then. If it is not stored, nothing happens. */
export interface Rewrite extends StoredId {
  /** Absent: the message goes. */
  readonly present?: Present
  /** Called before the commit is done, if the message is stored. */
  readonly found?: () => void
}

/** All messages of a conversation with a version up to this one go, and are to be found nowhere then. One without a version stays. */
export interface Clearing {
  readonly conversation: ConversationId
  readonly upTo: number
}

/** Changes that are made together. Applied in this order: forget, values, messages, earlier, outcomes, rewrites, clearings. */
export interface Changes {
  /** Whether everything stored before goes, values and messages. */
  readonly forget: boolean
  /** The values by name; undefined removes. */
  readonly values: ReadonlyMap<string, Json | undefined>
  readonly messages: readonly StoredMessage[]
  /**
   * Messages that are older than all that is stored of their conversations, the oldest of each first. They are a copy of what the server
   * has: a storage that keeps a number of messages leaves out the oldest of them.
   */
  readonly earlier: readonly StoredMessage[]
  readonly outcomes: readonly Outcome[]
  readonly rewrites: readonly Rewrite[]
  readonly clearings: readonly Clearing[]
}

export interface HistoryPage {
  /** Oldest first. */
  readonly messages: readonly StoredMessage[]
  /** The position that the page before this one ends at; undefined if nothing older is stored. */
  readonly before: number | undefined
  /** The position that the page after this one begins behind; undefined if nothing newer is stored. */
  readonly after: number | undefined
}

/** A page of what is stored of a conversation: at most one of `before`, `after` and `around`; with none the newest. */
export interface StoredRange {
  readonly limit: number
  /** A position of another page. */
  readonly before?: number | undefined
  /** A position of another page; `FIRST_POSITION`: the oldest. */
  readonly after?: number | undefined
  /** A message: half of the page is before it. If it is not stored, the page is empty. */
  readonly around?: Omit<StoredId, 'conversation'> | undefined
}

/** A position before all others. */
export const FIRST_POSITION = Number.MIN_SAFE_INTEGER

/** Takes a page of the history; with an error the page is empty. */
export type HistoryDone = (error: Error | undefined, page: HistoryPage) => void

/** Texts that are looked for in what is stored. */
export interface StoredQuery {
  /** Part of the text of each, in lower case. */
  readonly text: string
  /** Absent: all conversations. */
  readonly conversation?: ConversationId | undefined
  readonly limit: number
}

/** Takes what was found; with an error it is empty. */
export type SearchDone = (error: Error | undefined, messages: readonly StoredMessage[]) => void

/**
 * Callbacks may be called at once or later, each exactly once. One commit is under way at a time. After an error the client
 * stops; whether the changes were kept is then open, as after a crash.
 */
export interface Storage {
  /** Called once, before anything else. */
  open(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void
  /**
   * Stores changes, all or nothing, in the order of the calls. `done` is called when they will survive a crash. They are read
   * during the call only.
   */
  commit(changes: Changes, done: (error?: Error) => void): void
  /** Reads a page of a conversation. */
  history(conversation: ConversationId, range: StoredRange, done: HistoryDone): void
  /** Finds the messages whose texts hold a text, whatever the case: the newest first. */
  search(query: StoredQuery, done: SearchDone): void
  /** Lets go of what it holds. Also of one whose open() or commit() failed; may be called again. */
  close(done: () => void): void
  /** Watches a storage that may fail by itself, while nothing is asked of it: `failed` is called then, once at the most. */
  watch?(failed: (error: Error) => void): void
}

export interface HistoryOptions {
  /** The number of messages kept of each conversation, the newest; 0 keeps none. Default 500. */
  readonly historyPerConversation?: number
}

export const HISTORY_PER_CONVERSATION_DEFAULT = 500

/** Whether a stored message is the one of this id. */
export function isNamed(
  message: StoredMessage,
  { sender, device, sendSeq, number = 0 }: Omit<StoredId, 'conversation'>,
): boolean {
  if (message.change !== undefined) return false
  if (number > 0 && message.number !== undefined) return message.number === number
  return message.sendSeq === sendSeq && message.device === device && message.sender === sender
}

/** Whether a stored message is one that is looked for. */
export function isFound({ text, change }: Pick<StoredMessage, 'text' | 'change'>, query: StoredQuery): boolean {
  return change === undefined && text.toLowerCase().includes(query.text)
}

/** Whether a message with this version is among those that are cleared up to a version. */
export function isCleared(version: number, upTo: number): boolean {
  return version > 0 && version <= upTo
}

/** The part of a stored message that may change, without the rest. */
export function presentIn({ text, content, extra, changed }: StoredMessage): Present {
  return { text, ...(content && { content }), ...(extra && { extra }), ...(changed && { changed }) }
}

/** A stored message with what became of it. */
export function settled(message: StoredMessage, { code, version = message.version }: Outcome): StoredMessage {
  return { ...message, code, version }
}

/** A stored message with another present. */
export function rewritten(message: StoredMessage, { text, content, extra, changed }: Present): StoredMessage {
  const { content: _content, extra: _extra, changed: _changed, ...rest } = message
  return { ...rest, text, ...(content && { content }), ...(extra && { extra }), ...(changed && { changed }) }
}

/** Closes a storage. One of the application's own may throw: `done` is called all the same. */
export function closeStorage(storage: Storage, done: () => void): void {
  try {
    storage.close(done)
  } catch {
    done()
  }
}

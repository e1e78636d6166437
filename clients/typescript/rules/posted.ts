// The messages and acts of this user's devices here that a group was handed and has not judged yet.
//
//   accepted ──own copy, in the group's order──► history
//      └───────Failed──────────────────────────► history, as failed
//
// A message has no place in the history until the group has given it one, so it is stored here meanwhile. An act needs no
// item. The last 64 are kept, so that a failure can be told with its name, once.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import type { OperationName } from '../base/operation.js'
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'
import type { Receipts } from './receipts.js'
import { type Rich, SentMessage } from './sent-message.js'

/** The acts of which a failure is told. A failure takes moments; while a group's outbox waits, an hour of acts by hand. */
const ACTS_MAX = 64

/** The acts about messages that a group may refuse, by their names in messages.ts of the API. */
const MESSAGE_ACTS = ['edit', 'recall', 'forward', 'react'] as const

/** An act in a group, by its name in groups.ts, or in messages.ts of the API. */
export type GroupActName = (typeof MESSAGE_ACTS)[number] | GroupMethodName

type GroupMethodName = OperationName extends infer N ? (N extends `group${infer A}` ? Uncapitalize<A> : never) : never

type Act = readonly [device: number, sendSeq: number, name: GroupActName]

export class Posted {
  readonly #commits: Commits
  readonly #receipts: Receipts
  /** The messages by device and number. */
  readonly #messages = new Map<string, SentMessage>()
  #acts: readonly Act[] = []

  constructor(commits: Commits, receipts: Receipts) {
    this.#commits = commits
    this.#receipts = receipts
  }

  /** The messages of a conversation that wait for their place, in order of number. */
  in(conversation: ConversationId): SentMessage[] {
    return [...this.#messages.values()].filter(each => each.conversation === conversation).sort(byNumber)
  }

  /** All that wait for their place. */
  all(): Iterable<SentMessage> {
    return this.#messages.values()
  }

  /** A message of this device was accepted. */
  add(message: SentMessage): void {
    const { conversation, device, sendSeq, text, atMs, rich } = message
    const further = Object.keys(rich).length > 0 ? [rich as unknown as Json] : []
    this.#messages.set(keyOf(device, sendSeq), message)
    this.#commits.put(`posted/${device}/${sendSeq}`, [conversation, text, atMs, ...further])
  }

  /** Takes out a message whose place is known, or that failed; undefined if it does not wait here. */
  take(device: number, sendSeq: number): SentMessage | undefined {
    const key = keyOf(device, sendSeq)
    const message = this.#messages.get(key)
    if (message === undefined) return undefined
    this.#messages.delete(key)
    this.#commits.put(`posted/${key}`, undefined)
    return message
  }

  /** An act was taken. Others than those in groups are of no concern here. */
  did(device: number, sendSeq: number, method: OperationName): void {
    const name = actName(method)
    if (name !== undefined) this.#putActs([...this.#acts, [device, sendSeq, name] as const].slice(-ACTS_MAX))
  }

  /** Takes out an act that failed; undefined if there was none under the number. */
  takeAct(device: number, sendSeq: number): GroupActName | undefined {
    const act = this.#acts.find(each => each[0] === device && each[1] === sendSeq)
    if (act !== undefined) this.#putActs(this.#acts.filter(each => each !== act))
    return act?.[2]
  }

  load(sender: number, device: number, sendSeq: number, json: Json): void {
    const [conversation, text, atMs, rich] = json as unknown as readonly [ConversationId, string, number, Rich?]
    const message = new SentMessage({ sender, device, sendSeq, conversation, text, atMs, ...rich }, this.#receipts)
    message.progress = 'accepted'
    this.#messages.set(keyOf(device, sendSeq), message)
  }

  loadActs(json: Json): void {
    this.#acts = json as unknown as readonly Act[]
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  clear(): void {
    this.#messages.clear()
    this.#acts = []
  }

  #putActs(acts: readonly Act[]): void {
    this.#acts = acts
    this.#commits.put('group-acts', acts as unknown as Json)
  }
}

function actName(method: OperationName): GroupActName | undefined {
  const act = MESSAGE_ACTS.find(each => each === method)
  if (act !== undefined || !method.startsWith('group')) return act
  return `${method.charAt(5).toLowerCase()}${method.slice(6)}` as GroupActName
}

function keyOf(device: number, sendSeq: number): string {
  return `${device}/${sendSeq}`
}

function byNumber(x: SentMessage, y: SentMessage): number {
  return x.sendSeq - y.sendSeq
}

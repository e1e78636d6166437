/** Watches what people do about messages that are there: who asked for which text, which recall, which deletion, and what came of it. */

import { CODES } from '../../protocol/codes.js'
import type { Message } from '../../protocol/generated/messages.js'
import { type MessageId, nameOf } from './witness.js'

export type What = 'edit' | 'recall' | 'delete'

/** A message by what names it: in a group its number alone. */
export interface Named extends MessageId {
  readonly conversation: string
  readonly number?: number
}

/** What became of a request. */
export interface Outcome {
  /** Open: nobody knows, for the program was killed or the group has still to decide. */
  outcome: 'open' | 'taken' | 'refused'
}

export interface Asked extends Outcome {
  readonly what: What
  readonly of: string
  /** The user and device that asked, and the number of the request there. */
  readonly by: MessageId
  /** The new text of an edit; otherwise empty. */
  readonly text: string
}

/** What is found of a message where it stands. */
export type Present = Pick<Message, 'text' | 'state'>

/** Texts that can be found wherever they are. A nickname is no message. */
const TEXT = /(?<!nick )text (\d+);/g

export class Changes {
  readonly #asked = new Map<string, Asked[]>()
  /** The texts with which messages were sent, by name. */
  readonly #sent = new Map<string, string>()

  /** A phone has given a number to a request: to a message with this text, or to something else. */
  queued(name: string, text: string | undefined): void {
    if (text === undefined) this.#sent.delete(name)
    else this.#sent.set(name, text)
  }

  /** Whether the number was given to a message. */
  isMessage(name: string): boolean {
    return this.#sent.has(name)
  }

  ask(what: What, message: Named, by: MessageId, text = ''): Asked {
    const asked: Asked = { what, of: keyOf(message), by, text, outcome: 'open' }
    const others = this.#asked.get(asked.of) ?? []
    others.push(asked)
    this.#asked.set(asked.of, others)
    return asked
  }

  /** What was asked about a message and not refused, in the order of the asking. */
  of(message: Named, what?: What): readonly Asked[] {
    const all = this.#asked.get(keyOf(message)) ?? []
    return all.filter(each => each.outcome !== 'refused' && (what === undefined || each.what === what))
  }

  /** Whether the message may have that text: it was sent with it, or an edit named it. */
  mayBe(message: Named, text: string): boolean {
    return this.original(message) === text || this.of(message, 'edit').some(each => each.text === text)
  }

  /** The number of requests of a kind that were taken. */
  count(what: What): number {
    return [...this.#asked.values()].flat().filter(each => each.what === what && each.outcome === 'taken').length
  }

  original(message: Named): string | undefined {
    return this.#sent.get(nameOf(message))
  }

  /** What is wrong with a message that is deleted for this user, or is not. */
  wrongDeletion(message: Named, uid: number, isDeleted: boolean): string[] {
    const asked = this.of(message, 'delete').filter(({ by }) => by.sender === uid)
    if (isDeleted) return asked.length > 0 ? [] : [`${keyOf(message)} is deleted for ${uid}, who did not ask`]
    const isTaken = asked.some(({ outcome }) => outcome === 'taken')
    return isTaken ? [`${keyOf(message)} was deleted by ${uid}, and is there`] : []
  }

  /**
   * What is wrong with a message where its author's requests are decided.
   * @param isKnown whether what this user was told is known to the end
   */
  wrongWith(message: Named, { text, state }: Present, failed: ReadonlySet<string>, isKnown: (uid: number) => boolean) {
    const name = keyOf(message)
    const asked = this.of(message).filter(({ by, what }) => what !== 'delete' && !failed.has(nameOf(by)))
    const taken = asked.filter(({ by, outcome }) => outcome === 'taken' && isKnown(by.sender))
    const recalledBy = state?.recalledBy ?? 0
    if (recalledBy !== 0) {
      const isAsked = asked.some(({ what, by }) => what === 'recall' && by.sender === recalledBy)
      return isAsked && text === ''
        ? []
        : [`${name} was recalled by ${recalledBy}, who did not ask, or says "${cut(text)}"`]
    }
    if (taken.some(({ what }) => what === 'recall')) return [`${name} was taken back, and says "${cut(text)}"`]
    const edits = taken.filter(({ what }) => what === 'edit')
    const shown = asked.find(each => each.what === 'edit' && each.text === text)
    const isOriginal = text === this.original(message)
    if (shown === undefined && !isOriginal) return [`${name} says "${cut(text)}", which nobody wrote`]
    const later = edits.find(({ by }) => shown === undefined || isBehind(by, shown.by))
    return later === undefined ? [] : [`${name} says "${cut(text)}", and was edited to "${cut(later.text)}"`]
  }
}

/** Whether the request is of the same device, and a later one. */
function isBehind(a: MessageId, b: MessageId): boolean {
  return a.sender === b.sender && a.device === b.device && a.sendSeq > b.sendSeq
}

export function keyOf(message: Named): string {
  const { conversation, number = 0 } = message
  return number > 0 ? `${conversation}/${number}` : nameOf(message)
}

/** The texts of messages that are in these bytes. */
export function textsIn(bytes: string): string[] {
  return Array.from(bytes.matchAll(TEXT), ([text]) => text)
}

function cut(text: string): string {
  return text.slice(0, 40)
}

/** Notes what becomes of a request. */
export function follow(asked: Outcome, request: Promise<void>): void {
  request.then(
    () => {
      asked.outcome = 'taken'
    },
    (error: { readonly code?: number }) => {
      const code = error.code ?? 0
      if (code > 0 && code !== CODES.SETTLED.code) asked.outcome = 'refused'
    },
  )
}

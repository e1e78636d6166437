/** Watches who asked for which reactions to which messages, and says whether a message has what came of it. */

import type { StoredMessage } from '../../clients/typescript/storage/storage.js'
import type { Message } from '../../protocol/generated/messages.js'
import { keyOf, type Named, type Outcome } from './changes.js'
import { type MessageId, nameOf } from './witness.js'

export interface AskedReaction extends Outcome {
  readonly kind: string
  /** Whether it is set; false: taken back. */
  readonly on: boolean
  /** The user and device that asked, and the number of the request there. */
  readonly by: MessageId
}

/** What is known of requests: which were refused later, and whether all that a user was told is known to the end. */
export interface Known {
  readonly failed: ReadonlySet<string>
  readonly isKnown: (uid: number) => boolean
}

type Present = Pick<Message, 'state'>

export class Reactions {
  readonly #asked = new Map<string, AskedReaction[]>()

  ask(message: Named, kind: string, on: boolean, by: MessageId): AskedReaction {
    const asked: AskedReaction = { kind, on, by, outcome: 'open' }
    const key = keyOf(message)
    this.#asked.set(key, [...(this.#asked.get(key) ?? []), asked])
    return asked
  }

  /** The number of requests that were taken. */
  get taken(): number {
    return [...this.#asked.values()].flat().filter(({ outcome }) => outcome === 'taken').length
  }

  /** What is wrong with the counts of a group's message. */
  wrongCounts(message: Named, { state }: Present, known: Known): string[] {
    return this.#wrong(message, state, known, ({ count }) => count)
  }

  /** What is wrong with a user's own reactions in the user's copy of a direct message. What the other side refused is there. */
  wrongOwn(message: Named, { state }: Present, uid: number): string[] {
    const known = { failed: new Set<string>(), isKnown: () => true }
    return this.#wrong(message, state, known, ({ mine }) => Number(mine), uid)
  }

  #wrong(
    message: Named,
    state: Present['state'],
    known: Known,
    countOf: (reaction: { readonly count: number; readonly mine: boolean }) => number,
    uid?: number,
  ): string[] {
    // What is taken back has none.
    if (state?.recalledBy)
      return state.reactions.length === 0 ? [] : [`${keyOf(message)} is taken back, with reactions`]
    const asked = (this.#asked.get(keyOf(message)) ?? []).filter(
      ({ by, outcome }) =>
        outcome !== 'refused' && !known.failed.has(nameOf(by)) && (uid === undefined || by.sender === uid),
    )
    const present = state?.reactions ?? []
    const kinds = new Set([...asked, ...present].map(({ kind }) => kind))
    return [...kinds].flatMap(kind => {
      const reaction = present.find(each => each.kind === kind)
      const count = reaction === undefined ? 0 : countOf(reaction)
      const { least, most } = bounds(
        asked.filter(each => each.kind === kind),
        known,
      )
      if (least <= count && count <= most) return []
      return [`${keyOf(message)} has ${count} times ${kind} in place of ${least} to ${most}`]
    })
  }
}

/** How many users may have a reaction after these requests. */
function bounds(asked: readonly AskedReaction[], known: Known): { readonly least: number; readonly most: number } {
  const may = [...new Set(asked.map(({ by }) => by.sender))].map(uid =>
    outcomes(
      asked.filter(({ by }) => by.sender === uid),
      known,
    ),
  )
  return {
    least: may.filter(each => !each.has(false)).length,
    most: may.filter(each => each.has(true)).length,
  }
}

/** What may have come of one user's requests: the last one decides, and whose that is only each device knows of its own. */
function outcomes(asked: readonly AskedReaction[], { isKnown }: Known): Set<boolean> {
  const may = new Set<boolean>()
  const isTaken = ({ outcome, by }: AskedReaction): boolean => outcome === 'taken' && isKnown(by.sender)
  if (!asked.some(isTaken)) may.add(false)
  for (const device of new Set(asked.map(({ by }) => by.device))) {
    const inOrder = asked.filter(({ by }) => by.device === device).sort((a, b) => a.by.sendSeq - b.by.sendSeq)
    for (const { on } of inOrder.slice(Math.max(inOrder.findLastIndex(isTaken), 0))) may.add(on)
  }
  return may
}

/** What differs between two copies of a direct message: each has what is `mine` to the other as the peer's. */
export function areMirrored({ state: one }: Present, { state: other }: Present): boolean {
  const own = (state: Present['state']): string[] => (state?.reactions ?? []).flatMap(r => (r.mine ? [r.kind] : []))
  const theirs = (state: Present['state']): string[] =>
    (state?.reactions ?? []).flatMap(({ kind, count, mine }) => (count > Number(mine) ? [kind] : []))
  const isSame = (a: string[], b: string[]): boolean => a.sort().join() === b.sort().join()
  return isSame(own(one), theirs(other)) && isSame(theirs(one), own(other))
}

/** Whether a phone shows a message's reactions as the server has them. */
export function showsReactions({ changed }: StoredMessage, { state }: Present): boolean {
  const has = (state?.reactions ?? []).map(({ kind, count, mine }) => [kind, count, ...(mine ? [true] : [])])
  return JSON.stringify(changed?.reactions ?? []) === JSON.stringify(has)
}

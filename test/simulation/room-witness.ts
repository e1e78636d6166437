/** Notes what people asked for on boards and what they were told, and compares the boards with it. */

import type { ConversationMessage } from '../../protocol/generated/messages.js'
import { isGone } from '../../src/sync/rules/message-state.js'
import type { Rid } from '../../src/sync/rules/room-records.js'
import { type MessageId, nameOf } from './witness.js'

type Outcome = 'taken' | 'refused' | 'unsure'

interface Post extends MessageId {
  readonly rid: Rid
  readonly text: string
  outcome: Outcome
}

interface Removal {
  readonly rid: Rid
  readonly number: number
  readonly by: MessageId
}

export class RoomWitness {
  readonly #posts = new Map<string, Post>()
  /** The posts, by room and number, that somebody asked to remove. */
  readonly #removing = new Set<string>()
  readonly #removals: Removal[] = []
  /** The highest number that each user has confirmed, by room and uid. */
  readonly #confirmed = new Map<string, number>()

  /** @returns what is to be told the answer */
  posted(rid: Rid, id: MessageId, text: string): (outcome: Outcome) => void {
    const post: Post = { ...id, rid, text, outcome: 'unsure' }
    this.#posts.set(nameOf(id), post)
    return outcome => {
      post.outcome = outcome
    }
  }

  removing(rid: Rid, number: number): void {
    this.#removing.add(`${rid} ${number}`)
  }

  /** The server took the removal. */
  removed(rid: Rid, number: number, by: MessageId): void {
    this.#removals.push({ rid, number, by })
  }

  /** The server took the confirmation. */
  confirmed(rid: Rid, uid: number, upTo: number): void {
    const key = `${rid} ${uid}`
    this.#confirmed.set(key, Math.max(upTo, this.#confirmed.get(key) ?? 0))
  }

  /** The number that the user's confirmation may not be below. */
  confirmedBy(rid: Rid, uid: number): number {
    return this.#confirmed.get(`${rid} ${uid}`) ?? 0
  }

  /**
   * What is wrong with a board, when all is settled.
   * @param failed the requests of which users were told that they failed, by name
   * @param users the uids of those who are told outcomes: deleted accounts are not
   */
  wrongOn(
    rid: Rid,
    posts: readonly ConversationMessage[],
    failed: ReadonlyMap<string, MessageId>,
    users: ReadonlySet<number>,
  ): string[] {
    const found: string[] = []
    const there = new Set<string>()
    const last = new Map<string, number>()
    for (const post of posts) {
      const name = nameOf(post)
      const known = this.#posts.get(name)
      const isRemoved = isGone(post) && post.text === '' && this.#removing.has(`${rid} ${post.number}`)
      if (known?.rid !== rid || known.outcome === 'refused')
        found.push(`board ${rid} has ${name}, as ${known?.outcome}`)
      else if (known.text !== post.text && !isRemoved) found.push(`board ${rid} has ${name} with another text`)
      if (there.has(name)) found.push(`board ${rid} has ${name} twice`)
      there.add(name)
      const from = `${post.sender}/${post.device}`
      if (post.sendSeq < (last.get(from) ?? 0)) found.push(`board ${rid} has ${name} after a later one`)
      last.set(from, post.sendSeq)
    }
    for (const [name, { outcome, sender, rid: of }] of this.#posts) {
      if (of === rid && users.has(sender) && outcome === 'taken' && there.has(name) === failed.has(name))
        found.push(`${name} was taken, and is ${there.has(name) ? 'there and failed' : 'not there'}, of board ${rid}`)
    }
    for (const { number, by } of this.#removals.filter(each => each.rid === rid)) {
      const post = posts.find(each => each.number === number)
      if (post !== undefined && users.has(by.sender) && !isGone(post) && !failed.has(nameOf(by)))
        found.push(`the removal of ${number} by ${nameOf(by)} was taken, and it is still there, of board ${rid}`)
    }
    return found
  }
}

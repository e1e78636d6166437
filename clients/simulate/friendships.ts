/** The second phase of a run: every friendship of the graph is requested by one side and accepted by the other. */

import { messageOf } from '../../src/lib/error-message.js'
import { LongwireError } from '../typescript/index.js'
import type { Person } from './crowd.js'
import type { Graph } from './graph.js'
import { isLimit, WIDER_LIMITS } from './limited.js'
import type { Phase } from './phase.js'

export class Friendships implements Phase {
  readonly name = 'friends'
  readonly #people: readonly Person[]
  readonly #graph: Graph
  readonly #onFailure: (message: string) => void
  /** The uids, per person, that are seen as friends. */
  readonly #friends: readonly Set<number>[]
  /** Sides of friendships, and steps on the way. */
  #sides = 0
  #steps = 0
  #done: () => void = () => {}

  constructor(people: readonly Person[], graph: Graph, onFailure: (message: string) => void) {
    this.#people = people
    this.#graph = graph
    this.#onFailure = onFailure
    this.#friends = people.map(() => new Set())
  }

  get steps(): number {
    return this.#steps
  }

  progress(): string {
    return `${this.#sides >> 1} of ${this.#graph.friendships} friendships`
  }

  async run(): Promise<void> {
    const listening = this.#people.map(person => this.#listen(person))
    await new Promise<void>(resolve => {
      this.#done = resolve
      for (const person of this.#people) this.#ask(person)
    })
    for (const off of listening) off()
  }

  #listen(person: Person): () => void {
    const contacts = person.devices[0]?.client.contacts
    const off = person.devices[0]?.client.on('contact', ({ uid, state }) => {
      this.#steps++
      if (state === 'invited') contacts?.accept(uid).catch(error => this.#failed(person, 'accept', uid, error))
      if (state === 'friend') this.#found(person, uid)
    })
    return off ?? (() => {})
  }

  /** Asks those friends whose number is higher; the others ask. */
  #ask(person: Person): void {
    const contacts = person.devices[0]?.client.contacts
    for (const number of this.#graph.friends[person.number] ?? []) {
      const uid = this.#people[number]?.uid ?? 0
      if (number > person.number) {
        contacts?.request(uid).catch(error => this.#failed(person, 'ask', uid, error))
      }
    }
  }

  #found(person: Person, uid: number): void {
    const friends = this.#friends[person.number]
    if (friends === undefined || friends.has(uid)) return
    friends.add(uid)
    this.#sides++
    if (this.#sides === 2 * this.#graph.friendships) this.#done()
  }

  #failed(person: Person, what: string, uid: number, error: unknown): void {
    const why = messageOf(error)
    const limited = error instanceof LongwireError && isLimit(error.reason) ? `; ${WIDER_LIMITS}` : ''
    this.#onFailure(`person ${person.number} could not ${what} ${uid} to be a friend: ${why}${limited}`)
  }
}

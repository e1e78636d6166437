/**
 * The changes of members while messages go: members leave or are removed by the owner, and are invited again as soon as they are out. The
 * owner stays. At the end everybody is a member again.
 */

import { CODES, codeName } from '../../protocol/codes.js'
import { type Clock, pause } from '../../src/lib/clock.js'
import { messageOf } from '../../src/lib/error-message.js'
import type { Random } from '../../src/lib/random.js'
import type { ConversationId, Groups } from '../typescript/index.js'
import type { Person } from './crowd.js'
import { acceptInvitations, type Circle } from './gathering.js'

/** The time between two looks; at each look one member of each group may have to go. */
const TICK_MS = 100

/** One of so many looks at a group makes a member go. */
const ODDS = 3

export interface ChurnSpec {
  readonly circles: readonly Circle[]
  readonly people: readonly Person[]
  readonly clock: Clock
  readonly random: Random
  readonly onFailure: (message: string) => void
}

/** Refusals of messages by who is out of the group for the moment. */
export const REFUSALS_OF_CHURN: ReadonlySet<string> = new Set(
  [CODES.NO_SUCH_GROUP, CODES.NOT_MEMBER].map(({ code }) => codeName(code)),
)

export class Churn {
  readonly #circles: readonly Circle[]
  readonly #people: readonly Person[]
  readonly #clock: Clock
  readonly #random: Random
  readonly #onFailure: (message: string) => void
  /** Who is out of which group, or on the way, and whether the owner has invited. */
  readonly #out = new Map<string, 'going' | 'invited'>()
  /** The memberships that were ended, and begun anew. */
  #departures = 0
  #returns = 0
  #ending = false
  #stopped = false

  constructor({ circles, people, clock, random, onFailure }: ChurnSpec) {
    this.#circles = circles
    this.#people = people
    this.#clock = clock
    this.#random = random
    this.#onFailure = onFailure
  }

  /** Goes on until end() was called and everybody is back, or stop(). */
  async run(): Promise<void> {
    const listening = this.#people.flatMap(person => acceptInvitations(person, this.#onFailure))
    while (!this.#stopped && !(this.#ending && this.#out.size === 0)) {
      for (const circle of this.#circles) this.#look(circle)
      await pause(this.#clock, TICK_MS)
    }
    for (const off of listening) off()
  }

  /** Lets everybody come back, and ends. */
  end(): void {
    this.#ending = true
  }

  /** Ends at once, for the run has failed. */
  stop(): void {
    this.#stopped = true
  }

  progress(): string {
    return `${this.#departures} left or removed, ${this.#returns} back`
  }

  #look({ members, conversation }: Circle): void {
    const [owner, ...others] = members
    if (owner === undefined || conversation === undefined) return
    for (const member of others) this.#follow(owner, member, conversation)
    if (this.#ending || this.#random.integer(ODDS) > 0) return
    const member = others[this.#random.integer(others.length)] as Person
    const key = `${conversation} ${member.number}`
    if (this.#out.has(key)) return
    this.#out.set(key, 'going')
    this.#departures++
    if (this.#random.integer(2) === 0) this.#do(member, 'leave', groupsOf(member)?.leave(conversation))
    else this.#do(owner, 'remove', groupsOf(owner)?.remove(conversation, member.uid))
  }

  /** Invites a member who is out, and notes one who is back. */
  #follow(owner: Person, member: Person, conversation: ConversationId): void {
    const key = `${conversation} ${member.number}`
    const how = this.#out.get(key)
    if (how === undefined) return
    const state = groupsOf(member)?.group(conversation)?.state
    if (how === 'going' && state === 'none') {
      this.#out.set(key, 'invited')
      this.#do(owner, 'invite', groupsOf(owner)?.invite(conversation, [member.uid]))
    } else if (how === 'invited' && state === 'member') {
      this.#out.delete(key)
      this.#returns++
    }
  }

  #do(person: Person, what: string, asked: Promise<void> | undefined): void {
    asked?.catch(error => this.#onFailure(`person ${person.number} could not ${what}: ${messageOf(error)}`))
  }
}

function groupsOf({ devices }: Person): Groups | undefined {
  return devices[0]?.client.groups
}

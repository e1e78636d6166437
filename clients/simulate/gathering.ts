/** The phase of a run that makes the groups: owners create them and invite, and everybody else accepts. */

import { GROUP_INVITEES_MAX } from '../../protocol/limits.js'
import { messageOf } from '../../src/lib/error-message.js'
import type { Random } from '../../src/lib/random.js'
import type { ConversationId } from '../typescript/index.js'
import type { Person } from './crowd.js'
import { shuffle } from './graph.js'
import type { Phase } from './phase.js'

/** A group of the run. */
export interface Circle {
  /** Its members; the first is the owner. */
  readonly members: readonly Person[]
  /** Its id; undefined before it is made. */
  conversation: ConversationId | undefined
}

/** Circles of random people, each person in as many as any other, or in one more. */
export function makeCircles(people: readonly Person[], groups: number, size: number, random: Random): Circle[] {
  const order = people.map(({ number }) => number)
  shuffle(order, random)
  let next = 0
  const take = (): Person => people[order[next++ % order.length] as number] as Person
  return Array.from({ length: groups }, () => ({
    members: Array.from({ length: size }, take),
    conversation: undefined,
  }))
}

export class Gathering implements Phase {
  readonly name = 'groups'
  readonly #circles: readonly Circle[]
  readonly #people: readonly Person[]
  readonly #onFailure: (message: string) => void
  /** The devices that know of a membership of their user's, with the group. */
  readonly #known = new Set<string>()
  readonly #total: number
  #steps = 0
  #done: () => void = () => {}

  constructor(circles: readonly Circle[], people: readonly Person[], onFailure: (message: string) => void) {
    this.#circles = circles
    this.#people = people
    this.#onFailure = onFailure
    this.#total = circles
      .flatMap(({ members }) => members.map(({ devices }) => devices.length))
      .reduce((a, b) => a + b, 0)
  }

  get steps(): number {
    return this.#steps
  }

  progress(): string {
    return `${this.#circles.length} groups, ${this.#known.size} of ${this.#total} memberships on devices`
  }

  async run(): Promise<void> {
    const listening = this.#people.flatMap(person => this.#listen(person))
    await new Promise<void>(resolve => {
      this.#done = resolve
      for (const [number, circle] of this.#circles.entries()) {
        this.#make(circle, `group ${number + 1}`).catch(error => {
          this.#onFailure(`group ${number + 1} could not be made: ${messageOf(error)}`)
        })
      }
    })
    for (const off of listening) off()
  }

  async #make(circle: Circle, title: string): Promise<void> {
    const [owner, ...others] = circle.members
    const groups = owner?.devices[0]?.client.groups
    if (groups === undefined) return
    const uids = others.map(({ uid }) => uid)
    circle.conversation = await groups.create(title, uids.slice(0, GROUP_INVITEES_MAX))
    for (let next = GROUP_INVITEES_MAX; next < uids.length; next += GROUP_INVITEES_MAX) {
      await groups.invite(circle.conversation, uids.slice(next, next + GROUP_INVITEES_MAX))
    }
    this.#check()
  }

  #listen(person: Person): (() => void)[] {
    const offs = acceptInvitations(person, this.#onFailure)
    for (const [index, { client }] of person.devices.entries()) {
      const off = client.on('group', ({ conversation, state }) => {
        this.#steps++
        if (state === 'member') this.#known.add(`${conversation} ${person.number} ${index}`)
        this.#check()
      })
      offs.push(off)
    }
    return offs
  }

  #check(): void {
    if (this.#known.size === this.#total && this.#circles.every(circle => circle.conversation !== undefined))
      this.#done()
  }
}

/** Makes a person accept every invitation that is shown on the first device. @returns what ends it */
export function acceptInvitations(person: Person, onFailure: (message: string) => void): (() => void)[] {
  const client = person.devices[0]?.client
  if (client === undefined) return []
  const off = client.on('group', ({ conversation, state }) => {
    if (state !== 'invited') return
    client.groups.accept(conversation).catch(error => {
      // An invitation that ended meanwhile is not there to be accepted.
      if (client.groups.group(conversation)?.state !== 'invited') return
      onFailure(`person ${person.number} could not accept an invitation: ${messageOf(error)}`)
    })
  })
  return [off]
}

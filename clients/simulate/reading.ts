/**
 * The people who read while messages go: every second one marks what came in a conversation as read, now and then, on the first device.
 * The marks of direct conversations are noted for the unread counts at the end. Those of groups are asked for.
 */
import type { Clock, TimerHandle } from '../../src/lib/clock.js'
import type { Auditor } from './auditor.js'
import type { Person } from './crowd.js'
import type { Circle } from './gathering.js'

export interface ReadingSpec {
  readonly people: readonly Person[]
  /** The friends of each person, by number. */
  readonly friends: readonly (readonly number[])[]
  readonly circles: readonly Circle[]
  readonly auditor: Pick<Auditor, 'shownOf'>
  readonly clock: Clock
}

/** The time between two looks, and the conversations of one. */
const TICK_MS = 20
const AT_ONCE = 10

/** The times that a person marks a conversation; some do it once, and have more unread at the end. */
const MARKS_MAX = 2

/** A conversation of a person. */
interface Place {
  readonly person: Person
  readonly other: Person | Circle
  /** How often it is still marked. */
  left: number
}

export class Reading {
  readonly #spec: ReadingSpec
  readonly #places: readonly Place[]
  /** The highest numbers that were read, by the peer's device, of each user and peer. */
  readonly #read = new Map<string, ReadonlyMap<number, number>>()
  #next = 0
  #timer: TimerHandle | undefined

  constructor(spec: ReadingSpec) {
    this.#spec = spec
    const { people, friends, circles } = spec
    this.#places = people
      .filter(({ number }) => number % 2 === 1)
      .flatMap(person => {
        const left = 1 + (Math.floor(person.number / 2) % MARKS_MAX)
        const peers = (friends[person.number] ?? []).flatMap(friend => people[friend] ?? [])
        const own = circles.filter(({ members }) => members.includes(person))
        return [...peers, ...own].map(other => ({ person, other, left }))
      })
  }

  /** The user's marks of the devices of a peer. */
  marksOf(uid: number, peer: number): ReadonlyMap<number, number> {
    return this.#read.get(`${uid} ${peer}`) ?? new Map()
  }

  begin(): void {
    this.#timer = this.#spec.clock.after(TICK_MS, () => {
      const end = this.#next + Math.min(AT_ONCE, this.#places.length)
      for (; this.#next < end; this.#next++) this.#look(this.#places[this.#next % this.#places.length] as Place)
      this.begin()
    })
  }

  end(): void {
    this.#timer?.cancel()
  }

  #look(place: Place): void {
    const { person, other } = place
    const client = person.devices[0]?.client
    if (client === undefined || place.left === 0) return
    if ('uid' in other) {
      const shown = this.#spec.auditor.shownOf({ uid: person.uid, device: client.account.device }, other.uid)
      const before = this.marksOf(person.uid, other.uid)
      if (![...shown].some(([device, sendSeq]) => sendSeq > (before.get(device) ?? 0))) return
      client.markRead(other.uid)
      this.#read.set(`${person.uid} ${other.uid}`, shown)
    } else {
      if (other.conversation === undefined) return
      client.markRead(other.conversation)
    }
    place.left--
  }
}

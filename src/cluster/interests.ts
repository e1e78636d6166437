/**
 * What the clients of this node look at, and what those of other nodes do. A node says what it is interested in, and for how long that
 * counts. The others then tell it what happens, and nobody else. An interest is in a user (is she there, does she type), a group, or a room.
 *
 *   the first watcher comes ──► interest ──► all nodes: it counts INTEREST_MS, and is said again every RENEW_MS
 *                                  │ one where the user is ──► here, also at each renewal: believed for HERE_MS
 *                                  │ the user comes to one ──► here     leaves it ──► gone
 *   the last watcher goes: nothing is said, and the interest expires
 *
 * All of it is soft. A lost event costs a renewal. A node that is killed is no longer believed after HERE_MS, so its users are offline
 * within a minute. Nothing is sent for a user in whom nobody is interested.
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import { ExpiringTable } from '../lib/expiring-table.js'
import { Rota } from '../lib/rota.js'
import type { Defer } from '../lib/turn.js'
import type { NodeId } from '../store/types.js'
import { type Address, nodeAddress, type TransientEvent } from '../sync/events.js'

/** The time between two renewals of an interest. */
export const RENEW_MS = 15_000
/** The time for which an interest counts at other nodes: two renewals may be lost. */
export const INTEREST_MS = 40_000
/** The time for which a user is believed to be at a node that says so. Beyond it, the next look for what has expired is RENEW_MS away. */
export const HERE_MS = 40_000
/** The most addresses that a node is interested in: a watch beyond it is refused. */
export const INTERESTS_MAX = 65_536
/** The most addresses that a node remembers for others. Then the one that expires first makes way, and is heard again with its renewal. */
export const WANTED_MAX = 262_144
/** The most addresses in one event. */
const CHUNK = 512
const TICK_MS = 1_000
/** A known address has at most so many bytes. */
const ADDRESS_BYTES_MAX = 128

export interface InterestOptions {
  readonly node: NodeId
  readonly clock: Clock
  readonly defer: Defer
  /** Sends an event to other nodes. @param routes absent: to all, or to the one that it names */
  tell(event: TransientEvent, routes?: readonly NodeId[]): void
  /** Whether a user counts as being at this node. */
  isHere(user: Address): boolean
  /** Called when a user of interest may have come to another node, or left it. */
  changed(user: Address): void
}

/** An address that clients of this node look at. */
interface Own {
  /** The tables of this node that have somebody who looks: watches, and listeners of boards. */
  lookers: number
  /** The nodes at which the user is, with the time until when that is believed. */
  readonly at: Map<NodeId, number>
}

/** An address that other nodes are interested in. */
interface Wanted {
  readonly by: Map<NodeId, number>
  untilMs: number
}

export class Interests {
  readonly #options: InterestOptions
  readonly #own = new Map<Address, Own>()
  /** Which of the own addresses are renewed in which second. */
  readonly #rota = new Rota<Address>(RENEW_MS / TICK_MS)
  readonly #wanted: ExpiringTable<Wanted>
  /** The addresses that are new in this turn. */
  #asking: Address[] = []
  #timer: TimerHandle | undefined

  constructor(options: InterestOptions) {
    this.#options = options
    this.#wanted = new ExpiringTable<Wanted>(options.clock, WANTED_MAX, ({ untilMs }) => untilMs)
  }

  /** The number of addresses that clients here look at. */
  get size(): number {
    return this.#own.size
  }

  /** The number of addresses that other nodes are interested in, or were lately. */
  get wanted(): number {
    return this.#wanted.size
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Notes that clients here look at an address. To be taken back by remove(), once for each. */
  add(address: Address): void {
    const own = this.#own.get(address)
    if (own !== undefined) {
      own.lookers += 1
      return
    }
    this.#rota.add(address)
    this.#own.set(address, { lookers: 1, at: new Map() })
    this.#timer ??= this.#options.clock.after(TICK_MS, () => this.#renew())
    if (this.#asking.push(address) === 1) this.#options.defer(() => this.#ask())
  }

  /** Notes that those who were added do not look at it any more. */
  remove(address: Address): void {
    const own = this.#own.get(address)
    if (own === undefined) return
    own.lookers -= 1
    if (own.lookers > 0) return
    this.#rota.delete(address)
    this.#own.delete(address)
  }

  /** Whether a user that clients here look at is at another node, as far as this one has heard. */
  isElsewhere(user: Address): boolean {
    const at = this.#own.get(user)?.at
    return at !== undefined && at.size > 0
  }

  /** The other nodes that are interested in an address. */
  holders(address: Address): readonly NodeId[] {
    const wanted = this.#wanted.get(address)
    if (wanted === undefined) return []
    const nowMs = this.#options.clock.monotonic()
    for (const [node, untilMs] of wanted.by) if (untilMs <= nowMs) wanted.by.delete(node)
    return [...wanted.by.keys()]
  }

  /** Tells the nodes that are interested that a user has come to this one, or left it. */
  tell(user: Address, isHere: boolean): void {
    for (const node of this.holders(user)) this.#say(isHere ? 'here' : 'gone', [user], node)
  }

  /** Tells a node that has come of all that this one is interested in. */
  met(node: NodeId): void {
    this.#sayAll([...this.#own.keys()], node)
  }

  /** Takes an event of another node. @returns whether it is one about interests */
  take({ topic, from, bytes }: TransientEvent): boolean {
    if (topic === 'interest') this.#heard(from, addressesIn(bytes))
    else if (topic === 'here') for (const user of addressesIn(bytes)) this.#isAt(user, from)
    else if (topic === 'gone') for (const user of addressesIn(bytes)) this.#hasLeft(user, from)
    else return false
    return true
  }

  #heard(node: NodeId, addresses: readonly Address[]): void {
    const untilMs = this.#options.clock.monotonic() + INTEREST_MS
    for (const address of addresses) {
      const wanted = this.#wanted.get(address) ?? { by: new Map<NodeId, number>(), untilMs }
      wanted.by.set(node, untilMs)
      wanted.untilMs = untilMs
      this.#wanted.set(address, wanted)
    }
    const here = addresses.filter(address => this.#options.isHere(address))
    if (here.length > 0) this.#say('here', here, node)
  }

  #isAt(user: Address, node: NodeId): void {
    const at = this.#own.get(user)?.at
    if (at === undefined) return
    at.set(node, this.#options.clock.monotonic() + HERE_MS)
    this.#options.changed(user)
  }

  #hasLeft(user: Address, node: NodeId): void {
    if (this.#own.get(user)?.at.delete(node) === true) this.#options.changed(user)
  }

  #ask(): void {
    const asking = this.#asking
    this.#asking = []
    this.#sayAll(asking)
  }

  /** Renews the interests of this second, and forgets what was not said again. */
  #renew(): void {
    const { clock, changed } = this.#options
    const due = this.#rota.next()
    const nowMs = clock.monotonic()
    for (const address of due) {
      const own = this.#own.get(address)
      for (const [node, untilMs] of own?.at ?? []) {
        if (untilMs > nowMs) continue
        own?.at.delete(node)
        changed(address)
      }
    }
    this.#sayAll(due)
    this.#timer = this.#own.size === 0 ? undefined : clock.after(TICK_MS, () => this.#renew())
  }

  #sayAll(addresses: readonly Address[], to?: NodeId): void {
    for (let at = 0; at < addresses.length; at += CHUNK) this.#say('interest', addresses.slice(at, at + CHUNK), to)
  }

  #say(topic: string, addresses: readonly Address[], node?: NodeId): void {
    const { node: from, tell } = this.#options
    const to = node === undefined ? '' : nodeAddress(node)
    tell({ kind: 'transient', from, to, topic, bytes: Buffer.from(addresses.join('\n')) })
  }
}

/** The addresses in an event, at most as many as this node would write. */
function addressesIn(bytes: Uint8Array): readonly Address[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  return text.split('\n', CHUNK).filter(address => address !== '' && address.length <= ADDRESS_BYTES_MAX)
}

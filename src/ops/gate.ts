/**
 * Limits on connections: in total, because each takes a descriptor and memory, and per address, so that one machine cannot take them all.
 * An address costs one map entry while it has a connection, a connection with a session costs nothing.
 *
 * When a limit is reached, the oldest connection without a session is closed for the new one, which may belong to somebody with a
 * session. So idle connections behind an address keep nobody out who can log in.
 */

import { type AddressList, networkOf } from '../lib/network.js'

export interface ConnectionLimits {
  readonly totalMax: number
  /** Connections of one IPv4 address or one IPv6 /64 network; Infinity for no limit. */
  readonly perAddressMax: number
  /** The most refused connections at a time; beyond it the oldest is reset. Absent: 128. */
  readonly refusalsMax?: number
  /** Proxies, which bring many people: counted in the total only. */
  readonly exempt?: AddressList
}

const REFUSALS_MAX = 128

/** The socket of a connection without a session. It stands here once, from when it is accepted until it has a session or is gone. */
export interface Unauthenticated {
  /** Closes it at once. */
  destroy(): unknown
}

/** The number of addresses that are compared when all is full: the one with the most connections without a session loses one. */
const ADDRESSES_COMPARED = 8

export type Admission = 'admitted' | 'total' | 'address'

export class ConnectionGate {
  readonly limits: ConnectionLimits
  /** Counts of connections that each of the two limits refused, and of those that were closed for a new one. */
  readonly hits = { total: 0, address: 0, evicted: 0 }
  readonly #byAddress = new Map<string, number>()
  /** The connections without a session, by network, the oldest first. */
  readonly #unauthenticated = new Map<string, Set<Unauthenticated>>()
  #total = 0

  constructor(limits: ConnectionLimits) {
    this.limits = limits
  }

  get total(): number {
    return this.#total
  }

  /** The number of connections that it can take beside those that are there. */
  get free(): number {
    return Math.max(0, this.limits.totalMax - this.#total)
  }

  get addresses(): number {
    return this.#byAddress.size
  }

  /** The number of refused connections that may be there at a time. */
  get refusalsMax(): number {
    return this.limits.refusalsMax ?? REFUSALS_MAX
  }

  /** Counts a connection in, unless a limit forbids it. Each admitted one is released once. */
  admit(address: string): Admission {
    const counts = this.#countsAddress(address)
    const network = counts ? networkOf(address) : ''
    const count = this.#byAddress.get(network) ?? 0
    // The address first: one that is refused must not have taken anybody's place.
    const isAtBound = counts && count >= this.limits.perAddressMax
    if (isAtBound && !this.#evict(network)) {
      this.hits.address++
      return 'address'
    }
    if (this.#total >= this.limits.totalMax && !isAtBound && !this.#evict(this.#mostUnauthenticated())) {
      this.hits.total++
      return 'total'
    }
    if (counts) this.#byAddress.set(network, count + 1)
    this.#total++
    return 'admitted'
  }

  /** @param connection which may have no session yet */
  release(address: string, connection?: Unauthenticated): void {
    this.#total--
    if (connection !== undefined) this.removeUnauthenticated(address, connection)
    if (!this.#countsAddress(address)) return
    const key = networkOf(address)
    const count = this.#byAddress.get(key) ?? 0
    if (count > 1) this.#byAddress.set(key, count - 1)
    else this.#byAddress.delete(key)
  }

  /** Notes that an admitted connection has no session, for now. */
  addUnauthenticated(address: string, connection: Unauthenticated): void {
    // A proxy's connections are many people's.
    if (this.limits.exempt?.has(address) === true) return
    const key = networkOf(address)
    const connections = this.#unauthenticated.get(key)
    if (connections === undefined) this.#unauthenticated.set(key, new Set([connection]))
    else connections.add(connection)
  }

  /** Notes that it has a session, or is gone. Does nothing for one that was not added. */
  removeUnauthenticated(address: string, connection: Unauthenticated): void {
    this.#remove(networkOf(address), connection)
  }

  /** Closes the network's oldest connection without a session. Its place is taken from now on, and given back when its socket is gone. */
  #evict(network: string): boolean {
    const [oldest] = this.#unauthenticated.get(network) ?? []
    if (oldest === undefined) return false
    this.hits.evicted++
    this.#remove(network, oldest)
    oldest.destroy()
    return true
  }

  #remove(network: string, connection: Unauthenticated): void {
    const connections = this.#unauthenticated.get(network)
    if (connections?.delete(connection) === true && connections.size === 0) this.#unauthenticated.delete(network)
  }

  /** The network with the most connections without a session, of a few; '' if there are none. */
  #mostUnauthenticated(): string {
    let most = 0
    let found = ''
    let compared = 0
    for (const [network, { size }] of this.#unauthenticated) {
      if (size > most) {
        most = size
        found = network
      }
      compared++
      if (compared === ADDRESSES_COMPARED) break
    }
    return found
  }

  #countsAddress(address: string): boolean {
    const { perAddressMax, exempt } = this.limits
    return perAddressMax !== Number.POSITIVE_INFINITY && exempt?.has(address) !== true
  }
}

/**
 * Limits on connections: in total, because each takes a descriptor and memory, and per address, so that one machine cannot
 * take them all. An address costs one map entry while it has a connection, a connection costs nothing.
 */

import { type AddressList, networkOf } from '../lib/network.js'

export interface ConnectionLimits {
  readonly totalMax: number
  /** Connections of one IPv4 address or one IPv6 /64 network; Infinity for no limit. */
  readonly perAddressMax: number
  /** Refused connections of each side that are there at a time; then the oldest, or the new one, is reset. Absent: 64. */
  readonly refusalsMax?: number
  /** Proxies, which bring many people: counted in the total only. */
  readonly exempt?: AddressList
}

export const REFUSALS_MAX = 64

export type Admission = 'admitted' | 'total' | 'address'

export class ConnectionGate {
  readonly limits: ConnectionLimits
  /** How often each of the two limits refused a connection. */
  readonly hits = { total: 0, address: 0 }
  readonly #byAddress = new Map<string, number>()
  #total = 0

  constructor(limits: ConnectionLimits) {
    this.limits = limits
  }

  get total(): number {
    return this.#total
  }

  get addresses(): number {
    return this.#byAddress.size
  }

  /** Counts a connection in, unless a limit stands against it. Each admitted one is released once. */
  admit(address: string): Admission {
    if (this.#total >= this.limits.totalMax) {
      this.hits.total++
      return 'total'
    }
    if (this.#countsAddress(address)) {
      const key = networkOf(address)
      const count = this.#byAddress.get(key) ?? 0
      if (count >= this.limits.perAddressMax) {
        this.hits.address++
        return 'address'
      }
      this.#byAddress.set(key, count + 1)
    }
    this.#total++
    return 'admitted'
  }

  release(address: string): void {
    this.#total--
    if (!this.#countsAddress(address)) return
    const key = networkOf(address)
    const count = this.#byAddress.get(key) ?? 0
    if (count > 1) this.#byAddress.set(key, count - 1)
    else this.#byAddress.delete(key)
  }
  #countsAddress(address: string): boolean {
    const { perAddressMax, exempt } = this.limits
    return perAddressMax !== Number.POSITIVE_INFINITY && exempt?.has(address) !== true
  }
}

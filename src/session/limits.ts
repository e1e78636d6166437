/**
 * Limits on connections: in total, because each takes a descriptor and memory, and per address, so that one machine cannot
 * take them all. An address costs one map entry while it has a connection, a connection costs nothing.
 */

import { isIPv6 } from 'node:net'

export interface ConnectionLimits {
  readonly totalMax: number
  /** Connections of one IPv4 address or one IPv6 /64 network; Infinity for no limit. */
  readonly perAddressMax: number
}

export type Admission = 'admitted' | 'total' | 'address'

export class ConnectionGate {
  readonly limits: ConnectionLimits
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
    if (this.#total >= this.limits.totalMax) return 'total'
    if (this.limits.perAddressMax !== Number.POSITIVE_INFINITY) {
      const key = networkOf(address)
      const count = this.#byAddress.get(key) ?? 0
      if (count >= this.limits.perAddressMax) return 'address'
      this.#byAddress.set(key, count + 1)
    }
    this.#total++
    return 'admitted'
  }

  release(address: string): void {
    this.#total--
    if (this.limits.perAddressMax === Number.POSITIVE_INFINITY) return
    const key = networkOf(address)
    const count = this.#byAddress.get(key) ?? 0
    if (count > 1) this.#byAddress.set(key, count - 1)
    else this.#byAddress.delete(key)
  }
}

/** An IPv4 address that is written as IPv6 (dual-stack listeners say ::ffff:10.0.0.1) in its own form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * What limits count as one origin: an IPv4 address, also when it is written as IPv6, and of IPv6 the /64 network, for a host
 * has a whole one to itself.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = (plain.split('%', 1)[0] ?? '').split('::')
  const front = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const back = tail === '' ? [] : tail.split(':')
    // A dotted tail stands for two groups.
    const backGroups = back.length + (back.at(-1)?.includes('.') === true ? 1 : 0)
    const zeros = Math.max(0, 8 - front.length - backGroups)
    front.push(...new Array<string>(zeros).fill('0'), ...back)
  }
  return `${front
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

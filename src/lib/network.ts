/** Addresses as limits see them. */

import { BlockList, isIP, isIPv6 } from 'node:net'

/** An IPv4 address that is written as IPv6 (dual-stack listeners say ::ffff:10.0.0.1) in its own form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * The origin that limits count an address under. An IPv4 address stands for itself, also when it is written as IPv6. An IPv6
 * address stands for its /64 network, because a host has a whole one to itself.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address // the common case, asked for with each request
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

/** Addresses and networks, as an operator lists them: `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32`. */
export class AddressList {
  readonly #list = new BlockList()
  #size = 0

  /** @throws RangeError naming what is none */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      if (!isAddressOrNetwork(entry)) throw new RangeError(`${entry} is no address or network`)
      const { address, family, bits } = parsed(entry)
      if (bits === undefined) this.#list.addAddress(address, family)
      else this.#list.addSubnet(address, bits, family)
      this.#size++
    }
  }

  get empty(): boolean {
    return this.#size === 0
  }

  has(address: string): boolean {
    if (this.#size === 0) return false
    const plain = plainAddress(address)
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** IPv4 or IPv6, without a zone. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}

export function isAddressOrNetwork(entry: string): boolean {
  const { address, family, bits } = parsed(entry)
  if (!isAddress(address)) return false
  return bits === undefined || (Number.isInteger(bits) && bits <= (family === 'ipv4' ? 32 : 128))
}

function parsed(entry: string) {
  const [address = '', bits, ...more] = entry.split('/')
  const family = isIPv6(address) ? ('ipv6' as const) : ('ipv4' as const)
  const isNumber = bits !== undefined && /^\d{1,3}$/.test(bits) && more.length === 0
  return { address, family, bits: entry.includes('/') ? (isNumber ? Number(bits) : Number.NaN) : undefined }
}

/** Addresses as limits see them. */

import { isIPv6 } from 'node:net'

/** An IPv4 address that is written as IPv6 (dual-stack listeners say ::ffff:10.0.0.1) in its own form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * What limits count as one origin: an IPv4 address, also when it is written as IPv6, and of IPv6 the /64 network, for a host
 * has a whole one to itself.
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

/**
 * Finds the client's address when a proxy brings a request. A header is believed only as far as trusted proxies wrote it. Each proxy adds
 * the address that it saw on the right, so the rightmost address that is no trusted proxy's is the client's. Anything left of it may have
 * been written by the client.
 */

import { type AddressList, isAddress, plainAddress } from '../lib/network.js'

/**
 * The client's address.
 * @param peer of the connection
 * @param forwardedFor the header X-Forwarded-For, several ones joined by commas; undefined if there is none
 * @param trusted proxies
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: AddressList): string {
  if (forwardedFor === undefined) return peer
  let address = peer
  const hops = forwardedFor.split(',')
  for (let i = hops.length - 1; i >= 0 && trusted.has(address); i--) {
    const hop = hopAddress(hops[i] ?? '')
    // Not an address ("unknown", or nonsense): the proxy that handed it on is all that is known.
    if (hop === undefined) return address
    address = hop
  }
  return address
}

/** Some proxies add the port: `192.0.2.7:1234`, `[2001:db8::7]:1234`. */
function hopAddress(text: string): string | undefined {
  const [, bracketed, bare] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([^:]+):\d{1,5})$/.exec(text.trim()) ?? []
  const address = bracketed ?? bare ?? text.trim()
  return isAddress(address) ? plainAddress(address) : undefined
}

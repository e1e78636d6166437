/**
 * Reads the PROXY protocol, versions 1 and 2: the header that a load balancer writes in front of a connection to name its client. It has
 * no sockets: bytes are pushed to it, in any cut, and it says when the header is whole. It is strict and bounded. A trusted machine
 * writes the header, and limits depend on it, so anything that is not exactly a header is refused.
 *
 *   1   "PROXY TCP4 192.0.2.7 192.0.2.1 1234 8081\r\n"     at most 107 bytes
 *   2   12 bytes of signature, version and command, family, length, addresses, extensions that are skipped
 */

import { isIPv4, isIPv6 } from 'node:net'
import { plainAddress } from '../lib/network.js'

export type ProxyHeaderResult =
  | { readonly kind: 'more' }
  /**
   * The header is whole. `address` is undefined if the header names none (the balancer's own probe, or not TCP): then the peer's counts.
   */
  | { readonly kind: 'header'; readonly address: string | undefined; readonly rest: Uint8Array }
  | { readonly kind: 'malformed'; readonly reason: string }

/** The longest header of version 1, with its line end: the standard's own bound. */
const V1_BYTES_MAX = 107
const V2_HEAD_BYTES = 16
/**
 * The longest body of version 2. Addresses take 216 bytes at most; extensions (names of TLS certificates, a cloud's endpoint ids) a few
 * hundred.
 */
export const V2_BODY_BYTES_MAX = 2_048

const V1_BEGIN = Uint8Array.from('PROXY ', char => char.charCodeAt(0))
const V2_BEGIN = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)

const CR = 0x0d
const LF = 0x0a
const MORE = Object.freeze({ kind: 'more' } as const)

export class ProxyHeader {
  readonly #bytes = new Uint8Array(V2_HEAD_BYTES + V2_BODY_BYTES_MAX)
  #length = 0

  /** Takes a chunk, which is read during the call; `rest` is a view of it. To be called until it answers something other than 'more'. */
  push(chunk: Uint8Array): ProxyHeaderResult {
    const before = this.#length
    const taken = Math.min(chunk.length, this.#bytes.length - before)
    this.#bytes.set(chunk.subarray(0, taken), before)
    this.#length += taken
    const bytes = this.#bytes.subarray(0, this.#length)
    const result = begins(bytes, V1_BEGIN) ? version1(bytes) : begins(bytes, V2_BEGIN) ? version2(bytes) : NO_HEADER
    if (result.kind !== 'whole') return result
    return { kind: 'header', address: result.address, rest: chunk.subarray(result.bytes - before) }
  }
}

type Parsed = Exclude<ProxyHeaderResult, { kind: 'header' }> | Whole

interface Whole {
  readonly kind: 'whole'
  readonly bytes: number
  readonly address: string | undefined
}

const NO_HEADER = malformed('no PROXY header')

function malformed(reason: string): { readonly kind: 'malformed'; readonly reason: string } {
  return { kind: 'malformed', reason }
}

/** Whether the bytes, as far as they go, match the signature. */
function begins(bytes: Uint8Array, signature: Uint8Array): boolean {
  for (let i = 0; i < signature.length && i < bytes.length; i++) if (bytes[i] !== signature[i]) return false
  return true
}

function version1(bytes: Uint8Array): Parsed {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf(LF)
  if (end < 0) return bytes.length >= V1_BYTES_MAX ? malformed('a PROXY line without an end') : MORE
  if (bytes[end - 1] !== CR) return malformed('a PROXY line that ends without CR')
  const line = String.fromCharCode(...bytes.subarray(0, end - 1))
  const [, protocol, source = '', target = '', sourcePort = '', targetPort = '', ...more] = line.split(' ')
  // The rest after UNKNOWN is to be ignored.
  if (protocol === 'UNKNOWN') return { kind: 'whole', bytes: end + 1, address: undefined }
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isIPv6 : () => false
  const isWhole = more.length === 0 && isAddress(source) && isAddress(target) && !source.includes('%')
  if (!isWhole || !isPort(sourcePort) || !isPort(targetPort)) return malformed('a PROXY line that is none')
  return { kind: 'whole', bytes: end + 1, address: plainAddress(source) }
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

const LOCAL = 0x20
const PROXY = 0x21
/** The family and transport byte: only streams come over TCP. */
const UNSPECIFIED = 0x00
const TCP4 = 0x11
const TCP6 = 0x21
const UNIX_STREAM = 0x31
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [UNSPECIFIED]: 0, [TCP4]: 12, [TCP6]: 36, [UNIX_STREAM]: 216 }

function version2(bytes: Uint8Array): Parsed {
  const command = bytes[12]
  if (command === undefined) return MORE
  if (command !== LOCAL && command !== PROXY) return malformed('a PROXY header of another version or command')
  if (bytes.length < V2_HEAD_BYTES) return MORE
  const family = bytes[13] ?? 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = view.getUint16(14)
  if (length > V2_BODY_BYTES_MAX) return malformed(`a PROXY header of ${length} bytes`)
  const addressBytes = ADDRESS_BYTES[family]
  // After LOCAL the rest means nothing, whatever it is.
  if (command === PROXY && (addressBytes === undefined || length < addressBytes)) {
    return malformed('a PROXY header without its addresses')
  }
  const end = V2_HEAD_BYTES + length
  if (bytes.length < end) return MORE
  return { kind: 'whole', bytes: end, address: command === PROXY ? sourceOf(family, view) : undefined }
}

function sourceOf(family: number, view: DataView): string | undefined {
  const at = V2_HEAD_BYTES
  if (family === TCP4) return [0, 1, 2, 3].map(i => view.getUint8(at + i)).join('.')
  if (family !== TCP6) return undefined
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map(i => view.getUint16(at + i))
  const isMapped = groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff
  if (isMapped) return [12, 13, 14, 15].map(i => view.getUint8(at + i)).join('.')
  return shortest(groups)
}

/** Writes an IPv6 address in the one form that logs and lists agree on: RFC 5952. */
function shortest(groups: readonly number[]): string {
  return new URL(`http://[${groups.map(group => group.toString(16)).join(':')}]`).hostname.slice(1, -1)
}

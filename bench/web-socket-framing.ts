/**
 * Frames bytes as a WebSocket does, for a load generator that must cost less than what it measures. Each write is one message,
 * masked with zeros. That leaves the bytes as they are; the server cannot know, and does all its work.
 */

import { randomBytes } from 'node:crypto'

/** What differs from server to server. */
export interface WebSocketKind {
  readonly path: string
  /** The first byte of each message, both ways: a whole message of this kind. */
  readonly firstByte: number
}

const TEXT_MESSAGE = 0x81
const BINARY_MESSAGE = 0x82

export const LONGWIRE_WEB_SOCKET: WebSocketKind = { path: '/ws', firstByte: BINARY_MESSAGE }
export const SOCKET_IO_WEB_SOCKET: WebSocketKind = {
  path: '/socket.io/?EIO=4&transport=websocket',
  firstByte: TEXT_MESSAGE,
}

const MASKED = 0x80
const MASK_BYTES = 4
/** A length of 7 bits; from here on 16 bits follow, and from there on 64. */
const LENGTH_16 = 126
const LENGTH_64 = 127

const NOTHING = new Uint8Array(0)

export class WebSocketFraming {
  /** The server has answered the handshake. */
  isOpen = false
  readonly #opened: () => void
  readonly #kind: WebSocketKind
  /** The rest of the message that is being read, and the part of its header that has come. */
  #due = 0
  #header = NOTHING
  /** The begin of a message whose rest has not come, for unwrapWhole. */
  #begun: Uint8Array = NOTHING

  constructor(opened: () => void, kind: WebSocketKind) {
    this.#opened = opened
    this.#kind = kind
  }

  handshake(port: number): string {
    const key = randomBytes(16).toString('base64')
    const head = `GET ${this.#kind.path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
    return `${head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`
  }

  /** Takes the answer to the handshake, which comes in one piece. @returns what follows it */
  shake(bytes: Uint8Array): Uint8Array {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (!text.startsWith('HTTP/1.1 101 ') || end < 0) throw new Error(`no WebSocket: ${text.slice(0, 100)}`)
    this.isOpen = true
    this.#opened()
    return bytes.subarray(end + 4)
  }

  /** A message of a client with these bytes. */
  wrapped(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    const wide = length >= LENGTH_16
    if (length > 0xffff) throw new Error('the benchmark sends nothing so long')
    const message = Buffer.alloc((wide ? 4 : 2) + MASK_BYTES + length)
    message[0] = this.#kind.firstByte
    message[1] = MASKED | (wide ? LENGTH_16 : length)
    if (wide) message.writeUInt16BE(length, 2)
    message.set(bytes, message.length - length)
    return message
  }

  /** Gives the payloads in these bytes of a server, in the pieces in which they came. */
  unwrap(bytes: Uint8Array, take: (payload: Uint8Array) => void): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#due === 0) {
        at = this.#readHeader(bytes, at)
        continue
      }
      const end = Math.min(bytes.length, at + this.#due)
      take(bytes.subarray(at, end))
      this.#due -= end - at
      at = end
    }
  }

  /** Gives the messages that these bytes of a server complete, each whole. */
  unwrapWhole(bytes: Uint8Array, take: (message: Uint8Array) => void): void {
    this.unwrap(bytes, payload => {
      const isLast = payload.length === this.#due
      const begun = this.#begun
      const message = begun.length === 0 ? payload : Buffer.concat([begun, payload])
      this.#begun = isLast ? NOTHING : message.slice()
      if (isLast) take(message)
    })
  }

  /** @returns where it ends, or the end of the bytes if they end before */
  #readHeader(bytes: Uint8Array, at: number): number {
    const before = this.#header.length
    const known = before === 0 ? bytes.subarray(at) : Buffer.concat([this.#header, bytes.subarray(at)])
    const [first = 0, length = 0] = known
    const size = length === LENGTH_64 ? 10 : length === LENGTH_16 ? 4 : 2
    if (known.length < size) {
      this.#header = known.slice()
      return bytes.length
    }
    if (first !== this.#kind.firstByte) throw new Error(`a message of another kind: ${first}`)
    const view = new DataView(known.buffer, known.byteOffset, known.length)
    this.#due = size === 2 ? length : size === 4 ? view.getUint16(2) : Number(view.getBigUint64(2))
    this.#header = NOTHING
    return at + size - before
  }
}

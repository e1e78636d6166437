/**
 * WebSocket in the simulated network: messages instead of a stream, on both sides. On the wire a message is its length in four
 * bytes and its content; how it is cut there nobody sees.
 */

import type { TransportConnection, TransportHandlers } from '../../clients/typescript/transports/transport.js'
import type { WebSocketLike } from '../../clients/typescript/transports/ws-transport.js'
import { CODES } from '../../protocol/codes.js'
import { FrameDecoder } from '../../protocol/frame-decoder.js'
import { FRAME_TO_SERVER_BYTES_MAX } from '../../protocol/limits.js'
import { Connection } from '../../src/connection/connection.js'
import type { ConnectionContext } from '../../src/connection/context.js'
import type { Pipe } from '../../src/connection/pipe.js'
import type { Served } from './network.js'

const HEAD_BYTES = 4
const NORMAL = 1000
const ABNORMAL = 1006

/** Whole messages out of a stream. */
class Messages {
  #rest: Buffer = Buffer.alloc(0)

  push(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
  }

  /** The next one, of its own; undefined if it is not all there. */
  next(): Uint8Array | undefined {
    if (this.#rest.length < HEAD_BYTES) return undefined
    const end = HEAD_BYTES + this.#rest.readUInt32BE(0)
    if (this.#rest.length < end) return undefined
    const message = new Uint8Array(this.#rest.subarray(HEAD_BYTES, end))
    this.#rest = this.#rest.subarray(end)
    return message
  }
}

function framed(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(HEAD_BYTES + message.length)
  bytes.writeUInt32BE(message.length, 0)
  bytes.set(message, HEAD_BYTES)
  return bytes
}

/** The client's end, as browsers show it. */
export class SimulatedWebSocket implements WebSocketLike {
  binaryType = 'blob'
  onopen: WebSocketLike['onopen'] = null
  onmessage: WebSocketLike['onmessage'] = null
  onerror: WebSocketLike['onerror'] = null
  onclose: WebSocketLike['onclose'] = null
  readonly #messages = new Messages()
  readonly #connection: TransportConnection

  constructor(connect: (handlers: TransportHandlers) => TransportConnection) {
    this.#connection = connect({
      opened: () => this.onopen?.(),
      received: bytes => this.#received(bytes),
      closed: error => {
        if (error !== undefined) this.onerror?.({ message: error.message })
        this.onclose?.({ code: error === undefined ? NORMAL : ABNORMAL, reason: '' })
      },
    })
  }

  send(bytes: Uint8Array): void {
    this.#connection.write(framed(bytes))
  }

  close(): void {
    this.#connection.close()
  }

  #received(bytes: Uint8Array): void {
    this.#messages.push(bytes)
    for (let message = this.#messages.next(); message !== undefined; message = this.#messages.next()) {
      this.onmessage?.({ data: message.buffer })
    }
  }
}

/** The server's end: the connection gets whole messages, in order, and none while it has paused. */
export class MessagePipe implements Pipe, Served {
  readonly transport = 'ws'
  readonly #pipe: Pipe
  readonly #connection: Connection
  readonly #messages = new Messages()
  #paused = false

  constructor(context: ConnectionContext, pipe: Pipe, address: string) {
    this.#pipe = pipe
    this.#connection = new Connection(context, this, address, { leadingZero: false })
  }

  get queuedBytes(): number {
    return this.#pipe.queuedBytes
  }

  write(bytes: Uint8Array): void {
    this.#pipe.write(framed(bytes))
  }

  pause(): void {
    this.#paused = true
    this.#pipe.pause()
  }

  resume(): void {
    this.#paused = false
    this.#deliver()
    if (!this.#paused) this.#pipe.resume()
  }

  end(): void {
    this.#pipe.end()
  }

  destroy(): void {
    this.#pipe.destroy()
  }

  receive(bytes: Uint8Array): void {
    this.#messages.push(bytes)
    this.#deliver()
  }

  drained(): void {
    this.#connection.drained()
  }

  ended(): void {
    this.#connection.ended()
  }

  gone(): void {
    this.#connection.gone()
  }

  #deliver(): void {
    while (!this.#paused) {
      const message = this.#messages.next()
      if (message === undefined) return
      this.#connection.receive(message)
      if (!isWhole(message)) this.#connection.close(CODES.PROTOCOL_ERROR.code, 'a frame cut by the end of its message')
    }
  }
}

/** Whether a message holds whole frames and nothing else. */
function isWhole(message: Uint8Array): boolean {
  const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
  decoder.push(message)
  for (;;) {
    const next = decoder.next()
    if (next === undefined) return decoder.buffered === 0
    if (next.kind === 'error') return false
  }
}

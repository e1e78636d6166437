/**
 * A connection's pipe over a WebSocket (PROTOCOL.md, 13.10). ws reads the messages and does the closing handshake; the
 * handlers are shared functions and find their pipe on the WebSocket, so an idle connection holds no closure.
 */

import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { EMPTY } from '../../protocol/bytes.js'
import { CODES } from '../../protocol/codes.js'
import { PINGS_PER_SECOND_MAX } from '../../protocol/limits.js'
import { Connection, type ConnectionOptions } from '../connection/connection.js'
import type { ConnectionContext } from '../connection/context.js'
import { isSocketBetween, type Pipe } from '../connection/pipe.js'
import { pageMemory } from '../lib/page-memory.js'
import type { Wheel } from '../lib/wheel.js'

/** The options: the handshake has identified the protocol, so there is no leading zero. */
const OPTIONS: ConnectionOptions = Object.freeze({ leadingZero: false })

const PIPE = Symbol('pipe')

interface PipedWebSocket extends WebSocket {
  [PIPE]?: WebSocketPipe
}

export interface WebSocketClient {
  readonly address: string
  /** The time that is left for its Hello; undefined: all of it. */
  readonly helloMs: number | undefined
}

/** Begins to serve a WebSocket whose address was admitted. */
export function serveWebSocket(
  context: ConnectionContext,
  webSocket: WebSocket,
  socket: Socket,
  client: WebSocketClient,
): void {
  const pipe = new WebSocketPipe(context, webSocket, socket, client)
  ;(webSocket as PipedWebSocket)[PIPE] = pipe
  webSocket.on('message', onMessage)
  webSocket.on('ping', onPing)
  webSocket.on('pong', onPong)
  webSocket.on('error', onError)
  webSocket.on('close', onClose)
}

/** The status of the closing handshake: the reason stands in the Close frame before it. */
const STATUS_NORMAL = 1000

/** The header of a server's message: FIN and "binary"; then a length of 7, 16 or 64 bits. */
const BINARY_MESSAGE = 0x82

const PONG_LENGTH_MAX = 125

class WebSocketPipe implements Pipe {
  readonly #wheel: Wheel
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #connection: Connection
  #paused = false
  /** Messages that were read with the one that paused it; undefined mostly. */
  #later: Uint8Array[] | undefined = undefined
  /** Whether the kernel did not take everything, and is waited for. */
  #isFull = false
  // Messages of the present second that cost work and say nothing.
  #idleTick = 0
  #idleCount = 0

  constructor(context: ConnectionContext, webSocket: WebSocket, socket: Socket, client: WebSocketClient) {
    this.#wheel = context.wheel
    this.#webSocket = webSocket
    this.#socket = socket
    const { address, helloMs } = client
    const options = helloMs === undefined ? OPTIONS : { ...OPTIONS, helloMs }
    this.#connection = new Connection(context, this, address, options)
  }

  // The connection's side ------------------------------------------------------------------------------------------------

  get admitted(): Socket {
    return this.#socket
  }

  get transport(): 'ws' {
    return 'ws'
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  isBetween(localPort: number, remoteAddress: string, remotePort: number): boolean {
    return isSocketBetween(this.#socket, localPort, remoteAddress, remotePort)
  }

  /** Writes one message. It is put together here, because ws would write header and bytes apart: 2 buffers, one vectored write. */
  write(bytes: Uint8Array): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    const { length } = bytes
    const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
    const message = Buffer.allocUnsafe(head + length)
    message[0] = BINARY_MESSAGE
    if (head === 2) {
      message[1] = length
    } else if (head === 4) {
      message[1] = 126
      message.writeUInt16BE(length, 2)
    } else {
      message[1] = 127
      message.writeBigUInt64BE(BigInt(length), 2)
    }
    message.set(bytes, head)
    pageMemory.giveBack(bytes)
    const socket = this.#socket
    socket.write(message)
    if (socket.writableLength > 0 && !this.#isFull) {
      this.#isFull = true
      // 'drain' comes only after much more; a write behind it is done when this one is.
      socket.write(EMPTY, () => this.#drained())
    }
  }

  pause(): void {
    this.#paused = true
    this.#webSocket.pause()
  }

  resume(): void {
    this.#paused = false
    const later = this.#later
    if (later !== undefined) {
      this.#later = undefined
      this.#connection.receive(later.length === 1 ? (later[0] as Uint8Array) : Buffer.concat(later))
    }
    if (!this.#paused) this.#webSocket.resume()
  }

  end(): void {
    this.#webSocket.close(STATUS_NORMAL) // the peer closes in turn, or the connection's time to linger ends
  }

  destroy(): void {
    this.#webSocket.terminate()
  }

  // The WebSocket's side -------------------------------------------------------------------------------------------------

  message(bytes: Uint8Array, isBinary: boolean): void {
    const connection = this.#connection
    if (!isBinary) {
      connection.close(CODES.PROTOCOL_ERROR.code, 'a text message')
      return
    }
    if (bytes.length === 0 && !this.#count()) return
    if (!this.#paused) connection.receive(bytes)
    else if (this.#later === undefined) this.#later = [bytes]
    else this.#later.push(bytes)
    // The decoder spoke first: a frame that is too long is called that.
    if (!holdsWholeFrames(bytes)) connection.close(CODES.PROTOCOL_ERROR.code, 'a frame cut by the end of its message')
  }

  /** A ping of the WebSocket protocol shows that the peer lives, as any byte does. Only one answer waits at a time. */
  ping(data: Buffer): void {
    if (!this.#count()) return
    this.#connection.receive(EMPTY)
    if (this.#socket.writableLength === 0 && data.length <= PONG_LENGTH_MAX) this.#webSocket.pong(data)
  }

  pong(): void {
    this.#count()
  }

  failed(error: Error & { code?: string }): void {
    const tooLarge = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    const { code } = tooLarge ? CODES.FRAME_TOO_LARGE : CODES.PROTOCOL_ERROR
    // If a message cannot be read, ws has told the peer so by the status of the closing handshake.
    if (error.code?.startsWith('WS_ERR_') === true) this.#connection.close(code, error.message)
  }

  closed(): void {
    this.#connection.gone()
  }

  /** Goes on when the kernel has taken everything; also called when the socket is destroyed, which does no harm. */
  #drained(): void {
    this.#isFull = false
    this.#connection.drained()
  }

  /** Counts a message. False if it is one too many in this second: the connection is closed then. */
  #count(): boolean {
    const { tick } = this.#wheel
    if (tick !== this.#idleTick) {
      this.#idleTick = tick
      this.#idleCount = 0
    }
    if (++this.#idleCount <= PINGS_PER_SECOND_MAX) return true
    this.#connection.close(CODES.FLOOD.code, `more than ${PINGS_PER_SECOND_MAX} empty messages in a second`)
    return false
  }
}

/** Whether a message ends where a frame ends. Errors within the frames are left to the decoder. */
export function holdsWholeFrames(message: Uint8Array): boolean {
  const { length } = message
  let at = 0
  while (at < length) {
    let frameBytes = 0
    let scale = 1
    let byte = 128
    while (byte > 127 && at < length) {
      byte = message[at++] as number
      frameBytes += (byte & 127) * scale
      scale *= 128
    }
    if (byte > 127) return false
    at += frameBytes
  }
  return at === length
}

function onMessage(this: PipedWebSocket, data: unknown, isBinary: boolean): void {
  this[PIPE]?.message(data as Uint8Array, isBinary)
}

function onPing(this: PipedWebSocket, data: Buffer): void {
  this[PIPE]?.ping(data)
}

function onPong(this: PipedWebSocket): void {
  this[PIPE]?.pong()
}

function onError(this: PipedWebSocket, error: Error): void {
  this[PIPE]?.failed(error)
}

function onClose(this: PipedWebSocket): void {
  this[PIPE]?.closed()
}

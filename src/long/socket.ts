/**
 * A connection's pipe over a TCP socket. The handlers are shared functions and find their connection on the socket, so an
 * idle connection holds no closure.
 */

import type { Socket } from 'node:net'
import { Connection, type ConnectionOptions } from '../connection/connection.js'
import type { ConnectionContext } from '../connection/context.js'
import { isSocketBetween, type Pipe } from '../connection/pipe.js'

/**
 * The `highWaterMark` of the server's sockets: a paused socket then buffers one read at most, and each write that the kernel
 * did not take whole is followed by 'drain', however small.
 */
export const SOCKET_HIGH_WATER_BYTES = 1

/** First byte 00, then Hello (PROTOCOL.md, clause 2). */
const OPTIONS: ConnectionOptions = Object.freeze({ leadingZero: true })

const CONNECTION = Symbol('connection')

interface LongSocket extends Socket {
  [CONNECTION]?: Connection
}

/**
 * Begins to serve a socket whose address was admitted. It must be half-open capable and have SOCKET_HIGH_WATER_BYTES.
 * @param helloMs what is left of the time for the Hello; absent: all of it
 */
export function serveSocket(context: ConnectionContext, socket: Socket, address: string, helloMs?: number): Connection {
  const long: LongSocket = socket
  const options = helloMs === undefined ? OPTIONS : { ...OPTIONS, helloMs }
  const connection = new Connection(context, new SocketPipe(long), address, options)
  long[CONNECTION] = connection
  long.on('data', onData)
  long.on('end', onEnd)
  long.on('error', onError)
  long.on('close', onClose)
  return connection
}

class SocketPipe implements Pipe {
  readonly #socket: LongSocket
  #listensForDrain = false

  constructor(socket: LongSocket) {
    this.#socket = socket
  }

  get transport(): 'tcp' {
    return 'tcp'
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  isBetween(localPort: number, remoteAddress: string, remotePort: number): boolean {
    return isSocketBetween(this.#socket, localPort, remoteAddress, remotePort)
  }

  write(bytes: Uint8Array): void {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return
    // False unless the kernel took everything; most sockets never come to know the other case.
    if (!socket.write(bytes) && !this.#listensForDrain && socket.writableLength > 0) {
      this.#listensForDrain = true
      socket.on('drain', onDrain)
    }
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#socket.destroyed) this.#socket.resume()
  }

  end(): void {
    if (!this.#socket.writableEnded) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

function onData(this: LongSocket, chunk: Uint8Array): void {
  this[CONNECTION]?.receive(chunk)
}

function onDrain(this: LongSocket): void {
  if (this.writableLength === 0) this[CONNECTION]?.drained()
}

function onEnd(this: LongSocket): void {
  this[CONNECTION]?.ended()
}

/** A reset, a broken pipe: 'close' follows and says all that matters. */
function onError(): void {}

function onClose(this: LongSocket): void {
  this[CONNECTION]?.gone()
}

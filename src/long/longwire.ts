/**
 * Longwire on a TCP socket: serves the sockets whose first byte is 00, as the door hands them on. The connection owns the socket
 * (socket-owner.ts).
 */

import type { Socket } from 'node:net'
import { CODES } from '../../protocol/codes.js'
import { HELLO_TIMEOUT_MS } from '../../protocol/limits.js'
import { type Arrived, type Protocol, REFUSAL_MS, type Refusal } from '../connection/arrived.js'
import { closeFrame } from '../connection/close-frame.js'
import { Connection, type ConnectionOptions } from '../connection/connection.js'
import type { ConnectionContext } from '../connection/context.js'
import { disown, ignoreError, own } from '../connection/socket-owner.js'
import { Timed, type Wheel } from '../lib/wheel.js'
import { SocketPipe } from './socket-pipe.js'

/** The options: the first byte is 00, then Hello follows (PROTOCOL.md, clause 2). */
const OPTIONS: ConnectionOptions = Object.freeze({ leadingZero: true })

export class Longwire implements Protocol {
  readonly firstRequestMs = HELLO_TIMEOUT_MS
  readonly #context: ConnectionContext

  constructor(context: ConnectionContext) {
    this.#context = context
  }

  serve(arrived: Arrived): void {
    const { first, leftMs } = arrived
    const connection = this.#connection(arrived, leftMs)
    if (first.length > 0) connection.receive(first)
  }

  /**
   * Closes a silent socket. It makes a connection, which says why it closes, as for every other client that is late or connected when the
   * server stops. One whose time is over closes now: the wheel would give it up to two seconds more.
   */
  silent(arrived: Arrived): void {
    const connection = this.#connection(arrived, 0)
    if (arrived.leftMs === 0) connection.close(CODES.HELLO_TIMEOUT.code)
  }

  refuse({ socket }: Arrived, { code, message, retryAfterMs }: Refusal): void {
    new Refused(socket, this.#context.wheel)
    socket.end(closeFrame(code, message, retryAfterMs))
    socket.resume() // what it sends is thrown away: unread bytes would turn the end into a reset
  }

  #connection({ socket, address }: Arrived, helloMs: number): Connection {
    const options = helloMs >= HELLO_TIMEOUT_MS ? OPTIONS : { ...OPTIONS, helloMs }
    const connection = new Connection(this.#context, new SocketPipe(socket), address, options)
    own(socket, connection)
    return connection
  }
}

/** Ends a socket that does not read why it was refused. */
class Refused extends Timed {
  readonly #socket: Socket

  constructor(socket: Socket, wheel: Wheel) {
    super()
    this.#socket = socket
    disown(socket)
    wheel.add(this, REFUSAL_MS)
    socket.on('error', ignoreError)
    socket.on('close', () => wheel.remove(this))
  }

  override expired(): void {
    this.#socket.destroy()
  }
}

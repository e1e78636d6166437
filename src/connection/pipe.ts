/** The path of the bytes to the peer, as a transport gives it to a connection: one connection code serves TCP and WebSocket. */

import type { Unauthenticated } from '../ops/gate.js'

export type Transport = 'tcp' | 'ws'

/** The ends of a TCP connection, as a socket of node:net names them. */
interface SocketEnds {
  readonly localPort?: number | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

/** Whether a socket is the one with these ends. The ports are compared first: they tell nearly all apart. */
export function isSocketBetween(
  socket: SocketEnds,
  localPort: number,
  remoteAddress: string,
  remotePort: number,
): boolean {
  return socket.remotePort === remotePort && socket.localPort === localPort && socket.remoteAddress === remoteAddress
}

/** The connection calls it; the transport calls the connection's receive, drained, ended and gone. */
export interface Pipe {
  readonly transport: Transport
  /** What the gate knows it by: the socket that was admitted. */
  readonly admitted: Unauthenticated
  /** Bytes that were written and have not left the process. */
  readonly queuedBytes: number
  /** Whether it is the TCP connection with these ends. Absent: it is none. */
  isBetween?(localPort: number, remoteAddress: string, remotePort: number): boolean
  /** Writes all these bytes; they belong to the pipe from here on. If queuedBytes is not 0 afterwards, drained() is due. */
  write(bytes: Uint8Array): void
  /** Stops calls of receive() until resume(), but for what was on its way. */
  pause(): void
  resume(): void
  /** Ends writing; closes when the peer has finished too. May be called again. */
  end(): void
  /** Closes at once; gone() follows. May be called again. */
  destroy(): void
}

/** The bytes' way to the peer: what a transport gives a connection, so that one connection code serves TCP and WebSocket. */

export type Transport = 'tcp' | 'ws'

/** The connection calls it; the transport calls the connection's receive, drained, ended and gone. */
export interface Pipe {
  readonly transport: Transport
  /** Bytes that were written and have not left the process. */
  readonly queuedBytes: number
  /** Takes everything; the bytes are the pipe's from here on. If queuedBytes is not 0 afterwards, drained() is due. */
  write(bytes: Uint8Array): void
  /** No more receive() until resume(), but for what was on its way. */
  pause(): void
  resume(): void
  /** No more writes; closes when the peer has finished too. May be called again. */
  end(): void
  /** Closes at once; gone() follows. May be called again. */
  destroy(): void
}

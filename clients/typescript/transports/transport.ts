// The carrier of bytes to a server and back: bytes in, events out, no promises. TCP is in tcp-transport.ts.

export interface TransportHandlers {
  /** Bytes may be written. Once, before any data. */
  opened(): void
  /** The next bytes of the stream, however cut. They are the client's to read until it is told of the next ones. */
  received(bytes: Uint8Array): void
  /**
   * The connection is over, or never came about. Once, the last call.
   * @param retryAfterMs whoever answered wants no other try before; default 0
   */
  closed(error?: Error, retryAfterMs?: number): void
}

export interface TransportConnection {
  /** Sends bytes behind those written before; they belong to the transport from here on. After close() it does nothing. */
  write(bytes: Uint8Array): void
  /** Ends the connection once what was written is on its way. May be called at any time, more than once. */
  close(): void
}

/** A node of a server, as the server names it (PROTOCOL.md, clause 14): at least one of the two addresses. */
export interface Endpoint {
  /** The address for TCP; '' and 0 if it has none. */
  readonly host: string
  readonly port: number
  /** The URL for HTTP and WebSocket; '' if it has none. */
  readonly url: string
}

export interface Transport {
  /** The name for people and logs, e.g. "tcp". */
  readonly name: string
  /** Whether the first byte of a connection is a 00 that tells it from other protocols: on TCP, not on WebSocket. */
  readonly preamble: boolean
  /** The longest time without sending, where something on the way cuts silent connections. Absent: as the client likes. */
  readonly heartbeatMs?: number
  /** The address that it leads to, as a URL. Absent: nobody can tell. */
  readonly address?: string
  /**
   * The same transport to another node of the server. Undefined: the node has no address for it, or only one that is less secure.
   * Absent: the transport stays at its address.
   */
  readonly at?: (endpoint: Endpoint) => Transport | undefined
  /** Starts a connection; how it goes is told to the handlers, from within this call at the earliest. */
  connect(handlers: TransportHandlers): TransportConnection
}

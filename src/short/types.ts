/** The short side without sockets: what a request is and what answers it, for node:http and for the simulation. */

export interface ShortRequest {
  /** GET, POST, OPTIONS … */
  readonly method: string
  /** Of the URL, from its first slash on, without its query. */
  readonly path: string
  /** Names in lower case; of a header that came twice the values joined by ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Of the peer, without its port; behind a trusted proxy that of the proxy's peer. */
  readonly address: string
}

export interface ShortAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A request that is being worked on. */
export interface ShortCall {
  /** The peer has gone: nobody waits for the answer. A poll ends; what is being committed goes on. */
  abandoned(): void
}

/** The short side without sockets: what a request is and what answers it, for node:http and for the simulation. */

import type { CallerId } from '../connection/backlog.js'

export interface ShortRequest {
  /** GET, POST, OPTIONS … */
  readonly method: string
  /** The URL from its first slash on, without its query. */
  readonly path: string
  /** The host and port that the target names, if it is a whole URL: it counts as much as the header Host. */
  readonly authority?: string | undefined
  /** Names in lower case; of a header that came twice the values joined by ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The peer's address without its port; behind a trusted proxy that of the proxy's peer. */
  readonly address: string
  /** A PROXY header brought the address. */
  readonly proxied?: boolean
  /** The connection that it came on. */
  readonly connection?: ShortConnection
}

/** A connection, as its requests see it. */
export interface ShortConnection {
  /** Notes that its client has a session. */
  authenticated(): void
}

export interface ShortAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** The number of the method whose response the body is, if JSON is still to be made of it (answer-forms.ts). */
  readonly json?: number | undefined
}

/** Takes the answer of a request, once, at once or later. `callerId`: the one who asked, if known. */
export type Reply = (answer: ShortAnswer, callerId?: CallerId) => void

/** A request that is being worked on. */
export interface ShortCall {
  /** Abandons it, for the peer has gone: a poll ends; what is being committed goes on. */
  abandoned(): void
}

/** A page of the short side that is no method: /healthz and its like, and the files of the web client. Asked with GET and HEAD only. */
export type Page = (request: ShortRequest, reply: Reply) => void

export function textAnswer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): ShortAnswer {
  const body = new TextEncoder().encode(text)
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body }
}

// The carrier of HTTP requests for the transport that polls (http-transport.ts): fetch in browsers and Node, a simulated network
// in tests.

export interface HttpRequest {
  /** The path of the URL, from its first slash on. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface HttpResponse {
  readonly status: number
  /** The value of a header, named in lower case; undefined if there is none. */
  header(name: string): string | undefined
  readonly body: Uint8Array
}

export interface HttpCall {
  /** Gives the request up: nothing is told of it any more. May be called at any time, more than once. */
  abort(): void
}

export interface HttpExchange {
  /** The URL of the server. Absent: nobody can tell. */
  readonly url?: string
  /** The same to another node of the server. Undefined: its URL is less secure. Absent: the exchange stays at its URL. */
  at?(url: string): HttpExchange | undefined
  /** Posts; `done` is called once, later, with a response or with what went wrong; not after abort(). */
  post(request: HttpRequest, done: (error: Error | undefined, response?: HttpResponse) => void): HttpCall
}

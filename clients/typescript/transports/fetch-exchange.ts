// HTTP by fetch, in browsers and in Node. Only in this file of the library do promises decide when something is told. What comes
// back is an event of the network, and its order is the network's.
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../../protocol/limits.js'
import { joined } from '../base/bytes.js'
import { urlAt } from './endpoint-url.js'
import type { HttpCall, HttpExchange, HttpRequest, HttpResponse } from './http-exchange.js'

export interface FetchOptions {
  /** The URL of the server's short side, e.g. "https://chat.example". Without query and without credentials. */
  readonly url: string
}

/** A page of a Sync and the results of the sends that it carried. */
const RESPONSE_BYTES_MAX = 2 * FRAME_TO_CLIENT_BYTES_MAX

/**
 * Options that keep the page out: nothing of it goes along, nothing is kept, and a token is not carried on to where a redirect
 * points.
 */
const APART = {
  credentials: 'omit',
  cache: 'no-store',
  redirect: 'error',
  referrerPolicy: 'no-referrer',
} as const

/** @throws TypeError if the URL is none, or has what it must not have */
export function fetchExchange({ url }: FetchOptions): HttpExchange {
  const { protocol, username, password, search, hash, href } = new URL(url)
  if (!/^https?:$/.test(protocol) || `${username}${password}${search}${hash}` !== '') {
    throw new TypeError(`${protocol}//… is not the URL of a server: http or https, without user, query and fragment`)
  }
  const base = href.replace(/\/+$/, '')
  return {
    url: base,
    at: named => (urlAt(base, named) === undefined ? undefined : fetchExchange({ url: named })),
    post(request: HttpRequest, done: (error: Error | undefined, response?: HttpResponse) => void): HttpCall {
      const abort = new AbortController()
      // Between the answer and its telling there is a turn, in which it may be given up.
      const told = (error: Error | undefined, response?: HttpResponse): void => {
        if (!abort.signal.aborted) done(error, response)
      }
      exchange(base, request, abort.signal).then(
        response => told(undefined, response),
        (error: unknown) => told(errorOf(error)),
      )
      return { abort: () => abort.abort() }
    },
  }
}

async function exchange(
  base: string,
  { path, headers, body }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const response = await fetch(base + path, {
    ...APART,
    method: 'POST',
    headers: { ...headers },
    body: body as Uint8Array<ArrayBuffer>,
    signal,
  })
  const bytes = await bounded(response)
  return { status: response.status, header: name => response.headers.get(name) ?? undefined, body: bytes }
}

/** The body, read no further than what a server may send. */
async function bounded(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  const pieces: Uint8Array[] = []
  let bytes = 0
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    bytes += next.value.length
    if (bytes > RESPONSE_BYTES_MAX) {
      void reader?.cancel()
      throw new Error(`a response of more than ${RESPONSE_BYTES_MAX} bytes`)
    }
    pieces.push(next.value)
  }
  return joined(pieces)
}

/** Node says why only in the cause: "fetch failed" alone helps nobody. */
function errorOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause : error
}

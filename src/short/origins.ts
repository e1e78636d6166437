/**
 * Which web pages may use the short side: the exact origins of one list, for HTTP (CORS) and WebSocket alike (PROTOCOL.md,
 * 13.11). Browsers name the page's origin, programs name none. The server's own host is nothing special.
 */

import type { ShortAnswer, ShortRequest } from './types.js'

/** How long a browser may remember a preflight's answer: the most that Chromium takes. */
const PREFLIGHT_SECONDS = 7_200

/** What Connect clients send beyond what any page may. */
const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Content-Encoding',
  'Connect-Protocol-Version',
  'Connect-Timeout-Ms',
  'X-User-Agent',
].join(', ')

/** What pages may read beyond what any page may. */
const ANSWER_HEADERS = 'Retry-After'

export class Origins {
  readonly #allowed: ReadonlySet<string>

  /** @param allowed as browsers write them: https://chat.example.org, http://localhost:5173 */
  constructor(allowed: Iterable<string>) {
    this.#allowed = new Set(allowed)
  }

  /** Whether a request with this Origin header, or none, is to be taken. */
  allows(origin: string | undefined): boolean {
    return origin === undefined || this.#allowed.has(origin)
  }

  /** What the answer to an allowed page says. */
  headersFor(origin: string): Record<string, string> {
    return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': ANSWER_HEADERS }
  }

  /** The answer to an allowed page that asks whether it may call methods. */
  preflight(): ShortAnswer {
    const headers = {
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': REQUEST_HEADERS,
      'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
    }
    return { status: 204, headers, body: NO_BYTES }
  }
}

export function isPreflight({ method, headers }: ShortRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}

const NO_BYTES = new Uint8Array(0)

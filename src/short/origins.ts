/**
 * The web pages that may use the short side: those of the exact origins of one list, for HTTP (CORS) and WebSocket alike (PROTOCOL.md,
 * 13.11). Browsers name the page's origin. Programs name none, or (React Native on Android) the server's own. A page of the server's own
 * origin is let in too: it was served from in front of this server. A foreign page whose name points at this machine gains nothing: here
 * only a token identifies the user, and no cookie does.
 */

import { EMPTY } from '../../protocol/bytes.js'
import type { ShortAnswer, ShortRequest } from './types.js'

/** The time for which a browser may remember a preflight's answer: the most that Chromium takes. */
const PREFLIGHT_SECONDS = 7_200

/** The headers that Connect clients send beyond those that any page may. */
const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Content-Encoding',
  'Connect-Protocol-Version',
  'Connect-Timeout-Ms',
  'X-User-Agent',
].join(', ')

/** The header that pages may read beyond those that any page may. */
const ANSWER_HEADERS = 'Retry-After'

export class Origins {
  readonly #allowed: ReadonlySet<string>

  /** @param allowed the origins as browsers write them: https://chat.example.org, http://localhost:5173 */
  constructor(allowed: Iterable<string>) {
    this.#allowed = new Set(allowed)
  }

  /** Whether a page of this origin, as its header names it, is on the list. */
  lists(origin: string): boolean {
    return this.#allowed.has(origin)
  }

  /**
   * Whether a request with this Origin header, or none, is to be taken.
   * @param proxied a trusted proxy brings it, whose word on the URL that it was asked for is believed
   */
  allows({ origin, ...headers }: ShortRequest['headers'], proxied: boolean): boolean {
    return origin === undefined || this.#allowed.has(origin) || isOwn(origin, headers, proxied)
  }

  /** The headers of an answer to an allowed page. */
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
    return { status: 204, headers, body: EMPTY }
  }
}

function isOwn(origin: string, headers: ShortRequest['headers'], proxied: boolean): boolean {
  const { host = '' } = headers
  const scheme = proxied ? forwarded(headers['x-forwarded-proto'], 'http') : 'http'
  const shown = proxied ? forwarded(headers['x-forwarded-host'], host) : host
  return shown !== '' && plainOrigin(origin) === plainOrigin(`${scheme}://${shown}`)
}

/** The first value of a list is the one that the first proxy saw. */
function forwarded(header: string | undefined, otherwise: string): string {
  const [first = ''] = header?.split(',', 1) ?? []
  return first.trim() || otherwise
}

/** The origin in lower case, without its scheme's usual port, which some programs write. */
function plainOrigin(origin: string): string {
  const text = origin.toLowerCase()
  const port = text.startsWith('https://') ? ':443' : ':80'
  return text.endsWith(port) ? text.slice(0, -port.length) : text
}

export function isPreflight({ method, headers }: ShortRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}

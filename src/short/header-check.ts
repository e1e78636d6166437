/** Refuses headers that the HTTP parser accepts, but that two readers could read in two ways, and requests with too many headers. */

import type { IncomingMessage } from 'node:http'

/** Browsers send about 20, and proxies add some. */
export const HEADERS_MAX = 64

/** Headers that may come once: of two, one reader would take the first and another the last. */
const ONCE: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'connect-protocol-version',
  'connect-timeout-ms',
  'origin',
  'expect',
  'upgrade',
])

/** Whether its headers announce a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** The status and reason with which a request is refused; undefined if each of its headers has one meaning. */
export function headerFault(request: IncomingMessage): readonly [status: number, text: string] | undefined {
  const { rawHeaders, headers, httpVersionMajor: major, httpVersionMinor: minor } = request
  const count = rawHeaders.length / 2
  if (major !== 1 || minor > 1) return [505, 'neither HTTP/1.1 nor HTTP/1.0']
  if (count > HEADERS_MAX) return [431, `more than ${HEADERS_MAX} headers`]
  const transfer = headers['transfer-encoding']
  if (transfer !== undefined && (transfer.toLowerCase() !== 'chunked' || minor === 0)) {
    return [400, 'a transfer encoding but chunked, or in HTTP/1.0']
  }
  if (Object.keys(headers).length === count) return undefined // none came twice
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (seen.has(name) && ONCE.has(name)) return [400, `the header ${name} twice`]
    seen.add(name)
  }
  return undefined
}

/** Unpacks bodies with gzip, within bounds, and knows who takes them packed. One stream per body, none per connection. */

import { gunzip } from 'node:zlib'

/**
 * The size to which a body may grow by unpacking, beside the limit. Any body may grow to the first number; above it, to a multiple of its
 * packed size. Text grows to 3 to 20 times its size; a body that grows a thousand times was made for that.
 */
const UNPACKED_BYTES_FREE = 65_536
const UNPACKED_RATIO_MAX = 100

export type Unpacked =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The body would exceed the limit, or be too large for its packed size: unpacking ended there. */
  | { readonly kind: 'too-large' }
  /** No gzip, or only the beginning of one. */
  | { readonly kind: 'broken' }

export function unpacked(body: Uint8Array, bytesMax: number, done: (unpacked: Unpacked) => void): void {
  const maxOutputLength = Math.min(bytesMax, Math.max(UNPACKED_BYTES_FREE, body.length * UNPACKED_RATIO_MAX))
  gunzip(body, { maxOutputLength }, (error, bytes) => {
    if (error === null) done({ kind: 'bytes', bytes })
    else done({ kind: (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'broken' })
  })
}

export function acceptsGzip(header: string): boolean {
  return accepts(header, 'gzip')
}

/** RFC 9110, 12.5.3: whether the weight of the coding, or else that of `*`, is above 0. */
export function accepts(header: string, wanted: string): boolean {
  let any = false
  for (const part of header.split(',')) {
    const [coding = '', ...parameters] = part.split(';').map(text => text.trim().toLowerCase())
    if (coding !== wanted && coding !== `x-${wanted}` && coding !== '*') continue
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    const accepted = weight === undefined || Number(weight.slice(2)) > 0
    if (coding !== '*') return accepted
    any = accepted
  }
  return any
}

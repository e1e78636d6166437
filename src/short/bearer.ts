/** Reads the token of a request from its Authorization header, and from nowhere else: URLs end up in logs. */

import { TOKEN_BYTES_MAX } from '../../protocol/limits.js'

/** base64url or base64, with or without padding. */
const BEARER = /^Bearer +((?:[A-Za-z0-9_-]+|[A-Za-z0-9+/]+)={0,2})$/i

const CHARACTERS_MAX = Math.ceil(TOKEN_BYTES_MAX / 3) * 4 + 'Bearer '.length

/** The token; undefined if there is none, empty (nobody's) if it cannot be one of ours. */
export function bearerToken(header: string | undefined): Uint8Array | undefined {
  if (header === undefined) return undefined
  const [, text = ''] = header.length > CHARACTERS_MAX ? [] : (BEARER.exec(header) ?? [])
  return new Uint8Array(Buffer.from(text, 'base64')) // takes both alphabets
}

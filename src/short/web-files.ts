/**
 * The files of the web client (clients/web), read once when the server starts: only what the build has listed is served. Each is there
 * plain and packed, so serving one costs no more than writing it.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EMPTY } from '../../protocol/bytes.js'
import { accepts } from './gzip.js'
import type { Page, ShortAnswer } from './types.js'

/** A row of files.json (tools/web.mjs). */
interface Listed {
  readonly path: string
  readonly file: string
  readonly type: string
  /** A hash of the content. */
  readonly etag: string
  /** Whether the path changes with the content. */
  readonly immutable: boolean
  /** The codings in which it is there packed, the smallest first. */
  readonly encodings: readonly Encoding[]
}

type Encoding = 'br' | 'gzip'

const SUFFIXES: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz' }

/**
 * The policy of the page: everything from this server, nothing inline, no text that becomes markup or code. The one policy of trusted
 * types makes the address of the service worker.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types worker',
].join('; ')

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=()',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
}

const YEAR_SECONDS = 31_536_000

/**
 * Reads the files, by their paths.
 * @throws Error with one line for people if they are not there
 */
export function readWebFiles(folder: string): ReadonlyMap<string, Page> {
  try {
    const { files } = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8')) as { readonly files: Listed[] }
    return new Map(files.map(listed => [listed.path, pageOf(folder, listed)]))
  } catch (error) {
    throw new Error(`the web client is not built in ${folder} (npm run build makes it; --no-web serves none)`, {
      cause: error,
    })
  }
}

function pageOf(folder: string, { file, type, etag: hash, immutable, encodings }: Listed): Page {
  const etag = `"${hash}"`
  const headers = {
    ...HEADERS,
    'Content-Type': type,
    'Cache-Control': immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
    ETag: etag,
  }
  const read = (suffix: string): Uint8Array => readFileSync(join(folder, `${file}${suffix}`))
  const plain: ShortAnswer = { status: 200, headers, body: read('') }
  const unchanged: ShortAnswer = { status: 304, headers, body: EMPTY }
  const packed = encodings.map(encoding => ({
    encoding,
    answer: { status: 200, headers: { ...headers, 'Content-Encoding': encoding }, body: read(SUFFIXES[encoding]) },
  }))
  return (request, reply) => {
    const { 'accept-encoding': accepted = '', 'if-none-match': known = '' } = request.headers
    if (known.split(',').some(each => each.trim() === etag || each.trim() === `W/${etag}`)) reply(unchanged)
    else reply(packed.find(({ encoding }) => accepts(accepted, encoding))?.answer ?? plain)
  }
}

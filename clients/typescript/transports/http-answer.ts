// The meaning of an HTTP response (PROTOCOL.md, clause 13). It is the body of an answer, a refusal by the server, or the answer
// of somebody else in the server's place: a proxy, a captive portal.
import { CODES } from '../../../protocol/codes.js'
import { DecodeError, decodeErrorDetail, type Refusal } from '../../../protocol/generated/messages.js'
import { UINT32_MAX } from '../../../protocol/limits.js'
import { ofBase64 } from '../base/bytes.js'
import type { HttpResponse } from './http-exchange.js'

export type HttpAnswer =
  | { readonly kind: 'ok'; readonly body: Uint8Array }
  | {
      readonly kind: 'refused'
      readonly code: number
      readonly message: string
      readonly retryAfterMs: number
      readonly refusal: Refusal | undefined
    }
  /** An answer that is not the server's: the way to it is blocked. `retryAfterMs` is from its header, 0 if there is none. */
  | { readonly kind: 'foreign'; readonly status: number; readonly retryAfterMs: number }

export const PROTO = 'application/proto'

const DETAIL = 'longwire.v1.ErrorDetail'

/** An error is a code and a line of text; more is not read. */
const ERROR_BYTES_MAX = 65_536

/** @param nowMs wall time, for a Retry-After that is a date */
export function readAnswer(response: HttpResponse, nowMs: number): HttpAnswer {
  const type = mediaType(response.header('content-type'))
  if (response.status === 200 && type === PROTO) return { kind: 'ok', body: response.body }
  const refusal = type === 'application/json' && response.status >= 400 ? refusalOf(response.body) : undefined
  if (refusal !== undefined) return refusal
  return { kind: 'foreign', status: response.status, retryAfterMs: retryAfterMs(response.header('retry-after'), nowMs) }
}

/** Seconds, or a date (RFC 9110, 10.2.3). 0 if it is neither. */
function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return ms > 0 ? Math.min(Math.ceil(ms), UINT32_MAX) : 0
}

function refusalOf(body: Uint8Array): HttpAnswer | undefined {
  if (body.length > ERROR_BYTES_MAX) return undefined
  const error = objectOf(parsed(body))
  const details = Array.isArray(error?.details) ? (error.details as readonly unknown[]) : []
  for (const detail of details.map(objectOf)) {
    if (detail?.type !== DETAIL || typeof detail.value !== 'string') continue
    const bytes = ofBase64(detail.value)
    if (bytes === undefined) continue
    try {
      const { code, retryAfterMs, refusal } = decodeErrorDetail(bytes)
      // An error is never a success, whatever its detail says.
      if (code === CODES.OK.code) continue
      const message = typeof error?.message === 'string' ? error.message : ''
      return { kind: 'refused', code, message, retryAfterMs, refusal }
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown
    }
  }
  return undefined
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

function objectOf(value: unknown): { readonly [name: string]: unknown } | undefined {
  return typeof value === 'object' && value !== null ? (value as { readonly [name: string]: unknown }) : undefined
}

/** The media type without its parameters, in lower case. */
function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

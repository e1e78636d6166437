/** Answers of the Connect protocol as bytes: a message, or an error with our code in its detail (PROTOCOL.md, 13.3). */

import { type Code, codeName, codeText } from '../../protocol/codes.js'
import { encodeErrorDetail, type Refusal } from '../../protocol/generated/messages.js'
import { bodyToJson } from '../../protocol/json-codec.js'
import type { RequestMethod } from '../../protocol/methods.js'
import { CONNECT_STATUS, type ConnectCode, connectCodeOf } from './connect-codes.js'
import { retryAfter } from './raw-answer.js'
import type { ShortAnswer } from './types.js'

export type Format = 'proto' | 'json'

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  proto: 'application/proto',
  json: 'application/json',
}

export interface ErrorParts {
  /** A text for people; absent: the code's. */
  readonly message?: string
  readonly retryAfterMs?: number
  readonly refusal?: Refusal | undefined
  /** The status, in place of the one that the Connect code has. */
  readonly status?: number
  readonly connectCode?: ConnectCode
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The length of an encoded response from which JSON is made of it in a thread. That takes 25 to 59 µs of this one. Made here, JSON takes 27
 * for 32 timeline items (3.9 KB), 36 to 50 for 64 (7.8 KB) and 178 for 256 (31 KB); with gzip 43, 75 and 358 (`npm run bench -- workers`, 2
 * cores, busy).
 */
export const JSON_THERE_MIN = 4_096

const encoder = new TextEncoder()

const JSON_HEADERS = { 'Content-Type': CONTENT_TYPES.json }
const PROTO_HEADERS = { 'Content-Type': CONTENT_TYPES.proto }

export function messageAnswer(body: Uint8Array): ShortAnswer {
  return { status: 200, headers: PROTO_HEADERS, body }
}

/** The answer of an encoded response, in JSON. Of a large one JSON is made later, in a thread. */
export function jsonAnswer(method: RequestMethod, body: Uint8Array): ShortAnswer {
  const answer = { status: 200, headers: JSON_HEADERS }
  if (body.length >= JSON_THERE_MIN) return { ...answer, body, json: method.number }
  return { ...answer, body: encoder.encode(bodyToJson(method, 'response', body)) }
}

/** Always JSON, whatever the request's format: so the Connect protocol has it. */
export function errorAnswer(code: Code, parts: ErrorParts = {}): ShortAnswer {
  const { message = codeText(code), retryAfterMs = 0, refusal, connectCode = connectCodeOf(code) } = parts
  const { status = CONNECT_STATUS[connectCode], headers } = parts
  const detail = encodeErrorDetail({ code, retryAfterMs, refusal })
  const value = Buffer.from(detail)
    .toString('base64')
    .slice(0, Math.ceil((detail.length * 4) / 3)) // unpadded
  const debug = { code, name: codeName(code), ...shownRetry(retryAfterMs), ...shownRefusal(refusal) }
  const error = { code: connectCode, message, details: [{ type: 'longwire.v1.ErrorDetail', value, debug }] }
  return {
    status,
    headers: {
      'Content-Type': CONTENT_TYPES.json,
      ...(retryAfterMs > 0 ? { 'Retry-After': retryAfter(retryAfterMs) } : {}),
      ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...headers,
    },
    body: encoder.encode(JSON.stringify(error)),
  }
}

function shownRetry(retryAfterMs: number): object {
  return retryAfterMs > 0 ? { retryAfterMs } : {}
}

function shownRefusal(refusal: Refusal | undefined): object {
  if (refusal === undefined) return {}
  const { expectedSendSeq, boundAttempt } = refusal
  const shown = {
    ...(expectedSendSeq > 0 ? { expectedSendSeq: String(expectedSendSeq) } : {}),
    ...(boundAttempt > 0 ? { boundAttempt: String(boundAttempt) } : {}),
  }
  return { refusal: shown }
}

/** Finds the method that a request asks for, and in what form: all that its headers say, before its body is read. */

import { CODES } from '../../protocol/codes.js'
import { HELLO_BYTES_MAX, HTTP_BODY_BYTES_MAX, HTTP_JSON_BODY_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { CONTENT_TYPES, errorAnswer, type Format } from './connect-answer.js'
import type { ShortAnswer, ShortRequest } from './types.js'

export interface Call {
  readonly kind: 'call'
  readonly method: RequestMethod
  readonly format: Format
  /** The most bytes that the body may have when unpacked. */
  readonly bodyBytesMax: number
  /** The value of Connect-Timeout-Ms; Infinity without. */
  readonly timeoutMs: number
}

export type Route = Call | { readonly kind: 'refused'; readonly answer: ShortAnswer }

const PACKAGE = '/longwire.v1.'

const byPath = new Map<string, RequestMethod>()
for (const method of Object.values(METHODS)) {
  if (method.kind === 'request') byPath.set(`${PACKAGE}${method.service}/${method.rpc}`, method as RequestMethod)
}

/** The path that a method has on the short side. */
export function pathOf({ service, rpc }: RequestMethod): string {
  return `${PACKAGE}${service}/${rpc}`
}

export function routeOf({ method: verb, path, headers }: ShortRequest): Route {
  const method = byPath.get(path)
  if (method === undefined) {
    return refused(errorAnswer(CODES.UNKNOWN_METHOD.code, { status: 404, message: 'there is nothing at this path' }))
  }
  if (verb !== 'POST') {
    const message = 'methods are called with POST'
    return refused(errorAnswer(CODES.UNKNOWN_METHOD.code, { status: 405, message, headers: { Allow: 'POST' } }))
  }
  const format = formatOf(headers['content-type'])
  if (format === undefined) {
    const message = `the content type must be ${CONTENT_TYPES.proto} or ${CONTENT_TYPES.json}`
    const accept = { 'Accept-Post': `${CONTENT_TYPES.proto}, ${CONTENT_TYPES.json}` }
    return refused(errorAnswer(CODES.BAD_BODY.code, { status: 415, message, headers: accept }))
  }
  if ((headers['connect-protocol-version'] ?? '1') !== '1') {
    return refused(errorAnswer(CODES.INVALID_ARGUMENT.code, { message: 'Connect-Protocol-Version must be 1' }))
  }
  const timeoutMs = timeoutOf(headers['connect-timeout-ms'])
  if (timeoutMs === undefined) {
    const message = 'Connect-Timeout-Ms must be a whole number of milliseconds, of at most 10 digits'
    return refused(errorAnswer(CODES.INVALID_ARGUMENT.code, { message }))
  }
  return { kind: 'call', method, format, bodyBytesMax: bodyBytesMax(method, format), timeoutMs }
}

function refused(answer: ShortAnswer): Route {
  return { kind: 'refused', answer }
}

/** The bound of a body. Before Register, Login and Hello nobody is known, so nobody may make the server hold more (1.3). */
function bodyBytesMax(method: RequestMethod, format: Format): number {
  if (method.nameless) return HELLO_BYTES_MAX
  return format === 'json' ? HTTP_JSON_BODY_BYTES_MAX : HTTP_BODY_BYTES_MAX
}

/**
 * A type, and maybe a charset, which can only be UTF-8. Taken apart by hand: a regular expression that allows spaces in
 * several places tries all ways to share out a long run of them.
 */
function formatOf(contentType = ''): Format | undefined {
  if (contentType === CONTENT_TYPES.proto) return 'proto'
  if (contentType === CONTENT_TYPES.json) return 'json'
  const [type, ...parameters] = contentType
    .toLowerCase()
    .split(';', PARTS_MAX)
    .map(part => part.trim())
  if (parameters.at(-1) === '') parameters.pop() // a semicolon at the end
  if (parameters.length > 1 || !parameters.every(isCharsetUtf8)) return undefined
  if (type === CONTENT_TYPES.proto) return 'proto'
  return type === CONTENT_TYPES.json ? 'json' : undefined
}

/** A type, a charset, the nothing behind a last semicolon, and one too many. */
const PARTS_MAX = 4

function isCharsetUtf8(parameter: string): boolean {
  const [name, value, more] = parameter.split('=', 3).map(part => part.trim())
  return name === 'charset' && more === undefined && (value === 'utf-8' || value === '"utf-8"')
}

function timeoutOf(header: string | undefined): number | undefined {
  if (header === undefined) return Number.POSITIVE_INFINITY
  return /^\d{1,10}$/.test(header) ? Number(header) : undefined
}

/**
 * The names of our codes in HTTP and the Connect protocol: PROTOCOL.md, 13.3. Clients act on our code, in the ErrorDetail; the
 * words here are for generic clients, proxies and people. A request that may succeed later gets 429 or 503.
 */

import { CODES, type Code, type CodeName } from '../../protocol/codes.js'

/** The codes of the Connect protocol, with the HTTP status that it gives each. */
export const CONNECT_STATUS = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401,
} as const

export type ConnectCode = keyof typeof CONNECT_STATUS

/** Every code but OK. */
export const CONNECT_CODES = {
  INVALID_ARGUMENT: 'invalid_argument',
  BAD_BODY: 'invalid_argument',
  UNKNOWN_METHOD: 'unimplemented',
  TEXT_TOO_LONG: 'invalid_argument',
  UNKNOWN_USER: 'not_found',
  NOT_FRIEND: 'failed_precondition',
  BLOCKED: 'permission_denied',
  NAME_TAKEN: 'already_exists',
  WRONG_CREDENTIALS: 'unauthenticated',
  SEQ_REUSED: 'failed_precondition',
  SETTLED: 'failed_precondition',
  VOIDED: 'failed_precondition',
  ALREADY_FRIENDS: 'already_exists',
  NO_SUCH_REQUEST: 'not_found',
  NO_SUCH_DEVICE: 'not_found',
  NAME_INVALID: 'invalid_argument',
  PASSWORD_WEAK: 'invalid_argument',
  SELF: 'invalid_argument',
  CONTACT_LIMIT: 'resource_exhausted',
  OUTBOX_FULL: 'resource_exhausted',
  REFUSED: 'failed_precondition',
  NOT_ALLOWED: 'permission_denied',
  RECIPIENT_LIMIT: 'resource_exhausted',
  REQUEST_LIMIT: 'resource_exhausted',
  PASSWORD_LIMIT: 'resource_exhausted',
  NO_SUCH_GROUP: 'not_found',
  NOT_MEMBER: 'permission_denied',
  NOT_ADMIN: 'permission_denied',
  ALREADY_MEMBER: 'already_exists',
  GROUP_FULL: 'resource_exhausted',
  GROUP_LIMIT: 'resource_exhausted',
  MUTED: 'permission_denied',
  WRONG_CODE: 'permission_denied',
  NO_SUCH_INVITATION: 'not_found',
  NO_SUCH_MESSAGE: 'not_found',
  NOT_AUTHOR: 'permission_denied',
  TOO_LATE: 'failed_precondition',
  RECALLED: 'failed_precondition',
  BAD_MENTIONS: 'invalid_argument',
  BAD_CONTENT: 'invalid_argument',
  REACTION_LIMIT: 'resource_exhausted',
  PIN_LIMIT: 'resource_exhausted',
  NO_SUCH_ROOM: 'not_found',
  NOT_LISTENER: 'failed_precondition',
  NOT_PUBLISHER: 'permission_denied',
  ROOM_FULL: 'resource_exhausted',
  ROOM_LIMIT: 'resource_exhausted',
  ROOM_CLOSED: 'failed_precondition',
  STRANGER_LIMIT: 'resource_exhausted',

  UNAVAILABLE: 'unavailable',
  OVERLOADED: 'unavailable',
  GAP: 'aborted',
  RATE_LIMITED: 'resource_exhausted',
  STORE_FULL: 'unavailable',

  DRAINING: 'unavailable',
  SERVER_ERROR: 'internal',
  IDLE_TIMEOUT: 'deadline_exceeded',
  HELLO_TIMEOUT: 'deadline_exceeded',
  TOO_MANY_CONNECTIONS: 'unavailable',
  PROTOCOL_ERROR: 'invalid_argument',
  FRAME_TOO_LARGE: 'out_of_range',
  FLOOD: 'resource_exhausted',
  ATTEMPT_SUPERSEDED: 'aborted',
  HELLO_REQUIRED: 'failed_precondition',
  HELLO_REPEATED: 'failed_precondition',
  SLOW_CONSUMER: 'aborted',
  NAMELESS_TIMEOUT: 'deadline_exceeded',
  POLL_SUPERSEDED: 'aborted',

  RESYNC: 'out_of_range',

  UNAUTHENTICATED: 'unauthenticated',
  TOKEN_EXPIRED: 'unauthenticated',
  SESSION_REVOKED: 'unauthenticated',
  LOGIN_REQUIRED: 'unauthenticated',

  REPLACED: 'aborted',
  REVISION_UNSUPPORTED: 'failed_precondition',
} as const satisfies Record<Exclude<CodeName, 'OK'>, ConnectCode>

const byNumber = new Map<number, ConnectCode>(
  Object.entries(CONNECT_CODES).map(([name, connect]) => [CODES[name as CodeName].code, connect]),
)

export function connectCodeOf(code: Code): ConnectCode {
  return byNumber.get(code) ?? 'unknown'
}

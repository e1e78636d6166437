// Checks the arguments of an application before anything of them is queued. An error names the argument, the fault of its value
// and the limit.
import { CODES } from '../../../protocol/codes.js'
import {
  type ConversationId,
  directConversation,
  isConversationId,
  isGroupConversation,
  isRoomConversation,
  peerOf,
} from '../../../protocol/conversation-id.js'
import { INTEGER_MAX } from '../../../protocol/limits.js'
import { utf8 } from '../../../protocol/utf8.js'
import { LongwireError } from './errors.js'

/** Half of a surrogate pair: no character, and no UTF-8 can carry it. */
const LONE_SURROGATE = /\p{Surrogate}/u

const INVALID: number = CODES.INVALID_ARGUMENT.code

interface TextLimits {
  readonly bytesMin?: number
  /** The codes of what has too few, and too many bytes. */
  readonly short?: number
  readonly long?: number
}

/** @throws LongwireError INVALID_ARGUMENT */
export function checkUid(name: string, value: unknown): void {
  checkCount(name, value, 1, INTEGER_MAX)
}

/**
 * The conversation that is named, a direct one also by the other user's uid.
 * @throws LongwireError INVALID_ARGUMENT
 */
export function conversationNamed(name: string, value: unknown): ConversationId {
  if (isConversationId(value)) return value
  if (typeof value === 'string') {
    throw LongwireError.argument(name, 'is a string; it must be a uid, or the id of a conversation such as direct:17')
  }
  checkUid(name, value)
  return directConversation(value as number)
}

/**
 * The conversation that is named, one in which messages can be sent.
 * @throws LongwireError INVALID_ARGUMENT
 */
export function writableNamed(name: string, value: unknown): ConversationId {
  const conversation = conversationNamed(name, value)
  if (peerOf(conversation) !== undefined || isGroupConversation(conversation)) return conversation
  throw LongwireError.argument(name, `is ${conversation}; messages can be sent in direct conversations and groups`)
}

/**
 * The conversation that is named, one that can be looked at: also a room.
 * @throws LongwireError INVALID_ARGUMENT
 */
export function watchableNamed(name: string, value: unknown): ConversationId {
  return isConversationId(value) && isRoomConversation(value) ? value : writableNamed(name, value)
}

/**
 * The id of a room that is named.
 * @throws LongwireError INVALID_ARGUMENT
 */
export function roomNamed(name: string, value: unknown): ConversationId {
  if (isConversationId(value) && isRoomConversation(value)) return value
  throw LongwireError.argument(name, `is ${shown(value)}; it must be the id of a room such as room:9.1.1`)
}

/**
 * The id of a group that is named.
 * @throws LongwireError INVALID_ARGUMENT
 */
export function groupNamed(name: string, value: unknown): ConversationId {
  if (isConversationId(value) && isGroupConversation(value)) return value
  throw LongwireError.argument(name, `is ${shown(value)}; it must be the id of a group such as group:9.1.1`)
}

/** @throws LongwireError INVALID_ARGUMENT */
export function checkCount(name: string, value: unknown, min: number, max: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return
  throw LongwireError.argument(name, `is ${shown(value)}; it must be a whole number from ${min} to ${max}`)
}

/** @throws LongwireError INVALID_ARGUMENT, or one of the codes of the limits */
export function checkText(
  name: string,
  value: unknown,
  bytesMax: number,
  { bytesMin = 0, short = INVALID, long = INVALID }: TextLimits = {},
): void {
  if (typeof value !== 'string') throw LongwireError.argument(name, `is ${shown(value)}; it must be a text`)
  const at = value.search(LONE_SURROGATE)
  if (at >= 0)
    throw LongwireError.argument(name, `has half of a surrogate pair at index ${at}; it must be valid Unicode`)
  // A UTF-16 unit needs one byte at least and three at most.
  if (value.length >= bytesMin && value.length * 3 <= bytesMax) return
  const bytes = value.length > bytesMax ? value.length : utf8(value).length
  if (bytes < bytesMin)
    throw LongwireError.argument(name, `has ${bytes} bytes of UTF-8; at least ${bytesMin} are needed`, short)
  const size = bytes === value.length ? `${bytes} bytes or more` : `${bytes} bytes`
  if (bytes > bytesMax)
    throw LongwireError.argument(name, `has ${size} of UTF-8; at most ${bytesMax} are allowed`, long)
}

/** @throws LongwireError INVALID_ARGUMENT */
export function checkBytes(name: string, value: unknown, bytesMax: number): void {
  if (!(value instanceof Uint8Array)) throw LongwireError.argument(name, `is ${shown(value)}; it must be a Uint8Array`)
  if (value.length > bytesMax)
    throw LongwireError.argument(name, `has ${value.length} bytes; at most ${bytesMax} are allowed`)
}

/** @throws LongwireError INVALID_ARGUMENT */
export function checkRange(name: string, value: unknown, max: number): void {
  if (typeof value === 'number' && Math.abs(value) <= max) return
  throw LongwireError.argument(name, `is ${shown(value)}; it must be a number from ${-max} to ${max}`)
}

/** @throws LongwireError INVALID_ARGUMENT */
export function checkFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw LongwireError.argument(name, 'must be true or false')
}

/** @throws LongwireError INVALID_ARGUMENT, unless it is one of the names in `words` */
export function checkWord(name: string, value: unknown, words: object): void {
  if (typeof value === 'string' && Object.hasOwn(words, value)) return
  throw LongwireError.argument(name, `must be one of ${Object.keys(words).join(', ')}`)
}

/** A value in an error; never a whole text, which may be a secret. */
function shown(value: unknown): string {
  return typeof value === 'number' || value === undefined || value === null ? String(value) : `a ${typeof value}`
}

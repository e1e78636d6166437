// The form of what a message holds beside its text. PROTOCOL.md, 7.17.
import {
  DecodeError,
  decodeCard,
  decodeCustom,
  decodeLocation,
  type Mention,
  type MessageContent,
} from './generated/messages.js'
import { CONTENT_BYTES_MAX, LATITUDE_MAX, LONGITUDE_MAX } from './limits.js'

/** The kinds of content that have been given out. */
export const CONTENT_KINDS = { custom: 1, location: 2, card: 3 } as const

/** Whether it can be the kind of a reaction, if it is not too long. */
export function isReaction(kind: string): boolean {
  return kind !== '' && !/\p{Cc}/u.test(kind)
}

/** Whether the content is of a known kind, and its body as that kind has it. */
export function isContent({ kind, body }: MessageContent): boolean {
  if (body.length > CONTENT_BYTES_MAX) return false
  try {
    return isOfKind(kind, body)
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

function isOfKind(kind: number, body: Uint8Array): boolean {
  switch (kind) {
    case CONTENT_KINDS.custom:
      decodeCustom(body)
      return true
    case CONTENT_KINDS.location: {
      const { latitude, longitude } = decodeLocation(body)
      return latitude <= LATITUDE_MAX && longitude <= LONGITUDE_MAX
    }
    case CONTENT_KINDS.card:
      decodeCard(body)
      return true
    default:
      return false
  }
}

/** Whether each mention names a part of the text, in UTF-16 code units, in order, and none cuts a character or overlaps another. */
export function areMentions(text: string, mentions: readonly Mention[]): boolean {
  let end = 0
  for (const { start, length } of mentions) {
    if (length === 0 || start < end) return false
    end = start + length
    if (end > text.length || isInside(text, start) || isInside(text, end)) return false
  }
  return true
}

/** Whether the index lies between the two halves of one character. */
function isInside(text: string, index: number): boolean {
  return index > 0 && index < text.length && isHigh(text.charCodeAt(index - 1)) && isLow(text.charCodeAt(index))
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

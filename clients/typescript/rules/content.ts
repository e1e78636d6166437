// The content of a message, as an application sees and writes it: text, a kind of PROTOCOL.md, 7.17, or one that this version of the
// library does not know.
import { fromBase64, toBase64 } from '../../../protocol/base64.js'
import {
  createCard,
  createCustom,
  createLocation,
  createMessageContent,
  decodeCard,
  decodeCustom,
  decodeLocation,
  encodeCard,
  encodeCustom,
  encodeLocation,
  type MessageContent,
} from '../../../protocol/generated/messages.js'
import {
  CUSTOM_DATA_BYTES_MAX,
  CUSTOM_TYPE_BYTES_MAX,
  LATITUDE_MAX,
  LOCATION_NAME_BYTES_MAX,
  LONGITUDE_MAX,
} from '../../../protocol/limits.js'
import { checkBytes, checkRange, checkText, checkUid } from '../base/arguments.js'
import { NO_BYTES } from '../base/bytes.js'
import { LongwireError } from '../base/errors.js'
import type { StoredContent } from '../storage/storage.js'

/** Content that is not text, as an application writes it. */
export type Attachment =
  /** What the application defines: a type of up to 64 bytes, and up to 16 384 bytes of data. */
  | { readonly kind: 'custom'; readonly type: string; readonly data: Uint8Array }
  /** A place, in degrees: north and east are positive. The name has up to 256 bytes. */
  | { readonly kind: 'location'; readonly latitude: number; readonly longitude: number; readonly name: string }
  /** A user. The name is to be looked up. */
  | { readonly kind: 'card'; readonly uid: number }

export type Content =
  | { readonly kind: 'text'; readonly text: string }
  /** `text` of what is not text says the same in words, or is empty. */
  | (Attachment & { readonly text: string })
  /** Content of a kind that this version does not know. */
  | { readonly kind: 'unknown'; readonly number: number; readonly body: Uint8Array; readonly text: string }

/** The wire's number of each kind. */
const KINDS = { custom: 1, location: 2, card: 3 } as const

const MILLIONTHS = 1_000_000

export function contentOf(text: string, stored: StoredContent | undefined): Content {
  if (stored === undefined) return { kind: 'text', text }
  const body = fromBase64(stored.body) ?? NO_BYTES
  const attachment = decode(stored.kind, body)
  return attachment === undefined ? { kind: 'unknown', number: stored.kind, body, text } : { ...attachment, text }
}

/** The part of a stored message that says its content; nothing for a text. */
export function storedContent(content: MessageContent | undefined): { readonly content?: StoredContent } {
  if (content === undefined || content.kind === 0) return {}
  return { content: { kind: content.kind, body: toBase64(content.body) } }
}

export function contentItem({ kind, body }: StoredContent): MessageContent {
  return createMessageContent({ kind, body: fromBase64(body) ?? NO_BYTES })
}

/**
 * The content that an application hands in.
 * @throws LongwireError INVALID_ARGUMENT
 */
export function attachmentOf(content: Attachment): StoredContent {
  return { kind: KINDS[content.kind], body: toBase64(encode(content)) }
}

function encode(content: Attachment): Uint8Array {
  switch (content.kind) {
    case 'custom': {
      const { type, data } = content
      checkText('content.type', type, CUSTOM_TYPE_BYTES_MAX, { bytesMin: 1 })
      checkBytes('content.data', data, CUSTOM_DATA_BYTES_MAX)
      return encodeCustom(createCustom({ type, data }))
    }
    case 'location': {
      const { latitude, longitude, name } = content
      checkRange('content.latitude', latitude, 90)
      checkRange('content.longitude', longitude, 180)
      checkText('content.name', name, LOCATION_NAME_BYTES_MAX)
      return encodeLocation(
        createLocation({
          latitude: Math.round(latitude * MILLIONTHS) + LATITUDE_MAX / 2,
          longitude: Math.round(longitude * MILLIONTHS) + LONGITUDE_MAX / 2,
          name,
        }),
      )
    }
    case 'card':
      checkUid('content.uid', content.uid)
      return encodeCard(createCard({ uid: content.uid }))
    default:
      throw LongwireError.argument('content.kind', `must be one of ${Object.keys(KINDS).join(', ')}`)
  }
}

/** Undefined if the kind is not known, or its body is none. */
function decode(kind: number, body: Uint8Array): Attachment | undefined {
  try {
    if (kind === KINDS.custom) {
      const { type, data } = decodeCustom(body)
      return { kind: 'custom', type, data: data.slice() }
    }
    if (kind === KINDS.location) {
      const { latitude, longitude, name } = decodeLocation(body)
      return {
        kind: 'location',
        latitude: (latitude - LATITUDE_MAX / 2) / MILLIONTHS,
        longitude: (longitude - LONGITUDE_MAX / 2) / MILLIONTHS,
        name,
      }
    }
    return kind === KINDS.card ? { kind: 'card', uid: decodeCard(body).uid } : undefined
  } catch {
    return undefined
  }
}

// The content of a message, as an application sees it: text, or something that this version of the library does not know.
import { fromBase64, toBase64 } from '../../../protocol/base64.js'
import type { MessageContent } from '../../../protocol/generated/messages.js'
import { NO_BYTES } from '../base/bytes.js'
import type { StoredContent } from '../storage/storage.js'

export type Content =
  | { readonly kind: 'text'; readonly text: string }
  /** Content of a kind that this version does not know. `text` says the same in words, or is empty. */
  | { readonly kind: 'unknown'; readonly number: number; readonly body: Uint8Array; readonly text: string }

export function contentOf(text: string, stored: StoredContent | undefined): Content {
  if (stored === undefined) return { kind: 'text', text }
  return { kind: 'unknown', number: stored.kind, body: fromBase64(stored.body) ?? NO_BYTES, text }
}

/** The part of a stored message that says its content; nothing for a text. */
export function storedContent(content: MessageContent | undefined): { readonly content?: StoredContent } {
  if (content === undefined || content.kind === 0) return {}
  return { content: { kind: content.kind, body: toBase64(content.body) } }
}

// Copying to the clipboard.
import { said } from '../words.js'
import { useSession } from './hooks.js'

/** The most of a text that is shown where it cannot be copied: more than any address or code has. */
const SHOWN_MAX = 100

/** Copies a text, and tells whether that was possible. Outside a secure context a page has no clipboard. */
export function useCopy(): (text: string) => Promise<void> {
  const { notices } = useSession()
  return async text => {
    try {
      await navigator.clipboard.writeText(text)
      notices.tell(said('copied'))
    } catch {
      notices.error(said('copyFailed', { text: text.slice(0, SHOWN_MAX) }))
    }
  }
}

// Long texts are folded. Where one is cut follows from the text alone, never from how it is drawn: so no row changes its height by itself.
import type { TextPart } from './text-parts.js'

/** The lines of a folded text, and the most of one that is shown as a whole: to hide a few lines would spare nothing. */
export const FOLDED_LINES = 16
export const WHOLE_LINES_MAX = 24
/** The signs of a line, as narrow panes break it. Those of East Asia are twice as wide. */
const LINE_SIGNS = 60
const WIDE_FROM = 0x2e80
/** A word is cut only if it begins further back than this. */
const WORD_SIGNS_MAX = 40

/** The place at which a text is cut while it is folded; its length if it is never folded. */
export function foldAt(text: string): number {
  let lines = 0
  let signs = 0
  let cut = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    signs += code >= WIDE_FROM ? 2 : 1
    if (code !== 10 && signs < LINE_SIGNS) continue
    lines += 1
    signs = 0
    if (lines === FOLDED_LINES) cut = i + 1
    if (lines === WHOLE_LINES_MAX) return betweenWords(text, cut)
  }
  return text.length
}

/** The parts of the beginning of a text. */
export function cutParts(parts: readonly TextPart[], length: number): TextPart[] {
  let left = length
  return parts.flatMap(part => {
    const text = part.text.slice(0, Math.max(left, 0))
    left -= part.text.length
    return text === '' ? [] : [{ ...part, text }]
  })
}

/** The nearest place before this one where a word ends, or else a sign. */
function betweenWords(text: string, at: number): number {
  const end = /\s\S*$/.exec(text.slice(at - WORD_SIGNS_MAX, at))
  if (end !== null) return at - end[0].length
  return /[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at - 1 : at
}

// The parts of a message's text: plain text, links and mentions. A link is what begins with http:// or https://; nothing else becomes one.
// A link must lead where it seems to. So it ends before a sign that is not seen and turns around what is (Unicode category Cf), and has
// no user in front of its host.
import type { Mention } from '../../typescript/browser.js'

export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly url: string }
  | { readonly kind: 'mention'; readonly text: string; readonly uid: number }

const LINK = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef\p{Cf}]+/giu

/** The signs that end a sentence, and not an address. */
const ENDS = '.,;:!?…)]}'

export function textParts(text: string, mentions: readonly Mention[]): TextPart[] {
  const parts: TextPart[] = []
  let at = 0
  for (const { start, length, uid } of mentions) {
    if (start < at || start + length > text.length) continue
    parts.push(...linkParts(text.slice(at, start)))
    parts.push({ kind: 'mention', text: text.slice(start, start + length), uid })
    at = start + length
  }
  parts.push(...linkParts(text.slice(at)))
  return parts
}

function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = []
  let at = 0
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const link = withoutTail(found)
    const url = urlOf(link)
    if (url === undefined) continue
    if (index > at) parts.push({ kind: 'text', text: text.slice(at, index) })
    parts.push({ kind: 'link', text: link, url })
    at = index + link.length
  }
  if (at < text.length) parts.push({ kind: 'text', text: text.slice(at) })
  return parts
}

/** An address without the signs behind it. It may end with a bracket that it opens itself. */
function withoutTail(link: string): string {
  let end = link.length
  while (end > 0 && ENDS.includes(link.charAt(end - 1))) end--
  const cut = link.slice(0, end)
  return link.charAt(end) === ')' && cut.includes('(') && !cut.includes(')') ? `${cut})` : cut
}

function urlOf(link: string): string | undefined {
  try {
    const { protocol, hostname, username, password, href } = new URL(link)
    return /^https?:$/.test(protocol) && hostname !== '' && username + password === '' ? href : undefined
  } catch {
    return undefined
  }
}

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2})/u
const JUMBO_LENGTH_MAX = 48

/** Whether a text is one to three emoji and nothing else: it is shown large. */
export function isJumbo(text: string): boolean {
  if (text.length > JUMBO_LENGTH_MAX || !EMOJI.test(text)) return false
  const signs = [...segmenter.segment(text.replace(/ /g, ''))]
  return signs.length <= 3 && signs.every(({ segment }) => EMOJI.test(segment))
}

const segmenter = new Intl.Segmenter()

/** More than two accents on a letter: they would not stay in their place. */
const HEAP_OF_ACCENTS = /(\p{M}{2})\p{M}+/gu

/** The first sign of a name, for the picture of whoever has it. */
export function firstSign(name: string): string {
  const start = name.trim().slice(0, 16)
  // To segment a text takes as long as to draw a row.
  if (/^[\x20-\x7e]{2}/.test(start)) return start.charAt(0).toUpperCase()
  const [first] = segmenter.segment(start)
  return first?.segment.replace(HEAP_OF_ACCENTS, '$1').toUpperCase() ?? '?'
}

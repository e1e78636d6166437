// The parts of a message's text: plain text, links and mentions. A link is what begins with http:// or https://; nothing else becomes one.
import type { Mention } from '../../typescript/browser.js'

export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly url: string }
  | { readonly kind: 'mention'; readonly text: string; readonly uid: number }

const LINK = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef]+/gi

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
    const { protocol, hostname, href } = new URL(link)
    return /^https?:$/.test(protocol) && hostname !== '' ? href : undefined
  } catch {
    return undefined
  }
}

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2})/u
const JUMBO_LENGTH_MAX = 48

/** Whether a text is one to three emoji and nothing else: it is shown large. */
export function isJumbo(text: string): boolean {
  if (text.length > JUMBO_LENGTH_MAX || !EMOJI.test(text)) return false
  const signs = [...new Intl.Segmenter().segment(text.replace(/ /g, ''))]
  return signs.length <= 3 && signs.every(({ segment }) => EMOJI.test(segment))
}

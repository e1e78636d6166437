// Mentions in a text that is being written: they move with what is typed before them, and end when they are changed themselves.
import type { Mention } from '../../typescript/browser.js'

/** What is typed behind an @, up to the caret. */
export interface MentionQuery {
  /** The position of the @. */
  readonly start: number
  readonly word: string
}

/** Longer names are not completed any further. */
const WORD_MAX = 32

/** The mention that is being typed at the caret; undefined if none is. */
export function mentionQuery(text: string, caret: number): MentionQuery | undefined {
  const start = text.lastIndexOf('@', caret - 1)
  if (start < 0 || caret - start > WORD_MAX) return undefined
  const word = text.slice(start + 1, caret)
  // A letter before the @ makes it a mail address. Scripts without spaces are no letters in this sense.
  if (/\s/.test(word) || /[A-Za-z0-9.]/.test(text.charAt(start - 1))) return undefined
  return { start, word }
}

/** The mentions of the new text: those that an edit went through are gone. */
export function movedMentions(mentions: readonly Mention[], before: string, after: string): readonly Mention[] {
  if (mentions.length === 0 || before === after) return mentions
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head++
  let tail = 0
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  const end = before.length - tail
  const shift = after.length - before.length
  return mentions.flatMap(mention => {
    if (mention.start + mention.length <= head) return [mention]
    return mention.start >= end ? [{ ...mention, start: mention.start + shift }] : []
  })
}

/** The text with the mention put in the place of what was typed, and where the caret is then. */
export function completed(
  { text, mentions }: { readonly text: string; readonly mentions: readonly Mention[] },
  { start, word }: MentionQuery,
  { uid, name }: { readonly uid: number; readonly name: string },
): { readonly text: string; readonly mentions: readonly Mention[]; readonly caret: number } {
  const end = start + 1 + word.length
  const named = `@${name}`
  const space = text.charAt(end) === ' ' ? '' : ' '
  const next = `${text.slice(0, start)}${named}${space}${text.slice(end)}`
  const kept = movedMentions(mentions, text, next)
  const all = [...kept, { start, length: named.length, uid }].sort((a, b) => a.start - b.start)
  return { text: next, mentions: all, caret: start + named.length + 1 }
}

/** The text without spaces at its ends, as it is sent, and its mentions. */
export function trimmed(text: string, mentions: readonly Mention[]): { text: string; mentions: readonly Mention[] } {
  const end = text.trimEnd()
  const sent = end.trimStart()
  const cut = end.length - sent.length
  return {
    text: sent,
    mentions: mentions.flatMap(each => {
      const start = each.start - cut
      return start >= 0 && start + each.length <= sent.length ? [{ ...each, start }] : []
    }),
  }
}

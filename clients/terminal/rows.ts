/** Turns lines, which have a meaning, into rows of a screen, which have a width. */

import { visible } from './visible.js'

/** The progress of a message of this user; four cells. */
export type Mark = '    ' | '…   ' | '✓   ' | '✓✓  ' | 'read' | 'FAIL'

export interface Line {
  /** wrong: something that was asked for and cannot be done, or failed. */
  readonly kind: 'message' | 'notice' | 'wrong'
  readonly text: string
  /** The time of a message. */
  readonly time?: string
  readonly mark?: Mark
  /** The key of a message whose mark may change. */
  readonly key?: string
}

const LEADS = { message: '', notice: '-- ', wrong: '!! ' } as const

/**
 * The prefix of every further row of a line. With it nobody can write a text whose second row looks like somebody else's message.
 */
const FURTHER = '   │ '

/** Narrower than this nothing can be laid out; what is too wide then wraps by itself. */
const WIDTH_MIN = 24

/** The first row up to its text; the mark, if there is one, ends it but for a space. */
export function leadOf({ kind, time, mark }: Line): string {
  if (mark === undefined) return LEADS[kind]
  return `${time === undefined ? '' : `${time} `}${mark} `
}

/**
 * The rows of a line, with nothing in them that a terminal obeys.
 * @param width cells of a row; Infinity breaks at line ends only
 */
export function rowsOf(line: Line, width: number): string[] {
  const rows: string[] = []
  for (const part of visible(line.text).split('\n')) {
    wrap(rows.length === 0 ? visible(leadOf(line)) : FURTHER, part, Math.max(WIDTH_MIN, width), rows)
  }
  return rows
}

/** Breaks between words, and within one that is wider than a row. */
function wrap(lead: string, text: string, cellsMax: number, rows: string[]): void {
  let row = lead
  let cells = cellsOf(lead)
  let isBegun = false
  const next = (): void => {
    rows.push(row.trimEnd())
    row = FURTHER
    cells = cellsOf(FURTHER)
    isBegun = false
  }
  for (const word of text.split(/(?<= )(?=[^ ])/)) {
    if (isBegun && cells + cellsOf(word.trimEnd()) > cellsMax) next()
    for (const character of word) {
      const width = cellsOf(character)
      if (cells + width > cellsMax) {
        // A space at the end of a row is not worth a row of its own.
        if (character === ' ') continue
        next()
      }
      row += character
      cells += width
      isBegun = true
    }
  }
  rows.push(row.trimEnd())
}

/**
 * The most cells that a text takes. Where terminals differ (joined emojis, for one) it is the larger number, so that a row is
 * never wider than was calculated.
 */
export function cellsOf(text: string): number {
  let cells = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    if (point < 0x300) cells++
    else if (!/[\p{Mn}\p{Me}\u200c\u200d]/u.test(character)) cells += isWide(point) ? 2 : 1
  }
  return cells
}

/** East Asian scripts and emojis; by blocks, with some narrow ones among them. */
function isWide(point: number): boolean {
  if (point < 0x1100) return false
  return (
    point <= 0x115f ||
    (point >= 0x231a && point <= 0x23ff) ||
    (point >= 0x2600 && point <= 0x27bf && point !== 0x2713) ||
    (point >= 0x2b00 && point <= 0x2bff) ||
    (point >= 0x2e80 && point <= 0xa4cf) ||
    (point >= 0xa960 && point <= 0xa97f) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xfe30 && point <= 0xfe6f) ||
    (point >= 0xff00 && point <= 0xff60) ||
    point >= 0x1f000
  )
}

/**
 * The line that a person is typing: keys in, text and cursor out. Knows no terminal; terminal.ts draws it.
 */

import { cellsOf } from './rows.js'
import { visible } from './visible.js'

/** A key in the form in which node:readline gives it. */
export interface Key {
  readonly name?: string | undefined
  readonly ctrl?: boolean
  readonly meta?: boolean
  readonly sequence?: string
}

export type Typed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'line'; readonly text: string }
  /** Ctrl-C, or Ctrl-D on an empty line. */
  | { readonly kind: 'end' }
  | { readonly kind: 'redraw' }

const NOTHING: Typed = { kind: 'nothing' }

/** Lines that can be called back. */
const HISTORY_MAX = 100

/** UTF-16 units that a cell of the screen may need: letters with marks, and emojis that are joined. */
const UNITS_PER_CELL = 16

/** The longest grapheme; a longer one is taken for several: a hundred marks on one letter. */
const GRAPHEME_UNITS = 128

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

export class LineEditor {
  /** The text before and behind the cursor. */
  #left = ''
  #right = ''
  /** Set while text is pasted: line ends in it do not end the line. */
  #pasting = false
  readonly #history: string[] = []
  /** Steps back in the history; 0 is what is being typed. */
  #back = 0
  readonly #remembers: boolean

  /** @param remembers lines can be called back with the up key: not those of secrets */
  constructor(remembers: boolean) {
    this.#remembers = remembers
  }

  get text(): string {
    return this.#left + this.#right
  }

  /** Whether text is being pasted: there is nothing to draw before its end. */
  get pasting(): boolean {
    return this.#pasting
  }

  key(character: string | undefined, key: Key): Typed {
    if (key.name === 'paste-start' || key.name === 'paste-end') this.#pasting = key.name === 'paste-start'
    else if (this.#pasting) this.#insert(key.name === 'return' || key.name === 'enter' ? '\n' : (key.sequence ?? ''))
    else if (key.ctrl === true) return this.#control(key.name)
    else return this.#plain(character, key)
    return NOTHING
  }

  /**
   * The part of the line around the cursor that fits. Looks at no more of the line than may be shown.
   * @param cellsMax how wide it may be; the cursor needs one of them
   * @returns fit for a terminal, and in which cell of it the cursor stands
   */
  view(cellsMax: number): { readonly text: string; readonly cursor: number } {
    const near = cellsMax * UNITS_PER_CELL
    const before = graphemesOf(shown(this.#left.slice(-near)))
    let first = before.length
    let cursor = 0
    while (first > 0) {
      const cells = cellsOf(before[first - 1] ?? '')
      if (cursor + cells > cellsMax - 1) break
      cursor += cells
      first--
    }
    let text = before.slice(first).join('')
    let cells = cursor
    for (const grapheme of graphemesOf(shown(this.#right.slice(0, near)))) {
      cells += cellsOf(grapheme)
      if (cells > cellsMax) break
      text += grapheme
    }
    return { text, cursor }
  }

  #plain(character: string | undefined, { name, meta }: Key): Typed {
    switch (name) {
      case 'return':
      case 'enter':
        return this.#line()
      case 'backspace':
        this.#left = this.#left.slice(0, beforeLast(this.#left))
        break
      case 'delete':
        this.#right = this.#right.slice(graphemeLength(this.#right))
        break
      case 'left':
        this.#moveTo(beforeLast(this.#left))
        break
      case 'right':
        this.#moveTo(this.#left.length + graphemeLength(this.#right))
        break
      case 'home':
        this.#moveTo(0)
        break
      case 'end':
        this.#moveTo(this.text.length)
        break
      case 'up':
        this.#recall(this.#back + 1)
        break
      case 'down':
        this.#recall(this.#back - 1)
        break
      default:
        // Keys without a character of their own (functions, escape sequences) say nothing.
        if (character !== undefined && meta !== true && !/^\p{Cc}/u.test(character)) this.#insert(character)
        else if (name === 'tab') this.#insert(' ')
    }
    return NOTHING
  }

  #control(name: string | undefined): Typed {
    switch (name) {
      case 'c':
        return { kind: 'end' }
      case 'd':
        if (this.text === '') return { kind: 'end' }
        this.#right = this.#right.slice(graphemeLength(this.#right))
        break
      case 'h':
        return this.#plain(undefined, { name: 'backspace' })
      case 'j':
      case 'm':
        return this.#line()
      case 'a':
        this.#moveTo(0)
        break
      case 'e':
        this.#moveTo(this.text.length)
        break
      case 'u':
        this.#left = ''
        break
      case 'k':
        this.#right = ''
        break
      case 'w':
        this.#left = this.#left.slice(0, wordStart(this.#left))
        break
      case 'left':
        this.#moveTo(wordStart(this.#left))
        break
      case 'right':
        this.#moveTo(this.#left.length + (/^\s*\S*/.exec(this.#right)?.[0].length ?? 0))
        break
      case 'l':
        return { kind: 'redraw' }
    }
    return NOTHING
  }

  #line(): Typed {
    const { text } = this
    if (this.#remembers && text.trim() !== '' && text !== this.#history.at(-1)) {
      this.#history.push(text)
      if (this.#history.length > HISTORY_MAX) this.#history.shift()
    }
    this.#left = this.#right = ''
    this.#back = 0
    return { kind: 'line', text }
  }

  #recall(back: number): void {
    if (back < 0 || back > this.#history.length) return
    this.#back = back
    this.#left = back === 0 ? '' : (this.#history.at(-back) ?? '')
    this.#right = ''
  }

  #insert(text: string): void {
    this.#left += text
  }

  #moveTo(place: number): void {
    const { text } = this
    this.#left = text.slice(0, place)
    this.#right = text.slice(place)
  }
}

function shown(text: string): string {
  return visible(text).replace(/\n/g, '⏎')
}

function graphemesOf(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment)
}

/** The length of the first grapheme: what a person takes for one letter. */
function graphemeLength(text: string): number {
  for (const { segment } of graphemes.segment(text)) return segment.length
  return 0
}

/** The place where the last grapheme begins. */
function beforeLast(text: string): number {
  const start = Math.max(0, text.length - GRAPHEME_UNITS)
  let last = 0
  for (const { index } of graphemes.segment(text.slice(start))) last = index
  return start + last
}

/** The place where the last word begins; blanks behind it belong to it. */
function wordStart(text: string): number {
  const { length } = text.trimEnd()
  for (let at = length; at > 0; at--) if (/\s/.test(text.charAt(at - 1))) return at
  return 0
}

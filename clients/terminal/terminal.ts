/**
 * A terminal: lines scroll up, and the lowest row is the one that is typed in.
 *
 *   12:01 ✓✓   you → bob: hello        printed rows; those still on the screen can get another mark
 *   12:01      bob: hi
 *   [online tcp] bob> how are y█       one row, drawn anew after everything; scrolls sideways
 *
 * The terminal is in raw mode from begin() to end(): it echoes nothing by itself. In a dialogue keys wait for the next question,
 * unseen. So a secret that is typed before it is asked for is neither shown nor taken for a message.
 */

import { emitKeypressEvents } from 'node:readline'
import { type Key, LineEditor } from './line-editor.js'
import { cellsOf, type Line, leadOf, rowsOf } from './rows.js'
import type { Dialogue, Screen, Showing } from './screen.js'
import { visibleName } from './visible.js'

export interface TerminalInput extends NodeJS.ReadableStream {
  setRawMode(on: boolean): unknown
}

export interface TerminalOutput {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

export interface TerminalEvents {
  line(text: string): void
  /** The line that is being typed is this now; not an answer to a question. */
  typed(text: string): void
  /** Ctrl-C, Ctrl-D, or the terminal is gone. */
  end(): void
}

interface Question {
  readonly text: string
  readonly how: Showing
  readonly editor: LineEditor
  readonly answer: (text: string | undefined) => void
}

const COLUMNS_DEFAULT = 80
const ROWS_DEFAULT = 24

const PASTE_ON = '\x1b[?2004h'
const PASTE_OFF = '\x1b[?2004l'
const CLEAR_ROW = '\r\x1b[K'

export class Terminal implements Screen {
  readonly #input: TerminalInput
  readonly #output: TerminalOutput
  readonly #events: TerminalEvents
  readonly #editor = new LineEditor(true)
  #status = ''
  #question: Question | undefined
  /** Keys that no question has taken yet; undefined while there is no dialogue. */
  #ahead: [string | undefined, Key][] | undefined
  /** Keys that are typed when hold() is over; undefined while nothing is held. */
  #held: [string | undefined, Key][] | undefined
  /** Dialogues that are not over. */
  #dialogues = 0
  /** Settles when the one that came last is over; never rejects. */
  #lastOver: Promise<unknown> = Promise.resolve()
  #begun = false
  /** Rows printed since the terminal's width is what it is. */
  #printed = 0
  /** The number of each line's first row among all rows printed, by the line's key. */
  readonly #places = new Map<string, number>()

  constructor(input: TerminalInput, output: TerminalOutput, events: TerminalEvents) {
    this.#input = input
    this.#output = output
    this.#events = events
  }

  begin(): void {
    this.#begun = true
    emitKeypressEvents(this.#input)
    this.#input.setRawMode(true)
    this.#input.on('keypress', this.#onKey)
    this.#input.on('end', this.#onEnd)
    this.#output.on('resize', this.#onResize)
    this.#output.write(PASTE_ON)
    this.#input.resume()
    this.#draw()
  }

  /** Leaves the terminal as it was found, the cursor on an empty row. */
  end(): void {
    if (!this.#begun) return
    this.#begun = false
    this.#input.off('keypress', this.#onKey)
    this.#input.off('end', this.#onEnd)
    this.#output.off('resize', this.#onResize)
    this.#input.setRawMode(false)
    this.#input.pause()
    this.#output.write(CLEAR_ROW + PASTE_OFF)
    this.#question?.answer(undefined)
    this.#question = undefined
  }

  show(line: Line): void {
    const rows = rowsOf(line, this.#columns - 1)
    if (line.key !== undefined) this.#places.set(line.key, this.#printed)
    this.#printed += rows.length
    this.#output.write(`${CLEAR_ROW}${rows.join('\r\n')}\r\n`)
    this.#forgetFar()
    this.#draw()
  }

  /** Changes the mark of a line that is still on the screen, and no other. A failure is told by a line of its own. */
  remark(line: Line): void {
    const place = line.key === undefined ? undefined : this.#places.get(line.key)
    if (place === undefined || line.mark === undefined) return
    const up = this.#printed - place
    const column = cellsOf(leadOf(line)) - cellsOf(`${line.mark} `)
    const right = column === 0 ? '' : `\x1b[${column}C`
    this.#output.write(`\r\x1b[${up}A${right}${line.mark}\r\x1b[${up}B`)
    this.#draw()
  }

  status(text: string): void {
    if (text === this.#status) return
    this.#status = text
    this.#draw()
  }

  /** One dialogue at a time: another one waits. What is to be shown meanwhile is shown above the question. */
  readonly dialogue: Dialogue = run => {
    this.#dialogues++
    this.#ahead ??= []
    const over = this.#lastOver.then(async () => {
      try {
        return await run((text, how) => this.#ask(text, how))
      } finally {
        this.#dialogues--
        this.#ahead = this.#dialogues === 0 ? undefined : []
        this.#draw()
      }
    })
    this.#lastOver = over.catch(() => {})
    return over
  }

  /** Holds the keys back while it runs, unseen. They are typed when it is over. */
  async hold(run: () => Promise<void>): Promise<void> {
    this.#held = []
    try {
      await run()
    } finally {
      const held = this.#held
      this.#held = undefined
      for (const [character, key] of held) this.#onKey(character, key)
    }
  }

  #ask(text: string, how: Showing): Promise<string | undefined> {
    if (!this.#begun) return Promise.resolve(undefined)
    return new Promise(resolve => {
      const answer = (given: string | undefined): void => {
        this.#question = undefined
        resolve(given)
      }
      this.#question = { text, how, editor: new LineEditor(false), answer }
      this.#draw()
      for (const [character, key] of this.#ahead?.splice(0) ?? []) this.#onKey(character, key)
    })
  }

  get #columns(): number {
    return this.#output.columns || COLUMNS_DEFAULT
  }

  readonly #onKey = (character: string | undefined, key: Key): void => {
    const question = this.#question
    const waiting = this.#ahead ?? this.#held
    if (question === undefined && waiting !== undefined) {
      if (key.ctrl === true && key.name === 'c') this.#events.end()
      else waiting.push([character, key])
      return
    }
    const editor = question?.editor ?? this.#editor
    const typed = editor.key(character, key)
    switch (typed.kind) {
      case 'line':
        if (question === undefined) {
          this.#events.line(typed.text)
        } else {
          // The question stays to be read; a secret does not.
          this.#output.write(`${CLEAR_ROW}${question.text}${shownOf(question.how, typed.text)}\r\n`)
          this.#printed++
          question.answer(typed.text)
        }
        break
      case 'end':
        this.#events.end()
        return
      case 'nothing':
        if (question === undefined) this.#events.typed(editor.text)
        break
      case 'redraw':
        this.#output.write('\x1b[2J\x1b[H')
        this.#onResize()
        return
    }
    if (!editor.pasting) this.#draw()
  }

  readonly #onEnd = (): void => this.#events.end()

  /** Rows may have been broken in another way: where a line is, is no longer known. */
  readonly #onResize = (): void => {
    this.#places.clear()
    this.#draw()
  }

  #forgetFar(): void {
    const reach = (this.#output.rows || ROWS_DEFAULT) - 1
    for (const [key, place] of this.#places) {
      if (this.#printed - place <= reach) break
      this.#places.delete(key)
    }
  }

  #draw(): void {
    if (!this.#begun) return
    const question = this.#question
    const { text, how, editor } = question ?? { text: this.#status, how: 'echoed', editor: this.#editor }
    // At least half of the row is for what is typed.
    const prompt = clipped(visibleName(text), Math.floor(this.#columns / 2))
    const hidden = how !== 'echoed' && shownOf(how, editor.text) === ''
    const view = hidden ? { text: '', cursor: 0 } : editor.view(this.#columns - 1 - cellsOf(prompt))
    const column = cellsOf(prompt) + view.cursor
    this.#output.write(`${CLEAR_ROW}${prompt}${view.text}\r${column === 0 ? '' : `\x1b[${column}C`}`)
  }
}

/** The part of an answer that may be seen. */
function shownOf(how: Showing, text: string): string {
  if (how === 'secret') return ''
  if (how === 'echoed') return visibleName(text)
  return how.some(choice => choice.startsWith(text)) ? text : ''
}

function clipped(text: string, cellsMax: number): string {
  if (cellsOf(text) <= cellsMax) return text
  let end = ''
  for (const character of Array.from(text).reverse()) {
    if (cellsOf(character + end) > cellsMax - 1) break
    end = character + end
  }
  return `…${end}`
}

/** A terminal of so many columns and rows that obeys what ours writes, and shows what a person would see. */

import { PassThrough } from 'node:stream'
import { cellsOf } from '../../clients/terminal/rows.js'
import type { TerminalInput, TerminalOutput } from '../../clients/terminal/terminal.js'

export class TerminalEmulator implements TerminalOutput {
  readonly keyboard: TerminalInput & PassThrough
  columns: number
  rows: number
  /** Everything that was ever written. */
  written = ''
  rawMode = false
  readonly #resized = new Set<() => void>()
  #grid: string[][]
  #row = 0
  #column = 0

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#grid = this.#empty()
    this.keyboard = Object.assign(new PassThrough(), {
      setRawMode: (on: boolean) => {
        this.rawMode = on
      },
    })
  }

  type(text: string): void {
    this.keyboard.write(text)
  }

  /** What is on the screen, without empty rows at its end. */
  get screen(): string {
    const rows = this.#grid.map(row => row.join('').trimEnd())
    while (rows.at(-1) === '') rows.pop()
    return rows.join('\n')
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column }
  }

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    this.#grid = this.#empty()
    this.#row = this.#column = 0
    for (const listener of this.#resized) listener()
  }

  on(_event: 'resize', listener: () => void): void {
    this.#resized.add(listener)
  }

  off(_event: 'resize', listener: () => void): void {
    this.#resized.delete(listener)
  }

  write(text: string): void {
    this.written += text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    for (const [piece, count, letter] of text.matchAll(/\u001b\[(\??\d*)([A-Za-z])|[\s\S]/gu)) {
      if (letter !== undefined) this.#obey(letter, count ?? '')
      else if (piece === '\r') this.#column = 0
      else if (piece === '\n') this.#down()
      else this.#put(piece)
    }
  }

  #obey(letter: string, count: string): void {
    const number = Number(count || 1)
    if (letter === 'A') this.#row = Math.max(0, this.#row - number)
    else if (letter === 'B') this.#row = Math.min(this.rows - 1, this.#row + number)
    else if (letter === 'C') this.#column = Math.min(this.columns - 1, this.#column + number)
    else if (letter === 'K') this.#grid[this.#row]?.fill(' ', this.#column)
    else if (letter === 'J') this.#grid = this.#empty()
    else if (letter === 'H') this.#row = this.#column = 0
    else if (!count.startsWith('?')) throw new Error(`the terminal does not know ESC [ ${count} ${letter}`)
  }

  #put(character: string): void {
    if (character < ' ') throw new Error(`a control was written: ${JSON.stringify(character)}`)
    const cells = cellsOf(character)
    if (this.#column + cells > this.columns) {
      this.#column = 0
      this.#down()
    }
    const row = this.#grid[this.#row] as string[]
    row[this.#column] = character
    for (let more = 1; more < cells; more++) row[this.#column + more] = ''
    this.#column += cells
  }

  #down(): void {
    if (this.#row < this.rows - 1) {
      this.#row++
      return
    }
    this.#grid.shift()
    this.#grid.push(Array(this.columns).fill(' '))
  }

  #empty(): string[][] {
    return Array.from({ length: this.rows }, () => Array(this.columns).fill(' '))
  }
}

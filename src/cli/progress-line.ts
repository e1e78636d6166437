/** Shows how far a command has come: on a terminal one line that is rewritten, elsewhere a line every few seconds. */

import type { Clock } from '../lib/clock.js'

/** The part of a stream that is written to. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const TERMINAL_MS = 200
/** A command that ends sooner shows nothing in a log. */
const LOG_MS = 5_000
const CLEAR_LINE = '\r\x1b[K'
const COLUMNS_DEFAULT = 80

export class ProgressLine {
  readonly #output: ProgressOutput
  readonly #clock: Pick<Clock, 'monotonic'>
  #shownMs: number
  #isOnTerminal = false

  constructor(output: ProgressOutput, clock: Pick<Clock, 'monotonic'>) {
    this.#output = output
    this.#clock = clock
    this.#shownMs = clock.monotonic()
  }

  /** Shows a text, unless the last one was shown just before. */
  show(text: () => string): void {
    const { isTTY = false, columns = COLUMNS_DEFAULT } = this.#output
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#shownMs < (isTTY ? TERMINAL_MS : LOG_MS)) return
    this.#shownMs = nowMs
    this.#isOnTerminal = isTTY
    // A line that is as wide as the terminal would begin another one.
    this.#output.write(isTTY ? CLEAR_LINE + text().slice(0, columns - 1) : `${text()}\n`)
  }

  /** Takes the line off the terminal. */
  end(): void {
    if (this.#isOnTerminal) this.#output.write(CLEAR_LINE)
    this.#isOnTerminal = false
  }
}

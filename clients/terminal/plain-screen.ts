/** A screen for pipes and files: each line is written whole, as it comes. A mark that changes writes the line once more. */

import { type Line, rowsOf } from './rows.js'
import type { Screen } from './screen.js'

export class PlainScreen implements Screen {
  readonly #write: (text: string) => void

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  show(line: Line): void {
    this.#write(`${rowsOf(line, Number.POSITIVE_INFINITY).join('\n')}\n`)
  }

  remark(line: Line): void {
    this.show(line)
  }

  /** Shows nothing: a stream has no row to draw anew, and nobody is typing. */
  status(): void {}
}

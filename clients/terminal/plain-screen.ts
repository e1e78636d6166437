/** For pipes and files: each line as it comes, whole; a mark that changes is the line once more. */

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

  /** What changes is a line of its own, and nobody is typing. */
  status(): void {}
}

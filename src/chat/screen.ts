/** What the chat is shown on: a terminal (terminal.ts) or a stream of lines (plain-screen.ts). */

import type { Line } from './rows.js'

export interface Screen {
  /** Below everything that was shown before. */
  show(line: Line): void
  /** A line that was shown before has another mark from now on: `line` is all of it, with its key. */
  remark(line: Line): void
  /** What stands before the line that is being typed: the state of the connection, and whom one talks to. */
  status(text: string): void
}

/** @returns what the person typed, or undefined if nothing comes any more (Ctrl-C, the end of the input) */
export type Ask = (question: string, how: 'echoed' | 'secret') => Promise<string | undefined>

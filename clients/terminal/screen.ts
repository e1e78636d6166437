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

/**
 * Asks a person some questions, one after the other. From its begin to its end nothing that is typed is a message: what comes
 * ahead of a question answers it, and what is left at the end is thrown away.
 */
export type Dialogue = <T>(run: (ask: Ask) => Promise<T>) => Promise<T>

/**
 * What is shown of an answer while it is typed and afterwards: all, nothing, or only one of these words. A person who is asked to
 * choose may be typing a password.
 */
export type Showing = 'echoed' | 'secret' | readonly string[]

/** @returns what the person typed, or undefined if nothing comes any more (Ctrl-C, the end of the input) */
export type Ask = (question: string, how: Showing) => Promise<string | undefined>

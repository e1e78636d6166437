/** The place where the chat is shown: a terminal (terminal.ts) or a stream of lines (plain-screen.ts). */

import type { Line } from './rows.js'

export interface Screen {
  /** Shows a line below everything that was shown before. */
  show(line: Line): void
  /** A line that was shown before has another mark from now on: `line` is all of it, with its key. */
  remark(line: Line): void
  /** Sets the text before the line that is being typed: the state of the connection, and whom one talks to. */
  status(text: string): void
}

/**
 * Asks a person some questions, one after the other. While it runs, nothing that is typed is a message. What is typed ahead of a
 * question answers it, and what is left at the end is thrown away.
 */
export type Dialogue = <T>(run: (ask: Ask) => Promise<T>) => Promise<T>

/**
 * The part of an answer that is shown while it is typed and afterwards: all, nothing, or only one of these words. A person who is
 * asked to choose may be typing a password.
 */
export type Showing = 'echoed' | 'secret' | readonly string[]

/** @returns what the person typed, or undefined if nothing comes any more (Ctrl-C, the end of the input) */
export type Ask = (question: string, how: Showing) => Promise<string | undefined>

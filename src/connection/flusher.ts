/**
 * Gathers what is written in one turn of the event loop, so that many frames to one socket cost one system call. One for
 * all connections of a process: a connection that has something to write marks itself and is flushed once at the turn's end.
 */

import type { Defer } from '../lib/turn.js'

export interface Flushable {
  /** Writes what has gathered. Must not throw. */
  flush(): void
}

export class Flusher {
  readonly #defer: Defer
  readonly #run = (): void => this.#flush()
  #marked: Flushable[] = []
  #spare: Flushable[] = []

  constructor(defer: Defer) {
    this.#defer = defer
  }

  /** Has `one` flushed at the end of the turn. The caller marks it once until then. */
  mark(one: Flushable): void {
    if (this.#marked.push(one) === 1) this.#defer(this.#run)
  }

  #flush(): void {
    // What is marked while this runs (a flush lets a connection read on) waits for the next turn: sockets come first.
    const marked = this.#marked
    this.#marked = this.#spare
    for (const one of marked) one.flush()
    marked.length = 0
    this.#spare = marked
  }
}

/**
 * Lines to a standard stream, for which nothing ever waits: a log reader that stands still, or a disk that is full, must not
 * stop the server. What cannot be written is lost, and counted.
 *
 *   write ──► at once ──► taken
 *               │ would wait
 *               ▼
 *             waits in memory (1 MiB) ──► tried again every 20 ms ──► taken; if any were lost, that is told
 *               │ more than that; nobody reads any more; no space on the disk
 *               ▼
 *             lost
 *
 * A pipe, socket or terminal is written in place, without blocking: what was taken when the process ends is out, in order. A
 * file cannot refuse to wait, so it is written in libuv's threads, one write at a time.
 */

import fs from 'node:fs'
import type { Clock, TimerHandle } from '../lib/clock.js'
import { Fifo } from '../lib/fifo.js'

/** The most bytes that wait: some thousand lines, as many as come while a reader starts again, or a disk is busy. */
export const WAITING_BYTES_MAX = 2 ** 20

const AGAIN_MS = 20

/** The bytes that one write to a file holds, about: lines that have gathered meanwhile go together. */
const FILE_WRITE_BYTES = 2 ** 16

/** The time that the exit of the process waits for a reader, and the pause between its tries. */
const EXIT_WAIT_MS = 500
const EXIT_TRY_MS = 5

const NEWLINE = Buffer.from('\n')

export interface OutletOptions {
  readonly clock: Clock
  /** Lines are taken again, after so many were lost. */
  readonly onTaken?: (lost: number) => void
}

export class Outlet {
  readonly #descriptor: number
  readonly #inThreads: boolean
  readonly #options: OutletOptions
  readonly #waiting = new Fifo<Buffer>()
  #waitingBytes = 0
  /** The line, or the lines, that are being written, from the first byte that was not taken. */
  #head: Buffer | undefined
  #headLines = 0
  /** A line was broken off: the next one begins on a new line. */
  #torn = false
  /** The last write failed: nothing is told before one succeeds. */
  #failing = false
  /** A thread has the head. */
  #writing = false
  #timer: TimerHandle | undefined
  #lost = 0
  #told = 0

  /** @param descriptor one that does not block, unless it is a file's */
  constructor(descriptor: number, options: OutletOptions) {
    this.#descriptor = descriptor
    this.#options = options
    this.#inThreads = isFile(descriptor)
  }

  /** Standard output or standard error. Its last lines are written when the process exits, if somebody takes them by then. */
  static standard(descriptor: 1 | 2, options: OutletOptions): Outlet {
    const outlet = new Outlet(unblocked(descriptor), options)
    process.on('exit', () => outlet.end())
    return outlet
  }

  /** Lines, since the beginning. */
  get lost(): number {
    return this.#lost
  }

  /** @param line with its end of line */
  write(line: string): void {
    const bytes = Buffer.from(line)
    const waits = this.#head !== undefined
    // Once a line is lost those behind it are, too: the gap is in one place, and is told there.
    if (waits && (this.#lost !== this.#told || this.#waitingBytes + bytes.length > WAITING_BYTES_MAX)) {
      this.#lost++
      return
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (!waits) this.#go()
  }

  /** Writes what waits at the end of the process, for as long as an exit may take. Blocks. */
  end(waitMs = EXIT_WAIT_MS): void {
    const { clock } = this.#options
    const untilMs = clock.monotonic() + waitMs
    if (this.#writing) this.#head = undefined // the thread that has it brings it to its end
    this.#writing = false
    while (this.#next()) {
      if (this.#put()) continue
      if (clock.monotonic() >= untilMs) return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_TRY_MS)
    }
  }

  #go(): void {
    while (!this.#writing && this.#next()) {
      if (this.#inThreads) this.#putInThread()
      else if (!this.#put()) {
        this.#timer ??= this.#options.clock.after(AGAIN_MS, () => {
          this.#timer = undefined
          this.#go()
        })
        return
      }
    }
    if (this.#head !== undefined || this.#failing || this.#lost === this.#told) return
    const lost = this.#lost - this.#told
    this.#told = this.#lost
    this.#options.onTaken?.(lost)
  }

  /** Makes the next lines those that are written. @returns whether there are any */
  #next(): boolean {
    if (this.#head !== undefined) return true
    const lines: Buffer[] = this.#torn ? [NEWLINE] : []
    let bytes = 0
    this.#headLines = 0
    do {
      const line = this.#waiting.shift()
      if (line === undefined) break
      bytes += line.length
      lines.push(line)
      this.#headLines++
    } while (this.#inThreads && bytes < FILE_WRITE_BYTES)
    if (this.#headLines === 0) return false
    this.#waitingBytes -= bytes
    this.#head = lines.length === 1 ? lines[0] : Buffer.concat(lines)
    return true
  }

  /** @returns false if it would have to wait */
  #put(): boolean {
    try {
      this.#took(fs.writeSync(this.#descriptor, this.#head ?? NEWLINE))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
      this.#failed()
    }
    return true
  }

  #putInThread(): void {
    this.#writing = true
    fs.write(this.#descriptor, this.#head ?? NEWLINE, (error, count) => {
      if (!this.#writing) return // the process is ending
      this.#writing = false
      if (error === null) this.#took(count)
      else this.#failed()
      this.#go()
    })
  }

  #took(count: number): void {
    this.#failing = false
    const rest = this.#head?.subarray(count)
    this.#head = rest !== undefined && rest.length > 0 ? rest : undefined
    this.#torn = this.#head !== undefined
  }

  /** A write failed. What waits behind it is given up too: it would fail in the same way. */
  #failed(): void {
    this.#failing = true
    this.#lost += this.#headLines + this.#waiting.size
    this.#head = undefined
    while (this.#waiting.shift() !== undefined);
    this.#waitingBytes = 0
  }
}

function isFile(descriptor: number): boolean {
  try {
    return fs.fstatSync(descriptor).isFile()
  } catch {
    return false // it is closed: every write will say so
  }
}

/** A descriptor of the stream that does not block. A terminal gets one of its own, for others (a shell) use the same one. */
function unblocked(descriptor: 1 | 2): number {
  try {
    const stat = fs.fstatSync(descriptor)
    if (stat.isCharacterDevice()) {
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants
      return fs.openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
    }
    // Node makes pipes and sockets so when it makes the stream.
    if (!stat.isFile()) void (descriptor === 1 ? process.stdout : process.stderr)
  } catch {
    // Closed, or a terminal of somebody else: as it is.
  }
  return descriptor
}

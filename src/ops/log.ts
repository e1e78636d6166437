/**
 * The log: one structured line per change of state, none per frame, on standard error. Fields first, then the sentence.
 */

import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino'

export interface Log {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
  fatal(fields: object, text: string): void
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Lines are written at once: there are few, and the last ones before an exit are those that matter. */
export function createLog(level: LogLevel, to: DestinationStream = standardError()): Log {
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, to)
}

function standardError(): DestinationStream {
  const stream = destination({ fd: 2, sync: true })
  stream.on('error', () => {}) // nobody reads it any more (a pipe that broke): no reason to end the server
  return stream
}

export const silentLog: Log = Object.freeze({
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
})

/**
 * A log for what strangers can cause: some lines per tick, then only a count, which the next line names. So nobody fills a
 * disk by knocking.
 */
export class ThrottledLog {
  readonly #log: Log
  readonly #linesPerTick: number
  #tick = 0
  #lines = 0
  #suppressed = 0

  constructor(log: Log, linesPerTick: number) {
    this.#log = log
    this.#linesPerTick = linesPerTick
  }

  /** @param tick any number that changes as time passes */
  info(tick: number, fields: object, text: string): void {
    if (tick !== this.#tick) {
      this.#tick = tick
      this.#lines = 0
    }
    if (this.#lines >= this.#linesPerTick) {
      this.#suppressed++
      return
    }
    this.#lines++
    this.#log.info(this.#suppressed > 0 ? { ...fields, suppressed: this.#suppressed } : fields, text)
    this.#suppressed = 0
  }
}

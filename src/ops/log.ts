/**
 * The log: one structured line per change of state, none per frame, on standard error. Fields first, then the sentence.
 */

import { type DestinationStream, pino, stdTimeFunctions } from 'pino'
import type { Clock } from '../lib/clock.js'
import { Outlet } from './outlet.js'

export interface Log {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
  fatal(fields: object, text: string): void
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export function createLog(level: LogLevel, to: DestinationStream): Log {
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, to)
}

/** The log of a process on standard error. Nothing waits for it: lines may be lost, and the log says how many. */
export function logToStandardError(level: LogLevel, clock: Clock): { readonly log: Log; readonly outlet: Outlet } {
  const onTaken = (lost: number): void => log.error({ lost }, 'lines of this log were lost: nothing took them')
  const outlet = Outlet.standard(2, { clock, onTaken })
  const log = createLog(level, outlet)
  return { log, outlet }
}

export const silentLog: Log = Object.freeze({
  debug() {},
  info() {},
  warn() {},
  error() {},
  fatal() {},
})

/**
 * A log for what anybody can cause: some lines per time, then only a count, which the next line names. So nobody fills a disk
 * by knocking.
 */
export class ThrottledLog {
  readonly #log: Log
  readonly #linesMax: number
  readonly #ticks: number
  /** The tick since which the lines are counted. */
  #tick = 0
  #lines = 0
  #suppressed = 0

  /** @param ticks so many lines at most in so many ticks */
  constructor(log: Log, linesMax: number, ticks = 1) {
    this.#log = log
    this.#linesMax = linesMax
    this.#ticks = ticks
  }

  /** @param tick any number that grows as time passes */
  info(tick: number, fields: object, text: string): void {
    if (this.#takes(tick)) this.#log.info(this.#counted(fields), text)
  }

  /** @param tick any number that grows as time passes */
  warn(tick: number, fields: object, text: string): void {
    if (this.#takes(tick)) this.#log.warn(this.#counted(fields), text)
  }

  #takes(tick: number): boolean {
    if (tick >= this.#tick + this.#ticks) {
      this.#tick = tick
      this.#lines = 0
    }
    if (this.#lines < this.#linesMax) {
      this.#lines++
      return true
    }
    this.#suppressed++
    return false
  }

  #counted(fields: object): object {
    const suppressed = this.#suppressed
    this.#suppressed = 0
    return suppressed > 0 ? { ...fields, suppressed } : fields
  }
}

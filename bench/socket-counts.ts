/** What the probe in a measured server says, and where. */

export const PROBE_FD = 4

/** Questions: one character each. */
export const PROBE_COUNTS = 'c'
/** Asks for the delay since this was asked last, too; from the first time on the loop is watched, which costs a timer. */
export const PROBE_DELAY = 'd'

export interface SocketCounts {
  readonly reads: number
  /** The turns of the loop in which there was a read. */
  readonly turns: number
}

export interface LoopDelay {
  readonly p99Ms: number
  readonly maxMs: number
}

export interface ProbeAnswer extends SocketCounts {
  readonly delay?: LoopDelay
}

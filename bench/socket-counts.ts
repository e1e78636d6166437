/** What the probe in a measured server says, and where. */

export const PROBE_FD = 4

export interface SocketCounts {
  readonly reads: number
  /** The turns of the loop in which there was a read. */
  readonly turns: number
}

/**
 * How long synchronous acts hold the event loop, in milliseconds. The machine is shared: time in which this process did not
 * run is not the act's.
 */
export class Stall {
  readonly #cpu = process.cpuUsage()

  held(act: () => void): number {
    const beforeMs = performance.now()
    act()
    const wallMs = performance.now() - beforeMs
    if (wallMs < WORTH_A_LOOK_MS) return wallMs
    // Since the first act: what all of them took is an upper bound.
    const { user, system } = process.cpuUsage(this.#cpu)
    return Math.min(wallMs, (user + system) / 1000)
  }
}

/** Reading what the process has used costs more than most acts. */
const WORTH_A_LOOK_MS = 10

/** The shortest of three runs: a collection of garbage that fell into one is not the act's either. */
export function shortestHeldMs(act: () => void): number {
  return Math.min(new Stall().held(act), new Stall().held(act), new Stall().held(act))
}

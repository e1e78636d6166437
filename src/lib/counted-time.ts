/**
 * Ages that no jump of the wall clock can add to. Something is `ms` old when so much time has counted since; a stretch that the
 * clock jumped over does not count:
 *
 *   wall  ───────x··········────────────►        ago(ms) goes back from now, and over the jump without counting it
 *                └── jump ──┘
 *
 * A jump while the process runs is seen by its steady clock. One across a start is told by who knows when the last process ran
 * (jobs/clock-watch.ts). A jump back needs nothing: what seems to lie in the future is young.
 */
import type { Clock } from './clock.js'

/** A stretch of wall time, in milliseconds since 1970, that the clock jumped over. */
export interface Jump {
  readonly fromMs: number
  readonly toMs: number
}

/** A shorter jump is taken for time that passed: a machine that slept, a server that was down for a night. */
export const JUMP_MS_MIN = 86_400_000

/** The number of jumps that are remembered: the newest ones. */
export const JUMPS_MAX = 16

export class CountedTime {
  readonly #clock: Clock
  /** The jumps in the order of their ends, the newest first. */
  #jumps: readonly Jump[] = []
  /** Both clocks when they were compared last. */
  #wallMs: number
  #steadyMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#wallMs = clock.now()
    this.#steadyMs = clock.monotonic()
  }

  get jumps(): readonly Jump[] {
    return this.#jumps
  }

  add(jumps: readonly Jump[]): void {
    this.#jumps = mergedJumps(this.#jumps, jumps)
  }

  /** Compares the two clocks. @returns the jump forward that was seen, if any */
  look(): Jump | undefined {
    const wallMs = this.#clock.now()
    const steadyMs = this.#clock.monotonic()
    const fromMs = this.#wallMs + (steadyMs - this.#steadyMs)
    this.#wallMs = wallMs
    this.#steadyMs = steadyMs
    if (wallMs - fromMs < JUMP_MS_MIN) return undefined
    const jump = { fromMs, toMs: wallMs }
    this.add([jump])
    return jump
  }

  /** The wall time since when `ms` have counted: what happened then or before is at least so old. */
  ago(ms: number): number {
    this.look()
    let untilMs = this.#wallMs
    let leftMs = ms
    for (const { fromMs, toMs } of this.#jumps) {
      if (fromMs >= untilMs) continue
      const countedMs = Math.max(0, untilMs - toMs)
      if (countedMs >= leftMs) break
      leftMs -= countedMs
      untilMs = fromMs
    }
    return untilMs - leftMs
  }
}

/** The jumps of both, without repeats: the newest JUMPS_MAX, the one that ends last first. */
export function mergedJumps(some: readonly Jump[], others: readonly Jump[]): readonly Jump[] {
  const byStretch = new Map([...some, ...others].map(jump => [`${jump.fromMs} ${jump.toMs}`, jump]))
  return [...byStretch.values()].sort((a, b) => b.toMs - a.toMs).slice(0, JUMPS_MAX)
}

/** The ways from a phone to the servers, by the transport that takes them: each has a weather of its own, and it changes. */

const WAYS = ['tcp', 'ws', 'http'] as const
export type WayName = (typeof WAYS)[number]

/**
 * hole: nothing gets through and nobody is told. reset: refused, and what is open is reset. deaf: it opens, and nothing ever
 * comes back. slow: everything takes very much longer.
 */
export type WayState = 'open' | 'hole' | 'reset' | 'deaf' | 'slow'
export const BAD_WAYS: readonly WayState[] = ['hole', 'hole', 'reset', 'deaf', 'slow']

export interface Way {
  readonly name: WayName
  readonly state: WayState
}

/** How much longer everything takes on a slow way, and how much at least. */
const SLOW_FACTOR = 10
const SLOW_MS = 800

/** What becomes of a delay on the way. */
export function delayOn({ state }: Way, ms: number): number {
  return state === 'slow' ? Math.max(SLOW_MS, ms * SLOW_FACTOR) : ms
}

/** The ways of one phone. */
export class Ways {
  readonly #states = new Map<WayName, WayState>()

  of(name: WayName): Way {
    const states = this.#states
    return {
      name,
      get state() {
        return states.get(name) ?? 'open'
      },
    }
  }

  set(name: WayName, state: WayState): void {
    this.#states.set(name, state)
  }
}

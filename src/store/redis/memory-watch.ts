/** Looks at the memory of all primaries: the fullest one says how much space is left. */

import type { Clock, TimerHandle } from '../../lib/clock.js'
import type { SpaceLevel } from '../types.js'
import { valueIn } from './link.js'
import type { Topology } from './topology.js'

const LOOK_MS = 1_000

/** The parts of the memory from which the levels begin. Writes of one second must fit above the last. */
const FILLING = 0.85
const SCARCE = 0.92
const NONE = 0.97

export interface MemorySpace {
  readonly level: SpaceLevel
  /** The free bytes of the fullest primary; undefined: it has no limit. */
  readonly freeBytes: number | undefined
}

export class MemoryWatch {
  space: MemorySpace = { level: 'ample', freeBytes: undefined }
  readonly #topology: Topology
  readonly #clock: Clock
  #timer: TimerHandle | undefined
  #closed = false

  constructor(topology: Topology, clock: Clock) {
    this.#topology = topology
    this.#clock = clock
  }

  /** Looks now, and from then on once a second. A primary that does not answer is left out. */
  async look(): Promise<void> {
    let fullest = 0
    let freeBytes: number | undefined
    await Promise.all(
      this.#topology.primaries.map(async ({ control }) => {
        try {
          const [reply] = await control.ask([['INFO', 'memory']])
          const text = String(valueIn(reply))
          const [used, most] = [numberIn(text, 'used_memory'), numberIn(text, 'maxmemory')]
          if (most === 0 || used / most < fullest) return
          fullest = used / most
          freeBytes = Math.max(0, most - used)
        } catch {
          // Whether it can be written to is found out by writing.
        }
      }),
    )
    this.space = { level: levelOf(fullest), freeBytes }
    if (!this.#closed) this.#timer = this.#clock.after(LOOK_MS, () => void this.look())
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }
}

function levelOf(full: number): SpaceLevel {
  if (full >= NONE) return 'none'
  if (full >= SCARCE) return 'scarce'
  return full >= FILLING ? 'filling' : 'ample'
}

export function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
}

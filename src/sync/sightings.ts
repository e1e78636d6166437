/**
 * What sweeps have seen of the outboxes of partitions, on a store that nodes share. What waits there is mostly on its way already: the node
 * that wrote it delivers it. So a sweep delivers only what the sweep before it saw, too. If there was none lately, the partition has just
 * become this node's, perhaps because its owner died: then all is due at once.
 */
import type { Clock } from '../lib/clock.js'

/** The age from which the sweep before says nothing. */
const LATELY_MS = 10_000
/** The most entries noted of one outbox: 100 bytes each. What is beyond them has waited for long, and is due. */
export const NOTED_MAX = 256

interface Sighting {
  readonly sweptMs: number
  /** The times at which the entries were first seen, by name. */
  readonly sinceMs: ReadonlyMap<string, number>
  readonly entries: number
}

export interface WaitingOutbox {
  readonly partition: number
  readonly entries: number
  /** The time since the oldest of them was first seen. */
  readonly ageMs: number
}

export class Sightings {
  readonly #clock: Clock
  readonly #last = new Map<number, Sighting>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins a sweep of a partition's outbox. */
  begin(partition: number): { isDue(name: string): boolean; end(): void } {
    const nowMs = this.#clock.monotonic()
    const last = this.#last.get(partition)
    const before = last !== undefined && nowMs - last.sweptMs < LATELY_MS ? last.sinceMs : undefined
    const sinceMs = new Map<string, number>()
    let entries = 0
    return {
      isDue: name => {
        entries += 1
        if (sinceMs.size >= NOTED_MAX) return true
        const first = before?.get(name)
        sinceMs.set(name, first ?? nowMs)
        return before === undefined || first !== undefined
      },
      end: () => void this.#last.set(partition, { sweptMs: nowMs, sinceMs, entries }),
    }
  }

  /** The outboxes in which the last sweep saw something, unless it was long ago. */
  waiting(): readonly WaitingOutbox[] {
    const nowMs = this.#clock.monotonic()
    const found: WaitingOutbox[] = []
    for (const [partition, { sweptMs, sinceMs, entries }] of this.#last) {
      if (entries === 0 || nowMs - sweptMs >= LATELY_MS) continue
      let oldestMs = nowMs
      for (const atMs of sinceMs.values()) oldestMs = Math.min(oldestMs, atMs)
      found.push({ partition, entries, ageMs: Math.round(nowMs - oldestMs) })
    }
    return found
  }
}

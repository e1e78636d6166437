/**
 * What a node's way to its store does to its calls: late, answers lost (what was asked was done, was not, or is done later),
 * reads that fail. For an embedded store: readable before it is durable, and durable some time later.
 */

import type { Random } from '../../src/lib/random.js'
import type { MemoryDisk } from '../../src/store/memory/disk.js'
import type { CommitInFlight, MemoryFaults, ReadInFlight } from '../../src/store/memory/faults.js'
import type { Process } from './process.js'
import type { Scheduler } from './scheduler.js'

export interface StoreWeather {
  readonly readMs: number
  readonly commitMs: number
  /** Between readable and durable; 0 for a shared store. */
  readonly syncMs: number
  /** How likely the answer of a commit is lost. */
  readonly lostAnswer: number
  /** How likely a read fails. */
  readonly failedRead: number
  /** How likely a call takes very long. */
  readonly slow: number
}

/** How much longer a slow call takes, at most. */
const SLOW_MS = 3_000

export function storeFaults(
  scheduler: Scheduler,
  random: Random,
  process: Process,
  disk: MemoryDisk,
  weather: () => StoreWeather,
): MemoryFaults {
  const chance = (probability: number): boolean => probability > 0 && random.fraction() < probability
  const time = (ms: number): number => {
    const slow = chance(weather().slow) ? SLOW_MS * random.fraction() : 0
    return ms * (0.2 + 1.6 * random.fraction()) + slow
  }
  const live = (run: () => void) => (): void => {
    if (process.alive) run()
  }

  const sync = (): void => {
    // What is on its way to the disk when the process dies may still arrive, with all before it, or not.
    const { crashes } = disk
    scheduler.after(time(weather().syncMs), 'sync', () => {
      if (disk.crashes === crashes) disk.sync()
    })
  }

  return {
    commit(call: CommitInFlight): void {
      const { commitMs, syncMs, lostAnswer } = weather()
      const thereMs = time(commitMs) / 2
      const backMs = time(commitMs) / 2
      if (disk.durability === 'manual') {
        scheduler.after(
          thereMs,
          'commit',
          () => {
            call.answer()
            sync()
          },
          process,
        )
        return
      }
      const fate = chance(lostAnswer) ? random.integer(3) : undefined
      // Once sent it arrives, whether the sender lives or not.
      if (fate !== 1) {
        const lateMs = fate === 2 ? SLOW_MS * random.fraction() : 0
        scheduler.after(thereMs + lateMs + syncMs, 'commit', () => call.apply())
      }
      const answer = fate === undefined ? () => call.answer() : () => call.lose()
      scheduler.after(thereMs + syncMs + backMs, fate === undefined ? 'committed' : 'lost', live(answer))
    },

    read(call: ReadInFlight): void {
      const { readMs, failedRead } = weather()
      const failed = chance(failedRead)
      const thereMs = time(readMs) / 2
      if (disk.durability === 'manual') {
        scheduler.after(thereMs, 'read', () => call.answer(), process)
        return
      }
      scheduler.after(
        thereMs,
        'look',
        () => {
          call.look()
          const answer = failed ? () => call.lose(new Error('the store cannot be reached')) : () => call.answer()
          scheduler.after(time(readMs) / 2, 'read', answer, process)
        },
        process,
      )
    },
  }
}

/**
 * What a node's way to its store does to its calls: late, answers lost (what was asked was done, was not, or is done later),
 * reads that fail. For an embedded store, and one that fails over: readable before it is durable, and durable some time later.
 */

import type { CommitInFlight, MemoryFaults, ReadInFlight } from '../../src/store/memory/faults.js'
import type { ScopeId } from '../../src/store/types.js'
import type { Process } from './process.js'
import type { Stage } from './stage.js'

/** How much longer a slow call takes, at most. */
const SLOW_MS = 3_000

/** @param cutOff whether the process cannot reach it: no scope of it, or not this one, which takes no writes then */
export function storeFaults(stage: Stage, process: Process, cutOff: (scope?: ScopeId) => boolean): MemoryFaults {
  const { scheduler, random, disk, chance } = stage
  const weather = () => stage.setup.storeWeather
  const time = (ms: number): number => {
    const slow = chance(weather().slow) ? SLOW_MS * random.fraction() : 0
    return ms * (0.2 + 1.6 * random.fraction()) + slow
  }

  // One sync at a time, as a disk does it; what is written meanwhile waits for the next.
  let syncing = false
  let written = false
  const isEmbedded = stage.setup.store === 'embedded'
  const sync = (): void => {
    written = true
    if (syncing) return
    written = false
    syncing = true
    scheduler.after(
      time(weather().syncMs),
      'sync',
      () => {
        syncing = false
        stage.faults.sync()
        if (written) sync()
      },
      isEmbedded ? process : undefined,
    )
  }

  return {
    commit(call: CommitInFlight): void {
      const { commitMs, lostAnswer } = weather()
      const thereMs = time(commitMs) / 2
      const backMs = time(commitMs) / 2
      if (isEmbedded) {
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
      const fate = cutOff(call.scope) || chance(lostAnswer) ? random.integer(3) : undefined
      // Once sent it arrives, whether the sender lives or not.
      if (fate !== 1) {
        const lateMs = fate === 2 ? SLOW_MS * random.fraction() : 0
        scheduler.after(thereMs + lateMs, 'commit', () => {
          call.apply()
          if (disk.durability !== 'immediate') sync()
        })
      }
      const answer = fate === undefined ? () => call.answer() : () => call.lose()
      scheduler.after(thereMs + backMs, fate === undefined ? 'committed' : 'lost', answer, process)
    },

    read(call: ReadInFlight): void {
      const { readMs, failedRead } = weather()
      const failed = cutOff() || chance(failedRead)
      const thereMs = time(readMs) / 2
      if (isEmbedded) {
        scheduler.after(thereMs, 'read', () => call.answer(), process)
        return
      }
      // Who stands still gets later what was there now.
      scheduler.after(thereMs, 'look', () => {
        call.look()
        const answer = failed ? () => call.lose(new Error('the store cannot be reached')) : () => call.answer()
        scheduler.after(time(readMs) / 2, 'read', answer, process)
      })
    },
  }
}

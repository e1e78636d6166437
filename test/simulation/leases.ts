/** A node's way to the leases in the store: late, answers lost, out of reach. */

import type { LeaseStore, LeaseView } from '../../src/store/node-ports.js'
import type { Process } from './process.js'
import type { Stage } from './stage.js'

/** How long a node waits for an answer. */
const PATIENCE_MS = 1_000

/** @param cutOff whether the process cannot reach the store at all */
export function simulatedLeases(stage: Stage, process: Process, cutOff: () => boolean): LeaseStore {
  const { scheduler, random, leases, leaseholders, chance } = stage
  const delayMs = (): number => stage.setup.storeWeather.readMs * random.fraction()
  const ask = (...asked: Parameters<LeaseStore['renew']>): Promise<LeaseView> =>
    new Promise((resolve, reject) => {
      const isLost = cutOff() || chance(stage.setup.storeWeather.lostAnswer)
      if (isLost) scheduler.after(PATIENCE_MS, 'no leases', () => reject(new Error('no answer')), process)
      if (cutOff()) return
      scheduler.after(delayMs(), 'lease', () => {
        const [node, , ttlMs] = asked
        leaseholders.renewed(node, scheduler.nowMs, ttlMs)
        void leases.renew(...asked).then(view => {
          if (!isLost) scheduler.after(delayMs(), 'leases', () => resolve(view), process)
        })
      })
    })
  return { renew: ask }
}

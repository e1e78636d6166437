/** Waiting for what others do. */

import { setTimeout as sleep } from 'node:timers/promises'

/** The longest wait: the largest group on a Cluster takes minutes to be made, because each joining is told to all members. */
const WAIT_MS_MAX = 600_000
const LOOK_EVERY_MS = 10

/** Waits until it is so. @throws Error if it is not in time */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`${what} did not come within ${WAIT_MS_MAX} ms`)
    await sleep(LOOK_EVERY_MS)
  }
}

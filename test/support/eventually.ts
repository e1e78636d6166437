/** Waits for a condition, with a limit: never for a time. */
import { setTimeout as pause } from 'node:timers/promises'

/** Far more than a machine needs that does other work, too. */
const LIMIT_MS = 30_000

/** Between two looks, at first and at most: looking takes time from what is waited for. */
const LOOK_MS = 2
const LOOK_MS_MAX = 10

export async function eventually(condition: () => boolean | Promise<boolean>, limitMs = LIMIT_MS): Promise<void> {
  const deadline = performance.now() + limitMs
  for (let lookMs = LOOK_MS; !(await condition()); lookMs = Math.min(lookMs * 1.1, LOOK_MS_MAX)) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${condition}`)
    await pause(lookMs)
  }
}

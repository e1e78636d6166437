/** Waits for a condition, with a limit: never for a time. */
import { setTimeout as pause } from 'node:timers/promises'

/** Far more than a machine needs that does other work, too. */
const LIMIT_MS = 30_000

export async function eventually(condition: () => boolean | Promise<boolean>, limitMs = LIMIT_MS): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${condition}`)
    await pause(2)
  }
}

/** Waits for a condition, with a limit: never for a time. */
import { setTimeout as pause } from 'node:timers/promises'

export async function eventually(condition: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${condition}`)
    await pause(2)
  }
}

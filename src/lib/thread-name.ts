/** Names threads, so that `top -H` and the benchmark tell them apart. Linux only. */

import { writeFileSync } from 'node:fs'

/** Names this thread. @param name at most 15 characters are kept */
export function nameThread(name: string): void {
  try {
    writeFileSync('/proc/thread-self/comm', name)
  } catch {
    // There is no such file.
  }
}

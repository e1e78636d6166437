/** Lowers the priority of a thread. */

import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Makes this thread give way to others. On systems other than Linux it weighs as much as before. */
export function giveWay(niceness: number): void {
  try {
    // The number names this thread alone: to the kernel it is a process of its own.
    const [, thread] = readlinkSync('/proc/thread-self').split('/task/')
    setPriority(Number(thread), niceness)
  } catch {
    // There is no such file, or the system does not allow it.
  }
}

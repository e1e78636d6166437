/** The thread that HashThreads starts. */
import { scryptSync } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { HashRequest } from './hash-threads.js'

try {
  // Of this thread alone: for the kernel it is a process by this number. Not the lowest, or nobody could log in to a busy machine.
  const [, thread] = readlinkSync('/proc/thread-self').split('/task/')
  setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL)
} catch {
  // On another system than Linux logins weigh as much as messages.
}

parentPort?.on('message', ({ password, salt, keyBytes, N, r, p }: HashRequest) => {
  parentPort?.postMessage(new Uint8Array(scryptSync(password, salt, keyBytes, { N, r, p, maxmem: 256 * N * r })))
})

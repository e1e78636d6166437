/** Hashes a password with scrypt, which takes 50 ms: the reason why there are threads. */
import { scryptSync } from 'node:crypto'
import type { Task } from './types.js'

export interface HashRequest {
  readonly password: string
  readonly salt: Uint8Array
  readonly keyBytes: number
  readonly N: number
  readonly r: number
  readonly p: number
}

export const hashPassword: Task<HashRequest, Uint8Array> = {
  // It gives way to all else: on a busy machine 50 ms become seconds.
  timeoutMs: 30_000,
  run: ({ password, salt, keyBytes, N, r, p }) =>
    new Uint8Array(scryptSync(password, salt, keyBytes, { N, r, p, maxmem: 256 * N * r })),
}

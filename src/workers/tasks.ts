/** The table of all tasks that run in threads, one row each. */
import { hashPassword } from './hash-password.js'
import type { Workers } from './types.js'

export const TASKS = { 'hash-password': hashPassword } as const

export type OwnWorkers = Workers<typeof TASKS>

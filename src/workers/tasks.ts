/** The table of all tasks that run in threads, one row each. */
import { formAnswer } from './form-answer.js'
import { hashPassword } from './hash-password.js'
import { readPages } from './read-pages.js'
import type { Workers } from './types.js'

export const TASKS = { 'hash-password': hashPassword, 'read-pages': readPages, 'form-answer': formAnswer } as const

export type OwnWorkers = Workers<typeof TASKS>

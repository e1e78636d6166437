/** What a thread of the pool runs: tasks of a table, at a lower priority than the event loop's. */
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import type { TaskTable } from './types.js'

export interface Order {
  readonly name: string
  readonly input: unknown
}

/** What a task that threw is told apart by from a thread that ended. */
export type Answer =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }

export function serve(tasks: TaskTable): (order: Order) => Promise<Answer> {
  giveWay()
  return async ({ name, input }) => {
    try {
      return { kind: 'done', value: await tasks[name]?.run(input as never) }
    } catch (error) {
      return { kind: 'threw', error }
    }
  }
}

/**
 * Heavy work gives way to those who talk. Not with the lowest priority, or nobody could log in to a busy machine. libuv's threads
 * are not told apart from each other, and the store's writes run there.
 */
function giveWay(): void {
  try {
    // This thread alone: for the kernel it is a process by this number.
    const [, thread] = readlinkSync('/proc/thread-self').split('/task/')
    setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // On another system than Linux tasks weigh as much as messages.
  }
}

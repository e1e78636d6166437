/** The loop of a thread of the pool: it runs tasks of a table, at a lower priority than the event loop's. */
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import type { TaskTable } from './types.js'

export interface Order {
  readonly name: string
  readonly input: unknown
}

/** The answer of a task. It tells a task that threw from a thread that ended. */
export type Answer =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }

export function serve(tasks: TaskTable): (order: Order) => Promise<Answer> {
  giveWay()
  return async ({ name, input }) => {
    const task = tasks[name]
    try {
      const value = await task?.run(input as never)
      const answer: Answer = { kind: 'done', value }
      const buffers = task?.handsOver?.(value as never)
      return buffers === undefined ? answer : handedOver(answer, buffers)
    } catch (error) {
      return { kind: 'threw', error }
    }
  }
}

/** Says which buffers of the answer piscina is to hand over. It takes this for the answer itself, which the other side gets. */
function handedOver(answer: Answer, buffers: readonly ArrayBuffer[]): Answer {
  return move({
    get [transferableSymbol]() {
      return [...buffers]
    },
    get [valueSymbol]() {
      return answer
    },
  }) as unknown as Answer
}

/**
 * Lowers the thread's priority: heavy work gives way to messages. It is not the lowest priority, or nobody could log in to a busy
 * machine. libuv's threads cannot be told apart from each other, and the store's writes run there.
 */
function giveWay(): void {
  try {
    // The number names this thread alone: to the kernel it is a process of its own.
    const [, thread] = readlinkSync('/proc/thread-self').split('/task/')
    setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // On systems other than Linux tasks weigh as much as messages.
  }
}

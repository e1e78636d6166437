/** The loop of a thread of the pool: it runs tasks of a table, at a lower priority than the event loop's. */
import { constants } from 'node:os'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { giveWay } from '../lib/give-way.js'
import { nameThread } from '../lib/thread-name.js'
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
  nameThread('worker')
  // Heavy work gives way to messages. It is not the lowest priority, or nobody could log in to a busy machine. libuv's threads cannot be
  // told apart from each other, and the store's writes run there.
  giveWay(constants.priority.PRIORITY_BELOW_NORMAL)
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

/** Tasks that do what a pool has to bear. */
import type { Task } from '../../src/workers/types.js'

const LIMIT_MS = 60_000

function task<I, O>(run: (input: I) => O | Promise<O>, timeoutMs = LIMIT_MS): Task<I, O> {
  return { run, timeoutMs }
}

/** The last bytes that were handed over in this thread. */
let made = new Uint8Array(0)

export const TEST_TASKS = {
  bytes: {
    ...task((length: number) => {
      made = new Uint8Array(length).fill(7)
      return made
    }),
    handsOver: (bytes: Uint8Array) => [bytes.buffer as ArrayBuffer],
  },
  /** The length of what the thread still has of them. */
  kept: task((_: undefined) => made.length),
  /** The sum of bytes that the caller has no more. */
  sum: {
    ...task((bytes: Uint8Array) => bytes.reduce((sum, byte) => sum + byte, 0)),
    takesOver: (bytes: Uint8Array) => [bytes.buffer as ArrayBuffer],
  },
  echo: task((text: string) => text),
  throws: task((text: string): string => {
    throw new RangeError(text)
  }),
  exits: task((code: number): string => process.exit(code)),
  endless: task((_: undefined): string => {
    for (;;) {}
  }, 200),
  patient: task((_: undefined): string => {
    for (;;) {}
  }),
  /** Holds its thread until somebody sets the first number. */
  waits: task((gate: SharedArrayBuffer): string => {
    Atomics.wait(new Int32Array(gate), 0, 0)
    return 'done'
  }),
} as const

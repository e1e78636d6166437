/** Reads the processor time of a server's threads, apart by what they do. Linux only. */

import { readdirSync, readFileSync } from 'node:fs'

/** The kinds of threads of a server on Node: its event loop, the two that Longwire names, V8's (garbage, compiler), and libuv's. */
export const THREADS = ['main', 'checkpoint', 'workers', 'v8', 'libuv'] as const
export type Thread = (typeof THREADS)[number]

/** The names that Longwire gives its threads (src/lib/thread-name.ts). */
const NAMED: Readonly<Record<string, Thread>> = { checkpoint: 'checkpoint', worker: 'workers' }

/** V8's threads as Node 20 starts them, first of all: four that work, one with a clock, and the one that waits for a debugger's signal. */
const V8_THREADS = 6
const LIBUV_THREADS = 4

/** The µs for which each kind has run. A thread that ended is not in it. */
export type ThreadCpu = Readonly<Record<Thread, number>>

export function threadCpuUs(pid: number): ThreadCpu {
  const sums = { main: 0, checkpoint: 0, workers: 0, v8: 0, libuv: 0 }
  const ids = readdirSync(`/proc/${pid}/task`).map(Number)
  const others = ids.filter(id => id !== pid).sort((a, b) => a - b)
  for (const [id, thread] of [[pid, 'main' as Thread] as const, ...kindsOf(pid, others)]) {
    const [ns = ''] = told(pid, id, 'schedstat').split(' ')
    sums[thread] += Number(ns) / 1_000
  }
  return sums
}

/** V8's and libuv's threads have no names, so their order says what they are. */
function kindsOf(pid: number, ids: readonly number[]): (readonly [id: number, thread: Thread])[] {
  let unnamed = 0
  return ids.map(id => {
    const name = told(pid, id, 'comm').trim()
    return [id, NAMED[name] ?? byOrder(unnamed++)]
  })
}

/** The kernel's word on a thread; nothing if it has ended meanwhile. */
function told(pid: number, id: number, what: 'comm' | 'schedstat'): string {
  try {
    return readFileSync(`/proc/${pid}/task/${id}/${what}`, 'utf8')
  } catch {
    return ''
  }
}

function byOrder(place: number): Thread {
  if (place < V8_THREADS) return 'v8'
  // A checkout from before the names has its checkpoint behind libuv's; its workers rest where messages are measured.
  return place < V8_THREADS + LIBUV_THREADS ? 'libuv' : 'checkpoint'
}

/** What each kind took between two readings, for each of so many things done. */
export function threadCpuEach(before: ThreadCpu, after: ThreadCpu, done: number): ThreadCpu {
  const each = THREADS.map(thread => [thread, (after[thread] - before[thread]) / done])
  return Object.fromEntries(each) as ThreadCpu
}

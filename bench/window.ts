/** One stretch of time under load: how much was done, and what processors did meanwhile. */

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMsOf } from './process-probe.js'
import { type ThreadCpu, threadCpuEach, threadCpuUs } from './thread-cpu.js'

export interface Window {
  readonly perSecond: number
  /** The server's CPU, all threads, for each thing done. */
  readonly cpuUs: number
  /** The same by kind of thread; means nothing for a server that does not run on Node. */
  readonly threadUs: ThreadCpu
  /** Shares of one core. The one that is near 1 was the limit; neither, and it was the machine's other work. */
  readonly serverBusy: number
  readonly generatorBusy: number
}

/** @param count of things done so far */
export async function measured(pid: number, windowMs: number, count: () => number): Promise<Window> {
  const startMs = performance.now()
  const serverMs = cpuMsOf(pid)
  const threadsUs = threadCpuUs(pid)
  const generatorMs = cpuMsOf(process.pid)
  const before = count()
  await sleep(windowMs)
  const tookMs = performance.now() - startMs
  const usedMs = cpuMsOf(pid) - serverMs
  const done = count() - before
  const threadUs = threadCpuEach(threadsUs, threadCpuUs(pid), done)
  return {
    perSecond: (done * 1000) / tookMs,
    cpuUs: (usedMs * 1000) / done,
    threadUs,
    serverBusy: usedMs / tookMs,
    generatorBusy: (cpuMsOf(process.pid) - generatorMs) / tookMs,
  }
}

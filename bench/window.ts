/** One stretch of time under load: how much was done, and what processors did meanwhile. */

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMsOf } from './process-probe.js'

export interface Window {
  readonly perSecond: number
  /** The server's CPU, all threads, for each thing done. */
  readonly cpuUs: number
  /** Shares of one core. The one that is near 1 was the limit; neither, and it was the machine's other work. */
  readonly serverBusy: number
  readonly generatorBusy: number
}

/** @param count of things done so far */
export async function measured(pid: number, windowMs: number, count: () => number): Promise<Window> {
  const startMs = performance.now()
  const serverMs = cpuMsOf(pid)
  const generatorMs = cpuMsOf(process.pid)
  const before = count()
  await sleep(windowMs)
  const tookMs = performance.now() - startMs
  const usedMs = cpuMsOf(pid) - serverMs
  const done = count() - before
  return {
    perSecond: (done * 1000) / tookMs,
    cpuUs: (usedMs * 1000) / done,
    serverBusy: usedMs / tookMs,
    generatorBusy: (cpuMsOf(process.pid) - generatorMs) / tookMs,
  }
}

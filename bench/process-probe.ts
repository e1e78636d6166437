/** Reads what the kernel says of a process: processor time, memory, on which cores it may run. Linux only. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants, cpus, setPriority } from 'node:os'

/** Clock ticks of /proc/<pid>/stat: USER_HZ is 100 on every architecture that Node runs on. */
const TICK_MS = 10

/** User and system time of all threads of a process since its start, in milliseconds, in steps of 10. */
export function cpuMsOf(pid: number): number {
  return cpuMsIn(`/proc/${pid}/stat`)
}

/** The same of its main thread alone. */
export function mainCpuMsOf(pid: number): number {
  return cpuMsIn(`/proc/${pid}/task/${pid}/stat`)
}

/** The time for which this process's main thread has run, in µs. */
export function ownMainCpuUs(): number {
  const [ns = ''] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
  return Number(ns) / 1_000
}

function cpuMsIn(file: string): number {
  const stat = readFileSync(file, 'utf8')
  // The second field is the name in brackets, in which anything may stand.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

export interface Memory {
  readonly rssBytes: number
  /** The resident memory without pages of files: those are the kernel's cache of the database and of the program. */
  readonly ownBytes: number
  /** Those pages of files. */
  readonly fileBytes: number
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  return { rssBytes: bytes('VmRSS'), ownBytes: bytes('RssAnon'), fileBytes: bytes('RssFile') }
}

/** The core that the measured process has to itself, and the one of the load generator; undefined where that cannot be had. */
export interface Pinning {
  readonly server: number
  readonly generator: number
}

export function pinning(): Pinning | undefined {
  if (cpus().length < 2) return undefined
  return spawnSync('taskset', ['-V']).error === undefined ? { server: 0, generator: 1 } : undefined
}

/** Lets this process, with all its threads, run on one core alone, or (undefined) on all. */
export function pinSelf(core: number | undefined): void {
  pin(process.pid, core)
}

/** The same of another process. */
export function pin(pid: number, core: number | undefined): void {
  const cores = core === undefined ? `0-${cpus().length - 1}` : String(core)
  spawnSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' })
}

/** Lets this process run only where a core has nothing else to do; where chrt is missing, at the lowest priority. */
export function giveWayToAll(): void {
  const { status } = spawnSync('chrt', ['-a', '--idle', '-p', '0', String(process.pid)], { stdio: 'ignore' })
  if (status !== 0) setPriority(constants.priority.PRIORITY_LOW)
}

/** The number of descriptors that this process, and each that it starts, may have. */
export function descriptorsMax(): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
}

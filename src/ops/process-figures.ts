/**
 * Figures that the process and the kernel give of this process. They stay cheap to read with a hundred thousand descriptors open.
 */

import { readFileSync, statSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

/** User and system time of all threads. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** The time when the process started, in seconds since 1970. */
export function startSeconds(): number {
  return performance.timeOrigin / 1000
}

/** RSS. The kernel tells it in a file, so it is undefined where there is no descriptor left. */
export function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss()
  } catch {
    return undefined
  }
}

/**
 * The number of open descriptors. Since Linux 6.2 it is the size of this folder. A listing would take the event loop 1 ms per few
 * thousand.
 */
export function openDescriptors(): number | undefined {
  try {
    const { size } = statSync('/proc/self/fd')
    return size > 0 ? size : undefined
  } catch {
    return undefined
  }
}

/**
 * Node raises its soft limit to the hard one at start, so the soft one is what counts. Infinity for no limit, undefined where
 * it cannot be read.
 */
export function descriptorsMax(): number | undefined {
  let limits: string
  try {
    limits = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return undefined
  }
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? []
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

/** Which test files share a process (shared-process.ts), and which have one of their own. */

import { readFileSync } from 'node:fs'

/** The folders of files that may share a process. */
const SHARED =
  /^(cli|clients|cluster|connection|door|fuzz|jobs|lib|link|long|node|ops|protocol|services|short|store|sync|verify)\/.*\.test\.js$/

/**
 * What files name that look at the process as a whole, or end it: its memory, how long its event loop stands still, hooks, signals. They
 * have a process of their own.
 */
const OWN =
  /\b(process\.(?!cpuUsage|env\b|execPath|pid\b)|node:(async_hooks|module|perf_hooks|v8|worker_threads)|(bad-input|chromium|contention|live-heap|local-cluster|stall)\.js)/

/**
 * Files that take more than ten seconds: they would keep others waiting, while there are cores for both. And `lock`, which plays a process of
 * another container with the number of its own.
 */
const LONG =
  /\/(backup|block|bounds|bus|chat|contract|descriptors|differential|explorer|first-start|journal-damage|json-reference|large-pages|lmdb|lmdb-contract|lock|log-reader|plants|readme|replaced-server|serve|serve-redis|simulation|table-damage|to-its-end|upgrade|waits)\.test\.js$/

/** Whether a process has a long file. Those begin first, so that in the end no core waits for one of them. */
export function isLong([first = '']: readonly string[]): boolean {
  return LONG.test(first)
}

/** The most files in a process. */
const FILES_MAX = 10

/** @param names compiled test files below `folder`, sorted. @returns them by process */
export function processesOf(folder: string, names: readonly string[]): string[][] {
  const processes: string[][] = []
  let shared: string[] = []
  for (const name of names) {
    if (!SHARED.test(name) || LONG.test(name) || OWN.test(readFileSync(`${folder}${name}`, 'utf8'))) {
      processes.push([name])
      continue
    }
    if (shared.length === FILES_MAX || folderOf(shared[0] ?? name) !== folderOf(name)) shared = []
    if (shared.push(name) === 1) processes.push(shared)
  }
  return processes
}

/** The first folder of a path: its files import much the same. */
function folderOf(name: string): string {
  return name.slice(0, name.indexOf('/'))
}

/**
 * Measures the cost of a unit in the embedded store: the CPU of the whole process (the event loop, libuv's threads, the
 * checkpoint thread) per unit. A unit is one put of 400 bytes and two appends of 130, on 1 000 users. There are 1, 50 and 500
 * units per commit, one commit at a time. Measures also how much is written to the disk for one.
 *
 *   node dist/bench/store.js [units per commit]…        one line of JSON for each
 *
 * To compare two builds, run each in turn, some rounds, and take medians: the machine's speed moves.
 */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { print } from '../src/cli/command.js'
import { openLmdbStore } from '../src/store/lmdb/open.js'
import type { Unit } from '../src/store/types.js'

const USERS = 1_000
/** The number of units per run: some journal files' worth of each. */
const UNITS: Readonly<Record<number, number>> = { 1: 24_000, 50: 200_000, 500: 300_000 }

const record = Buffer.alloc(400, 'r')
const entry = Buffer.alloc(130, 'e')
let stamp = 0

function unit(): Unit {
  stamp++
  const actor = `user/${(stamp * 7919) % USERS}`
  const other = `user/${(stamp * 104_729) % USERS}`
  return {
    expect: [],
    puts: [{ actor, name: 'window', bytes: record, stamp }],
    appends: [
      { actor, bytes: entry },
      { actor: other, bytes: entry },
    ],
    trims: [],
  }
}

async function measure(perCommit: number): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'longwire-bench-'))
  try {
    const store = await openLmdbStore({ path: folder })
    const commit = (units: number) => store.commit(0, Array.from({ length: units }, unit))
    for (let i = 0; i < 40; i++) await commit(500)
    const commits = Math.ceil((UNITS[perCommit] ?? 100_000) / perCommit)
    const before = process.cpuUsage()
    const writtenBefore = writtenBytes()
    const beginMs = performance.now()
    for (let i = 0; i < commits; i++) await commit(perCommit)
    const tookMs = performance.now() - beginMs
    const { user, system } = process.cpuUsage(before)
    const kibibytes = (writtenBytes() - writtenBefore) / 1024
    await store.close()
    const micros = (user + system) / (commits * perCommit)
    const unitKib = round(kibibytes / (commits * perCommit))
    print(JSON.stringify({ perCommit, cpuMicros: round(micros), commitMs: round(tookMs / commits), unitKib }))
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** The bytes that this process has written, journal and tables together. (write_bytes counts whole folios of the page cache.) */
function writtenBytes(): number {
  return Number(/^wchar: (\d+)$/m.exec(fs.readFileSync('/proc/self/io', 'utf8'))?.[1])
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}

const asked = process.argv.slice(2).map(Number)
for (const perCommit of asked.length > 0 ? asked : [1, 50, 500]) await measure(perCommit)

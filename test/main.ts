/**
 * The tests. What `tap` runs when no file is named (.taprc):
 *
 *   main.js         all *.test.js
 *   main.js quick   those in the folders of what needs no server
 *   main.js long    all *.long.js
 *
 * Small files share a process (support/processes.ts), the others have their own. With LONGWIRE_TEST_MINUTES none is begun later than that:
 * for a machine that has little time. Each hour another process is the first, so that each has its turn; files that were not begun are
 * named at the end.
 *
 * tap would start the files itself, each with a module loader that only coverage needs. It costs 0.4 s of processor time in every
 * process of Node, and servers that tests start have it as well. So a plain `node` runs them here, and tap reads what they say.
 */

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { present } from '../src/lib/assert.js'
import { isLong, processesOf } from './support/processes.js'
import { ROUNDS_FACTOR } from './support/rounds.js'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** Processes at a time, on two cores or more: tests wait for as long as they compute. */
const JOBS = 4

const NO_ASYNC_HOOKS = `${FOLDER}support/no-async-hooks.js`
const SHARED_PROCESS = `${FOLDER}support/shared-process.js`

/** A process of several files may take so many times as long as one of a single file. */
const SHARED_TIMES = 3

const QUICK = /^(lib|protocol|store|sync|connection|clients\/typescript)\/[^/]+\.test\.js$/

/** The time is for one process; a file that has its own and needs more says so itself. */
const WHICH: Readonly<Record<string, { readonly files: RegExp; readonly timeoutMs: number }>> = {
  all: { files: /\.test\.js$/, timeoutMs: 240_000 },
  quick: { files: QUICK, timeoutMs: 240_000 },
  long: { files: /\.long\.js$/, timeoutMs: 600_000 },
}

t.jobs = JOBS
t.setTimeout(0)

const { files, timeoutMs } = present(WHICH[process.argv[2] ?? 'all'], 'tests of that name: quick or long')

const minutes = Number(process.env.LONGWIRE_TEST_MINUTES ?? Number.POSITIVE_INFINITY)
const endMs = performance.now() + minutes * 60_000

function processesInTurn(): string[][] {
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(name => files.test(name))
  names.sort()
  const all = processesOf(FOLDER, names)
  if (minutes === Number.POSITIVE_INFINITY) return [...all.filter(isLong), ...all.filter(each => !isLong(each))]
  const first = Math.floor(Date.now() / 3_600_000) % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

function run(names: readonly string[]): Promise<unknown> {
  const [first = ''] = names
  const isShared = names.length > 1
  const fileMs = timeoutMs * Math.max(1, ROUNDS_FACTOR)
  const timeout = isShared ? SHARED_TIMES * fileMs : fileMs
  const program = isShared ? [SHARED_PROCESS, `${fileMs}`, ...names] : [`${FOLDER}${first}`]
  // tap hands its loader on in NODE_OPTIONS.
  const command = ['--unset=NODE_OPTIONS', process.execPath, '--import', NO_ASYNC_HOOKS, ...program]
  const name = isShared ? `${names.length} files in one process, from ${first}` : first
  return t.spawn('env', command, { name: `dist/test/${name}`, buffered: true, timeout })
}

const left = processesInTurn()

async function work(): Promise<void> {
  while (performance.now() < endMs) {
    const names = left.shift()
    if (names === undefined) return
    await run(names)
  }
}

await Promise.all(Array.from({ length: JOBS }, work))
for (const name of left.flat()) t.comment(`not begun in ${minutes} minutes: ${name}`)

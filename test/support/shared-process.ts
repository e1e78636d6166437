/**
 * Runs several test files in this process, one after the other, each as a subtest with the file's name: `node` of this file, with the
 * milliseconds for each, and the files' paths below the tests' folder. Each can be run by itself, too. A start of Node, tap and what a
 * file imports costs 0.5 to 1.3 s of processor time; most files need less for their tests.
 *
 *   import of a file ─► its t.test(), t.before() … go to its subtest ─► its tests ─► what keeps a process alive is as before ─► the next
 */

import type { Test } from 'tap'
import { eventually } from './eventually.js'

const [milliseconds, ...names] = process.argv.splice(2)
const fileMs = Number(milliseconds)
// After that: tap makes the names of folders of what a process is started with, and these may be many words.
const { default: t } = await import('tap')

const FOLDER = new URL('..', import.meta.url)

/** What files call of tap's `t` outside of tests, as helpers do that end what they have started. */
const CALLED = ['test', 'before', 'beforeEach', 'afterEach', 'teardown'] as const

/** The things that keep the process alive, sorted. */
function alive(): string[] {
  return process.getActiveResourcesInfo().toSorted()
}

/** Fails when the file has left something that keeps the process alive: by itself it would never end. */
async function expectNothingLeft(name: string, before: readonly string[]): Promise<void> {
  const left = (): string[] => {
    const rest = alive()
    for (const kind of before) if (rest.includes(kind)) rest.splice(rest.indexOf(kind), 1)
    return rest
  }
  await eventually(() => left().length === 0, fileMs).catch(() => {
    isHeld = true
    t.fail(`${name} has ended, and has left what keeps its process alive: ${left()}`)
  })
}

const begin = t.test.bind(t)

/** Whether a file has left something that keeps the process alive. */
let isHeld = false

async function run(name: string): Promise<void> {
  const before = alive()
  await begin(name, { timeout: fileMs }, async (file: Test) => {
    for (const called of CALLED) Object.assign(t, { [called]: file[called].bind(file) })
    await import(new URL(name, FOLDER).href)
  })
  await expectNothingLeft(name, before)
}

for (const name of names) await run(name)
t.end()
if (isHeld) process.stdout.write('', () => process.exit(1))

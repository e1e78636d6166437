/** Test files that share a process: each is told by its name, as if it had one of its own. */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { processesOf } from './support/processes.js'

const SHARED_PROCESS = fileURLToPath(new URL('support/shared-process.js', import.meta.url))

/** Runs files of this content, which have a second each. @returns what is said of their tests, and the exit code */
function run(t: Test, files: Readonly<Record<string, string>>) {
  const head = `import t from 'tap'\n`
  const folder = t.testdir(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, head + text])))
  const paths = Object.keys(files).map(name => join(folder, name))
  const { status, stdout } = spawnSync(process.execPath, [SHARED_PROCESS, '1000', ...paths], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, stdout: stdout.replaceAll(`${folder}/`, '') }
}

const PASSES = `t.test('passes', async t => t.pass())`

t.test('what files do before and after their tests is theirs', async t => {
  const { status, stdout } = run(t, {
    'one.mjs': `
      const done = (globalThis.done = [])
      t.before(() => done.push('one before'))
      t.beforeEach(() => done.push('one each'))
      t.teardown(() => done.push('one after'))
      t.test('a', async t => t.pass())`,
    'two.mjs': `
      const done = globalThis.done
      t.teardown(() => done.push('two after'))
      t.test('b', async t => t.same(done, ['one before', 'one each', 'one after']))`,
  })
  t.equal(status, 0)
  t.match(stdout, /^ok 1 - one\.mjs.*^ {4}ok 1 - b.*^ok 2 - two\.mjs/ms)
})

t.test('a file with a failure is named, with what failed; the next runs all the same', async t => {
  const { status, stdout } = run(t, { 'one.mjs': `t.test('adds', async t => t.equal(1 + 1, 3))`, 'two.mjs': PASSES })
  t.equal(status, 1)
  t.match(stdout, /^ {4}not ok 1 - adds/m)
  t.match(stdout, /^ +-3\n +\+2$/m)
  t.match(stdout, /^not ok 1 - one\.mjs/m)
  t.match(stdout, /^ok 2 - two\.mjs/m)
})

t.test('a file that cannot be loaded is named', async t => {
  const { status, stdout } = run(t, { 'one.mjs': `throw new Error('broken')`, 'two.mjs': PASSES })
  t.equal(status, 1)
  t.match(stdout, /^ {4}not ok 1 - broken$/m)
  t.match(stdout, /^not ok 1 - one\.mjs/m)
  t.match(stdout, /^ok 2 - two\.mjs/m)
})

t.test('a test that never ends is ended, and named', async t => {
  const { status, stdout } = run(t, {
    'one.mjs': `t.test('waits', () => new Promise(() => setInterval(() => {}, 10)))`,
  })
  t.equal(status, 1)
  t.match(stdout, /^ {8}not ok 1 - timeout!$/m)
  t.match(stdout, /^ {4}not ok 1 - waits/m)
  t.match(stdout, /^not ok 1 - one\.mjs/m)
})

t.test('an error that nobody catches fails the file whose it is', async t => {
  const late = `t.test('goes on', async t => { setTimeout(() => { throw new Error('late') }, 1); await new Promise(r => setTimeout(r, 50)) })`
  const { status, stdout } = run(t, { 'one.mjs': late, 'two.mjs': PASSES })
  t.equal(status, 1)
  t.match(stdout, /late/)
})

t.test('a file that leaves something that keeps the process alive is named', async t => {
  const { status, stdout } = run(t, { 'one.mjs': `${PASSES}\nsetTimeout(() => {}, 60_000)`, 'two.mjs': PASSES })
  t.equal(status, 1)
  t.match(stdout, /^not ok 2 - one\.mjs has ended, and has left what keeps its process alive: Timeout$/m)
})

t.test('files that look at their process have their own, and long ones', async t => {
  const folder = t.testdir({
    lib: { 'a.test.js': '', 'b.test.js': 'process.memoryUsage()', 'c.test.js': '', 'c.long.js': '' },
    store: { 'bounds.test.js': '', 'd.test.js': '', 'e.test.js': "import '../support/stall.js'", 'f.test.js': '' },
    simulation: { 'g.test.js': '', 'h.test.js': '' },
  })
  const names = ['lib/a.test.js', 'lib/b.test.js', 'lib/c.long.js', 'lib/c.test.js']
  names.push(
    'simulation/g.test.js',
    'simulation/h.test.js',
    'store/bounds.test.js',
    'store/d.test.js',
    'store/e.test.js',
    'store/f.test.js',
  )
  t.same(processesOf(`${folder}/`, names), [
    ['lib/a.test.js', 'lib/c.test.js'],
    ['lib/b.test.js'],
    ['lib/c.long.js'],
    ['simulation/g.test.js'],
    ['simulation/h.test.js'],
    ['store/bounds.test.js'],
    ['store/d.test.js', 'store/f.test.js'],
    ['store/e.test.js'],
  ])
})

/** An error that nobody catches fails its test file, also without the hooks by which tap tells its subtest. */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const NO_ASYNC_HOOKS = fileURLToPath(new URL('support/no-async-hooks.js', import.meta.url))

/** Runs a test file of one subtest that does this and then passes. */
function run(t: Test, act: string) {
  const file = `
    import hooks from 'node:async_hooks'
    import { setTimeout as pause } from 'node:timers/promises'
    import t from 'tap'
    t.test('a subtest', async t => {
      ${act}
      await pause(50)
      t.pass()
    })
  `
  const folder = t.testdir({ 'file.mjs': file })
  return spawnSync(process.execPath, ['--import', NO_ASYNC_HOOKS, join(folder, 'file.mjs')], { encoding: 'utf8' })
}

const COUNTED = `
  let promises = 0
  const hook = hooks.createHook({ init: (_, kind) => { if (kind === 'PROMISE') promises += 1 } }).enable()
  await pause(1)
  hook.disable()
  t.ok(promises > 0)
`

t.test("what is right passes; a test's own hooks are there", async t => {
  t.match(run(t, COUNTED), { status: 0, stdout: /^ok 1 - a subtest/m })
})

t.test("tap's hooks are not", async t => {
  const act = `
    const { Domain } = await import('async-hook-domain')
    const domain = new Domain(() => {})
    const followed = domain.ids.size
    await pause(1)
    t.equal(domain.ids.size, followed)
    domain.destroy()
  `
  t.match(run(t, act), { status: 0, stdout: /^ok 1 - a subtest/m })
})

t.test('an error that is thrown where nobody can catch it', async t => {
  t.match(run(t, `setTimeout(() => { throw new Error('nobody') }, 1)`), { status: 1, stderr: /nobody/ })
})

t.test('a promise that is rejected and that nobody waits for', async t => {
  t.match(run(t, `void Promise.reject(new Error('nobody'))`), { status: 1, stdout: /not ok .* nobody/ })
})

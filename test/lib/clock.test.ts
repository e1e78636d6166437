import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'

t.test('monotonic time never goes back', async t => {
  let last = systemClock.monotonic()
  for (let i = 0; i < 1000; i++) {
    const now = systemClock.monotonic()
    if (now < last) t.fail(`${now} after ${last}`)
    last = now
  }
  t.pass()
})

t.test('wall time is in whole milliseconds since 1970', async t => {
  t.ok(Number.isInteger(systemClock.now()))
  t.ok(systemClock.now() > 1.7e12)
})

t.test('a timer runs once, not before its time', async t => {
  const start = systemClock.monotonic()
  const keepAlive = setInterval(() => {}, 1000) // the clock's own timers do not keep the process up
  await new Promise<void>(resolve => systemClock.after(20, resolve))
  clearInterval(keepAlive)
  t.ok(systemClock.monotonic() - start >= 19)
})

t.test('a cancelled timer does not run, and cancelling again or late does nothing', async t => {
  let ran = false
  const first = systemClock.after(1, () => {
    ran = true
  })
  first.cancel()
  first.cancel()
  const keepAlive = setInterval(() => {}, 1000)
  const second = await new Promise<{ cancel(): void }>(resolve => {
    const handle = systemClock.after(10, () => resolve(handle))
  })
  clearInterval(keepAlive)
  second.cancel()
  t.equal(ran, false)
})

t.test('a time that a timer cannot hold is refused', async t => {
  for (const ms of [-1, Number.NaN, 2 ** 31]) t.throws(() => systemClock.after(ms, () => {}), RangeError)
})

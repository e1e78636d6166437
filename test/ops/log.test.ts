import t from 'tap'
import { createLog, silentLog, ThrottledLog } from '../../src/ops/log.js'

/** A log that is read back. */
function readable(level: 'debug' | 'info' | 'silent') {
  const lines: Record<string, unknown>[] = []
  const log = createLog(level, { write: line => lines.push(JSON.parse(line) as Record<string, unknown>) })
  return { lines, log }
}

t.test('a line is one object with its fields, the sentence and the time', async t => {
  const { lines, log } = readable('info')
  log.info({ port: 8081 }, 'serving')
  log.debug({ port: 8081 }, 'not wanted')
  t.match(lines, [{ port: 8081, msg: 'serving', time: /^\d{4}-\d\d-\d\dT/ }])
  t.equal(lines.length, 1)
})

t.test('silent says nothing', async t => {
  const { lines, log } = readable('silent')
  log.fatal({}, 'x')
  for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) silentLog[level]({}, 'x')
  t.same(lines, [])
})

t.test('what anybody can cause is cut to some lines per tick, and counted', async t => {
  const { lines, log } = readable('info')
  const throttled = new ThrottledLog(log, 2)
  for (let i = 0; i < 10; i++) throttled.info(1, { i }, 'fault')
  throttled.info(2, { i: 10 }, 'fault')
  throttled.info(2, { i: 11 }, 'fault')
  t.same(
    lines.map(({ i, suppressed }) => [i, suppressed]),
    [
      [0, undefined],
      [1, undefined],
      [10, 8],
      [11, undefined],
    ],
  )
})

t.test('of what would come many thousand times a second, one line in so many ticks', async t => {
  const { lines, log } = readable('info')
  const throttled = new ThrottledLog(log, 1, 60)
  for (let i = 0; i < 10_000; i++) throttled.warn(1_000, { error: 'accept EMFILE' }, 'could not accept')
  throttled.warn(1_059, {}, 'could not accept')
  throttled.warn(1_060, {}, 'could not accept')
  t.same(
    lines.map(({ suppressed }) => suppressed),
    [undefined, 10_000],
  )
})

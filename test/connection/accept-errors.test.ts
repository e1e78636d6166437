import { EventEmitter } from 'node:events'
import t from 'tap'
import { logAcceptErrors } from '../../src/connection/accept-errors.js'
import { silentLog } from '../../src/ops/log.js'

t.test('a listener that cannot accept is heard once in a while, and ends nothing', async t => {
  const lines: object[] = []
  const wheel = { tick: 1 }
  const server = new EventEmitter()
  const log = { ...silentLog, warn: (fields: object) => lines.push(fields) }
  logAcceptErrors(server, { log, wheel } as unknown as Parameters<typeof logAcceptErrors>[1])
  for (let i = 0; i < 10_000; i++) server.emit('error', new Error('accept EMFILE'))
  t.same(lines, [{ error: 'accept EMFILE' }])
  wheel.tick += 60
  server.emit('error', new Error('accept EMFILE'))
  t.equal(lines.length, 2)
})

/** The time of a client that says nothing is counted from when it was accepted, whatever it went through. */

import t from 'tap'
import { CODES, codeText } from '../../protocol/codes.js'
import { eventually } from '../support/eventually.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { head, RawHttp } from '../support/raw-http.js'
import { startTestServer, testConfig } from '../support/server.js'

const STEP_MS = 100
/** Ten seconds, a tick of the wheel, and what the test itself takes. */
const SILENT_MS_MAX = 11_700
/** The Hello's own deadline is kept in whole ticks. */
const HELLO_MS_MAX = 13_000

const UPGRADE = head(
  'GET /ws HTTP/1.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
)
const CUT = 10

/** Lets this time pass, or what is left of it when the condition holds. @returns the time that passed */
async function passes(clock: JumpingClock, ms: number, until: () => boolean = () => false): Promise<number> {
  const start = clock.monotonic()
  await eventually(() => {
    if (until() || clock.monotonic() - start >= ms) return true
    clock.jump(STEP_MS)
    return false
  })
  return clock.monotonic() - start
}

const PROXY = 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 8081\r\n'

for (const [name, sent] of [
  ['says nothing', ''],
  ['says nothing behind its PROXY header', PROXY],
] as const) {
  t.test(`who ${name} on the long port is closed after ten seconds`, async t => {
    const clock = new JumpingClock()
    const config = testConfig('--trust-proxy', '127.0.0.1', ...(sent === '' ? [] : ['--proxy-protocol']))
    const server = await startTestServer({ clock, config })
    const client = await RawHttp.connect(server.port)
    await eventually(() => server.context.gate.total === 1)
    if (sent !== '') {
      await passes(clock, 3_000)
      client.send(sent)
    }
    const ms = await passes(clock, 60_000, () => client.received !== '')
    t.match(client.received, codeText(CODES.HELLO_TIMEOUT.code))
    t.ok(ms < (sent === '' ? SILENT_MS_MAX : SILENT_MS_MAX - 3_000), `${ms} ms`)
    client.destroy()
    await server.drain()
  })
}

t.test('who says nothing on a WebSocket is closed ten seconds after it was accepted', async t => {
  const clock = new JumpingClock()
  const server = await startTestServer({ clock })
  const client = await RawHttp.connect(server.httpPort)
  client.send(UPGRADE.slice(0, CUT))
  await eventually(() => server.context.gate.total === 1)
  const before = await passes(clock, 8_000)
  client.send(UPGRADE.slice(CUT))
  t.same(await client.answers(1), [101])
  const ms = await passes(clock, 60_000, () => /\r\n\r\n./s.test(client.received))
  t.ok(before + ms < HELLO_MS_MAX, `${before} + ${ms} ms`)
  client.destroy()
  await server.drain()
})

t.test('a WebSocket on a connection that has served has all of its time: a proxy keeps such connections', async t => {
  const clock = new JumpingClock()
  const server = await startTestServer({ clock })
  const client = await RawHttp.connect(server.httpPort)
  client.send(head('GET /healthz HTTP/1.1'))
  await client.answers(1)
  await passes(clock, 8_000)
  client.send(UPGRADE)
  t.same(await client.answers(2), [200, 101])
  const ms = await passes(clock, 60_000, () => /101 .*\r\n\r\n./s.test(client.received))
  t.ok(ms >= 10_000, `${ms} ms`)
  client.destroy()
  await server.drain()
})

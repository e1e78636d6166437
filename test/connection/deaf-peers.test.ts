/** Peers that do not read when only the kernel knows: by hand, and over TCP and WebSocket with a kernel that says so. */

import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { createSyncRequest, encodeSyncRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { LiveConnection } from '../../src/connection/context.js'
import { DeafPeers } from '../../src/connection/deaf-peers.js'
import { systemClock } from '../../src/lib/clock.js'
import type { ZeroWindow } from '../../src/ops/zero-windows.js'
import { zeroWindows } from '../../src/ops/zero-windows.js'
import { eventually } from '../support/eventually.js'
import { FakeServices } from '../support/fake-services.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { ManualClock } from '../support/manual-clock.js'
import { RawClient } from '../support/raw-client.js'
import { RawWebSocket } from '../support/raw-web-socket.js'
import { startTestServer } from '../support/server.js'

function rig() {
  const clock = new ManualClock()
  const closed: string[] = []
  const connection = (remotePort: number) => ({
    isBetween: (_local: number, _address: string, port: number) => port === remotePort,
    close: (code: number) => closed.push(`${remotePort} ${codeName(code)}`),
  })
  const connections = new Set([1, 2, 3].map(connection) as unknown as LiveConnection[])
  let now: ZeroWindow[] = []
  const peers = new DeafPeers({ context: { connections }, clock, zeroWindows: async () => now })
  const look = async (bytes: Readonly<Record<number, number>>): Promise<string[]> => {
    now = Object.entries(bytes).map(([port, each]) => {
      return { localPort: 8081, remoteAddress: '192.0.2.1', remotePort: Number(port), bytes: each }
    })
    clock.advance(20_000)
    await peers.look()
    return closed.splice(0)
  }
  return { look }
}

t.test('a window that was closed at each look for a minute, and nothing left', async t => {
  const { look } = rig()
  t.same(await look({ 1: 1_000, 2: 1_000, 3: 1_000, 9: 1 }), [])
  t.same(await look({ 1: 1_000, 2: 999, 3: 1_000, 9: 1 }), [])
  t.same(await look({ 1: 1_500, 2: 999, 9: 1 }), [], 'more was written to the first; the third has opened its window')
  t.same(await look({ 1: 1_500, 2: 999, 3: 1_000, 9: 1 }), ['1 SLOW_CONSUMER'], 'the second has taken a byte')
  t.same(await look({ 2: 999, 3: 1_000 }), ['2 SLOW_CONSUMER'])
})

for (const transport of ['tcp', 'ws'] as const) {
  t.test(`over ${transport}: what lies in the kernel is seen not to be read`, async t => {
    const clock = new JumpingClock()
    const services = new FakeServices()
    const items = Array.from({ length: 10 }, (_, i) => ({ version: i + 1, bytes: new Uint8Array(25_000) }))
    services.onRequest = ({ caller, id }) =>
      caller.synced(id, 0, { kind: 'page', items, to: 10, more: false, trimmed: false, head: 10 }, [])
    const server = await startTestServer({ clock, services: () => services })
    const hello = { token: Uint8Array.of(7), attempt: 1 }
    const { client } =
      transport === 'tcp' ? await RawClient.open(server.port, hello) : await RawWebSocket.open(server.httpPort, hello)
    const other = await RawClient.open(server.port, { token: Uint8Array.of(8), attempt: 1 })
    client.socket.pause()
    const port = transport === 'tcp' ? server.port : server.httpPort
    const isSeen = async () => (await zeroWindows()).some(({ localPort }) => localPort === port)
    const sync = encodeRequest(2, METHODS.sync.number, encodeSyncRequest(createSyncRequest({ since: 0 })))
    client.send(sync)
    await eventually(isSeen)
    t.equal(server.context.backlog.total, 0, 'for this process all is written')
    const closes = () => server.context.counters.closes().filter(({ code }) => code === 'SLOW_CONSUMER').length
    const started = clock.monotonic()
    await eventually(async () => {
      if (closes() === 0) clock.jump(30_000)
      await new Promise<void>(resolve => systemClock.after(100, resolve))
      return closes() > 0
    })
    t.ok(clock.monotonic() - started < 400_000, 'sooner than by its silence')
    t.equal(closes(), 1)
    t.equal(other.client.ended, false)
    client.destroy()
    other.client.destroy()
    await server.drain()
  })
}

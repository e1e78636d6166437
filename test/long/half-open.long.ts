/**
 * Thousands of idle half-open peers on both doors: connections that were made and say nothing, and HTTP requests that stop in
 * the middle. Well-behaved clients are answered meanwhile as quickly as before, and the server lets all of them go in time.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createSyncRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { eventually } from '../support/eventually.js'
import { call } from '../support/http-client.js'
import { RawClient } from '../support/raw-client.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

/** Of each kind, one child each: silent on TCP, silent on HTTP, headers that stop, a body that stops, a WebSocket without Hello. */
const PEERS_OF_A_KIND = 1_000
const KINDS = [
  '',
  '',
  'POST /longwire.v1.AccountService/Login HTTP/1.1\r\nHost: x\r\nX-Half: ',
  'POST /longwire.v1.AccountService/Login HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\nContent-Length: 500\r\n\r\nxx',
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
]

const [, , role, port, kind] = process.argv
if (role === 'peers') await peers(Number(port), KINDS[Number(kind)] ?? '')
else t.test('5 000 peers that say nothing more', halfOpen)

/** Opens them, says so, and keeps them without a word. */
async function peers(to: number, words: string): Promise<void> {
  const sockets: Socket[] = []
  for (let i = 0; i < PEERS_OF_A_KIND; i += 100) {
    const some = Array.from({ length: 100 }, () => connect({ port: to, host: '127.0.0.1' }))
    for (const socket of some) socket.on('error', () => {})
    await Promise.all(some.map(socket => once(socket, 'connect')))
    for (const socket of some) socket.write(words)
    sockets.push(...some)
  }
  for (const socket of sockets) socket.resume()
  process.send?.('there')
  process.on('disconnect', () => process.exit())
}

async function halfOpen(t: Test): Promise<void> {
  const server = await startTestServer({ config: testConfig('--max-connections', '20000') })
  const { token } = await registerAccount(server.port, 'alice')
  const { client } = await RawClient.open(server.port, { token, attempt: 1 })
  await client.notice(METHODS.push.number)
  const median = async (): Promise<number> => {
    const took: number[] = []
    for (let i = 0; i < 100; i++) {
      const start = performance.now()
      const { status } = await call(server.httpPort, METHODS.sync, createSyncRequest({ since: 1 }), { token })
      const frame = await client.call(METHODS.sync, createSyncRequest({ since: 1 }))
      if (status !== 200 || frame.code !== 0) throw new Error(`answered ${status} and ${frame.code}`)
      took.push(performance.now() - start)
    }
    return took.sort((a, b) => a - b)[50] ?? 0
  }
  await median()
  const alone = await median()
  const children = KINDS.map((_, i) => {
    const to = i === 0 ? server.port : server.httpPort
    return fork(fileURLToPath(import.meta.url), ['peers', String(to), String(i)])
  })
  await Promise.all(children.map(child => once(child, 'message')))
  // A peer is connected as soon as the kernel says so: the server comes to it a little later.
  await eventually(() => server.context.gate.total >= PEERS_OF_A_KIND * KINDS.length)
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const among = await median()
  // 10 s for a Hello or the headers, 15 s for a body, and a moment for the farewell.
  await eventually(() => server.context.gate.total < 20, 30_000)
  delay.disable()
  t.ok(among < alone * 2 + 5, `${among.toFixed(2)} ms among them, ${alone.toFixed(2)} ms alone`)
  t.ok(delay.percentile(90) < 50e6, `p90 of the loop's delay: ${delay.percentile(90) / 1e6} ms`)
  t.equal((await call(server.httpPort, METHODS.listDevices, {}, { token })).status, 200)
  for (const child of children) child.disconnect()
  client.destroy()
  await server.drain()
}

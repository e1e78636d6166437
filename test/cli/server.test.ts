/** The assembly: what becomes of a server whose store fails for good, and of one that cannot start. */

import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import t from 'tap'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { createUpdateProfileRequest, encodeUpdateProfileRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { CommitResult } from '../../src/store/types.js'
import { eventually } from '../support/eventually.js'
import { RawClient } from '../support/raw-client.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

class FailingStore extends MemoryStore {
  fails = false
  closed = false
  override commit(...args: Parameters<MemoryStore['commit']>): Promise<readonly CommitResult[]> {
    return this.fails ? Promise.reject(new Error('EIO: the disk is gone')) : super.commit(...args)
  }
  override close(): Promise<void> {
    this.closed = true
    return super.close()
  }
}

t.test('when the store fails for good, whoever runs the server is told, and nothing is answered', async t => {
  const store = new FailingStore()
  const failures: unknown[] = []
  const server = await startTestServer({ store, onFatal: error => failures.push(error) })
  const session = await registerAccount(server.port, 'alice')
  const { client } = await RawClient.open(server.port, { token: session.token, attempt: 1 })
  await client.notice(METHODS.push.number)
  store.fails = true
  const body = encodeUpdateProfileRequest(createUpdateProfileRequest({ sendSeq: 1, nickname: 'A' }))
  client.send(encodeRequest(50, METHODS.updateProfile.number, body))
  client.send(Uint8Array.of(0))
  await eventually(() => failures.length > 0 && client.pings > 0)
  t.match(failures[0], { message: /EIO/ })
  t.same(
    client.frames.filter(({ id }) => id === 50),
    [],
  )
  client.destroy()
  server.abort()
})

t.test('a start that cannot listen leaves no data folder behind that was not there', async t => {
  const holder = createServer()
  t.teardown(() => holder.close())
  await new Promise<void>(resolve => holder.listen(0, '127.0.0.1', resolve))
  const taken = String((holder.address() as AddressInfo).port)
  const data = join(t.testdir(), 'above', 'data')
  const start = (...argv: string[]) =>
    startTestServer({ config: testConfig('--store', 'lmdb', '--data', data, ...argv) })
  for (const option of ['--port', '--http-port', '--metrics-port']) {
    await t.rejects(start(option, taken), { code: 'EADDRINUSE' })
    t.notOk(existsSync(dirname(data)), option)
  }
  await t.rejects(start('--metrics-host', '192.0.2.1', '--metrics-port', '0'), { code: 'EADDRNOTAVAIL' })
  t.notOk(existsSync(dirname(data)))
  const server = await start()
  await server.drain()
  await t.rejects(start('--port', taken), { code: 'EADDRINUSE' })
  t.ok(existsSync(data), 'one that was there stays')
})

t.test('what was opened is closed again when a listener cannot start', async t => {
  const holder = createServer()
  await new Promise<void>(resolve => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as AddressInfo
  for (const option of ['--port', '--http-port']) {
    const store = new FailingStore()
    await t.rejects(startTestServer({ store, config: testConfig(option, String(port)) }), { code: 'EADDRINUSE' })
    t.equal(store.closed, true)
  }
  holder.close()
})

/** The pipe over a WebSocket, with a socket that takes bytes or does not as the test says. */

import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import type { WebSocket } from 'ws'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { REQUESTS_IN_WORK_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { serveWebSocket } from '../../src/short/web-socket.js'
import { connectionRig, helloFrame, joined, type Rig } from '../support/connection-rig.js'
import { FakeServices } from '../support/fake-services.js'

const EMPTY = new Uint8Array(0)

class FakeSocket extends EventEmitter {
  takes = true
  queued: Uint8Array[] = []
  readonly written: Uint8Array[] = []
  readonly #done: (() => void)[] = []

  get writableLength(): number {
    return this.queued.reduce((sum, { length }) => sum + length, 0)
  }

  write(bytes: Uint8Array, done?: () => void): boolean {
    if (bytes.length > 0) (this.takes ? this.written : this.queued).push(bytes.slice())
    if (done !== undefined) this.#done.push(done)
    return this.takes
  }

  release(): void {
    this.written.push(...this.queued.splice(0))
    for (const done of this.#done.splice(0)) done()
  }
}

class FakeWebSocket extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  paused = false
  pongs = 0
  closes: number[] = []
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
  pong(): void {
    this.pongs++
  }
  close(status: number): void {
    this.readyState = 2
    this.closes.push(status)
  }
  terminate(): void {
    this.readyState = 3
    this.emit('close')
  }
}

async function serve(services: FakeServices): Promise<{ rig: Rig; webSocket: FakeWebSocket; socket: FakeSocket }> {
  const rig = connectionRig(services)
  const socket = new FakeSocket()
  const webSocket = new FakeWebSocket()
  rig.context.gate.admit('192.0.2.1')
  serveWebSocket(rig.context, webSocket as unknown as WebSocket, socket as unknown as Socket, {
    address: '192.0.2.1',
    helloMs: undefined,
  })
  webSocket.emit('message', helloFrame(1, { token: Uint8Array.of(7), attempt: 1 }), true)
  await rig.turn()
  socket.written.length = 0
  return { rig, webSocket, socket }
}

/** The payload of a server's frame, whose header must be right. */
function payloadOf(message: Uint8Array | undefined): Uint8Array {
  if (message === undefined || message[0] !== 0x82) throw new Error('not a binary message')
  const view = new DataView(message.buffer, message.byteOffset)
  const short = message[1] ?? 0
  const [head, length] =
    short < 126 ? [2, short] : short === 126 ? [4, view.getUint16(2)] : [10, Number(view.getBigUint64(2))]
  if (message.length !== head + length) throw new Error(`${message.length} bytes instead of ${head + length}`)
  return message.subarray(head)
}

t.test('each turn is one message, of any length', async t => {
  const services = new FakeServices()
  const { rig, webSocket, socket } = await serve(services)
  for (const bytes of [0, 100, 117, 118, 119, 200, 60_000]) {
    services.onRequest = ({ caller, id }) => caller.respond(id, new Uint8Array(bytes))
    webSocket.emit('message', joined(...[5, 6].map(id => encodeRequest(id, METHODS.listDevices.number, EMPTY))), true)
    await rig.turn()
    const payloads = socket.written.splice(0).map(payloadOf)
    t.equal(payloads.length, bytes === 60_000 ? 2 : 1, `${bytes}`)
    t.ok(payloads.reduce((sum, { length }) => sum + length, 0) > 2 * bytes)
  }
})

t.test('what the peer does not take waits, and goes on when it does', async t => {
  const services = new FakeServices()
  const { rig, webSocket, socket } = await serve(services)
  services.onRequest = ({ caller, id }) => caller.respond(id, EMPTY)
  const ask = (id: number) => webSocket.emit('message', encodeRequest(id, METHODS.listDevices.number, EMPTY), true)
  socket.takes = false
  ask(5)
  await rig.turn()
  ask(6)
  await rig.turn()
  t.same([socket.queued.length, socket.written.length], [1, 0], 'the second waits in the connection, not in the pipe')
  socket.takes = true
  socket.release()
  await rig.turn()
  t.same([socket.queued.length, socket.written.length], [0, 2])
})

t.test('a ping is answered if nothing waits for the peer, or it would grow with each', async t => {
  const { webSocket, socket } = await serve(new FakeServices())
  for (let i = 0; i < 3; i++) webSocket.emit('ping', Buffer.alloc(125))
  t.equal(webSocket.pongs, 3)
  socket.takes = false
  socket.queued.push(Uint8Array.of(1))
  for (let i = 0; i < 300; i++) webSocket.emit('ping', Buffer.alloc(125))
  t.equal(webSocket.pongs, 3)
  socket.release()
  webSocket.emit('ping', Buffer.alloc(1))
  t.equal(webSocket.pongs, 4)
})

t.test('messages that were read with the one that filled the connection wait, in their order', async t => {
  const services = new FakeServices()
  const { rig, webSocket } = await serve(services)
  const count = REQUESTS_IN_WORK_MAX * 3
  for (let id = 2; id < 2 + count; id++) {
    webSocket.emit('message', encodeRequest(id, METHODS.listDevices.number, EMPTY), true)
  }
  t.same([services.requests.length, webSocket.paused], [REQUESTS_IN_WORK_MAX, true])
  const ids: number[] = []
  while (services.requests.length > 0) {
    for (const { caller, id } of services.requests.splice(0)) {
      ids.push(id)
      caller.respond(id, EMPTY)
    }
    await rig.turn()
  }
  t.same(
    ids,
    Array.from({ length: count }, (_, i) => i + 2),
  )
  t.equal(webSocket.paused, false)
})

t.test('an empty chunk of a message is nothing, the end is told once', async t => {
  const { rig, webSocket } = await serve(new FakeServices())
  webSocket.emit('message', EMPTY, true)
  t.equal(rig.context.connections.size, 1)
  for (const connection of rig.context.connections) {
    t.equal(connection.transport, 'ws')
    connection.destroy()
  }
  t.same([rig.context.connections.size, rig.context.gate.total, rig.hub.bound], [0, 0, 0])
})

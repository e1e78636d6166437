import t from 'tap'
import type { Transport } from '../../../clients/typescript/index.js'
import { type WebSocketLike, wsTransport } from '../../../clients/typescript/transports/ws-transport.js'
import { encodeRequest, PING } from '../../../protocol/frame-codec.js'
import { FrameDecoder } from '../../../protocol/frame-decoder.js'
import { FRAME_TO_SERVER_BYTES_MAX } from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'
import { seededRandom } from '../../../src/lib/random.js'

class FakeSocket implements WebSocketLike {
  binaryType = 'blob'
  onopen: WebSocketLike['onopen'] = null
  onmessage: WebSocketLike['onmessage'] = null
  onerror: WebSocketLike['onerror'] = null
  onclose: WebSocketLike['onclose'] = null
  readonly url: string
  readonly sent: Uint8Array[] = []
  readonly closes: (number | undefined)[] = []

  constructor(url: string) {
    this.url = url
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes.slice())
  }

  close(code?: number): void {
    this.closes.push(code)
  }
}

function connected() {
  const sockets: FakeSocket[] = []
  const told: string[] = []
  const transport: Transport = wsTransport({
    url: 'wss://chat.example/ws',
    open: url => {
      const socket = new FakeSocket(url)
      sockets.push(socket)
      return socket
    },
  })
  const connection = transport.connect({
    opened: () => told.push('opened'),
    received: bytes => told.push(`received ${bytes.length}`),
    closed: error => told.push(`closed ${error?.message ?? 'well'}`),
  })
  const [socket] = sockets
  if (socket === undefined) throw new Error('no socket')
  return { connection, socket, told, transport }
}

t.test('bytes go both ways as binary messages; the end is told once', t => {
  const { connection, socket, told, transport } = connected()
  t.match(transport, { name: 'ws', preamble: false, heartbeatMs: 45_000 }, 'most proxies wait 60 s')
  t.equal(socket.url, 'wss://chat.example/ws')
  t.equal(socket.binaryType, 'arraybuffer')
  socket.onopen?.()
  socket.onmessage?.({ data: new Uint8Array(7).buffer })
  connection.write(PING)
  connection.close()
  socket.onclose?.({ code: 1000, reason: '' })
  t.same(told, ['opened', 'received 7', 'closed well'])
  t.same(socket.sent, [PING])
  t.same(socket.closes, [1000])
  t.end()
})

t.test('what is written in one piece goes in as few messages as may be, each of whole frames', t => {
  const random = seededRandom('frames of all sizes')
  for (let round = 0; round < 50; round++) {
    const { connection, socket } = connected()
    const frames: Uint8Array[] = []
    for (let i = 0; i < 20; i++) {
      const bodyBytes = round === 0 ? 65_500 : random.integer(random.integer(4) === 0 ? 65_500 : 3_000)
      frames.push(i % 5 === 4 ? PING : encodeRequest(i + 1, METHODS.send.number, random.bytes(bodyBytes)))
    }
    const all = new Uint8Array(Buffer.concat(frames))
    connection.write(all)
    t.same(Buffer.concat(socket.sent).compare(all), 0)
    for (const [i, message] of socket.sent.entries()) {
      const after = socket.sent[i + 1]
      const [last, next] = [message.length, after === undefined ? FRAME_TO_SERVER_BYTES_MAX : frameSizes(after)[0]]
      t.ok(frameSizes(message).length > 0 && last <= FRAME_TO_SERVER_BYTES_MAX, `${last} bytes in a message`)
      // As few as may be: the first frame of the next one would not have fitted.
      t.ok(last + (next ?? 0) > FRAME_TO_SERVER_BYTES_MAX, 'no space was left')
    }
  }
  t.end()
})

t.test('a text message, an error and a bad end are told as what they are', t => {
  const text = connected()
  text.socket.onmessage?.({ data: 'hello' })
  text.socket.onclose?.({ code: 1000, reason: '' })
  t.same(text.told, ['closed a text message came'])
  const failed = connected()
  failed.socket.onerror?.({ message: 'connect ECONNREFUSED' })
  failed.socket.onclose?.({ code: 1006, reason: '' })
  t.same(failed.told, ['closed connect ECONNREFUSED'])
  // Browsers say nothing.
  const silent = connected()
  silent.socket.onerror?.({})
  silent.socket.onclose?.({ code: 1006, reason: '' })
  t.same(silent.told, ['closed the WebSocket failed'])
  const ended = connected()
  ended.socket.onclose?.({ code: 1009, reason: 'too big' })
  t.same(ended.told, ['closed WebSocket status 1009 too big'])
  t.end()
})

/** Of a message, which must hold whole frames. */
function frameSizes(message: Uint8Array): number[] {
  const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
  decoder.push(message)
  const sizes: number[] = []
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
    if (next.kind === 'error') throw new Error(next.message)
    sizes.push(next.kind === 'frame' ? next.bytes : 1)
  }
  if (decoder.buffered > 0) throw new Error('a message ends within a frame')
  return sizes
}

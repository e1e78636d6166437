/** The frames of protocol/vectors through a WebSocket: as one message, in pieces of one, and cut in two messages. */

import t from 'tap'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { FRAME_TO_SERVER_BYTES_MAX, LENGTH_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from '../support/eventually.js'
import { FakeServices } from '../support/fake-services.js'
import { RawWebSocket } from '../support/raw-web-socket.js'
import { startTestServer } from '../support/server.js'
import { type Effects, expectedOf, shortHash } from '../support/vector-effects.js'
import { bytesOf, type FrameVector, frameVectors } from '../support/vectors.js'

const services = new FakeServices()
let requests: string[] = []
let server: RunningServer
let attempts = 0

/** Its answer says that all before it was worked on. */
const MARKER_ID = 0xffff_fff0
const MARKER = encodeRequest(MARKER_ID, METHODS.listDevices.number, new Uint8Array(0))

/** More pieces than one message may have. */
const PIECES_MAX = 500

t.before(async () => {
  server = await startTestServer({ services: () => services })
  services.onRequest = ({ caller, id, method, body }) => {
    if (id !== MARKER_ID) requests.push(`${id} ${method} ${shortHash(body)}`)
    caller.respond(id, new Uint8Array(0))
  }
})

t.teardown(() => server.drain())

async function effectsOf(send: (client: RawWebSocket) => void): Promise<Effects & { readonly status: number }> {
  requests = []
  services.acks.length = 0
  attempts += 1
  const { client } = await RawWebSocket.open(server.httpPort, { token: Uint8Array.of(7), attempt: attempts })
  await client.notice(METHODS.push.number)
  send(client)
  client.send(MARKER)
  await eventually(() => client.ended || client.frames.some(({ id }) => id === MARKER_ID))
  const isOpen = !client.ended && client.frames.every(({ method }) => method !== METHODS.close.number)
  const close = isOpen ? undefined : await client.end()
  const { status } = client
  client.destroy()
  return { requests, acks: services.acks.length, pinged: isOpen && client.pings > 0, close, status }
}

/** What the first so many bytes hold: whole frames, and whether the cut goes through one. */
function upTo(
  vector: FrameVector,
  offset: number,
): { readonly outcomes: FrameVector['expect']; readonly cut: boolean } {
  // One of them has a ping that is longer than need be, alone.
  const pingBytes = vector.expect.length === 1 ? bytesOf(vector.bytes).length : 1
  let end = 0
  let count = 0
  for (const outcome of vector.expect) {
    if ('error' in outcome) break
    const bytes = 'ping' in outcome ? pingBytes : outcome.bytes
    if (end + bytes > offset) break
    end += bytes
    count += 1
  }
  return { outcomes: vector.expect.slice(0, count), cut: end !== offset }
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  const size = Math.max(1, Math.ceil(bytes.length / PIECES_MAX))
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

/** Every offset of short ones, of longer ones a few. */
function offsets(length: number): number[] {
  const all = Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1)
  const step = Math.ceil(all.length / 16)
  return length <= 24 ? all : all.filter((at, i) => i % step === 0 || at === length - 1)
}

for (const vector of frameVectors().filter(({ direction }) => direction === 'to-server')) {
  const bytes = bytesOf(vector.bytes)
  t.test(vector.name, async t => {
    if (bytes.length > FRAME_TO_SERVER_BYTES_MAX + LENGTH_BYTES_MAX) {
      const { requests: none, close, status } = await effectsOf(client => client.send(bytes))
      t.same([none, close, status], [[], 'nothing', 1009], 'no message may be so long')
      return
    }
    const whole = expectedOf(vector.expect)
    const isCut = whole.close === undefined && (vector.rest ?? 0) > 0
    const wanted = isCut ? { ...whole, close: 'PROTOCOL_ERROR', pinged: false } : whole
    const status = wanted.close === undefined ? 0 : 1000
    t.same(await effectsOf(client => client.send(bytes)), { ...wanted, status }, 'one message')
    t.same(await effectsOf(client => client.sendPieces(pieces(bytes))), { ...wanted, status }, 'in pieces')
    for (const at of offsets(bytes.length)) {
      const effects = await effectsOf(client => {
        client.send(bytes.subarray(0, at))
        client.send(bytes.subarray(at))
      })
      const first = upTo(vector, at)
      const prefix = expectedOf(first.outcomes)
      if (!first.cut || prefix.close !== undefined) {
        // Between two frames, or behind one that has ended everything.
        if (effects.close !== wanted.close || `${effects.requests}` !== `${wanted.requests}`) {
          t.same(effects, { ...wanted, status }, `cut at ${at}`)
        }
      } else if (`${effects.requests}` !== `${prefix.requests}` || effects.acks !== prefix.acks) {
        t.same(effects, prefix, `cut at ${at}, through a frame`)
      } else if (effects.close !== 'PROTOCOL_ERROR' && effects.close !== wanted.close) {
        t.equal(effects.close, 'PROTOCOL_ERROR', `cut at ${at}, through a frame`)
      } else if (effects.close === undefined) {
        t.fail(`cut at ${at}: the connection is open`)
      }
    }
  })
}

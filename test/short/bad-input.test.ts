/** Bad input over WebSocket: all that is bad over TCP, and what only a WebSocket can do. */

import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { FRAME_TO_SERVER_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { badInput, type Wire } from '../support/bad-input.js'
import { eventually } from '../support/eventually.js'
import { rawHello } from '../support/raw-client.js'
import { head, RawHttp, WEB_SOCKET_UPGRADE } from '../support/raw-http.js'
import { RawWebSocket } from '../support/raw-web-socket.js'

const wire: Wire = {
  leadingZero: false,
  connect: ({ httpPort }) => RawWebSocket.connect(httpPort),
  open: ({ httpPort }, init) => RawWebSocket.open(httpPort, init),
}

/** A frame of the WebSocket protocol as a client sends it, masked with zeros. */
function masked(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload
  const size = length < 126 ? [length | 128] : [126 | 128, length >> 8, length & 255]
  return Uint8Array.of(first, ...size, 0, 0, 0, 0, ...payload)
}

/** The status of the close frame that ends what came. */
async function closeStatus(client: RawHttp): Promise<number> {
  const closing = (): number => client.received.indexOf('\x88\x02')
  await eventually(() => closing() >= 0 || client.closed)
  const at = closing()
  return at < 0 ? 0 : client.received.charCodeAt(at + 2) * 256 + client.received.charCodeAt(at + 3)
}

badInput(wire, ({ clock, server, open }) => {
  /** A WebSocket by hand. */
  async function upgraded(): Promise<RawHttp> {
    const client = await RawHttp.connect(server().httpPort)
    client.send(head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE))
    const statuses = await client.answers(1)
    if (statuses[0] !== 101) throw new Error(`answered ${statuses}`)
    return client
  }

  t.test('a text message', async t => {
    const client = (await open()) as RawWebSocket
    client.socket.send('\0') // in a binary message it would be a ping
    t.equal(await client.end(), 'PROTOCOL_ERROR')
    t.equal(client.status, 1000)
  })

  t.test('half a frame in a message, and its other half in the next', async t => {
    const client = (await open()) as RawWebSocket
    client.send(Uint8Array.of(0x20, 0x08, 0x01))
    t.equal(await client.end(), 'PROTOCOL_ERROR')
    const length = (await open()) as RawWebSocket
    length.send(Uint8Array.of(0x80))
    t.equal(await length.end(), 'PROTOCOL_ERROR')
  })

  t.test('half a frame behind requests that are still in work', async t => {
    const client = await open()
    const sync = encodeRequest(90, METHODS.sync.number, new Uint8Array(0))
    client.send(Uint8Array.of(...sync, ...sync, 0x20, 0x08))
    t.equal(await client.end(), 'PROTOCOL_ERROR')
  })

  t.test('a message that is too long is not gathered, in one piece or in many', async t => {
    const client = (await open()) as RawWebSocket
    client.send(new Uint8Array(65_542))
    await client.end()
    t.equal(client.status, 1009)
    const pieces = (await open()) as RawWebSocket
    pieces.sendPieces(new Array<Uint8Array>(5).fill(new Uint8Array(16_384)))
    await pieces.end()
    t.equal(pieces.status, 1009)
    const crumbs = (await open()) as RawWebSocket
    crumbs.sendPieces(new Array<Uint8Array>(2_000).fill(Uint8Array.of(0)))
    await crumbs.end()
    t.equal(crumbs.status, 1008)
  })

  t.test('a message holds the longest frame and its length, however long that is written', async t => {
    const length = FRAME_TO_SERVER_BYTES_MAX
    for (const prefix of [
      [0x80, 0x80, 0x04],
      [0x80, 0x80, 0x84, 0x80, 0x00],
    ]) {
      const client = (await open()) as RawWebSocket
      // Id 9, an unknown method, and a body that fills it.
      const body = length - 8
      const head = [0x08, 0x09, 0x10, 0x7f, 0x1a, (body & 127) | 128, ((body >> 7) & 127) | 128, body >> 14]
      const frame = new Uint8Array(prefix.length + length)
      frame.set([...prefix, ...head])
      client.send(frame)
      await eventually(() => client.frames.some(({ id }) => id === 9) || client.ended)
      t.equal(client.frames.find(({ id }) => id === 9)?.code, CODES.UNKNOWN_METHOD.code)
      client.destroy()
    }
  })

  t.test('frames that are none of the WebSocket protocol', async t => {
    const cases: Readonly<Record<string, readonly [Uint8Array, number]>> = {
      'not masked': [Uint8Array.of(0x82, 1, 0), 1002],
      'a reserved bit': [masked(0xc2, Uint8Array.of(0)), 1002],
      'a reserved opcode': [masked(0x83, Uint8Array.of(0)), 1002],
      'a continuation of nothing': [masked(0x80, Uint8Array.of(0)), 1002],
      'a ping in pieces': [masked(0x09, Uint8Array.of(0)), 1002],
      'a ping of 126 bytes': [masked(0x89, new Uint8Array(126)), 1002],
      'a close of one byte': [masked(0x88, Uint8Array.of(1)), 1002],
      'a close with a status that is none': [masked(0x88, Uint8Array.of(0, 5)), 1002],
      'a message that is packed': [masked(0xc2, Uint8Array.of(0x78, 0x9c)), 1002],
      'a length of 64 bits, beyond all': [
        Uint8Array.of(0x82, 0xff, 0xff, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0),
        1009,
      ],
      'a promise of 4 GiB': [Uint8Array.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), 1009],
    }
    for (const [name, [bytes, status]] of Object.entries(cases)) {
      const client = await upgraded()
      client.send(bytes)
      t.equal(await closeStatus(client), status, name)
      client.destroy()
    }
  })

  t.test('a flood of pings, pongs or empty messages; a few are answered', async t => {
    const few = (await open()) as RawWebSocket
    for (let i = 0; i < 5; i++) few.socket.ping('x')
    await eventually(() => few.pongs > 0)
    t.equal((await few.call(METHODS.listDevices, {})).code, 0)
    few.destroy()
    for (const first of [0x89, 0x8a, 0x82]) {
      const client = await upgraded()
      client.send(Buffer.concat(new Array<Uint8Array>(1_500).fill(masked(first, new Uint8Array(0)))))
      t.equal(await closeStatus(client), 1000)
      t.match(client.received, 'empty messages in a second')
      client.destroy()
    }
  })

  t.test('handshakes that are none', async t => {
    const without = (name: string): string[] => WEB_SOCKET_UPGRADE.filter(line => !line.startsWith(name))
    const cases: Readonly<Record<string, readonly [string, number]>> = {
      'another method': [head('POST /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE), 405],
      'another path': [head('GET /longwire HTTP/1.1', ...WEB_SOCKET_UPGRADE), 404],
      'a path behind it': [head('GET /ws/x HTTP/1.1', ...WEB_SOCKET_UPGRADE), 404],
      'no key': [head('GET /ws HTTP/1.1', ...without('Sec-WebSocket-Key')), 400],
      'a key that is none': [
        head('GET /ws HTTP/1.1', ...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: short'),
        400,
      ],
      'no version': [head('GET /ws HTTP/1.1', ...without('Sec-WebSocket-Version')), 426],
      'an old version, whose origin stands elsewhere': [
        head(
          'GET /ws HTTP/1.1',
          ...without('Sec-WebSocket-Version'),
          'Sec-WebSocket-Version: 8',
          'Sec-WebSocket-Origin: https://evil.example',
        ),
        426,
      ],
      'a page of another site': [head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE, 'Origin: https://evil.example'), 403],
      'a page of this very host by another port': [
        head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE, 'Origin: http://test:81'),
        403,
      ],
      'a page without an origin': [head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE, 'Origin: null'), 403],
    }
    for (const [name, [bytes, status]] of Object.entries(cases)) {
      const client = await RawHttp.connect(server().httpPort)
      client.send(bytes)
      t.same(await client.end(), [status], name)
    }
    const offered = await RawHttp.connect(server().httpPort)
    offered.send(
      head(
        'GET /ws?token=x HTTP/1.1',
        ...WEB_SOCKET_UPGRADE,
        'Sec-WebSocket-Extensions: permessage-deflate',
        'Sec-WebSocket-Protocol: a, b',
      ),
    )
    t.same(await offered.answers(1), [101])
    t.notMatch(offered.received, /Sec-WebSocket-(Extensions|Protocol)/i)
    offered.destroy()
  })

  t.test('slow-loris: a message that comes a byte at a time and never ends, and none at all', async t => {
    const silent = await upgraded()
    const dribbling = await upgraded()
    const hello = rawHello(1, { token: new Uint8Array(100), attempt: 1 })
    for (let i = 0; i < 20; i++) {
      dribbling.send(masked(i === 0 ? 0x02 : 0x00, hello.subarray(i, i + 1)))
      await eventually(() => dribbling.socket.writableLength === 0)
      clock.jump(400)
    }
    t.equal(silent.closed || dribbling.closed, false)
    clock.jump(4_000)
    for (const client of [silent, dribbling]) {
      t.equal(await closeStatus(client), 1000)
      t.match(client.received, 'no Hello came in time')
      client.destroy()
    }
  })

  t.test('one that never answers the close is gone after a moment', async t => {
    const client = await upgraded()
    client.send(masked(0x82, Uint8Array.of(0)))
    t.equal(await closeStatus(client), 1000, 'a ping before Hello')
    t.equal(client.closed, false)
    clock.jump(7_000)
    await client.end(2_000) // ws alone would wait for longer
  })
})

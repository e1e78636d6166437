import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  type DecodedFrame,
  encodeFrame,
  encodeNotice,
  encodeRefusal,
  encodeRequest,
  encodeResponse,
  FrameDecoder,
  PING,
} from '../../protocol/frame-codec.js'
import { createFrame, createRefusal, decodeRefusal } from '../../protocol/generated/messages.js'
import { FRAME_TO_SERVER_BYTES_MAX } from '../../protocol/limits.js'

function decodeAll(decoder: FrameDecoder, ...chunks: Uint8Array[]): DecodedFrame[] {
  const found: DecodedFrame[] = []
  for (const chunk of chunks) {
    decoder.push(chunk)
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      found.push(next)
      if (next.kind === 'error') return found
    }
  }
  return found
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => [...part]))
}

const body = new Uint8Array(200).map((_, index) => index)

t.test('every kind of frame comes back as it was written', async t => {
  const frames: [Uint8Array, object][] = [
    [encodeRequest(1, 30, body), { id: 1, method: 30, body }],
    [encodeRequest(0xffff_ffff, 31, new Uint8Array(0)), { id: 0xffff_ffff, method: 31 }],
    [encodeResponse(300, body), { id: 300, body }],
    [encodeNotice(4, Uint8Array.of(8, 7)), { method: 4, body: Uint8Array.of(8, 7) }],
    [
      encodeFrame({ method: 6, code: 600, message: 'grüß', retryAfterMs: 70_000 }),
      { method: 6, code: 600, message: 'grüß', retryAfterMs: 70_000 },
    ],
  ]
  for (const [bytes, expected] of frames) {
    const [found, ...rest] = decodeAll(new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX), bytes)
    t.same(found, { kind: 'frame', frame: createFrame(expected), bytes: bytes.length })
    t.same(rest, [])
  }
})

t.test('a refusal carries its code, text, delay and details', async t => {
  const bytes = encodeRefusal(9, CODES.GAP.code, 'go back', 250, createRefusal({ expectedSendSeq: 7 }))
  const [found] = decodeAll(new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX), bytes)
  if (found?.kind !== 'frame') throw new Error('no frame')
  t.match(found.frame, { id: 9, method: 0, code: 202, message: 'go back', retryAfterMs: 250 })
  t.equal(decodeRefusal(found.frame.body).expectedSendSeq, 7)
})

t.test('a stream of frames and pings is the same whole, byte by byte and cut anywhere', async t => {
  const stream = join(
    PING,
    encodeRequest(1, 30, body),
    PING,
    PING,
    encodeRequest(2, 31, new Uint8Array(0)),
    encodeNotice(2, body),
  )
  const whole = decodeAll(new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX), stream)
  t.same(
    whole.map(each => each.kind),
    ['ping', 'frame', 'ping', 'ping', 'frame', 'frame'],
  )
  t.same(decodeAll(new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX), ...[...stream].map(byte => Uint8Array.of(byte))), whole)
  for (let cut = 1; cut < stream.length; cut++) {
    const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
    t.same(decodeAll(decoder, stream.subarray(0, cut), stream.subarray(cut)), whole, `cut at ${cut}`)
    t.equal(decoder.buffered, 0)
  }
})

t.test('a paused decoder loses nothing of what is pushed meanwhile', async t => {
  const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
  const frames = [1, 2, 3, 4, 5].map(id => encodeRequest(id, 30, body))
  const stream = join(...frames)
  const chunk = Uint8Array.from(stream.subarray(0, 300))
  decoder.push(chunk)
  t.match(decoder.next(), { frame: { id: 1 } })
  decoder.detach()
  chunk.fill(255)
  decoder.push(stream.subarray(300, 310))
  decoder.push(stream.subarray(310))
  t.equal(decoder.buffered, stream.length - (frames[0]?.length ?? 0))
  for (const id of [2, 3, 4, 5]) t.match(decoder.next(), { frame: { id, body } })
  t.equal(decoder.next(), undefined)
  t.equal(decoder.buffered, 0)
})

t.test('chunks keep their order however often the decoder pauses', async t => {
  const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
  const frames = [1, 2, 3, 4, 5, 6].map(id => encodeRequest(id, 30, body))
  for (const frame of frames.slice(0, 3)) decoder.push(frame)
  t.match(decoder.next(), { frame: { id: 1 } })
  // The chunk is used up, and others wait behind it.
  for (const frame of frames.slice(3)) decoder.push(frame)
  for (const id of [2, 3, 4, 5, 6]) t.match(decoder.next(), { frame: { id } })
  t.equal(decoder.next(), undefined)
})

t.test('closes with FRAME_TOO_LARGE on the declaration, before anything is kept', async t => {
  for (const bytes of [
    [0x81, 0x80, 0x04],
    [0x80, 0x80, 0x80, 0x80, 0x10],
    [0xff, 0xff, 0xff, 0xff, 0x7f],
  ]) {
    const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
    t.match(decodeAll(decoder, Uint8Array.from(bytes)), [{ kind: 'error', code: CODES.FRAME_TOO_LARGE.code }])
    t.equal(decoder.buffered, 0)
  }
})

t.test('an error stays: what follows it is not read', async t => {
  const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
  const [error] = decodeAll(decoder, Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80))
  t.match(error, { kind: 'error', code: CODES.PROTOCOL_ERROR.code })
  decoder.push(PING)
  t.equal(decoder.next(), error)
  t.equal(decoder.buffered, 0)
})

t.test('a body views its chunk, and memory of its own when it came in several', async t => {
  const bytes = encodeRequest(1, 30, body)
  const decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
  const [whole] = decodeAll(decoder, bytes)
  const [cut] = decodeAll(decoder, bytes.subarray(0, 50), bytes.subarray(50))
  if (whole?.kind !== 'frame' || cut?.kind !== 'frame') throw new Error('no frame')
  t.equal(whole.frame.body.buffer, bytes.buffer)
  t.not(cut.frame.body.buffer, bytes.buffer)
  t.same(cut.frame.body, body)
})

t.test('the limit may be raised between two frames', async t => {
  const decoder = new FrameDecoder(100)
  const large = encodeRequest(2, 30, body)
  t.match(decodeAll(decoder, encodeRequest(1, 1, new Uint8Array(3))), [{ frame: { id: 1 } }])
  decoder.bytesMax = FRAME_TO_SERVER_BYTES_MAX
  t.match(decodeAll(decoder, large), [{ frame: { id: 2 } }])
})

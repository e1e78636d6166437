/** Bytes to frames: the leading zero, what waits, the peer's end; without a connection. */

import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { encodeRequest, PING } from '../../protocol/frame-codec.js'
import { METHODS } from '../../protocol/methods.js'
import { type FrameTaker, Reader } from '../../src/connection/reader.js'
import { connectionRig, FakePipe, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { FakeServices } from '../support/fake-services.js'

const frame = (id: number): Uint8Array => encodeRequest(id, METHODS.getProfile.number, Uint8Array.of(id))

/** Takes what the test lets it take. */
class Taker implements FrameTaker {
  readonly context = connectionRig(new FakeServices()).context
  readonly pipe = new FakePipe()
  readonly uid = 7
  readonly device = 1
  readonly address = '192.0.2.1'
  readonly got: (number | string)[] = []
  readonly reader: Reader
  waiting = false
  /** The id that is put off. */
  putOff = 0

  constructor(leadingZero = false) {
    this.reader = new Reader(this, leadingZero)
  }

  waits(): boolean {
    return this.waiting
  }

  take({ id }: { id: number }): boolean {
    if (id === this.putOff) return false
    this.got.push(id)
    return true
  }

  takePing(): boolean {
    return true
  }

  answerPing(): void {
    this.got.push('00')
  }

  rearm(): void {}

  close(code: number): void {
    this.got.push(codeName(code))
    this.reader.stop()
  }
}

t.test('the leading 00 may come alone, behind nothing, or with frames; another byte closes', async t => {
  for (const pieces of [
    [LEADING_ZERO, frame(1)],
    [new Uint8Array(0), joined(LEADING_ZERO, frame(1))],
  ]) {
    const taker = new Taker(true)
    for (const piece of pieces) taker.reader.receive(piece)
    t.same(taker.got, [1])
  }
  for (const first of [0x16, 0x47, 0x01]) {
    const taker = new Taker(true)
    taker.reader.receive(joined(Uint8Array.of(first), frame(1)))
    t.same(taker.got, ['PROTOCOL_ERROR'])
  }
})

t.test('frames that must wait stay, the pipe is paused, and all is taken in order afterwards', async t => {
  const taker = new Taker()
  const { reader, pipe, got } = taker
  taker.waiting = true
  reader.receive(joined(frame(1), PING, frame(2)))
  t.same([got, pipe.paused, reader.waiting], [[], true, true])
  taker.waiting = false
  taker.putOff = 2
  reader.readOn()
  t.same([got, pipe.paused], [[1, '00'], true], 'a frame that is put off is held')
  reader.receive(frame(3))
  taker.putOff = 0
  reader.readOn()
  t.same([got, pipe.paused, reader.waiting], [[1, '00', 2, 3], false, false])
})

t.test(
  'a peer that has ended is known to have, also while what it sent waits, and what its pipe still holds is taken',
  async t => {
    const taker = new Taker()
    const { reader, pipe, got } = taker
    taker.waiting = true
    reader.receive(frame(1))
    reader.end()
    t.same([reader.ended, reader.waiting, got], [true, true, []])
    taker.waiting = false
    reader.readOn()
    t.same([reader.ended, reader.waiting, got, pipe.paused], [true, false, [1], false])
    taker.waiting = true
    reader.receive(frame(2))
    t.same([reader.ended, reader.waiting, pipe.paused], [true, true, true])
    taker.waiting = false
    reader.readOn()
    t.same([reader.ended, reader.waiting, got], [true, false, [1, 2]])
  },
)

t.test('once it is stopped it takes nothing, and the pipe is read on', async t => {
  const taker = new Taker()
  const { reader, pipe, got } = taker
  taker.waiting = true
  reader.receive(frame(1))
  reader.stop()
  taker.waiting = false
  t.equal(pipe.paused, false)
  reader.readOn()
  reader.receive(frame(2))
  reader.end()
  t.same([got, reader.ended, reader.waiting], [[], false, false])
})

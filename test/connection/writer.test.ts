import fc from 'fast-check'
import t from 'tap'
import { Backlog } from '../../src/connection/backlog.js'
import type { Flushable } from '../../src/connection/flusher.js'
import { type FrameSource, QUEUE_BYTES_HIGH, WRITE_BYTES_MAX, Writer } from '../../src/connection/writer.js'
import { FakePipe } from '../support/connection-rig.js'

function bytes(length: number, value = 1): Uint8Array {
  return new Uint8Array(length).fill(value)
}

/** A connection, as its writer sees it. */
class Owner implements FrameSource {
  readonly uid = 7
  readonly device = 1
  readonly address = '192.0.2.1'
  readonly pipe = new FakePipe()
  readonly wheel = { tick: 1 }
  readonly marked: Flushable[] = []
  readonly backlog = Backlog.open()
  readonly context = {
    wheel: this.wheel,
    backlog: this.backlog,
    flusher: { mark: (one: Flushable) => void this.marked.push(one) },
  }
  readonly writer = new Writer(this)

  tick(tick: number): void {
    this.wheel.tick = tick
  }

  flush(): void {
    this.writer.unmark()
    this.writer.send()
  }
}

t.test('one frame is given to the pipe as it is, several in one piece', async t => {
  const owner = new Owner()
  const { pipe, writer } = owner
  writer.push(bytes(3))
  writer.send()
  writer.push(bytes(2, 2))
  writer.push(bytes(1, 3))
  writer.send()
  t.same(
    pipe.writes.map(piece => [...piece]),
    [
      [1, 1, 1],
      [2, 2, 3],
    ],
  )
  t.equal(writer.empty, true)
  t.equal(writer.stalledTick, 0)
})

t.test('a pipe that takes nothing is stalled since then; each piece that it takes counts anew', async t => {
  const owner = new Owner()
  const { pipe, writer } = owner
  pipe.takes = false
  writer.push(bytes(WRITE_BYTES_MAX * 2))
  owner.tick(5)
  writer.send()
  t.equal(writer.stalledTick, 5)
  owner.tick(9)
  writer.send()
  t.equal(writer.stalledTick, 5)
  pipe.release()
  owner.tick(12)
  writer.send()
  t.equal(writer.stalledTick, 12)
  pipe.release()
  owner.tick(13)
  writer.send()
  t.equal(writer.stalledTick, 0)
  t.equal(writer.empty, true)
})

t.test('is congested above the mark, until it is empty', async t => {
  const owner = new Owner()
  const { pipe, writer } = owner
  pipe.takes = false
  t.equal(writer.overfull(QUEUE_BYTES_HIGH), false)
  t.equal(writer.overfull(QUEUE_BYTES_HIGH + 1), true)
  writer.push(bytes(100))
  writer.send()
  t.equal(writer.congested, true)
  pipe.release()
  writer.send()
  t.equal(writer.congested, false)
  writer.push(bytes(QUEUE_BYTES_HIGH + WRITE_BYTES_MAX + 1))
  writer.send()
  t.equal(writer.congested, true)
})

t.test('drop keeps the rest of a frame that has begun', async t => {
  const owner = new Owner()
  const { pipe, writer } = owner
  pipe.takes = false
  writer.push(bytes(WRITE_BYTES_MAX + 10, 1))
  writer.push(bytes(5, 2))
  writer.send()
  writer.drop()
  t.equal(writer.waitingBytes - pipe.queuedBytes, 10)
  writer.push(bytes(2, 3))
  pipe.takes = true
  pipe.release()
  writer.send()
  t.same([...(pipe.writes.at(-1) ?? [])], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3])
  writer.push(bytes(5))
  writer.drop()
  t.equal(writer.waitingBytes, 0)
})

t.test('is marked once until it is flushed', async t => {
  const owner = new Owner()
  const { pipe, writer, marked } = owner
  writer.write(bytes(1))
  writer.write(bytes(1))
  writer.mark()
  t.same(marked, [owner])
  owner.flush()
  t.equal(pipe.writes.length, 1)
  writer.write(bytes(1))
  t.same(marked, [owner, owner])
})

t.test('the backlog counts what waits, until the pipe has taken it or another owner has it', async t => {
  const { pipe, writer, backlog } = new Owner()
  pipe.takes = false
  writer.push(bytes(WRITE_BYTES_MAX + 10))
  t.equal(writer.send(), true, 'the pipe is full from now on')
  t.equal(writer.send(), false)
  t.equal(backlog.total, WRITE_BYTES_MAX + 10)
  t.equal(writer.overdueTick, 61)
  pipe.release()
  writer.send()
  t.equal(backlog.total, 10)
  writer.uncount()
  t.same([backlog.total, backlog.keys], [0, 0])
})

t.test('under any sizes and stalls every byte leaves, in order, in pieces of at most 64 KiB', async () => {
  const action = fc.oneof(
    fc.oneof(fc.nat(300), fc.nat(200_000)).map(length => ({ push: length + 1 })),
    fc.constant({ send: true }),
    fc.boolean().map(takes => ({ takes })),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), actions => {
      const { pipe, writer } = new Owner()
      const expected: Uint8Array[] = []
      for (const next of actions) {
        if ('push' in next) {
          const frame = bytes(next.push, expected.length & 255)
          expected.push(frame)
          writer.push(frame)
        } else if ('takes' in next) {
          pipe.takes = next.takes
          if (next.takes) pipe.release()
        } else {
          writer.send()
        }
      }
      pipe.takes = true
      pipe.release()
      writer.send()
      if (!Buffer.concat(pipe.writes).equals(Buffer.concat(expected))) throw new Error('other bytes left')
      if (pipe.writes.some(piece => piece.length > WRITE_BYTES_MAX)) throw new Error('a piece is too large')
      if (!writer.empty || writer.congested) throw new Error('something stayed')
    }),
    { numRuns: 200 },
  )
})

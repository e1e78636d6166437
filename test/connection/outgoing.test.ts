import fc from 'fast-check'
import t from 'tap'
import { Outgoing, QUEUE_BYTES_HIGH, WRITE_BYTES_MAX } from '../../src/connection/outgoing.js'
import { FakePipe } from '../support/connection-rig.js'

function bytes(length: number, value = 1): Uint8Array {
  return new Uint8Array(length).fill(value)
}

t.test('one frame is given to the pipe as it is, several in one piece', async t => {
  const pipe = new FakePipe()
  const outgoing = new Outgoing(pipe)
  outgoing.push(bytes(3))
  outgoing.send(1)
  outgoing.push(bytes(2, 2))
  outgoing.push(bytes(1, 3))
  outgoing.send(1)
  t.same(
    pipe.writes.map(piece => [...piece]),
    [
      [1, 1, 1],
      [2, 2, 3],
    ],
  )
  t.equal(outgoing.empty, true)
  t.equal(outgoing.stalledTick, 0)
})

t.test('a pipe that takes nothing is stalled since then; each piece that it takes counts anew', async t => {
  const pipe = new FakePipe()
  const outgoing = new Outgoing(pipe)
  pipe.takes = false
  outgoing.push(bytes(WRITE_BYTES_MAX * 2))
  outgoing.send(5)
  t.equal(outgoing.stalledTick, 5)
  outgoing.send(9)
  t.equal(outgoing.stalledTick, 5)
  pipe.release()
  outgoing.send(12)
  t.equal(outgoing.stalledTick, 12)
  pipe.release()
  outgoing.send(13)
  t.equal(outgoing.stalledTick, 0)
  t.equal(outgoing.empty, true)
})

t.test('is congested above the mark, until it is empty', async t => {
  const pipe = new FakePipe()
  const outgoing = new Outgoing(pipe)
  pipe.takes = false
  t.equal(outgoing.overfull(QUEUE_BYTES_HIGH), false)
  t.equal(outgoing.overfull(QUEUE_BYTES_HIGH + 1), true)
  outgoing.push(bytes(100))
  outgoing.send(1)
  t.equal(outgoing.congested, true)
  pipe.release()
  outgoing.send(1)
  t.equal(outgoing.congested, false)
  outgoing.push(bytes(QUEUE_BYTES_HIGH + WRITE_BYTES_MAX + 1))
  outgoing.send(1)
  t.equal(outgoing.congested, true)
})

t.test('drop keeps the rest of a frame that has begun', async t => {
  const pipe = new FakePipe()
  const outgoing = new Outgoing(pipe)
  pipe.takes = false
  outgoing.push(bytes(WRITE_BYTES_MAX + 10, 1))
  outgoing.push(bytes(5, 2))
  outgoing.send(1)
  outgoing.drop()
  t.equal(outgoing.bytes, 10)
  outgoing.push(bytes(2, 3))
  pipe.takes = true
  pipe.release()
  outgoing.send(1)
  t.same([...(pipe.writes.at(-1) ?? [])], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3])
  outgoing.push(bytes(5))
  outgoing.drop()
  t.equal(outgoing.bytes, 0)
})

t.test('under any sizes and stalls every byte leaves, in order, in pieces of at most 64 KiB', async () => {
  const action = fc.oneof(
    fc.oneof(fc.nat(300), fc.nat(200_000)).map(length => ({ push: length + 1 })),
    fc.constant({ send: true }),
    fc.boolean().map(takes => ({ takes })),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), actions => {
      const pipe = new FakePipe()
      const outgoing = new Outgoing(pipe)
      const expected: Uint8Array[] = []
      for (const next of actions) {
        if ('push' in next) {
          const frame = bytes(next.push, expected.length & 255)
          expected.push(frame)
          outgoing.push(frame)
        } else if ('takes' in next) {
          pipe.takes = next.takes
          if (next.takes) pipe.release()
        } else {
          outgoing.send(1)
        }
      }
      pipe.takes = true
      pipe.release()
      outgoing.send(1)
      if (!Buffer.concat(pipe.writes).equals(Buffer.concat(expected))) throw new Error('other bytes left')
      if (pipe.writes.some(piece => piece.length > WRITE_BYTES_MAX)) throw new Error('a piece is too large')
      if (!outgoing.empty || outgoing.congested) throw new Error('something stayed')
    }),
    { numRuns: 200 },
  )
})

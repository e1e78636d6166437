/** The page's own runtime of the codec, beside protobufjs's. */
import protobuf from 'protobufjs/minimal.js'
import t from 'tap'
import runtime from '../../../clients/web/codec-runtime.js'

const NUMBERS = [0, 1, 127, 128, 16_383, 16_384, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1]
/** Lengths around those at which the length itself, or the writer's memory, takes more. */
const LENGTHS = [0, 1, 127, 128, 1_000, 1_024, 16_384, 70_000]

type Write = (w: protobuf.Writer) => void

/** What both write of the same. */
function both(write: Write): readonly [ours: Buffer, theirs: Buffer] {
  const written = ([runtime.Writer, protobuf.Writer] as (typeof protobuf.Writer)[]).map(Writer => {
    const w = new Writer()
    write(w)
    return Buffer.from(w.buf.subarray(0, w.pos))
  })
  return written as [Buffer, Buffer]
}

t.test('numbers, bytes and messages within messages are written as protobufjs writes them', async t => {
  const cases: Write[] = [
    ...NUMBERS.map(value => (w: protobuf.Writer) => void w.uint32(8).uint64(value)),
    ...NUMBERS.map(value => (w: protobuf.Writer) => void w.uint32(8).uint32(value)),
    w => void w.bool(true).bool(false),
    ...LENGTHS.map(length => (w: protobuf.Writer) => void w.uint32(10).bytes(new Uint8Array(length).fill(7))),
    ...LENGTHS.map(length => (w: protobuf.Writer) => {
      w.uint32(10).fork().uint32(18).fork().bytes(new Uint8Array(length).fill(7)).ldelim().bool(true).ldelim().uint32(1)
    }),
  ]
  for (const write of cases) {
    const [ours, theirs] = both(write)
    if (!ours.equals(theirs)) t.fail(`${ours.toString('hex', 0, 40)} in place of ${theirs.toString('hex', 0, 40)}`)
  }
  t.equal(new runtime.Reader(new Uint8Array(3)).len, 3)
})

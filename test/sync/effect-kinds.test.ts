/** The stored form of effects that carry an item: an outbox may hold those of an older release. */
import t from 'tap'
import { EFFECT_KINDS } from '../../src/sync/effect-kinds.js'
import '../../src/sync/index.js'

const item = Uint8Array.of(0xaa, 0xbb)
const F64 = { 1: '3ff0000000000000', 2: '4000000000000000', 3: '4008000000000000' } as const

const FORMS = {
  message: [{ device: 7, sendSeq: 1, item }, `00000007${F64[1]}aabb`],
  'group-said': [{ period: 1, device: 7, sendSeq: 2, atMs: 3, item }, `${F64[1]}00000007${F64[2]}${F64[3]}aabb`],
  'group-item': [{ number: 1, atMs: 2, item }, `${F64[1]}${F64[2]}aabb`],
} as const

for (const [name, [input, hex]] of Object.entries(FORMS)) {
  t.test(`${name}: the numbers big-endian, the item behind them`, async t => {
    const kind = EFFECT_KINDS.get(name)
    t.equal(Buffer.from(kind?.encode(input) ?? []).toString('hex'), hex)
    const stored = Buffer.concat([Buffer.from('ff', 'hex'), Buffer.from(hex, 'hex')]).subarray(1)
    t.same(kind?.decode(stored), input)
  })
}

import { gzipSync } from 'node:zlib'
import t from 'tap'
import { acceptsGzip, type Unpacked, unpacked } from '../../src/short/gzip.js'

const BIG = new Uint8Array(2_000).fill(0x61)

const unpack = (body: Uint8Array, bytesMax: number) =>
  new Promise<Unpacked>(resolve => unpacked(body, bytesMax, resolve))

t.test('the header says who takes gzip', async t => {
  for (const accepted of [
    'gzip',
    'GZIP',
    'x-gzip',
    'br, gzip',
    'gzip;q=0.5, identity',
    '*',
    'br;q=0, *;q=0.1',
    'deflate, gzip ; q=1.0',
  ]) {
    t.equal(acceptsGzip(accepted), true, accepted)
  }
  for (const refused of [
    '',
    'br',
    'identity',
    'gzip;q=0',
    'gzip; q=0.000',
    '*;q=0',
    'gzip;q=0, *',
    '*, gzip;q=0',
    'gzip;q=abc',
    'gzipped',
  ]) {
    t.equal(acceptsGzip(refused), false, refused)
  }
})

t.test('unpacking ends at the limit, not behind it', async t => {
  t.same(await unpack(gzipSync(BIG), 2_000), { kind: 'bytes', bytes: Buffer.from(BIG) })
  t.same(await unpack(gzipSync(BIG), 1_999), { kind: 'too-large' })
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  const before = process.memoryUsage().rss
  t.same(
    await Promise.all(new Array(20).fill(bomb).map(each => unpack(each, 65_536))),
    new Array(20).fill({ kind: 'too-large' }),
  )
  const grown = process.memoryUsage().rss - before
  t.ok(grown < 50_000_000, `${grown} bytes for 20 bombs of 50 MB each`)
})

t.test('a body that unpacks to a thousand times its size is refused, though it is below the limit', async t => {
  t.same(await unpack(gzipSync(Buffer.alloc(300_000)), 393_216), { kind: 'too-large' })
  t.same(await unpack(gzipSync(Buffer.alloc(65_536)), 393_216), { kind: 'bytes', bytes: Buffer.alloc(65_536) })
  const text = Buffer.from(Array.from({ length: 20_000 }, (_, at) => `line ${at * 7919}\n`).join(''))
  t.same(await unpack(gzipSync(text), 393_216), { kind: 'bytes', bytes: text })
})

t.test('what is no gzip, or only its beginning, is neither taken nor fatal', async t => {
  const good = gzipSync(BIG)
  for (const body of [
    new Uint8Array(0),
    BIG,
    good.subarray(0, 5),
    good.subarray(0, -1),
    Buffer.concat([good.subarray(0, -8), Buffer.alloc(8)]),
  ]) {
    t.same(await unpack(body, 65_536), { kind: 'broken' })
  }
})

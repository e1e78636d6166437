import t from 'tap'
import { CODES, type CodeName, codeName } from '../../protocol/codes.js'
import { FrameDecoder } from '../../protocol/frame-codec.js'
import { DecodeError, decodePushNotice, decodeSyncResponse, type Item } from '../../protocol/generated/messages.js'
import { encodePushFrame, encodeSyncBody, encodeSyncFrame, itemVersions } from '../../protocol/item-codec.js'
import { FRAME_TO_CLIENT_BYTES_MAX, FRAME_TO_SERVER_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import {
  type BodyVector,
  beginnings,
  bodyVectors,
  bytesOf,
  type Chunking,
  chunkings,
  expanded,
  type FrameVector,
  frameVectors,
  methodLabel,
  pageVectors,
  plainOf,
} from '../support/vectors.js'

function outcomes({ direction }: FrameVector, { chunks }: Chunking): { found: unknown[]; rest: number } {
  const decoder = new FrameDecoder(direction === 'to-server' ? FRAME_TO_SERVER_BYTES_MAX : FRAME_TO_CLIENT_BYTES_MAX)
  const found: unknown[] = []
  for (const chunk of chunks) {
    decoder.push(chunk)
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      if (next.kind === 'ping') found.push({ ping: true })
      else if (next.kind === 'frame') found.push({ frame: plainOf(next.frame), bytes: next.bytes })
      else {
        found.push({ error: codeName(next.code) })
        return { found, rest: decoder.buffered }
      }
    }
  }
  return { found, rest: decoder.buffered }
}

function expectedFrames(vector: FrameVector): unknown[] {
  return vector.expect.map(each => {
    if (!('frame' in each)) return each
    const { body, ...others } = each.frame
    if (body === undefined) return each
    return { ...each, frame: { ...others, body: Buffer.from(bytesOf(body as string)).toString('hex') } }
  })
}

// One comparison per vector: an assertion for each cut would be 5 000.
t.test('frames come out the same whole, byte by byte and cut at every offset', async t => {
  for (const vector of frameVectors()) {
    const expected = JSON.stringify({ found: sorted(expectedFrames(vector)), rest: vector.rest ?? 0 })
    const bytes = bytesOf(vector.bytes)
    const wrong = []
    for (const chunking of chunkings(bytes)) {
      const { found, rest } = outcomes(vector, chunking)
      const got = JSON.stringify({ found: sorted(found), rest })
      if (got !== expected) wrong.push(`${chunking.how}: ${got.slice(0, 500)} instead of ${expected.slice(0, 500)}`)
    }
    t.same(wrong, [], vector.name)
  }
})

t.test('the beginning of a stream gives the beginning of its frames', async t => {
  for (const vector of frameVectors()) {
    const expected = sorted(expectedFrames(vector)).map(each => JSON.stringify(each))
    const wrong = []
    for (const chunking of beginnings(bytesOf(vector.bytes))) {
      const found = sorted(outcomes(vector, chunking).found).map(each => JSON.stringify(each))
      if (found.some((each, index) => each !== expected[index])) wrong.push(chunking.how)
    }
    t.same(wrong, [], vector.name)
  }
})

/** The decoders of the table of methods, by the names that the vectors use. */
const decoders = new Map<string, (bytes: Uint8Array) => object>()
for (const method of Object.values(METHODS)) {
  const label = methodLabel(method)
  if (method.kind === 'notice') decoders.set(`${label} notice`, method.decode)
  else decoders.set(`${label} request`, method.decodeRequest).set(`${label} answer`, method.decodeResponse)
}

function outcomeOf(vector: BodyVector): unknown {
  const decode = decoders.get(`${vector.method} ${vector.part}`)
  if (decode === undefined) throw new Error(`there is no ${vector.part} of ${vector.method}`)
  try {
    return { value: plainOf(decode(bytesOf(vector.bytes))) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { code: codeName(error.code) }
  }
}

t.test('bodies are taken or refused as their vectors say', async t => {
  for (const vector of bodyVectors()) {
    t.same(outcomeOf(vector), expanded(vector.expect), `${vector.method} ${vector.part}: ${vector.name}`)
  }
})

t.test('there are vectors for every method, good and bad', async t => {
  const covered = new Set(bodyVectors().map(vector => `${vector.method} ${vector.part}`))
  for (const name of decoders.keys()) t.ok(covered.has(name), name)
  for (const vector of bodyVectors()) if ('code' in vector.expect) t.ok(CODES[vector.expect.code as CodeName])
})

t.test('pages are written byte for byte as their vectors, and read back', async t => {
  for (const { name, from, to, trimmed, more, items, push, sync } of pageVectors()) {
    const raw = items.map(({ version, item }) => ({ version, bytes: bytesOf(item) }))
    const written = { to, more, trimmed, items: raw }
    t.same(encodePushFrame(from, to, trimmed, raw), bytesOf(push), `${name}: push`)
    t.same(encodeSyncBody(from, written), bytesOf(sync), `${name}: sync`)
    t.match(frameOf(encodeSyncFrame(5, from, written)), { id: 5, method: 0, body: bytesOf(sync) }, name)

    const found = decodePushNotice(frameOf(bytesOf(push)).body)
    const versions = items.map(({ version }) => version)
    t.match({ ...found, items: undefined }, { from, trimmed }, `${name}: push`)
    t.same(versionsOf(from, found.items), versions)
    t.equal(found.to === 0 ? (versions.at(-1) ?? from) : found.to, to)
    const page = decodeSyncResponse(bytesOf(sync))
    t.match({ ...page, items: undefined }, { to, more, trimmed }, `${name}: sync`)
    t.same(versionsOf(from, page.items), versions)
  }
})

function frameOf(bytes: Uint8Array) {
  const decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
  decoder.push(bytes)
  const next = decoder.next()
  if (next?.kind !== 'frame') throw new Error('no frame')
  return next.frame
}

function versionsOf(from: number, items: Item[]): number[] {
  return itemVersions(from, items)
}

/** The same value with its fields in order of name, so that equal values give equal JSON. */
function sorted<T>(values: readonly T[]): T[] {
  const order = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, field]) => [name, order(field)]),
    )
  }
  return values.map(order) as T[]
}

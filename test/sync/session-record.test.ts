/** The stored form of a session: byte by byte, and how those of older and newer servers are read. */
import t from 'tap'
import { NO_SESSION, type SessionRecord, session } from '../../src/sync/rules/session-record.js'

const HASH = Array.from({ length: 32 }, (_, i) => String.fromCharCode(0xf0 ^ i)).join('')
const TOKEN = { hash: HASH, madeAtMs: 1_795_822_165_099 }
const WHOLE: SessionRecord = {
  current: TOKEN,
  expiresAtMs: 1_803_598_165_099,
  unused: [
    { ...TOKEN, madeAtMs: 1 },
    { ...TOKEN, madeAtMs: 2 },
  ],
  attempt: 2 ** 40 + 3,
  ended: true,
  seenMs: 1_795_822_160_000,
  newer: new Uint8Array(0),
}

t.test('a session is read as it was written', async t => {
  for (const value of [WHOLE, NO_SESSION, { ...WHOLE, current: undefined, ended: false }, { ...WHOLE, unused: [] }]) {
    t.same(session.decode(session.encode(value)), value)
  }
  t.equal(session.encode({ ...WHOLE, unused: [] }).length, 67)
  t.equal(session.encode({ ...WHOLE, unused: [TOKEN, TOKEN, TOKEN, TOKEN] }).length, session.bound.bytesMax)
})

t.test('a session that an older server wrote as JSON is read', async t => {
  const based = { ...TOKEN, hash: Buffer.from(HASH, 'latin1').toString('base64') }
  const old = { current: based, expiresAtMs: 5, unused: [{ ...based, madeAtMs: 6 }], attempt: 7, ended: false }
  t.same(session.decode(Buffer.from(JSON.stringify(old))), {
    ...NO_SESSION,
    current: TOKEN,
    expiresAtMs: 5,
    unused: [{ ...TOKEN, madeAtMs: 6 }],
    attempt: 7,
  })
  t.same(session.decode(Buffer.from('{"expiresAtMs":0,"unused":[],"attempt":0,"ended":true}')).ended, true)
})

t.test('fields that a newer server put behind all others stay, and count for no bound', async t => {
  const newer = Uint8Array.of(9, 8, 7)
  const stored = Buffer.concat([session.encode(WHOLE), newer])
  const value = session.decode(stored)
  t.same(value.newer, newer)
  t.same(session.encode({ ...value, attempt: 1 }).subarray(-3), Buffer.from(newer))
  t.same(session.own?.(value).newer.length, 0)
})

t.test('a form that this version does not know is refused', async t => {
  t.throws(() => session.decode(Uint8Array.of(2, 0, 0)))
})

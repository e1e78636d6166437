/**
 * The record `session/<device>`: its tokens, its expiry and the highest attempt bound. Each Hello reads and writes one, so it is not JSON:
 * 67 bytes with a token in use in place of 170, and a fifth of the time.
 *
 *   form: 1 (1) · 1 if ended, 2 if a token is in use (1) · number of unused tokens (1)
 *   attempt (float64) · expires (float64) · seen (float64) · the token in use, if there is one · the unused tokens · fields of newer nodes
 *   a token: hash (32) · made (float64)
 *
 * All numbers are big-endian, times in ms. Up to 0.1.0 the record was JSON, which begins with `{`: it is read, and never written.
 */
import { EMPTY } from '../../../protocol/bytes.js'
import { assert } from '../../lib/assert.js'
import { decodeJson } from '../json.js'
import { recordKind } from '../record-kinds.js'
import type { RecordKind } from '../types.js'

export interface SessionToken {
  /** The SHA-256 of the token: 32 characters of one byte each. */
  readonly hash: string
  readonly madeAtMs: number
}

export interface SessionRecord {
  /** The token in use; undefined before the first use. */
  readonly current: SessionToken | undefined
  readonly expiresAtMs: number
  readonly unused: readonly SessionToken[]
  /** The highest attempt bound. */
  readonly attempt: number
  readonly ended: boolean
  /** The time when `devices` says that the device was last here, or an earlier one; 0: unknown. */
  readonly seenMs: number
  /** Fields of newer nodes, as they stand behind all others. */
  readonly newer: Uint8Array
}

/** The session of a device that never had one. */
export const NO_SESSION: SessionRecord = {
  current: undefined,
  expiresAtMs: 0,
  unused: [],
  attempt: 0,
  ended: false,
  seenMs: 0,
  newer: EMPTY,
}

/** The most unused tokens that a session keeps. */
export const UNUSED_TOKENS_MAX = 4

const FORM = 1
const JSON_FORM = 0x7b // {
const HEAD_BYTES = 27
const ENDED = 1
const IN_USE = 2
const HASH_BYTES = 32
const TOKEN_BYTES = HASH_BYTES + 8

export const session: RecordKind<SessionRecord> = recordKind({
  prefix: 'session',
  lifetime: 'device',
  bound: {
    bytesMax: HEAD_BYTES + (1 + UNUSED_TOKENS_MAX) * TOKEN_BYTES,
    entries: { max: UNUSED_TOKENS_MAX, count: ({ unused }) => unused.length },
    grows: 'the user, by Login: of unused tokens the newest 4 are kept',
    many: 'one per device in `devices`',
  },
  encode({ current, expiresAtMs, unused, attempt, ended, seenMs, newer }) {
    const tokens = (current === undefined ? 0 : 1) + unused.length
    const bytes = Buffer.allocUnsafe(HEAD_BYTES + tokens * TOKEN_BYTES + newer.length)
    bytes[0] = FORM
    bytes[1] = (ended ? ENDED : 0) | (current === undefined ? 0 : IN_USE)
    bytes[2] = unused.length
    bytes.writeDoubleBE(attempt, 3)
    bytes.writeDoubleBE(expiresAtMs, 11)
    bytes.writeDoubleBE(seenMs, 19)
    let at = HEAD_BYTES
    if (current !== undefined) at = writeToken(bytes, at, current)
    for (const token of unused) at = writeToken(bytes, at, token)
    bytes.set(newer, at)
    return bytes
  },
  decode(stored) {
    const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.length)
    if (bytes[0] === JSON_FORM) return fromJson(bytes)
    assert(bytes[0] === FORM, 'a session record has a form that this version knows')
    const flags = bytes.readUInt8(1)
    const unusedAt = (flags & IN_USE) === 0 ? HEAD_BYTES : HEAD_BYTES + TOKEN_BYTES
    const count = bytes.readUInt8(2)
    const end = unusedAt + count * TOKEN_BYTES
    const unused = (_: unknown, i: number): SessionToken => readToken(bytes, unusedAt + i * TOKEN_BYTES)
    return {
      current: unusedAt === HEAD_BYTES ? undefined : readToken(bytes, HEAD_BYTES),
      expiresAtMs: bytes.readDoubleBE(11),
      unused: count === 0 ? NO_SESSION.unused : Array.from({ length: count }, unused),
      attempt: bytes.readDoubleBE(3),
      ended: (flags & ENDED) !== 0,
      seenMs: bytes.readDoubleBE(19),
      newer: end === bytes.length ? EMPTY : new Uint8Array(bytes.subarray(end)),
    }
  },
  own: value => ({ ...value, newer: EMPTY }),
})

function writeToken(bytes: Buffer, at: number, { hash, madeAtMs }: SessionToken): number {
  assert(hash.length === HASH_BYTES, 'the hash of a token has 32 bytes')
  bytes.write(hash, at, 'latin1')
  bytes.writeDoubleBE(madeAtMs, at + HASH_BYTES)
  return at + TOKEN_BYTES
}

function readToken(bytes: Buffer, at: number): SessionToken {
  return { hash: bytes.toString('latin1', at, at + HASH_BYTES), madeAtMs: bytes.readDoubleBE(at + HASH_BYTES) }
}

function fromJson(bytes: Buffer): SessionRecord {
  const { current, unused, ...others } = decodeJson<Partial<SessionRecord>>(bytes)
  return { ...NO_SESSION, ...others, current: current && unbased(current), unused: (unused ?? []).map(unbased) }
}

/** The token of a JSON record, whose hash is in base64. */
function unbased({ hash, madeAtMs }: SessionToken): SessionToken {
  return { hash: Buffer.from(hash, 'base64').toString('latin1'), madeAtMs }
}

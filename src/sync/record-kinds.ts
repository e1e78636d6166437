/** Kinds of records whose values are small JSON, and the engine's own ones. */
import { assert } from '../lib/assert.js'
import type { RecordBound, RecordKind } from './types.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Above this a stored value that has no business to be so large is not even parsed: 10 ms. */
const PARSED_BYTES_MAX = 2 ** 20

const kinds = new Map<string, RecordKind<unknown>>()

/** Every kind that there is, by prefix: each is made by `recordKind`. */
export const RECORD_KINDS: ReadonlyMap<string, RecordKind<unknown>> = kinds

export function recordKind<T>(kind: RecordKind<T>): RecordKind<T> {
  assert(!kinds.has(kind.prefix), 'a prefix is of one kind')
  kinds.set(kind.prefix, kind as RecordKind<unknown>)
  return kind
}

export function jsonRecord<T>(prefix: string, bound: RecordBound<T>): RecordKind<T> {
  return recordKind({
    prefix,
    bound,
    encode: value => encoder.encode(JSON.stringify(value)),
    decode(bytes) {
      if (bytes.length > PARSED_BYTES_MAX && bound.cut !== undefined) return bound.cut(undefined)
      const value = JSON.parse(decoder.decode(bytes)) as T
      return bound.cut !== undefined && isAbove(bound, value, bytes) ? bound.cut(value) : value
    },
  })
}

export function isAbove<T>({ bytesMax, entries }: RecordBound<T>, value: T, bytes: Uint8Array): boolean {
  return bytes.length > bytesMax || (entries !== undefined && entries.count(value) > entries.max)
}

/** Two numbers of up to sixteen digits, with their names. */
const COUNTERS_BYTES_MAX = 64

/**
 * The pair counter at the source (`out/<target>`): effects sent to the target through the outbox or counted, and how many of
 * them the target has taken. Nothing of the pair is in an outbox exactly when the two are equal.
 */
export interface PairOut {
  readonly sent: number
  readonly settled: number
}
export const pairOut = jsonRecord<PairOut>('out', {
  bytesMax: COUNTERS_BYTES_MAX,
  grows: 'nobody: two numbers',
  many: 'one per other user that it ever had to do with through an outbox, and one per partition of those whom it told together',
})

/**
 * The pair counter at the target (`in/<source>`): the number of the last effect taken; the next one is the only one accepted. Of a
 * fan-out that is under way (sync/fan-out.ts), how many of its targets are done.
 */
export interface PairIn {
  readonly last: number
  /** Absent: none. */
  readonly done?: number
}
export const pairIn = jsonRecord<PairIn>('in', {
  bytesMax: COUNTERS_BYTES_MAX,
  grows: 'nobody: two numbers',
  many: 'one per other user that it ever had to do with through an outbox; for a partition, one per user who told many',
})

/** How many are kept for a pair: a newer one takes the place of an old one. */
export const ASIDES_MAX = 64

/** The longest effect: a message of 16 384 bytes, or the marks of all devices, with what stands around it. */
export const EFFECT_BYTES_MAX = 2 ** 15

/**
 * An effect that threw, kept for people (`aside/<source>/<slot>`, the slot is below ASIDES_MAX). Of a fan-out each target that
 * threw keeps the error, and `partition/<p>` the payload, once.
 */
export interface SetAside {
  readonly kind: string
  readonly payload: string
  readonly error: string
}
export const setAside = jsonRecord<SetAside>('aside', {
  bytesMax: 2 * EFFECT_BYTES_MAX,
  grows: 'nobody but by a bug: an effect that threw',
  many: `${ASIDES_MAX} per other user, of each of three ways`,
})

export function recordName(kind: { readonly prefix: string }, id?: string | number): string {
  return id === undefined ? kind.prefix : `${kind.prefix}/${id}`
}

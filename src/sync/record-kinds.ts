/** Kinds of records whose values are small JSON, and the engine's own ones. */
import { assert } from '../lib/assert.js'
import type { Lifetime, RecordBound, RecordKind } from './types.js'

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

/** What the declaration of a kind says beside its form. */
export interface RecordTraits<T> extends RecordBound<T> {
  readonly lifetime: Lifetime
}

/** A kind whose values are JSON and no objects with fields: lists, say. */
export function jsonValue<T>(prefix: string, { lifetime, ...bound }: RecordTraits<T>): RecordKind<T> {
  return recordKind<T>({ prefix, bound, lifetime, encode, decode: bytes => parse<T>(bytes, bound) })
}

/** Every field has a default, also one that may be absent: else it would count as one that this node does not know. */
type Fields<T> = { readonly [K in keyof T]-?: T[K] }

/**
 * A kind whose values are JSON objects. `fields` has every field, with what it is in records that were written before there was
 * such a field. Fields that are not among them were written by a newer node: they stay as they are, whatever this one puts.
 */
export function jsonRecord<T extends object>(
  prefix: string,
  { fields, lifetime, ...bound }: RecordTraits<T> & { readonly fields: Fields<T> },
): RecordKind<T> {
  const isForeign = (name: string): boolean => !Object.hasOwn(fields, name)
  let sawForeign = false
  const completed = (value: T): T => {
    let whole = value
    for (const name in value) sawForeign ||= isForeign(name)
    for (const name in fields) {
      if (Object.hasOwn(value, name)) continue
      if (whole === value) whole = { ...value }
      whole[name] = fields[name]
    }
    return whole
  }
  return recordKind<T>({
    prefix,
    bound,
    lifetime,
    encode,
    decode: bytes => completed(parse<T>(bytes, bound)),
    keep(value, before) {
      if (!sawForeign || before === undefined) return value
      let kept = value
      for (const name in before) {
        if (!isForeign(name) || name in kept) continue
        if (kept === value) kept = { ...value }
        kept[name] = before[name]
      }
      return kept
    },
    own(value) {
      return Object.fromEntries(Object.entries(value).filter(([name]) => !isForeign(name))) as T
    },
  })
}

function encode(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

function parse<T>(bytes: Uint8Array, bound: RecordBound<T>): T {
  if (bytes.length > PARSED_BYTES_MAX && bound.cut !== undefined) return bound.cut(undefined)
  const value = JSON.parse(decoder.decode(bytes)) as T
  return bound.cut !== undefined && isBeyond(bound, value, bytes) ? bound.cut(value) : value
}

export function isAbove<T>({ bound, encode, own }: RecordKind<T>, value: T, bytes: Uint8Array): boolean {
  if (!isBeyond(bound, value, bytes)) return false
  const known = own?.(value)
  return known === undefined || isBeyond(bound, known, encode(known))
}

function isBeyond<T>({ bytesMax, entries }: RecordBound<T>, value: T, bytes: Uint8Array): boolean {
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
  fields: { sent: 0, settled: 0 },
  lifetime: 'store',
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
  fields: { last: 0, done: 0 },
  lifetime: 'store',
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
  fields: { kind: '', payload: '', error: '' },
  lifetime: 'user',
  bytesMax: 2 * EFFECT_BYTES_MAX,
  grows: 'nobody but by a bug: an effect that threw',
  many: `${ASIDES_MAX} per other user, of each of three ways`,
})

export function recordName(kind: { readonly prefix: string }, id?: string | number): string {
  return id === undefined ? kind.prefix : `${kind.prefix}/${id}`
}

export function prefixOf(name: string): string {
  const slash = name.indexOf('/')
  return slash < 0 ? name : name.slice(0, slash)
}

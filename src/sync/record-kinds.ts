/** Kinds of records with small JSON values, and the engine's own kinds. */
import { assert } from '../lib/assert.js'
import { decodeJson, encodeJson } from './json.js'
import type { Lifetime, RecordBound, RecordKind } from './types.js'

/** The most bytes that are parsed of a kind that can be cut: 10 ms. A longer stored value is not even parsed. */
const PARSED_BYTES_MAX = 2 ** 20

const kinds = new Map<string, RecordKind<unknown>>()

/** All kinds by prefix. Each is made by `recordKind`. */
export const RECORD_KINDS: ReadonlyMap<string, RecordKind<unknown>> = kinds

export function recordKind<T>(kind: RecordKind<T>): RecordKind<T> {
  assert(!kinds.has(kind.prefix), 'a prefix is of one kind')
  kinds.set(kind.prefix, kind as RecordKind<unknown>)
  return kind
}

/** The parts of a kind's declaration beside its form. */
export interface RecordTraits<T> extends RecordBound<T> {
  readonly lifetime: Lifetime
}

/** Makes a kind whose values are JSON without named fields, such as lists. */
export function jsonValue<T>(prefix: string, { lifetime, ...bound }: RecordTraits<T>): RecordKind<T> {
  return recordKind<T>({ prefix, bound, lifetime, encode: encodeJson, decode: bytes => parse<T>(bytes, bound) })
}

/** The default of every field, optional ones too. A field without one would count as a field that this node does not know. */
type Fields<T> = { readonly [K in keyof T]-?: T[K] }

/** The declaration of a kind whose values are JSON objects. */
export interface JsonTraits<T> extends RecordTraits<T> {
  readonly fields: Fields<T>
  /** The fields of the entries of a list, likewise; the list is the field of this name. */
  readonly list?: { readonly name: keyof T; readonly fields: object }
}

/**
 * Makes a kind whose values are JSON objects. `fields` names every field, with its value in records that were written before the
 * field existed. A field that has this value is not stored either: a third of a contact's bytes. So the value must never change. A newer
 * node wrote any other field: such fields stay as they are, whatever this node puts.
 */
export function jsonRecord<T extends object>(
  prefix: string,
  { fields, list, lifetime, ...bound }: JsonTraits<T>,
): RecordKind<T> {
  const packed = (value: T): object => {
    if (list === undefined) return withoutDefaults(value, fields)
    const entries = value[list.name] as readonly object[]
    return { ...withoutDefaults(value, fields), [list.name]: entries.map(entry => withoutDefaults(entry, list.fields)) }
  }
  const unpacked = (value: T): T => {
    if (list === undefined || value[list.name] === undefined) return value
    const entries = value[list.name] as readonly object[]
    return { ...value, [list.name]: entries.map(entry => ({ ...list.fields, ...entry })) }
  }
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
    encode: value => encodeJson(packed(value)),
    decode: bytes => completed(unpacked(parse<T>(bytes, bound))),
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

/** The value without the fields that have their defaults; itself if none has. */
function withoutDefaults(value: object, defaults: object): object {
  const [from, without] = [value as Record<string, unknown>, defaults as Record<string, unknown>]
  let some = false
  for (const name in from) some ||= from[name] === without[name]
  if (!some) return value
  const kept: Record<string, unknown> = {}
  for (const name in from) if (from[name] !== without[name]) kept[name] = from[name]
  return kept
}

function parse<T>(bytes: Uint8Array, bound: RecordBound<T>): T {
  if (bytes.length > PARSED_BYTES_MAX && bound.cut !== undefined) return bound.cut(undefined)
  const value = decodeJson<T>(bytes)
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

/** The bytes of two numbers of up to sixteen digits, with their names. */
const TWO_NUMBERS_BYTES_MAX = 64
/** The bytes of four numbers of up to sixteen digits, with their names. */
const FOUR_NUMBERS_BYTES_MAX = 96

/**
 * The pair counter at the source (`out/<target>`): how many effects were sent to the target through the outbox or counted, and how
 * many of them the target has taken. The outbox holds nothing of the pair exactly when the two are equal.
 */
export interface PairOut {
  readonly sent: number
  readonly settled: number
}
export const pairOut = jsonRecord<PairOut>('out', {
  fields: { sent: 0, settled: 0 },
  lifetime: 'store',
  bytesMax: TWO_NUMBERS_BYTES_MAX,
  grows: 'nobody: two numbers',
  many: 'one per other user that it ever had to do with through an outbox, and one per partition of those whom it told together',
})

/**
 * A note of a group that pairs with its branches have counters. Without it none has one, and nothing of them is in an outbox: so a message
 * looks at one record in place of one for each branch.
 */
export const countedBranches = jsonRecord<{ readonly atMs: number }>('counted', {
  fields: { atMs: 0 },
  lifetime: 'group',
  bytesMax: TWO_NUMBERS_BYTES_MAX,
  grows: 'nobody: a number',
  many: 'one',
})

/**
 * The pair counter at the target (`in/<source>`): the number of the last effect taken. Only the next number is accepted. While a
 * fan-out is under way (sync/fan-out.ts), it also says how many of its targets are done.
 */
export interface PairIn {
  readonly last: number
  /** The targets that are done; absent: none. */
  readonly done?: number
  /** The number of the fan-out that they are targets of; absent: an older node wrote it. */
  readonly part?: number
  /** The epoch of the target's partition when this was written; absent: the first one, or an older node wrote it. */
  readonly epoch?: number
}
export const pairIn = jsonRecord<PairIn>('in', {
  fields: { last: 0, done: 0, part: 0, epoch: 1 },
  lifetime: 'store',
  bytesMax: FOUR_NUMBERS_BYTES_MAX,
  grows: 'nobody: four numbers',
  many: 'one per other user that it ever had to do with through an outbox; for a partition, one per user who told many',
})

/** The number of effects set aside that are kept for a pair. A newer one replaces an old one. */
export const ASIDES_MAX = 64

/** The longest effect: a message of 16 384 bytes, or the marks of all devices, with the fields around it. */
export const EFFECT_BYTES_MAX = 2 ** 15

/**
 * An effect that threw, kept for people (`aside/<source>/<slot>`, the slot is below ASIDES_MAX). When a fan-out throws, each target
 * that threw keeps the error, and `partition/<p>` keeps the payload once.
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

/** Kinds of records whose values are small JSON, and the engine's own ones. */
import type { Actor } from '../store/types.js'
import type { RecordKind } from './types.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function jsonRecord<T>(prefix: string): RecordKind<T> {
  return {
    prefix,
    encode: value => encoder.encode(JSON.stringify(value)),
    decode: bytes => JSON.parse(decoder.decode(bytes)) as T,
  }
}

/**
 * The pair counter at the source (`out/<target>`): effects sent to the target through the outbox or counted, and how many of
 * them the target has taken. Nothing of the pair is in an outbox exactly when the two are equal.
 */
export interface PairOut {
  readonly sent: number
  readonly settled: number
}
export const pairOut = jsonRecord<PairOut>('out')

/** The pair counter at the target (`in/<source>`): the number of the last effect taken; the next one is the only one accepted. */
export interface PairIn {
  readonly last: number
}
export const pairIn = jsonRecord<PairIn>('in')

/** An effect that threw, kept for people (`aside/<source>/<seq>`). */
export interface SetAside {
  readonly kind: string
  readonly payload: string
  readonly error: string
}
export const setAside = jsonRecord<SetAside>('aside')

/** An effect on its way, of the pseudo-actor `outbox/<source's partition>`; its id is `outboxEntryId`. */
export interface OutboxEntry {
  readonly source: Actor
  readonly target: Actor
  readonly seq: number
  readonly kind: string
  readonly payload: Uint8Array
}

export const OUTBOX = 'outbox'

export const outboxEntry: RecordKind<OutboxEntry> = {
  prefix: 'entry',
  encode({ source, target, seq, kind, payload }) {
    const head = encoder.encode(JSON.stringify([source, target, seq, kind]))
    const bytes = new Uint8Array(4 + head.length + payload.length)
    new DataView(bytes.buffer).setUint32(0, head.length)
    bytes.set(head, 4)
    bytes.set(payload, 4 + head.length)
    return bytes
  },
  decode(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    const [source, target, seq, kind] = JSON.parse(decoder.decode(bytes.subarray(4, 4 + length))) as [
      Actor,
      Actor,
      number,
      string,
    ]
    return { source, target, seq, kind, payload: bytes.slice(4 + length) }
  },
}

/** Sorts by pair, and within the pair by sequence. */
export function outboxEntryId(source: Actor, target: Actor, seq: number): string {
  return `${source}/${target}/${String(seq).padStart(16, '0')}`
}

export function recordName(kind: { readonly prefix: string }, id?: string | number): string {
  return id === undefined ? kind.prefix : `${kind.prefix}/${id}`
}

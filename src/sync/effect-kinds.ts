/** The register of all effects: an outbox entry names its effect, which is found here. */
import { assert } from '../lib/assert.js'
import { decodeJson, encodeJson } from './json.js'
import type { EffectKind } from './types.js'

const kinds = new Map<string, EffectKind<unknown>>()

/** All kinds by name. Each is made by `effectKind`. */
export const EFFECT_KINDS: ReadonlyMap<string, EffectKind<unknown>> = kinds

export function effectKind<I>(kind: EffectKind<I>): EffectKind<I> {
  assert(!kinds.has(kind.name), 'a name is of one effect')
  kinds.set(kind.name, kind as EffectKind<unknown>)
  return kind
}

/** How a number is stored ahead of an item. */
type NumberForm = 'uint32' | 'float64'

/**
 * An effect whose input is a few numbers and an encoded item. It is stored as the numbers, in the order of the table, and the item behind
 * them.
 */
export function itemEffect<I extends { readonly item: Uint8Array }>(
  numbers: Readonly<Record<Exclude<keyof I, 'item'>, NumberForm>>,
  kind: Omit<EffectKind<I>, 'encode' | 'decode'>,
): EffectKind<I> {
  const fields = Object.entries<NumberForm>(numbers)
  const headerBytes = fields.reduce((bytes, [, form]) => bytes + (form === 'uint32' ? 4 : 8), 0)
  return effectKind<I>({
    ...kind,
    encode(input) {
      const bytes = new Uint8Array(headerBytes + input.item.length)
      const view = new DataView(bytes.buffer)
      let at = 0
      for (const [name, form] of fields) {
        const value = input[name as keyof I] as number
        if (form === 'uint32') view.setUint32(at, value)
        else view.setFloat64(at, value)
        at += form === 'uint32' ? 4 : 8
      }
      bytes.set(input.item, headerBytes)
      return bytes
    },
    decode(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      const input: Record<string, number | Uint8Array> = { item: bytes.slice(headerBytes) }
      let at = 0
      for (const [name, form] of fields) {
        input[name] = form === 'uint32' ? view.getUint32(at) : view.getFloat64(at)
        at += form === 'uint32' ? 4 : 8
      }
      return input as unknown as I
    },
  })
}

/** An effect whose input is small JSON. */
export function jsonEffect<I>(kind: Omit<EffectKind<I>, 'encode' | 'decode'>): EffectKind<I> {
  return effectKind<I>({
    ...kind,
    encode: encodeJson,
    decode: bytes => decodeJson<I>(bytes),
  })
}

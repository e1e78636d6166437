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

/** An effect whose input is small JSON. */
export function jsonEffect<I>(kind: Omit<EffectKind<I>, 'encode' | 'decode'>): EffectKind<I> {
  return effectKind<I>({
    ...kind,
    encode: encodeJson,
    decode: bytes => decodeJson<I>(bytes),
  })
}

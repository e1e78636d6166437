/** Effects whose input is small JSON. */
import type { EffectKind } from './types.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function jsonEffect<I>(kind: Omit<EffectKind<I>, 'encode' | 'decode'>): EffectKind<I> {
  return {
    ...kind,
    encode: input => encoder.encode(JSON.stringify(input)),
    decode: bytes => JSON.parse(decoder.decode(bytes)) as I,
  }
}

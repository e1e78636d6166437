/** Valid messages of any type, out of values that mean something where they are asked: known users, next numbers, tokens. */

import type { Field, MessageType } from '../../protocol/descriptor.js'
import type { Chance } from './chance.js'

/** Values by field name, in place of any. */
export type Known = Readonly<Record<string, readonly unknown[]>>

const TEXTS = ['', 'a', 'héllo 😀', '\u0000', 'x'.repeat(64), 'x'.repeat(1_000), '__proto__', '"\\', '\u2028', '12345']
const NUMBERS = [0, 1, 2, 3, 7, 63, 64, 300, 2 ** 28, 2 ** 32 - 1]

/** With its required fields set and its limits kept. */
export function randomMessage<T>(type: MessageType<T>, chance: Chance, known: Known): T {
  const message = type.create()
  const fields = message as Record<string, unknown>
  for (const field of type.fields) {
    if (!field.required && chance.yes(0.3)) continue
    const value = randomValue(field, chance, known)
    fields[field.oneof === '' ? field.name : field.oneof] = field.oneof === '' ? value : { case: field.name, value }
  }
  return message
}

function randomValue(field: Field, chance: Chance, known: Known): unknown {
  const options = known[field.name]
  if (options !== undefined && chance.yes(0.9)) return chance.pick(options)
  if (field.repeated) {
    const count = chance.pick([0, 1, 2, 5]) || (field.required ? 1 : 0)
    return Array.from({ length: count }, () => randomMessage(field.message as MessageType, chance, known))
  }
  switch (field.kind) {
    case 'message':
      return randomMessage(field.message as MessageType, chance, known)
    case 'bool':
      return chance.yes(0.5)
    case 'enum':
      return chance.below(field.values?.length ?? 1) || (field.required ? 1 : 0)
    case 'uint32':
    case 'uint64':
      return chance.pick(NUMBERS) || (field.required ? 1 : 0)
    case 'bytes':
      return chance.bytes(field.length || chance.below(field.max || 40) || (field.required ? 1 : 0))
    case 'string': {
      const text = chance.pick(TEXTS).slice(0, Math.floor((field.max || 3_000) / 3))
      return text === '' && field.required ? 'abc' : text
    }
  }
}

// Values of our messages for property tests: of every size, with their required fields set and their limits kept.
import fc from 'fast-check'
import { loadSchema, type SchemaField, type SchemaMessage } from '../../protocol/generate/load-schema.js'

const { messages, enums } = loadSchema()
const byName = new Map(messages.map(message => [message.name, message]))
const enumsByName = new Map(enums.map(each => [each.name, each.values.map(({ number }) => number)]))

const uint64 = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 0, max: 53 }).map(bits => 2 ** bits - 1),
  fc.maxSafeNat(),
)
const uint32 = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 0xffff_ffff }))

/** Any value of a message, with its required fields set and its limits kept. */
export function valuesOf(message: SchemaMessage): fc.Arbitrary<object> {
  const plain = message.fields.filter(field => field.oneof === '')
  const record = Object.fromEntries(plain.map(field => [field.name, fieldValues(field)]))
  const cases = message.fields.filter(field => field.oneof !== '')
  const [first] = cases
  if (first === undefined) return fc.record(record, { noNullPrototype: true })
  const content = cases.map(field => fieldValues(field).map(value => ({ case: field.name, value }) as object))
  return fc.record(
    { ...record, [first.oneof]: fc.oneof(fc.constant(undefined), ...content) },
    { noNullPrototype: true },
  )
}

function fieldValues(field: SchemaField): fc.Arbitrary<unknown> {
  const message = byName.get(field.type)
  if (message !== undefined) {
    const one = valuesOf(message)
    if (field.repeated) return fc.array(one, { minLength: field.required ? 1 : 0, maxLength: 3 })
    return field.oneof === '' && !field.required ? fc.option(one, { nil: undefined }) : one
  }
  const values = scalarValues(field)
  return field.required ? values.filter(value => !isDefault(value) && (value as Uint8Array).length !== 0) : values
}

function scalarValues({ kind, type, max, length }: SchemaField): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'uint64':
      return uint64
    case 'uint32':
      return uint32
    case 'enum':
      return fc.constantFrom(...(enumsByName.get(type) ?? []))
    case 'bool':
      return fc.boolean()
    case 'bytes':
      return length > 0
        ? fc.uint8Array({ minLength: length, maxLength: length })
        : fc.uint8Array({ maxLength: max || 200 })
    default:
      return fc.string({ unit: 'binary', maxLength: 100 }).filter(text => max === 0 || Buffer.byteLength(text) <= max)
  }
}

export function isDefault(value: unknown): boolean {
  return value === 0 || value === false || value === ''
}

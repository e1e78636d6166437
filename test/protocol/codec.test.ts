// The generated codec against protobufjs's own, which reads the .proto files at run time: on every message, with values of
// every size, and with bytes that were broken on purpose.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import t from 'tap'
import { loadRoot, loadSchema, type SchemaField, type SchemaMessage } from '../../protocol/generate/load-schema.js'
import * as messages from '../../protocol/generated/messages.js'
import { plainOf } from '../support/vectors.js'

type Encode = (message: object) => Uint8Array
type Decode = (bytes: Uint8Array) => object

const functions = messages as unknown as Record<string, unknown>
const schema = loadSchema()
const root = loadRoot()
const byName = new Map(schema.messages.map(message => [message.name, message]))

function codecOf(name: string): { encode: Encode; decode: Decode; reflected: protobuf.Type } {
  const encode = functions[`encode${name}`] as Encode
  const decode = functions[`decode${name}`] as Decode
  return { encode, decode, reflected: root.lookupType(`longwire.v1.${name}`) }
}

/** What protobufjs reads, in the form of plainOf(). */
function reflectedValue(type: protobuf.Type, bytes: Uint8Array): unknown {
  const options = { longs: Number, enums: Number, bytes: Array, defaults: false } as const
  return normalised(type, type.toObject(type.decode(bytes), options))
}

/** Leaves out defaults, writes bytes as hex and names as in the .proto files, and takes unknown enum values as 0. */
function normalised(type: protobuf.Type, value: { [name: string]: unknown }): unknown {
  const found: Record<string, unknown> = {}
  for (const field of type.fieldsArray) {
    const name = field.name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    const plain = normalisedField(field, value[field.name])
    if (plain !== undefined && (field.resolvedType instanceof protobuf.Type || !isDefault(plain))) found[name] = plain
  }
  return found
}

function normalisedField(field: protobuf.Field, value: unknown): unknown {
  if (value === undefined || value === null) return undefined
  const { resolvedType } = field
  if (resolvedType instanceof protobuf.Type) {
    if (!Array.isArray(value)) return normalised(resolvedType, value as { [name: string]: unknown })
    return value.length === 0 ? undefined : value.map(each => normalised(resolvedType, each))
  }
  if (resolvedType instanceof protobuf.Enum) return resolvedType.valuesById[Number(value)] === undefined ? 0 : value
  return field.type === 'bytes' ? Buffer.from(value as number[]).toString('hex') : value
}

function isDefault(value: unknown): boolean {
  return value === 0 || value === false || value === ''
}

const uint64 = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 0, max: 53 }).map(bits => 2 ** bits - 1),
  fc.maxSafeNat(),
)
const uint32 = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 0xffff_ffff }))

/** Any value of a message, with its required fields set and its limits kept. */
function valuesOf(message: SchemaMessage): fc.Arbitrary<object> {
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
    if (field.repeated) return fc.array(one, { maxLength: 3 })
    return field.oneof === '' ? fc.option(one, { nil: undefined }) : one
  }
  const values = scalarValues(field)
  return field.required ? values.filter(value => !isDefault(value) && (value as Uint8Array).length !== 0) : values
}

function scalarValues({ kind, max, length }: SchemaField): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'uint64':
      return uint64
    case 'uint32':
      return uint32
    case 'enum':
      return fc.integer({ min: 0, max: 3 })
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

t.test('every message is read and written as protobufjs reads and writes it', async t => {
  for (const message of schema.messages) {
    const { encode, decode, reflected } = codecOf(message.name)
    fc.assert(
      fc.property(valuesOf(message), value => {
        const bytes = encode(value)
        return (
          isDeepStrictEqual(decode(bytes), value) && isDeepStrictEqual(plainOf(value), reflectedValue(reflected, bytes))
        )
      }),
      { numRuns: 40 },
    )
    t.pass(message.name)
  }
})

t.test('what protobufjs writes is read', async t => {
  for (const message of schema.messages) {
    const { encode, decode, reflected } = codecOf(message.name)
    fc.assert(
      fc.property(valuesOf(message), value => {
        const bytes = encode(value)
        const theirs = reflected.encode(reflected.decode(bytes)).finish()
        return isDeepStrictEqual(decode(theirs), value)
      }),
      { numRuns: 20 },
    )
    t.pass(message.name)
  }
})

t.test('broken bytes are refused, or mean to protobufjs the same', async t => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom('set', 'insert', 'cut', 'none'))
  let taken = 0
  let refused = 0
  for (const message of schema.messages) {
    const { encode, decode, reflected } = codecOf(message.name)
    fc.assert(
      fc.property(valuesOf(message), fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        const bytes = changes.reduce(broken, [...encode(value)])
        const input = Uint8Array.from(bytes)
        let read: object
        try {
          read = decode(input)
        } catch (error) {
          refused++
          return error instanceof messages.DecodeError
        }
        taken++
        return isDeepStrictEqual(plainOf(read), reflectedValue(reflected, input))
      }),
      { numRuns: 100 },
    )
  }
  t.ok(taken > 100 && refused > 100, `${taken} taken, ${refused} refused`)
})

function broken(bytes: number[], [place, byte, how]: [number, number, string]): number[] {
  const at = bytes.length === 0 ? 0 : place % bytes.length
  if (how === 'set') return bytes.map((each, index) => (index === at ? byte : each))
  if (how === 'insert') return [...bytes.slice(0, at), byte, ...bytes.slice(at)]
  return how === 'cut' ? bytes.slice(0, at) : bytes
}

t.test('random bytes throw nothing but a DecodeError', async t => {
  for (const message of schema.messages) {
    const { decode } = codecOf(message.name)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        try {
          decode(bytes)
        } catch (error) {
          return error instanceof messages.DecodeError
        }
        return true
      }),
      { numRuns: 50 },
    )
  }
  t.pass('read')
})

t.test('a number that is none is a bug and throws', async t => {
  for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0.5]) {
    t.throws(() => messages.encodeNotifyNotice({ version: value }), RangeError)
  }
  for (const value of [-1, 1.5, 2 ** 32]) {
    t.throws(() => messages.encodeFrame(messages.createFrame({ id: value })), RangeError)
  }
  const nested = messages.createAckNotice({ delivered: [{ peer: -1, device: 1, sendSeq: 1 }] })
  t.throws(() => messages.encodeAckNotice(nested), RangeError)
  t.same(messages.encodeNotifyNotice({ version: 7 }), Uint8Array.of(8, 7), 'and leaves nothing behind')
})

t.test('half a surrogate pair is written as U+FFFD', async t => {
  for (const text of ['a\ud800b', '\udc00', `${'x'.repeat(200)}\ud83d`]) {
    const bytes = messages.encodeOwnProfile({ account: text, nickname: '' })
    t.equal(messages.decodeOwnProfile(bytes).account, text.replace(/\p{Surrogate}/gu, '\ufffd'))
  }
})

t.test('bytes of a decoded message view the input', async t => {
  const bytes = messages.encodeFrame(messages.createFrame({ id: 1, body: Uint8Array.of(1, 2, 3) }))
  const { body } = messages.decodeFrame(bytes)
  bytes.fill(9)
  t.same(body, Uint8Array.of(9, 9, 9))
})

t.test('encoded messages of one type do not share memory', async t => {
  const first = messages.encodeNotifyNotice({ version: 1000 })
  const second = messages.encodeNotifyNotice({ version: 2000 })
  second.fill(0)
  t.equal(messages.decodeNotifyNotice(first).version, 1000)
})

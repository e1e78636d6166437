// The generated codec against protobufjs's own, which reads the .proto files at run time: on every message, with values of
// every size, and with bytes that were broken on purpose.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import t from 'tap'
import { loadRoot, loadSchema } from '../../protocol/generate/load-schema.js'
import * as messages from '../../protocol/generated/messages.js'
import { isDefault, valuesOf } from '../support/message-values.js'
import { plainOf } from '../support/vectors.js'

type Encode = (message: object) => Uint8Array
type Decode = (bytes: Uint8Array) => object

const functions = messages as unknown as Record<string, unknown>
const schema = loadSchema()
const root = loadRoot()

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
        // Of a message without fields protobufjs 8.8 refuses unknown groups: it compares the number of a field with a whole tag.
        const meant = reflected.fieldsArray.length === 0 ? {} : reflectedValue(reflected, input)
        return isDeepStrictEqual(plainOf(read), meant)
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

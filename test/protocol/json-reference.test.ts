// Our JSON against the reference implementation's, over the stock generator's descriptors: the same texts are taken and
// refused, and mean the same. Where the two differ on purpose the difference has a name here, and at least one row.
import { isDeepStrictEqual } from 'node:util'
import {
  type DescField,
  type DescMessage,
  fromBinary,
  fromJsonString,
  getOption,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import fc from 'fast-check'
import t from 'tap'
import type { Field, MessageType } from '../../protocol/descriptor.js'
import { loadSchema } from '../../protocol/generate/load-schema.js'
import * as descriptors from '../../protocol/generated/descriptors.js'
import * as messages from '../../protocol/generated/messages.js'
import { fromJson, toJson as ourJson } from '../../protocol/json-codec.js'
import { valuesOf } from '../support/message-values.js'
import { rounds } from '../support/rounds.js'
import * as options from '../support/stock/longwire/v1/options_pb.js'
import { STOCK_FILES, STOCK_TYPES } from '../support/stock-types.js'

const schema = loadSchema()
const tables = descriptors as unknown as Readonly<Record<string, MessageType<object>>>
const functions = messages as unknown as Readonly<Record<string, (message: object) => Uint8Array>>

/** What one side makes of a text: the message's bytes, or why not. */
type Reading = { readonly bytes: Uint8Array } | { readonly error: string }

/** Rows that the reference takes and we refuse, by our reason; the pattern is that of our refusal. */
const WE_REFUSE: Readonly<Record<string, RegExp>> = {
  'integers end at 2^53 - 1, not at 2^64 - 1': /must be an integer of 0 to 9007199254740991$/,
  'an integer in a string has the form of a JSON number: no 0x10, 007, +7, "7."': /this string is none$/,
  'a number that is no integer in its text is none, however it is rounded': /this number is none$/,
  'required: present and not empty': /it is missing$/,
  'max: bytes of a string or of bytes': /it is longer than \d+ bytes$/,
  'max: elements': /it has more than \d+ elements$/,
  'length: the only length of bytes': /it must have 16 bytes$/,
  'known: a value that the enum does not have': /it has a value that is not known here$/,
  'base64 has no spaces, and its padding only at the end': /it is not base64$/,
  'objects and arrays nest 64 deep': /it nests deeper than 64$/,
}

/** Rows that we take and the reference refuses, by the pattern of its refusal and of the text. */
const WE_TAKE: Readonly<Record<string, RegExp>> = {
  'a 64-bit integer in a string may have an exponent or .0 too, as the specification says':
    /expected bigint \(uint64\): -?\d[^ ]* out of range/,
  'null is absent, in a oneof too': /oneof set multiple times.* of .*null/s,
  'keys that we do not know are not looked at': /duplicate object key "unknown"/,
}

/** Rows that both take, as different values. */
const UNKNOWN_ENUM = 'a number that its enum does not have is 0 to us (clause 11.2)'

const met = new Set<string>()

function ours(name: string, text: string): Reading {
  try {
    const message = fromJson(tableOf(name), text)
    const encode = functions[`encode${name}`]
    return encode === undefined ? { error: 'no encoder' } : { bytes: encode(message) }
  } catch (error) {
    if (!(error instanceof messages.DecodeError)) throw error
    return { error: error.message }
  }
}

function theirs(type: DescMessage, text: string): Reading {
  try {
    return { bytes: toBinary(type, fromJsonString(type, text, { ignoreUnknownFields: true })) }
  } catch (error) {
    return { error: String(error) }
  }
}

/** @returns how the two differ without a name for it, undefined if they do not */
function disagreement(type: DescMessage, text: string): string | undefined {
  const [our, their] = [ours(type.name, text), theirs(type, text)]
  if ('bytes' in our && 'bytes' in their) {
    if (Buffer.compare(our.bytes, their.bytes) === 0) return undefined
    if (!hasUnknownEnum(type, their.bytes)) return 'both take it, as different values'
    met.add(UNKNOWN_ENUM)
    return undefined
  }
  if ('error' in our && 'error' in their) return undefined
  const named =
    'error' in our
      ? namedIn(WE_REFUSE, our.error)
      : namedIn(WE_TAKE, 'error' in their ? `${their.error} of ${text}` : '')
  if (named !== undefined) {
    met.add(named)
    return undefined
  }
  return 'error' in our ? `we refuse it: ${our.error}` : `we take it, they do not: ${'error' in their && their.error}`
}

function hasUnknownEnum(type: DescMessage, bytes: Uint8Array): boolean {
  const message = fromBinary(type, bytes) as unknown as Readonly<Record<string, unknown>>
  return type.fields.some(({ localName, enum: known }) => {
    return known !== undefined && known.value[message[localName] as number] === undefined
  })
}

function namedIn(list: Readonly<Record<string, RegExp>>, error: string): string | undefined {
  return Object.keys(list).find(name => list[name]?.test(error))
}

function tableOf(name: string): MessageType<object> {
  const table = tables[`${name}Type`]
  if (table === undefined) throw new Error(`no table of ${name}`)
  return table
}

const INTEGERS = [
  ...['0', '1', '7', '-0', '0.0', '1.0', '100.000', '1e3', '1E3', '1e+3', '1.5e1', '150e-1', '10e-1', '0e5', '-0e0'],
  ...['4294967295', '4294967296', '4.294967295e9', '4294967295.0', '9007199254740991', '9007199254740992'],
  ...[
    '9007199254740993',
    '9.007199254740991e15',
    '18446744073709551615',
    '18446744073709551616',
    '1e15',
    '1e16',
    '1e19',
  ],
  ...['1e20', '1e400', '1e-400', '0e999999999999', '1e999999999999999999999', '-1', '-1e3', '-9007199254740991', '1.5'],
  ...['0.1', '1e-1', '1.0000000000000000001', '9007199254740991.4', '4294967295.0000001', '15e-1'],
]

/** Not JSON at all. */
const BROKEN = [
  '',
  '01',
  '+1',
  '.5',
  '5.',
  '1e',
  '0x10',
  'NaN',
  'Infinity',
  '-',
  "'a'",
  'undefined',
  'tru',
  '"a',
  '"\t"',
  '"\\x"',
]

const STRINGS = [
  ...[
    '',
    'a',
    'abc',
    'true',
    'null',
    ' 1',
    '1 ',
    '0x10',
    '0b1',
    '0o7',
    '007',
    '+7',
    '7.',
    '.7',
    '1_000',
    '１',
    '1n',
    '--1',
  ],
  ...[
    'é',
    '😀',
    '\u0000',
    '\ufeff',
    '[object Object]',
    'x'.repeat(33),
    'x'.repeat(65),
    'x'.repeat(129),
    'é'.repeat(130),
  ],
  ...['x'.repeat(257), 'x'.repeat(20_000), '__proto__', 'CONTACT_STATE_FRIEND', 'contact_state_friend', 'FRIEND'],
]

const ESCAPED = [
  '"\\ud800"',
  '"\\udc00x"',
  '"\\ud83d\\ude00"',
  '"\\u0000"',
  '"a\\/b\\\\\\"\\b\\f\\n\\r\\t"',
  '"\\u00E9"',
  '"\\u12"',
  '"\\u 123"',
]

const BASE64 = [
  ...[
    'AA==',
    'AA',
    'AA=',
    'AAA=',
    'AAA',
    'AAAA',
    'AAAAA',
    'A',
    'A===',
    '====',
    '=',
    '-_-_',
    '+/+/',
    '-_+/',
    'AA==AA==',
    'A A=',
  ],
  ...['AA==\n', 'AB==', 'AAB=', 'é', 'AAAAAAAAAAAAAAAAAAAAAA==', 'AAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAAA='],
  ...['AAAA'.repeat(11), 'AAAA'.repeat(44)],
]

const OTHERS = [
  'null',
  'true',
  'false',
  '{}',
  '[]',
  '[null]',
  '[1]',
  '["a"]',
  '[{}]',
  '[[]]',
  '{"a":1}',
  '{"unknown":1}',
]

const VALUES = [
  ...INTEGERS,
  ...INTEGERS.map(text => `"${text}"`),
  ...BROKEN,
  ...STRINGS.map(text => JSON.stringify(text)),
  ...ESCAPED,
  ...BASE64.map(text => JSON.stringify(text)),
  ...OTHERS,
]

/** The members of the smallest message that has all it must have, but for one field. */
function membersBut(type: MessageType, but: Field | undefined): string[] {
  return type.fields.filter(field => field.required && field !== but).map(field => `"${field.name}":${smallest(field)}`)
}

function smallest(field: Field): string {
  if (field.message !== undefined) {
    const one = whole(membersBut(field.message, undefined))
    return field.repeated ? `[${one}]` : one
  }
  if (field.kind === 'string') return '"abc"'
  return field.kind === 'bytes' ? '"AAAAAAAAAAAAAAAAAAAAAA=="' : '1'
}

function whole(members: readonly string[]): string {
  return `{${members.join(',')}}`
}

t.test('the tables say what the stock generator found', async t => {
  t.same([...STOCK_TYPES.keys()].sort(), schema.messages.map(message => message.name).sort())
  for (const type of STOCK_TYPES.values()) {
    const described = [...type.fields].sort((a, b) => a.number - b.number).map(descriptionOf)
    t.same(tableOf(type.name).fields.map(plain), described, type.name)
  }
  const rpcs = STOCK_FILES.flatMap(file => file.services.flatMap(service => service.methods))
  t.same(
    [...descriptors.RPC_TYPES].map(([name, types]) => [name, types.request.name, types.response.name]).sort(),
    rpcs.map(rpc => [`${rpc.parent.name}.${rpc.name}`, rpc.input.name, rpc.output.name]).sort(),
  )
})

function plain(field: Field): object {
  return { ...field, message: field.message?.name }
}

function descriptionOf(field: DescField): object {
  return {
    name: field.jsonName,
    protoName: field.name,
    number: field.number,
    kind: kindOf(field),
    repeated: field.fieldKind === 'list',
    oneof: field.oneof?.name ?? '',
    message: field.message?.name,
    values: field.enum?.values.map(value => value.name),
    required: getOption(field, options.required),
    known: getOption(field, options.known),
    max: getOption(field, options.max),
    length: getOption(field, options.length),
  }
}

/** By protobuf's own numbers of types. */
function kindOf(field: DescField): string {
  if (field.message !== undefined) return 'message'
  if (field.enum !== undefined) return 'enum'
  return { 4: 'uint64', 13: 'uint32', 8: 'bool', 9: 'string', 12: 'bytes' }[field.scalar as number] ?? 'unknown'
}

t.test('every value for every field', async t => {
  let rows = 0
  for (const type of STOCK_TYPES.values()) {
    const table = tableOf(type.name)
    for (const field of table.fields) {
      for (const value of VALUES) {
        for (const name of [field.name, field.protoName]) {
          const text = whole([...membersBut(table, field), `"${name}":${value}`])
          const fault = disagreement(type, text)
          if (fault !== undefined) t.fail(`${type.name} ${text.slice(0, 200)}: ${fault}`)
          rows++
        }
      }
    }
  }
  t.ok(rows > 20_000, `${rows} rows`)
})

t.test('every message: what may stand around its fields', async t => {
  for (const type of STOCK_TYPES.values()) {
    const table = tableOf(type.name)
    const must = membersBut(table, undefined)
    for (const text of [
      ...aroundOf(must),
      ...twiceOf(table, must),
      ...deepOf(must),
      ...OTHERS,
      ...BROKEN,
      '1',
      '"a"',
    ]) {
      const fault = disagreement(type, text)
      if (fault !== undefined) t.fail(`${type.name} ${text.slice(0, 200)}: ${fault}`)
    }
  }
  t.pass('the same')
})

function aroundOf(must: readonly string[]): string[] {
  const object = whole(must)
  return [
    ...[` \t\r\n${object}\n`, `${object}x`, `${object}${object}`, `${object},`, `\ufeff${object}`, `\u00a0${object}`],
    ...[`{${must.join(',')},}`, `{,${must.join(',')}}`, `{${must.join(' , ')}`, object.replaceAll(':', ' : ')],
    ...[`[${object}]`, object.slice(0, -1), object.replaceAll('"', "'"), object.replaceAll(':', '='), `/**/${object}`],
    ...[
      '"unknown":1',
      '"unknown":{"a":[1,{"b":null}]}',
      '"unknown":"\\ud800"',
      '"unknown":1,"unknown":2',
      '"unknown":01',
    ],
    ...['"__proto__":{"sendSeq":1}', '"constructor":1', '"toString":[]', '"":0', '"unknown":[1,]', '"unknown":{"a":}'],
    ...['"unknown":1e999', '"unknown":"\\u00zz"', '"unknown":tru', '"unknown":', '"unknown"', '1:2', '"\\u0061":1'],
  ].map(text => (text.startsWith('"') || text.startsWith('1') ? whole([...must, text]) : text))
}

/** A field that comes twice: as it is, in both spellings, with an escape in its name, and after a null. */
function twiceOf(table: MessageType, must: readonly string[]): string[] {
  return table.fields.flatMap(field => {
    const rest = must.filter(member => !member.startsWith(`"${field.name}":`))
    const value = field.repeated
      ? '[]'
      : field.kind === 'message'
        ? '{}'
        : field.kind === 'bool'
          ? 'true'
          : smallest(field)
    const escaped = `\\u${field.name.charCodeAt(0).toString(16).padStart(4, '0')}${field.name.slice(1)}`
    const names = [field.name, field.protoName, escaped]
    const others = table.fields.filter(each => each.oneof !== '' && each.oneof === field.oneof && each !== field)
    return [
      ...names.map(name => whole([...rest, `"${name}":${value}`])),
      ...names.map(name => whole([...rest, `"${field.name}":${value}`, `"${name}":${value}`])),
      ...names.map(name => whole([...rest, `"${name}":null`, `"${field.name}":${value}`])),
      ...others.map(other => whole([`"${field.name}":{}`, `"${other.name}":{}`])),
      ...others.map(other => whole([`"${field.name}":null`, `"${other.name}":{}`])),
    ]
  })
}

function deepOf(must: readonly string[]): string[] {
  return [62, 63, 64, 70].flatMap(depth => {
    const [arrays, objects] = ['['.repeat(depth) + ']'.repeat(depth), '{"a":'.repeat(depth) + 1 + '}'.repeat(depth)]
    return [whole([...must, `"unknown":${arrays}`]), whole([...must, `"unknown":${objects}`])]
  })
}

t.test('repeated fields at and over their max', async t => {
  for (const type of STOCK_TYPES.values()) {
    const table = tableOf(type.name)
    for (const field of table.fields.filter(each => each.repeated && each.max > 0)) {
      const element = whole(membersBut(field.message as MessageType, undefined))
      for (const count of [field.max, field.max + 1]) {
        const text = whole([
          ...membersBut(table, field),
          `"${field.name}":[${new Array(count).fill(element).join(',')}]`,
        ])
        t.equal(disagreement(type, text), undefined, `${type.name}.${field.name} ${count}`)
        t.equal('bytes' in ours(type.name, text), count === field.max)
      }
    }
  }
})

t.test('each named difference was met, so it is one', async t => {
  for (const name of [...Object.keys(WE_REFUSE), ...Object.keys(WE_TAKE), UNKNOWN_ENUM]) t.ok(met.has(name), name)
})

t.test('what we write is what the reference writes, and both read it back', async t => {
  for (const message of schema.messages) {
    const type = STOCK_TYPES.get(message.name) as DescMessage
    const table = tableOf(message.name)
    const encode = functions[`encode${message.name}`] as (value: object) => Uint8Array
    fc.assert(
      fc.property(valuesOf(message), value => {
        const json = ourJson(table, value)
        const bytes = encode(value)
        return (
          isDeepStrictEqual(json, toJson(type, fromBinary(type, bytes))) &&
          isDeepStrictEqual(fromJson(table, JSON.stringify(json)), value)
        )
      }),
      { numRuns: rounds(15) },
    )
    t.pass(message.name)
  }
})

t.test('broken texts are refused, or mean the same to the reference', async t => {
  const change = fc.tuple(
    fc.nat(),
    fc.constantFrom(...'{}[]",:\\0129eE.-+tnu \u0000é'),
    fc.constantFrom('set', 'insert', 'cut'),
  )
  let taken = 0
  let refused = 0
  for (const message of schema.messages) {
    const type = STOCK_TYPES.get(message.name) as DescMessage
    fc.assert(
      fc.property(valuesOf(message), fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        const text = changes.reduce(broken, JSON.stringify(ourJson(tableOf(message.name), value)))
        const [our, their] = [ours(message.name, text), theirs(type, text)]
        if ('error' in our) refused++
        else taken++
        if ('error' in our || 'error' in their) return true
        return Buffer.compare(our.bytes, their.bytes) === 0
      }),
      { numRuns: rounds(40) },
    )
  }
  t.ok(taken > 100 && refused > 1000, `${taken} taken, ${refused} refused`)
})

function broken(text: string, [place, char, how]: [number, string, string]): string {
  const at = place % (text.length + 1)
  return text.slice(0, at) + (how === 'cut' ? '' : char) + text.slice(how === 'insert' ? at : at + 1)
}

// Writes generated/messages.ts from the schema: for every message an interface, create, encode, write, decode and read.
// The same schema always gives the same text.
import type { Schema, SchemaEnum, SchemaField, SchemaMessage } from './load-schema.js'

const HEADER = `// Generated from protocol/longwire/v1/*.proto by protocol/generate; \`npm run generate\` writes it again. Do not edit.
//
// Of every message X: the interface (absent fields are 0, '', an empty array, false or undefined), createX, encodeX, writeX,
// decodeX (throws DecodeError; \`bytes\` fields view the input) and readX, which reads the reader's range into a message.
`

/** @returns the text of generated/messages.ts */
export function emitMessages(schema: Schema): string {
  const isWanted = ({ name }: SchemaEnum): boolean =>
    schema.messages.some(({ fields }) => fields.some(({ known, type }) => known && type === name))
  const enums = schema.enums.map(each => emitEnum(each, isWanted(each)))
  const body = [...enums, ...schema.messages.map(message => emitMessage(message))].join('\n')
  return `${HEADER}${emitImports(body)}\nexport { DecodeError } from '../wire-reader.js'\n\n${body}`
}

function emitImports(body: string): string {
  const used = (names: string[]) => names.filter(name => new RegExp(`\\b${name}\\b`).test(body))
  const reading = used([
    'enter',
    'leave',
    'missing',
    'readBool',
    'readBytes',
    'readString',
    'readTag',
    'readUint32',
    'readUint64',
    'readerOf',
    'skipField',
    'tooMany',
    'unknownValue',
  ])
  const writing = used(['begin', 'finish', 'writeBytes', 'writeString', 'writeTrue', 'writeUint32', 'writeUint64'])
  return [
    `import { EMPTY } from '../bytes.js'`,
    `import { ${reading.join(', ')}, type Reader } from '../wire-reader.js'`,
    `import { ${writing.join(', ')}, type Writer } from '../wire-writer.js'`,
    '',
  ].join('\n')
}

/** @param isWanted whether a field takes only the values that are known */
function emitEnum(type: SchemaEnum, isWanted: boolean): string {
  const prefix = `${screaming(type.name)}_`
  const values = type.values.flatMap(value => [
    ...docLines(value.comment, '  '),
    `  ${value.name.replace(prefix, '')}: ${value.number},`,
  ])
  return [
    ...docLines(type.comment, ''),
    `export const ${type.name} = {`,
    ...values,
    '} as const',
    `export type ${type.name} = (typeof ${type.name})[keyof typeof ${type.name}]`,
    '',
    '/** A value that this revision does not know reads as 0. */',
    `function read${type.name}(r: Reader): ${type.name} {`,
    '  const value = readUint32(r)',
    `  return value < ${type.values.length} ? (value as ${type.name}) : 0`,
    '}',
    '',
    ...(isWanted ? emitKnown(type) : []),
  ].join('\n')
}

function emitKnown(type: SchemaEnum): string[] {
  return [
    `function readKnown${type.name}(r: Reader, field: string): ${type.name} {`,
    '  const value = readUint32(r)',
    `  if (value >= ${type.values.length}) throw unknownValue(field)`,
    `  return value as ${type.name}`,
    '}',
    '',
  ]
}

function emitMessage(message: SchemaMessage): string {
  return [emitInterface(message), emitCreate(message), emitEncode(message), emitDecode(message)].join('\n')
}

function emitInterface(message: SchemaMessage): string {
  const doc = docLines(message.comment, '')
  if (message.fields.length === 0) return [...doc, `export type ${message.name} = Record<never, never>`, ''].join('\n')
  const lines = [...doc, `export interface ${message.name} {`]
  for (const field of message.fields) {
    if (field.oneof === '') lines.push(...docLines(field.comment, '  '), `  ${field.name}: ${typeOf(field)}`)
    else if (isFirstOfOneof(message, field))
      lines.push(`  ${field.oneof}:`, ...casesOf(message, field.oneof), '    | undefined')
  }
  return [...lines, '}', ''].join('\n')
}

function casesOf(message: SchemaMessage, oneof: string): string[] {
  const cases = message.fields.filter(field => field.oneof === oneof)
  return cases.map(field => `    | { case: '${field.name}'; value: ${typeOf(field).replace(' | undefined', '')} }`)
}

function emitCreate(message: SchemaMessage): string {
  const { name } = message
  if (message.fields.length === 0)
    return `export function create${name}(_init?: Partial<${name}>): ${name} {\n  return {}\n}\n`
  return [
    `export function create${name}(init?: Partial<${name}>): ${name} {`,
    `  const m: ${name} = ${defaults(message)}`,
    '  return init === undefined ? m : Object.assign(m, init)',
    '}',
    '',
  ].join('\n')
}

/** The literal in which each field has its default: every message of a type has the same hidden class. */
function defaults(message: SchemaMessage): string {
  const parts = message.fields.flatMap(field => {
    if (field.oneof === '') return [`${field.name}: ${defaultOf(field)}`]
    return isFirstOfOneof(message, field) ? [`${field.oneof}: undefined`] : []
  })
  return `{ ${parts.join(', ')} }`
}

function emitEncode(message: SchemaMessage): string {
  const { name } = message
  const lines = [
    `export function encode${name}(m: ${name}): Uint8Array {`,
    '  const w = begin()',
    `  write${name}(w, m)`,
    '  return finish(w)',
    '}',
    '',
  ]
  if (message.fields.length === 0)
    return [...lines, `export function write${name}(_w: Writer, _m: ${name}): void {}`, ''].join('\n')
  lines.push(`export function write${name}(w: Writer, m: ${name}): void {`)
  for (const field of message.fields) {
    if (field.oneof === '') lines.push(...writeField(field))
    else if (isFirstOfOneof(message, field)) lines.push(...writeOneof(message, field.oneof))
  }
  return [...lines, '}', ''].join('\n')
}

/** The lines that write a field of `m`; those of an embedded message are written by the function of this prefix. */
export function writeField(field: SchemaField, prefix = 'write'): string[] {
  const value = `m.${field.name}`
  const write = writeCall(field, value)
  if (field.repeated) return [`  for (const each of ${value}) {`, ...writeMessage(field, 'each', '    ', prefix), '  }']
  switch (field.kind) {
    case 'message':
      return [`  if (${value} !== undefined) {`, ...writeMessage(field, value, '    ', prefix), '  }']
    case 'bool':
      return [`  if (${value}) ${write}`]
    case 'string':
    case 'bytes':
      return [`  if (${value}.length > 0) ${write}`]
    default:
      return [`  if (${value} !== 0) ${write}`]
  }
}

function writeOneof(message: SchemaMessage, oneof: string): string[] {
  const lines = [`  switch (m.${oneof}?.case) {`]
  for (const field of message.fields.filter(candidate => candidate.oneof === oneof)) {
    lines.push(`    case '${field.name}':`, ...writeMessage(field, `m.${oneof}.value`, '      '), '      break')
  }
  return [...lines, '  }']
}

function writeMessage(field: SchemaField, value: string, indent: string, prefix = 'write'): string[] {
  return [
    `${indent}w.uint32(${tagOf(field)}).fork()`,
    `${indent}${prefix}${field.type}(w, ${value})`,
    `${indent}w.ldelim()`,
  ]
}

function writeCall(field: SchemaField, value: string): string {
  const tag = tagOf(field)
  switch (field.kind) {
    case 'uint64':
      return `writeUint64(w, ${tag}, ${value})`
    case 'bool':
      return `writeTrue(w, ${tag})`
    case 'string':
      return `writeString(w, ${tag}, ${value})`
    case 'bytes':
      return `writeBytes(w, ${tag}, ${value})`
    default:
      return `writeUint32(w, ${tag}, ${value})`
  }
}

function emitDecode(message: SchemaMessage): string {
  const { name } = message
  const mask = message.fields.reduce((bits, field) => bits | (1 << field.number), 0)
  const lines = [
    `export function decode${name}(bytes: Uint8Array): ${name} {`,
    `  return read${name}(readerOf(bytes), create${name}())`,
    '}',
    '',
    `export function read${name}(r: Reader, m: ${name}): ${name} {`,
    '  while (r.pos < r.len) {',
    '    const tag = readTag(r)',
  ]
  const skip = `skipField(r, tag, ${mask}, '${name}')`
  if (message.fields.length === 0) lines.push(`    ${skip}`)
  else {
    lines.push('    switch (tag) {')
    for (const field of message.fields)
      lines.push(`      case ${tagOf(field)}: {`, ...readField(message, field), '        break', '      }')
    lines.push('      default:', `        ${skip}`, '    }')
  }
  lines.push('  }', ...message.fields.filter(field => field.required).map(field => requireField(message, field)))
  return [...lines, '  return m', '}', ''].join('\n')
}

function readField(message: SchemaMessage, field: SchemaField): string[] {
  const target = `m.${field.name}`
  const label = `'${message.name}.${field.protoName}'`
  switch (field.kind) {
    case 'message':
      return readMessage(message, field)
    case 'uint64':
      return [`        ${target} = readUint64(r)`]
    case 'uint32':
      return [`        ${target} = readUint32(r)`]
    case 'bool':
      return [`        ${target} = readBool(r)`]
    case 'enum':
      return [`        ${target} = ${field.known ? `readKnown${field.type}(r, ${label})` : `read${field.type}(r)`}`]
    case 'string':
      return [`        ${target} = readString(r, ${label}, ${field.max})`]
    case 'bytes':
      return [`        ${target} = readBytes(r, ${label}, ${field.max}, ${field.length})`]
  }
}

/** A message that comes twice is merged, as protobuf has it. */
function readMessage(message: SchemaMessage, field: SchemaField): string[] {
  const { oneof, type, name } = field
  const fresh = `create${type}()`
  if (field.repeated) {
    const guard = `if (m.${name}.length >= ${field.max}) throw tooMany('${message.name}.${field.protoName}', ${field.max})`
    return [
      ...(field.max > 0 ? [`        ${guard}`] : []),
      '        const outer = enter(r)',
      `        m.${name}.push(read${type}(r, ${fresh}))`,
      '        leave(r, outer)',
    ]
  }
  if (oneof === '') {
    return [
      '        const outer = enter(r)',
      `        m.${name} = read${type}(r, m.${name} ?? ${fresh})`,
      '        leave(r, outer)',
    ]
  }
  return [
    '        const outer = enter(r)',
    `        const before = m.${oneof}?.case === '${name}' ? m.${oneof}.value : ${fresh}`,
    `        m.${oneof} = { case: '${name}', value: read${type}(r, before) }`,
    '        leave(r, outer)',
  ]
}

function requireField(message: SchemaMessage, field: SchemaField): string {
  const absent =
    field.kind === 'string' || field.kind === 'bytes' || field.repeated
      ? `m.${field.name}.length === 0`
      : `m.${field.name} === ${defaultOf(field)}`
  return `  if (${absent}) throw missing('${message.name}.${field.protoName}')`
}

function isFirstOfOneof(message: SchemaMessage, field: SchemaField): boolean {
  return message.fields.find(candidate => candidate.oneof === field.oneof) === field
}

function typeOf(field: SchemaField): string {
  switch (field.kind) {
    case 'message':
      return field.repeated ? `${field.type}[]` : `${field.type} | undefined`
    case 'enum':
      return field.type
    case 'bytes':
      return 'Uint8Array'
    case 'string':
      return 'string'
    case 'bool':
      return 'boolean'
    default:
      return 'number'
  }
}

function defaultOf(field: SchemaField): string {
  if (field.repeated) return '[]'
  switch (field.kind) {
    case 'message':
      return 'undefined'
    case 'bytes':
      return 'EMPTY'
    case 'string':
      return "''"
    case 'bool':
      return 'false'
    default:
      return '0'
  }
}

function tagOf(field: SchemaField): number {
  const wireType = field.kind === 'string' || field.kind === 'bytes' || field.kind === 'message' ? 2 : 0
  return (field.number << 3) | wireType
}

function screaming(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, letter => `_${letter}`).toUpperCase()
}

function docLines(comment: string, indent: string): string[] {
  if (comment === '') return []
  const lines = comment.split('\n')
  if (lines.length === 1) return [`${indent}/** ${comment} */`]
  return [`${indent}/**`, ...lines.map(line => `${indent} * ${line}`.trimEnd()), `${indent} */`]
}

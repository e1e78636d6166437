// Writes generated/descriptors.ts from the schema: a table per message, and the messages of every rpc.
// The same schema always gives the same text.
import type { Schema, SchemaField, SchemaMessage } from './load-schema.js'

const HEADER = `// Generated from protocol/longwire/v1/*.proto by protocol/generate; \`npm run generate\` writes it again. Do not edit.
//
// Of every message X: XType, its table. RPC_TYPES: the messages of every rpc, by \`Service.Rpc\`.
import { field, messageType, type RpcTypes } from '../descriptor.js'
import * as m from './messages.js'
`

/** @returns the text of generated/descriptors.ts */
export function emitDescriptors(schema: Schema): string {
  const enums = schema.enums.map(({ name, values }) => {
    return `const ${name}Values = [${values.map(value => `'${value.name}'`).join(', ')}] as const\n`
  })
  return [HEADER, ...enums, ...inOrderOfUse(schema).map(emitMessage), emitRpcs(schema)].join('\n')
}

/** Puts the messages that a message holds above it: the tables are constants. No message contains itself. */
function inOrderOfUse(schema: Schema): SchemaMessage[] {
  const ordered: SchemaMessage[] = []
  const add = (message: SchemaMessage) => {
    for (const field of message.fields) {
      const held = schema.messages.find(candidate => candidate.name === field.type)
      if (held !== undefined) add(held)
    }
    if (!ordered.includes(message)) ordered.push(message)
  }
  schema.messages.forEach(add)
  return ordered
}

function emitMessage({ name, fields }: SchemaMessage): string {
  const lines = fields.map(field => `  ${fieldOf(field)},`)
  const table = lines.length === 0 ? '[]' : `[\n${lines.join('\n')}\n]`
  return `export const ${name}Type = messageType<m.${name}>('${name}', m.create${name}, ${table})\n`
}

function fieldOf(field: SchemaField): string {
  const { name, protoName, number, kind, repeated, oneof, type, required, known, max, length } = field
  const more = [
    kind === 'message' ? `message: ${type}Type` : '',
    kind === 'enum' ? `values: ${type}Values` : '',
    repeated ? 'repeated: true' : '',
    oneof === '' ? '' : `oneof: '${oneof}'`,
    required ? 'required: true' : '',
    known ? 'known: true' : '',
    max > 0 ? `max: ${max}` : '',
    length > 0 ? `length: ${length}` : '',
  ].filter(part => part !== '')
  const last = more.length === 0 ? '' : `, { ${more.join(', ')} }`
  return `field('${name}', '${protoName}', ${number}, '${kind}'${last})`
}

function emitRpcs({ rpcs }: Schema): string {
  const lines = rpcs.map(({ name, request, response }) => {
    return `  ['${name}', { request: ${request}Type, response: ${response}Type }],`
  })
  return `export const RPC_TYPES: ReadonlyMap<string, RpcTypes> = new Map<string, RpcTypes>([\n${lines.join('\n')}\n])\n`
}

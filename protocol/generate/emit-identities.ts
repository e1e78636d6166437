// Writes generated/identities.ts from the schema: what makes the content of a numbered request (PROTOCOL.md, 6.2). Apart from
// messages.ts, for only a server needs it. The same schema always gives the same text.
import { writeField } from './emit-messages.js'
import type { Schema, SchemaMessage } from './load-schema.js'

const HEADER = `// Generated from protocol/longwire/v1/*.proto by protocol/generate; \`npm run generate\` writes it again. Do not edit.
//
// identifyX, for every message X with fields marked \`identity\`: writes those fields and no other, in the order of their
// numbers. IDENTITIES: these functions by \`Service.Rpc\`; a request that is not there has no such field.
`

/** @returns the text of generated/identities.ts */
export function emitIdentities(schema: Schema): string {
  const messages = schema.messages.filter(hasIdentity)
  for (const message of messages) refuseEmptyParts(schema, message)
  const body = [...messages.map(emitMessage), emitTable(schema)].join('\n')
  const used = ['writeBytes', 'writeString', 'writeTrue', 'writeUint32', 'writeUint64'].filter(name =>
    new RegExp(`\\b${name}\\b`).test(body),
  )
  const imports = [
    "import type * as m from './messages.js'",
    `import { ${used.join(', ')}, type Writer } from '../wire-writer.js'`,
  ]
  return `${HEADER}${imports.join('\n')}\n\n${body}`
}

function hasIdentity({ fields }: SchemaMessage): boolean {
  return fields.some(field => field.identity)
}

/** A message in a field counts by its own marked fields: with none of them marked it would count for nothing. */
function refuseEmptyParts(schema: Schema, { name, fields }: SchemaMessage): void {
  for (const field of fields.filter(each => each.identity)) {
    if (field.oneof !== '') throw new Error(`${name}.${field.name}: no field of a oneof may be an identity`)
    const part = schema.messages.find(message => field.kind === 'message' && message.name === field.type)
    if (part !== undefined && !hasIdentity(part))
      throw new Error(`${name}.${field.name}: ${part.name} marks no identity`)
  }
}

function emitMessage({ name, fields }: SchemaMessage): string {
  return [
    `export function identify${name}(w: Writer, m: m.${name}): void {`,
    ...fields.filter(field => field.identity).flatMap(field => writeField(field, 'identify')),
    '}',
    '',
  ].join('\n')
}

function emitTable({ messages, rpcs }: Schema): string {
  const lines = rpcs
    .filter(({ request }) => messages.some(message => message.name === request && hasIdentity(message)))
    .map(({ name, request }) => `  ['${name}', identify${request} as Identify],`)
  return [
    '/** Writes what is the identity of a request. */',
    'export type Identify = (w: Writer, request: unknown) => void',
    '',
    `export const IDENTITIES: ReadonlyMap<string, Identify> = new Map<string, Identify>([\n${lines.join('\n')}\n])`,
    '',
  ].join('\n')
}

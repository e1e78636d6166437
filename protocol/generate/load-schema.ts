// Reads the .proto files with protobufjs and gives what the emitter needs, in a fixed order. What the emitter cannot write
// (maps, groups, packed numbers, floats, fields above 30, messages that contain themselves) is refused here, by name.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import type { FieldKind } from '../descriptor.js'

/** The files, in the order in which their messages are emitted. */
export const PROTO_FILES = [
  'endpoints',
  'frame',
  'item',
  'message',
  'account',
  'contact',
  'group',
  'conversation',
  'signal',
  'room',
  'options',
].map(name => `longwire/v1/${name}.proto`)

const PACKAGE = 'longwire.v1'

/** Field numbers fit the bit mask with which decoders know a wrong wire type. */
const FIELD_NUMBER_MAX = 30

export interface SchemaField {
  /** The name as TypeScript has it (sendSeq), and as the .proto file has it (send_seq). */
  name: string
  protoName: string
  number: number
  kind: FieldKind
  /** The message or enum, '' for the other kinds. */
  type: string
  repeated: boolean
  /** The oneof it belongs to, '' for none. */
  oneof: string
  required: boolean
  /** Whether it belongs to the content of a numbered request. */
  identity: boolean
  /** Whether a value of the enum that is not known is refused. */
  known: boolean
  /** 0 for none. */
  max: number
  length: number
  comment: string
}

export interface SchemaMessage {
  name: string
  fields: SchemaField[]
  comment: string
}

export interface SchemaEnum {
  name: string
  values: { name: string; number: number; comment: string }[]
  comment: string
}

export interface SchemaRpc {
  /** MessageService.Send */
  name: string
  /** The names of its messages. */
  request: string
  response: string
}

export interface Schema {
  messages: SchemaMessage[]
  enums: SchemaEnum[]
  rpcs: SchemaRpc[]
}

const require = createRequire(import.meta.url)

/** The folder that holds longwire/v1, of the sources (this file runs from dist/protocol/generate). */
export const PROTOCOL_FOLDER = fileURLToPath(new URL('../../../protocol/', import.meta.url))

/** The .proto files as protobufjs has them; tests compare with its reflection. */
export function loadRoot(): protobuf.Root {
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) =>
    target.startsWith('google/') ? require.resolve(`protobufjs/${target}`) : PROTOCOL_FOLDER + target
  root.loadSync(PROTO_FILES, { alternateCommentMode: true })
  root.resolveAll()
  return root
}

export function loadSchema(): Schema {
  const types = loadRoot().lookup(PACKAGE)
  if (!(types instanceof protobuf.Namespace)) throw new Error(`${PACKAGE} is not a package`)
  const schema: Schema = { messages: [], enums: [], rpcs: [] }
  for (const type of types.nestedArray) {
    if (type instanceof protobuf.Type) schema.messages.push(messageOf(type))
    else if (type instanceof protobuf.Enum) schema.enums.push(enumOf(type))
    else if (type instanceof protobuf.Service) schema.rpcs.push(...rpcsOf(type))
  }
  for (const message of schema.messages) refuseRecursion(schema, message.name, [])
  return schema
}

function messageOf(type: protobuf.Type): SchemaMessage {
  const fields = type.fieldsArray.map(field => fieldOf(type, field)).sort((a, b) => a.number - b.number)
  return { name: type.name, fields, comment: type.comment ?? '' }
}

function fieldOf(type: protobuf.Type, field: protobuf.Field): SchemaField {
  const label = `${type.name}.${field.name}`
  if (field instanceof protobuf.MapField) throw new Error(`${label}: maps are not supported`)
  if (field.id > FIELD_NUMBER_MAX) throw new Error(`${label}: field numbers end at ${FIELD_NUMBER_MAX}`)
  const kind = kindOf(field, label)
  if (field.repeated && kind !== 'message') throw new Error(`${label}: only messages may be repeated`)
  return {
    name: field.name,
    protoName: field.name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`),
    number: field.id,
    kind,
    type: kind === 'message' || kind === 'enum' ? field.type : '',
    repeated: field.repeated,
    oneof: field.partOf?.name ?? '',
    required: field.options?.['(required)'] === true,
    identity: field.options?.['(identity)'] === true,
    known: field.options?.['(known)'] === true,
    max: Number(field.options?.['(max)'] ?? 0),
    length: Number(field.options?.['(length)'] ?? 0),
    comment: field.comment ?? '',
  }
}

function kindOf(field: protobuf.Field, label: string): FieldKind {
  if (field.resolvedType instanceof protobuf.Enum) return 'enum'
  if (field.resolvedType instanceof protobuf.Type) return 'message'
  switch (field.type) {
    case 'uint64':
    case 'uint32':
    case 'bool':
    case 'string':
    case 'bytes':
      return field.type
    default:
      throw new Error(`${label}: the type ${field.type} is not supported`)
  }
}

function enumOf(type: protobuf.Enum): SchemaEnum {
  const values = Object.entries(type.values).map(([name, number]) => ({
    name,
    number,
    comment: type.comments[name] ?? '',
  }))
  values.forEach((value, index) => {
    if (value.number !== index) throw new Error(`${type.name}: the values are not 0, 1, 2 …`)
  })
  return { name: type.name, values, comment: type.comment ?? '' }
}

function rpcsOf(service: protobuf.Service): SchemaRpc[] {
  return service.methodsArray.map(({ name, requestType, responseType }) => {
    return { name: `${service.name}.${name}`, request: requestType, response: responseType }
  })
}

/** A message that contains itself would need a limit of depth; none does. */
function refuseRecursion(schema: Schema, name: string, above: string[]): void {
  if (above.includes(name)) throw new Error(`${name} contains itself`)
  const message = schema.messages.find(candidate => candidate.name === name)
  for (const field of message?.fields ?? []) {
    if (field.kind === 'message') refuseRecursion(schema, field.type, [...above, name])
  }
}

// Proto3 JSON of our messages, over their descriptors. What the short side and its clients use:
//
//   jsonToBody(method, 'request' | 'response', text or bytes)   JSON → the protobuf body; throws DecodeError
//   bodyToJson(method, 'request' | 'response', body)            the protobuf body → JSON
//   fromJson(XType, text), toJson(XType, message)               the same for any message of generated/descriptors.ts
//
// Reading: lowerCamelCase or original names; integers as numbers or strings, in any decimal form that is one ("1e3", 2.0);
// enums by name or number; bytes in base64 or base64url, padded or not; null is absent; unknown fields and unknown enum
// values are ignored. Everything else is refused with its path and BAD_BODY, or, beyond the `max` and `length` of a field,
// INVALID_ARGUMENT: as the binary decoder does (PROTOCOL.md, 1.5 and 13.4). No refusal repeats a value: it may be a secret.
// Writing: lowerCamelCase, 64-bit integers as strings, enums by name, bytes in base64, defaults left out.
import { fromBase64, toBase64 } from './base64.js'
import { EMPTY } from './bytes.js'
import { CODES } from './codes.js'
import type { Field, MessageType } from './descriptor.js'
import { RPC_TYPES } from './generated/descriptors.js'
import { integerOf, JsonReader } from './json-reader.js'
import { INTEGER_MAX, UINT32_MAX } from './limits.js'
import type { RequestMethod } from './methods.js'
import { textOf, utf8 } from './utf8.js'
import { DecodeError } from './wire-reader.js'

export type RpcPart = 'request' | 'response'

/** A JSON value as toJson makes it. */
export type JsonValue = string | number | boolean | JsonValue[] | JsonObject
export interface JsonObject {
  [name: string]: JsonValue
}

/** Our messages, whose fields the descriptors name. */
type Fields = Record<string, unknown>
type Oneof = { readonly case: string; readonly value: unknown }

/** An enum is an int32. */
const ENUM_MIN = -(2 ** 31)
const ENUM_MAX = 2 ** 31 - 1

/** @throws DecodeError */
export function jsonToBody(method: RequestMethod, part: RpcPart, json: string | Uint8Array): Uint8Array {
  const message = fromJson(typeOf(method, part), typeof json === 'string' ? json : decodedText(json))
  return part === 'request' ? method.encodeRequest(message) : method.encodeResponse(message)
}

/** @throws DecodeError if the body is not the method's */
export function bodyToJson(method: RequestMethod, part: RpcPart, body: Uint8Array): string {
  const message = part === 'request' ? method.decodeRequest(body) : method.decodeResponse(body)
  return JSON.stringify(toJson(typeOf(method, part), message))
}

/** @throws DecodeError */
export function fromJson<T>(type: MessageType<T>, text: string): T {
  const reader = new JsonReader(text)
  const message = readMessage(reader, type)
  reader.end()
  return message
}

export function toJson<T>(type: MessageType<T>, message: T): JsonObject {
  const json: JsonObject = {}
  for (const field of type.fields) {
    const value = valueIn(message as Fields, field)
    if (value === undefined) continue
    if (Array.isArray(value)) {
      if (value.length > 0) json[field.name] = value.map(each => jsonOf(field, each))
    } else if (field.oneof !== '' || !isDefault(value)) json[field.name] = jsonOf(field, value)
  }
  return json
}

function typeOf(method: RequestMethod, part: RpcPart): MessageType {
  const types = RPC_TYPES.get(`${method.service}.${method.rpc}`)
  if (types === undefined) throw new Error(`no rpc is called ${method.service}.${method.rpc}`)
  return types[part]
}

function decodedText(json: Uint8Array): string {
  const text = textOf(json, 0, json.length)
  if (text === undefined) throw new DecodeError(CODES.BAD_BODY.code, 'the JSON is not valid UTF-8')
  return text
}

function readMessage<T>(reader: JsonReader, type: MessageType<T>): T {
  const found = reader.kind()
  if (found !== 'object') throw reader.refusal(`it must be an object, not ${found}`)
  const message = type.create()
  const fields = message as Fields
  // A bit per field number: under either name, and with any value, a field comes once.
  let seen = 0
  for (const key of reader.members()) {
    const field = type.byName.get(key)
    if (field === undefined) {
      reader.skip()
      continue
    }
    reader.enter(field.name)
    if ((seen & (1 << field.number)) !== 0) throw reader.refusal('it is given twice')
    seen |= 1 << field.number
    if (reader.kind() === 'null') reader.null()
    else readField(reader, field, fields)
    reader.leave()
  }
  for (const field of type.fields) if (field.required) requireField(reader, field, fields)
  return message
}

function readField(reader: JsonReader, field: Field, fields: Fields): void {
  if (field.oneof !== '') {
    const before = fields[field.oneof] as Oneof | undefined
    if (before !== undefined) throw reader.refusal(`${before.case} is given too, and only one of ${field.oneof} may be`)
    fields[field.oneof] = { case: field.name, value: readValue(reader, field) }
  } else fields[field.name] = field.repeated ? readElements(reader, field) : readValue(reader, field)
}

function readElements(reader: JsonReader, field: Field): unknown[] {
  const found = reader.kind()
  if (found !== 'array') throw reader.refusal(`it must be an array, not ${found}`)
  const values: unknown[] = []
  for (const place of reader.elements()) {
    if (field.max > 0 && place >= field.max) throw beyond(reader, `it has more than ${field.max} elements`)
    reader.enter(place)
    values.push(readValue(reader, field))
    reader.leave()
  }
  return values
}

function readValue(reader: JsonReader, field: Field): unknown {
  switch (field.kind) {
    case 'message':
      return readMessage(reader, field.message as MessageType)
    case 'uint64':
      return readInteger(reader, 0, INTEGER_MAX)
    case 'uint32':
      return readInteger(reader, 0, UINT32_MAX)
    case 'enum':
      return readEnum(reader, field)
    case 'bool':
      return readBoolean(reader)
    case 'string':
      return readString(reader, field)
    case 'bytes':
      return readBytes(reader, field)
  }
}

function readInteger(reader: JsonReader, min: number, max: number): number {
  const found = reader.kind()
  if (found !== 'number' && found !== 'string') throw reader.refusal(`it must be an integer, not ${found}`)
  const value = integerOf(found === 'number' ? reader.number() : reader.string())
  if (Number.isNaN(value)) throw reader.refusal(`it must be an integer, and this ${found} is none`)
  if (value < min || value > max) throw reader.refusal(`it must be an integer of ${min} to ${max}`)
  return value
}

/** Reads a value that this revision does not know as 0, or refuses it, as in the binary form (11.2). */
function readEnum(reader: JsonReader, field: Field): number {
  const values = field.values ?? []
  const isName = reader.kind() === 'string'
  const value = isName ? values.indexOf(reader.string()) : readInteger(reader, ENUM_MIN, ENUM_MAX)
  if (values[value] !== undefined) return value
  if (field.known) throw beyond(reader, 'it has a value that is not known here')
  return 0
}

function readBoolean(reader: JsonReader): boolean {
  const found = reader.kind()
  if (found !== 'boolean') throw reader.refusal(`it must be true or false, not ${found}`)
  return reader.boolean()
}

function readString(reader: JsonReader, field: Field): string {
  const found = reader.kind()
  if (found !== 'string') throw reader.refusal(`it must be a string, not ${found}`)
  const text = reader.string()
  if (/\p{Surrogate}/u.test(text)) throw reader.refusal('it holds half a surrogate pair')
  // The first comparison spares the encoding: a UTF-16 unit is at most 3 bytes.
  if (field.max > 0 && text.length * 3 > field.max && utf8(text).length > field.max) throw tooLong(reader, field)
  return text
}

function readBytes(reader: JsonReader, field: Field): Uint8Array {
  const found = reader.kind()
  if (found !== 'string') throw reader.refusal(`it must be a string of base64, not ${found}`)
  const bytes = fromBase64(reader.string())
  if (bytes === undefined) throw reader.refusal('it is not base64')
  if (field.max > 0 && bytes.length > field.max) throw tooLong(reader, field)
  if (field.length > 0 && bytes.length > 0 && bytes.length !== field.length) {
    throw beyond(reader, `it must have ${field.length} bytes`)
  }
  return bytes.length === 0 ? EMPTY : bytes
}

function requireField(reader: JsonReader, field: Field, fields: Fields): void {
  const value = fields[field.name]
  if (value !== undefined && !isDefault(value)) return
  reader.enter(field.name)
  throw reader.refusal('it is missing')
}

function tooLong(reader: JsonReader, field: Field): DecodeError {
  return beyond(reader, `it is longer than ${field.max} bytes`)
}

function beyond(reader: JsonReader, message: string): DecodeError {
  return reader.refusal(message, CODES.INVALID_ARGUMENT.code)
}

function valueIn(message: Fields, field: Field): unknown {
  if (field.oneof === '') return message[field.name]
  const content = message[field.oneof] as Oneof | undefined
  return content?.case === field.name ? content.value : undefined
}

function jsonOf(field: Field, value: unknown): JsonValue {
  switch (field.kind) {
    case 'message':
      return toJson(field.message as MessageType, value)
    case 'uint64':
      return String(value)
    case 'enum':
      return field.values?.[value as number] ?? (value as number)
    case 'bytes':
      return toBase64(value as Uint8Array)
    default:
      return value as JsonValue
  }
}

function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length === 0
  return value === 0 || value === '' || value === false
}

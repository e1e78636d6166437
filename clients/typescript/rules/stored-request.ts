// The fields of a request as the send queue stores them: JSON, which has no bytes.
import { fromBase64, toBase64 } from '../../../protocol/base64.js'
import { NO_BYTES } from '../base/bytes.js'
import type { Json } from '../storage/storage.js'
import type { OperationRequest } from './send-queue.js'

/** The one name in the object that stands for bytes. No message of the protocol has such a field. */
const BYTES = '$bytes'

/** The JSON of a value of a request. Fields that are undefined are left out. */
export function jsonOf(value: unknown): Json {
  if (value instanceof Uint8Array) return { [BYTES]: toBase64(value) }
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === null) return value as Json
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields.map(([name, field]) => [name, jsonOf(field)]))
}

/** The value of a request that jsonOf() made this of. */
export function requestOf(json: Json): unknown {
  if (Array.isArray(json)) return json.map(requestOf)
  if (typeof json !== 'object' || json === null) return json
  const bytes = (json as OperationRequest)[BYTES]
  if (typeof bytes === 'string') return fromBase64(bytes) ?? NO_BYTES
  return Object.fromEntries(Object.entries(json).map(([name, field]) => [name, requestOf(field)]))
}

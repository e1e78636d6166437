/** Gives the body of an answer its last form: JSON in place of protobuf, packed with gzip. */
import { constants, gzipSync } from 'node:zlib'
import { bodyToJson } from '../../protocol/json-codec.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { Task } from './types.js'

export interface Body {
  readonly bytes: Uint8Array
  /** The number of the method whose response it is, if JSON is to be made of it. */
  readonly json: number | undefined
  /** Whether the client takes it packed. */
  readonly takesGzip: boolean
}

export interface FormedBody {
  readonly bytes: Uint8Array
  readonly isPacked: boolean
  /** The length before it was packed. */
  readonly length: number
}

/** The size from which a body is worth packing: a smaller one fits one packet anyway. */
const PACKED_BYTES_MIN = 1_024

/** The fastest level: it saves most of the bytes that can be saved, for the least time of the server. */
const PACKING = { level: constants.Z_BEST_SPEED } as const

const encoder = new TextEncoder()

export function formed({ bytes, json, takesGzip }: Body): FormedBody {
  const body = json === undefined ? bytes : encoder.encode(bodyToJson(methodOf(json), 'response', bytes))
  const isPacked = takesGzip && body.length >= PACKED_BYTES_MIN
  return { bytes: isPacked ? gzipSync(body, PACKING) : body, isPacked, length: body.length }
}

function methodOf(number: number): RequestMethod {
  for (const method of Object.values(METHODS)) if (method.kind === 'request' && method.number === number) return method
  throw new Error(`no method has the number ${number}`)
}

export const formAnswer: Task<Body, FormedBody> = {
  // Some milliseconds, unless the machine does not let the thread run.
  timeoutMs: 10_000,
  run(body) {
    const made = formed(body)
    // A copy of its own size, for what zlib gives may be part of more.
    return { ...made, bytes: new Uint8Array(made.bytes) }
  },
  handsOver: ({ bytes }) => [bytes.buffer as ArrayBuffer],
}

// The shape of a message at run time: for what cannot be generated function by function, as JSON. The tables themselves are
// generated (generated/descriptors.ts) and import nothing that a browser lacks.

export type FieldKind = 'uint64' | 'uint32' | 'bool' | 'string' | 'bytes' | 'enum' | 'message'

export interface Field {
  /** The name in our messages and in JSON (sendSeq). */
  readonly name: string
  /** The name in the .proto file; JSON may use it too (send_seq). */
  readonly protoName: string
  /** 1 to 30. */
  readonly number: number
  readonly kind: FieldKind
  readonly repeated: boolean
  /** The oneof it belongs to, '' for none: there the message holds `{ case: name, value }`. */
  readonly oneof: string
  /** The type of a field of kind 'message' or 'enum'; undefined for the others. */
  readonly message: MessageType | undefined
  readonly values: EnumValues | undefined
  /**
   * The constraints of options.proto, 0 for none: present and not empty; a value of the enum that is known; the most bytes or elements; the
   * only length.
   */
  readonly required: boolean
  readonly known: boolean
  readonly max: number
  readonly length: number
}

/** The names of an enum's values as the .proto file has them; the place is the number. */
export type EnumValues = readonly string[]

export interface MessageType<T = unknown> {
  readonly name: string
  /** A message with every field absent. */
  create(): T
  /** The fields by number. */
  readonly fields: readonly Field[]
  /** The fields by both names. */
  readonly byName: ReadonlyMap<string, Field>
}

/** The types of an rpc. */
export interface RpcTypes<Q = unknown, A = unknown> {
  readonly request: MessageType<Q>
  readonly response: MessageType<A>
}

const PLAIN = {
  repeated: false,
  oneof: '',
  message: undefined,
  values: undefined,
  required: false,
  known: false,
  max: 0,
  length: 0,
} as const

export function field(
  name: string,
  protoName: string,
  number: number,
  kind: FieldKind,
  more: Partial<Field> = {},
): Field {
  return { name, protoName, number, kind, ...PLAIN, ...more }
}

export function messageType<T>(name: string, create: () => T, fields: readonly Field[]): MessageType<T> {
  const byName = new Map(fields.flatMap(each => [each.name, each.protoName].map(key => [key, each])))
  return { name, create, fields, byName }
}

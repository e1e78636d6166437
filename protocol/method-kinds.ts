// What a method is, in the table of methods (methods.ts).

/** A method that is answered. Q is its request, A the body of its answer. */
export interface RequestMethod<Q = unknown, A = unknown> {
  readonly kind: 'request'
  readonly number: number
  /** Name of the service as in the .proto files. */
  readonly service: string
  readonly rpc: string
  /** Has a send_seq: idempotent by it (clause 6). */
  readonly mutating: boolean
  /** Allowed on a nameless connection. */
  readonly nameless: boolean
  encodeRequest(request: Q): Uint8Array
  /** @throws DecodeError */
  decodeRequest(bytes: Uint8Array): Q
  encodeResponse(response: A): Uint8Array
  /** @throws DecodeError */
  decodeResponse(bytes: Uint8Array): A
}

/** A frame without an answer. */
export interface NoticeMethod<N = unknown> {
  readonly kind: 'notice'
  readonly number: number
  readonly name: string
  readonly direction: 'to-server' | 'to-client'
  encode(notice: N): Uint8Array
  /** @throws DecodeError */
  decode(bytes: Uint8Array): N
}

export type Method = RequestMethod | NoticeMethod

type Codec<T> = readonly [encode: (message: T) => Uint8Array, decode: (bytes: Uint8Array) => T]

type Trait = 'mutating' | 'nameless'

export function request<Q, A>(
  number: number,
  name: `${string}.${string}`,
  [encodeRequest, decodeRequest]: Codec<Q>,
  [encodeResponse, decodeResponse]: Codec<A>,
  trait?: Trait,
): RequestMethod<Q, A> {
  const [service = '', rpc = ''] = name.split('.')
  return {
    kind: 'request',
    number,
    service,
    rpc,
    mutating: trait === 'mutating',
    nameless: trait === 'nameless',
    encodeRequest,
    decodeRequest,
    encodeResponse,
    decodeResponse,
  }
}

export function notice<N>(
  number: number,
  name: string,
  direction: NoticeMethod['direction'],
  [encode, decode]: Codec<N>,
): NoticeMethod<N> {
  return { kind: 'notice', number, name, direction, encode, decode }
}

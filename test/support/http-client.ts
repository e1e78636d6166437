/** Calls methods over HTTP as any program would: with fetch. */

import { createHelloRequest, decodeErrorDetail, type ErrorDetail } from '../../protocol/generated/messages.js'
import type { RequestMethod } from '../../protocol/methods.js'
import { METHODS } from '../../protocol/methods.js'

export interface HttpReply<A> {
  readonly status: number
  readonly headers: Headers
  /** 0 if it succeeded. */
  readonly code: number
  readonly detail: ErrorDetail | undefined
  /** Of an error: what the Connect protocol calls it. */
  readonly connectCode: string | undefined
  /** Undefined unless it succeeded. */
  readonly answer: A | undefined
}

export interface HttpOptions {
  readonly token?: Uint8Array | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export function urlOf(port: number, { service, rpc }: { readonly service: string; readonly rpc: string }): string {
  return `http://127.0.0.1:${port}/longwire.v1.${service}/${rpc}`
}

export function bearer(token: Uint8Array): string {
  return `Bearer ${Buffer.from(token).toString('base64url')}`
}

export async function call<Q, A>(
  port: number,
  method: RequestMethod<Q, A>,
  request: Q,
  { token, headers, signal }: HttpOptions = {},
): Promise<HttpReply<A>> {
  const response = await fetch(urlOf(port, method), {
    method: 'POST',
    headers: {
      'Content-Type': 'application/proto',
      ...(token === undefined ? {} : { Authorization: bearer(token) }),
      ...headers,
    },
    body: method.encodeRequest(request),
    ...(signal === undefined ? {} : { signal }),
  })
  const body = new Uint8Array(await response.arrayBuffer())
  const { status } = response
  const ok = status === 200
  const error = ok ? undefined : errorOf(body)
  return {
    status,
    headers: response.headers,
    code: error?.detail?.code ?? (ok ? 0 : -1),
    detail: error?.detail,
    connectCode: error?.connectCode,
    answer: ok ? method.decodeResponse(body) : undefined,
  }
}

/** Binds an attempt. */
export async function sayHello(port: number, token: Uint8Array, attempt: number): Promise<HttpReply<unknown>> {
  return call(port, METHODS.hello, createHelloRequest({ token, attempt }))
}

interface ConnectError {
  readonly code?: string
  readonly details?: readonly { readonly type: string; readonly value: string }[]
}

/** What a body of a Connect error says. */
export function errorOf(body: Uint8Array): { connectCode: string | undefined; detail: ErrorDetail | undefined } {
  let error: ConnectError
  try {
    error = JSON.parse(new TextDecoder().decode(body)) as ConnectError
  } catch {
    return { connectCode: undefined, detail: undefined }
  }
  const detail = error.details?.find(({ type }) => type === 'longwire.v1.ErrorDetail')
  const value = detail === undefined ? undefined : new Uint8Array(Buffer.from(detail.value, 'base64'))
  return { connectCode: error.code, detail: value === undefined ? undefined : decodeErrorDetail(value) }
}

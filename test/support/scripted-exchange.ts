/** HTTP of which the test plays the server, request by request. */
import type { HttpCall, HttpExchange, HttpRequest, HttpResponse } from '../../clients/typescript/index.js'
import { CODES, type CodeName } from '../../protocol/codes.js'
import { createErrorDetail, createRefusal, encodeErrorDetail, type Refusal } from '../../protocol/generated/messages.js'
import { METHODS, type MethodName, type RequestOf, type ResponseOf } from '../../protocol/methods.js'

type Done = (error: Error | undefined, response?: HttpResponse) => void

/** One request as the server sees it. */
export class ScriptedCall implements HttpCall {
  readonly request: HttpRequest
  aborted = false
  readonly #done: Done

  constructor(request: HttpRequest, done: Done) {
    this.request = request
    this.#done = done
  }

  get token(): string | undefined {
    return this.request.headers.authorization
  }

  abort(): void {
    this.aborted = true
  }

  /** The body, which must be of this method. */
  of<N extends MethodName>(name: N): RequestOf<N> {
    const method = METHODS[name]
    if (method.kind !== 'request' || this.request.path !== pathOf(name))
      throw new Error(`no ${name} but ${this.request.path}`)
    return method.decodeRequest(this.request.body) as RequestOf<N>
  }

  answer<N extends MethodName>(name: N, response: Partial<ResponseOf<N>> = {}): void {
    const method = METHODS[name]
    if (method.kind !== 'request') throw new Error(`${name} has no answer`)
    const whole = { ...(method.decodeResponse(new Uint8Array(0)) as object), ...response }
    const body = (method.encodeResponse as (response: unknown) => Uint8Array)(whole)
    this.respond(200, { 'content-type': 'application/proto' }, body)
  }

  refuse(code: CodeName, retryAfterMs = 0, refusal?: Partial<Refusal>): void {
    const detail = createErrorDetail({
      code: CODES[code].code,
      retryAfterMs,
      refusal: refusal && createRefusal(refusal),
    })
    this.refuseWith([{ type: 'longwire.v1.ErrorDetail', value: base64(encodeErrorDetail(detail)) }])
  }

  /** A Connect error with these details. */
  refuseWith(details: unknown, headers: Record<string, string> = {}): void {
    const body = JSON.stringify({ code: 'unavailable', message: 'no', details })
    this.respond(503, { 'content-type': 'application/json', ...headers }, new TextEncoder().encode(body))
  }

  respond(status: number, headers: Readonly<Record<string, string>> = {}, body: Uint8Array = new Uint8Array(0)): void {
    this.#done(undefined, { status, header: name => headers[name], body })
  }

  fail(message: string): void {
    this.#done(new Error(message))
  }
}

export class ScriptedExchange implements HttpExchange {
  readonly calls: ScriptedCall[] = []
  #taken = 0

  post(request: HttpRequest, done: Done): HttpCall {
    const call = new ScriptedCall(request, done)
    this.calls.push(call)
    return call
  }

  /** The next request that nobody looked at yet. */
  take(): ScriptedCall {
    const call = this.calls[this.#taken]
    if (call === undefined) throw new Error('no more requests')
    this.#taken += 1
    return call
  }

  /** What nobody looked at yet, by the names of the rpcs. */
  peek(): string[] {
    return this.calls.slice(this.#taken).map(each => each.request.path.split('/').at(-1) ?? '')
  }
}

export function pathOf(name: MethodName): string {
  const method = METHODS[name]
  return method.kind === 'request' ? `/longwire.v1.${method.service}/${method.rpc}` : ''
}

/** Without padding, as the Connect protocol has it. */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

/**
 * One request on an HTTP connection and its answer, which is given once.
 *
 * An answer that comes before the whole request has arrived ends the connection: anything might follow. Its body is sent at once, but the
 * connection lingers until the peer has sent the rest, or for a moment. Closing it on unread bytes would be a reset, which may overtake
 * the answer.
 *
 * A long body is given to the kernel in pieces, which shows whether it moves. A peer that takes no piece for a while does not read,
 * whatever else it sends.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CallerId } from '../connection/backlog.js'
import { WRITE_BYTES_MAX } from '../connection/writer.js'
import type { Clock } from '../lib/clock.js'
import { Timed, type Wheel } from '../lib/wheel.js'
import type { AnswerForms } from './answer-forms.js'
import { hasBody } from './header-check.js'
import type { ShortAnswer, ShortCall } from './types.js'

/** The bytes that are still read of a request that is refused. */
const LINGER_BYTES_MAX = 1_048_576
const LINGER_MS = 2_000

export interface ExchangeOptions {
  readonly clock: Clock
  readonly wheel: Wheel
  /** The headers of every answer beside its own: names and values in turn. */
  readonly headers: readonly string[]
  /** The time after which the connection ends if no piece of the answer was taken. */
  readonly stallMs: number
  /** Called when the connection ends for that. */
  readonly onStall: () => void
  /** Whether the connection ends after this answer. */
  readonly last: () => boolean
  readonly forms: AnswerForms
  /** Called when there is an answer of so many bytes, which now waits to be taken; or so many more, if JSON is made of it. */
  readonly onAnswer: (bytes: number, callerId: CallerId | undefined) => void
  /** Called when it was taken, or the peer has gone. */
  readonly onEnd: () => void
}

export class Exchange extends Timed {
  #call: ShortCall | undefined = undefined
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #options: ExchangeOptions
  #state: 'asked' | 'answered' | 'over' = 'asked'
  /** Made when somebody asks for its signal. */
  #gone: AbortController | undefined = undefined

  constructor(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions) {
    super()
    this.#request = request
    this.#response = response
    this.#options = options
    response.on('close', () => this.gone())
  }

  /** Aborted when the peer has its answer or is gone. */
  get signal(): AbortSignal {
    this.#gone ??= new AbortController()
    return this.#gone.signal
  }

  /** Whether nothing has been sent. */
  get isUnanswered(): boolean {
    return !this.#response.headersSent
  }

  /** Names the call that works on it, which is told when the peer goes away, or has gone. */
  worksOn(call: ShortCall): void {
    if (this.#state === 'asked') this.#call = call
    else if (this.#state === 'over') call.abandoned()
  }

  /** Gives the answer. Only the first one counts. */
  answer(answer: ShortAnswer, callerId?: CallerId): void {
    if (this.#state !== 'asked') return
    this.#state = 'answered'
    this.#call = undefined
    const { forms, onAnswer } = this.#options
    const bytes = answer.body.length
    onAnswer(bytes, callerId)
    forms.finish(answer, this.#request.headers['accept-encoding'], this, (formed, length) => {
      if (this.#state === 'over') return
      if (length > bytes) onAnswer(length - bytes, callerId)
      this.#write(formed)
    })
  }

  #write({ status, headers, body }: ShortAnswer): void {
    if (this.#state === 'over') return
    const request = this.#request
    const response = this.#response
    const isWhole = request.complete || !hasBody(request)
    // Names and values in turn: objects joined into one would cost 2 µs of the 12 that node:http takes for a request.
    const lines = [...this.#options.headers]
    // The answer's own goes before that of every answer.
    if (headers['Cache-Control'] !== undefined) lines.splice(lines.indexOf('Cache-Control'), 2)
    for (const [name, value] of Object.entries(headers)) if (name !== 'Connection') lines.push(name, value)
    if (status !== 204 && status !== 304) lines.push('Content-Length', String(body.length))
    if (!isWhole || headers.Connection !== undefined || this.#options.last()) lines.push('Connection', 'close')
    response.writeHead(status, lines)
    const shown = request.method === 'HEAD' ? undefined : body
    if (!isWhole) this.#linger(shown)
    else if (shown === undefined || shown.length <= WRITE_BYTES_MAX) response.end(shown)
    else this.#pour(shown)
    // One that is pipelined has no socket before those in front of it are gone. Most answers are gone by now, and watch nothing.
    if (response.socket === null) response.once('socket', () => this.#watch())
    else if (response.socket.writableLength > 0) this.#watch()
  }

  /** Writes the next piece when the one before is with the kernel. */
  #pour(body: Uint8Array): void {
    const response = this.#response
    const rest = body.subarray(WRITE_BYTES_MAX)
    if (rest.length === 0) {
      response.end(body)
      return
    }
    response.write(body.subarray(0, WRITE_BYTES_MAX), error => {
      if (error || this.#state === 'over') return
      this.#pour(rest)
      this.#watch()
    })
  }

  /** Begins the time of the present piece. */
  #watch(): void {
    const { wheel, stallMs } = this.#options
    if (this.#state !== 'over') wheel.add(this, stallMs)
  }

  /** Called by the wheel: the peer does not read. It cannot be told so, because it would have to read the answer first. */
  override expired(): void {
    this.#options.onStall()
    this.#request.socket.destroy()
  }

  #linger(body: Uint8Array | undefined): void {
    const request = this.#request
    const response = this.#response
    let bytes = 0
    const end = (): void => {
      timer.cancel()
      response.end()
    }
    const timer = this.#options.clock.after(LINGER_MS, end)
    request.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > LINGER_BYTES_MAX) end()
    })
    request.on('end', end)
    if (body === undefined) response.flushHeaders()
    else response.write(body)
  }

  /** Ends it, once: its answer is with the kernel, or its socket is closed. What it has counted is given back. */
  gone(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#options.wheel.remove(this)
    this.#call?.abandoned()
    this.#call = undefined
    this.#gone?.abort()
    this.#options.onEnd()
  }
}

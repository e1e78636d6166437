// The requests of an HTTP connection that are under way: posts them, bounds each in time, gives them up together. A request that
// was given up is not heard, whatever the exchange still says.
import type { RequestMethod } from '../../../protocol/methods.js'
import type { Clock, TimerHandle } from '../base/system.js'
import { type HttpAnswer, PROTO, readAnswer } from './http-answer.js'
import type { HttpCall, HttpExchange } from './http-exchange.js'

export interface PostOptions {
  /** The time that the answer may take. Default a minute: where a caller has less patience the link ends. */
  readonly limitMs?: number
  /** Whether it is sent without a token, though there is one. */
  readonly nameless?: boolean
  /** Whether it goes on for a moment when the others are given up; its answer is not heard then. */
  readonly lastWord?: boolean
}

interface Call {
  call: HttpCall | undefined
  timer: TimerHandle | undefined
  readonly lastWord: boolean
}

const ANSWER_MS = 60_000

/** The time that a last word may still be on its way. */
const LINGER_MS = 2_000

export class HttpCalls {
  /** The header's value; empty: none. */
  authorization = ''
  readonly #exchange: HttpExchange
  readonly #clock: Clock
  readonly #failed: (error: Error) => void
  readonly #calls = new Set<Call>()
  #over = false

  /** @param failed there was no response, or none in time */
  constructor(exchange: HttpExchange, clock: Clock, failed: (error: Error) => void) {
    this.#exchange = exchange
    this.#clock = clock
    this.#failed = failed
  }

  get underWay(): number {
    return this.#calls.size
  }

  /** @param answered called once, later; not after giveUp() */
  post(
    method: RequestMethod,
    body: Uint8Array,
    answered: (answer: HttpAnswer) => void,
    { limitMs = ANSWER_MS, nameless = false, lastWord = false }: PostOptions = {},
  ): void {
    const call: Call = { call: undefined, timer: undefined, lastWord }
    this.#calls.add(call)
    this.#limit(call, limitMs)
    const headers: Record<string, string> = { 'content-type': PROTO, 'connect-protocol-version': '1' }
    if (this.authorization !== '' && !nameless) headers.authorization = this.authorization
    const path = `/longwire.v1.${method.service}/${method.rpc}`
    call.call = this.#exchange.post({ path, headers, body }, (error, response) => {
      call.timer?.cancel()
      if (!this.#calls.delete(call) || this.#over) return
      if (response === undefined) this.#failed(error ?? new Error('no response'))
      else answered(readAnswer(response, this.#clock.now()))
    })
  }

  giveUp(): void {
    this.#over = true
    for (const call of this.#calls) {
      if (call.lastWord) this.#limit(call, LINGER_MS)
      else this.#abort(call)
    }
  }

  #limit(call: Call, ms: number): void {
    call.timer?.cancel()
    call.timer = this.#clock.after(ms, () => {
      this.#abort(call)
      if (!this.#over) this.#failed(new Error('no answer in time'))
    })
  }

  #abort(call: Call): void {
    call.timer?.cancel()
    this.#calls.delete(call)
    call.call?.abort()
  }
}

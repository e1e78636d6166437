/** The sends that a Sync carries: run in their order as if each had come alone, their results gathered. */
import type { Code } from '../../protocol/codes.js'
import { createSendResult, type Refusal, type SendRequest, type SendResult } from '../../protocol/generated/messages.js'
import { acceptedFrom } from '../../protocol/item-codec.js'
import type { Caller } from './types.js'

type Send = (caller: Caller, id: number, request: SendRequest) => void

/** Stands in for the caller of each send; the index is the id. */
class Results implements Caller {
  readonly uid: number
  readonly device: number
  readonly address: string
  readonly told: number
  /** Messages that came are sent, whoever waits for the answer. */
  readonly signal = undefined
  readonly #results: SendResult[] = []
  readonly #done: (results: readonly SendResult[]) => void
  #missing: number

  constructor({ uid, device, address, told }: Caller, count: number, done: (results: readonly SendResult[]) => void) {
    this.uid = uid
    this.device = device
    this.address = address
    this.told = told
    this.#missing = count
    this.#done = done
  }

  accepted(id: number, from: number, version: number): void {
    this.#settle(id, { version, from: acceptedFrom(from, version) })
  }

  refuse(id: number, code: Code, message: string, retryAfterMs = 0, refusal?: Refusal): void {
    this.#settle(id, { code, message, retryAfterMs, refusal })
  }

  respond(): void {
    throw new Error('a Send is accepted or refused')
  }

  synced(): void {
    throw new Error('a Send is accepted or refused')
  }

  #settle(id: number, result: Partial<SendResult>): void {
    this.#results[id] = createSendResult(result)
    this.#missing -= 1
    if (this.#missing === 0) this.#done(this.#results)
  }
}

/** @param done called once, at once or later, with a result for each in their order */
export function runSends(
  caller: Caller,
  sends: readonly SendRequest[],
  send: Send,
  done: (results: readonly SendResult[]) => void,
): void {
  if (sends.length === 0) {
    done([])
    return
  }
  const results = new Results(caller, sends.length, done)
  for (const [id, each] of sends.entries()) send(results, id, each)
}

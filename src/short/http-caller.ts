/** The caller of one request of the short side: the services answer it as they answer a connection. */

import { CODES, type Code, codeText } from '../../protocol/codes.js'
import { createRefusal, encodeSendResponse, type Refusal, type SendResult } from '../../protocol/generated/messages.js'
import { acceptedFrom, encodeSyncBody } from '../../protocol/item-codec.js'
import type { Poll, PollAsker } from '../connection/poll.js'
import { Abandonable } from '../lib/abandonable.js'
import type { Caller, TimelinePage } from '../services/types.js'
import { errorAnswer } from './connect-answer.js'
import type { Reply, ShortAnswer } from './types.js'

export interface CallerParts {
  /** The user and the device; both 0 if nobody is known. */
  readonly uid: number
  readonly device: number
  readonly address: string
  /** The `since` of a Sync: what a client has applied was told to it once. */
  readonly told: number
  /** Makes an answer of an encoded response. */
  readonly form: (body: Uint8Array) => ShortAnswer
  /** Takes the answer, once. */
  readonly reply: Reply
}

export class HttpCaller extends Abandonable implements Caller, PollAsker {
  readonly uid: number
  readonly device: number
  readonly address: string
  readonly told: number
  /** The poll of a Sync that may wait: its page goes there first. */
  poll: Poll | undefined = undefined
  readonly #form: (body: Uint8Array) => ShortAnswer
  readonly #reply: Reply

  constructor({ uid, device, address, told, form, reply }: CallerParts) {
    super()
    this.uid = uid
    this.device = device
    this.address = address
    this.told = told
    this.#form = form
    this.#reply = reply
  }

  // The services' side ---------------------------------------------------------------------------------------------------

  respond(_id: number, body: Uint8Array): void {
    this.#reply(this.#form(body), this)
  }

  refuse(_id: number, code: Code, message: string, retryAfterMs = 0, refusal?: Refusal): void {
    if (this.poll?.isSettled === true) return // superseded meanwhile: it has its answer
    this.poll?.leave()
    this.#reply(errorAnswer(code, { message, retryAfterMs, refusal }))
  }

  accepted(_id: number, from: number, version: number): void {
    this.#reply(this.#form(encodeSendResponse({ version, from: acceptedFrom(from, version) })), this)
  }

  synced(_id: number, since: number, page: TimelinePage, results: readonly SendResult[]): void {
    if (this.poll === undefined) this.#page(since, page, results)
    else this.poll.read(page)
  }

  // The poll's side ------------------------------------------------------------------------------------------------------

  answered(page: TimelinePage): void {
    this.#page(this.told, page, [])
  }

  refused(code: Code, retryAfterMs: number, boundAttempt: number): void {
    const refusal = boundAttempt === 0 ? undefined : createRefusal({ boundAttempt })
    this.#reply(errorAnswer(code, { message: codeText(code), retryAfterMs, refusal }))
  }

  #page(since: number, page: TimelinePage, results: readonly SendResult[]): void {
    if (page.kind === 'resync') {
      this.#reply(errorAnswer(CODES.RESYNC.code))
      return
    }
    this.#reply(this.#form(encodeSyncBody(since, page, results)), this)
  }
}

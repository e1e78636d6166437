/** The caller of one request that came over a link: the services answer it as they answer a connection. */

import { EMPTY } from '../../protocol/bytes.js'
import type { Code } from '../../protocol/codes.js'
import { encodeRefusal, encodeResponse } from '../../protocol/frame-codec.js'
import { encodeSendResponse, type Refusal, type SendResult } from '../../protocol/generated/messages.js'
import { acceptedFrom } from '../../protocol/item-codec.js'
import { Abandonable } from '../lib/abandonable.js'
import type { Caller, TimelinePage } from '../services/types.js'
import { encodeFields } from './fields.js'
import { encodePage, LINK } from './messages.js'

/** The caller's end of its link. */
export interface CallersLink {
  /** Answers a request, once. */
  answer(id: number, frame: Uint8Array): void
  notify(method: number, body: Uint8Array): void
}

export interface RemoteCallerId {
  readonly uid: number
  readonly device: number
  readonly address: string
  readonly told: number
  readonly attempt: number
}

export class RemoteCaller extends Abandonable implements Caller {
  readonly uid: number
  readonly device: number
  readonly address: string
  readonly told: number
  readonly attempt: number
  readonly #link: CallersLink
  /** The request's id on the link. */
  readonly id: number

  constructor(link: CallersLink, id: number, { uid, device, address, told, attempt }: RemoteCallerId) {
    super()
    this.uid = uid
    this.device = device
    this.address = address
    this.told = told
    this.attempt = attempt
    this.#link = link
    this.id = id
  }

  pageWaits(waits: boolean): void {
    this.#link.notify(LINK.pageWaits, encodeFields(this.id, waits ? 1 : 0))
  }

  respond(id: number, body: Uint8Array): void {
    this.#link.answer(id, encodeResponse(id, body))
  }

  refuse(id: number, code: Code, message: string, retryAfterMs = 0, refusal?: Refusal): void {
    this.#link.answer(id, encodeRefusal(id, code, message, retryAfterMs, refusal))
  }

  accepted(id: number, from: number, version: number): void {
    this.respond(id, encodeSendResponse({ version, from: acceptedFrom(from, version) }))
  }

  synced(id: number, since: number, page: TimelinePage, results: readonly SendResult[]): void {
    this.respond(id, encodePage(since, page, results))
  }

  /** Answers that it is done. */
  done(): void {
    this.respond(this.id, EMPTY)
  }
}

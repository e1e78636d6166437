/** The client's half of the push rule (PROTOCOL.md, 7.5 and 7.6) in its simplest form: what it has applied, and what it asks. */

import { CODES } from '../../protocol/codes.js'
import { FrameDecoder } from '../../protocol/frame-codec.js'
import {
  decodeNotifyNotice,
  decodePushNotice,
  decodeSendResponse,
  decodeSyncResponse,
  type Frame,
  type Item,
} from '../../protocol/generated/messages.js'
import { itemVersions } from '../../protocol/item-codec.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'

export class ModelClient {
  applied: number
  /** Versions in the order in which they were applied. */
  readonly got: number[] = []
  pulls = 0
  notifies = 0
  readonly #decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
  readonly #pull: (since: number) => number
  readonly #sends = new Set<number>()
  #pullId = 0
  #pullSince = 0
  #remembered = 0

  /** @param pull sends Sync{since} and gives its id */
  constructor(applied: number, pull: (since: number) => number) {
    this.applied = applied
    this.#pull = pull
  }

  get pulling(): boolean {
    return this.#pullId !== 0
  }

  /** A Send with this id is on its way. */
  sending(id: number): void {
    this.#sends.add(id)
  }

  receive(bytes: Uint8Array): void {
    this.#decoder.push(bytes)
    for (let decoded = this.#decoder.next(); decoded !== undefined; decoded = this.#decoder.next()) {
      if (decoded.kind === 'error') throw new Error(decoded.message)
      if (decoded.kind === 'frame') this.#frame(decoded.frame)
    }
  }

  #frame({ id, method, code, body }: Frame): void {
    if (method === METHODS.push.number) {
      const { from, to, items } = decodePushNotice(body)
      this.#range(from, to === 0 ? undefined : to, items)
    } else if (method === METHODS.notify.number) {
      this.notifies++
      const { version } = decodeNotifyNotice(body)
      if (version > this.applied) this.#wants(version)
    } else if (id !== 0 && id === this.#pullId) {
      this.#pullId = 0
      if (code !== CODES.OK.code) throw new Error(`a pull was refused with ${code}`)
      const { to, more, items } = decodeSyncResponse(body)
      this.#range(this.#pullSince, to, items)
      if (more || this.#remembered > this.applied) this.#wants(this.#remembered)
    } else if (this.#sends.delete(id)) {
      const { version, from } = decodeSendResponse(body)
      if (version !== 0) this.#range(from === 0 ? version - 1 : from, version, undefined)
    }
  }

  /** @param items undefined: the own copy, which is the item of version `to` */
  #range(from: number, to: number | undefined, items: readonly Item[] | undefined): void {
    const versions = items === undefined ? [to ?? 0] : itemVersions(from, items)
    const end = to ?? versions.at(-1) ?? from
    if (end <= this.applied) return
    if (from > this.applied) {
      this.#wants(end)
      return
    }
    for (const version of versions) if (version > this.applied) this.got.push(version)
    this.applied = end
  }

  #wants(version: number): void {
    this.#remembered = Math.max(this.#remembered, version)
    if (this.#pullId !== 0) return
    this.pulls++
    this.#pullSince = this.applied
    this.#pullId = this.#pull(this.applied)
  }
}

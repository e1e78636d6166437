/** A device that sends one message after the other over TCP, some of them under way at a time, and keeps what it was answered. */

import { CODES } from '../../protocol/codes.js'
import {
  createSendRequest,
  createSyncRequest,
  decodeSyncResponse,
  type Frame,
  type Session,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { RawClient } from './raw-client.js'

export class Writer {
  /** Numbers of messages that were accepted. */
  readonly accepted = new Set<number>()
  readonly #session: Session
  readonly #to: number
  readonly #text: string
  #client: RawClient | undefined
  #next = 1
  #attempt = 0

  constructor(session: Session, to: number, textBytes: number) {
    this.#session = session
    this.#to = to
    this.#text = 'x'.repeat(textBytes)
  }

  /** Connects; the numbers go on where the server is. @returns the last number that it has */
  async connect(port: number): Promise<number> {
    this.#client?.destroy()
    this.#attempt += 1
    const { client, hello } = await RawClient.open(port, { token: this.#session.token, attempt: this.#attempt })
    this.#client = client
    this.#next = hello.lastSendSeq + 1
    return hello.lastSendSeq
  }

  /** Sends until something else than an acceptance is answered, and gives that; undefined if the connection ends or `stop` says so. */
  async write(stop: () => boolean = () => false, atOnce = 8): Promise<Frame | undefined> {
    const client = this.#live
    const waiting: Promise<Frame | undefined>[] = []
    let refused: Frame | undefined
    const settle = async (): Promise<boolean> => {
      const frame = await waiting.shift()
      if (frame !== undefined && frame.code !== 0) refused ??= frame
      return frame !== undefined && frame.code === 0
    }
    for (let going = true; going && !stop(); ) {
      const seq = this.#next++
      const request = createSendRequest({ sendSeq: seq, to: this.#to, text: `${seq} ${this.#text}` })
      const answer = client.call(METHODS.send, request).then(
        frame => {
          if (frame.code === CODES.OK.code) this.accepted.add(seq)
          return frame
        },
        () => undefined,
      )
      waiting.push(answer)
      if (waiting.length >= atOnce) going = await settle()
    }
    while (waiting.length > 0) await settle()
    return refused
  }

  /** Numbers of the own messages in the timeline. */
  async stored(): Promise<Set<number>> {
    const found = new Set<number>()
    for (let since = 0, more = true; more; ) {
      const page = decodeSyncResponse((await this.#live.call(METHODS.sync, createSyncRequest({ since }))).body)
      for (const { content } of page.items) {
        if (content?.case === 'message' && content.value.sender === this.#session.uid) found.add(content.value.sendSeq)
      }
      since = page.to
      more = page.more
    }
    return found
  }

  /** Those that were accepted and are not there. */
  async lost(): Promise<number[]> {
    const stored = await this.stored()
    return [...this.accepted].filter(seq => !stored.has(seq))
  }

  close(): void {
    this.#client?.destroy()
  }

  get #live(): RawClient {
    if (this.#client === undefined) throw new Error('not connected')
    return this.#client
  }
}

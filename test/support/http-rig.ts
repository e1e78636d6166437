/** The client's HTTP transport between a test that plays the Link above it and a scripted server below. */

import {
  type HttpOptions,
  httpTransport,
  type Transport,
  type TransportConnection,
} from '../../clients/typescript/index.js'
import { codeName } from '../../protocol/codes.js'
import { encodeNotice, encodeRequest } from '../../protocol/frame-codec.js'
import { FrameDecoder } from '../../protocol/frame-decoder.js'
import { createAckNotice, createHelloRequest, type Frame, type PushNotice } from '../../protocol/generated/messages.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS, type MethodName, type RequestOf } from '../../protocol/methods.js'
import { messageItem, STORE_ID, UID } from './client-harness.js'
import { ManualClock } from './manual-clock.js'
import { ScriptedExchange } from './scripted-exchange.js'

/** base64url of 251, 255, 254: with the letters in which it differs from base64. */
export const WIDE_TOKEN = Uint8Array.of(251, 255, 254)
export const BEARER = 'Bearer -__-'

/** A transport with nobody above it. */
export class HttpRig {
  readonly clock = new ManualClock()
  readonly exchange = new ScriptedExchange()
  readonly heard: (Frame | 'ping')[] = []
  readonly connection: TransportConnection
  closed: Error | 'clean' | undefined
  /** What was said with it of the next try. */
  closedForMs = 0
  #lastId = 0

  constructor(options: Partial<HttpOptions> = {}) {
    const transport: Transport = httpTransport({ exchange: this.exchange, clock: this.clock, ...options })
    const decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
    this.connection = transport.connect({
      opened: () => {},
      received: bytes => {
        if (this.closed !== undefined) throw new Error('heard after the end')
        decoder.push(bytes)
        for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
          if (next.kind === 'error') throw new Error(next.message)
          this.heard.push(next.kind === 'ping' ? 'ping' : { ...next.frame, body: next.frame.body.slice() })
        }
      },
      closed: (error, retryAfterMs = 0) => {
        if (this.closed !== undefined) throw new Error('closed twice')
        this.closed = error ?? 'clean'
        this.closedForMs = retryAfterMs
      },
    })
  }

  /** Bound, up to date at `since`, with its poll waiting. */
  static bound(since = 5, options: Partial<HttpOptions> = {}): HttpRig {
    const rig = new HttpRig(options)
    rig.hello(since)
    rig.exchange.take().answer('hello', { uid: UID, device: 1, storeId: STORE_ID, head: since })
    rig.exchange.take().of('sync')
    rig.heard.length = 0
    return rig
  }

  hello(since = 5, attempt = 3): void {
    const hello = createHelloRequest({ token: WIDE_TOKEN, attempt, since, storeId: STORE_ID })
    this.write('hello', hello)
  }

  write<N extends MethodName>(name: N, request: RequestOf<N>): number {
    const [id, bytes] = this.encode(name, request)
    this.connection.write(bytes)
    return id
  }

  encode<N extends MethodName>(name: N, request: RequestOf<N>): [number, Uint8Array] {
    const method = METHODS[name]
    if (method.kind !== 'request') throw new Error(`${name} is a notice`)
    this.#lastId += 1
    const body = (method.encodeRequest as (request: unknown) => Uint8Array)(request)
    return [this.#lastId, encodeRequest(this.#lastId, method.number, body)]
  }

  /** Sends in one write. */
  sends(from: number, count: number, text = 'x'): void {
    const frames = Array.from({ length: count }, (_, i) => this.encode('send', { sendSeq: from + i, to: 300, text })[1])
    this.connection.write(new Uint8Array(Buffer.concat(frames)))
  }

  ack(version: number): void {
    this.connection.write(encodeNotice(METHODS.ack.number, METHODS.ack.encode(createAckNotice({ version }))))
  }

  /** What was heard since the last time, in short. */
  told(): string[] {
    return this.heard.splice(0).map(frame => {
      if (frame === 'ping') return 'ping'
      if (frame.method === METHODS.push.number) return pushText(METHODS.push.decode(frame.body))
      const code = frame.code === 0 ? '' : ` ${codeName(frame.code)}`
      if (frame.method === METHODS.close.number) return `close${code} ${METHODS.close.decode(frame.body).boundAttempt}`
      return `${frame.id}${code}`
    })
  }
}

function pushText({ from, to, items }: PushNotice): string {
  return `push ${from}-${to} ${items.length}`
}

/** A page of so many messages right behind `since`. */
export function page(
  since: number,
  count: number,
  more = false,
): { to: number; more: boolean; items: ReturnType<typeof messageItem>[] } {
  const items = Array.from({ length: count }, (_, i) => messageItem(`7/1/${since + i + 1}`))
  return { to: since + count, more, items }
}

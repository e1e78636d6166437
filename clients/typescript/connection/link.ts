// One connection from its first byte to its last: frames, request ids, the ping, and when to give it up.
//
//   opening ──opened──► open ──────────────────────────────────► closed{why}
//      │                 │  closed by the other side, bytes that are no frames, drop()
//      └──too slow───────┴──silence: a request or a ping without an answer──────┘
//
// The first reason wins; what the transport says afterwards is not heard. One timer serves all deadlines.

import { encodeNotice, encodeRequest, FrameDecoder, PING } from '../../../protocol/frame-codec.js'
import { DecodeError, type Frame } from '../../../protocol/generated/messages.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../../protocol/limits.js'
import { joined } from '../base/bytes.js'
import { BrokenServer, errorOf } from '../base/errors.js'
import type { Clock, TimerHandle } from '../base/system.js'
import type { Transport, TransportConnection } from '../transports/transport.js'

export interface LinkOptions {
  /** The time that a connection may take to open. */
  readonly connectTimeoutMs: number
  /** The time that a request may be unanswered while nothing at all comes. */
  readonly requestTimeoutMs: number
  /** The longest time in which nothing is sent, or nothing is heard. */
  readonly heartbeatMs: number
  /** The time that a ping may be unanswered while nothing at all comes. */
  readonly pongTimeoutMs: number
}

/** The reason why a link ended. */
export type LinkEnd =
  | { readonly kind: 'closed'; readonly error: Error | undefined; readonly retryAfterMs: number }
  | { readonly kind: 'timeout'; readonly what: 'connect' | 'request' | 'ping' }
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'dropped' }

export interface LinkHandlers {
  opened(): void
  /** A frame with a method and no id; its body is valid during the call. */
  notice(frame: Frame): void
  /** Everything that came in one piece was handled. */
  received(): void
  ended(end: LinkEnd): void
}

interface Due {
  readonly atMs: number
  readonly what: 'connect' | 'request' | 'ping' | 'heartbeat'
}

interface Asked {
  readonly atMs: number
  readonly timeoutMs: number
  /** The frame's body is valid during the call. */
  readonly answered: (frame: Frame) => void
}

/** Ids go round so: below 128 an id is one byte. There are never so many requests without an answer (64 numbered ones, few others). */
const ID_MAX = 127

/**
 * The longest wait that the other side can ask for. Such waits go into timers, and more than a day counts as a day. So no mistake
 * of a server or a proxy silences a client for good. Every frame and every end passes here.
 */
const RETRY_AFTER_MS_MAX = 86_400_000

/** A server that sends, but has not answered the oldest request after so many timeouts, does not answer it. */
const PATIENCE = 4

export class Link {
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #handlers: LinkHandlers
  readonly #options: LinkOptions
  readonly #decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)
  readonly #asked = new Map<number, Asked>()
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #connection: TransportConnection | undefined
  #out: Uint8Array[] = []
  readonly #leaving: (() => void)[] = []
  #lastId = 0
  #startedMs = 0
  #heardMs = 0
  #wroteMs = 0
  /** The time since which the oldest request is the oldest: over HTTP a window is answered one by one. */
  #turnMs = 0
  /** The time when the ping without an answer was sent. */
  #pingedMs: number | undefined
  #timer: TimerHandle | undefined
  #timerMs = 0

  constructor(transport: Transport, clock: Clock, handlers: LinkHandlers, options: LinkOptions) {
    this.#transport = transport
    this.#clock = clock
    this.#handlers = handlers
    this.#options = options
  }

  get state(): 'opening' | 'open' | 'closed' {
    return this.#state
  }

  /** Unanswered requests. */
  get waiting(): number {
    return this.#asked.size
  }

  start(): void {
    this.#startedMs = this.#clock.monotonic()
    this.#watch()
    try {
      const connection = this.#transport.connect({
        opened: () => this.#opened(),
        received: bytes => this.#received(bytes),
        closed: (error, retryAfterMs = 0) => {
          this.#end({ kind: 'closed', error, retryAfterMs: Math.min(retryAfterMs, RETRY_AFTER_MS_MAX) })
        },
      })
      this.#connection = connection
      if (this.state === 'closed') connection.close()
    } catch (error) {
      this.#end({ kind: 'closed', error: errorOf(error), retryAfterMs: 0 })
    }
  }

  /** Asks for a flush() to follow. @returns the request's id, for frames that are encoded elsewhere */
  begin(answered: (frame: Frame) => void, timeoutMs = this.#options.requestTimeoutMs): number {
    do this.#lastId = this.#lastId >= ID_MAX && this.#asked.size < ID_MAX ? 1 : this.#lastId + 1
    while (this.#asked.has(this.#lastId))
    this.#asked.set(this.#lastId, { atMs: this.#clock.monotonic(), timeoutMs, answered })
    return this.#lastId
  }

  request(method: number, body: Uint8Array, answered: (frame: Frame) => void, timeoutMs?: number): void {
    this.write(encodeRequest(this.begin(answered, timeoutMs), method, body))
  }

  notice(method: number, body: Uint8Array): void {
    this.write(encodeNotice(method, body))
  }

  /** Whole frames; they leave with the next flush(). */
  write(bytes: Uint8Array): void {
    if (this.#state !== 'closed') this.#out.push(bytes)
  }

  /** @param leaving called whenever frames are about to leave: what it writes goes with them */
  onLeaving(leaving: () => void): void {
    this.#leaving.push(leaving)
  }

  /** Sends what was written since the last one, in one piece. */
  flush(): void {
    if (this.#state !== 'open' || this.#connection === undefined || this.#out.length === 0) return
    for (const leaving of this.#leaving) leaving()
    const bytes = joined(this.#out)
    this.#out = []
    this.#wroteMs = this.#clock.monotonic()
    this.#connection.write(bytes)
    this.#watch()
  }

  /** Asks whether the other side is there; silence ends the link. */
  ping(): void {
    if (this.#state !== 'open' || this.#pingedMs !== undefined) return
    this.#pingedMs = this.#clock.monotonic()
    this.write(PING)
    this.flush()
  }

  /** Ends the link; what was written still leaves. */
  drop(end: LinkEnd = { kind: 'dropped' }): void {
    this.flush()
    this.#end(end)
  }

  #opened(): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#heardMs = this.#wroteMs = this.#clock.monotonic()
    this.#handlers.opened()
    this.#watch()
  }

  #received(bytes: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#heardMs = this.#clock.monotonic()
    this.#pingedMs = undefined
    this.#decoder.push(bytes)
    try {
      this.#readFrames()
    } catch (error) {
      // Anything else is a bug of ours and must be seen.
      if (!(error instanceof DecodeError || error instanceof BrokenServer)) throw error
      this.#end({ kind: 'broken', message: error.message })
    }
    if (this.state !== 'closed') this.#handlers.received()
  }

  #readFrames(): void {
    for (;;) {
      const decoded = this.#decoder.next()
      if (decoded === undefined) return
      if (decoded.kind === 'error') throw new BrokenServer(decoded.message)
      if (decoded.kind === 'frame') this.#frame(bounded(decoded.frame))
      if (this.state === 'closed') return
    }
  }

  #frame(frame: Frame): void {
    if (frame.id === 0) {
      this.#handlers.notice(frame)
      return
    }
    // A request from the server: of a protocol that is not ours yet, and harmless. So is an answer nobody waits for.
    const asked = frame.method === 0 ? this.#asked.get(frame.id) : undefined
    if (asked === undefined) return
    const [oldest] = this.#asked.keys()
    if (oldest === frame.id) this.#turnMs = this.#heardMs
    this.#asked.delete(frame.id)
    asked.answered(frame)
  }

  #end(end: LinkEnd): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#out = []
    this.#asked.clear()
    this.#connection?.close()
    this.#handlers.ended(end)
  }

  /** Sees to it that the timer runs by the next deadline. It may run early, and then looks again. */
  #watch(): void {
    if (this.#state === 'closed') return
    const now = this.#clock.monotonic()
    const dueMs = this.#due().atMs
    if (this.#timer !== undefined && this.#timerMs <= dueMs) return
    this.#timer?.cancel()
    this.#timerMs = dueMs
    this.#timer = this.#clock.after(Math.max(0, dueMs - now), () => {
      this.#timer = undefined
      this.#check()
    })
  }

  #check(): void {
    if (this.#state === 'closed') return
    const due = this.#due()
    if (due.atMs > this.#clock.monotonic()) {
      this.#watch()
    } else if (due.what === 'heartbeat') {
      this.ping()
      this.#watch()
    } else {
      this.#end({ kind: 'timeout', what: due.what })
    }
  }

  #due(): Due {
    const { connectTimeoutMs, heartbeatMs, pongTimeoutMs } = this.#options
    if (this.#state === 'opening') return { atMs: this.#startedMs + connectTimeoutMs, what: 'connect' }
    let due: Due = {
      atMs: Math.min(this.#wroteMs, this.#heardMs) + heartbeatMs,
      what: 'heartbeat',
    }
    if (this.#pingedMs !== undefined) due = { atMs: this.#pingedMs + pongTimeoutMs, what: 'ping' }
    // The oldest request: a map keeps its order.
    for (const { atMs, timeoutMs } of this.#asked.values()) {
      const requestMs = Math.min(
        Math.max(atMs, this.#heardMs) + timeoutMs,
        Math.max(atMs, this.#turnMs) + PATIENCE * timeoutMs,
      )
      return requestMs < due.atMs ? { atMs: requestMs, what: 'request' } : due
    }
    return due
  }
}

function bounded(frame: Frame): Frame {
  return frame.retryAfterMs > RETRY_AFTER_MS_MAX ? { ...frame, retryAfterMs: RETRY_AFTER_MS_MAX } : frame
}

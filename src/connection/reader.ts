/**
 * The input of one connection: bytes of the pipe become frames, which it hands to its owner one after the other. It reads by pulling:
 * what must wait stays in the decoder, and then in the pipe.
 *
 *            the leading 00            something must wait (the owner, a held frame, the peer's rate)
 *   fresh ────────────────► flowing ◄────────────────────────────────────────────────────────────────► paused
 *     │ the peer's end         │ the peer's end                                     the peer's end        │
 *     └────────────────────► ended ◄─────────────────────────────────────────────────────────────────► ending
 *
 *   stop(), from every state ──► stopped: no frame is taken any more
 *
 * The pipe is paused in `paused` and `ending`. A peer that has ended may have sent more than was taken so far.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import { type DecodedFrame, FrameDecoder } from '../../protocol/frame-decoder.js'
import type { Frame } from '../../protocol/generated/messages.js'
import { FRAME_TO_SERVER_BYTES_MAX, HELLO_BYTES_MAX, PINGS_PER_SECOND_MAX } from '../../protocol/limits.js'
import { ticksOf } from './connection-state.js'
import type { ConnectionContext } from './context.js'
import type { Pipe } from './pipe.js'
import { slowing } from './slowing.js'

/** The connection, as its reader sees it. */
export interface FrameTaker {
  readonly context: Pick<ConnectionContext, 'wheel' | 'limits'>
  readonly pipe: Pipe
  readonly uid: number
  readonly device: number
  readonly address: string
  /** Whether the next frame must stay unread for now. The owner calls readOn() when that changes. */
  waits(): boolean
  /** Does what the frame asks; false to be given it again by readOn(). */
  take(frame: Frame): boolean
  /** Whether a ping may come now; if not, the connection has closed itself. */
  takePing(): boolean
  /** Answers the pings of one read. */
  answerPing(): void
  /** Enters the wheel for whatever is due first. */
  rearm(): void
  /** Ends the connection; calls stop(). */
  close(code: Code, message?: string): void
}

type ReaderState = 'fresh' | 'flowing' | 'paused' | 'ended' | 'ending' | 'stopped'

export class Reader {
  /** The tick of the last bytes. */
  seenTick: number
  /** The tick before which nothing is read, because too many bytes came; 0 while they are read as they come. */
  slowTick = 0
  readonly #owner: FrameTaker
  readonly #decoder = new FrameDecoder(HELLO_BYTES_MAX)
  #state: ReaderState
  /** The frame that take() put off. */
  #held: DecodedFrame | undefined = undefined
  // Pings and notices of the present tick.
  #countedTick = 0
  #counted = 0

  /** @param leadingZero the first byte must be the 00 that tells Longwire from TLS and HTTP */
  constructor(owner: FrameTaker, leadingZero: boolean) {
    this.#owner = owner
    this.#state = leadingZero ? 'fresh' : 'flowing'
    this.seenTick = owner.context.wheel.tick
  }

  /** Whether the pipe is paused: nobody hears the peer. */
  get waiting(): boolean {
    return this.#state === 'paused' || this.#state === 'ending'
  }

  /** Whether the peer will send no more. */
  get ended(): boolean {
    return this.#state === 'ended' || this.#state === 'ending'
  }

  /** Takes bytes of the pipe, which must not change afterwards. */
  receive(chunk: Uint8Array): void {
    this.seenTick = this.#owner.context.wheel.tick
    this.countBytes(chunk.length)
    const rest = this.#state === 'fresh' ? this.#afterLeadingZero(chunk) : chunk
    if (rest === undefined) return
    this.#decoder.push(rest)
    this.readOn()
  }

  /** The bytes behind the leading 00; undefined if it has not come, or another byte has. */
  #afterLeadingZero(chunk: Uint8Array): Uint8Array | undefined {
    const first = chunk[0]
    if (first === 0) {
      this.#state = 'flowing'
      return chunk.subarray(1)
    }
    if (first !== undefined) this.#owner.close(CODES.PROTOCOL_ERROR.code, notLongwire(first))
    return undefined
  }

  /** Takes frames until there are none, or something must wait. */
  readOn(): void {
    if (this.#state === 'stopped') return
    const owner = this.#owner
    let pinged = false
    let waits = this.#mustWait()
    for (; !waits; waits = this.#mustWait()) {
      const decoded = this.#held ?? this.#decoder.next()
      if (decoded === undefined) break
      this.#held = undefined
      if (decoded.kind === 'frame') {
        if (!owner.take(decoded.frame)) {
          this.#held = decoded
          waits = true
          break
        }
      } else if (decoded.kind === 'error') {
        owner.close(decoded.code as Code, decoded.message)
      } else if (owner.takePing() && this.countUnanswered()) {
        pinged = true
      }
      if (this.#isStopped()) return
    }
    if (pinged) owner.answerPing() // one for all of a read (PROTOCOL.md, 5.1)
    if (waits !== this.waiting) this.#wait(waits)
  }

  /** Whether the owner has stopped it while it took a frame. */
  #isStopped(): boolean {
    return this.#state === 'stopped'
  }

  #wait(waits: boolean): void {
    const { pipe } = this.#owner
    if (waits) {
      this.#state = this.ended ? 'ending' : 'paused'
      pipe.pause()
    } else {
      this.#state = this.ended ? 'ended' : 'flowing'
      pipe.resume()
    }
  }

  #mustWait(): boolean {
    return this.slowTick !== 0 || this.#owner.waits()
  }

  /** Lets the next frames be as large as any: the first has been small enough. */
  takeLargeFrames(): void {
    this.#decoder.bytesMax = FRAME_TO_SERVER_BYTES_MAX
  }

  /** Counts bytes of the peer. One that sends too much is not read for a while: what it sends waits on its own side. */
  countBytes(bytes: number): void {
    const owner = this.#owner
    const { limits, wheel } = owner.context
    const waitMs = slowing(limits, owner, bytes)
    if (waitMs === 0) return
    this.slowTick = wheel.tick + ticksOf(waitMs)
    owner.rearm()
  }

  /** Reads on if the peer was slowed for long enough. */
  readFaster(): void {
    if (this.slowTick === 0 || this.#owner.context.wheel.tick < this.slowTick) return
    this.slowTick = 0
    this.readOn()
  }

  /** Counts a ping or a notice, which nothing else limits. False: too many came, and the connection is closed. */
  countUnanswered(): boolean {
    const { tick } = this.#owner.context.wheel
    if (tick !== this.#countedTick) {
      this.#countedTick = tick
      this.#counted = 0
    }
    if (++this.#counted <= PINGS_PER_SECOND_MAX) return true
    this.#owner.close(CODES.FLOOD.code, `more than ${PINGS_PER_SECOND_MAX} pings and notices in a second`)
    return false
  }

  /** Notes that the peer will send no more. */
  end(): void {
    if (this.#state === 'paused') this.#state = 'ending'
    else if (this.#state !== 'stopped' && this.#state !== 'ending') this.#state = 'ended'
  }

  /** Takes no more frames. The pipe is read on, or the peer's end would not be seen. */
  stop(): void {
    const { waiting } = this
    this.#state = 'stopped'
    this.#held = undefined
    if (waiting) this.#owner.pipe.resume()
  }
}

const TLS_HANDSHAKE = 0x16

function notLongwire(first: number): string {
  if (first === TLS_HANDSHAKE) return 'the first byte is of a TLS handshake, and this port does not speak TLS'
  return `the first byte is ${first}, not 0`
}

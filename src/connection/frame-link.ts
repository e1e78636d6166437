/**
 * The lower half of a connection: bytes to frames and back. It reads by pulling: what must wait stays in the decoder, and
 * then in the pipe. What it writes is gathered until the turn of the event loop ends. It knows pings, and nothing of what
 * frames mean; the connection, which extends it (one object, no call between two), does.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import { PING } from '../../protocol/frame-codec.js'
import { FrameDecoder } from '../../protocol/frame-decoder.js'
import type { Frame } from '../../protocol/generated/messages.js'
import { FRAME_TO_SERVER_BYTES_MAX, HELLO_BYTES_MAX, PINGS_PER_SECOND_MAX } from '../../protocol/limits.js'
import { TICK_MS, Timed } from '../lib/wheel.js'
import type { ConnectionContext } from './context.js'
import type { Flushable } from './flusher.js'
import { Outgoing } from './outgoing.js'
import type { Pipe, Transport } from './pipe.js'
import { slowing } from './slowing.js'

export interface LinkOptions {
  /** Whether the first byte must be the 00 that tells Longwire from TLS and HTTP (TCP) or not (WebSocket). */
  readonly leadingZero: boolean
  /** Until the Hello must be complete; absent: HELLO_TIMEOUT_MS. */
  readonly helloMs?: number
}

export abstract class FrameLink extends Timed implements Flushable {
  protected readonly context: ConnectionContext
  protected readonly pipe: Pipe
  protected readonly outgoing: Outgoing
  /** When the last bytes came. */
  protected seenTick: number
  /** Nothing is read before: too many bytes came. 0: it is read as it comes. */
  protected slowTick = 0
  abstract readonly uid: number
  abstract readonly device: number
  abstract readonly address: string
  readonly #decoder = new FrameDecoder(HELLO_BYTES_MAX)
  #leadingZeroDue: boolean
  /** In the flusher's list. */
  #marked = false
  /** A request that is answered at once must not read on from within. */
  #reading = false
  /** The pipe is paused. */
  #paused = false
  /** Frames are no longer taken. */
  #stopped = false
  /** A frame that take() put off. */
  #held: Frame | undefined = undefined
  /** What the backlog counts of what waits. */
  #counted = 0
  #pingTick = 0
  #pings = 0

  constructor(context: ConnectionContext, pipe: Pipe, options: LinkOptions) {
    super()
    this.context = context
    this.pipe = pipe
    this.outgoing = new Outgoing(pipe)
    this.#leadingZeroDue = options.leadingZero
    this.seenTick = context.wheel.tick
  }

  get transport(): Transport {
    return this.pipe.transport
  }

  /** Bytes on their way to the peer that this process holds. */
  get waitingBytes(): number {
    return this.outgoing.bytes + this.pipe.queuedBytes
  }

  isBetween(localPort: number, remoteAddress: string, remotePort: number): boolean {
    return this.pipe.isBetween?.(localPort, remoteAddress, remotePort) === true
  }

  /** Tells the backlog how many bytes wait now; mostly none did and none do. */
  protected countWaiting(bytes: number): void {
    if (bytes === this.#counted) return
    this.context.backlog.change(this, bytes - this.#counted)
    this.#counted = bytes
  }

  /** Whether the next frame must stay unread for now. When that changes, readOn() is to be called. */
  protected abstract waits(): boolean
  /** Does what the frame asks; false to put it off, to be given it again by readOn(). */
  protected abstract take(frame: Frame): boolean
  /** Whether a ping may come now; if not, the connection has closed itself. */
  protected abstract takePing(): boolean
  /** Enters the wheel for whatever is due first. */
  protected abstract arm(): void
  /** Ends the connection, and by the way calls stopReading(). */
  abstract close(code: Code, message?: string): void
  /** Writes what was gathered; called at the end of the turn, and when the pipe takes bytes again. */
  abstract flush(): void

  /** The pipe is paused: nobody hears the peer. */
  protected get paused(): boolean {
    return this.#paused
  }

  /** The first frame has been small enough: the next may be as large as any. */
  protected takeLargeFrames(): void {
    this.#decoder.bytesMax = FRAME_TO_SERVER_BYTES_MAX
  }

  protected read(chunk: Uint8Array): void {
    this.seenTick = this.context.wheel.tick
    this.countBytes(chunk.length)
    if (this.#leadingZeroDue && chunk.length > 0) {
      this.#leadingZeroDue = false
      const first = chunk[0] as number
      if (first !== 0) {
        this.close(CODES.PROTOCOL_ERROR.code, notLongwire(first))
        return
      }
      this.#decoder.push(chunk.subarray(1))
    } else {
      this.#decoder.push(chunk)
    }
    this.readOn()
  }

  /** A peer that sends too much is not read for a while: what it sends waits on its own side. */
  protected countBytes(bytes: number): void {
    const waitMs = slowing(this.context.limits, this, bytes)
    if (waitMs === 0) return
    this.slowTick = this.tickIn(waitMs)
    this.arm()
  }

  /** The wheel's call: reads on if it was slowed for long enough. */
  protected readFaster(): void {
    if (this.slowTick === 0 || this.context.wheel.tick < this.slowTick) return
    this.slowTick = 0
    if (!this.#stopped) this.readOn()
  }

  /** Takes frames until there are none, or something must be waited for first. */
  protected readOn(): void {
    if (this.#reading) return
    this.#reading = true
    const pinged = this.#takeAll()
    this.#reading = false
    if (this.#stopped) return
    if (pinged) this.write(PING) // one for all of a read (PROTOCOL.md, 5.1)
    const waits = this.#held !== undefined || this.#mustWait()
    if (waits === this.#paused) return
    this.#paused = waits
    if (waits) this.pipe.pause()
    else this.pipe.resume()
  }

  /** Whether it took a ping. */
  #takeAll(): boolean {
    let pinged = false
    while (!this.#stopped && !this.#mustWait()) {
      const held = this.#held
      if (held !== undefined) {
        this.#held = undefined
        if (this.take(held)) continue
        this.#held = held
        break
      }
      const decoded = this.#decoder.next()
      if (decoded === undefined) break
      if (decoded.kind === 'frame') {
        if (this.take(decoded.frame)) continue
        this.#held = decoded.frame
        break
      }
      if (decoded.kind === 'error') this.close(decoded.code as Code, decoded.message)
      else if (this.takePing() && this.countUnanswered()) pinged = true
    }
    return pinged
  }

  protected tickIn(ms: number): number {
    return this.context.wheel.tick + Math.ceil(ms / TICK_MS)
  }

  #mustWait(): boolean {
    return this.slowTick !== 0 || this.waits()
  }

  /** Takes no more frames. The pipe is read on, or the peer's end would not be seen. */
  protected stopReading(): void {
    this.#stopped = true
    this.#held = undefined
    if (!this.#paused) return
    this.#paused = false
    this.pipe.resume()
  }

  protected write(frame: Uint8Array): void {
    this.outgoing.push(frame)
    this.mark()
  }

  /** Something is to be written when the turn ends. */
  protected mark(): void {
    if (this.#marked) return
    this.#marked = true
    this.context.flusher.mark(this)
  }

  protected unmark(): void {
    this.#marked = false
  }

  /** Of pings and notices, which nothing else limits. False: too many came, and the connection is closed. */
  protected countUnanswered(): boolean {
    const { tick } = this.context.wheel
    if (tick !== this.#pingTick) {
      this.#pingTick = tick
      this.#pings = 0
    }
    if (++this.#pings <= PINGS_PER_SECOND_MAX) return true
    this.close(CODES.FLOOD.code, `more than ${PINGS_PER_SECOND_MAX} pings and notices in a second`)
    return false
  }
}

const TLS_HANDSHAKE = 0x16

function notLongwire(first: number): string {
  if (first === TLS_HANDSHAKE) return 'the first byte is of a TLS handshake, and this port does not speak TLS'
  if (first >= 0x41 && first <= 0x5a) return 'the first byte is of an HTTP request, and this port does not speak HTTP'
  return `the first byte is ${first}, not 0`
}

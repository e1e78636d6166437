/**
 * The output of one connection: frames gather until the turn of the event loop ends, then go into the pipe.
 *
 *   write() ─► frames ── marked: the flusher calls the owner at the turn's end ─► send() ─► pieces of 64 KiB ─► pipe
 *                │                                                                   ▲
 *                │ above QUEUE_BYTES_HIGH: congested, until all is taken             └─ the pipe has taken everything
 *                └─ what waits, here and in the pipe, is counted by the backlog; since stalledTick the pipe has been full
 *
 * Bytes that the pipe does not take stay here, in frames, and not in the pipe. This shows whether they move, and tells a peer that takes
 * a little from time to time from one that takes nothing.
 */

import { TICK_MS, type Wheel } from '../lib/wheel.js'
import type { Backlog } from './backlog.js'
import type { Flushable, Flusher } from './flusher.js'
import type { Pipe } from './pipe.js'

/** The time after which a peer that takes none of 64 KiB is gone or hostile: the slowest link worth serving (2.5 KB/s) needs 26 s. */
export const STALL_MS_MAX = 60_000
const STALL_TICKS_MAX = STALL_MS_MAX / TICK_MS

/**
 * The most bytes that are given to the pipe at a time. One of these per STALL_MS_MAX is the slowest rate that keeps a connection, a
 * kilobyte per second; and a fast peer's page of 256 KiB costs five system calls.
 */
export const WRITE_BYTES_MAX = 65_536

/** The bytes (a page) above which a connection is congested: no pushes, and nothing is read, until the peer has taken all. */
export const QUEUE_BYTES_HIGH = 262_144

/** The bytes that one turn may write before it is too much for a frame that nobody misses. */
export const LITTLE_BYTES = 16_384

const NONE: Uint8Array[] = []

/** The connection, as its writer sees it. */
export interface FrameSource extends Flushable {
  readonly context: {
    readonly wheel: Pick<Wheel, 'tick'>
    readonly flusher: Pick<Flusher, 'mark'>
    readonly backlog: Pick<Backlog, 'change'>
  }
  readonly pipe: Pipe
  readonly uid: number
  readonly device: number
  readonly address: string
}

export class Writer {
  readonly #owner: FrameSource
  #frames = NONE
  #bytes = 0
  /** Whether the first frame is the rest of one that the peer has begun to get: it must stay. */
  #cut = false
  #congested = false
  #stalledTick = 0
  /** Whether it is in the flusher's list. */
  #marked = false
  /** The bytes that the backlog counts for it. */
  #counted = 0

  constructor(owner: FrameSource) {
    this.#owner = owner
  }

  /** Bytes on their way to the peer that this process holds, here or in the pipe. */
  get waitingBytes(): number {
    return this.#bytes + this.#owner.pipe.queuedBytes
  }

  /** Whether nothing waits, here or in the pipe. */
  get empty(): boolean {
    return this.waitingBytes === 0
  }

  /** Whether it went above QUEUE_BYTES_HIGH and has not been empty since. */
  get congested(): boolean {
    return this.#congested
  }

  /** Whether the peer has taken all but a little of this turn: then a frame more delays nothing. */
  get keepsUp(): boolean {
    return (
      this.#stalledTick === 0 && this.#owner.pipe.queuedBytes === 0 && this.#bytes < LITTLE_BYTES && !this.#congested
    )
  }

  /** The tick since when the pipe has been full, each WRITE_BYTES_MAX anew; 0 if it is not. */
  get stalledTick(): number {
    return this.#stalledTick
  }

  /** The tick at which a peer that takes nothing is too slow; Infinity while the pipe is not full. */
  get overdueTick(): number {
    return this.#stalledTick === 0 ? Number.POSITIVE_INFINITY : this.#stalledTick + STALL_TICKS_MAX
  }

  /** Queues a frame for the end of the turn. Its bytes must not change any more. */
  write(frame: Uint8Array): void {
    this.push(frame)
    this.mark()
  }

  /** Has the owner flushed when the turn ends. */
  mark(): void {
    if (this.#marked) return
    this.#marked = true
    this.#owner.context.flusher.mark(this.#owner)
  }

  /** The owner flushes now. */
  unmark(): void {
    this.#marked = false
  }

  /** Queues a frame for the next send(). Its bytes must not change any more. */
  push(frame: Uint8Array): void {
    if (this.#frames === NONE) this.#frames = [frame]
    else this.#frames.push(frame)
    this.#bytes += frame.length
  }

  /**
   * Says that `bytes` more are to come in this turn.
   * @returns whether that would be too much; it is congested then
   */
  overfull(bytes: number): boolean {
    if (this.#bytes + bytes > QUEUE_BYTES_HIGH) this.#congested = true
    return this.#congested
  }

  /**
   * Gives the pipe what it takes.
   * @returns whether the pipe is full since now
   */
  send(): boolean {
    const { context, pipe } = this.#owner
    const wasStalled = this.#stalledTick !== 0
    this.#fill(pipe, context.wheel.tick)
    this.#count(this.#stalledTick === 0 ? 0 : this.waitingBytes)
    return !wasStalled && this.#stalledTick !== 0
  }

  #fill(pipe: Pipe, tick: number): void {
    while (pipe.queuedBytes === 0) {
      this.#stalledTick = 0
      const bytes = this.#take()
      if (bytes === undefined) {
        this.#congested = false
        return
      }
      pipe.write(bytes)
    }
    if (this.#bytes > QUEUE_BYTES_HIGH) this.#congested = true
    if (this.#stalledTick === 0) this.#stalledTick = tick
  }

  /** Forgets all but the rest of a frame that the peer has begun to get. */
  drop(): void {
    const [first] = this.#frames
    this.#frames = first !== undefined && this.#cut ? [first] : NONE
    this.#bytes = this.#frames[0]?.length ?? 0
  }

  /** Forgets what the backlog counts: what waits belongs to another owner from now on, or is gone. */
  uncount(): void {
    this.#count(0)
  }

  /** Tells the backlog how many bytes wait now; mostly none did and none do. */
  #count(bytes: number): void {
    if (bytes === this.#counted) return
    this.#owner.context.backlog.change(this.#owner, bytes - this.#counted)
    this.#counted = bytes
  }

  /** The next bytes to write, in one piece; undefined when there are none. */
  #take(): Uint8Array | undefined {
    const frames = this.#frames
    const first = frames[0]
    if (first === undefined) return undefined
    if (this.#bytes <= WRITE_BYTES_MAX) {
      const bytes = frames.length === 1 ? first : joined(frames, frames.length, this.#bytes)
      this.#frames = NONE
      this.#bytes = 0
      this.#cut = false
      return bytes
    }
    this.#cut = first.length > WRITE_BYTES_MAX
    if (this.#cut) {
      frames[0] = first.subarray(WRITE_BYTES_MAX)
      this.#bytes -= WRITE_BYTES_MAX
      return first.subarray(0, WRITE_BYTES_MAX)
    }
    let count = 0
    let bytes = 0
    for (const frame of frames) {
      if (bytes + frame.length > WRITE_BYTES_MAX) break
      bytes += frame.length
      count++
    }
    this.#bytes -= bytes
    return joined(frames.splice(0, count), count, bytes)
  }
}

// Joining 10 frames of 34 bytes and writing them costs 7.8 µs with the system call, corking and a vectored write 20 µs; of
// 50 frames 11 and 28 µs; one frame as it is 6.5 µs (Node 20, 2-core x86 VM, loopback, 2026-11).
function joined(frames: readonly Uint8Array[], count: number, bytes: number): Uint8Array {
  const out = Buffer.allocUnsafe(bytes)
  let at = 0
  for (let i = 0; i < count; i++) {
    const frame = frames[i] as Uint8Array
    out.set(frame, at)
    at += frame.length
  }
  return out
}

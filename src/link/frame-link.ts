/**
 * One end of a link: frames over a pipe, and beats. An end that hears nothing for SILENCE_MS gives the link up, because the other one may
 * be dead, cut off, or stopped.
 *
 *   open ──► the other end closes, is silent, sends what is no frame, does not read ──► lost, told once
 */
import { encodeFrame, FrameDecoder, PING } from '../../protocol/frame-codec.js'
import type { Frame } from '../../protocol/generated/messages.js'
import type { Clock, TimerHandle } from '../lib/clock.js'

/** The bytes under a link: a TCP connection, or one of the simulation. */
export interface LinkPipe {
  /** The bytes that were written and not taken yet. */
  readonly queuedBytes: number
  /** Writes bytes, which are the pipe's from then on. */
  write(bytes: Uint8Array): void
  /** Closes when everything is written. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export const BEAT_MS = 1_000
export const SILENCE_MS = 4_000
/** The time in which the other end closes when this one has. */
export const END_MS = 5_000
/** The most bytes that may wait for an end that does not read: more than all calls and acks that lanes.ts sends again at once. */
export const QUEUED_BYTES_MAX = 128 * 2 ** 20

/** The bytes that wait for an end from which on it gets no transient events: requests and answers go first. */
export const BEHIND_BYTES = 262_144

export interface FrameLinkOptions {
  readonly pipe: LinkPipe
  readonly clock: Clock
  /** The largest frame that is taken at first. */
  readonly bytesMax: number
  /** Takes a frame. Throws DecodeError if its body is not what it should be. */
  readonly take: (frame: Frame) => void
  /** Called once, when nothing more can be sent or received. */
  readonly onLost: (why: string) => void
  /** Called when the pipe is closed, which may be later. */
  readonly onClosed?: () => void
}

export class FrameLink {
  readonly #options: FrameLinkOptions
  readonly #decoder: FrameDecoder
  #heardMs: number
  #beatMs: number
  #timer: TimerHandle
  #endTimer: TimerHandle | undefined
  #isLost = false

  constructor(options: FrameLinkOptions) {
    this.#options = options
    this.#decoder = new FrameDecoder(options.bytesMax)
    this.#heardMs = options.clock.monotonic()
    this.#beatMs = this.#heardMs
    this.#timer = options.clock.after(BEAT_MS, () => this.#beat())
  }

  /** The largest frame that is taken from now on. */
  set bytesMax(bytes: number) {
    this.#decoder.bytesMax = bytes
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** Whether the other end reads more slowly than it is written to. */
  get isBehind(): boolean {
    return this.#options.pipe.queuedBytes > BEHIND_BYTES
  }

  /** Takes bytes from the pipe, in any cut; they must not change afterwards. */
  receive(chunk: Uint8Array): void {
    if (this.#isLost) return
    this.#heardMs = this.#options.clock.monotonic()
    this.#decoder.push(chunk)
    for (let next = this.#decoder.next(); next !== undefined && !this.#isLost; next = this.#decoder.next()) {
      if (next.kind === 'error') this.lose(next.message)
      else if (next.kind === 'frame') this.#take(next.frame)
    }
  }

  /** Called when the pipe is closed. */
  closed(): void {
    this.lose('the other end closed it')
    this.#endTimer?.cancel()
    this.#options.onClosed?.()
  }

  send(frame: Partial<Frame>): void {
    this.write(encodeFrame(frame))
  }

  /** Writes an encoded frame. */
  write(frame: Uint8Array): void {
    if (this.#isLost) return
    const { pipe } = this.#options
    pipe.write(frame)
    if (pipe.queuedBytes > QUEUED_BYTES_MAX) this.lose('the other end does not read')
  }

  /** Closes when everything is written, and after so long if the other end does not close, too. */
  end(why: string, withinMs = END_MS): void {
    this.#close(why, pipe => {
      pipe.end()
      this.#endTimer = this.#options.clock.after(withinMs, () => pipe.destroy())
    })
  }

  /** Closes at once. */
  lose(why: string): void {
    this.#close(why, pipe => pipe.destroy())
  }

  #close(why: string, close: (pipe: LinkPipe) => void): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#timer.cancel()
    const { pipe, onLost } = this.#options
    close(pipe)
    onLost(why)
  }

  #take(frame: Frame): void {
    try {
      this.#options.take(frame)
    } catch (error) {
      if (!(error instanceof Error && error.name === 'DecodeError')) throw error
      this.lose(`a frame with a wrong body: ${error.message}`)
    }
  }

  #beat(): void {
    const { clock } = this.#options
    const nowMs = clock.monotonic()
    // If this process stood still, what the other end sent meanwhile has not been read yet.
    if (nowMs - this.#beatMs > 2 * BEAT_MS) this.#heardMs = nowMs
    this.#beatMs = nowMs
    if (nowMs - this.#heardMs > SILENCE_MS) {
      this.lose('the other end is silent')
      return
    }
    this.write(PING)
    if (!this.#isLost) this.#timer = clock.after(BEAT_MS, () => this.#beat())
  }
}

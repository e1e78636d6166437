/** One direction of a connection: bytes arrive in order or not at all; late, cut anew, and not while the reader pauses. */

import type { Network } from './network.js'
import { delayOn, type Way } from './ways.js'

export interface Exit {
  bytes(bytes: Uint8Array): void
  /** The writer will write no more, and everything has arrived. */
  finished(): void
  /** Nothing waits at the writer any more. */
  drained(): void
  /** Whether somebody is there to read. */
  alive(): boolean
  /** Runs it when the reader reads: now, unless it stands still. */
  whenAwake(run: () => void): void
}

interface Piece {
  readonly bytes: Uint8Array
  readonly atMs: number
}

/** A window opens by this share at least, as TCP's do (RFC 1122, 4.2.3.3): else each byte that is read lets one byte through, and no more. */
const WINDOW_OPENS = 0.25

export class OneWay {
  readonly #network: Network
  readonly #name: string
  readonly #exit: Exit
  readonly #way: Way
  /** Written, and not on its way because the window is full. */
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  /** On its way, or arrived and not read. */
  #flying: Piece[] = []
  #flyingBytes = 0
  #lastMs = 0
  #stalledUntilMs = 0
  #holds = false
  #scheduled = false
  #lost = false
  #ended = false
  #finished = false

  constructor(network: Network, name: string, exit: Exit, way: Way) {
    this.#network = network
    this.#name = name
    this.#exit = exit
    this.#way = way
  }

  /** A message is neither cut nor read with another. */
  get #hasMessages(): boolean {
    return this.#way.name === 'ws'
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get finished(): boolean {
    return this.#finished
  }

  get ended(): boolean {
    return this.#ended
  }

  write(bytes: Uint8Array): void {
    if (this.#ended || bytes.length === 0) return
    this.#queuedBytes += bytes.length
    if (!this.#lost) {
      this.#queue.push(bytes)
      this.#launch()
      return
    }
    // The kernel takes a window's worth and waits for acknowledgements that never come.
    const taken = Math.min(this.#queuedBytes, Math.max(0, this.#network.weather.windowBytes - this.#flyingBytes))
    this.#flyingBytes += taken
    this.#queuedBytes -= taken
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#next()
  }

  hold(): void {
    this.#holds = true
  }

  release(): void {
    this.#holds = false
    this.#next()
  }

  /** Nothing arrives for so long; Infinity: never again. */
  stall(ms: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#network.scheduler.nowMs + ms)
  }

  /** What is on its way is gone, and nothing will arrive any more. */
  lose(): void {
    this.#lost = true
    this.#queue = []
    this.#flying = []
  }

  /** Moves what the window takes onto its way. */
  #launch(): void {
    const { weather, scheduler, random } = this.#network
    while (this.#flyingBytes < weather.windowBytes) {
      let bytes = this.#queue[0]
      if (bytes === undefined) break
      const free = weather.windowBytes - this.#flyingBytes
      if (bytes.length <= free || this.#hasMessages) this.#queue.shift()
      else if (free < weather.windowBytes * WINDOW_OPENS) break
      else {
        this.#queue[0] = bytes.subarray(free)
        bytes = bytes.subarray(0, free)
      }
      this.#queuedBytes -= bytes.length
      this.#flyingBytes += bytes.length
      for (const piece of this.#cut(bytes)) {
        const atMs = scheduler.nowMs + delayOn(this.#way, this.#network.delayMs()) + piece.length / weather.bytesPerMs
        this.#lastMs = Math.max(this.#lastMs, atMs) + random.fraction() * 0.01
        // A copy: whoever wrote it may not rely on its being read at once, and the reader owns what it reads.
        this.#flying.push({ bytes: new Uint8Array(piece), atMs: this.#lastMs })
      }
    }
    this.#next()
  }

  #cut(bytes: Uint8Array): Uint8Array[] {
    const { random, weather } = this.#network
    if (bytes.length < 2 || this.#hasMessages || !this.#network.chance(weather.fragmented)) return [bytes]
    const lengthMax = bytes.length < 100 && random.fraction() < 0.05 ? 1 : Math.ceil(bytes.length / 2)
    const pieces: Uint8Array[] = []
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + random.integer(lengthMax)
      pieces.push(bytes.subarray(at, at + length))
      at += length
    }
    return pieces
  }

  /** Sees to it that what arrives next has its event. */
  #next(): void {
    if (this.#scheduled || this.#lost || this.#holds || this.#finished) return
    const first = this.#flying[0]
    if (first === undefined && (!this.#ended || this.#queue.length > 0)) return
    const { scheduler } = this.#network
    const atMs = Math.max(first?.atMs ?? this.#lastMs, this.#stalledUntilMs)
    if (atMs === Number.POSITIVE_INFINITY) return
    this.#scheduled = true
    scheduler.after(atMs - scheduler.nowMs, this.#name, () => {
      this.#exit.whenAwake(() => {
        this.#scheduled = false
        this.#arrive()
      })
    })
  }

  #arrive(): void {
    const { nowMs } = this.#network.scheduler
    if (this.#lost || this.#holds || !this.#exit.alive()) return
    if (nowMs < this.#stalledUntilMs) {
      this.#next()
      return
    }
    const bytes = this.#read(nowMs)
    if (bytes !== undefined) {
      this.#network.onBytes(bytes)
      this.#exit.bytes(bytes)
      if (this.#lost) return
      const queued = this.#queuedBytes > 0
      this.#launch()
      if (queued && this.#queuedBytes === 0) this.#exit.drained()
    }
    const over = this.#ended && this.#queue.length === 0 && this.#flying.length === 0
    if (over && !this.#finished && !this.#holds) {
      this.#finished = true
      this.#exit.finished()
    }
    this.#next()
  }

  /** What one read of the socket gives. What piled up, in a stall or a pause, is read as one. */
  #read(nowMs: number): Uint8Array | undefined {
    let count = 0
    let length = 0
    for (const piece of this.#flying) {
      if (piece.atMs > nowMs || (count > 0 && this.#hasMessages)) break
      count += 1
      length += piece.bytes.length
    }
    if (count === 0) return undefined
    this.#flyingBytes -= length
    const pieces = this.#flying.splice(0, count)
    return count === 1 ? pieces[0]?.bytes : new Uint8Array(Buffer.concat(pieces.map(piece => piece.bytes)))
  }
}

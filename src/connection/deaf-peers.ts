/**
 * Closes connections whose peer does not read, in the case that only the kernel knows: the bytes wait in the kernel's buffer, so this
 * process has written everything. (The Writer sees the other peers.) A peer counts as deaf when its window was closed at each look and
 * nothing has left for STALL_MS_MAX. A slow network does not close a window; a program that takes nothing does.
 */

import { CODES } from '../../protocol/codes.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { ZeroWindow } from '../ops/zero-windows.js'
import type { ConnectionContext } from './context.js'
import { STALL_MS_MAX } from './writer.js'

/**
 * A look takes 4 µs of CPU for each TCP connection of the machine, three of them in a thread beside the event loop (16 000 of
 * them: 60 ms; Node 20, 2-core x86 VM, 2026-11). So a deaf peer is gone 90 s after it stopped reading, at the latest.
 */
const LOOK_MS = 30_000

interface Suspect {
  /** The fewest bytes that were seen waiting. Fewer than these mean that something has left. */
  bytes: number
  readonly sinceMs: number
}

export interface DeafPeersOptions {
  readonly context: Pick<ConnectionContext, 'connections'>
  readonly clock: Clock
  /** ops/zero-windows.ts */
  readonly zeroWindows: () => Promise<ZeroWindow[]>
}

export class DeafPeers {
  readonly #options: DeafPeersOptions
  #suspects = new Map<string, Suspect>()
  #timer: TimerHandle | undefined

  constructor(options: DeafPeersOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = this.#options.clock.after(LOOK_MS, () => {
      void this.look().then(() => {
        if (this.#timer !== undefined) this.start()
      })
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async look(): Promise<void> {
    const { context, clock, zeroWindows } = this.#options
    const closed = context.connections.size === 0 ? [] : await zeroWindows()
    const nowMs = clock.monotonic()
    const suspects = new Map<string, Suspect>()
    for (const each of closed) {
      const { localPort, remoteAddress, remotePort, bytes } = each
      const key = `${localPort} ${remoteAddress} ${remotePort}`
      const before = this.#suspects.get(key)
      const moved = before === undefined || bytes < before.bytes
      const suspect = moved ? { bytes, sinceMs: nowMs } : before
      if (nowMs < suspect.sinceMs + STALL_MS_MAX) suspects.set(key, suspect)
      else this.#close(each)
    }
    this.#suspects = suspects
  }

  #close({ localPort, remoteAddress, remotePort, bytes }: ZeroWindow): void {
    for (const connection of this.#options.context.connections) {
      if (!connection.isBetween(localPort, remoteAddress, remotePort)) continue
      connection.close(CODES.SLOW_CONSUMER.code, `nothing of ${bytes} bytes was taken in ${STALL_MS_MAX} ms`)
      return
    }
  }
}

/**
 * Keeps a device's requests in the order in which they came (PROTOCOL.md, 4.5) while one of them waits for something outside the engine,
 * such as a password's hash. The engine itself runs what is submitted for one user in order, whatever it has to read.
 *
 *           hold()              release(), and nobody waits
 *   (none) ────────► held ─────────────────────────────────► (none)
 *                     ▲ │ release(): the next ones are run, until one of them holds again
 *                     └─┘
 *
 * Nearly always nothing is held, and a request costs one look at an empty map.
 */

import { CODES } from '../../protocol/codes.js'
import type { Key } from '../lib/expiring-table.js'
import { Fifo } from '../lib/fifo.js'
import { type Device, deviceKey } from './request-limits.js'
import type { Caller } from './types.js'

/**
 * The bytes of one device that may wait: twice the 64 requests of a connection (4.6) with the longest texts. The second half is
 * for a connection that took the place of one that broke.
 */
const WAITING_BYTES_MAX = 2 * 64 * 16_384
/** The bytes of all devices that may wait: some hundred passwords may wait at a time (workers/pool.ts). */
const ALL_WAITING_BYTES_MAX = 32 * WAITING_BYTES_MAX
/** The bytes that a waiting request costs beside its body. */
const REQUEST_BYTES = 256

type Asker = Pick<Caller, 'uid' | 'device' | 'attempt' | 'refuse'>

interface Waiting {
  readonly bytes: number
  readonly run: () => void
  readonly caller: Asker
  readonly id: number
}

interface Line {
  held: boolean
  bytes: number
  readonly waiting: Fifo<Waiting>
}

export class InOrder {
  readonly #lines = new Map<Key, Line>()
  #bytes = 0

  /** Whether the device's requests have to wait. */
  isHeld(device: Device): boolean {
    return this.#lines.size > 0 && this.#lines.has(deviceKey(device))
  }

  /**
   * Runs `run` in its turn; only while the device isHeld().
   * @param bodyBytes what the request holds on to
   * @returns false if too much waits: it is not run then
   */
  wait(caller: Asker, id: number, bodyBytes: number, run: () => void): boolean {
    const line = this.#lines.get(deviceKey(caller))
    const bytes = bodyBytes + REQUEST_BYTES
    if (line === undefined || line.bytes + bytes > WAITING_BYTES_MAX) return false
    if (this.#bytes + bytes > ALL_WAITING_BYTES_MAX) return false
    line.bytes += bytes
    this.#bytes += bytes
    line.waiting.push({ bytes, run, caller, id })
    return true
  }

  /**
   * Makes the device's requests wait from now on. A request calls it in its turn.
   * @returns lets them go on, to be called once. Without an attempt all go on; with one, those of the connection with that
   *   attempt do (0: none), and the others are refused, for their tokens have ended
   */
  hold(device: Device): (attempt?: number) => void {
    const key = deviceKey(device)
    const line = this.#lines.get(key) ?? { held: true, bytes: 0, waiting: new Fifo() }
    line.held = true
    this.#lines.set(key, line)
    return attempt => this.#release(key, line, attempt)
  }

  #release(key: Key, line: Line, attempt: number | undefined): void {
    line.held = false
    while (!line.held) {
      const next = line.waiting.shift()
      if (next === undefined) {
        if (this.#lines.get(key) === line) this.#lines.delete(key)
        return
      }
      line.bytes -= next.bytes
      this.#bytes -= next.bytes
      const { caller } = next
      if (attempt === undefined || (attempt !== 0 && caller.attempt === attempt)) next.run()
      else caller.refuse(next.id, CODES.SESSION_REVOKED.code, CODES.SESSION_REVOKED.text)
    }
  }
}

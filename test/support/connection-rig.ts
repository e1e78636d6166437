/** Connections without sockets, services or time of their own: a pipe that the test opens and shuts, a clock it moves. */

import { codeName } from '../../protocol/codes.js'
import { encodeRequest, FrameDecoder } from '../../protocol/frame-codec.js'
import {
  createHelloRequest,
  decodeCloseNotice,
  decodeDrainNotice,
  decodeNotifyNotice,
  decodePushNotice,
  decodeRefusal,
  decodeSignalNotice,
  encodeHelloRequest,
  type HelloRequest,
} from '../../protocol/generated/messages.js'
import { itemVersions } from '../../protocol/item-codec.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS, methodName } from '../../protocol/methods.js'
import { Backlog } from '../../src/connection/backlog.js'
import { Connection } from '../../src/connection/connection.js'
import type { ConnectionContext } from '../../src/connection/context.js'
import { Flusher } from '../../src/connection/flusher.js'
import { Hub } from '../../src/connection/hub.js'
import type { Pipe } from '../../src/connection/pipe.js'
import { seededRandom } from '../../src/lib/random.js'
import { Wheel } from '../../src/lib/wheel.js'
import { Counters } from '../../src/ops/counters.js'
import { ConnectionGate } from '../../src/ops/gate.js'
import { silentLog, ThrottledLog } from '../../src/ops/log.js'
import { Limits } from '../../src/ops/rate-limits.js'
import type { Services } from '../../src/services/types.js'
import { ManualClock } from './manual-clock.js'

/** A frame from the server, as a test wants to compare it. */
export interface Seen {
  readonly what: string
  readonly id?: number
  readonly code?: string
  readonly retryAfterMs?: number
  readonly [field: string]: unknown
}

export class FakePipe implements Pipe {
  readonly transport = 'tcp'
  /** Everything that reached the peer, piece by piece. */
  readonly writes: Uint8Array[] = []
  /** False: what is written stays in the pipe. */
  takes = true
  paused = false
  ended = false
  destroyed = false
  readonly admitted = this
  connection: Connection | undefined
  #queued: Uint8Array[] = []
  readonly #decoder = new FrameDecoder(FRAME_TO_CLIENT_BYTES_MAX)

  get queuedBytes(): number {
    return this.#queued.reduce((sum, bytes) => sum + bytes.length, 0)
  }

  write(bytes: Uint8Array): void {
    if (this.ended || this.destroyed) throw new Error('written after the end')
    const copy = bytes.slice()
    if (this.takes && this.#queued.length === 0) this.writes.push(copy)
    else this.#queued.push(copy)
  }

  /** The peer takes what has gathered, and `takes` decides about what comes. */
  release(): void {
    this.writes.push(...this.#queued)
    this.#queued = []
    this.connection?.drained()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    this.destroyed = true
  }

  /** What the peer has got since the last call, decoded; pings as '00'. */
  seen(): Seen[] {
    for (const bytes of this.writes.splice(0)) this.#decoder.push(bytes)
    const seen: Seen[] = []
    for (let decoded = this.#decoder.next(); decoded !== undefined; decoded = this.#decoder.next()) {
      if (decoded.kind === 'ping') seen.push({ what: '00' })
      else if (decoded.kind === 'error') throw new Error(decoded.message)
      else seen.push(show(decoded.frame))
    }
    return seen
  }
}

function show(frame: { id: number; method: number; body: Uint8Array; code: number; retryAfterMs: number }): Seen {
  const { id, method, body, code, retryAfterMs } = frame
  const after = retryAfterMs === 0 ? {} : { retryAfterMs }
  if (id !== 0 && code !== 0) {
    const { boundAttempt, expectedSendSeq } = decodeRefusal(body)
    const more = { ...(boundAttempt ? { boundAttempt } : {}), ...(expectedSendSeq ? { expectedSendSeq } : {}) }
    return { what: 'refusal', id, code: codeName(code), ...after, ...more }
  }
  if (id !== 0) return { what: 'answer', id, body }
  if (method === METHODS.push.number) {
    const { from, to, trimmed, items } = decodePushNotice(body)
    const versions = itemVersions(from, items)
    return { what: 'push', from, to: to || (versions.at(-1) ?? from), trimmed, versions }
  }
  if (method === METHODS.notify.number) return { what: 'notify', version: decodeNotifyNotice(body).version }
  if (method === METHODS.close.number) {
    const { boundAttempt } = decodeCloseNotice(body)
    return { what: 'close', code: codeName(code), ...after, ...(boundAttempt ? { boundAttempt } : {}) }
  }
  if (method === METHODS.drain.number) {
    const hosts = decodeDrainNotice(body).endpoints?.endpoints.map(({ host }) => host)
    return { what: 'drain', ...after, ...(hosts && { hosts }) }
  }
  if (method === METHODS.signal.number) {
    const { conversation, signal } = decodeSignalNotice(body)
    return { what: signal?.case ?? 'signal', conversation, ...signal?.value }
  }
  return { what: methodName(method) ?? String(method), ...after }
}

export interface Rig {
  readonly clock: ManualClock
  readonly context: ConnectionContext
  readonly hub: Hub<Connection>
  /** Ends the turn of the event loop: what was deferred runs, and promises that are settled go on. */
  turn(): Promise<void>
  /** Lets time pass, second by second, with a turn after each. */
  pass(ms: number): Promise<void>
  connect(address?: string): { pipe: FakePipe; connection: Connection }
}

export function connectionRig(services: Services, leadingZero = true, routes?: ConnectionContext['routes']): Rig {
  const clock = new ManualClock()
  const deferred: (() => void)[] = []
  const hub = new Hub<Connection>()
  const context: ConnectionContext = {
    services,
    hub,
    wheel: new Wheel(clock),
    flusher: new Flusher(run => deferred.push(run)),
    gate: new ConnectionGate({ totalMax: 1000, perAddressMax: 1000 }),
    limits: Limits.open(clock),
    backlog: Backlog.open(),
    random: seededRandom(1),
    log: silentLog,
    faults: new ThrottledLog(silentLog, 10),
    counters: new Counters(),
    connections: new Set(),
    routes,
  }
  const turn = async (): Promise<void> => {
    // As long as something settles or is deferred: a page's promise, what its answer wrote, what reading on brought.
    for (let quiet = 0; quiet < 3; quiet++) {
      await Promise.resolve()
      while (deferred.length > 0) {
        quiet = 0
        for (const run of deferred.splice(0)) run()
        await Promise.resolve()
      }
    }
  }
  return {
    clock,
    context,
    hub,
    turn,
    async pass(ms) {
      for (let left = ms; left > 0; left -= 1000) {
        clock.advance(Math.min(left, 1000))
        await turn()
      }
    },
    connect(address = '192.0.2.1') {
      const pipe = new FakePipe()
      context.gate.admit(address)
      context.gate.addUnauthenticated(address, pipe)
      const connection = new Connection(context, pipe, address, { leadingZero })
      pipe.connection = connection
      return { pipe, connection }
    },
  }
}

export function helloFrame(id: number, init: Partial<HelloRequest>): Uint8Array {
  return encodeRequest(id, METHODS.hello.number, encodeHelloRequest(createHelloRequest(init)))
}

export const LEADING_ZERO = Uint8Array.of(0)

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

// The options of a client, with units, defaults and reasons.
import { HEARTBEAT_MS_DEFAULT, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN } from '../../../protocol/limits.js'
import { type Clock, type Defer, type Random, systemClock, systemDefer, systemRandom } from '../base/system.js'
import type { Storage } from '../storage/storage.js'
import type { Transport } from '../transports/transport.js'

export interface ClientOptions {
  /** The way to the server, or several in order of preference, the best first: tcp, ws, http. */
  readonly transport: Transport | readonly Transport[]
  /** The storage; one client at a time uses it. */
  readonly storage: Storage
  /** Name and version of the program, for the server's logs. Default "". */
  readonly clientName?: string
  /** The name of this device in the user's device list. Default "". */
  readonly deviceName?: string
  /**
   * The longest time in which nothing is sent, 10 000 to 1 800 000. Default 300 000, on WebSocket 45 000 at most; some carriers
   * cut idle TCP sooner.
   */
  readonly heartbeatMs?: number
  /** The time that a connection may take to open. Default 10 000. */
  readonly connectTimeoutMs?: number
  /** The time that the server may take to answer Hello before the next transport is tried, if there is one. Default 5 000. */
  readonly fallbackMs?: number
  /**
   * The time that a request may wait while nothing at all comes; then the connection is dropped for a fresh one. Default 15 000.
   * On a mobile network a first packet takes that long, and a new TCP connection beats a retransmission timer that has backed
   * off.
   */
  readonly requestTimeoutMs?: number
  /** The time that a ping may wait while nothing at all comes. Default 8 000. */
  readonly pongTimeoutMs?: number
  /** The time that register() and login() go on trying. Default 60 000. */
  readonly signInTimeoutMs?: number
  /** The time that profile look-ups and lists go on trying. Default 30 000. */
  readonly callTimeoutMs?: number
  /**
   * The least time between two acks: the first message after a pause is acknowledged at once, what comes next waits so long, and one
   * ack tells of many. Default 250, at most 60 000.
   */
  readonly ackDelayMs?: number
  /** The n-th wait before a new connection is drawn from U(0, min(cap, base * 2^n)). Defaults 1 000 and 60 000. */
  readonly reconnectBaseMs?: number
  readonly reconnectCapMs?: number
  /** Messages and other numbered requests that may wait for the server; more are refused with QUEUE_FULL. Default 10 000. */
  readonly queueMax?: number
  /**
   * A device that signs in newly draws the account's first screen by one request, and replays nothing: `message` tells only what comes
   * from then on, `chats` lists the conversations, and `history()` fetches what was said before. Default false: all that the server keeps
   * comes as `message` events.
   */
  readonly firstScreen?: boolean
  readonly clock?: Clock
  readonly random?: Random
  readonly defer?: Defer
}

export interface Config extends Required<Omit<ClientOptions, 'transport'>> {
  /** The transports in order of preference; at least one. */
  readonly transports: readonly Transport[]
}

/** @throws RangeError naming the option */
export function configOf({ transport, ...options }: ClientOptions): Config {
  const transports: readonly Transport[] = [transport].flat()
  if (transports.length === 0) throw new RangeError('transport is empty; there must be at least one')
  const config: Config = Object.freeze({
    transports,
    clientName: '',
    deviceName: '',
    heartbeatMs: HEARTBEAT_MS_DEFAULT,
    connectTimeoutMs: 10_000,
    fallbackMs: 5_000,
    requestTimeoutMs: 15_000,
    pongTimeoutMs: 8_000,
    signInTimeoutMs: 60_000,
    callTimeoutMs: 30_000,
    ackDelayMs: 250,
    reconnectBaseMs: 1_000,
    reconnectCapMs: 60_000,
    queueMax: 10_000,
    firstScreen: false,
    clock: systemClock,
    random: systemRandom,
    defer: systemDefer,
    ...options,
  })
  check('heartbeatMs', config.heartbeatMs, HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX)
  for (const name of [
    'connectTimeoutMs',
    'fallbackMs',
    'requestTimeoutMs',
    'pongTimeoutMs',
    'signInTimeoutMs',
    'callTimeoutMs',
  ] as const) {
    check(name, config[name], 1, 3_600_000)
  }
  check('ackDelayMs', config.ackDelayMs, 0, 60_000)
  check('reconnectBaseMs', config.reconnectBaseMs, 1, 3_600_000)
  check('reconnectCapMs', config.reconnectCapMs, config.reconnectBaseMs, 3_600_000)
  check('queueMax', config.queueMax, 1, 1_000_000)
  return config
}

function check(name: string, value: number, min: number, max: number): void {
  if (!(Number.isSafeInteger(value) && value >= min && value <= max)) {
    throw new RangeError(`${name} is ${value}; it must be a whole number from ${min} to ${max}`)
  }
}

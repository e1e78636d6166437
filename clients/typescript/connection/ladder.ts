// Chooses the transport that is tried next, without I/O. The transports stand in order of preference, the best first.
//
//   round:  the best that did not fail lately ──failed──► the next one ──failed──► … the last ──failed──► wait, next round
//
// While a lower one carries the connection, the better ones are probed now and then (probe.ts).
import type { Clock, Random } from '../base/system.js'
import type { Transport } from '../transports/transport.js'

/** The time that a round leaves out a transport that did not work: a network that blocks TCP does so a moment later too. */
const SHUN_MS = 60_000

/** The n-th wait before a probe is about min(cap, base * 2^n). */
const PROBE_BASE_MS = 15_000
const PROBE_CAP_MS = 600_000

export class Ladder {
  readonly #transports: readonly Transport[]
  readonly #clock: Clock
  readonly #random: Random
  readonly #failedMs = new Map<Transport, number>()
  /** The time until which each may not be tried again, because its server or a proxy asked for that. */
  readonly #restsMs = new Map<Transport, number>()
  #probes = 0

  /** @param transports at least one */
  constructor(transports: readonly Transport[], clock: Clock, random: Random) {
    this.#transports = transports
    this.#clock = clock
    this.#random = random
  }

  /** The transport that a round begins with. When all have failed lately, it is the best one. */
  first(): Transport {
    const shunMs = this.#clock.monotonic() - SHUN_MS
    const awake = this.#transports.filter(each => !this.rests(each))
    const fit = awake.find(each => (this.#failedMs.get(each) ?? Number.NEGATIVE_INFINITY) <= shunMs)
    return fit ?? awake[0] ?? (this.#transports[0] as Transport)
  }

  /** The one below; undefined if there is none, or none that may be tried now. */
  after(transport: Transport): Transport | undefined {
    return this.#transports.slice(this.#transports.indexOf(transport) + 1).find(each => !this.rests(each))
  }

  /** Whether it may not be tried now. */
  rests(transport: Transport): boolean {
    return this.#restMs(transport) > 0
  }

  /** The time until one of them may be tried, in milliseconds. */
  get restMs(): number {
    return Math.min(...this.#transports.map(each => this.#restMs(each)))
  }

  /** The transports above, the best first. */
  above(transport: Transport): readonly Transport[] {
    return this.#transports.slice(0, this.#transports.indexOf(transport))
  }

  /** Notes that it did not bring an answer to Hello. @param restMs so long it is not tried again, whatever else happens */
  failed(transport: Transport, restMs = 0): void {
    const now = this.#clock.monotonic()
    this.#failedMs.set(transport, now)
    if (restMs > 0) this.#restsMs.set(transport, now + restMs)
  }

  /** Notes that it brought one. */
  worked(transport: Transport): void {
    this.#failedMs.delete(transport)
    if (this.#transports[0] === transport) this.#probes = 0
  }

  /** The network changed: what was known of it means nothing. What a server asked for stays. */
  forget(): void {
    this.#failedMs.clear()
    this.#probes = 0
  }

  /** Milliseconds until the next probe; each call counts as one. Jitter: a server that was away is not probed in step. */
  nextProbeMs(): number {
    const meanMs = Math.min(PROBE_CAP_MS, PROBE_BASE_MS * 2 ** Math.min(this.#probes, 10))
    this.#probes++
    return meanMs * (0.75 + 0.5 * this.#random.fraction())
  }

  #restMs(transport: Transport): number {
    return Math.max(0, (this.#restsMs.get(transport) ?? 0) - this.#clock.monotonic())
  }
}

// Chooses the transport that is tried next, without I/O. The transports stand in order of preference, the best first.
//
// In front of those that the app named stand those to endpoints: one list of transports for each (known-endpoints.ts). They are drawn anew
// with each round.
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
  readonly #own: readonly Transport[]
  readonly #draw: () => readonly (readonly Transport[])[]
  /** The transports of each endpoint, the best first, and last the app's own. */
  #ways: readonly (readonly Transport[])[]
  readonly #clock: Clock
  readonly #random: Random
  readonly #failedMs = new Map<Transport, number>()
  /** The time until which each may not be tried again, because its server or a proxy asked for that. */
  readonly #restsMs = new Map<Transport, number>()
  #probes = 0

  /**
   * @param own the app's transports, at least one
   * @param draw gives those to endpoints, for a round
   */
  constructor(
    own: readonly Transport[],
    clock: Clock,
    random: Random,
    draw: () => readonly (readonly Transport[])[] = () => [],
  ) {
    this.#own = own
    this.#draw = draw
    this.#ways = [own]
    this.#clock = clock
    this.#random = random
  }

  /**
   * The transport that a round begins with. When all have failed lately, it is the best one.
   * @param ownFirst the app's own come first: a password goes to an endpoint only if the app's addresses do not answer
   */
  first(ownFirst = false): Transport {
    this.renew(ownFirst)
    const shunMs = this.#clock.monotonic() - SHUN_MS
    const awake = this.#all.filter(each => !this.rests(each))
    const fit = awake.find(each => (this.#failedMs.get(each) ?? Number.NEGATIVE_INFINITY) <= shunMs)
    return fit ?? awake[0] ?? (this.#all[0] as Transport)
  }

  /** The one below; undefined if there is none, or none that may be tried now. */
  after(transport: Transport): Transport | undefined {
    const all = this.#all
    return all.slice(all.indexOf(transport) + 1).find(each => !this.rests(each))
  }

  /** Whether it may not be tried now. */
  rests(transport: Transport): boolean {
    return this.#restMs(transport) > 0
  }

  /** The time until one of them may be tried, in milliseconds. */
  get restMs(): number {
    return Math.min(...this.#all.map(each => this.#restMs(each)))
  }

  /** The better transports to the same address, the best first. */
  above(transport: Transport): readonly Transport[] {
    const way = this.#ways.find(each => each.includes(transport)) ?? []
    return way.slice(0, way.indexOf(transport))
  }

  /** The transports to endpoints other than the one that a transport leads to, in their order. */
  elsewhere(transport: Transport): readonly Transport[] {
    return [...new Set(this.#ways.flatMap(way => (way === this.#own || way.includes(transport) ? [] : way)))]
  }

  /** Whether the app itself has named its address. */
  isOwn(transport: Transport): boolean {
    return this.#own.includes(transport)
  }

  /** Draws the endpoints that are tried next. */
  renew(ownFirst = false): void {
    const drawn = this.#draw()
    this.#ways = ownFirst ? [this.#own, ...drawn] : [...drawn, this.#own]
    const kept = new Set(this.#all)
    for (const known of [this.#failedMs, this.#restsMs]) {
      for (const each of known.keys()) if (!kept.has(each)) known.delete(each)
    }
  }

  /** The transports of a round, each once. */
  get #all(): readonly Transport[] {
    return [...new Set(this.#ways.flat())]
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
    if (this.above(transport).length === 0) this.#probes = 0
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

/**
 * Faults at random moments: the server is killed and started again, connections are cut, devices move to networks where other
 * transports work. Between two faults of a kind lies a half to one and a half of the asked period, counted from when the server
 * serves again.
 */

import type { Clock, TimerHandle } from '../../src/lib/clock.js'
import { messageOf } from '../../src/lib/error-message.js'
import type { Random } from '../../src/lib/random.js'
import type { Device } from './crowd.js'

export interface ChaosSpec {
  /** Milliseconds; 0: never. */
  readonly killEveryMs: number
  readonly dropEveryMs: number
  readonly cutLinksEveryMs: number
  readonly moveEveryMs: number
  readonly server: { kill(): Promise<void>; start(): Promise<void>; cutLinks?(): Promise<void> } | undefined
  /** The devices that there are at the moment. */
  devices(): readonly Device[]
  readonly clock: Clock
  readonly random: Random
  readonly onFailure: (message: string) => void
}

/** The most connections that one cut takes down, of 100 devices: a mast that goes, not a phone. */
const CUT_PERCENT = 10

/** The most devices that move at once, of 100. */
const MOVE_PERCENT = 30

/** The time within which a phone finds by itself, after a cut that nobody told it of, that its network is another one. */
const NUDGE_MS_MAX = 1_000

export class Chaos {
  readonly #spec: ChaosSpec
  readonly #timers = new Set<TimerHandle>()
  #ended = false
  #restart: Promise<void> = Promise.resolve()
  #cuts = 0

  constructor(spec: ChaosSpec) {
    this.#spec = spec
  }

  /** Connections cut so far. */
  get cuts(): number {
    return this.#cuts
  }

  begin(): void {
    this.#planKill()
    this.#planCut()
    this.#planMove()
    this.#planLinkCut()
  }

  /** Ends the faults. Resolves when the server is up again. */
  end(): Promise<void> {
    this.#ended = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    return this.#restart
  }

  #planKill(): void {
    const { killEveryMs } = this.#spec
    if (killEveryMs === 0 || this.#ended) return
    this.#later(this.#about(killEveryMs), () => {
      this.#restart = this.#killed().catch(error => {
        this.#spec.onFailure(messageOf(error))
      })
    })
  }

  async #killed(): Promise<void> {
    await this.#spec.server?.kill()
    await this.#spec.server?.start()
    this.#planKill()
  }

  #planLinkCut(): void {
    const { cutLinksEveryMs, server } = this.#spec
    if (cutLinksEveryMs === 0 || this.#ended) return
    this.#later(this.#about(cutLinksEveryMs), () => {
      void server?.cutLinks?.()
      this.#planLinkCut()
    })
  }

  #planCut(): void {
    const { dropEveryMs } = this.#spec
    if (dropEveryMs === 0 || this.#ended) return
    this.#later(this.#about(dropEveryMs), () => {
      for (const device of this.#some(CUT_PERCENT)) this.#cut(device)
      this.#planCut()
    })
  }

  #cut({ client, network }: Device): void {
    const told = this.#spec.random.integer(2) === 1
    if (!network.cut(told ? 'told' : 'silent')) return
    this.#cuts++
    if (!told) this.#nudgeSoon(client)
  }

  #planMove(): void {
    const { moveEveryMs } = this.#spec
    if (moveEveryMs === 0 || this.#ended) return
    this.#later(this.#about(moveEveryMs), () => {
      for (const device of this.#some(MOVE_PERCENT)) this.#move(device)
      this.#planMove()
    })
  }

  /** A client that was cut goes down to what works; one that was not finds a better one by its probe, if there is one now. */
  #move({ client, network }: Device): void {
    const told = this.#spec.random.integer(2) === 1
    const isCut = network.move(told ? 'told' : 'silent')
    if (!(isCut && told)) this.#nudgeSoon(client)
  }

  /** Random devices: at least one, if there are any. One may be among them twice. */
  #some(percent: number): Device[] {
    const { random } = this.#spec
    const devices = this.#spec.devices()
    const most = Math.ceil((devices.length * percent) / 100)
    const count = most === 0 ? 0 : 1 + random.integer(most)
    return Array.from({ length: count }, () => devices[random.integer(devices.length)] as Device)
  }

  /** Nudges a client a little later. This runs also after the end: what was cut must come back. */
  #nudgeSoon(client: Device['client']): void {
    const { clock, random } = this.#spec
    clock.after(random.integer(NUDGE_MS_MAX), () => client.nudge())
  }

  #about(periodMs: number): number {
    return periodMs * (0.5 + this.#spec.random.fraction())
  }

  #later(ms: number, run: () => void): void {
    const timer = this.#spec.clock.after(ms, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }
}

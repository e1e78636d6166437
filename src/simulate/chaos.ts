/**
 * Faults at random moments: the server is killed and started again, connections are cut. From one fault to the next of its
 * kind it is between a half and one and a half of the asked period, counted from when the server serves again.
 */

import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Device } from './crowd.js'

export interface ChaosSpec {
  /** Milliseconds; 0: never. */
  readonly killEveryMs: number
  readonly dropEveryMs: number
  readonly server: { kill(): Promise<void>; start(): Promise<void> } | undefined
  /** All there are at the moment. */
  devices(): readonly Device[]
  readonly clock: Clock
  readonly random: Random
  readonly onFailure: (message: string) => void
}

/** One cut takes down to so many connections, of 100 devices: a mast that goes, not a phone. */
const CUT_PERCENT = 10

/** After a cut that nobody was told of, the phone finds by itself within this time that its network is another one. */
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
  }

  /** No more faults. Resolves when the server is up again. */
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
        this.#spec.onFailure(error instanceof Error ? error.message : String(error))
      })
    })
  }

  async #killed(): Promise<void> {
    await this.#spec.server?.kill()
    await this.#spec.server?.start()
    this.#planKill()
  }

  #planCut(): void {
    const { dropEveryMs, random } = this.#spec
    if (dropEveryMs === 0 || this.#ended) return
    this.#later(this.#about(dropEveryMs), () => {
      const devices = this.#spec.devices()
      const most = Math.ceil((devices.length * CUT_PERCENT) / 100)
      for (let left = most === 0 ? 0 : 1 + random.integer(most); left > 0; left--) {
        this.#cut(devices[random.integer(devices.length)] as Device)
      }
      this.#planCut()
    })
  }

  #cut({ client, transport }: Device): void {
    const { clock, random } = this.#spec
    const told = random.integer(2) === 1
    if (!transport.cut(told ? 'told' : 'silent')) return
    this.#cuts++
    // Also after the end: what was cut must come back.
    if (!told) clock.after(random.integer(NUDGE_MS_MAX), () => client.nudge())
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

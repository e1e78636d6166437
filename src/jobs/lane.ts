/**
 * One job's partitions, and the state of each:
 *
 *              a round, or wake()             its turn, and no load              done
 *   (none) ────────────────────────► due ───────────────────────► running ─────────────────► (none)
 *                                   ▲  ▲                          │  │  ▲ │
 *                                   │  └── woken meanwhile: again ┘  │  └─┘ a slice, a rest (pacer.ts)
 *                                   │ back-off, or wake()            │ an error
 *                                   └────────────────── failed ◄─────┘
 *
 * When a partition has become another node's, its run ends at the next rest, as all runs do at stop(). Nothing is lost: the work is noted
 * in the store, and the round of the node that owns the partition finds it. A partition that was woken here is worked on here, whichever
 * node owns it. The node that notes the work begins it. When a node comes or goes, each owner begins a round of the
 * jobs whose work is noted, which makes up for one that died.
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import { Fifo } from '../lib/fifo.js'
import { PARTITIONS } from '../store/types.js'
import { type Job, type JobFigures, newFigures } from './job.js'
import type { Pacer, Rests } from './pacer.js'

/** The pause before a failed run is tried again. It doubles up to the maximum. */
const AGAIN_MS_MIN = 5_000
const AGAIN_MS_MAX = 40_000

export interface LaneOptions {
  readonly clock: Clock
  readonly pacer: Pacer
  /** Whether this node owns the partition now. */
  readonly owns: (partition: number) => boolean
  /** The partition at which the first round begins, so that a process that starts often gets everywhere. */
  readonly firstPartition: number
  /** Called when a run has failed and no other partition's run had. */
  readonly onFailing: (job: string, partition: number, error: unknown) => void
}

interface Failed {
  readonly timer: TimerHandle
  readonly againMs: number
}

export class Lane {
  readonly figures: JobFigures
  readonly #job: Job
  readonly #options: LaneOptions
  readonly #states = new Map<number, 'due' | 'running' | 'again' | 'failed'>()
  readonly #due = new Fifo<number>()
  readonly #woken = new Set<number>()
  readonly #failed = new Map<number, Failed>()
  readonly #working = new Set<Promise<void>>()
  #round: { readonly beganMs: number; hasFailed: boolean } | undefined
  #nextRound: TimerHandle | undefined

  constructor(job: Job, options: LaneOptions) {
    this.#job = job
    this.#options = options
    this.figures = newFigures(job.name)
  }

  start(): void {
    if (this.#job.atStart) this.beginRound()
    else this.#later(this.#job.every ?? 0)
  }

  /** Begins a round if this job's work is noted. */
  resume(): void {
    if (this.#job.isResumed) this.beginRound()
  }

  /** Makes every partition due that this node owns. */
  beginRound(): void {
    if (this.#options.pacer.isStopped) return
    this.#nextRound?.cancel()
    this.#round = { beganMs: this.#options.clock.monotonic(), hasFailed: false }
    const count = this.#job.each === 'node' ? 1 : PARTITIONS
    for (let i = 0; i < count; i += 1) {
      const partition = (this.#options.firstPartition + i) % count
      if (this.#owns(partition)) this.#makeDue(partition)
    }
    this.#begin()
    if (this.#working.size === 0) this.#endRound()
  }

  /** Makes this partition due: there is work in it. */
  wake(partition: number): void {
    this.#woken.add(partition)
    this.#makeDue(partition)
    this.#begin()
  }

  /** Begins nothing more. Settles when what is under way has ended; the pacer must be stopped before. */
  async stop(): Promise<void> {
    this.#nextRound?.cancel()
    for (const { timer } of this.#failed.values()) timer.cancel()
    await Promise.all(this.#working)
  }

  #makeDue(partition: number): void {
    const state = this.#states.get(partition)
    if (state === 'due' || state === 'again') return
    if (state === 'running') {
      this.#set(partition, 'again')
      return
    }
    this.#failed.get(partition)?.timer.cancel()
    this.#set(partition, 'due')
    this.#due.push(partition)
  }

  #begin(): void {
    while (this.#working.size < this.#job.atOnce && this.#due.size > 0 && !this.#options.pacer.isStopped) {
      const working = this.#work().finally(() => {
        this.#working.delete(working)
        this.#begin()
        if (this.#working.size === 0) this.#endRound()
      })
      this.#working.add(working)
    }
  }

  async #work(): Promise<void> {
    const { pacer } = this.#options
    await pacer.settled()
    const rests = pacer.rests(() => (this.figures.slices += 1))
    for (let partition = this.#due.shift(); partition !== undefined; partition = this.#due.shift()) {
      await this.#run(partition, rests)
      await rests.restIfDue()
      if (pacer.isStopped) return
    }
  }

  async #run(partition: number, rests: Rests): Promise<void> {
    const { pacer } = this.#options
    this.#set(partition, 'running')
    const isWoken = this.#woken.delete(partition)
    const isStopped = () => pacer.isStopped || !(isWoken || this.#owns(partition))
    const pace = {
      get isStopped() {
        return isStopped()
      },
      rest: (msMin?: number) => rests.rest(msMin),
    }
    try {
      if (!isStopped()) await this.#job.run(partition, pace)
      this.#left(partition)
      this.#failed.delete(partition)
    } catch (error) {
      if (!this.#left(partition)) this.#fail(partition, isWoken, error)
    }
  }

  /** Notes that the run has ended. @returns whether there is more to do at once */
  #left(partition: number): boolean {
    const isMore = this.#states.get(partition) === 'again'
    this.#set(partition, undefined)
    if (isMore) this.#makeDue(partition)
    return isMore
  }

  #fail(partition: number, isWoken: boolean, error: unknown): void {
    const { clock, pacer, onFailing } = this.#options
    if (pacer.isStopped) return
    this.figures.failures += 1
    if (this.#round !== undefined) this.#round.hasFailed = true
    if (this.#failed.size === 0) onFailing(this.#job.name, partition, error)
    if (isWoken) this.#woken.add(partition)
    const againMs = this.#failed.get(partition)?.againMs ?? AGAIN_MS_MIN
    const timer = clock.after(againMs, () => {
      this.#makeDue(partition)
      this.#begin()
    })
    this.#failed.set(partition, { timer, againMs: Math.min(AGAIN_MS_MAX, 2 * againMs) })
    this.#set(partition, 'failed')
  }

  #endRound(): void {
    if (this.#round === undefined || this.#options.pacer.isStopped) return
    const { clock } = this.#options
    const { beganMs, hasFailed } = this.#round
    this.#round = undefined
    if (!hasFailed) this.figures.roundAtMs = clock.now()
    if (this.#job.every !== undefined) this.#later(Math.max(0, this.#job.every - (clock.monotonic() - beganMs)))
  }

  #later(ms: number): void {
    this.#nextRound = this.#options.clock.after(ms, () => this.beginRound())
  }

  #owns(partition: number): boolean {
    return this.#job.each === 'node' || this.#options.owns(partition)
  }

  #set(partition: number, state: 'due' | 'running' | 'again' | 'failed' | undefined): void {
    if (state === undefined) this.#states.delete(partition)
    else this.#states.set(partition, state)
    this.figures.waiting = this.#states.size
  }
}

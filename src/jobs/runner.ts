/**
 * Runs all background work: each job by partition (lane.ts draws the states), in slices with rests between them (pacer.ts). It owns every
 * timer that jobs need. A process that starts goes on with the work that is noted in the store.
 */
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import { PARTITIONS } from '../store/types.js'
import type { Job, JobFigures } from './job.js'
import { Lane, type LaneOptions } from './lane.js'
import { Pacer } from './pacer.js'

export interface RunnerOptions<N extends string> {
  readonly jobs: readonly (Job & { readonly name: N })[]
  readonly clock: Clock
  readonly random: Random
  /** The number of transitions that wait for a write: many mean load. */
  readonly queueDepth: () => number
  /** Whether this node owns the partition; it may change at any time. */
  readonly owns: LaneOptions['owns']
  readonly onFailing: LaneOptions['onFailing']
}

export class JobRunner<N extends string = string> {
  readonly #pacer: Pacer
  readonly #lanes: ReadonlyMap<N, Lane>

  constructor({ jobs, clock, random, queueDepth, owns, onFailing }: RunnerOptions<N>) {
    this.#pacer = new Pacer(clock, queueDepth)
    const options = { clock, pacer: this.#pacer, owns, onFailing, firstPartition: random.integer(PARTITIONS) }
    this.#lanes = new Map(jobs.map(job => [job.name, new Lane(job, options)]))
  }

  /** Begins the first rounds. To be called once, when the engine runs. */
  start(): void {
    for (const lane of this.#lanes.values()) lane.start()
  }

  /** Looks for noted work in all partitions anew: to be called when there may be some that nobody does. */
  resume(): void {
    for (const lane of this.#lanes.values()) lane.resume()
  }

  /** Starts a job's work that is noted in the store under this partition. */
  wake(name: N, partition: number): void {
    this.#lanes.get(name)?.wake(partition)
  }

  /** Rests after a slice of background work that the engine does by itself. */
  rest(tookMs: number): Promise<void> {
    return this.#pacer.rest(tookMs)
  }

  /** Begins no further slice. Settles when those under way have ended. */
  async stop(): Promise<void> {
    this.#pacer.stop()
    await Promise.all(Array.from(this.#lanes.values(), lane => lane.stop()))
  }

  /** The figures by job. */
  figures(): JobFigures[] {
    return Array.from(this.#lanes.values(), ({ figures }) => figures)
  }
}

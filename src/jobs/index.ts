/** The jobs of a node, one row each. A new one (expiry, media …) is another row. */
import type { Clock } from '../lib/clock.js'
import type { CountedTime } from '../lib/counted-time.js'
import type { Random } from '../lib/random.js'
import type { Engine } from '../sync/engine.js'
import { ClockWatch, type ClockWatchOptions, NOTE_MS } from './clock-watch.js'
import { departures } from './departures.js'
import type { Job, JobFigures } from './job.js'
import { renames } from './renames.js'
import { JobRunner, type RunnerOptions } from './runner.js'

/**
 * How often the notes of all users are looked at. Work begins with the request that causes it; this finds what a node noted that
 * died since, and what could not be removed.
 */
const NOTES_MS = 3_600_000

export interface JobsOptions extends Pick<RunnerOptions<JobName>, 'owns' | 'onFailing'> {
  readonly engine: Engine
  readonly clock: Clock
  readonly time: CountedTime
  readonly random: Random
  readonly onJump: ClockWatchOptions['onJump']
}

export type JobName = 'departures' | 'renames' | 'clock'

export class Jobs {
  readonly #runner: JobRunner<JobName>
  readonly #clockWatch: ClockWatch

  constructor(options: JobsOptions) {
    const { engine } = options
    this.#clockWatch = new ClockWatch(options)
    this.#runner = new JobRunner({
      ...options,
      queueDepth: () => engine.queueDepth,
      jobs: this.#table(options),
    })
  }

  #table({ engine }: JobsOptions): (Job & { readonly name: JobName })[] {
    const noted = { each: 'partition', every: NOTES_MS, atStart: true } as const
    return [
      { name: 'departures', ...noted, atOnce: 4, run: departures(engine) },
      { name: 'renames', ...noted, atOnce: 1, run: renames(engine) },
      { name: 'clock', each: 'node', every: NOTE_MS, atStart: false, atOnce: 1, run: () => this.#clockWatch.look() },
    ]
  }

  /** Looks at the clock, and begins the first rounds. To be called when the engine runs, before requests are taken. */
  async start(): Promise<void> {
    await this.#clockWatch.start()
    this.#runner.start()
  }

  /** Looks for work in all partitions anew: to be called when this node has become the owner of some. */
  resume(): void {
    this.#runner.resume()
  }

  /** There is work for this job, noted in the store under the partition of this user. */
  wake(name: 'departures' | 'renames', uid: number): void {
    this.#runner.wake(name, uid)
  }

  /** Begins no further slice, waits for those under way, and notes the time. Before the engine is closed. */
  async stop(): Promise<void> {
    await this.#runner.stop()
    await this.#clockWatch.note()
  }

  /** Begins no further slice, and stores nothing more. */
  abort(): void {
    void this.#runner.stop()
  }

  /** What is counted, by job. */
  figures(): readonly JobFigures[] {
    return this.#runner.figures()
  }
}

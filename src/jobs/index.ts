/** The jobs of a node, one row each. A new one (expiry, media …) is another row. */
import type { Clock } from '../lib/clock.js'
import type { CountedTime } from '../lib/counted-time.js'
import type { Random } from '../lib/random.js'
import { PARTITIONS, type Store } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import type { WorkEvent } from '../sync/events.js'
import { clears } from './clears.js'
import { ClockWatch, type ClockWatchOptions, NOTE_MS } from './clock-watch.js'
import { debts } from './debts.js'
import { departures } from './departures.js'
import type { Job, JobFigures, Pace } from './job.js'
import { reactions } from './reactions.js'
import { renames } from './renames.js'
import { RETENTION_MS, Retention, type RetentionSettings } from './retention.js'
import { JobRunner, type RunnerOptions } from './runner.js'

/**
 * The interval at which the notes of all users are looked at. Work begins with its note, and is looked for when a node has come or gone. This
 * finds what could not be removed.
 */
const NOTES_MS = 3_600_000
/** The interval at which debts are looked for: as long as a partition may take items again, and its members do not get them. */
const DEBTS_MS = 30_000
/** The interval at which reactions are looked for that a dead node left untold. */
const REACTIONS_MS = 30_000
/**
 * The partitions that are swept at once. Somebody waits for what a sweep finds: under load, where each does one slice a second, a round
 * over all partitions still ends within 4 s.
 */
const SWEEPS_AT_ONCE = 64

export interface JobsOptions extends Pick<RunnerOptions<string>, 'owns' | 'onFailing'> {
  readonly store: Store
  readonly engine: Engine
  readonly clock: Clock
  readonly time: CountedTime
  readonly random: Random
  readonly retention: RetentionSettings
  /** The interval at which to look for outbox entries of a dead node; 0: never, because no other node works on the store. */
  readonly sweepMs: number
  /** This node's name. */
  readonly node: string
  readonly onJump: ClockWatchOptions['onJump']
}

/** The table of all jobs, one row each. */
function jobTable({ store, engine, clock, time, retention: settings, sweepMs }: JobsOptions, clockWatch: ClockWatch) {
  const retention = new Retention({ store, engine, time, ...settings })
  const all = { each: 'partition', atStart: true, isResumed: true, atOnce: 1 } as const
  const sweeps = { ...all, every: sweepMs, atStart: false, atOnce: SWEEPS_AT_ONCE } as const
  return [
    {
      name: 'retention',
      ...all,
      isResumed: false,
      every: settings.everyMs ?? RETENTION_MS,
      run: (partition, pace) => retention.run(partition, pace),
    },
    { name: 'departures', ...all, every: NOTES_MS, atOnce: 4, run: departures(engine) },
    { name: 'debts', ...all, every: DEBTS_MS, run: debts(engine) },
    // Most of a run's time it waits for the second to be over, so all partitions may have theirs at once.
    { name: 'reactions', ...all, every: REACTIONS_MS, atOnce: PARTITIONS, run: reactions(engine, clock) },
    { name: 'clears', ...all, every: NOTES_MS, atOnce: 4, run: clears(engine) },
    { name: 'renames', ...all, every: NOTES_MS, run: renames(engine) },
    ...(sweepMs === 0
      ? []
      : [{ name: 'outbox', ...sweeps, run: (p: number, { rest }: Pace) => engine.sweep(p, rest) }]),
    {
      name: 'clock',
      each: 'node',
      every: NOTE_MS,
      atStart: false,
      isResumed: false,
      atOnce: 1,
      run: () => clockWatch.look(),
    },
  ] as const satisfies readonly Job[]
}

type JobName = ReturnType<typeof jobTable>[number]['name']

export class Jobs {
  readonly #runner: JobRunner<JobName>
  readonly #clockWatch: ClockWatch

  constructor(options: JobsOptions) {
    const { engine } = options
    this.#clockWatch = new ClockWatch(options)
    this.#runner = new JobRunner({
      ...options,
      queueDepth: () => engine.queueDepth,
      jobs: jobTable(options, this.#clockWatch),
    })
  }

  /** Looks at the clock, and begins the first rounds. To be called when the engine runs, before requests are accepted. */
  async start(): Promise<void> {
    await this.#clockWatch.start()
    this.#runner.start()
  }

  /** Looks for noted work in all partitions anew: to be called when there may be some that nobody does. */
  resume(): void {
    this.#runner.resume()
  }

  /** Starts a job's work that is noted in the store under this partition. */
  wake(name: WorkEvent['job'], partition: number): void {
    this.#runner.wake(name, partition)
  }

  /** Rests after a slice of background work that the engine does by itself: fan-outs. */
  rest(tookMs: number): Promise<void> {
    return this.#runner.rest(tookMs)
  }

  /** Begins no further slice, waits for those under way, and notes the time. To be called before the engine is closed. */
  async stop(): Promise<void> {
    await this.#runner.stop()
    await this.#clockWatch.note()
  }

  /** Begins no further slice, and stores nothing more. */
  abort(): void {
    void this.#runner.stop()
  }

  /** The figures by job. */
  figures(): readonly JobFigures[] {
    return this.#runner.figures()
  }
}

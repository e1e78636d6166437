/** The jobs of a node, one row each. */
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Engine } from '../sync/engine.js'
import { departures } from './departures.js'
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
  readonly random: Random
}

export type JobName = 'departures' | 'renames'

export type Jobs = JobRunner<JobName>

export function createJobs(options: JobsOptions): Jobs {
  const { engine } = options
  return new JobRunner({
    ...options,
    queueDepth: () => engine.queueDepth,
    jobs: [
      { name: 'departures', each: 'partition', every: NOTES_MS, atStart: true, atOnce: 4, run: departures(engine) },
      { name: 'renames', each: 'partition', every: NOTES_MS, atStart: true, atOnce: 1, run: renames(engine) },
    ],
  })
}

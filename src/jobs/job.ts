/** The words of the runner: what a job is, and what it sees of the runner. */

export interface Job {
  /** Stands in the metrics. */
  readonly name: string
  /** What a run is for: each partition that this node owns, or the node itself, whatever others do (the partition is 0 then). */
  readonly each: 'partition' | 'node'
  /** From the beginning of one round over all partitions to the next, unless the round takes longer. Absent: one round at the start. */
  readonly every?: number
  /** Whether the first round begins at the start; if not, after `every`. */
  readonly atStart: boolean
  /** How many partitions are worked on at a time. */
  readonly atOnce: number
  /**
   * Does all of the partition's work, in small slices with a rest between two. It may be repeated from the beginning at any time,
   * and another node may do the same at the same time: what it has done is in the store.
   * @throws if something is left to do: it is tried again later
   */
  run(partition: number, pace: Pace): Promise<void>
}

/** The rests between slices. */
export interface Pace {
  /** Whether no further slice may begin: the runner stops, or the partition is another node's now. */
  readonly isStopped: boolean
  /** Ends a slice: waits in proportion to it, and at least so long, before the next. */
  rest(msMin?: number): Promise<void>
}

/** What is counted of a job. */
export interface JobFigures {
  readonly name: string
  slices: number
  /** Runs that ended with an error. */
  failures: number
  /** Partitions that wait for it, are worked on, or wait to be tried again. */
  waiting: number
  /** When it last completed a round without a failure, in milliseconds since 1970; 0 before the first time. */
  roundAtMs: number
}

export function newFigures(name: string): JobFigures {
  return { name, slices: 0, failures: 0, waiting: 0, roundAtMs: 0 }
}

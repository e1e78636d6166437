/** The terms of the runner: a job, and the runner as a job sees it. */

export interface Job {
  /** The name in the metrics. */
  readonly name: string
  /** The unit of a run: each partition that this node owns, or the node itself, whatever others do (the partition is then 0). */
  readonly each: 'partition' | 'node'
  /**
   * The time from the beginning of one round over all partitions to the next, unless the round takes longer. Absent: one round at the
   * start.
   */
  readonly every?: number
  /** Whether the first round begins at the start; otherwise it begins after `every`. */
  readonly atStart: boolean
  /**
   * Whether a round also begins when a node has come or gone: the work of a node that died is noted, and somebody waits for it. Otherwise
   * a partition that changes its owner waits for the new owner's next round.
   */
  readonly isResumed: boolean
  /** The number of partitions that are worked on at a time. */
  readonly atOnce: number
  /**
   * Does all of the partition's work, in small slices with a rest between two. It may be repeated from the beginning at any time, and
   * another node may do the same at the same time: what is done is in the store.
   * @throws if something is left to do: it is tried again later
   */
  run(partition: number, pace: Pace): Promise<void>
}

/** The rests between slices. */
export interface Pace {
  /** Whether no further slice may begin: the runner stops, or the partition is another node's now. */
  readonly isStopped: boolean
  /** Ends a slice: waits in proportion to its length, and at least `msMin`, before the next. */
  rest(msMin?: number): Promise<void>
}

/** The figures of a job. */
export interface JobFigures {
  readonly name: string
  slices: number
  /** The number of runs that ended with an error. */
  failures: number
  /** The number of partitions that wait for it, are worked on, or wait to be tried again. */
  waiting: number
  /** The time of its last round without a failure, in milliseconds since 1970; 0 before the first. */
  roundAtMs: number
}

export function newFigures(name: string): JobFigures {
  return { name, slices: 0, failures: 0, waiting: 0, roundAtMs: 0 }
}

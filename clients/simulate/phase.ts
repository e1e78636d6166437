/** A part of a run that takes time and can be watched. */
export interface Phase {
  /** The name for people. */
  readonly name: string
  /** Rises whenever anything gets done: how long it stands still says whether the run is stuck. */
  readonly steps: number
  /** The state of the phase, for people. */
  progress(): string
  run(): Promise<void>
}

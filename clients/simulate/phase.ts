/** A part of a run that takes time and can be watched. */
export interface Phase {
  /** For people. */
  readonly name: string
  /** Rises whenever anything gets done: how long it stands still says whether the run is stuck. */
  readonly steps: number
  /** Where it stands, for people. */
  progress(): string
  run(): Promise<void>
}

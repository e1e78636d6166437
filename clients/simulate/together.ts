import type { Phase } from './phase.js'

/** Phases that go on at the same time, as one. */
export class Together implements Phase {
  readonly name: string
  readonly #phases: readonly Phase[]

  constructor(name: string, phases: readonly Phase[]) {
    this.name = name
    this.#phases = phases
  }

  get steps(): number {
    return this.#phases.reduce((sum, { steps }) => sum + steps, 0)
  }

  progress(): string {
    return this.#phases.map(phase => phase.progress()).join('; ')
  }

  async run(): Promise<void> {
    await Promise.all(this.#phases.map(phase => phase.run()))
  }
}

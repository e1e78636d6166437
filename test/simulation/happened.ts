/** What befell runs, and how often: a kind of misfortune that never happens proves nothing. */
export class Happened {
  readonly #times = new Map<string, number>()

  count(what: string, times = 1): void {
    this.#times.set(what, this.of(what) + times)
  }

  add(other: Happened): void {
    for (const [what, times] of other.#times) this.count(what, times)
  }

  of(what: string): number {
    return this.#times.get(what) ?? 0
  }

  toString(): string {
    return Array.from(this.#times, ([what, times]) => `${what}: ${times}`)
      .sort()
      .join(', ')
  }
}

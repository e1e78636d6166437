/** Sums up many measured values. */

/** The middle one; of an even number the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Each field's median over the rounds. */
export function medians<K extends string>(rounds: readonly Readonly<Record<K, number>>[]): Record<K, number> {
  const names = Object.keys(rounds[0] ?? {}) as K[]
  return Object.fromEntries(names.map(name => [name, median(rounds.map(round => round[name]))])) as Record<K, number>
}

/** Numbers in the order they came, in one array that grows: millions cost no object each. */
export class Samples {
  #values = new Float64Array(4096)
  #count = 0

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const wider = new Float64Array(this.#count * 2)
      wider.set(this.#values)
      this.#values = wider
    }
    this.#values[this.#count++] = value
  }

  clear(): void {
    this.#count = 0
  }

  get count(): number {
    return this.#count
  }

  /** The smallest value that `fraction` of all are not above; NaN of none. */
  percentile(fraction: number): number {
    const sorted = this.#values.slice(0, this.#count).sort()
    return sorted[Math.min(this.#count - 1, Math.ceil(this.#count * fraction) - 1)] ?? Number.NaN
  }
}

/** Rounds to so many digits behind the point: what is printed should not look more exact than it is. */
export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}

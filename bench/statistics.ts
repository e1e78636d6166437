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

export interface Line {
  /** The growth of y for each x, and its 95 % confidence interval. */
  readonly slope: number
  readonly low: number
  readonly high: number
  readonly meanX: number
  readonly meanY: number
}

/** Half of the 95 % interval of the normal distribution, in standard errors. */
const NORMAL_95 = 1.959_964

/** Beyond it the interval would have no end. */
const CORRELATION_MAX = 0.99

/**
 * The line by ordinary least squares. Neighbours that err alike say less than their number: the interval is wider by what the correlation
 * of each error with the next one takes from it (errors as a first-order autoregression). Points in order of x, evenly spaced.
 */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): Line {
  const count = points.length
  const mean = (of: 0 | 1): number => points.reduce((total, point) => total + point[of], 0) / count
  const [meanX, meanY] = [mean(0), mean(1)]
  let xx = 0
  let xy = 0
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2
    xy += (x - meanX) * (y - meanY)
  }
  const slope = xy / xx
  const errors = points.map(([x, y]) => y - meanY - slope * (x - meanX))
  const residual = errors.reduce((total, error) => total + error ** 2, 0)
  const free = count - 2
  const half = studentT(free) * Math.sqrt((residual / free / xx) * repeated(errors, residual))
  return { slope, low: slope - half, high: slope + half, meanX, meanY }
}

/** By how much the square of an error of the slope is larger than for independent errors. */
function repeated(errors: readonly number[], residual: number): number {
  const products = errors.reduce((total, error, i) => total + error * (errors[i + 1] ?? 0), 0)
  const correlation = residual === 0 ? 0 : Math.min(CORRELATION_MAX, Math.max(0, products / residual))
  return (1 + correlation) / (1 - correlation)
}

/** As NORMAL_95 for Student's t with so many degrees of freedom: the first terms of its expansion, within 1 % from 4 on. */
function studentT(free: number): number {
  const z = NORMAL_95
  return (
    z +
    (z ** 3 + z) / (4 * free) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * free ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * free ** 3)
  )
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

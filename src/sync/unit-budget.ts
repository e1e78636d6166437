/**
 * Shares among the scopes of a store what may be planned at a time. A scope whose store does not answer keeps what it has; it must leave
 * space for the others, and 256 scopes together must not hold 256 times what one may.
 *
 *   a scope may begin another submission while it has less than the space that is left, or less than UNITS_MIN
 *
 * So of n scopes that take all they can, each ends with 1/(n + 1) of the whole, and as much is left for the next one.
 */

/**
 * The most units planned at a time, over all scopes. A planned unit takes 4 to 5 KB: 41 MB. 85 scopes of a dead primary out of three hold
 * 95 each. Together with UNITS_MIN for each of 256 scopes it is 61 MB.
 */
export const PLANNED_UNITS_MAX = 8_192
/** The units that a scope may always have: half of them are written while the others gather. */
export const UNITS_MIN = 16

export class UnitBudget {
  readonly #unitsMax: number
  /** The units that are planned, or about to be. */
  #used = 0

  constructor(unitsMax: number) {
    this.#unitsMax = unitsMax
  }

  /** The number of units from which on a scope begins no more. */
  get share(): number {
    return Math.max(UNITS_MIN, this.#unitsMax - this.#used)
  }

  take(): void {
    this.#used += 1
  }

  giveBack(): void {
    this.#used -= 1
  }
}

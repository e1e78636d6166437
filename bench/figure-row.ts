/** One figure of a bench: beside its baseline of the same run, with what it is held to. */

import { rounded } from './statistics.js'

export interface Figure {
  readonly value: number
  readonly unit: string
}

export interface Aim {
  readonly atLeast?: number
  readonly atMost?: number
}

export interface FigureRow {
  readonly what: string
  readonly figure: Figure
  /** Absent where the figure is held to a number. */
  readonly baseline?: Figure & { readonly what: string }
  /** The figure divided by the baseline; the figure itself where there is none. */
  readonly judged: number
  /** Absent where it is only told. */
  readonly aim?: Aim
  readonly kept?: boolean
}

export interface RowParts {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly baseline?: { readonly what: string; readonly value: number }
  readonly aim?: Aim
}

export function figureRow({ what, value, unit, baseline, aim }: RowParts): FigureRow {
  const judged = rounded(baseline === undefined ? value : value / baseline.value, 3)
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = aim ?? {}
  return {
    what,
    figure: { value: significant(value), unit },
    ...(baseline === undefined ? {} : { baseline: { ...baseline, value: significant(baseline.value), unit } }),
    judged,
    ...(aim === undefined ? {} : { aim, kept: judged >= atLeast && judged <= atMost }),
  }
}

/** Three digits: what is printed should not look more exact than it is. */
function significant(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}

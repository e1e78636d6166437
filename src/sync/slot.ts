/** The change that a plan makes to one record. */
import type { Actor, Expectation, Put, Stamp } from '../store/types.js'
import type { Cell, KnownValue } from './record-cache.js'

/** A record's change. As an expectation it names the stamp on which the plan rests. */
export class Slot implements Expectation {
  readonly cell: Cell
  readonly base: KnownValue
  value: unknown
  expected = false
  put = false
  /** The value as it is stored, if it was put and there is one. */
  bytes: Uint8Array | null = null
  /** The put of the unit; made together with the unit. */
  sealed: Put | undefined
  /** The chain of the pending value that the put made. */
  chain = 0
  /** The slot that the plan made after this one. */
  next: Slot | undefined

  constructor(cell: Cell, base: KnownValue) {
    this.cell = cell
    this.base = base
    this.value = base.value
  }

  get actor(): Actor {
    return this.cell.actor
  }

  get name(): string {
    return this.cell.name
  }

  get stamp(): Stamp {
    return this.base.stamp
  }
}

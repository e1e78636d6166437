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
  /** The value as it is stored, if it was put, there is one, and it is not put as a patch (`RecordKind.patch`). */
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

  /** The put of the record. Only now it is known of which value a patch is made: the one that was there before the plan. */
  putAs(stamp: Stamp): Put {
    const { actor, name, kind } = this.cell
    if (this.value === undefined || kind.patch === undefined) {
      return { actor, name, bytes: this.bytes, stamp, patch: undefined }
    }
    const patch = this.base.value === undefined ? undefined : kind.patch(this.base.value, this.value)
    return { actor, name, bytes: patch?.bytes ?? kind.encode(this.value), stamp, patch: patch?.shape }
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

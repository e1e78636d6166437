/**
 * Works a transition out, with the effects that can be applied at once, into one unit. Synchronous: when a record is needed
 * that is not in the cache, planning is given up with what is missing, and done again when that was read.
 */

import { assert } from '../lib/assert.js'
import type { Clock } from '../lib/clock.js'
import type { CountedTime } from '../lib/counted-time.js'
import type { Actor, Append, Appended, Drop, Expectation, Put, ScopeId, Stamp, Trim, Unit } from '../store/types.js'
import {
  type AsideEffect,
  applyEffect,
  applyEffects,
  applyToEach,
  type Effect,
  type EffectPlan,
  type Emitted,
  type Mark,
  NEEDS_RECORDS,
  type Part,
} from './cascade.js'
import type { NodeEvent } from './events.js'
import { isPartitionActor } from './fan-out.js'
import { type OutboxEntry, outboxEntry, outboxEntryId, outboxOf } from './outbox-entry.js'
import type { ActorCells, Cell, KnownValue, Moment, RecordCache } from './record-cache.js'
import { isAbove, recordName } from './record-kinds.js'
import type { Stamps } from './stamps.js'
import {
  AboveBoundError,
  type EffectKind,
  type RecordKind,
  type RuleSettings,
  type Transition,
  type Tx,
} from './types.js'

/**
 * On a store to which others write, so long a record is believed that nothing of the unit depends on, and that a soft answer rests
 * on: then it is looked at again, however often it is touched. PROTOCOL.md gives a session that was ended elsewhere 3.5 s.
 */
export const SOFT_MS_MAX = 3_000

/** What planning needs of the engine around it. */
export interface PlanContext {
  readonly cache: RecordCache
  readonly stamps: Stamps
  readonly clock: Clock
  /** Whether others write to the store (store/types.ts). */
  readonly shared: boolean
  readonly time: CountedTime
  readonly settings: RuleSettings
  readonly effects: ReadonlyMap<string, EffectKind<unknown>>
  /** Targets of a fan-out that one unit takes. */
  readonly sliceTargets: number
  scopeOf(actor: Actor): ScopeId
  /** The epoch that the store is in now, for this actor. */
  epochOf(actor: Actor): number
  /** Whether the outbox from this partition to that scope takes more. */
  outboxHasRoom(source: Actor, target: Actor): boolean
}

/** What is to be planned. */
export interface Asked<I, R> {
  readonly actor: Actor
  readonly transition: Transition<I, R>
  readonly input: I
  /** The newest look at the store when it was asked: what a newer one finds was so during the job. */
  readonly since: number
}

/** What a plan does to one record. */
interface Slot {
  readonly cell: Cell
  readonly base: KnownValue
  value: unknown
  expected: boolean
  put: boolean
  /** The value as it is stored, if it was put and there is one. */
  bytes: Uint8Array | null
  /** Made when the unit is. */
  stamp: Stamp
  /** The chain of the pending value that the put made. */
  chain: number
}

export interface Made<R> {
  readonly plan: Plan
  readonly result: R | undefined
  readonly above: AboveBoundError | undefined
}

export class Plan implements Moment, EffectPlan {
  readonly scope: ScopeId
  readonly nowMs: number
  readonly steadyMs: number
  readonly look: number
  readonly context: PlanContext
  readonly slots: Slot[] = []
  readonly appends: Append[] = []
  readonly trims: Trim[] = []
  readonly drops: Drop[] = []
  readonly events: NodeEvent[] = []
  /** Entries put into an outbox by this plan: for the deliverer, after the commit. */
  readonly outbox: OutboxEntry[] = []
  /** Effects that threw: to be told when the unit that sets them aside is durable. */
  readonly asides: AsideEffect[] = []
  /** Cells without a value: planning was given up. */
  readonly missing: Cell[] = []
  readonly effects: Emitted[] = []
  /** Puts whose names are new by construction, guarded by another record of the unit: nothing is read or expected. */
  readonly #unseen: Put[] = []
  /** What each put replaced, newest last: slot, whether it was put before, its value and bytes then. */
  readonly #undo: unknown[] = []
  readonly #since: number
  #own: number | undefined

  private constructor(context: PlanContext, actor: Actor, since: number) {
    const { clock, cache, shared } = context
    this.context = context
    this.scope = context.scopeOf(actor)
    this.nowMs = clock.now()
    this.steadyMs = shared ? clock.monotonic() : 0
    this.look = cache.looks
    this.#since = since
  }

  /**
   * The plan and the transition's result; or a plan that names what is `missing`; or why there is none, when the transition
   * would have put a record above its bound and knows nothing else to do.
   */
  static make<I, R>(context: PlanContext, asked: Asked<I, R>): Made<R> {
    const { actor, transition, since } = asked
    const made = Plan.#try(new Plan(context, actor, since), asked, false)
    if (made.above === undefined || transition.refused === undefined) return made
    return Plan.#try(new Plan(context, actor, since), asked, true)
  }

  static #try<I, R>(plan: Plan, { actor, transition, input }: Asked<I, R>, refused: boolean): Made<R> {
    try {
      const tx = new PlanTx(plan, actor, 0)
      const result = refused ? transition.refused?.(tx, input) : transition.run(tx, input)
      if (plan.appends[0]?.actor === actor) plan.#own = 0
      applyEffects(plan)
      return { plan, result, above: undefined }
    } catch (error) {
      if (error instanceof AboveBoundError) return { plan, result: undefined, above: error }
      if (error !== NEEDS_RECORDS) throw error
      const cells = plan.context.cache.cellsOf(actor)
      for (const [kind, id] of transition.reads?.(input) ?? []) plan.want(cells, kind, id)
      return { plan, result: undefined, above: undefined }
    } finally {
      for (const slot of plan.slots) slot.cell.slot = undefined
    }
  }

  /** Whether the unit would change nothing. */
  get readOnly(): boolean {
    for (const slot of this.slots) if (slot.put) return false
    return this.#unseen.length + this.appends.length + this.trims.length + this.drops.length === 0
  }

  /**
   * Whether everything that was looked at is there, durably, and was seen to be so lately. What is not there may have come: another
   * node may have put it.
   */
  get restsOnWhatIs(): boolean {
    for (const { base, cell } of this.slots) {
      if (base.chain !== 0 || base.stamp === 0 || this.#isOld(cell)) return false
    }
    return true
  }

  /** The unit, and its puts made visible as pending values. */
  seal(): Unit {
    const expect: Expectation[] = []
    const puts = this.#unseen
    let anchored = false
    for (const slot of this.slots) {
      const { actor, name } = slot.cell
      if (slot.expected) expect.push({ actor, name, stamp: slot.base.stamp })
      if (!slot.put) continue
      const absent = slot.value === undefined
      anchored ||= !absent
      slot.stamp = absent ? 0 : this.context.stamps.next()
      puts.push({ actor, name, bytes: slot.bytes, stamp: slot.stamp })
      slot.chain = this.context.cache.pend(slot.cell, slot.stamp, slot.value, slot.base)
    }
    // A trim or a drop alone may be repeated as it is.
    const repeatable = anchored || (puts.length === 0 && this.appends.length === 0)
    assert(repeatable, 'a unit puts a record that it expects, so that repeating it is safe')
    return { expect, puts, appends: this.appends, trims: this.trims, drops: this.drops }
  }

  /** The unit is durable. */
  committed(): void {
    const { cache } = this.context
    for (const slot of this.slots) {
      if (slot.put) cache.committed(slot.cell, slot.stamp, slot.value, this)
      else if (slot.expected) cache.verified(slot.cell, slot.base.stamp, this)
    }
  }

  /** The unit fell: nothing of it happened. */
  fell(): void {
    for (const slot of this.slots) if (slot.put) this.context.cache.fell(slot.cell, slot.chain)
  }

  /** Whether a conflict that names this record and stamp says that the unit itself had been committed before. */
  madeStamp(actor: Actor, name: string, current: Stamp): boolean {
    return this.slots.some(
      ({ cell, put, stamp }) => put && stamp === current && cell.name === name && cell.actor === actor,
    )
  }

  /** Of the appends' ranges, the one of the actor's own first append. */
  ownAppend(appended: readonly Appended[]): Appended | undefined {
    return this.#own === undefined ? undefined : appended[this.#own]
  }

  slot(cells: ActorCells, kind: RecordKind<unknown>, id: string | number | undefined): Slot {
    const cell = this.context.cache.cell(cells, kind, id)
    if (cell.slot !== undefined) return cell.slot as Slot
    const base = cell.known
    if (base === undefined) {
      this.missing.push(cell)
      throw NEEDS_RECORDS
    }
    const slot = { cell, base, value: base.value, expected: false, put: false, bytes: null, stamp: 0, chain: 0 }
    cell.slot = slot
    this.slots.push(slot)
    return slot
  }

  /** A record of the plan's own actors that nothing of the unit depends on. */
  peek(cells: ActorCells, kind: RecordKind<unknown>, id: string | number | undefined): unknown {
    this.#dropOld(this.context.cache.cell(cells, kind, id))
    return this.slot(cells, kind, id).value
  }

  /** Another's record that nothing of the unit depends on. That it is not there is believed of a look after the job came alone. */
  glance(cells: ActorCells, kind: RecordKind<unknown>, id: string | number | undefined): unknown {
    this.#dropOldAbsence(this.context.cache.cell(cells, kind, id))
    return this.peek(cells, kind, id)
  }

  /** @throws AboveBoundError */
  put(slot: Slot, value: unknown): void {
    const { kind, actor, name } = slot.cell
    const whole = value === undefined ? undefined : (kind.keep?.(value, slot.value) ?? value)
    const bytes = whole === undefined ? null : kind.encode(whole)
    if (bytes !== null && isAbove(kind, whole, bytes)) throw new AboveBoundError(actor, name, kind, bytes.length)
    this.#undo.push(slot, slot.put, slot.value, slot.bytes)
    slot.expected = true
    slot.put = true
    slot.value = whole
    slot.bytes = bytes
  }

  putUnseen(put: Put): void {
    this.#unseen.push(put)
  }

  emit(emitted: Emitted): void {
    this.effects.push(emitted)
  }

  want(cells: ActorCells, kind: RecordKind<unknown>, id: string | number | undefined): void {
    const cell = this.context.cache.cell(cells, kind, id)
    this.#dropOld(cell)
    if (cell.known === undefined) this.missing.push(cell)
  }

  /** The same, for `glance`. */
  wantGlance(actor: Actor, kind: RecordKind<unknown>, id: string | number | undefined): void {
    const cells = this.context.cache.cellsOf(actor)
    this.#dropOldAbsence(this.context.cache.cell(cells, kind, id))
    this.want(cells, kind, id)
  }

  #dropOldAbsence(cell: Cell): void {
    if (cell.durable?.stamp === 0 && cell.look <= this.#since) cell.durable = undefined
  }

  /** What is too old to be believed without being depended on is to be read again. */
  #dropOld(cell: Cell): void {
    if (cell.slot === undefined && this.#isOld(cell)) cell.durable = undefined
  }

  /** What was read for this very job is not, however long that took. */
  #isOld({ verifiedMs, look }: Cell): boolean {
    return this.steadyMs - verifiedMs > SOFT_MS_MAX && look <= this.#since
  }

  at(actor: Actor, level: number): PlanTx {
    return new PlanTx(this, actor, level)
  }

  mark(): Mark {
    return {
      undo: this.#undo.length,
      appends: this.appends.length,
      trims: this.trims.length,
      drops: this.drops.length,
      events: this.events.length,
      effects: this.effects.length,
    }
  }

  rollBack(mark: Mark): void {
    while (this.#undo.length > mark.undo) {
      const bytes = this.#undo.pop() as Uint8Array | null
      const value = this.#undo.pop()
      const put = this.#undo.pop() as boolean
      const slot = this.#undo.pop() as Slot
      slot.put = put
      slot.value = value
      slot.bytes = bytes
    }
    this.appends.length = mark.appends
    this.trims.length = mark.trims
    this.drops.length = mark.drops
    this.events.length = mark.events
    this.effects.length = mark.effects
  }
}

/** A Tx on a plan, for one actor, at one level of the cascade. */
export class PlanTx implements Tx {
  readonly actor: Actor
  readonly #plan: Plan
  readonly #level: number
  readonly #cells: ActorCells

  constructor(plan: Plan, actor: Actor, level: number) {
    this.#plan = plan
    this.actor = actor
    this.#level = level
    this.#cells = plan.context.cache.cellsOf(actor)
  }

  get nowMs(): number {
    return this.#plan.nowMs
  }

  ago(ms: number): number {
    return this.#plan.context.time.ago(ms)
  }

  get epoch(): number {
    return this.#plan.context.epochOf(this.actor)
  }

  get settings(): RuleSettings {
    return this.#plan.context.settings
  }

  get<T>(kind: RecordKind<T>, id?: string | number): T | undefined {
    const slot = this.#plan.slot(this.#cells, kind as RecordKind<unknown>, id)
    slot.expected = true
    return slot.value as T | undefined
  }

  fetch(kinds: readonly RecordKind<unknown>[], ids: readonly (string | number)[]): void {
    for (const id of ids) for (const kind of kinds) this.#plan.want(this.#cells, kind, id)
    if (this.#plan.missing.length > 0) throw NEEDS_RECORDS
  }

  fetchOf(records: readonly (readonly [actor: Actor, kind: RecordKind<unknown>, id?: string | number])[]): void {
    for (const [actor, kind, id] of records) this.#plan.wantGlance(actor, kind, id)
    if (this.#plan.missing.length > 0) throw NEEDS_RECORDS
  }

  peek<T>(kind: RecordKind<T>, id?: string | number): T | undefined {
    return this.#plan.peek(this.#cells, kind as RecordKind<unknown>, id) as T | undefined
  }

  glance<T>(actor: Actor, kind: RecordKind<T>, id?: string | number): T | undefined {
    const cells = this.#plan.context.cache.cellsOf(actor)
    return this.#plan.glance(cells, kind as RecordKind<unknown>, id) as T | undefined
  }

  put<T>(kind: RecordKind<T>, value: T, id?: string | number): void {
    this.#plan.put(this.#plan.slot(this.#cells, kind as RecordKind<unknown>, id), value)
  }

  remove<T>(kind: RecordKind<T>, id?: string | number): void {
    this.put(kind as RecordKind<T | undefined>, undefined, id)
  }

  append(bytes: Uint8Array, key?: string): void {
    this.#plan.appends.push({ actor: this.actor, key, bytes })
  }

  trim(upTo: number, entriesMax?: number): void {
    this.#plan.trims.push({ actor: this.actor, upTo, entriesMax })
  }

  drop(key: string): void {
    this.#plan.drops.push({ actor: this.actor, key })
  }

  effect<I>(kind: EffectKind<I>, target: Actor | readonly Actor[], input: I): void {
    this.#plan.emit({ kind: kind as EffectKind<unknown>, source: this.actor, target, input, level: this.#level + 1 })
  }

  fanOut<I>(kind: EffectKind<I>, targets: readonly Actor[], input: I): void {
    if (targets.length > 0) this.effect(kind, targets, input)
  }

  hasRoomFor(target: Actor): boolean {
    // What is fanned out goes by entries within a scope too.
    if (!isPartitionActor(target) && this.#plan.context.scopeOf(target) === this.#plan.scope) return true
    return this.#plan.context.outboxHasRoom(this.actor, target)
  }

  event(event: NodeEvent): void {
    this.#plan.events.push(event)
  }

  /** For the deliverer: an effect of this actor is taken, its entry leaves the outbox. */
  removeEntry(target: Actor, seq: number): void {
    const name = recordName(outboxEntry, outboxEntryId(this.actor, target, seq))
    this.#plan.putUnseen({ actor: outboxOf(this.actor), name, bytes: null, stamp: 0 })
  }

  /** For the deliverer: applies an effect that came through an outbox. */
  take(effect: Omit<Effect, 'level'>, seq: number): void {
    applyEffect(this.#plan, this, { ...effect, level: this.#level }, seq)
  }

  /** For the deliverer, at the actor of a partition: applies a fan-out to some of its targets. */
  takeForEach(effect: Omit<Effect, 'level'>, part: Part): void {
    applyToEach(this.#plan, this, { ...effect, level: this.#level }, part)
  }
}

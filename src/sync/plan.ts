/**
 * Works out a transition, and the effects that can be applied at once, as one unit. Planning is synchronous. When it needs a record that
 * is not in the cache, it stops and names what is missing; it is done again when that has been read.
 */

import { assert } from '../lib/assert.js'
import type { Clock } from '../lib/clock.js'
import type { CountedTime } from '../lib/counted-time.js'
import { partitionOf } from '../store/partition.js'
import type {
  Actor,
  Append,
  Appended,
  CommitResult,
  Conflict,
  Drop,
  Expectation,
  PartitionEpoch,
  Put,
  RouteChange,
  ScopeId,
  Trim,
  Unit,
  Version,
} from '../store/types.js'
import {
  type AsideEffect,
  applyEffects,
  type EffectPlan,
  type Emitted,
  NEEDS_RECORDS,
  type Savepoint,
} from './cascade.js'
import type { LogQuestion, PendingReplaces, SeenEntries } from './entries.js'
import type { NodeEvent, WorkEvent } from './events.js'
import type { OutboxEntry } from './outbox-entry.js'
import { PlanEntries } from './plan-entries.js'
import { PlanTx } from './plan-tx.js'
import type { ActorCells, Cell, Moment, RecordCache } from './record-cache.js'
import { isAbove } from './record-kinds.js'
import { added, cut, NONE } from './short-lists.js'
import { Slot } from './slot.js'
import type { Stamps } from './stamps.js'
import { AboveBoundError, type EffectKind, type RecordKind, type RuleSettings, type Transition } from './types.js'

/**
 * The age to which a record that the unit does not depend on is believed, on a store that others write to. Soft answers rest on such
 * records. An older one is read again, however often it is touched. PROTOCOL.md gives a session that was ended elsewhere 3.5 s.
 */
export const SOFT_MS_MAX = 3_000

/** The parts of the engine that planning needs. */
export interface PlanContext {
  readonly cache: RecordCache
  /** The replacements of all units that are on their way. */
  readonly replaces: PendingReplaces
  readonly stamps: Stamps
  readonly clock: Clock
  /** Whether others write to the store (store/types.ts). */
  readonly shared: boolean
  readonly time: CountedTime
  readonly settings: RuleSettings
  readonly effects: ReadonlyMap<string, EffectKind<unknown>>
  /** The number of a fan-out's targets that one unit takes. */
  readonly sliceTargets: number
  scopeOf(actor: Actor): ScopeId
  /** The epoch that the store is in now, for this partition. */
  epochOf(partition: number): number
  /** Whether the outbox from this partition to that scope takes more. */
  outboxHasSpace(source: Actor, target: Actor): boolean
  /** Whether several nodes compete for the actor's records. */
  isContended(actor: Actor): boolean
}

/** A transition that is to be planned, with its input. */
export interface Asked<I, R> {
  readonly actor: Actor
  readonly transition: Transition<I, R>
  readonly input: I
  /** The newest look at the store when the submission came. What a newer look finds was so while it waited. */
  readonly since: number
  /** The heads of logs that were found to be beyond what was to be appended there (`Tx.appendAt`). */
  readonly heads: ReadonlyMap<Actor, Version> | undefined
  /** What was read of logs for it. */
  readonly seen: SeenEntries | undefined
}

/** An append of a plan. */
export interface PlannedAppend extends Append {
  /** The Item that the actor's devices are pushed; undefined: nobody is told. */
  readonly shown: Uint8Array | undefined
}

export class Plan implements Moment, EffectPlan {
  readonly scope: ScopeId
  readonly nowMs: number
  readonly steadyMs: number
  readonly look: number
  readonly context: PlanContext
  /** The transition's answer; only set if nothing is missing and nothing was above its bound. */
  result: unknown
  /** The reason why there is no plan: a record would be above its bound, and the transition has no `refused` that avoids it. */
  above: AboveBoundError | undefined
  appends: PlannedAppend[] = NONE
  trims: Trim[] = NONE
  drops: Drop[] = NONE
  routes: RouteChange[] = NONE
  events: (NodeEvent | WorkEvent)[] = NONE
  /** Entries that this plan put into an outbox; the deliverer takes them after the commit. */
  outbox: OutboxEntry[] = NONE
  /** Effects that threw; they are reported when the unit that sets them aside is durable. */
  asides: AsideEffect[] = NONE
  /** Cells without a value, for which planning stopped. */
  missing: Cell[] = NONE
  effects: Emitted[] = NONE
  /** Whether an effect that reads what the unit appends may be put off. If not, that is a bug. */
  putsOff = true
  /** Undefined for nearly all plans: they see no entry. */
  #entries: PlanEntries | undefined
  /** The slots in the order in which they were made, each with the next one. */
  #first: Slot | undefined
  #last: Slot | undefined
  /** Puts whose names are new by construction. Another record of the unit guards them: nothing is read or expected for them. */
  #unseen: Put[] = NONE
  /** The state that each put since the first savepoint replaced, newest last: slot, whether it was put before, its value and bytes then. */
  #undo: unknown[] | undefined
  readonly #since: number
  readonly #heads: ReadonlyMap<Actor, Version> | undefined
  readonly #seen: SeenEntries | undefined
  /** Whether the answer may be given without a commit, resting on what was looked at. */
  #mayBeSoft = false
  #own: number | undefined
  /** The first epoch that a rule asked for: the unit rests on it. Most units rest on none. */
  #epoch: PartitionEpoch | undefined

  private constructor(
    context: PlanContext,
    { actor, since, heads, seen }: Pick<Asked<unknown, unknown>, 'actor' | 'since' | 'heads' | 'seen'>,
  ) {
    const { clock, cache, shared } = context
    this.context = context
    this.scope = context.scopeOf(actor)
    this.nowMs = clock.now()
    this.steadyMs = shared ? clock.monotonic() : 0
    this.look = cache.looks
    this.#since = since
    this.#heads = heads
    this.#seen = seen
  }

  /** The entries of logs, as the plan sees and replaces them. */
  get entries(): PlanEntries {
    this.#entries ??= new PlanEntries({ seen: this.#seen, pending: this.context.replaces, plan: this })
    return this.#entries
  }

  /** What it asked of logs and is not known. */
  get asks(): readonly LogQuestion[] {
    return this.#entries?.missing ?? NONE
  }

  /** Whether there is no plan, because something is not known. */
  get lacks(): boolean {
    return this.missing.length > 0 || this.asks.length > 0
  }

  /** Whether a log is known to have this version already, or a later one. */
  isBeyond(actor: Actor, version: Version): boolean {
    return (this.#heads?.get(actor) ?? 0) >= version
  }

  /** Makes a plan with a result, or one that names what is `missing`, or one that says what would be `above` its bound. */
  static make<I, R>(context: PlanContext, asked: Asked<I, R>): Plan {
    const { transition } = asked
    const plan = new Plan(context, asked)
    plan.#try(asked, false)
    if (plan.above === undefined || transition.refused === undefined) return plan
    const refusal = new Plan(context, asked)
    refusal.#try(asked, true)
    return refusal
  }

  #try<I, R>({ actor, transition, input }: Asked<I, R>, refused: boolean): void {
    try {
      const tx = new PlanTx(this, actor, 0)
      this.#mayBeSoft = transition.soft !== undefined
      this.result = refused ? transition.refused?.(tx, input) : transition.run(tx, input)
      if (this.appends[0]?.actor === actor) this.#own = 0
      applyEffects(this)
      this.#entries?.check()
    } catch (error) {
      if (error instanceof AboveBoundError) this.above = error
      else if (error !== NEEDS_RECORDS) throw error
      else {
        const cells = this.context.cache.cellsOf(actor)
        for (const [kind, id] of transition.reads?.(input) ?? []) this.want(cells, kind, id)
      }
    } finally {
      for (let slot = this.#first; slot !== undefined; slot = slot.next) slot.cell.slot = undefined
    }
  }

  /** Whether the unit would change nothing. */
  get readOnly(): boolean {
    for (let slot = this.#first; slot !== undefined; slot = slot.next) if (slot.put) return false
    const { appends, trims, drops, routes } = this
    const others = appends.length + trims.length + drops.length + routes.length + (this.#entries?.length ?? 0)
    return this.#unseen.length + others === 0
  }

  /**
   * Whether all records that were looked at exist, are durable, and were seen lately. A record that did not exist may exist by now:
   * another node may have put it.
   */
  get restsOnWhatIs(): boolean {
    if (!this.#mayBeSoft) return false
    for (let slot = this.#first; slot !== undefined; slot = slot.next) {
      const { base, cell } = slot
      if (base.chain !== 0 || base.stamp === 0 || this.#isOld(cell)) return false
    }
    return true
  }

  /** Makes the unit, and shows its puts to later plans as pending values. */
  seal(): Unit {
    const { stamps, cache } = this.context
    let expected = 0
    let puts = this.#unseen
    let anchored = false
    for (let slot = this.#first; slot !== undefined; slot = slot.next) {
      if (slot.expected) expected += 1
      if (!slot.put) continue
      const { cell, value, base } = slot
      const stamp = value === undefined ? 0 : stamps.next()
      anchored ||= value !== undefined
      slot.sealed = slot.putAs(stamp)
      slot.chain = cache.pend(cell, stamp, value, base)
      puts = added(puts, slot.sealed)
    }
    const replaces = this.#entries?.seal(stamps) ?? NONE
    anchored ||= replaces.length > 0
    // A unit that only trims, drops or sets routes may be repeated as it is.
    const repeatable = anchored || (puts.length === 0 && this.appends.length === 0)
    assert(repeatable, 'a unit puts a record that it expects or replaces an entry, so that repeating it is safe')
    const [expect, epoch] = [this.#expectations(expected), this.#epoch]
    const { appends, trims, drops, routes } = this
    return { expect, puts, appends, trims, drops, replaces, routes, epoch }
  }

  #expectations(count: number): readonly Expectation[] {
    // The array has its final length from the start: one that grows reserves space for 17.
    const expect = new Array<Expectation>(count)
    let i = 0
    for (let slot = this.#first; slot !== undefined; slot = slot.next) if (slot.expected) expect[i++] = slot
    return expect
  }

  /** Notes in the cache that the unit is durable. */
  committed(): void {
    const { cache } = this.context
    for (let slot = this.#first; slot !== undefined; slot = slot.next) {
      if (slot.sealed !== undefined) cache.committed(slot.cell, slot.sealed.stamp, slot.value, this)
      else if (slot.expected) cache.verified(slot.cell, slot.base.stamp, this)
    }
    this.#entries?.settled()
  }

  /** Notes in the cache that the unit fell: none of it happened. */
  fell(): void {
    const { cache } = this.context
    for (let slot = this.#first; slot !== undefined; slot = slot.next) if (slot.put) cache.fell(slot.cell, slot.chain)
    this.#entries?.settled()
  }

  /** Whether a conflict shows that the unit itself had been committed before. */
  madeStampOf(conflict: CommitResult): boolean {
    if (conflict.kind === 'conflict') return this.#madeStamp(conflict)
    if (conflict.kind !== 'entry conflict') return false
    const { actor, version, current } = conflict
    return this.#entries?.madeStamp(actor, version, current) === true
  }

  #madeStamp({ actor, name, current }: Conflict): boolean {
    for (let slot = this.#first; slot !== undefined; slot = slot.next) {
      const { sealed } = slot
      if (sealed?.stamp === current && sealed.name === name && sealed.actor === actor) return true
    }
    return false
  }

  /** The range of the actor's own first append. */
  ownAppend(appended: readonly Appended[]): Appended | undefined {
    return this.#own === undefined ? undefined : appended[this.#own]
  }

  slot(cells: ActorCells, kind: RecordKind<unknown>, id: string | number | undefined): Slot {
    const cell = this.context.cache.cell(cells, kind, id)
    if (cell.slot !== undefined) return cell.slot as Slot
    const slot = new Slot(cell, cell.known ?? this.#lack(cell))
    cell.slot = slot
    if (this.#last === undefined) this.#first = slot
    else this.#last.next = slot
    this.#last = slot
    return slot
  }

  #lack(cell: Cell): never {
    this.missing = added(this.missing, cell)
    throw NEEDS_RECORDS
  }

  /** The epoch of an actor's partition. The unit is then committed only in this epoch. */
  epochOf(actor: Actor): number {
    const partition = partitionOf(actor)
    const epoch = this.context.epochOf(partition)
    this.#epoch ??= { partition, epoch }
    return epoch
  }

  /** Reads a record of one of the plan's actors, without making the unit depend on it. */
  peek(cells: ActorCells, kind: RecordKind<unknown>, id: string | number | undefined): unknown {
    const cell = this.context.cache.cell(cells, kind, id)
    this.#dropOld(cell)
    // What a unit neither expects nor puts needs no slot, unless the answer may rest on it.
    if (cell.slot === undefined && cell.known !== undefined && !this.#mayBeSoft) return cell.known.value
    return this.slot(cells, kind, id).value
  }

  /**
   * Reads another actor's record, without making the unit depend on it. A pending value of it is passed over: it may never come to be. If
   * the cache says that the record does not exist, this counts only if the look is newer than the submission.
   */
  glance(cells: ActorCells, kind: RecordKind<unknown>, id: string | number | undefined): unknown {
    const cell = this.context.cache.cell(cells, kind, id)
    this.#dropOldAbsence(cell)
    if (cell.slot !== undefined || cell.pending === undefined) return this.peek(cells, kind, id)
    this.#dropOld(cell)
    this.#mayBeSoft = false
    return (cell.durable ?? this.#lack(cell)).value
  }

  /** @throws AboveBoundError */
  put(slot: Slot, value: unknown): void {
    const { kind, actor, name } = slot.cell
    const whole = value === undefined ? undefined : (kind.keep?.(value, slot.value) ?? value)
    const bytes = whole === undefined || kind.patch !== undefined ? null : kind.encode(whole)
    if (bytes !== null && isAbove(kind, whole, bytes)) throw new AboveBoundError(actor, name, kind, bytes.length)
    this.#undo?.push(slot, slot.put, slot.value, slot.bytes)
    slot.expected = true
    slot.put = true
    slot.value = whole
    slot.bytes = bytes
  }

  putUnseen(put: Put): void {
    this.#unseen = added(this.#unseen, put)
  }

  post(entry: OutboxEntry): void {
    this.outbox = added(this.outbox, entry)
  }

  setAside(aside: AsideEffect): void {
    this.asides = added(this.asides, aside)
  }

  want(cells: ActorCells, kind: RecordKind<unknown>, id: string | number | undefined): void {
    const cell = this.context.cache.cell(cells, kind, id)
    this.#dropOld(cell)
    if (cell.known === undefined) this.missing = added(this.missing, cell)
  }

  /** Does the same as `want`, for `glance`. */
  wantGlance(actor: Actor, kind: RecordKind<unknown>, id: string | number | undefined): void {
    const cells = this.context.cache.cellsOf(actor)
    this.#dropOldAbsence(this.context.cache.cell(cells, kind, id))
    this.want(cells, kind, id)
  }

  #dropOldAbsence(cell: Cell): void {
    if (cell.durable?.stamp === 0 && cell.look <= this.#since) cell.durable = undefined
  }

  /** Forgets a record that is too old to be believed unless the unit depends on it: it is read again. */
  #dropOld(cell: Cell): void {
    if (cell.slot === undefined && this.#isOld(cell)) cell.durable = undefined
  }

  /** Whether a record was seen too long ago. A record that was read for this very submission is never old, however long that took. */
  #isOld({ verifiedMs, look }: Cell): boolean {
    return this.steadyMs - verifiedMs > SOFT_MS_MAX && look <= this.#since
  }

  at(actor: Actor, level: number): PlanTx {
    return new PlanTx(this, actor, level)
  }

  savepoint(): Savepoint {
    this.#undo ??= []
    return {
      undo: this.#undo.length,
      appends: this.appends.length,
      trims: this.trims.length,
      drops: this.drops.length,
      routes: this.routes.length,
      events: this.events.length,
      effects: this.effects.length,
      asides: this.asides.length,
      replaces: this.#entries?.length ?? 0,
    }
  }

  rollBack(to: Savepoint): void {
    const undo = this.#undo ?? []
    while (undo.length > to.undo) {
      const bytes = undo.pop() as Uint8Array | null
      const value = undo.pop()
      const put = undo.pop() as boolean
      const slot = undo.pop() as Slot
      slot.put = put
      slot.value = value
      slot.bytes = bytes
    }
    cut(this.appends, to.appends)
    cut(this.trims, to.trims)
    cut(this.drops, to.drops)
    cut(this.routes, to.routes)
    cut(this.events, to.events)
    cut(this.effects, to.effects)
    cut(this.asides, to.asides)
    this.#entries?.cut(to.replaces)
  }
}

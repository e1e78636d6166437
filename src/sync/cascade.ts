/**
 * Decides what becomes of a transition's effects: each is applied at once, in the same unit, or becomes an entry of an outbox. An
 * effect is applied at once if its target is in the unit's scope and not contended, the unit may still grow, and nothing of the pair waits.
 * All others are queued in the outbox, behind what already waits.
 */
import type { Actor, Put, ScopeId } from '../store/types.js'
import { groupTargets, isPartitionActor } from './fan-out.js'
import { NO_TARGETS, type OutboxEntry, outboxEntry, outboxEntryId, outboxOf } from './outbox-entry.js'
import {
  ASIDES_MAX,
  countedBranches,
  EFFECT_BYTES_MAX,
  isAbove,
  type PairIn,
  type PairOut,
  pairIn,
  pairOut,
  recordName,
  type SetAside,
  setAside,
} from './record-kinds.js'
import { isBranchActor } from './references.js'
import type { Stamps } from './stamps.js'
import { AboveBoundError, type EffectKind, type Tx } from './types.js'

/** Bounds of one unit: how deep effects may cause effects, and how many appends it may hold. The rest goes by outbox. */
export const CASCADE_LEVELS_MAX = 4
export const CASCADE_APPENDS_MAX = 1_000

/**
 * The jump of effects' numbers per epoch of the source's partition. The numbers of the epoch before may have been given out and lost,
 * and the target has taken some of them. No pair has so many effects in one epoch.
 */
const PAIR_JUMP = 2 ** 32

/** Characters of an effect's error that are kept with it. */
const ERROR_CHARACTERS_MAX = 1_000

/** Thrown through a transition when a record is not in the cache. It never leaves the planning. */
export const NEEDS_RECORDS = Symbol('needs records')

/** Thrown where a rule reads an entry that its own unit appends: it has no version yet. */
export class OwnAppendError extends Error {
  override readonly name = 'OwnAppendError'

  constructor(actor: Actor) {
    super(`a rule reads what its own unit appends to the log of ${actor}`)
  }
}

/** An effect on its own, without its targets. */
export interface Effect {
  readonly kind: EffectKind<unknown>
  readonly source: Actor
  readonly input: unknown
  /** The number of effects, each caused by the one before, that led to this one in the same unit. */
  readonly level: number
}

/** An effect that a transition emitted. */
export interface Emitted extends Effect {
  /** The target; a list means a fan-out. */
  readonly target: Actor | readonly Actor[]
  /** The source's Tx, whatever its level. */
  readonly at: Tx
}

export interface AsideEffect {
  readonly source: Actor
  readonly target: Actor
  readonly kind: string
  readonly error: unknown
}

/** The state of a plan before an effect was run, for rolling back. */
export interface Savepoint {
  readonly undo: number
  readonly appends: number
  readonly trims: number
  readonly drops: number
  readonly routes: number
  readonly events: number
  readonly effects: number
  readonly asides: number
  readonly replaces: number
}

/** The plan that the effects belong to. */
export interface EffectPlan {
  readonly scope: ScopeId
  readonly nowMs: number
  readonly context: {
    readonly stamps: Stamps
    /** The number of a fan-out's targets that one unit takes. */
    readonly sliceTargets: number
    scopeOf(actor: Actor): ScopeId
    outboxHasSpace(source: Actor, target: Actor): boolean
    isContended(actor: Actor): boolean
  }
  readonly appends: readonly unknown[]
  readonly lacks: boolean
  /** Whether an effect that reads what the unit appends may be put off. If not, that is a bug. */
  putsOff: boolean
  /** Effects in the order in which they were emitted; those that they cause follow behind. */
  readonly effects: readonly Emitted[]
  at(actor: Actor, level: number): Tx
  putUnseen(put: Put): void
  /** Notes an entry that was put into an outbox: it is delivered when it is durable. */
  post(entry: OutboxEntry): void
  setAside(aside: AsideEffect): void
  savepoint(): Savepoint
  rollBack(to: Savepoint): void
}

/**
 * Applies all effects of a plan. When one lacks records, the others are still tried, so that all missing records are found at once.
 */
export function applyEffects(plan: EffectPlan): void {
  for (let i = 0; i < plan.effects.length; i += 1) {
    const effect = plan.effects[i]
    if (effect === undefined) continue
    try {
      if (typeof effect.target === 'string') route(plan, effect, effect.target)
      else fanOut(plan, effect, effect.target)
    } catch (error) {
      if (error !== NEEDS_RECORDS) throw error
    }
  }
  if (plan.lacks) throw NEEDS_RECORDS
}

function route(plan: EffectPlan, effect: Emitted, target: Actor): void {
  const { kind, at, input, level } = effect
  const isApplied =
    isAtOnce(plan, at, target, level) &&
    isNotPutOff(plan, () => {
      const to = plan.at(target, level)
      applyEffect(plan, to, effect, count(at, to))
    })
  if (!isApplied) post(plan, at, { target, kind: kind.name, payload: kind.encode(input), targets: NO_TARGETS })
}

/** Applies something, or undoes it if it reads what the unit appends: it then waits for a unit of its own. @returns whether it is applied */
function isNotPutOff(plan: EffectPlan, apply: () => void): boolean {
  const savepoint = plan.savepoint()
  try {
    apply()
    return true
  } catch (error) {
    if (!(error instanceof OwnAppendError)) throw error
    plan.rollBack(savepoint)
    return false
  }
}

/** Writes one entry for each partition. A short list is applied at once where that is possible. */
function fanOut(plan: EffectPlan, effect: Emitted, targets: readonly Actor[]): void {
  const { kind, at, input, level } = effect
  const groups = groupTargets(targets)
  at.fetch(
    [pairOut],
    groups.map(({ partition }) => partition),
  )
  const isShort = targets.length <= plan.context.sliceTargets
  let payload: Uint8Array | undefined
  for (const { partition, targets } of groups) {
    const isApplied =
      isShort &&
      isAtOnce(plan, at, partition, level) &&
      isNotPutOff(plan, () => {
        const to = plan.at(partition, level)
        applyToEach(plan, to, effect, { seq: count(at, to), targets })
      })
    if (!isApplied) {
      payload ??= kind.encode(input)
      post(plan, at, { target: partition, kind: kind.name, payload, targets })
    }
  }
}

function isAtOnce(plan: EffectPlan, at: Tx, target: Actor, level: number): boolean {
  if (isWaiting(at, target)) return false
  const { context } = plan
  const fits = level <= CASCADE_LEVELS_MAX && plan.appends.length < CASCADE_APPENDS_MAX
  if (!fits || context.scopeOf(target) !== plan.scope) return false
  // Where the outbox is full it competes all the same: within a scope an effect needs no space.
  return !context.isContended(target) || !context.outboxHasSpace(at.actor, target)
}

/** The pair's counter at the source; undefined: it has none. */
function counterOf(at: Tx, target: Actor): PairOut | undefined {
  if (isBranchActor(target) && at.get(countedBranches) === undefined) return undefined
  return at.get(pairOut, target)
}

/** Whether something of the pair waits in the outbox. */
export function isWaiting(at: Tx, target: Actor): boolean {
  const out = counterOf(at, target)
  return out !== undefined && out.sent !== out.settled
}

/** Counts an effect that is applied at once. @returns its number, 0 if the pair has no counter */
function count(at: Tx, to: Tx): number {
  const out = counterOf(at, to.actor)
  if (out === undefined) return 0
  const seq = numberAfter(at, out.sent)
  at.put(pairOut, { sent: seq, settled: seq }, to.actor)
  to.put(pairIn, takenUpTo(to, seq), at.actor)
  return seq
}

function numberAfter(at: Tx, sent: number): number {
  return Math.max(sent, PAIR_JUMP * (at.epoch - 1)) + 1
}

/** The pair counter of a target that has taken all effects up to `last`. */
export function takenUpTo({ epoch }: Tx, last: number): PairIn {
  return epoch === 1 ? { last } : { last, epoch }
}

/** Puts an effect into the outbox of its source. */
function post(plan: EffectPlan, at: Tx, effect: Pick<OutboxEntry, 'target' | 'kind' | 'payload' | 'targets'>): void {
  const { target, kind, payload, targets } = effect
  const source = at.actor
  const { sent, settled } = counterOf(at, target) ?? { sent: 0, settled: 0 }
  if (isBranchActor(target) && at.get(countedBranches) === undefined) at.put(countedBranches, { atMs: at.nowMs })
  const seq = numberAfter(at, sent)
  at.put(pairOut, { sent: seq, settled }, target)
  const entry = { source, target, seq, before: sent, kind, payload, targets }
  const bytes = outboxEntry.encode(entry)
  const actor = outboxOf(source)
  const name = recordName(outboxEntry, outboxEntryId(source, target, seq))
  if (isAbove(outboxEntry, entry, bytes)) throw new AboveBoundError(actor, name, outboxEntry, bytes.length)
  plan.putUnseen({ actor, name, bytes, stamp: plan.context.stamps.next() })
  plan.post(entry)
}

/** Applies an effect to one actor. */
function applyEffect(plan: EffectPlan, tx: Tx, effect: Effect, seq: number): void {
  const aside = run(plan, tx, effect)
  if (aside !== undefined) tx.put(setAside, aside, `${effect.source}/${slotOf(plan, seq)}`)
}

/** The targets of a fan-out that `partition` takes in one unit. */
export interface Part {
  readonly seq: number
  readonly targets: readonly Actor[]
}

/** Applies a fan-out to each target. Finds out at once which records all of them lack. */
function applyToEach(plan: EffectPlan, partition: Tx, effect: Effect, { seq, targets }: Part): void {
  const slot = slotOf(plan, seq)
  for (const target of targets) {
    try {
      const tx = plan.at(target, effect.level)
      const aside = run(plan, tx, effect)
      if (aside === undefined) continue
      partition.put(setAside, aside, `${effect.source}/${slot}`)
      tx.put(setAside, { ...aside, payload: '' }, `${effect.source}/many-${slot}`)
    } catch (error) {
      if (error !== NEEDS_RECORDS) throw error
    }
  }
  if (plan.lacks) throw NEEDS_RECORDS
}

/**
 * Runs an effect at its target. If it throws, its changes are undone and the source is told. @returns what is kept of it in that
 * case
 */
function run(plan: EffectPlan, tx: Tx, { kind, source, input }: Effect): SetAside | undefined {
  const savepoint = plan.savepoint()
  try {
    kind.run(tx, input, source)
    return undefined
  } catch (error) {
    if (error === NEEDS_RECORDS || (error instanceof OwnAppendError && plan.putsOff)) throw error
    plan.rollBack(savepoint)
    plan.setAside({ source, target: tx.actor, kind: kind.name, error })
    refuse(plan, tx, { kind, source, input })
    return keptOf(kind, kind.encode(input), error)
  }
}

/** Tells the source that its effect threw. If that throws too, as it may at an input that makes no sense, nobody is told. */
function refuse(plan: EffectPlan, tx: Tx, { kind, source, input }: Omit<Effect, 'level'>): void {
  const savepoint = plan.savepoint()
  try {
    kind.refused?.(tx, input, source)
  } catch (error) {
    if (error === NEEDS_RECORDS || (error instanceof OwnAppendError && plan.putsOff)) throw error
    plan.rollBack(savepoint)
  }
}

/** An effect as it stands in an entry. */
export interface EncodedEffect {
  readonly kind: EffectKind<unknown>
  readonly source: Actor
  readonly payload: Uint8Array
}

/** 'senseless': it could not be decoded. 'put off': it reads what the unit appends, and must be in a later one. */
export type Take = 'taken' | 'senseless' | 'put off'

/**
 * Applies an effect that came through an outbox: to one actor, or at a partition to these targets. If it cannot be decoded, it is set
 * aside, for a partition once. Its source is not told: nobody knows what it was.
 */
export function applyEncoded(
  plan: EffectPlan,
  tx: Tx,
  { kind, source, payload }: EncodedEffect,
  part: Part & { readonly level: number },
): Take {
  let effect: Effect
  try {
    effect = { kind, source, input: kind.decode(payload), level: part.level }
  } catch (error) {
    plan.setAside({ source, target: tx.actor, kind: kind.name, error })
    tx.put(setAside, keptOf(kind, payload, error), `${source}/${slotOf(plan, part.seq)}`)
    return 'senseless'
  }
  // The first effect of a unit gains nothing by waiting.
  plan.putsOff = plan.appends.length > 0
  const isTaken = isNotPutOff(plan, () => {
    if (isPartitionActor(tx.actor)) applyToEach(plan, tx, effect, part)
    else applyEffect(plan, tx, effect, part.seq)
  })
  plan.putsOff = true
  return isTaken ? 'taken' : 'put off'
}

/** The part of an effect that could not be applied that is kept for people. */
function keptOf({ name }: EffectKind<unknown>, payload: Uint8Array, error: unknown): SetAside {
  const kept = Buffer.from(payload.subarray(0, EFFECT_BYTES_MAX)).toString('base64')
  return { kind: name, payload: kept, error: String(error).slice(0, ERROR_CHARACTERS_MAX) }
}

/** The slot that an effect is set aside in. Slots are reused: a newer effect replaces an old one. */
function slotOf({ nowMs }: EffectPlan, seq: number): string {
  return seq === 0 ? `at-${nowMs % ASIDES_MAX}` : String(seq % ASIDES_MAX)
}

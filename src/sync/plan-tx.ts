/** The access that rules have to a plan: the Tx of one actor. */

import { assert } from '../lib/assert.js'
import { partitionOf } from '../store/partition.js'
import type { Actor, NodeId, StoredEntry, Version } from '../store/types.js'
import { applyEncoded, type EncodedEffect, isWaiting, NEEDS_RECORDS, type Part, type Take } from './cascade.js'
import type { NodeEvent, WorkEvent } from './events.js'
import { isPartitionActor } from './fan-out.js'
import { outboxEntry, outboxEntryId, outboxOf } from './outbox-entry.js'
import type { Plan, PlannedAppend } from './plan.js'
import type { ActorCells } from './record-cache.js'
import { recordName } from './record-kinds.js'
import { added } from './short-lists.js'
import type { EffectKind, RecordKind, RuleSettings, Shared, Tx } from './types.js'
/** The Tx of one actor in a plan, at one level of the cascade. */
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
    return this.#plan.epochOf(this.actor)
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

  at(actor: Actor): Tx {
    assert(partitionOf(actor) === partitionOf(this.actor), 'a unit changes actors of one partition')
    return new PlanTx(this.#plan, actor, this.#level)
  }

  append(bytes: Uint8Array, key?: string, shown = bytes): void {
    this.#append({ actor: this.actor, key, conversation: undefined, at: undefined, bytes, shown })
  }

  appendTo(conversation: string, bytes: Uint8Array): void {
    this.#append({ actor: this.actor, key: undefined, conversation, at: undefined, bytes, shown: bytes })
  }

  appendAt(at: Version, bytes: Uint8Array, conversation?: string): boolean {
    if (this.#plan.isBeyond(this.actor, at)) return false
    this.#append({ actor: this.actor, key: undefined, conversation, at, bytes, shown: undefined })
    return true
  }

  share(actors: readonly Actor[], { conversation, key, bytes, shown }: Shared): void {
    for (const actor of actors) this.#append({ actor, key, conversation, at: undefined, bytes, shown })
  }

  entry(version: Version): StoredEntry | undefined {
    return this.#plan.entries.entry(this.actor, version)
  }

  newest(conversation: string): Version {
    return this.#plan.entries.newest(this.actor, conversation)
  }

  chain(from: Version, entriesMax: number): readonly StoredEntry[] {
    return this.#plan.entries.chain(this.actor, from, entriesMax)
  }

  replace(entry: StoredEntry, bytes: Uint8Array): void {
    this.#plan.entries.replace(this.actor, entry, bytes)
  }

  #append(append: PlannedAppend): void {
    this.#plan.appends = added(this.#plan.appends, append)
  }

  trim(upTo: number, entriesMax?: number): void {
    this.#plan.trims = added(this.#plan.trims, { actor: this.actor, upTo, entriesMax })
  }

  drop(key: string): void {
    this.#plan.drops = added(this.#plan.drops, { actor: this.actor, key })
  }

  route(node: NodeId, ttlMs: number): void {
    this.#plan.routes = added(this.#plan.routes, { actor: this.actor, node, ttlMs })
  }

  effect<I>(kind: EffectKind<I>, target: Actor | readonly Actor[], input: I): void {
    const [level, source] = [this.#level + 1, this.actor]
    const emitted = { kind: kind as EffectKind<unknown>, source, target, input, level, at: this }
    this.#plan.effects = added(this.#plan.effects, emitted)
  }

  fanOut<I>(kind: EffectKind<I>, targets: readonly Actor[], input: I): void {
    if (targets.length > 0) this.effect(kind, targets, input)
  }

  outboxHasSpace(target: Actor): boolean {
    const { context, scope } = this.#plan
    if (context.outboxHasSpace(this.actor, target)) return true
    // Fan-outs go by entries even within a scope.
    if (isPartitionActor(target) || context.scopeOf(target) !== scope) return false
    // Within a scope an effect needs no space, unless it has to queue behind what waits.
    return !isWaiting(this, target)
  }

  event(event: NodeEvent | WorkEvent): void {
    this.#plan.events = added(this.#plan.events, event)
  }

  /** Removes an entry of this actor from the outbox, because its effect was taken. For the deliverer. */
  removeEntry(target: Actor, seq: number): void {
    const name = recordName(outboxEntry, outboxEntryId(this.actor, target, seq))
    this.#plan.putUnseen({ actor: outboxOf(this.actor), name, bytes: null, stamp: 0 })
  }

  /** Applies an effect that came through an outbox. For the deliverer. */
  take(effect: EncodedEffect, part: Part): Take {
    return applyEncoded(this.#plan, this, effect, { ...part, level: this.#level })
  }
}

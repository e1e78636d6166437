/**
 * The engine: runs transitions against one store.
 *
 *   submit ─► plan (synchronous) ─► seal ─► commit queue of the scope ─► durable: answer, then events, then outbox
 *               │  ▲ missing records: read them, plan again       │
 *               └──┘                                              └─ fell: forget what it rested on, plan again
 *
 * Submissions that come while a whole write waits planned are planned later, in their order, when there is space. Where a write has got
 * no answer for 2 s, new ones that need a write are refused: they may be tried again. Another scope's go on.
 *
 * Nothing is answered, told or shown before it is durable. Several engines may work on one store. What one engine does not know of
 * the others costs a conflict and another try, never an error.
 */
import type { TimerHandle } from '../lib/clock.js'
import { ALL_PARTITIONS } from '../store/partition.js'
import type { Actor, CommitResult, Committed, ScannedRecord, ScopeId, Store, Unit, Version } from '../store/types.js'
import { Announcer, UNSEEN } from './announcer.js'
import { ContendedActors } from './contended-actors.js'
import type { EngineOptions, Settle } from './engine-options.js'
import { type LogQuestion, PendingReplaces, readEntries, SeenEntries } from './entries.js'
import { type NodeEvent, nodeAddress } from './events.js'
import { SLICE_TARGETS } from './fan-out.js'
import { Lines } from './lines.js'
import { Outbox } from './outbox.js'
import { headOf, lastingPageOf, pageOf } from './page.js'
import { type Asked, Plan, type PlanContext } from './plan.js'
import { type Cell, RecordCache } from './record-cache.js'
import { RecordLoader } from './record-loader.js'
import { resolved, type ShownItem, shownItems } from './references.js'
import { ScopeQueue } from './scope-queue.js'
import { NONE } from './short-lists.js'
import type { WaitingOutbox } from './sightings.js'
import { hasSpaceFor } from './space.js'
import type { LogItem, Outcome, TimelineHead, TimelinePage, Transition } from './types.js'
import { PLANNED_UNITS_MAX, UnitBudget } from './unit-budget.js'

/**
 * Readings of missing records for one planning of a submission. A transition that needs more never has enough. A rule that reads in a loop
 * should fetch() first. If it does not, that must still not end the process: the request would come again and again.
 */
const READINGS_MAX = 256
/** Tries of one transition that competes with others for the same records. After them the client is told to come back. */
const TRIES_MAX = 32
/** Cells in each of two generations, about 250 bytes each. A busy user has four per conversation. */
const CACHE_CELLS_MAX = 262_144
const CACHE_AGE_MS = 30_000
/** The partitions that a start sweeps at once. Each may bring a page of entries above the outbox's bound of memory. */
export const START_SWEEPS_AT_ONCE = 16
export type { EngineOptions, Settle } from './engine-options.js'

interface Submission<I, R> extends Asked<I, R> {
  readonly settle: Settle<I, R>
  /** Its scope's. */
  readonly queue: Queue
  heads: Map<Actor, Version> | undefined
  seen: SeenEntries | undefined
  tries: number
  readings: number
  /** Whether its actor's records are to be forgotten with it (`Transition.passing`). */
  passes: boolean
}

/**
 * A planned submission on its way to the store. It names the submission, and not the other way round: a submission may have waited for
 * long, and what an old object names is kept by the collections of young garbage, also when both are dead (10 in flight on each of 500
 * connections: 18.7 µs CPU per message in place of 14.5).
 */
interface Planned {
  readonly submission: Submission<unknown, unknown>
  readonly plan: Plan
  readonly unit: Unit
  readonly patient: boolean
}

type Queue = ScopeQueue<Planned, Submission<unknown, unknown>>

const UNAVAILABLE = { kind: 'unavailable' } as const
const FULL = { kind: 'full' } as const
const REFUSED = { kind: 'refused' } as const

export class Engine {
  readonly #options: EngineOptions
  readonly #store: Store
  readonly #cache = new RecordCache(CACHE_CELLS_MAX)
  readonly #replaces = new PendingReplaces()
  readonly #loader: RecordLoader
  readonly #announcer: Announcer
  readonly #budget = new UnitBudget(PLANNED_UNITS_MAX)
  readonly #queues = new Map<ScopeId, Queue>()
  readonly #outbox: Outbox
  readonly #context: PlanContext
  #ageing: TimerHandle | undefined
  readonly #lines = new Lines<Submission<unknown, unknown>>()
  readonly #contended: ContendedActors
  /** Whether nodes compete for the actor's records; and whether they do, or did lately, for anybody's. */
  readonly isContended = (actor: Actor): boolean => this.#contended.has(actor)
  readonly anyContended = (): boolean => !this.#contended.isEmpty
  #conflicts = 0
  #closed = false
  /** Whether the store failed for good: what is submitted gets no answer any more. */
  #dead = false
  #unfinished = 0
  #onQuiet: (() => void) | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    this.#store = options.store
    this.#loader = new RecordLoader({ store: options.store, clock: options.clock, cache: this.#cache })
    this.#announcer = new Announcer({ ...options, head: actor => this.head(actor, 0) })
    this.#contended = new ContendedActors({
      clock: options.clock,
      random: options.random,
      tell: actor => options.delivery.send({ kind: 'contended', to: actor }),
    })
    const effects = new Map(options.effects.map(kind => [kind.name, kind]))
    this.#outbox = new Outbox({
      store: options.store,
      clock: options.clock,
      effects,
      sliceTargets: options.sliceTargets ?? SLICE_TARGETS,
      bytesMax: options.outboxBytesMax,
      rest: options.rest,
      run: (actor, transition, input) => this.run(actor, transition, input),
      helper: target => (this.#contended.has(target) ? options.prefers?.(target) : undefined),
      onAsk: (node, source, target) =>
        options.delivery.send({ kind: 'deliver', to: nodeAddress(node), source, target }),
      onUnknown: kind => this.leave('effect', kind),
      onGap: (source, target, outcome) => options.monitor.gap(source, target, outcome),
    })
    this.#context = {
      cache: this.#cache,
      replaces: this.#replaces,
      stamps: options.stamps,
      clock: options.clock,
      shared: options.store.shared,
      time: options.time,
      settings: options.settings,
      effects,
      sliceTargets: options.sliceTargets ?? SLICE_TARGETS,
      scopeOf: actor => options.store.scopeOf(actor),
      epochOf: partition => options.store.epochOf(partition),
      outboxHasSpace: (source, target) => this.#outbox.hasSpace(source, target),
      isContended: actor => this.isContended(actor) && !options.isHome?.(actor),
    }
  }

  /** Delivers what earlier processes left in the outboxes. To be called once, before requests are accepted. */
  async start(): Promise<void> {
    const left = [...ALL_PARTITIONS]
    const sweep = async (): Promise<void> => {
      for (let partition = left.shift(); partition !== undefined; partition = left.shift()) await this.sweep(partition)
    }
    await Promise.all(Array.from({ length: START_SWEEPS_AT_ONCE }, sweep))
    this.#ageLater()
  }

  /**
   * Waits for what was submitted, and stops. What is submitted later is unavailable. The store stays open. If it failed for good,
   * there is nothing to wait for.
   */
  async close(): Promise<void> {
    this.#closed = true
    this.#ageing?.cancel()
    this.#outbox.stop()
    this.#announcer.close()
    if (this.#unfinished > 0 && !this.#dead) await new Promise<void>(resolve => (this.#onQuiet = resolve))
  }

  /** Finds the entries that another node, now dead, left in one partition's outbox. `rest` is awaited between two pages. */
  sweep(partition: number, rest?: () => Promise<void>): Promise<void> {
    return this.#outbox.sweep(partition, rest)
  }

  /** The outboxes in which something waits, as far as this node sweeps them. */
  outboxes(): readonly WaitingOutbox[] {
    return this.#outbox.waiting()
  }

  /** The number of units that met a change of another node, or another epoch. */
  get conflicts(): number {
    return this.#conflicts
  }

  /** Drops all cached records of an actor: another node says that it has changed some of them. */
  forget(actor: Actor): void {
    this.#cache.drop(actor)
  }

  /** Reports a stored thing of a kind that this node does not know. It stays where it is, for newer nodes. */
  leave(what: 'effect' | 'record', kind: string): void {
    this.#options.monitor.unknown(what, kind)
  }

  get storeId(): Uint8Array {
    return this.#store.id
  }

  /** The store's secret, for keyed hashes (store/types.ts). */
  get secret(): Uint8Array {
    return this.#store.secret
  }

  /** Whether anybody may write to anybody. */
  get openContacts(): boolean {
    return this.#options.settings.openContacts
  }

  get outboxDepth(): number {
    return this.#outbox.depth
  }

  /** Submissions that wait for a write, planned or not. */
  get queueDepth(): number {
    let depth = 0
    for (const queue of this.#queues.values()) depth += queue.depth
    return depth
  }

  /**
   * Runs a transition. `settle` is called once, synchronously when the result is durable. It is called after the answers and events
   * of the units committed before, and before this unit's own events.
   */
  submit<I, R>(actor: Actor, transition: Transition<I, R>, input: I, settle: Settle<I, R>): void {
    const queue = this.#queueOf(this.#store.scopeOf(actor))
    const isStalled = queue.isStalled && transition.waits !== true
    // The store may be closed already, and a write to it would count as its failure.
    if (this.#closed || (isStalled && transition.soft === undefined)) {
      settle(UNAVAILABLE, input)
      return
    }
    this.#unfinished += 1
    const submission: Submission<I, R> = {
      actor,
      transition,
      input,
      settle,
      queue,
      since: this.#cache.looks,
      heads: undefined,
      seen: undefined,
      tries: 0,
      readings: 0,
      passes: transition.passing === true && !this.#cache.knows(actor),
    }
    const untyped = submission as unknown as Submission<unknown, unknown>
    // What needs no write is answered all the same.
    if (isStalled) queue.admit(untyped)
    else queue.enter(untyped)
  }

  run<I, R>(actor: Actor, transition: Transition<I, R>, input: I): Promise<Outcome<R>> {
    return new Promise(resolve => this.submit(actor, transition, input, resolve))
  }

  /** The items after `since` that are durable, as devices are shown them. */
  page(actor: Actor, since: Version, itemsMax: number, bytesMax: number): Promise<TimelinePage> {
    const page = this.log(actor, since, itemsMax, bytesMax)
    const { itemFilter: filter } = this.#options
    return page.then(found => resolved({ store: this.#store, filter }, actor, found, bytesMax))
  }

  /** These items of a log as its devices are shown them. */
  shown(actor: Actor, items: readonly LogItem[]): AsyncGenerator<ShownItem> {
    return shownItems({ store: this.#store, filter: this.#options.itemFilter }, actor, items)
  }

  /** The keyed state after `since` that is durable: the items that no trim removes, as devices are shown them. */
  state(actor: Actor, since: Version, itemsMax: number, bytesMax: number): Promise<TimelinePage> {
    const range = this.#store.lasting(actor, since, itemsMax, bytesMax)
    return range.then(found => lastingPageOf(found, since))
  }

  /** The entries of a log after `since` that are durable, as they are stored. */
  log(actor: Actor, since: Version, itemsMax: number, bytesMax: number): Promise<TimelinePage> {
    const range = this.#store.read(actor, since, Number.MAX_SAFE_INTEGER, itemsMax, bytesMax)
    return range.then(found => pageOf(found, since))
  }

  /** The durable head, and whether `since` is a version of the log. Reads no item. */
  head(actor: Actor, since: Version): Promise<TimelineHead> {
    const range = this.#store.read(actor, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1, 0)
    return range.then(found => headOf(found, since))
  }

  /** Lists an actor's records whose names begin with `prefix` and come after the name `after`. */
  scan(actor: Actor, prefix: string, after: string | null, limit: number): Promise<readonly ScannedRecord[]> {
    return this.#store.scan(actor, prefix, after, limit)
  }

  /** Takes an event from another node: drops what it makes stale, and delivers what waits. */
  take(event: NodeEvent): void {
    if (this.#closed) return
    if (event.kind === 'ended') this.forget(event.to)
    if (event.kind === 'contended') this.#contended.heard(event.to)
    // A pair that cannot be read now is found by a sweep.
    if (event.kind === 'deliver') void this.#outbox.lend(event.source, event.target).catch(() => {})
  }

  readonly #begin = (submission: Submission<unknown, unknown>): void => {
    const line = this.#lines.of(submission.actor)
    if (line !== undefined) {
      this.#lines.join(line, submission)
      // What those behind it have read lacks what it does.
      if (submission.tries > 0) for (const each of line.waiting) each.seen = undefined
      if (line.isHeld) submission.queue.left()
      return
    }
    const waitMs = this.#waitMs(submission)
    if (waitMs === 0) this.#plan(submission)
    else this.#hold(submission, waitMs)
  }

  #waitMs({ actor, tries }: Submission<unknown, unknown>): number {
    if (tries > 0) return this.#contended.againMs(tries)
    return this.#options.isHome?.(actor) ? 0 : this.#contended.turnMs(actor)
  }

  /** Holds a submission back, and all of its actor that come meanwhile. They are not begun so long, and keep nobody else waiting. */
  #hold(submission: Submission<unknown, unknown>, ms: number): void {
    const { actor, queue } = submission
    this.#lines.open(submission, true)
    queue.left()
    this.#options.clock.after(ms, () => {
      const line = this.#lines.of(actor)
      if (line === undefined) return
      line.isHeld = false
      for (const held of line.waiting) held.queue.back()
      this.#letThrough(actor)
    })
  }

  /** Plans a submission. @returns false if records are missing: they are being read, and the actor's later submissions wait */
  #plan(submission: Submission<unknown, unknown>): boolean {
    const missing = this.#surelyMissing(submission)
    if (missing.length > 0) return this.#read(submission, missing, NONE)
    const plan = Plan.make(this.#context, submission)
    const { result } = plan
    if (plan.above !== undefined) {
      this.#options.monitor.aboveBound(submission.transition.name, plan.above)
      this.#finish(submission, REFUSED)
      return true
    }
    if (plan.lacks) return this.#read(submission, plan.missing, plan.asks)
    if (plan.readOnly && isSoft(submission.transition, result) && plan.restsOnWhatIs) {
      this.#finish(submission, { kind: 'done', result, own: undefined })
      return true
    }
    // Checked after planning, not before: a repeated request gets its first answer, however little space there is.
    if (!plan.readOnly && !hasSpaceFor(this.#store.space, submission.transition)) {
      this.#finish(submission, FULL)
      return true
    }
    const { queue, transition, readings, tries } = submission
    // Else it was asked when it came.
    const mayBeStalled = readings > 0 || tries > 0 || transition.soft !== undefined
    if (mayBeStalled && queue.isStalled && transition.waits !== true) {
      this.#finish(submission, UNAVAILABLE)
      return true
    }
    queue.commits.push({ submission, plan, unit: plan.seal(), patient: transition.patient === true })
    return true
  }

  /** The cells that are missing for certain, as nothing is known of the actor: a first plan would do no more than find that out. */
  #surelyMissing(submission: Submission<unknown, unknown>): readonly Cell[] {
    const { actor, transition, input, passes, readings } = submission
    if (!passes || readings > 0 || this.#cache.knows(actor)) return NONE
    const cells = this.#cache.cellsOf(actor)
    return (transition.reads?.(input) ?? []).map(([kind, id]) => this.#cache.cell(cells, kind, id))
  }

  /** Reads missing records and entries, then plans again. Meanwhile the actor's later submissions wait. @returns false */
  #read(submission: Submission<unknown, unknown>, missing: readonly Cell[], asks: readonly LogQuestion[]): false {
    submission.readings += 1
    if (submission.readings > READINGS_MAX)
      throw new Error(`${submission.transition.name} never has all the records it needs`)
    this.#lines.open(submission, false)
    this.#load(submission, missing, asks).then(
      () => this.#letThrough(submission.actor),
      () => {
        this.#lines.remove(submission)
        this.#finish(submission, UNAVAILABLE)
        this.#letThrough(submission.actor)
      },
    )
    return false
  }

  #load(
    submission: Submission<unknown, unknown>,
    missing: readonly Cell[],
    asks: readonly LogQuestion[],
  ): Promise<unknown> {
    if (asks.length === 0) return this.#loader.load(missing)
    submission.seen ??= new SeenEntries()
    const { seen, queue } = submission
    const entries = queue.commits.behindAll().then(() => readEntries(this.#store, asks, seen))
    return missing.length === 0 ? entries : Promise.all([entries, this.#loader.load(missing)])
  }

  /** Plans the submissions of an actor's line, one after the other. Stops at one that has to read records. */
  #letThrough(actor: Actor): void {
    const waiting = this.#lines.of(actor)?.waiting
    for (let submission = waiting?.shift(); submission !== undefined; submission = waiting?.shift())
      if (!this.#plan(submission)) return
    this.#lines.close(actor)
  }

  readonly #settle = ({ submission, plan }: Planned, committed: CommitResult, repeated: boolean): void => {
    const happenedBefore = repeated && plan.madeStampOf(committed)
    if (committed.kind !== 'committed' && !happenedBefore) {
      this.#retry(submission, plan, committed)
      return
    }
    plan.committed()
    const written = committed.kind === 'committed' ? committed : UNSEEN
    this.#finish(submission, { kind: 'done', result: plan.result, own: plan.ownAppend(written.appended) })
    this.#announcer.tell(plan, written)
    if (plan.outbox.length > 0) this.#outbox.add(plan.outbox)
  }

  #retry(submission: Submission<unknown, unknown>, plan: Plan, conflict: Exclude<CommitResult, Committed>): void {
    plan.fell()
    this.#conflicts += 1
    if (conflict.kind === 'conflict') this.#cache.forget(conflict.actor, conflict.name)
    if (conflict.kind === 'order conflict') {
      submission.heads ??= new Map()
      submission.heads.set(conflict.actor, conflict.head)
    }
    submission.tries += 1
    submission.readings = 0
    submission.seen = undefined
    if (submission.tries >= TRIES_MAX) {
      this.#finish(submission, UNAVAILABLE)
      return
    }
    const isOfActor = conflict.kind === 'conflict' || conflict.kind === 'entry conflict'
    if (submission.tries > 1 && isOfActor && this.#store.shared) this.#contended.noticed(conflict.actor)
    // Planned again before later submissions of the actor.
    this.#begin(submission)
  }

  #queueOf(scope: ScopeId): Queue {
    let found = this.#queues.get(scope)
    if (found === undefined) {
      const { store, clock, defer, monitor } = this.#options
      found = new ScopeQueue({
        budget: this.#budget,
        store,
        scope,
        clock,
        defer,
        begin: this.#begin,
        settle: this.#settle,
        onWritten: monitor.committed.bind(monitor),
        onFatal: error => this.#die(error),
      })
      this.#queues.set(scope, found)
    }
    return found
  }

  #finish<I, R>(submission: Submission<I, R>, outcome: Outcome<R>): void {
    if (submission.passes && this.#lines.of(submission.actor) === undefined) this.#cache.release(submission.actor)
    submission.settle(outcome, submission.input)
    submission.queue.left()
    this.#unfinished -= 1
    if (this.#unfinished === 0) this.#onQuiet?.()
  }

  #die(error: unknown): void {
    this.#dead = true
    this.#onQuiet?.()
    this.#options.onFatal(error)
  }

  #ageLater(): void {
    this.#ageing = this.#options.clock.after(CACHE_AGE_MS, () => {
      this.#cache.age()
      if (!this.#closed) this.#ageLater()
    })
  }
}

function isSoft<I, R>({ soft }: Transition<I, R>, result: R): boolean {
  return soft === true || soft?.(result) === true
}

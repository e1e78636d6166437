/**
 * Delivers what waits in the outboxes: effects whose target is in another scope, or that exceed a cascade's bounds. The entries of
 * one pair (source, target) are delivered in order and one batch at a time:
 *
 *              entries added                 taken by the target, durably          settled at the source, entries removed
 *   no pair ───────────────────► delivering ─────────────────────────────► settling ──────────────────────► no pair, or delivering
 *                                  │  ▲ target expects an earlier number: read the outbox again
 *                                  └──┘ unavailable: after a pause
 *
 * An effect of a kind that this node does not know was written by a newer node. Its pair is left to nodes that know the kind, and
 * tried again at each sweep. Nothing overtakes it.
 *
 * A fan-out is taken in slices (sync/fan-out.ts): delivery is repeated, after a rest, until all of its targets are done.
 *
 * Where nodes compete for the target (contended-actors.ts), one of them delivers for all. The node that wrote the entries tells it that the
 * pair waits, gives it a second, and then goes on as usual. So it settles what was taken, and delivers what was not.
 *
 * Any node may deliver. Each entry names its number and the one before, and the target takes exactly the next one of its pair
 * counter. So a repeated or competing delivery changes nothing. At start, and from time to time where several nodes share the
 * store, `sweep` finds what a dead node left (sightings.ts).
 */
import { type Clock, pause } from '../lib/clock.js'
import { partitionOf } from '../store/partition.js'
import type { Actor, NodeId, ScannedRecord, ScopeId, Store } from '../store/types.js'
import {
  type Batch,
  type DeliverOptions,
  deliverTransition,
  settledTransition,
  settleTransition,
  type Taken,
} from './delivery.js'
import { isPartitionActor } from './fan-out.js'
import { entryBytes, foundEntry, OUTBOX, type OutboxEntry, outboxEntry, outboxOf } from './outbox-entry.js'
import { Sightings, type WaitingOutbox } from './sightings.js'
import { Slices } from './slices.js'
import type { Outcome, Transition } from './types.js'

/** The most entries of one pair that one unit takes. */
const DELIVER_BATCH_MAX = 64
const RETRY_MS = 200
/** The time that another node has for what it was asked to deliver. If the event was lost, delivery is late by so much. */
const ASKED_MS = 1_000
/** How long a pair may wait for effects that nobody has before that is told. */
const LACKS_MS_MAX = 60_000
const SWEEP_PAGE = 256
/** The most entries from one partition to one scope. Beyond it new work for that scope is refused, finally. */
export const OUTBOX_ENTRIES_MAX = 10_000
/** The most bytes of those entries, which are all held in memory: 10 000 messages of 6 KiB. */
export const OUTBOX_BYTES_MAX = 2 ** 26

/**
 * The most bytes of all entries in memory. Beyond it each path (from one partition to one scope) takes only a few, and sweeps leave the
 * rest in the store.
 */
export const OUTBOX_TOTAL_BYTES_MAX = 2 ** 28
/** The entries that a path may always hold: one whose scope answers is hardly ever above it. */
const PATH_ENTRIES_MIN = 8

/** The entries, and their bytes, that wait from one partition to one scope. */
interface Depth {
  entries: number
  bytes: number
}

interface Pair {
  readonly source: Actor
  readonly target: Actor
  /** Entries in order of sequence. They need not begin where the target expects. */
  entries: OutboxEntry[]
  busy: boolean
  /** The number of the effect of an unknown kind that makes this node leave the pair to others; 0: none. */
  left: number
  /** The wait for effects that nobody has: when it began, and whether it was told. */
  lacks: { readonly sinceMs: number; isTold: boolean } | undefined
  /** The number of the last effect that another node was asked to deliver; 0: none was. */
  askedUpTo: number
  /** Whether another node has asked for it: that one settles it. */
  isLent: boolean
}

/** What becomes of a pair at a gap: the target passes over what is lost, or it has waited for long. */
export type GapOutcome = 'passed' | 'waiting'

export interface OutboxOptions extends DeliverOptions {
  readonly store: Store
  readonly clock: Clock
  /** The most bytes of all entries in memory. Absent: OUTBOX_TOTAL_BYTES_MAX. */
  readonly bytesMax?: number | undefined
  /** Rests after a slice of a fan-out (see EngineOptions). */
  readonly rest: (tookMs: number) => Promise<void>
  run<I, R>(actor: Actor, transition: Transition<I, R>, input: I): Promise<Outcome<R>>
  /** The other node that is to deliver to this target now; undefined: this one is. */
  helper(target: Actor): NodeId | undefined
  /** Asks another node to deliver what waits of a pair. */
  readonly onAsk: (node: NodeId, source: Actor, target: Actor) => void
  /** Called when an effect of this kind is left to other nodes. */
  readonly onUnknown: (kind: string) => void
  /** Called when a target lacks effects that no outbox has. */
  readonly onGap: (source: Actor, target: Actor, outcome: GapOutcome) => void
}

interface Sweep {
  readonly outbox: Actor
  readonly prefix: string
  /** Awaited between two pages. */
  readonly rest?: (() => Promise<void>) | undefined
  /** Whether an entry of this name is to be delivered. Absent: all are. */
  readonly isDue?: ((name: string) => boolean) | undefined
  /** Whether another node asked for what is found. */
  readonly isLent?: boolean
}

const succeed = () => true
const fail = () => false

/** Whether the target expects an effect that is before this one. */
function isBehind(taken: Outcome<Taken>, { before }: OutboxEntry): boolean {
  return taken.kind === 'done' && taken.result.last < before
}

const STOPPED = Promise.resolve({ kind: 'unavailable' } as const)

export class Outbox {
  readonly #options: OutboxOptions
  readonly #pairs = new Map<string, Pair>()
  /** The depth known to wait, by source partition and destination scope. */
  readonly #depths = new Map<string, Depth>()
  readonly #deliver: Transition<Batch, Taken>
  /** Fan-outs go to a scope one slice at a time. A scope whose store does not answer holds up no other. */
  readonly #slices = new Map<ScopeId, Slices>()
  /** Undefined: no other node works on the store. */
  readonly #sightings: Sightings | undefined
  /** The bytes of all entries in memory. */
  #bytes = 0
  /** Partitions of whose outboxes a sweep left a part in the store. */
  readonly #cut = new Set<number>()
  /** Whether those are swept again soon, or are being swept. */
  #goesOn = false
  /** Pairs that other nodes asked for and that are being read; true: they were asked for again meanwhile. */
  readonly #lending = new Map<string, boolean>()
  #stopped = false

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#deliver = deliverTransition(options)
    this.#sightings = options.store.shared ? new Sightings(options.clock) : undefined
  }

  /** The number of entries known to wait. */
  get depth(): number {
    let sum = 0
    for (const pair of this.#pairs.values()) sum += pair.entries.length
    return sum
  }

  hasSpace(source: Actor, target: Actor): boolean {
    if (this.#depths.size === 0) return true
    const depth = this.#depths.get(this.#pathOf(source, target))
    if (depth === undefined || depth.entries < PATH_ENTRIES_MIN) return true
    return !this.#isFull && depth.entries < OUTBOX_ENTRIES_MAX && depth.bytes < OUTBOX_BYTES_MAX
  }

  /** Adds durable entries, in order of sequence per pair. `areLent`: another node asked for them. */
  add(entries: readonly OutboxEntry[], areLent = false): void {
    for (const entry of entries) {
      const key = keyOf(entry.source, entry.target)
      const pair = this.#pairs.get(key) ?? this.#enter(key, entry)
      if (!areLent) pair.isLent = false
      if (insert(pair.entries, entry)) this.#count(entry, 1)
      if (!pair.busy && pair.left === 0) void this.#drive(key, pair)
      else if (isAsked(pair)) this.#ask(pair)
    }
  }

  #enter(key: string, { source, target }: OutboxEntry): Pair {
    const entries: OutboxEntry[] = []
    const pair = { source, target, entries, busy: false, left: 0, lacks: undefined, askedUpTo: 0, isLent: true }
    this.#pairs.set(key, pair)
    return pair
  }

  /** Delivers what waits of a pair, because another node asks for it. What is taken is settled by that one, or by who sweeps. */
  async lend(source: Actor, target: Actor): Promise<void> {
    const key = keyOf(source, target)
    const isUnderWay = this.#lending.has(key)
    this.#lending.set(key, isUnderWay)
    if (isUnderWay) return
    try {
      do {
        this.#lending.set(key, false)
        await this.#sweepPair(source, target, true)
      } while (this.#lending.get(key) === true)
    } finally {
      this.#lending.delete(key)
    }
  }

  /** Finds the entries of one partition's outbox, whichever node made them. `rest` is awaited between two pages. */
  async sweep(partition: number, rest?: () => Promise<void>): Promise<void> {
    for (const [key, pair] of this.#pairs) {
      const isLeft = pair.left > 0 && !pair.busy && partitionOf(pair.source) === partition
      if (isLeft) void this.#drive(key, pair)
    }
    const sighting = this.#sightings?.begin(partition)
    const sweep = { outbox: `${OUTBOX}/${partition}`, prefix: '', rest, isDue: sighting?.isDue }
    const isWhole = !this.#isFull && (await this.#sweepOutbox(sweep))
    if (isWhole) sighting?.end()
    else this.#goOnLater(partition)
  }

  /** The outboxes in which the last sweeps of this node saw something; empty if no other node works on the store. */
  waiting(): readonly WaitingOutbox[] {
    return this.#sightings?.waiting() ?? []
  }

  /** Finds the entries of one pair, whichever node made them. */
  async #sweepPair(source: Actor, target: Actor, isLent: boolean): Promise<void> {
    await this.#sweepOutbox({ outbox: outboxOf(source), prefix: `${outboxEntry.prefix}/${source}/${target}/`, isLent })
  }

  get #isFull(): boolean {
    return this.#bytes >= (this.#options.bytesMax ?? OUTBOX_TOTAL_BYTES_MAX)
  }

  /** Sweeps a partition again when there is space in memory. */
  #goOnLater(partition: number): void {
    this.#cut.add(partition)
    if (this.#goesOn) return
    this.#goesOn = true
    this.#options.clock.after(RETRY_MS, () => void this.#goOn())
  }

  /** Sweeps what was cut, one partition after the other: each may bring a page above the bound of memory. */
  async #goOn(): Promise<void> {
    for (const partition of [...this.#cut]) {
      if (this.#stopped || this.#isFull) break
      this.#cut.delete(partition)
      await this.sweep(partition).catch(() => this.#cut.add(partition))
    }
    this.#goesOn = false
    const [next] = this.#cut
    if (next !== undefined && !this.#stopped) this.#goOnLater(next)
  }

  stop(): void {
    this.#stopped = true
  }

  /**
   * Finds the entries of one partition's outbox whose names begin with `prefix`. @returns false if memory is full before the end
   */
  async #sweepOutbox({ outbox, prefix, rest, isDue = succeed, isLent }: Sweep): Promise<boolean> {
    for (let after: string | null = null; !this.#stopped; ) {
      const page: readonly ScannedRecord[] = await this.#options.store.scan(outbox, prefix, after, SWEEP_PAGE)
      this.add(page.filter(({ name }) => isDue(name)).map(foundEntry), isLent)
      const last = page.at(-1)
      if (last === undefined || page.length < SWEEP_PAGE) return true
      if (this.#isFull) return false
      after = last.name
      await rest?.()
    }
    return true
  }

  async #drive(key: string, pair: Pair): Promise<void> {
    pair.busy = true
    while (pair.entries.length > 0 && !this.#stopped) {
      if (!isAsked(pair) && this.#ask(pair)) {
        pair.askedUpTo = pair.entries.at(-1)?.seq ?? 0
        await pause(this.#options.clock, ASKED_MS)
      }
      const next = await this.#step(pair)
      if (next === 'leave') {
        if (pair.isLent) this.#drop(pair, Number.POSITIVE_INFINITY)
        break
      }
      if (next === 'pause' && !this.#stopped) await pause(this.#options.clock, RETRY_MS)
    }
    pair.busy = false
    if (pair.entries.length === 0) this.#pairs.delete(key)
  }

  /** Asks another node to deliver a pair, if one is to. @returns whether it did */
  #ask({ source, target, isLent }: Pair): boolean {
    const node = isLent ? undefined : this.#options.helper(target)
    if (node === undefined) return false
    this.#options.onAsk(node, source, target)
    return true
  }

  /** Drops the entries of a pair up to a number. */
  #drop(pair: Pair, last: number): void {
    for (const entry of pair.entries) if (entry.seq <= last) this.#count(entry, -1)
    pair.entries = pair.entries.filter(({ seq }) => seq > last)
  }

  /** Moves a pair forward by one batch. */
  async #step(pair: Pair): Promise<'on' | 'pause' | 'leave'> {
    let batch = pair.entries.slice(0, DELIVER_BATCH_MAX)
    // What came after it was asked for has its own second.
    if (isAsked(pair)) batch = batch.filter(({ seq }) => seq <= pair.askedUpTo)
    const [first] = batch
    if (first === undefined) return 'on'
    let taken = await this.#take(pair, batch)
    if (isBehind(taken, first)) {
      const isRead = await this.#readAgain(pair)
      if (pair.entries[0]?.seq !== first.seq) return 'on'
      if (!isRead) return 'pause'
      // The outbox has nothing before it, and what was taken is all that the target knows: something is lost.
      const settled = await this.#options.run(pair.source, settledTransition, pair.target)
      if (settled.kind !== 'done') return 'pause'
      taken = await this.#take(pair, batch, settled.result)
      if (isBehind(taken, first)) this.#waitsForLost(pair)
    }
    if (taken.kind !== 'done') return 'pause'
    const { last, hasMoved, hasPassed } = taken.result
    if (hasPassed) this.#options.onGap(pair.source, pair.target, 'passed')
    if (hasMoved) pair.lacks = undefined
    const seqs = new Set(batch.flatMap(({ seq }) => (seq <= last ? [seq] : [])))
    if (seqs.size === 0) {
      if (hasMoved) return 'on'
      return this.#isLeft(pair, last) ? 'leave' : 'pause' // nothing was taken: do not try again at once
    }
    if (pair.isLent) {
      this.#drop(pair, last)
      return 'on'
    }
    const settled = await this.#options.run(pair.source, settleTransition, { target: pair.target, seqs, last })
    if (settled.kind !== 'done') return 'pause'
    for (const entry of batch) if (seqs.has(entry.seq)) this.#count(entry, -1)
    pair.entries = pair.entries.filter(entry => !seqs.has(entry.seq))
    return 'on'
  }

  /** Holds of a pair what its outbox holds. What the outbox has no more was settled by another node, or the store has lost it. */
  async #readAgain(pair: Pair): Promise<boolean> {
    const held = pair.entries
    this.#drop(pair, Number.POSITIVE_INFINITY)
    const isRead = await this.#sweepPair(pair.source, pair.target, pair.isLent).then(succeed, fail)
    if (!isRead) this.add(held, pair.isLent)
    return isRead
  }

  /** Notes that the pair waits for effects that nobody has. Tells it once, when that lasts. */
  #waitsForLost(pair: Pair): void {
    const nowMs = this.#options.clock.monotonic()
    pair.lacks ??= { sinceMs: nowMs, isTold: false }
    if (pair.lacks.isTold || nowMs - pair.lacks.sinceMs < LACKS_MS_MAX) return
    pair.lacks.isTold = true
    this.#options.onGap(pair.source, pair.target, 'waiting')
  }

  /** Whether the effect behind the last one taken is of an unknown kind. */
  #isLeft(pair: Pair, last: number): boolean {
    const next = pair.entries.find(({ seq }) => seq > last)
    if (next === undefined || this.#options.effects.has(next.kind)) return false
    if (pair.left !== next.seq) this.#options.onUnknown(next.kind)
    pair.left = next.seq
    return true
  }

  /** Runs the delivery at the target: it takes the next entries, or a slice of them. */
  #take({ source, target }: Pair, entries: readonly OutboxEntry[], settled?: number): Promise<Outcome<Taken>> {
    const batch = { source, entries, settled }
    const deliver = () => (this.#stopped ? STOPPED : this.#options.run(target, this.#deliver, batch))
    return isPartitionActor(target) ? this.#slicesOf(target).run(deliver) : deliver()
  }

  #slicesOf(target: Actor): Slices {
    const scope = this.#options.store.scopeOf(target)
    let slices = this.#slices.get(scope)
    if (slices === undefined) {
      slices = new Slices(this.#options.clock, this.#options.rest)
      this.#slices.set(scope, slices)
    }
    return slices
  }

  #pathOf(source: Actor, target: Actor): string {
    return `${partitionOf(source)}>${this.#options.store.scopeOf(target)}`
  }

  #count(entry: OutboxEntry, entries: 1 | -1): void {
    const path = this.#pathOf(entry.source, entry.target)
    const depth = this.#depths.get(path) ?? { entries: 0, bytes: 0 }
    depth.entries += entries
    const bytes = entries * entryBytes(entry)
    depth.bytes += bytes
    this.#bytes += bytes
    if (depth.entries === 0) this.#depths.delete(path)
    else this.#depths.set(path, depth)
  }
}

function keyOf(source: Actor, target: Actor): string {
  return `${source}\n${target}`
}

/** Whether another node was asked to deliver the next entries of a pair. */
function isAsked({ entries: [first], askedUpTo }: Pair): boolean {
  return first !== undefined && first.seq <= askedUpTo
}

/** Inserts an entry in order of sequence. @returns false if the entry is there already */
function insert(entries: OutboxEntry[], entry: OutboxEntry): boolean {
  let at = entries.length
  while (at > 0 && (entries[at - 1]?.seq ?? 0) > entry.seq) at -= 1
  if (at > 0 && entries[at - 1]?.seq === entry.seq) return false
  entries.splice(at, 0, entry)
  return true
}

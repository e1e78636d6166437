/**
 * The nodes that live, as this node sees them. Each has a lease in the store, judged by the store's clock, and renews it every second.
 * The answer lists all leases. From them follows which partitions' background work is this node's own (rendezvous.ts).
 *
 *   not a member ──► renewed: member, owns its share ──► no renewal for LEASE_MS: not a member, owns nothing, goes on serving
 *        ▲                                                                             │
 *        └─────────────────────────────────────────────────────────────────────────────┘
 *
 * A node counts its own lease from before it asked, so it stops before others take over. Two views differ for a second at most when a
 * node comes: two nodes then do the same work, and no harm. A node that drains leaves its partitions to the others at once.
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Lease, LeaseStore } from '../store/node-ports.js'
import type { Actor, NodeId } from '../store/types.js'
import { decodeStatus, encodeStatus, FIRST_FORMS, type NodeStatus } from './node-status.js'
import { ownersOf, Preference } from './rendezvous.js'

export interface MembersOptions {
  /** This node's name, which no other process ever had. */
  readonly node: NodeId
  readonly leases: LeaseStore
  readonly clock: Clock
  /** What this node says about itself, but for what Members knows. */
  status(): Omit<NodeStatus, 'clockAheadMs' | 'draining'>
  /** Called with all nodes that live, at each look. */
  onLook?(live: readonly Member[]): void
  /** Called when there is a lease that no node wrote, and there was none at the last look. Such leases are passed over. */
  onWrong?(node: NodeId, why: string): void
  /** Called when nodes have come or gone since the last look. */
  onChange(came: readonly NodeId[], gone: readonly NodeId[]): void
  /**
   * Called when this node's partitions may have work that nobody does: it owns some that it did not own before, or a node that does work has
   * come or gone. Any node may have had work under way, also in partitions of others, and while it drained or had no lease.
   */
  onOpenWork(): void
  /**
   * Called when the lease was not renewed in time: this node owned nothing since then.
   * @param error undefined: the store answers, so it was this process that stood still
   */
  onLost(error: unknown): void
  /** Called when this node has its lease again. */
  onRegained(): void
}

export interface Member {
  readonly node: NodeId
  /** Undefined: its revision says it in another form. */
  readonly status: NodeStatus | undefined
}

/** The lifetime of a lease: two renewals may fail. A dead node is gone for all after it, at the next look. */
export const LEASE_MS = 3_000
export const RENEW_MS = 1_000
/** The time after the end of another's lease when it is looked at: the store has forgotten it then. */
const LOOK_AFTER_MS = 20

export class Members {
  readonly #options: MembersOptions
  #live: readonly Member[] = []
  /** Prefers one of the nodes that take work. */
  #preference = new Preference([])
  #owners: readonly NodeId[] = []
  #forms = FIRST_FORMS
  /** The time until which this node is surely a member. */
  #memberUntilMs = Number.NEGATIVE_INFINITY
  #clockAheadMs = 0
  #draining = false
  /** Whether it was a member when last looked: a loss is told once. */
  #wasMember = false
  #leasesLost = 0
  /** Whether the last look had a wrong lease. */
  #sawWrong = false
  #timer: TimerHandle | undefined
  #stopped = false

  constructor(options: MembersOptions) {
    this.#options = options
  }

  /** Asks for the lease. Settles after the first try, whether it has succeeded or not. */
  async start(): Promise<void> {
    await this.#renew()
  }

  /** Leaves its partitions to the others from the next renewal on, and owns nothing from now on. Settles when it has looked at them. */
  drain(): Promise<void> {
    this.#draining = true
    return this.tell()
  }

  /** Tells the others at once what this node says about itself, and looks at them. */
  async tell(): Promise<void> {
    this.#timer?.cancel()
    if (!this.#stopped) await this.#renew()
  }

  /** Leaves the lease to expire. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Whether all others count it as alive. */
  get isMember(): boolean {
    return this.#options.clock.monotonic() < this.#memberUntilMs
  }

  /** All nodes that lived at the last look, with this one if its lease was there. */
  get live(): readonly Member[] {
    return this.#live
  }

  /** The place of this node among those that live, from 0, in an order that all agree on. */
  get rank(): number {
    const { node } = this.#options
    return this.#live.filter(other => other.node < node).length
  }

  /** The names of the other nodes. */
  *others(): Iterable<NodeId> {
    for (const { node } of this.#live) if (node !== this.#options.node) yield node
  }

  /** Whether the partition's background work is this node's now. */
  owns(partition: number): boolean {
    return this.#owners[partition] === this.#options.node && !this.#draining && this.isMember
  }

  /** The node that is to deliver to an actor for which nodes compete; undefined: this node is alone, as far as it knows. */
  prefers(actor: Actor): NodeId | undefined {
    return this.isMember ? this.#preference.of(actor) : undefined
  }

  /**
   * The newest forms of stored data that all nodes read: this node writes no newer ones. Those of the first revision while it is no member,
   * for then it does not know who lives. A node that has just joined may be unknown here for as long as a lease lasts.
   */
  get forms(): number {
    return this.isMember ? this.#forms : FIRST_FORMS
  }

  /** How far this node's clock is ahead of the store's, at the last look. */
  get clockAheadMs(): number {
    return this.#clockAheadMs
  }

  /** The number of times that the lease was not renewed in time. */
  get leasesLost(): number {
    return this.#leasesLost
  }

  async #renew(): Promise<void> {
    const { node, leases, clock, status } = this.#options
    const [askedMs, askedAtMs] = [clock.monotonic(), clock.now()]
    let nextMs = RENEW_MS
    const text = encodeStatus({ ...status(), clockAheadMs: this.#clockAheadMs, draining: this.#draining })
    try {
      const view = await leases.renew(node, text, LEASE_MS)
      const tookMs = clock.monotonic() - askedMs
      this.#noteLoss(undefined)
      this.#clockAheadMs = Math.round(askedAtMs + tookMs / 2 - view.nowMs)
      this.#memberUntilMs = Math.max(this.#memberUntilMs, askedMs + LEASE_MS)
      this.#take(view.leases)
      nextMs = this.#nextMs(view.leases, tookMs)
    } catch (error) {
      this.#noteLoss(error)
      nextMs = Math.max(0, RENEW_MS - (clock.monotonic() - askedMs))
    }
    if (this.#stopped) return
    this.#timer?.cancel()
    this.#timer = clock.after(nextMs, () => void this.#renew())
  }

  #take(leases: readonly Lease[]): void {
    const { node, onOpenWork } = this.#options
    const before = this.#wasMember ? this.#owners : []
    if (!this.#wasMember && this.isMember && this.#leasesLost > 0) this.#options.onRegained()
    this.#wasMember = this.isMember
    const known = new Set(this.#live.map(each => each.node))
    const worked = workersIn(this.#live)
    this.#live = this.#membersOf(leases)
    const forms = this.#live.map(({ status }) => status?.forms ?? FIRST_FORMS)
    this.#forms = forms.length === 0 ? FIRST_FORMS : Math.min(...forms)
    this.#tellChange(known)
    this.#options.onLook?.(this.#live)
    const taking = this.#live.flatMap(member => (takesWork(member) ? [member.node] : []))
    this.#preference = new Preference(taking)
    this.#owners = ownersOf(taking)
    const gains = this.#owners.some((owner, partition) => owner === node && before[partition] !== node)
    const isOpen = gains || !isEqual(workersIn(this.#live), worked)
    if (isOpen && !this.#draining && !this.#stopped) onOpenWork()
  }

  #membersOf(leases: readonly Lease[]): readonly Member[] {
    const wrong = new Map<NodeId, string>()
    const members = leases.map(({ node, status }) => ({
      node,
      status: decodeStatus(status, why => wrong.set(node, why)),
    }))
    const [first] = wrong
    if (first !== undefined && !this.#sawWrong) this.#options.onWrong?.(...first)
    this.#sawWrong = first !== undefined
    return wrong.size === 0 ? members : members.filter(({ node }) => !wrong.has(node))
  }

  #tellChange(known: ReadonlySet<NodeId>): void {
    const live = new Set(this.#live.map(({ node }) => node))
    const came = [...live].filter(node => !known.has(node))
    const gone = [...known].filter(node => !live.has(node))
    if (came.length + gone.length > 0) this.#options.onChange(came, gone)
  }

  /** @param error undefined: the process itself stood still */
  #noteLoss(error: unknown): void {
    if (!this.#wasMember || this.isMember || this.#stopped) return
    this.#wasMember = false
    this.#leasesLost += 1
    this.#options.onLost(error)
  }

  /** The time until the next look: sooner if a lease is about to end, because its node is dead, or nearly so. */
  #nextMs(leases: readonly Lease[], tookMs: number): number {
    let nextMs = RENEW_MS - tookMs
    for (const { node, leftMs } of leases) {
      if (node !== this.#options.node) nextMs = Math.min(nextMs, leftMs + LOOK_AFTER_MS)
    }
    return Math.max(LOOK_AFTER_MS, nextMs)
  }
}

/** Whether the node may do work on the store: all do that do not only hold connections. */
function doesWork({ status }: Member): boolean {
  return status?.role !== 'access'
}

/** Whether the node takes a part of the work: one that drains finishes what it has. */
function takesWork(member: Member): boolean {
  return doesWork(member) && member.status?.draining !== true
}

/** The nodes that may have work under way. */
function workersIn(members: readonly Member[]): ReadonlySet<NodeId> {
  return new Set(members.filter(doesWork).map(({ node }) => node))
}

function isEqual(one: ReadonlySet<NodeId>, other: ReadonlySet<NodeId>): boolean {
  return one.size === other.size && [...one].every(node => other.has(node))
}

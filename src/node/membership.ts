/**
 * A node among others on one store: its name and lease, the network to the others, its share of the partitions. It is made before the
 * node, which needs these; join() then lets the node be seen.
 */

import type { Endpoints } from '../../protocol/generated/messages.js'
import { BusNetwork, type EventFigures } from '../cluster/bus-network.js'
import { endpointsFor } from '../cluster/endpoints.js'
import { type Member, Members } from '../cluster/members.js'
import type { EventBatch } from '../cluster/node-exchange.js'

import type { ClientEntry, Role } from '../cluster/node-status.js'
import type { Canary } from '../jobs/canary.js'
import { type CanaryPair, canaryPairs } from '../jobs/canary-pairs.js'

import type { Random } from '../lib/random.js'
import type { SharedBuckets } from '../lib/shared-buckets.js'
import type { Counters } from '../ops/counters.js'
import type { NodeBus, NodePorts } from '../store/node-ports.js'
import type { Actor, NodeId } from '../store/types.js'
import type { Engine } from '../sync/index.js'
import type { Access } from './access.js'
import { LoadFigures } from './load-figures.js'
import type { Ground } from './options.js'

export interface MembershipOptions extends Pick<Ground, 'clock' | 'random' | 'log'> {
  readonly ports: NodePorts
  /** The version of the program. */
  readonly revision: string
  /** The newest forms of stored data that it reads. */
  readonly forms: number
  /** The replicas that must have a write before it counts; -1: the default. */
  readonly replicas: number
  readonly role: Role
  /** The entry for clients that other nodes send; undefined: they are to send none. */
  readonly entry: ClientEntry | undefined
}

/** A node as its place among others sees it. */
export interface MemberNode {
  readonly counters: Counters
  readonly access: Access
  /** Undefined: it does no work on the store. */
  readonly engine: Pick<Engine, 'conflicts' | 'outboxes'> | undefined
  readonly canary: Pick<Canary, 'primaries'> | undefined
  /** Whether it is known not to do what clients ask now. */
  readonly failing: boolean
  /** The time for which it has had no logic node to do its work; 0: it has one, or needs none. */
  readonly unlinkedMs: number
  /** The addresses of links at which a node has another cluster secret. */
  readonly otherSecret: readonly string[]
  receive(batch: EventBatch): void
  compare(): void
  lookForWork(): void
}

/** The figures for the metrics. */
export interface MembershipFigures {
  readonly nodes: number
  readonly isMember: boolean
  readonly leasesLost: number
  readonly subscriptions: number
  readonly events: EventFigures
}

export class Membership {
  /** The node's name: no other process has it. */
  readonly name: NodeId
  readonly network: BusNetwork
  readonly #options: MembershipOptions
  readonly #members: Members
  #bus: NodeBus | undefined
  #node: MemberNode | undefined
  #load: LoadFigures | undefined
  #address = ''
  #link = ''
  #draining = false
  #subscriptions = 0
  /** Whether there was open work since it joined. */
  #hasOpenWork = false
  #onLook: ((live: readonly Member[]) => void) | undefined

  constructor(options: MembershipOptions) {
    const { ports, clock, random, log } = options
    this.#options = options
    this.name = newName(random)
    this.#members = new Members({
      node: this.name,
      leases: ports.leases,
      clock,
      status: () => this.#status(),
      onOpenWork: () => this.#openWork(),
      onLook: live => this.#onLook?.(live),
      onWrong: (node, why) => log.warn({ node, why }, 'a lease that no node wrote is passed over'),
      onChange: (came, gone) => log.info({ came, gone, nodes: this.#members.live.length }, 'the nodes have changed'),
      onLost(error) {
        const why = error === undefined ? 'the process stood still' : String(error)
        log.warn({ why }, 'this node lost its lease: until it has it again, others do its background work')
      },
      onRegained: () => log.info({}, 'this node has its lease again'),
    })
    this.network = new BusNetwork({ send: (node, message) => this.#bus?.send(node, message) ?? false }, this.#members)
  }

  /** The buckets in which all nodes count together. */
  get buckets(): SharedBuckets {
    return this.#options.ports.buckets
  }

  /** The users of the store between whom this node checks that messages get through. */
  canaryPairs(): readonly CanaryPair[] {
    return canaryPairs(this.#options.ports.primaries, this.#members.rank)
  }

  /** Calls back with all nodes that live, at each look. To be called before the node joins. */
  onLook(look: (live: readonly Member[]) => void): void {
    this.#onLook = look
  }

  /** Whether the partition's background work is this node's. */
  owns(partition: number): boolean {
    return this.#members.owns(partition)
  }

  /** The node that is to deliver to an actor for which nodes compete. */
  prefers(actor: Actor): NodeId | undefined {
    return this.#members.prefers(actor)
  }

  /** The newest forms of stored data that all nodes read: this node writes no newer ones. */
  get forms(): number {
    return this.#members.forms
  }

  /** Whether no other node has a lease, as far as this one has seen. */
  get isAlone(): boolean {
    return this.#members.live.every(({ node }) => node === this.name)
  }

  /** The nodes for a user's clients, the best one first; undefined: there is none to name. */
  endpoints(uid: number): Endpoints | undefined {
    const list = endpointsFor(uid, this.#members.live, this.#draining ? this.name : undefined)
    return list.endpoints.length === 0 ? undefined : list
  }

  /** Listens to the other nodes, and asks for the lease. To be called before the node starts. */
  async join(node: MemberNode): Promise<void> {
    const { ports, clock } = this.#options
    this.#node = node
    this.#load = new LoadFigures(node.counters, clock)
    this.#bus = ports.openBus({
      node: this.name,
      receive: message => {
        const batch = this.network.read(message)
        if (batch !== undefined) node.receive(batch)
      },
      onSubscribed: () => {
        this.#subscriptions += 1
        // What was sent before the first one was for nobody here.
        if (this.#subscriptions > 1) node.compare()
      },
    })
    await this.#members.start()
    this.#hasOpenWork = false
  }

  /** Notes that the node serves clients at this address, and access nodes at `link`; '' for none. */
  serves(address: string, link: string): void {
    this.#address = address
    this.#link = link
    void this.#members.tell()
    // What was left to it while it started nobody has looked at.
    if (this.#hasOpenWork) this.#node?.lookForWork()
  }

  /** Leaves the partitions to the others. The lease stays while clients are sent away. Settles when it has seen which others there are now. */
  drain(): Promise<void> {
    this.#draining = true
    return this.#members.drain()
  }

  /** Listens no more, and leaves the lease to expire. */
  stop(): void {
    this.#members.stop()
    this.#bus?.close()
  }

  get figures(): MembershipFigures {
    const { live, isMember, leasesLost } = this.#members
    const { figures: events } = this.network
    return { nodes: live.length, isMember, leasesLost, subscriptions: this.#subscriptions, events }
  }

  #openWork(): void {
    this.#hasOpenWork = true
    this.#node?.lookForWork()
  }

  #status() {
    const { revision, forms, replicas, role, entry } = this.#options
    const [node, load] = [this.#node, this.#load]
    const { messagesPerSecond = 0, commitP50Ms, commitP99Ms } = load?.sample() ?? {}
    return {
      address: this.#address,
      role,
      link: this.#link,
      revision,
      forms,
      connections: node?.access.context.connections.size ?? 0,
      freeConnections: node?.access.context.gate.free ?? 0,
      entry: this.#address === '' || node?.failing === true ? undefined : entry,
      messagesPerSecond,
      commitP50Ms,
      commitP99Ms,
      conflicts: node?.engine?.conflicts ?? 0,
      replicas,
      failing: Array.from(node?.canary?.primaries ?? []).flatMap(([primary, isReady]) => (isReady ? [] : [primary])),
      unlinkedMs: node?.unlinkedMs ?? 0,
      otherSecret: node?.otherSecret ?? [],
      outboxes: node?.engine?.outboxes() ?? [],
    }
  }
}

/** A name that no other process has. One of digits alone would be a number where records are told apart (sync/record-cache.ts). */
export function newName(random: Random): NodeId {
  for (;;) {
    const name = Buffer.from(random.bytes(6)).toString('hex')
    if (/[a-f]/.test(name)) return name
  }
}

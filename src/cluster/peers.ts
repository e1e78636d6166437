/**
 * Events between nodes: a node that appended to a timeline tells the nodes that hold the user's devices, so that they push at once. The
 * network between nodes may lose, delay and reorder. So batches are numbered per pair of nodes, and beats name the last number. A node
 * that finds one missing, or hears nothing, compares what its connections know with the store:
 *
 *   batch n+1 ──► taken          batch ≤ n ──► late: it was compared for           n+2, beat n+1, another process ──► compare
 *   silence ──► compare, again and again at growing intervals: what a dead node did last may still be on its way to the store
 *
 * A lost event costs a late push, never a message.
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Defer } from '../lib/turn.js'
import { type NodeEvent, nodeAt } from '../sync/events.js'

export interface EventBatch {
  readonly node: string
  /** The process of that name, never 0: another process counts anew. */
  readonly incarnation: number
  /** The number of this batch; for an empty one (a beat), the last number used. */
  readonly number: number
  readonly events: readonly NodeEvent[]
}

/** The network to the other nodes. */
export interface PeerNetwork {
  /** The other nodes: beats go to all of them, and events without routes. */
  peers(): Iterable<string>
  /** Sends without a promise that it arrives. */
  send(node: string, batch: EventBatch): void
}

export interface PeersOptions {
  readonly node: string
  readonly incarnation: number
  readonly clock: Clock
  readonly defer: Defer
  readonly network: PeerNetwork
  /** Takes an event that another node has sent. */
  take(event: NodeEvent): void
  /** Looks at the store for every connection of this node, because events may have been missed. */
  compare(): void
}

export const BEAT_MS = 1_000
/**
 * The silence after which a peer counts as silent: three beats may be lost before. The intervals between comparisons double from there.
 */
const SILENCE_MS = 3_500
const SILENCE_MS_MAX = 60_000
/** The silence after which a peer is forgotten: nothing that it did can still be on its way. */
const FORGET_MS = 600_000
/** The incarnation of a node that is known to exist and was never heard. */
const UNHEARD = 0
/** The most events of one turn to one node. The rest is left out, with a number, so that the node compares. */
const BATCH_EVENTS_MAX = 4_096
/** The largest item that is carried: devices pull larger ones. */
const ITEM_BYTES_MAX = 2_048

interface Lane {
  number: number
  events: NodeEvent[]
}

interface Peer {
  readonly incarnation: number
  number: number
  heardMs: number
  /** The silence that leads to the next comparison, and the time of that comparison. */
  patienceMs: number
  compareMs: number
}

export class Peers {
  readonly #options: PeersOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #peers = new Map<string, Peer>()
  #flushing = false
  #timer: TimerHandle | undefined

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** Begins to send beats, and to listen for those of the others. */
  start(): void {
    this.#beat()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /**
   * Sends an event to the nodes that it is for.
   * @param routes the nodes that hold devices of the user. Absent: all nodes are told. A session that ended is for all, because any of
   *   them may have it in its cache.
   */
  tell(event: NodeEvent, routes?: readonly string[]): void {
    const node = nodeAt(event.to)
    if (node !== undefined) {
      if (node !== this.#options.node) this.#lane(node).events.push(event)
      return
    }
    for (const holder of routes ?? this.#options.network.peers()) {
      if (holder !== this.#options.node) this.#lane(holder).events.push(carried(event))
    }
  }

  /** Takes a batch that another node sent. */
  receive({ node, incarnation, number, events }: EventBatch): void {
    const known = this.#peers.get(node)
    const peer = known?.incarnation === incarnation ? known : this.#meet(node, incarnation)
    this.#hear(peer)
    const expected = events.length === 0 ? peer.number : peer.number + 1
    if (number < expected) return
    peer.number = number
    for (const event of events) this.#options.take(event)
    // The last events of the process before may be lost, too.
    const replaced = known !== undefined && known.incarnation !== UNHEARD && known !== peer
    if (number > expected || replaced) this.#options.compare()
  }

  #meet(node: string, incarnation: number): Peer {
    const peer = { incarnation, number: 0, heardMs: 0, patienceMs: 0, compareMs: 0 }
    this.#hear(peer)
    this.#peers.set(node, peer)
    return peer
  }

  #hear(peer: Peer): void {
    peer.heardMs = this.#options.clock.monotonic()
    peer.patienceMs = SILENCE_MS
    peer.compareMs = peer.heardMs + SILENCE_MS
  }

  #lane(node: string): Lane {
    let lane = this.#lanes.get(node)
    if (lane === undefined) {
      lane = { number: 0, events: [] }
      this.#lanes.set(node, lane)
    }
    if (!this.#flushing) {
      this.#flushing = true
      this.#options.defer(() => this.#flush())
    }
    return lane
  }

  #flush(): void {
    this.#flushing = false
    for (const [node, lane] of this.#lanes) {
      const { events } = lane
      if (events.length === 0) continue
      lane.number += events.length > BATCH_EVENTS_MAX ? 2 : 1
      lane.events = []
      this.#send(node, lane.number, events.length > BATCH_EVENTS_MAX ? fitting(events) : events)
    }
  }

  #send(to: string, number: number, events: readonly NodeEvent[]): void {
    const { node, incarnation, network } = this.#options
    network.send(to, { node, incarnation, number, events })
  }

  #beat(): void {
    const { clock, network } = this.#options
    const present = new Set(network.peers())
    for (const node of present) {
      this.#send(node, this.#lanes.get(node)?.number ?? 0, [])
      if (!this.#peers.has(node)) this.#meet(node, UNHEARD)
    }
    this.#listen(clock.monotonic(), present)
    this.#timer = clock.after(BEAT_MS, () => this.#beat())
  }

  #listen(nowMs: number, present: ReadonlySet<string>): void {
    for (const [node, peer] of this.#peers) {
      if (nowMs - peer.heardMs > FORGET_MS) {
        if (!present.has(node)) this.#peers.delete(node)
      } else if (nowMs >= peer.compareMs) {
        peer.patienceMs = Math.min(SILENCE_MS_MAX, peer.patienceMs * 2)
        peer.compareMs = nowMs + peer.patienceMs
        this.#options.compare()
      }
    }
  }
}

function carried(event: NodeEvent): NodeEvent {
  const isLarge = event.kind === 'appended' && event.bytes !== undefined && event.bytes.length > ITEM_BYTES_MAX
  return isLarge ? { ...event, bytes: undefined } : event
}

/**
 * Chooses as many events as a batch takes: those about what has ended first. Transient ones, which nobody misses for long, are left out.
 */
function fitting(events: readonly NodeEvent[]): NodeEvent[] {
  const isEnded = (event: NodeEvent): boolean => event.kind === 'ended'
  const others = events.filter(event => !isEnded(event) && event.kind !== 'transient')
  return [...events.filter(isEnded), ...others].slice(0, BATCH_EVENTS_MAX)
}

/**
 * Events between nodes: a node that appended to a timeline tells the nodes that hold the user's devices, so that they push at once. The
 * network between nodes may lose, delay and reorder. So batches are numbered per pair of nodes, and beats name the last number. A node
 * that finds one missing, or hears nothing, compares what its connections know with the store:
 *
 *   batch n+1 ──► taken          batch ≤ n ──► late: it was compared for           n+2, beat n+1, another process ──► compare
 *   a node comes ──► its first beat skips a number: it compares, for it was told nothing before the others knew it
 *   silence ──► compare, again and again at growing intervals: what a dead node did last may still be on its way to the store
 *
 * A lost event costs a late push, never a message. Transient events travel in batches of their own, without a number and behind the others:
 * nobody compares because one is missing. They may go by way of a node that both ends are linked to, where they are not linked themselves:
 *
 *   from ──► passes on ──► another node, which the first one cannot reach
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Defer } from '../lib/turn.js'
import { type NodeEvent, nodeAt, type TransientEvent } from '../sync/events.js'

export interface EventBatch {
  readonly node: string
  /** The process of that name, never 0: another process counts anew. */
  readonly incarnation: number
  /** The number of this batch; for an empty one (a beat), the last number used; UNNUMBERED: of transient events, nobody counts it. */
  readonly number: number
  readonly events: readonly NodeEvent[]
}

/** The network to the other nodes. */
export interface NodeNetwork {
  /** The other nodes: beats go to all of them, and events without routes. */
  others(): Iterable<string>
  /** Sends without a promise that it arrives. */
  send(node: string, batch: EventBatch): void
  /** The node by whose way this one is reached. Absent, undefined: it is sent to itself. */
  via?(node: string): string | undefined
  /** The nodes that this one does not reach by itself: what it tells all is passed on to them here. Absent: there are none. */
  beyond?(node: string): Iterable<string>
}

export interface NodeExchangeOptions {
  readonly node: string
  readonly incarnation: number
  readonly clock: Clock
  readonly defer: Defer
  readonly network: NodeNetwork
  /** Takes an event that another node has sent. */
  take(event: NodeEvent): void
  /** Looks at the store for every connection of this node, because events may have been missed. */
  compare(): void
  /** Called when a process is heard for the first time. */
  met?(node: string): void
}

export const BEAT_MS = 1_000
/**
 * The silence after which a node counts as silent: three beats may be lost before. The intervals between comparisons double from there.
 */
const SILENCE_MS = 3_500
const SILENCE_MS_MAX = 60_000
/** The silence after which a node is forgotten: nothing that it did can still be on its way. */
const FORGET_MS = 600_000
/** The beats for which a node is not there and gets nothing, before the numbers of its batches are forgotten. */
const FORGET_BEATS = FORGET_MS / BEAT_MS
/** The number of a batch of transient events. */
export const UNNUMBERED = 0
/** The incarnation of a node that is known to exist and was never heard. */
const UNHEARD = 0
/** The most events of one turn to one node. The rest is left out, with a number, so that the node compares. */
const BATCH_EVENTS_MAX = 4_096
/** The most transient events of one turn to one node. The rest is dropped. */
export const TRANSIENT_EVENTS_MAX = 1_024
/** The largest item that is carried: devices pull larger ones. */
const ITEM_BYTES_MAX = 2_048

interface Outgoing {
  number: number
  events: NodeEvent[]
  transient: TransientEvent[]
  /** The beats since the node was there, or got a batch. */
  idleBeats: number
}

interface OtherNode {
  readonly incarnation: number
  number: number
  heardMs: number
  /** The silence that leads to the next comparison, and the time of that comparison. */
  patienceMs: number
  compareMs: number
}

export class NodeExchange {
  /** The number of transient events that were too many of one turn. */
  transientDropped = 0
  readonly #options: NodeExchangeOptions
  readonly #outgoing = new Map<string, Outgoing>()
  /** The highest number to a node that was forgotten. It may still know it, and would take a lower one for late: new ones are above. */
  #forgottenNumber = 0
  readonly #others = new Map<string, OtherNode>()
  /** The nodes that were there at the last beat; undefined: there was none, and this node has told nothing. */
  #present: ReadonlySet<string> | undefined
  #flushing = false
  #timer: TimerHandle | undefined

  constructor(options: NodeExchangeOptions) {
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
    const { node: own, network } = this.#options
    const node = nodeAt(event.to)
    if (node !== undefined) {
      if (node !== own) this.#push(network.via?.(node) ?? node, event)
      return
    }
    for (const holder of routes ?? network.others()) if (holder !== own) this.#push(holder, event)
  }

  #push(node: string, event: NodeEvent): void {
    const outgoing = this.#outgoingTo(node)
    if (event.kind !== 'transient') outgoing.events.push(carried(event))
    else if (outgoing.transient.length < TRANSIENT_EVENTS_MAX) outgoing.transient.push(event)
    else this.transientDropped += 1
  }

  /** Takes a batch that another node sent. */
  receive({ node, incarnation, number, events }: EventBatch): void {
    const known = this.#others.get(node)
    const other = known?.incarnation === incarnation ? known : this.#meet(node, incarnation)
    this.#hear(other)
    // The last events of the process before may be lost, too.
    const replaced = known !== undefined && known.incarnation !== UNHEARD && known !== other
    const isNumbered = number !== UNNUMBERED || events.length === 0
    const expected = events.length === 0 ? other.number : other.number + 1
    if (isNumbered && number < expected) return
    if (isNumbered) other.number = number
    for (const event of events) this.#take(event, node)
    if ((isNumbered && number > expected) || replaced) this.#options.compare()
    if (other !== known) this.#options.met?.(node)
  }

  /** Takes an event, and passes a transient one on to the nodes that its own node does not reach. */
  #take(event: NodeEvent, sender: string): void {
    const { node: own, network, take } = this.#options
    const isTransient = event.kind === 'transient'
    const to = isTransient ? nodeAt(event.to) : undefined
    if (to !== undefined && to !== own) {
      this.#push(to, event)
      return
    }
    if (isTransient && to === undefined && event.from === sender) {
      for (const node of network.beyond?.(sender) ?? []) this.#push(node, event)
    }
    take(event)
  }

  #meet(node: string, incarnation: number): OtherNode {
    const other = { incarnation, number: 0, heardMs: 0, patienceMs: 0, compareMs: 0 }
    this.#hear(other)
    this.#others.set(node, other)
    return other
  }

  #hear(other: OtherNode): void {
    other.heardMs = this.#options.clock.monotonic()
    other.patienceMs = SILENCE_MS
    other.compareMs = other.heardMs + SILENCE_MS
  }

  #outgoingTo(node: string): Outgoing {
    if (!this.#flushing) {
      this.#flushing = true
      this.#options.defer(() => this.#flush())
    }
    return this.#numbersTo(node)
  }

  #numbersTo(node: string): Outgoing {
    let outgoing = this.#outgoing.get(node)
    if (outgoing === undefined) {
      outgoing = { number: this.#forgottenNumber, events: [], transient: [], idleBeats: 0 }
      this.#outgoing.set(node, outgoing)
    }
    return outgoing
  }

  #flush(): void {
    this.#flushing = false
    for (const [node, outgoing] of this.#outgoing) {
      const { events, transient } = outgoing
      if (events.length > 0) {
        outgoing.number += events.length > BATCH_EVENTS_MAX ? 2 : 1
        outgoing.events = []
        outgoing.idleBeats = 0
        this.#send(node, outgoing.number, events.length > BATCH_EVENTS_MAX ? fitting(events) : events)
      }
      if (transient.length > 0) {
        outgoing.transient = []
        outgoing.idleBeats = 0
        this.#send(node, UNNUMBERED, transient)
      }
    }
  }

  #send(to: string, number: number, events: readonly NodeEvent[]): void {
    const { node, incarnation, network } = this.#options
    network.send(to, { node, incarnation, number, events })
  }

  #beat(): void {
    const { clock, network } = this.#options
    const present = new Set(network.others())
    for (const node of present) {
      const outgoing = this.#numbersTo(node)
      const hasCome = this.#present?.has(node) === false
      if (hasCome) outgoing.number += 1
      this.#send(node, outgoing.number, [])
      if (!this.#others.has(node)) this.#meet(node, UNHEARD)
    }
    this.#listen(clock.monotonic(), present)
    this.#forget(present)
    this.#present = present
    this.#timer = clock.after(BEAT_MS, () => this.#beat())
  }

  #listen(nowMs: number, present: ReadonlySet<string>): void {
    for (const [node, other] of this.#others) {
      if (nowMs - other.heardMs > FORGET_MS) {
        if (!present.has(node)) this.#others.delete(node)
      } else if (nowMs >= other.compareMs) {
        other.patienceMs = Math.min(SILENCE_MS_MAX, other.patienceMs * 2)
        other.compareMs = nowMs + other.patienceMs
        this.#options.compare()
      }
    }
  }

  /** Forgets the numbers to nodes that have left. */
  #forget(present: ReadonlySet<string>): void {
    for (const [node, outgoing] of this.#outgoing) {
      if (present.has(node)) outgoing.idleBeats = 0
      else if (++outgoing.idleBeats > FORGET_BEATS && outgoing.events.length === 0) {
        this.#outgoing.delete(node)
        this.#forgottenNumber = Math.max(this.#forgottenNumber, outgoing.number)
      }
    }
  }
}

function carried(event: NodeEvent): NodeEvent {
  const isLarge = event.kind === 'appended' && event.bytes !== undefined && event.bytes.length > ITEM_BYTES_MAX
  return isLarge ? { ...event, bytes: undefined } : event
}

/** Chooses as many events as a batch takes: those about what has ended first. */
function fitting(events: readonly NodeEvent[]): NodeEvent[] {
  const isEnded = (event: NodeEvent): boolean => event.kind === 'ended'
  return [...events.filter(isEnded), ...events.filter(event => !isEnded(event))].slice(0, BATCH_EVENTS_MAX)
}

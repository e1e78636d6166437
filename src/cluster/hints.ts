/**
 * Hints between nodes: who appended to a timeline tells the nodes that hold the user's devices, so that they push at once.
 * The way between nodes may lose, delay and reorder. So batches are numbered per pair of nodes, and beats name the last
 * number; a node that finds one missing, or hears nothing, compares what its connections know with the store:
 *
 *   batch n+1 ──► taken          batch ≤ n ──► late: it was compared for           n+2, beat n+1, another process ──► compare
 *   silence ──► compare, again and again at growing intervals: what a dead node did last may still be on its way to the store
 *
 * A lost hint costs a late push, never a message.
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Defer } from '../lib/turn.js'

export interface UserHint {
  readonly uid: number
  readonly from: number
  readonly version: number
  readonly bytes: Uint8Array | undefined
}

/** The device's session has ended; with an attempt: it was bound by that one. */
export interface EndedHint {
  readonly uid: number
  readonly device: number
  readonly attempt: number | undefined
}

export interface HintBatch {
  readonly node: string
  /** Which process of that name, never 0: another one counts anew. */
  readonly incarnation: number
  /** Of this batch; of one that holds nothing (a beat), the last number used. */
  readonly number: number
  readonly hints: readonly UserHint[]
  readonly ended: readonly EndedHint[]
}

export interface HintsOptions {
  readonly node: string
  readonly incarnation: number
  readonly clock: Clock
  readonly defer: Defer
  /** The other nodes: beats go to all of them. */
  peers(): Iterable<string>
  /** Those of them that may hold devices of the user. */
  holders(uid: number): Iterable<string>
  /** Sends without a promise that it arrives. */
  send(node: string, batch: HintBatch): void
  /** This node's connections. */
  hint(hint: UserHint): void
  ended(ended: EndedHint): void
  /** Hints may have been missed: to look at the store for every connection of this node. */
  compare(): void
}

export const BEAT_MS = 1_000
/** Three beats may be lost before a peer counts as silent. The intervals between comparisons double from there. */
const SILENCE_MS = 3_500
const SILENCE_MS_MAX = 60_000
/** A peer that is silent for so long is forgotten: nothing that it did can still be on its way. */
const FORGET_MS = 600_000
/** The incarnation of a node that is known to be there and was never heard. */
const UNHEARD = 0
/** Hints of one turn to one node; what is beyond is left out, with a number, so that the node compares. */
const BATCH_HINTS_MAX = 4_096
/** Larger items are not carried: their devices pull. */
const ITEM_BYTES_MAX = 2_048

interface Lane {
  number: number
  hints: UserHint[]
  ended: EndedHint[]
}

interface Peer {
  readonly incarnation: number
  number: number
  heardMs: number
  /** How long it may be silent until the next comparison, and when that is. */
  patienceMs: number
  compareMs: number
}

export class Hints {
  readonly #options: HintsOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #peers = new Map<string, Peer>()
  #flushing = false
  #timer: TimerHandle | undefined

  constructor(options: HintsOptions) {
    this.#options = options
    this.#beat()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Of this node's engine, after a commit. */
  hint(hint: UserHint): void {
    this.#options.hint(hint)
    const carried = (hint.bytes?.length ?? 0) <= ITEM_BYTES_MAX ? hint : { ...hint, bytes: undefined }
    for (const node of this.#options.holders(hint.uid)) this.#lane(node).hints.push(carried)
  }

  end(ended: EndedHint): void {
    this.#options.ended(ended)
    for (const node of this.#options.holders(ended.uid)) this.#lane(node).ended.push(ended)
  }

  /** What another node sent. */
  receive({ node, incarnation, number, hints, ended }: HintBatch): void {
    const known = this.#peers.get(node)
    const peer = known?.incarnation === incarnation ? known : this.#meet(node, incarnation)
    this.#hear(peer)
    const isBeat = hints.length === 0 && ended.length === 0
    const expected = isBeat ? peer.number : peer.number + 1
    if (number < expected) return
    peer.number = number
    for (const hint of hints) this.#options.hint(hint)
    for (const each of ended) this.#options.ended(each)
    // The last words of the process before may be lost, too.
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
      lane = { number: 0, hints: [], ended: [] }
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
      const { hints, ended } = lane
      if (hints.length === 0 && ended.length === 0) continue
      lane.number += hints.length > BATCH_HINTS_MAX ? 2 : 1
      lane.hints = []
      lane.ended = []
      this.#send(node, lane.number, hints.slice(0, BATCH_HINTS_MAX), ended)
    }
  }

  #send(to: string, number: number, hints: readonly UserHint[], ended: readonly EndedHint[]): void {
    const { node, incarnation, send } = this.#options
    send(to, { node, incarnation, number, hints, ended })
  }

  #beat(): void {
    const { clock, peers } = this.#options
    const present = new Set(peers())
    for (const node of present) {
      this.#send(node, this.#lanes.get(node)?.number ?? 0, [], [])
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

/**
 * Brings each call to a logic node. The calls of one user go to one node at a time, the one that rendezvous hashing prefers, so they keep
 * their order and its records have one writer. A call that no node can take now waits; one whose link was lost is sent again.
 *
 *   call ─► its user's lane ─► the lane's link, while calls of the lane are under way there
 *                           ─► else the preferred one of the open links
 *                           ─► waiting: there is none, or the lane's node is leaving and has not answered everything yet
 *                                └── WAIT_MS, too much waits, nobody wants the answer any more ──► refused, may be repeated
 */
import { CODES, type Code } from '../../protocol/codes.js'
import { Preference } from '../cluster/rendezvous.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import { userActor } from '../sync/rules/records.js'
import type { Call } from './calls.js'
import type { LogicLink } from './logic-link.js'
import { LINK } from './messages.js'

/** The longest wait for a logic node: longer than one needs to start again, and shorter than clients wait for an answer. */
export const WAIT_MS = 10_000
/** The bytes of all calls that are not answered, and their number. */
export const PENDING_BYTES_MAX = 64 * 2 ** 20
export const PENDING_MAX = 131_072

const TICK_MS = 250
const RETRY_MS = { base: 1_000, spread: 1_000 } as const

export type AnyLink = Pick<LogicLink, 'node' | 'isOpen' | 'send'>

export interface LanesOptions {
  readonly clock: Clock
  readonly random: Random
}

/** A call that waits, or may have been sent before. */
interface Pending {
  readonly call: Call
  sent: boolean
  /** The time when it is refused if it still waits. */
  untilMs: number
}

interface Lane {
  readonly uid: number
  link: AnyLink | undefined
  underWay: number
  waiting: Pending[]
}

/** The counts for the metrics. */
export interface LaneFigures {
  /** Calls that were sent again because their link was lost. */
  repeated: number
  /** Calls that no logic node took. */
  refused: number
}

export class Lanes {
  readonly figures: LaneFigures = { repeated: 0, refused: 0 }
  readonly #options: LanesOptions
  readonly #links = new Map<string, AnyLink>()
  #preference = new Preference([])
  readonly #lanes = new Map<number, Lane>()
  /** The lanes of which something waits. */
  readonly #stuck = new Set<Lane>()
  readonly #pending = new Map<Call, { readonly lane: Lane; readonly pending: Pending }>()
  #bytes = 0
  #acks = 0
  /** The time since when no link is open. */
  #aloneMs: number
  #timer: TimerHandle | undefined

  constructor(options: LanesOptions) {
    this.#options = options
    this.#aloneMs = options.clock.monotonic()
  }

  /** The number of calls that are not answered. */
  get size(): number {
    return this.#pending.size
  }

  /** Whether calls of the user are not answered. */
  has(uid: number): boolean {
    return this.#lanes.has(uid)
  }

  /** Brings a call to a node, or refuses it. */
  submit(call: Call): void {
    const { clock } = this.#options
    const nowMs = clock.monotonic()
    // Acks gather for seconds, and are bounded by their bytes alone: they must not keep requests out.
    const isFull = call.method !== LINK.ack && this.#pending.size - this.#acks >= PENDING_MAX
    if (isFull || this.#bytes + call.bytes > PENDING_BYTES_MAX) {
      this.#refuse(call, CODES.OVERLOADED)
    } else if (this.#links.size === 0 && nowMs - this.#aloneMs >= WAIT_MS) {
      this.#refuse(call, CODES.UNAVAILABLE)
    } else {
      const pending = { call, sent: false, untilMs: nowMs + WAIT_MS }
      const lane = this.#laneOf(call.uid)
      this.#pending.set(call, { lane, pending })
      if (call.method === LINK.ack) this.#acks += 1
      this.#bytes += call.bytes
      lane.waiting.push(pending)
      this.#pump(lane)
    }
  }

  /** Takes in that a link is open. */
  opened(link: AnyLink): void {
    this.#links.set(link.node, link)
    this.#changed()
  }

  /** Takes in that a link takes no more calls. */
  left(link: AnyLink): void {
    if (this.#links.get(link.node) === link) this.#links.delete(link.node)
    this.#changed()
  }

  /** Takes in that a link is lost. @param unanswered what it was sent, in that order */
  lost(link: AnyLink, unanswered: readonly Call[]): void {
    const lanes = new Map<Lane, Pending[]>()
    for (const call of unanswered) {
      const found = this.#pending.get(call)
      if (found === undefined) continue
      const { lane, pending } = found
      lane.underWay -= 1
      pending.untilMs = this.#options.clock.monotonic() + WAIT_MS
      const again = lanes.get(lane)
      if (again === undefined) lanes.set(lane, [pending])
      else again.push(pending)
    }
    for (const [lane, again] of lanes) {
      lane.waiting = [...again, ...lane.waiting]
      this.#stuck.add(lane)
    }
    this.left(link)
  }

  /** Takes in that a call has its answer. */
  answered(call: Call): void {
    const found = this.#pending.get(call)
    if (found === undefined) return
    this.#forget(call)
    const { lane } = found
    lane.underWay -= 1
    if (lane.waiting.length > 0) this.#pump(lane)
    else this.#release(lane)
  }

  /** Refuses everything that is not answered. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const call of [...this.#pending.keys()]) this.#drop(call, CODES.UNAVAILABLE)
    this.#stuck.clear()
    this.#lanes.clear()
  }

  #laneOf(uid: number): Lane {
    const known = uid === 0 ? undefined : this.#lanes.get(uid)
    if (known !== undefined) return known
    const lane = { uid, link: undefined, underWay: 0, waiting: [] }
    if (uid !== 0) this.#lanes.set(uid, lane)
    return lane
  }

  #release(lane: Lane): void {
    if (lane.underWay === 0 && lane.waiting.length === 0 && this.#lanes.get(lane.uid) === lane) {
      this.#lanes.delete(lane.uid)
    }
  }

  #changed(): void {
    this.#preference = new Preference(this.#links.keys())
    if (this.#links.size === 0) this.#aloneMs = this.#options.clock.monotonic()
    for (const lane of this.#stuck) this.#pump(lane)
    this.#tickLater()
  }

  /** Sends what waits in a lane, as far as a node takes it. */
  #pump(lane: Lane): void {
    const link = lane.underWay > 0 ? lane.link : this.#choose(lane.waiting[0]?.call.home ?? lane.uid)
    if (link === undefined || !this.#takes(link)) {
      this.#stuck.add(lane)
      this.#tickLater()
      return
    }
    this.#stuck.delete(lane)
    lane.link = link
    const waiting = lane.waiting
    lane.waiting = []
    for (const [index, pending] of waiting.entries()) {
      const { call, sent } = pending
      if (!this.#takes(link)) {
        // It was lost with what was just sent, which waits in front again.
        lane.waiting.push(...waiting.slice(index))
        if (lane.uid !== 0) this.#lanes.set(lane.uid, lane)
        this.#pump(lane)
        return
      }
      if (call.signal?.aborted === true) {
        this.#drop(call, CODES.UNAVAILABLE)
        continue
      }
      if (sent) this.figures.repeated += 1
      pending.sent = true
      lane.underWay += 1
      link.send(call, sent)
    }
    this.#release(lane)
  }

  /** Whether a link takes new calls. */
  #takes(link: AnyLink): boolean {
    return link.isOpen && this.#links.get(link.node) === link
  }

  #choose(uid: number): AnyLink | undefined {
    if (uid !== 0) return this.#links.get(this.#preference.of(userActor(uid)) ?? '')
    const links = [...this.#links.values()]
    return links[this.#options.random.integer(Math.max(1, links.length))]
  }

  #tickLater(): void {
    if (this.#stuck.size > 0) this.#timer ??= this.#options.clock.after(TICK_MS, () => this.#tick())
  }

  #tick(): void {
    this.#timer = undefined
    const nowMs = this.#options.clock.monotonic()
    for (const lane of this.#stuck) {
      const late = lane.waiting.filter(({ untilMs }) => untilMs <= nowMs)
      if (late.length > 0) {
        lane.waiting = lane.waiting.filter(({ untilMs }) => untilMs > nowMs)
        for (const { call } of late) this.#drop(call, CODES.UNAVAILABLE)
      }
      if (lane.waiting.length === 0) {
        this.#stuck.delete(lane)
        this.#release(lane)
      }
    }
    this.#tickLater()
  }

  #forget(call: Call): void {
    if (!this.#pending.delete(call)) return
    this.#bytes -= call.bytes
    if (call.method === LINK.ack) this.#acks -= 1
  }

  #drop(call: Call, why: { readonly code: Code; readonly text: string }): void {
    this.#forget(call)
    this.#refuse(call, why)
  }

  #refuse(call: Call, { code, text }: { readonly code: Code; readonly text: string }): void {
    this.figures.refused += 1
    call.refused(code, text, RETRY_MS.base + this.#options.random.integer(RETRY_MS.spread))
  }
}

/**
 * Brings each call to a logic node. The calls of one user go to one node at a time, the one that rendezvous hashing prefers, so they keep
 * their order and its records have one writer. A call that no node can take now waits; one whose link was lost is sent again.
 *
 *   call ─► its user's lane ─► the lane's link, while calls of the lane are under way there
 *                           ─► else the preferred one of the open links
 *                           ─► waiting: there is none, or the lane's node is leaving and has not answered everything yet
 *                                └── WAIT_MS, too much waits, nobody wants the answer any more ──► refused, may be repeated
 *
 * A call whose links were lost SENDS_MAX times is refused, too.
 *
 * Acks are merged while they wait, one for each device, and wait for as long as it takes. A user has only so many under way. The next one
 * waits, until the user's next request: an ack never falls behind it, because the request may bring a later ack.
 */
import { CODES, type Code } from '../../protocol/codes.js'
import { Preference } from '../cluster/rendezvous.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import { networkOf } from '../lib/network.js'
import type { Random } from '../lib/random.js'
import type { Actor } from '../store/types.js'
import { userActor } from '../sync/rules/records.js'
import { CALL_BYTES, type Call } from './calls.js'
import type { LogicLink } from './logic-link.js'
import { LINK } from './messages.js'

/** The longest wait for a logic node: longer than one needs to start again, and shorter than clients wait for an answer. */
export const WAIT_MS = 10_000
/** The bytes of all calls that are not answered, and their number; without acks. */
export const PENDING_BYTES_MAX = 64 * 2 ** 20
export const PENDING_MAX = 131_072
/** The part of both that the calls of one user may take, or those from one network without a session: a thirty-second. */
export const SHARE_BYTES_MAX = PENDING_BYTES_MAX / 32
export const SHARE_MAX = PENDING_MAX / 32
/** The bytes of all acks that are not answered: they gather for seconds, and must not keep requests out. */
export const ACK_BYTES_MAX = 32 * 2 ** 20
/** The acks of one user that are under way. A client gathers for 250 ms, a logic node for a second: eight devices have forty. */
export const ACKS_UNDER_WAY_MAX = 64

/** The links on which a call is sent, if they are lost. One that ends the node that does it must not end all nodes. */
export const SENDS_MAX = 3

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
  /** The links that it was sent on. */
  sends: number
  /** The time when it is refused if it still waits. */
  untilMs: number
}

/** The unanswered calls of one user, or from one network without a session. */
interface Share {
  count: number
  bytes: number
}

interface Lane extends Share {
  readonly uid: number
  link: AnyLink | undefined
  underWay: number
  /** The acks under way. */
  acks: number
  waiting: Pending[]
}

/** The actor whose records the calls of a lane are about; undefined: none. */
function actorOf({ uid }: Lane): Actor | undefined {
  return uid === 0 ? undefined : userActor(uid)
}

/** A call that is not answered, with where it counts. */
interface Entry {
  readonly lane: Lane
  readonly pending: Pending
  readonly share: Share
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
  readonly #pending = new Map<Call, Entry>()
  /** The shares of those without a session, by network. */
  readonly #strangers = new Map<string, Share>()
  #bytes = 0
  #acks = 0
  #ackBytes = 0
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
    const { uid, stranger } = call
    const nowMs = this.#options.clock.monotonic()
    const isAck = call.method === LINK.ack
    const known = uid === 0 ? undefined : this.#lanes.get(uid)
    if (isAck && known !== undefined && this.#merge(known, call)) return
    // What a token names is not proved: nobody takes the share of another with it.
    const share = stranger === undefined ? known : this.#strangers.get(networkOf(stranger))
    if (this.#isFull(call.method, call.bytes, share)) {
      this.#refuse(call, CODES.OVERLOADED)
    } else if (!isAck && this.#links.size === 0 && nowMs - this.#aloneMs >= WAIT_MS) {
      this.#refuse(call, CODES.UNAVAILABLE)
    } else {
      const lane = known ?? this.#newLane(uid)
      const pending = { call, sends: 0, untilMs: nowMs + WAIT_MS }
      const entry = { lane, pending, share: share ?? (stranger === undefined ? lane : this.#newStranger(stranger)) }
      this.#pending.set(call, entry)
      this.#count(entry, 1, call.bytes)
      lane.waiting.push(pending)
      this.#pump(lane)
    }
  }

  /** Whether there is no space for a call. @param share where it would count; undefined: nothing counts there yet */
  #isFull(method: number, bytes: number, share: Share | undefined): boolean {
    if (share !== undefined && share.bytes + bytes > SHARE_BYTES_MAX) return true
    if (method === LINK.ack) return this.#ackBytes + bytes > ACK_BYTES_MAX
    if (share !== undefined && share.count >= SHARE_MAX) return true
    return this.#pending.size - this.#acks >= PENDING_MAX || this.#bytes + bytes > PENDING_BYTES_MAX
  }

  /** Adds an ack to the newest one of its device, if that waits and no request waits behind it. */
  #merge(lane: Lane, call: Call): boolean {
    for (let i = lane.waiting.length - 1; i >= 0; i -= 1) {
      const waiting = lane.waiting[i]?.call
      if (waiting?.method !== LINK.ack) return false
      if (waiting.device !== call.device) continue
      const { bytes } = waiting
      const entry = this.#pending.get(waiting)
      const isFull = this.#isFull(LINK.ack, call.bytes - CALL_BYTES, lane)
      if (entry === undefined || isFull || waiting.merge?.(call) !== true) return false
      this.#count(entry, 0, waiting.bytes - bytes)
      return true
    }
    return false
  }

  /** Changes the counts of what is not answered. */
  #count({ pending, share }: Entry, calls: number, bytes: number): void {
    share.bytes += bytes
    if (pending.call.method === LINK.ack) {
      this.#acks += calls
      this.#ackBytes += bytes
    } else {
      share.count += calls
      this.#bytes += bytes
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
    const givenUp: Call[] = []
    for (const call of unanswered) {
      const found = this.#pending.get(call)
      if (found === undefined) continue
      const { lane, pending } = found
      this.#back(lane, call)
      pending.untilMs = this.#options.clock.monotonic() + WAIT_MS
      const again = lanes.get(lane) ?? []
      lanes.set(lane, again)
      if (pending.sends < SENDS_MAX) again.push(pending)
      else givenUp.push(call)
    }
    for (const [lane, again] of lanes) {
      lane.waiting = [...again, ...lane.waiting]
      if (lane.waiting.length > 0) this.#stuck.add(lane)
      else this.#release(lane)
    }
    for (const call of givenUp) this.#drop(call, CODES.UNAVAILABLE)
    this.left(link)
  }

  /** Takes in that a call has its answer. */
  answered(call: Call): void {
    const found = this.#pending.get(call)
    if (found === undefined) return
    this.#forget(call)
    const { lane } = found
    this.#back(lane, call)
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

  #newLane(uid: number): Lane {
    const lane = { uid, link: undefined, underWay: 0, acks: 0, waiting: [], count: 0, bytes: 0 }
    if (uid !== 0) this.#lanes.set(uid, lane)
    return lane
  }

  #newStranger(address: string): Share {
    const share = { count: 0, bytes: 0 }
    this.#strangers.set(networkOf(address), share)
    return share
  }

  /** Notes that a call is not under way any more. */
  #back(lane: Lane, { method }: Call): void {
    lane.underWay -= 1
    if (method === LINK.ack) lane.acks -= 1
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
    const link = lane.underWay > 0 ? lane.link : this.#choose(lane.waiting[0]?.call.home ?? actorOf(lane))
    if (link === undefined || !this.#takes(link)) {
      this.#stuck.add(lane)
      this.#tickLater()
      return
    }
    this.#stuck.delete(lane)
    lane.link = link
    const waiting = lane.waiting
    lane.waiting = []
    // Acks behind the last request are held back while as many as that are under way.
    const isHolding = lane.acks + waiting.length > ACKS_UNDER_WAY_MAX
    const heldFrom = isHolding ? 1 + waiting.findLastIndex(({ call }) => call.method !== LINK.ack) : waiting.length
    for (const [index, pending] of waiting.entries()) {
      const { call } = pending
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
      if (index >= heldFrom && lane.acks >= ACKS_UNDER_WAY_MAX) {
        lane.waiting.push(...waiting.slice(index))
        break
      }
      const isAgain = pending.sends > 0
      if (isAgain) this.figures.repeated += 1
      pending.sends += 1
      lane.underWay += 1
      if (call.method === LINK.ack) lane.acks += 1
      link.send(call, isAgain)
    }
    this.#release(lane)
  }

  /** Whether a link takes new calls. */
  #takes(link: AnyLink): boolean {
    return link.isOpen && this.#links.get(link.node) === link
  }

  /** The link to the node that is preferred for an actor; undefined: for none, so any link. */
  #choose(actor: Actor | undefined): AnyLink | undefined {
    if (actor !== undefined) return this.#links.get(this.#preference.of(actor) ?? '')
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
      const isLate = ({ call, untilMs }: Pending): boolean => untilMs <= nowMs && call.method !== LINK.ack
      const late = lane.waiting.filter(isLate)
      if (late.length > 0) {
        lane.waiting = lane.waiting.filter(pending => !isLate(pending))
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
    const entry = this.#pending.get(call)
    if (entry === undefined) return
    this.#pending.delete(call)
    this.#count(entry, -1, -call.bytes)
    if (call.stranger !== undefined && entry.share.count === 0) this.#strangers.delete(networkOf(call.stranger))
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

/**
 * Gathers acks, which are soft, per user for a second, and then commits them with the marks that they name. So a busy conversation costs
 * its peer one item a second. A lost ack costs a repeat that the client drops.
 *
 *               add                       due, and none of the user's under way                    done
 *   no entry ─────────► gathered ───────────────────────────────────────────────► under way ────────────────► no entry
 *                          ▲  └ add                                                  │ unavailable: back among what is gathered
 *                          └─────────────────────────────────────────────────────────┘
 *
 * Many marks go in several units, with the versions in the last one: a version is never committed before the marks that came with it.
 */
import { CODES, type Code } from '../../protocol/codes.js'
import type { Mark } from '../../protocol/generated/messages.js'
import { MARKS_HELD_MAX } from '../../protocol/limits.js'
import type { Clock } from '../lib/clock.js'
import type { Engine } from '../sync/engine.js'
import { MARKED_DEVICES_MAX, userActor } from '../sync/rules/records.js'
import { ack } from '../sync/rules/watermark.js'

/** The time for which a user's acks gather before they are committed. */
const GATHER_MS = 1_000
const TICK_MS = 100
/**
 * The milliseconds that one tick may spend on flushing: a tenth of the loop's time. What else is due waits for the next tick
 * and gathers longer. So under load messages come before their marks.
 */
const FLUSH_MS_PER_TICK = 10
/** The most peers in one unit: each costs two records here and two with the peer. */
const PEERS_PER_UNIT_MAX = 128

interface Named {
  readonly delivered: Record<string, number>
  readonly read: Record<string, number>
}

interface Gathered {
  readonly dueMs: number
  /** Marks in `marks`. */
  count: number
  readonly versions: Map<number, number>
  readonly marks: Map<number, Named>
}

export class Acks {
  readonly #engine: Engine
  readonly #clock: Clock
  /** The acks of each user, in the order in which they are due. */
  readonly #users = new Map<number, Gathered>()
  /** Users whose marks are being committed. */
  readonly #underWay = new Set<number>()
  #ticking = false

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  /** Adds an ack. @returns OK, or FLOOD: then nothing of it is taken */
  add(uid: number, device: number, version: number, delivered: readonly Mark[], read: readonly Mark[]): Code {
    const gathered = this.#gatheredOf(uid)
    if (gathered.count + delivered.length + read.length > MARKS_HELD_MAX) return CODES.FLOOD.code
    gathered.versions.set(device, Math.max(version, gathered.versions.get(device) ?? 0))
    for (const { peer, device: from, sendSeq } of delivered) raise(gathered, 'delivered', peer, from, sendSeq)
    for (const { peer, device: from, sendSeq } of read) raise(gathered, 'read', peer, from, sendSeq)
    if (!this.#ticking) this.#tickLater()
    return CODES.OK.code
  }

  /** Commits everything that is gathered, without waiting for its time. */
  flush(): void {
    for (const [uid, gathered] of this.#users) this.#commit(uid, gathered)
    this.#users.clear()
  }

  #gatheredOf(uid: number): Gathered {
    let gathered = this.#users.get(uid)
    if (gathered === undefined) {
      const dueMs = this.#clock.monotonic() + GATHER_MS
      gathered = { dueMs, count: 0, versions: new Map(), marks: new Map() }
      this.#users.set(uid, gathered)
    }
    return gathered
  }

  #tickLater(): void {
    this.#ticking = true
    this.#clock.after(TICK_MS, () => this.#tick())
  }

  #tick(): void {
    this.#ticking = false
    const startMs = this.#clock.monotonic()
    for (const [uid, gathered] of this.#users) {
      if (gathered.dueMs > startMs || this.#clock.monotonic() - startMs > FLUSH_MS_PER_TICK) break
      if (this.#underWay.has(uid)) continue
      this.#users.delete(uid)
      this.#commit(uid, gathered)
    }
    if (this.#users.size > 0) this.#tickLater()
  }

  #commit(uid: number, { versions, marks }: Gathered): void {
    this.#underWay.add(uid)
    const peers = [...marks]
    const next = (done: number): void => {
      const upTo = Math.min(done + PEERS_PER_UNIT_MAX, peers.length)
      const last = upTo === peers.length
      const input = { versions: last ? versions : NO_VERSIONS, marks: new Map(peers.slice(done, upTo)) }
      this.#engine.submit(userActor(uid), ack, input, outcome => {
        if (outcome.kind === 'done' && !last) {
          next(upTo)
          return
        }
        this.#underWay.delete(uid)
        // Marks that no record can hold are not tried again: marks may be lost (PROTOCOL.md, 7.13).
        if (outcome.kind !== 'done' && outcome.kind !== 'refused') this.#putBack(uid, versions, peers.slice(done))
      })
    }
    next(0)
  }

  #putBack(uid: number, versions: ReadonlyMap<number, number>, peers: readonly (readonly [number, Named])[]): void {
    const gathered = this.#gatheredOf(uid)
    for (const [device, version] of versions) {
      gathered.versions.set(device, Math.max(version, gathered.versions.get(device) ?? 0))
    }
    for (const [peer, { delivered, read }] of peers) {
      for (const [device, sendSeq] of Object.entries(delivered))
        raise(gathered, 'delivered', peer, Number(device), sendSeq)
      for (const [device, sendSeq] of Object.entries(read)) raise(gathered, 'read', peer, Number(device), sendSeq)
    }
    if (!this.#ticking) this.#tickLater()
  }
}

const NO_VERSIONS: ReadonlyMap<number, number> = new Map()

function raise(gathered: Gathered, kind: keyof Named, peer: number, device: number, sendSeq: number): void {
  let found = gathered.marks.get(peer)
  if (found === undefined) {
    found = { delivered: {}, read: {} }
    gathered.marks.set(peer, found)
  }
  const marks = found[kind]
  const before = marks[device]
  if (before === undefined) {
    // More devices than anybody has: they are invented.
    if (Object.keys(marks).length >= MARKED_DEVICES_MAX) return
    gathered.count += 1
  }
  if (sendSeq > (before ?? 0)) marks[device] = sendSeq
}

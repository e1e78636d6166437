/**
 * Gathers acks, which are soft, per user, and then commits them with the marks that they name. The marks of a user who was quiet for a
 * second are committed at once; a busy conversation costs its peer one item a second. A lost ack costs a repeat that the client drops.
 *
 *             first marks after a quiet second          SOON_MS
 *   no entry ──────────────────────────────────► soon ───────────────────────────────────────────┐
 *      │       other marks                                GATHER_MS, in slices of a tick           ▼
 *      ├───────────────────────────────────────► marked ──────────────────────────────────────► under way ──done──► no entry
 *      │       versions alone                             PLAIN_MS, in slices of a tick            ▲  │
 *      └───────────────────────────────────────► plain ──────────────────────────────────────────┘  └ unavailable: gathered again
 *                                                  └ marks: as from no entry, with what is here
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

/**
 * The time for which the marks of a busy user gather before they are committed. A user of whom none were committed for so long is quiet.
 */
const GATHER_MS = 1_000
/** The same for versions without marks: they are told to nobody. */
const PLAIN_MS = 4_000
/** The same for the first marks after a quiet time: those of several users share a synced write. */
const SOON_MS = 20
/** The users whose marks may be committed that soon: at most 500 a second, so that under load marks gather and messages come first. */
const SOON_USERS_MAX = 10
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
  /** Called when they are committed, or never will be; made when somebody first waits. */
  waiters: (() => void)[] | undefined
}

export class Acks {
  readonly #engine: Engine
  readonly #clock: Clock
  /** The acks of each user, who is in one of the three, in the order in which they are due. */
  readonly #soon = new Map<number, Gathered>()
  readonly #marked = new Map<number, Gathered>()
  readonly #plain = new Map<number, Gathered>()
  /** The users whose marks were committed in the last GATHER_MS, each with the end of that time, in its order. */
  readonly #busy = new Map<number, number>()
  /** Users whose marks are being committed. */
  readonly #underWay = new Set<number>()
  #ticking = false

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  /** Adds an ack. @returns OK, or FLOOD: then nothing of it is taken */
  add(uid: number, device: number, version: number, delivered: readonly Mark[], read: readonly Mark[]): Code {
    const marks = delivered.length + read.length
    const known = this.#soon.get(uid) ?? this.#marked.get(uid) ?? this.#plain.get(uid)
    if ((known?.count ?? 0) + marks > MARKS_HELD_MAX) return CODES.FLOOD.code
    const gathered = this.#gatheredOf(uid, marks > 0)
    gathered.versions.set(device, Math.max(version, gathered.versions.get(device) ?? 0))
    for (const { peer, device: from, sendSeq } of delivered) raise(gathered, 'delivered', peer, from, sendSeq)
    for (const { peer, device: from, sendSeq } of read) raise(gathered, 'read', peer, from, sendSeq)
    return CODES.OK.code
  }

  /** Calls back when what the user has gathered is committed, or will never be. To be called right after add(). */
  whenSettled(uid: number, settled: () => void): void {
    const gathered = this.#soon.get(uid) ?? this.#marked.get(uid) ?? this.#plain.get(uid)
    if (gathered === undefined) return
    gathered.waiters ??= []
    gathered.waiters.push(settled)
  }

  /** Commits everything that is gathered, without waiting for its time. */
  flush(): void {
    for (const users of [this.#soon, this.#marked, this.#plain]) {
      const all = [...users]
      users.clear()
      for (const [uid, gathered] of all) this.#commit(uid, gathered)
    }
  }

  /** The entry of a user that takes an ack, with marks or without. */
  #gatheredOf(uid: number, hasMarks: boolean): Gathered {
    const marked = this.#soon.get(uid) ?? this.#marked.get(uid)
    if (marked !== undefined) return marked
    const plain = this.#plain.get(uid)
    if (plain !== undefined && !hasMarks) return plain
    const isSoon = hasMarks && this.#soon.size < SOON_USERS_MAX && !this.#busy.has(uid) && !this.#underWay.has(uid)
    const waitMs = isSoon ? SOON_MS : hasMarks ? GATHER_MS : PLAIN_MS
    const { versions, waiters } = plain ?? { versions: new Map(), waiters: undefined }
    const dueMs = this.#clock.monotonic() + waitMs
    const gathered: Gathered = { dueMs, count: 0, versions, marks: new Map(), waiters }
    this.#plain.delete(uid)
    if (isSoon && this.#soon.size === 0) this.#clock.after(SOON_MS, () => this.#commitSoon())
    const users = isSoon ? this.#soon : hasMarks ? this.#marked : this.#plain
    users.set(uid, gathered)
    if (!this.#ticking) this.#tickLater()
    return gathered
  }

  #commitSoon(): void {
    const users = [...this.#soon]
    this.#soon.clear()
    for (const [uid, gathered] of users) this.#commit(uid, gathered)
  }

  #tickLater(): void {
    this.#ticking = true
    this.#clock.after(TICK_MS, () => this.#tick())
  }

  #tick(): void {
    this.#ticking = false
    const startMs = this.#clock.monotonic()
    for (const [uid, untilMs] of this.#busy) {
      if (untilMs > startMs) break
      this.#busy.delete(uid)
    }
    this.#commitDue(this.#marked, startMs)
    this.#commitDue(this.#plain, startMs)
    // Those in `soon` will be busy.
    if (this.#soon.size + this.#marked.size + this.#plain.size + this.#busy.size > 0) this.#tickLater()
  }

  #commitDue(users: Map<number, Gathered>, startMs: number): void {
    for (const [uid, gathered] of users) {
      if (gathered.dueMs > startMs || this.#clock.monotonic() - startMs > FLUSH_MS_PER_TICK) break
      if (this.#underWay.has(uid)) continue
      users.delete(uid)
      this.#commit(uid, gathered)
    }
  }

  #commit(uid: number, gathered: Gathered): void {
    const { versions, marks, waiters } = gathered
    this.#underWay.add(uid)
    if (marks.size > 0) {
      this.#busy.delete(uid)
      this.#busy.set(uid, this.#clock.monotonic() + GATHER_MS)
    }
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
        if (outcome.kind !== 'done' && outcome.kind !== 'refused') this.#putBack(uid, gathered, peers.slice(done))
        else for (const settled of waiters ?? []) settled()
      })
    }
    next(0)
  }

  #putBack(uid: number, { versions, waiters }: Gathered, peers: readonly (readonly [number, Named])[]): void {
    const gathered = this.#gatheredOf(uid, peers.length > 0)
    if (waiters !== undefined) gathered.waiters = [...waiters, ...(gathered.waiters ?? [])]
    for (const [device, version] of versions) {
      gathered.versions.set(device, Math.max(version, gathered.versions.get(device) ?? 0))
    }
    for (const [peer, { delivered, read }] of peers) {
      for (const [device, sendSeq] of Object.entries(delivered))
        raise(gathered, 'delivered', peer, Number(device), sendSeq)
      for (const [device, sendSeq] of Object.entries(read)) raise(gathered, 'read', peer, Number(device), sendSeq)
    }
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

/**
 * Acks are soft: gathered per user for a second, then committed with the marks they name, so that a busy conversation costs
 * its peer one item a second. A lost one costs a repeat that the client drops.
 */
import type { Mark } from '../../protocol/generated/messages.js'
import type { Clock } from '../lib/clock.js'
import type { Engine } from '../sync/engine.js'
import { userActor } from '../sync/rules/records.js'
import { ack } from '../sync/rules/watermark.js'

/** Between what a user's devices name and what is passed on. */
const GATHER_MS = 1_000
const TICK_MS = 100
/**
 * What one tick may spend on flushing: a tenth of the loop's time. When more is due, it waits for the next tick and gathers
 * the longer: under load, messages come before their marks.
 */
const FLUSH_MS_PER_TICK = 10

interface Named {
  readonly delivered: Record<string, number>
  readonly read: Record<string, number>
}

interface Gathered {
  readonly dueMs: number
  readonly versions: Map<number, number>
  readonly marks: Map<number, Named>
}

export class Acks {
  readonly #engine: Engine
  readonly #clock: Clock
  /** In order of being due. */
  readonly #users = new Map<number, Gathered>()
  #ticking = false

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  add(uid: number, device: number, version: number, delivered: readonly Mark[], read: readonly Mark[]): void {
    let gathered = this.#users.get(uid)
    if (gathered === undefined) {
      gathered = { dueMs: this.#clock.monotonic() + GATHER_MS, versions: new Map(), marks: new Map() }
      this.#users.set(uid, gathered)
    }
    gathered.versions.set(device, Math.max(version, gathered.versions.get(device) ?? 0))
    for (const mark of delivered) raise(named(gathered.marks, mark.peer).delivered, mark)
    for (const mark of read) raise(named(gathered.marks, mark.peer).read, mark)
    if (!this.#ticking) this.#tickLater()
  }

  /** Commits everything that is gathered, without waiting for its time. */
  flush(): void {
    for (const [uid, gathered] of this.#users) this.#commit(uid, gathered)
    this.#users.clear()
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
      this.#users.delete(uid)
      this.#commit(uid, gathered)
    }
    if (this.#users.size > 0) this.#tickLater()
  }

  #commit(uid: number, gathered: Gathered): void {
    this.#engine.submit(userActor(uid), ack, gathered, () => {})
  }
}

function named(marks: Map<number, Named>, peer: number): Named {
  let found = marks.get(peer)
  if (found === undefined) {
    found = { delivered: {}, read: {} }
    marks.set(peer, found)
  }
  return found
}

function raise(marks: Record<string, number>, { device, sendSeq }: Mark): void {
  if (sendSeq > (marks[device] ?? 0)) marks[device] = sendSeq
}

/**
 * Finds out whether messages get through, by sending one. It goes from one user of the store itself to another, through the engine, the
 * store and the hub, as any message does (the rules: sync/rules/canary.ts).
 *
 *   start ─► send, durable ─► the item arrives at a member of the hub ─► ack with its mark, durable; both logs emptied ─► ready
 *
 * These are three writes in sequence. On a disk that needs 500 ms for each they take 1.5 s, and twice that while others write too.
 *
 * A check that comes while one is under way gets its outcome, and so does one within a second of its beginning. A check that the store
 * does not answer is not begun again: it is awaited, so that a stuck store does not pile up work.
 */

import { CODES, type Code, codeName } from '../../protocol/codes.js'
import { decodeItem } from '../../protocol/generated/messages.js'
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Engine } from '../sync/engine.js'
import type { AppendedEvent } from '../sync/events.js'
import { done, UndoneError } from '../sync/outcome.js'
import {
  CANARY_DEVICE,
  CANARY_RECEIVER,
  CANARY_SENDER,
  type CanaryAckInput,
  canaryAck,
  canaryStart,
} from '../sync/rules/canary.js'
import { HASH_BYTES } from '../sync/rules/device-window.js'
import { sendTransition } from '../sync/rules/message.js'
import { userActor } from '../sync/rules/records.js'
import { type JobFigures, newFigures } from './job.js'

/** The least time between the beginnings of two checks. */
const CHECK_AGAIN_MS = 1_000

/** The most tries to send: another node that checks on the same store may take the next number first. */
const SEND_TRIES_MAX = 5

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string }

/** Takes what is appended for the canary's receiver, as the connection of a device does. */
export interface Receiver {
  readonly uid: number
  readonly device: number
  readonly attempt: number
  appended(event: AppendedEvent): void
  /** Called when another receiver of the device has taken its place. */
  close(code: Code): void
}

/** The register where connections are bound: the hub. */
export interface Receivers {
  bind(receiver: Receiver): unknown
  unbind(receiver: Receiver): void
}

export interface CanaryOptions {
  readonly engine: Engine
  readonly receivers: Receivers
  readonly clock: Clock
  readonly random: Random
  /** The time that a check waits for its message. */
  readonly patienceMs: number
}

/** The stages that a check waits for, as they are named to people. */
const STORE = 'the store'
const PUSH = 'the push'

const READY: Readiness = Object.freeze({ ready: true })

const SENDER = userActor(CANARY_SENDER)
const RECEIVER = userActor(CANARY_RECEIVER)
const send = sendTransition()

/** Ends a check early. */
class NotReady extends Error {}

export class Canary {
  /** The figures of the canary, as of a job: checks are its slices, and a round is a check that was ready. */
  readonly figures: JobFigures = newFigures('canary')
  readonly #options: CanaryOptions
  /** The outcome that all present callers will get. */
  #check: Promise<Readiness> | undefined
  #checkMs = 0
  /** The message under way; it may outlive the check that began it. */
  #probe: Probe | undefined

  constructor(options: CanaryOptions) {
    this.#options = options
  }

  /** Checks. Settles within its patience, whatever the store does. Never rejects. */
  check(): Promise<Readiness> {
    const nowMs = this.#options.clock.monotonic()
    if (this.#check === undefined || nowMs - this.#checkMs >= CHECK_AGAIN_MS) {
      this.#checkMs = nowMs
      const check = this.#begin()
      this.#check = check
    }
    return this.#check
  }

  async #begin(): Promise<Readiness> {
    this.#probe ??= this.#start()
    const probe = this.#probe
    const late = new Promise<Readiness>(resolve => {
      const timer = this.#options.clock.after(this.#options.patienceMs, () => resolve(probe.late()))
      void probe.outcome.then(() => timer.cancel())
    })
    return Promise.race([probe.outcome, late])
  }

  #start(): Probe {
    const { figures } = this
    const probe = new Probe(this.#options)
    figures.waiting = 1
    void probe.outcome.then(({ ready }) => {
      this.#probe = undefined
      figures.waiting = 0
      figures.slices += 1
      if (ready) figures.roundAtMs = this.#options.clock.now()
      else figures.failures += 1
    })
    return probe
  }
}

/** One message, and the receiver that waits for it. */
class Probe implements Receiver {
  readonly uid = CANARY_RECEIVER
  readonly device = CANARY_DEVICE
  readonly attempt = 1
  readonly outcome: Promise<Readiness>
  readonly #options: CanaryOptions
  #waitsFor: typeof STORE | typeof PUSH = STORE
  #sendSeq = 0
  #pushed: (version: number) => void = () => {}
  readonly #push: Promise<number>

  constructor(options: CanaryOptions) {
    this.#options = options
    this.#push = new Promise(resolve => {
      this.#pushed = resolve
    })
    options.receivers.bind(this)
    this.outcome = this.#run().then(
      () => READY,
      error => ({ ready: false, reason: reasonOf(error) }),
    )
    void this.outcome.then(() => options.receivers.unbind(this))
  }

  /** Stops waiting for a push: the time is up. */
  late(): Readiness {
    const reason = `${this.#waitsFor} took longer than ${this.#options.patienceMs} ms`
    if (this.#waitsFor === PUSH) this.#pushed(0)
    return { ready: false, reason }
  }

  appended({ version, bytes }: AppendedEvent): void {
    if (bytes === undefined) return // the answer of the unit's write was lost: the next check will learn of it
    const { content } = decodeItem(bytes)
    if (content?.case !== 'message') return
    const { sender, device, sendSeq } = content.value
    if (sender === CANARY_SENDER && device === CANARY_DEVICE && sendSeq === this.#sendSeq) this.#pushed(version)
  }

  close(): void {
    this.#pushed(0) // another check has taken its place; this should not happen, because there is one at a time
  }

  async #run(): Promise<void> {
    const own = await this.#send()
    this.#waitsFor = PUSH
    const version = await this.#push
    this.#waitsFor = STORE
    const delivered = { delivered: { [CANARY_DEVICE]: this.#sendSeq }, read: {} }
    const emptied = this.#ack(SENDER, own, new Map())
    if (version > 0) {
      await Promise.all([emptied, this.#ack(RECEIVER, version, new Map([[CANARY_SENDER, delivered]]))])
    } else {
      await emptied
      const { head } = await this.#options.engine.page(RECEIVER, 0, 1, 0)
      await this.#ack(RECEIVER, head, new Map())
      throw new NotReady('the push did not arrive')
    }
  }

  /** @returns the version of the sender's own copy */
  async #send(): Promise<number> {
    const { engine, random } = this.#options
    for (let tries = 0; tries < SEND_TRIES_MAX; tries++) {
      const [receiver, sender] = await Promise.all([
        engine.run(RECEIVER, canaryStart, { friend: CANARY_SENDER }),
        engine.run(SENDER, canaryStart, { friend: CANARY_RECEIVER }),
      ])
      done(receiver)
      this.#sendSeq = 1 + done(sender)
      const outcome = await engine.run(SENDER, send, {
        uid: CANARY_SENDER,
        device: CANARY_DEVICE,
        sendSeq: this.#sendSeq,
        hash: Buffer.from(random.bytes(HASH_BYTES)).toString('latin1'),
        to: CANARY_RECEIVER,
        text: 'canary',
        tooLong: false,
      })
      const answer = done(outcome)
      // Another node had used the number.
      if (answer.kind !== 'answer' || answer.repeated) continue
      if (answer.code !== CODES.OK.code) throw new NotReady(`a message was refused with ${codeName(answer.code)}`)
      return outcome.kind === 'done' ? (outcome.own?.version ?? 0) : 0
    }
    throw new NotReady('every number was taken by another node')
  }

  async #ack(actor: string, upTo: number, marks: CanaryAckInput['marks']): Promise<void> {
    done(await this.#options.engine.run(actor, canaryAck, { upTo, marks }))
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof NotReady) return error.message
  if (!(error instanceof UndoneError)) return 'the engine failed'
  return error.outcome.kind === 'full' ? 'the store has no space' : 'the store cannot be reached'
}

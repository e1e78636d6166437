/**
 * One message from one user of the store itself to another, through the engine, the store and the hub, as any message goes (the rules:
 * sync/rules/canary.ts).
 *
 *   start ─► send, durable ─► the item arrives at a member of the hub ─► ack with its mark, durable; both logs emptied ─► ready
 *
 * These are three writes in sequence. On a disk that needs 500 ms for each they take 1.5 s, and twice that while others write too.
 */

import { CODES, type Code, codeName } from '../../protocol/codes.js'
import { decodeItem } from '../../protocol/generated/messages.js'
import type { Random } from '../lib/random.js'
import type { Engine } from '../sync/engine.js'
import type { AppendedEvent } from '../sync/events.js'
import { done, UndoneError } from '../sync/outcome.js'
import { CANARY_DEVICE, type CanaryAckInput, canaryAck, canaryStart } from '../sync/rules/canary.js'
import { HASH_BYTES } from '../sync/rules/device-window.js'
import { sendTransition } from '../sync/rules/message.js'
import { userActor } from '../sync/rules/records.js'
import type { CanaryPair } from './canary-pairs.js'

/** The most tries to send: another node that checks with the same pair may take the next number first. */
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

export interface ProbeOptions {
  readonly engine: Engine
  readonly receivers: Receivers
  readonly random: Random
  /** The time that a check waits for its message. */
  readonly patienceMs: number
}

/** The stages that a check waits for, as they are named to people. */
const STORE = 'the store'
const PUSH = 'the push'

const READY: Readiness = Object.freeze({ ready: true })

const send = sendTransition()

/** Ends a check early. */
class NotReady extends Error {}

/** One message, and the receiver that waits for it. */
export class CanaryProbe implements Receiver {
  readonly uid: number
  readonly device = CANARY_DEVICE
  readonly attempt = 1
  readonly outcome: Promise<Readiness>
  readonly #options: ProbeOptions
  readonly #pair: CanaryPair
  #waitsFor: typeof STORE | typeof PUSH = STORE
  #sendSeq = 0
  #pushed: (version: number) => void = () => {}
  readonly #push: Promise<number>

  constructor(options: ProbeOptions, pair: CanaryPair) {
    this.#options = options
    this.#pair = pair
    this.uid = pair.receiver
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
    if (sender === this.#pair.sender && device === CANARY_DEVICE && sendSeq === this.#sendSeq) this.#pushed(version)
  }

  close(): void {
    this.#pushed(0) // another check has taken its place; this should not happen, because there is one at a time
  }

  async #run(): Promise<void> {
    const { sender, receiver } = this.#pair
    const own = await this.#send()
    this.#waitsFor = PUSH
    const version = await this.#push
    this.#waitsFor = STORE
    const delivered = { delivered: { [CANARY_DEVICE]: this.#sendSeq }, read: {} }
    const emptied = this.#ack(userActor(sender), own, new Map())
    if (version > 0) {
      await Promise.all([emptied, this.#ack(userActor(receiver), version, new Map([[sender, delivered]]))])
    } else {
      await emptied
      const { head } = await this.#options.engine.log(userActor(receiver), 0, 1, 0)
      await this.#ack(userActor(receiver), head, new Map())
      throw new NotReady('the push did not arrive')
    }
  }

  /** @returns the version of the sender's own copy */
  async #send(): Promise<number> {
    const { engine, random } = this.#options
    const { sender, receiver } = this.#pair
    for (let tries = 0; tries < SEND_TRIES_MAX; tries++) {
      const [there, last] = await Promise.all([
        engine.run(userActor(receiver), canaryStart, { friend: sender }),
        engine.run(userActor(sender), canaryStart, { friend: receiver }),
      ])
      done(there)
      this.#sendSeq = 1 + done(last)
      const outcome = await engine.run(userActor(sender), send, {
        uid: sender,
        device: CANARY_DEVICE,
        sendSeq: this.#sendSeq,
        hash: Buffer.from(random.bytes(HASH_BYTES)).toString('latin1'),
        to: receiver,
        text: 'canary',
        fault: CODES.OK.code,
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

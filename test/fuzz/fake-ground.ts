/** Connections on services that chance plays: answers at once, later, or out of order, of every kind that there is. */

import { CODES } from '../../protocol/codes.js'
import { encodeRequest, PING } from '../../protocol/frame-codec.js'
import { HEARTBEAT_MS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { connectionRig, helloFrame, joined, LEADING_ZERO, type Rig } from '../support/connection-rig.js'
import { appended, ended } from '../support/events.js'
import { FakeServices, type HeldRequest } from '../support/fake-services.js'
import { Chance } from './chance.js'
import type { Ground } from './ground.js'
import type { Known } from './random-message.js'

const USERS = 5
const WITNESS = 99
const REFUSALS = [CODES.BAD_BODY, CODES.GAP, CODES.UNAVAILABLE, CODES.RESYNC, CODES.SESSION_REVOKED, CODES.NOT_FRIEND]
const EMPTY = new Uint8Array(0)

export class FakeGround implements Ground {
  readonly #services = new FakeServices()
  readonly #rig: Rig = connectionRig(this.#services)
  #witness: ReturnType<Rig['connect']> | undefined
  readonly #answers: Chance
  #attempt = 0
  #witnessIds = 1

  constructor(seed: string) {
    this.#answers = new Chance(`${seed}/answers`)
    this.#services.onRequest = held => {
      if (held.caller.uid === WITNESS) held.caller.respond(held.id, held.body)
      else if (this.#answers.yes(0.5)) this.#answer(held)
      else this.#services.requests.push(held)
    }
  }

  get context() {
    return this.#rig.context
  }

  async known(chance: Chance): Promise<Known> {
    this.#attempt++
    const uid = chance.between(1, USERS)
    const { head } = this.#services.timeline(uid)
    this.#services.helloMode = chance.yes(0.8) ? 'answer' : 'hold'
    this.#services.heldPages = chance.yes(0.8) ? undefined : []
    return {
      token: [Uint8Array.of(uid, chance.between(1, 2))],
      attempt: [this.#attempt],
      since: [0, head, Math.max(0, head - 3), head + 1],
    }
  }

  connect() {
    return this.#rig.connect(`192.0.2.${this.#attempt % 90}`)
  }

  async event(chance: Chance): Promise<void> {
    const { hub, turn, pass, context } = this.#rig
    switch (chance.below(6)) {
      case 0: {
        const uid = chance.between(1, USERS)
        hub.take(appended(uid, this.#services.timeline(uid).append()))
        break
      }
      case 1:
        this.#answerSome(chance)
        break
      case 2:
        this.#releaseHeld()
        break
      case 3:
        if (chance.yes(0.05)) {
          await pass(chance.pick([1_000, 11_000, 61_000]))
          await this.witness()
        }
        break
      case 4:
        if (chance.yes(0.02)) hub.take(ended(chance.between(1, USERS), 1, 'session', Number.MAX_SAFE_INTEGER))
        break
      default:
        if (chance.yes(0.02)) for (const each of context.connections) if (each.uid !== WITNESS) each.drain(1_000)
    }
    await turn()
  }

  async settle(done: () => boolean): Promise<void> {
    const { requests } = this.#services
    for (let more = true; more; ) {
      done()
      this.#releaseHeld()
      for (const held of requests.splice(0)) this.#answer(held)
      await this.#rig.turn()
      more = requests.length > 0 || this.#services.hellos.length > 0 || (this.#services.heldPages?.length ?? 0) > 0
    }
    this.#services.acks.length = 0
  }

  async witness(): Promise<void> {
    const { turn } = this.#rig
    if (this.#witness === undefined) {
      const { helloMode, heldPages } = this.#services
      this.#services.helloMode = 'answer'
      this.#services.heldPages = undefined
      this.#witness = this.#rig.connect('192.0.2.99')
      // A token that chance has changed may be the witness's: its attempt is higher than theirs.
      const token = Uint8Array.of(WITNESS, WITNESS)
      const hello = helloFrame(1, { token, attempt: Number.MAX_SAFE_INTEGER, heartbeatMs: HEARTBEAT_MS_MAX })
      this.#witness.connection.receive(joined(LEADING_ZERO, hello))
      await turn()
      this.#witness.pipe.seen()
      // Somebody else's may be held.
      this.#services.helloMode = helloMode
      this.#services.heldPages = heldPages
    }
    const { connection, pipe } = this.#witness
    this.#witnessIds++
    const body = Uint8Array.of(1, 2, this.#witnessIds & 255)
    connection.receive(joined(PING, encodeRequest(this.#witnessIds, METHODS.getProfile.number, body)))
    this.context.hub.take(appended(WITNESS, this.#services.timeline(WITNESS).append()))
    await turn()
    const seen = pipe.seen()
    const got = seen.map(({ what, id, code }) => `${what} ${id ?? code ?? ''}`.trim()).join(', ')
    const answer = seen.find(({ id }) => id === this.#witnessIds)
    const same = Buffer.compare((answer?.body ?? EMPTY) as Uint8Array, body) === 0
    if (got !== `answer ${this.#witnessIds}, 00, push` || !same) throw new Error(`the witness got ${got}`)
  }

  async close(): Promise<void> {
    this.#witness?.connection.gone()
  }

  abort(): void {}

  #answerSome(chance: Chance): void {
    const { requests } = this.#services
    for (let count = chance.below(requests.length + 1); count > 0; count--) {
      const [held] = requests.splice(chance.below(requests.length), 1)
      if (held !== undefined) this.#answer(held)
    }
  }

  #releaseHeld(): void {
    for (const { request, settle } of this.#services.hellos.splice(0)) settle(this.#services.answerOf(request))
    for (const release of this.#services.heldPages?.splice(0) ?? []) release()
  }

  #answer({ caller, id, method }: HeldRequest): void {
    const chance = this.#answers
    const timeline = this.#services.timeline(caller.uid)
    if (chance.yes(0.2)) {
      const { code, text } = chance.pick(REFUSALS)
      caller.refuse(id, code, text, chance.pick([0, 0, 500]), { expectedSendSeq: 1, boundAttempt: 0 })
    } else if (method === METHODS.sync.number) {
      const since = chance.below(timeline.head + 2)
      caller.synced(id, since, timeline.page(since, chance.pick([1, 2, 256])), [])
    } else if (method === METHODS.send.number && caller.uid !== 0) {
      const { from, version, bytes } = timeline.append()
      caller.accepted(id, from, version)
      this.context.hub.take(appended(caller.uid, { from, version, bytes }))
    } else caller.respond(id, chance.bytes(chance.pick([0, 10, 10_000])))
  }
}

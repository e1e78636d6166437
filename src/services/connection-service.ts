/**
 * The ConnectionService of the .proto. Answers Hello: who a connection belongs to, and where its timeline goes on. Names the owner of a
 * token.
 */
import { CODES, type Code, codeText } from '../../protocol/codes.js'
import { createHelloResponse, type HelloRequest } from '../../protocol/generated/messages.js'
import { PROTOCOL_REVISION } from '../../protocol/limits.js'
import type { Clock } from '../lib/clock.js'
import type { Key } from '../lib/expiring-table.js'
import { networkOf } from '../lib/network.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Engine } from '../sync/engine.js'
import { done, type Undone } from '../sync/outcome.js'
import { userActor } from '../sync/rules/records.js'
import { authorize, type BindInput, type BindResult, bind, boundAttempt } from '../sync/rules/session.js'
import { whyUndone } from './answers.js'
import { deviceKey } from './request-limits.js'
import { isSealed, readToken, type TokenOwner } from './tokens.js'
import { Turnstile } from './turnstile.js'
import type { Authorization, HelloAnswer, Via } from './types.js'

/**
 * The Hellos that are worked on at a time. When thousands come back at once, a message waits behind at most so many of them. One turn of
 * the event loop answers no more of them (0.15 ms each, with the first page). Measured with 5 000 that came at once: each was back as
 * soon as without this bound, and five times as many messages of others were delivered meanwhile.
 */
const HELLOS_AT_ONCE = 32

type Settle = (answer: HelloAnswer) => void

export interface ConnectionServiceOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly limits: Limits
  /** The route that each Hello sets; undefined: no other node uses the store. */
  readonly route: BindInput['route']
}

export class ConnectionService {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #route: BindInput['route']
  readonly #turnstile = new Turnstile(HELLOS_AT_ONCE)

  constructor({ engine, clock, limits, route }: ConnectionServiceOptions) {
    this.#engine = engine
    this.#clock = clock
    this.#limits = limits
    this.#route = route
  }

  hello(request: HelloRequest, address: string, settle: Settle, via?: Via): void {
    const network = networkOf(address)
    const owner = readToken(request.token)
    const addressMs = this.#tokenWait(network, request.token, owner)
    if (addressMs > 0) {
      settle(limited(addressMs))
      return
    }
    if (owner === undefined) this.#limits.charge('hellos-address', network)
    if (request.revision > PROTOCOL_REVISION) {
      settle(refused(CODES.REVISION_UNSUPPORTED.code))
      return
    }
    if (request.token.length === 0) {
      settle({ kind: 'nameless', response: this.#response() })
      return
    }
    if (owner === undefined) {
      settle(refused(CODES.UNAUTHENTICATED.code))
      return
    }
    if (request.attempt === 0) {
      settle(refused(CODES.INVALID_ARGUMENT.code))
      return
    }
    const { device, hash: tokenHash } = owner
    const { attempt } = request
    const key = deviceKey(owner)
    const deviceMs = this.#limits.check('hellos-device', key)
    if (deviceMs > 0) {
      settle(limited(deviceMs))
      return
    }
    const route = this.#route && { ...this.#route, node: via?.node ?? this.#route.node }
    const again = via?.again === true
    this.#turnstile.enter(() => {
      const routed = route === undefined ? {} : { routedMs: this.#clock.monotonic() }
      this.#engine.submit(userActor(owner.uid), bind, { device, tokenHash, attempt, again, route }, outcome => {
        // Within the call: an engine that is closing waits for those that wait here too.
        this.#turnstile.leave()
        if (outcome.kind === 'done') {
          // Only with the right token: a client without it uses up nothing of the device's.
          if (outcome.result.kind === 'refused') this.#chargeWrong(network, tokenHash)
          else this.#limits.charge('hellos-device', key)
          settle({ ...this.#answer(request, owner, outcome.result), ...routed })
        } else settle(unsettled(outcome))
      })
    })
  }

  /** Names the owner of a token, for one request without a connection. */
  authorize(token: Uint8Array, address: string, settle: (authorization: Authorization) => void): void {
    const network = networkOf(address)
    const owner = readToken(token)
    const waitMs = this.#tokenWait(network, token, owner)
    const refuse = (code: Code) => {
      this.#chargeWrong(network, owner?.hash)
      settle({ kind: 'refused', code, retryAfterMs: 0 })
    }
    if (waitMs > 0) {
      settle({ kind: 'refused', code: CODES.RATE_LIMITED.code, retryAfterMs: waitMs })
      return
    }
    if (owner === undefined) {
      refuse(CODES.UNAUTHENTICATED.code)
      return
    }
    const { uid, device, hash: tokenHash } = owner
    this.#engine.submit(userActor(uid), authorize, { device, tokenHash }, outcome => {
      if (outcome.kind !== 'done') {
        settle({ kind: 'refused', ...whyUndone(outcome) })
      } else if (outcome.result.kind === 'refused') {
        refuse(outcome.result.code)
      } else {
        settle({ kind: 'principal', uid, device, attempt: outcome.result.attempt })
      }
    })
  }

  /**
   * The milliseconds that a peer with these bytes as its token has to wait; 0 for none. If unauthenticated clients have used up the
   * limit of an address, its sessions still get in: a token that this store has made is checked, unless it was found wrong too often.
   */
  #tokenWait(network: Key, token: Uint8Array, owner: { readonly hash: string } | undefined): number {
    const limits = this.#limits
    if (limits.wait('hellos-address', network) === 0) return 0
    const isOurs = owner !== undefined && isSealed(token, this.#engine.secret)
    return isOurs ? limits.check('hellos-device', owner.hash) : limits.check('hellos-address', network)
  }

  /** @param tokenHash undefined if it was no token */
  #chargeWrong(network: Key, tokenHash: string | undefined): void {
    this.#limits.charge('hellos-address', network)
    if (tokenHash !== undefined) this.#limits.charge('hellos-device', tokenHash)
  }

  async boundAttempt(uid: number, device: number, token?: Uint8Array): Promise<number | undefined> {
    const tokenHash = token && readToken(token)?.hash
    return done(await this.#engine.run(userActor(uid), boundAttempt, { device, tokenHash }))
  }

  #answer(request: HelloRequest, { uid, device }: TokenOwner, bound: BindResult): HelloAnswer {
    if (bound.kind === 'refused') return refused(bound.code)
    if (bound.kind === 'superseded' || bound.kind === 'too-far') {
      const { code } = bound.kind === 'superseded' ? CODES.ATTEMPT_SUPERSEDED : CODES.INVALID_ARGUMENT
      return { ...refused(code), boundAttempt: bound.boundAttempt }
    }
    const { lastSendSeq, ack } = bound
    const sameStore = request.storeId.length === 0 || Buffer.compare(request.storeId, this.#engine.storeId) === 0
    const response = { ...this.#response(), uid, device, lastSendSeq, ack }
    return {
      kind: 'bound',
      response,
      attempt: request.attempt,
      since: sameStore && !request.fromHead ? request.since : 0,
    }
  }

  #response() {
    const { storeId, openContacts } = this.#engine
    return createHelloResponse({ storeId, serverTimeMs: this.#clock.now(), openContacts })
  }
}

function limited(retryAfterMs: number) {
  return { ...refused(CODES.RATE_LIMITED.code), retryAfterMs }
}

function refused(code: Extract<HelloAnswer, { kind: 'refused' }>['code']) {
  return { kind: 'refused', code, message: codeText(code) } as const
}

function unsettled(outcome: Undone) {
  const { code, retryAfterMs } = whyUndone(outcome)
  return { ...refused(code), retryAfterMs }
}

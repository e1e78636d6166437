/**
 * The logic side of links: takes requests from access nodes, and sends them events. It opens no sockets (link-sockets.ts).
 *
 *   accepted ─► opening ── open, with its nonce ─► proving ── the right proof ─► open ─► lost
 *                  └──── 5 s, a wrong proof, any other frame, a newer stranger ──────────► lost
 *
 * Until it is open, or its socket is closed, it is a stranger. There are only so many of them.
 */

import { EMPTY } from '../../protocol/bytes.js'
import { CODES, type Code, codeText } from '../../protocol/codes.js'
import { encodeNotice, encodeRefusal, encodeResponse } from '../../protocol/frame-codec.js'
import {
  createRefusal,
  decodeAckNotice,
  decodeHelloRequest,
  encodeHelloResponse,
  type Frame,
} from '../../protocol/generated/messages.js'
import { type Clock, pause, type TimerHandle } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import { ConnectionGate, type Unauthenticated } from '../ops/gate.js'
import { type Log, ThrottledLog } from '../ops/log.js'
import type { HelloAnswer, Services } from '../services/types.js'
import { encodeFields, Fields } from './fields.js'
import { FrameLink, type LinkPipe } from './frame-link.js'
import {
  encodePage,
  LINK,
  LINK_FORM,
  LINK_FRAME_BYTES_MAX,
  NAME_LENGTH_MAX,
  OPEN_MS,
  UNPROVEN_BYTES_MAX,
} from './messages.js'
import { isProof, type Meeting, NONCE_BYTES, proofOf } from './proof.js'
import { type CallersLink, RemoteCaller } from './remote-caller.js'

/** The connections that have not proved that they know the secret: of all, and of one network. For a newer one the oldest goes. */
export const STRANGERS_MAX = { all: 128, network: 32 } as const
/** The time for which a refused stranger may read why. */
export const REFUSED_MS = 500
/**
 * The requests of one access node that are worked on at a time: as many as it lets wait (lanes.ts), for it may send them all to its only
 * logic node. Beyond that they are refused, and may be repeated. Acks gather beside them. An access node sends only so many of a user
 * (lanes.ts), and none is refused: a later one would be taken without its marks.
 */
export const IN_WORK_MAX = 131_072

const RETRY_MS = 1_000
/** The interval at which draining looks whether all is answered. Within the first one the access nodes hear of it. */
const DRAIN_POLL_MS = 50
/** The time in which one line at most tells of strangers. */
const STRANGE_MS = 1_000

export interface LinkServerOptions {
  /** This node's name. */
  readonly name: string
  readonly secret: Uint8Array
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Takes a message of the node bus from an access node. */
  readonly receive: (message: Uint8Array) => void
}

export class LinkServer {
  readonly options: LinkServerOptions
  readonly #peers = new Set<AccessPeer>()
  readonly #open = new Map<string, AccessPeer>()
  readonly strangers = new ConnectionGate({ totalMax: STRANGERS_MAX.all, perAddressMax: STRANGERS_MAX.network })
  services: Services | undefined
  /** Whether requests of other nodes are not begun any more. */
  isStopped = false
  #leaving = false
  readonly #strangeLog: ThrottledLog

  constructor(options: LinkServerOptions) {
    this.options = options
    this.#strangeLog = new ThrottledLog(options.log, 1, STRANGE_MS)
  }

  /** Serves access nodes from now on. */
  serve(services: Services): void {
    this.services = services
  }

  /** The number of other nodes that are linked. */
  get size(): number {
    return this.#open.size - Number(this.#open.has(this.options.name))
  }

  /**
   * Takes a new connection.
   * @param address it comes from there; absent: from this process, which is no stranger
   * @returns the one that takes its bytes; undefined: it is refused
   */
  accept(pipe: LinkPipe, address?: string): FrameLink | undefined {
    const isServing = this.services !== undefined && !this.#leaving
    if (!isServing || (address !== undefined && this.strangers.admit(address) !== 'admitted')) {
      pipe.destroy()
      return undefined
    }
    const peer = new AccessPeer(this, pipe, address)
    this.#peers.add(peer)
    return peer.link
  }

  /** The names of the other nodes that are linked: this one may be, too (loop.ts). */
  *others(): Iterable<string> {
    for (const name of this.#open.keys()) if (name !== this.options.name) yield name
  }

  /**
   * Sends a message of the node bus.
   * @param isTransient dropped if much waits for the node already
   * @returns false if the node is not linked
   */
  send(node: string, message: Uint8Array, isTransient = false): boolean {
    const peer = this.#open.get(node)
    if (!isTransient || peer?.link.isBehind === false) peer?.notify(LINK.events, message)
    return peer !== undefined
  }

  /**
   * Tells all access nodes to send new requests to other nodes. Waits until they have heard it and all requests are answered, at most so
   * long. A request that comes after that is not begun: its link is closed, and it is repeated elsewhere. This node's own clients go on.
   * @param flush commits acks that gather, for which others wait
   */
  async drain(withinMs: number, flush: () => void): Promise<void> {
    const { clock } = this.options
    this.#leaving = true
    for (const peer of this.#open.values()) peer.leave()
    const deadlineMs = clock.monotonic() + withinMs
    do {
      flush()
      await pause(clock, DRAIN_POLL_MS)
    } while (this.inWork > 0 && clock.monotonic() < deadlineMs)
    this.isStopped = true
  }

  /** Closes all links when what was written has left. */
  close(): void {
    this.#leaving = true
    for (const peer of this.#peers) peer.link.end('this node stops')
  }

  /** Closes all links at once. */
  abort(): void {
    this.#leaving = true
    for (const peer of this.#peers) peer.link.lose('this node ends')
  }

  /** The number of requests that are not answered, without acks. */
  get inWork(): number {
    let sum = 0
    for (const peer of this.#open.values()) sum += peer.inWork
    return sum
  }

  /** Notes that a peer has proved itself. An older peer of this name has lost its connection: it is closed. */
  opened(peer: AccessPeer): void {
    this.#open.get(peer.name)?.link.lose('the node has linked again')
    this.#open.set(peer.name, peer)
    if (this.#leaving) peer.leave()
  }

  /** Logs what came to the port and did not become a link. Anybody can come. */
  strange(why: string): void {
    this.#strangeLog.warn(
      this.options.clock.monotonic(),
      { why },
      'a connection to the port of links did not become one',
    )
  }

  lost(peer: AccessPeer): void {
    this.#peers.delete(peer)
    if (this.#open.get(peer.name) === peer) this.#open.delete(peer.name)
  }
}

/** One access node, over one link. */
class AccessPeer implements CallersLink, Unauthenticated {
  readonly link: FrameLink
  readonly #pipe: LinkPipe
  /** The address where it counts as a stranger. */
  #strangeAt: string | undefined
  name = ''
  readonly #server: LinkServer
  readonly #late: TimerHandle
  /** The requests that are not answered. */
  readonly #callers = new Map<number, RemoteCaller>()
  #acks = 0
  #meeting: Meeting | undefined
  #isOpen = false

  constructor(server: LinkServer, pipe: LinkPipe, address: string | undefined) {
    this.#server = server
    this.#pipe = pipe
    this.#strangeAt = address
    if (address !== undefined) server.strangers.addUnauthenticated(address, this)
    const { clock } = server.options
    this.link = new FrameLink({
      pipe,
      clock,
      bytesMax: UNPROVEN_BYTES_MAX,
      take: frame => this.#take(frame),
      onLost: why => this.#lost(why),
      onClosed: () => this.#noStranger(),
    })
    this.#late = clock.after(OPEN_MS, () => this.link.lose('no proof came in time'))
  }

  /** The number of requests that are not answered, without acks: those gather, and are committed when the node closes. */
  get inWork(): number {
    return this.#callers.size - this.#acks
  }

  /** Makes space for a newer stranger. */
  destroy(): void {
    this.link.lose('there are too many that prove nothing')
    this.#pipe.destroy()
  }

  answer(id: number, frame: Uint8Array): void {
    if (this.#callers.delete(id)) this.link.write(frame)
  }

  notify(method: number, body: Uint8Array): void {
    this.link.write(encodeNotice(method, body))
  }

  /** Tells the other end to send its requests elsewhere. This node itself goes on by its own link, to the end (loop.ts). */
  leave(): void {
    if (!this.#isOwn) this.notify(LINK.leaving, EMPTY)
  }

  get #isOwn(): boolean {
    return this.name === this.#server.options.name
  }

  #noStranger(): void {
    if (this.#strangeAt !== undefined) this.#server.strangers.release(this.#strangeAt, this)
    this.#strangeAt = undefined
  }

  #lost(why: string): void {
    const { log } = this.#server.options
    this.#late.cancel()
    this.#server.lost(this)
    if (this.#isOpen) log.warn({ access: this.name, why }, 'a link to an access node is lost')
    else this.#server.strange(why)
    for (const caller of this.#callers.values()) caller.abandoned()
    this.#callers.clear()
  }

  #take({ id, method, body }: Frame): void {
    if (this.#isOpen) this.#serve(id, method, body)
    else if (method === LINK.open && this.#meeting === undefined) this.#meet(id, new Fields(body))
    else if (method === LINK.prove && this.#meeting !== undefined) this.#prove(id, new Fields(body), this.#meeting)
    else this.link.lose('a request before the proof')
  }

  #meet(id: number, fields: Fields): void {
    const { name, random } = this.#server.options
    const access = fields.text(2)
    const accessNonce = fields.bytes(3).slice()
    if (fields.number(1) !== LINK_FORM || accessNonce.length !== NONCE_BYTES || access.length > NAME_LENGTH_MAX) {
      this.link.send({ id, code: CODES.REVISION_UNSUPPORTED.code, message: `links have form ${LINK_FORM} here` })
      this.link.end('it opened a link of another form', REFUSED_MS)
      return
    }
    const meeting = { access, logic: name, accessNonce, logicNonce: random.bytes(NONCE_BYTES) }
    this.#meeting = meeting
    this.name = access
    this.link.send({ id, body: encodeFields(name, meeting.logicNonce) })
  }

  #prove(id: number, fields: Fields, meeting: Meeting): void {
    const { secret, log } = this.#server.options
    if (!isProof(fields.bytes(1), proofOf(secret, 'access', meeting))) {
      this.link.send({ id, code: CODES.UNAUTHENTICATED.code, message: 'the secret is another one' })
      this.link.end('it does not know the secret', REFUSED_MS)
      return
    }
    this.#late.cancel()
    this.#noStranger()
    this.link.bytesMax = LINK_FRAME_BYTES_MAX
    this.#isOpen = true
    this.link.write(encodeResponse(id, encodeFields(proofOf(secret, 'logic', meeting))))
    log.info({ access: this.name }, 'an access node is linked')
    this.#server.opened(this)
  }

  #serve(id: number, method: number, body: Uint8Array): void {
    if (id === 0) this.#notice(method, body)
    else if (this.#server.isStopped && !this.#isOwn) this.link.lose('this node stops')
    else if (method !== LINK.ack && this.inWork >= IN_WORK_MAX)
      this.link.write(refused(id, CODES.OVERLOADED.code, RETRY_MS))
    else this.#request(id, method, new Fields(body))
  }

  #notice(method: number, body: Uint8Array): void {
    if (method === LINK.events) this.#server.options.receive(body)
    else if (method === LINK.cancel) this.#callers.get(new Fields(body).number(1))?.abandoned()
  }

  #request(id: number, method: number, fields: Fields): void {
    const { services } = this.#server
    if (services === undefined) return
    switch (method) {
      case LINK.request:
        services.request(this.#caller(id, fields, 5), id, fields.number(6), fields.bytes(7))
        break
      case LINK.ack:
        this.#ack(services, id, fields)
        break
      case LINK.hello:
        this.#hello(services, id, fields)
        break
      case LINK.authorize:
        this.#authorize(services, id, fields)
        break
      case LINK.boundAttempt:
        this.#boundAttempt(services, id, fields)
        break
      case LINK.page:
        this.#page(services, id, fields)
        break
      case LINK.head:
        this.#head(services, id, fields)
        break
      default:
        this.link.write(refused(id, CODES.UNKNOWN_METHOD.code, 0))
    }
  }

  /** The caller that fields 1 to 4 name, and the one with the attempt; without fields somebody unnamed. */
  #caller(id: number, fields = NO_FIELDS, attempt = 0): RemoteCaller {
    const caller = new RemoteCaller(this, id, {
      uid: fields.number(1),
      device: fields.number(2),
      address: fields.text(3),
      told: fields.number(4),
      attempt: fields.number(attempt),
    })
    this.#callers.set(id, caller)
    return caller
  }

  #ack(services: Services, id: number, fields: Fields): void {
    const caller = this.#caller(id, fields)
    const notice = decodeAckNotice(fields.bytes(5))
    this.#acks += 1
    const code = services.ack(caller, notice, () => {
      this.#acks -= 1
      caller.done()
    })
    if (code === CODES.OK.code) return
    this.#acks -= 1
    caller.refuse(id, code, codeText(code))
  }

  #hello(services: Services, id: number, fields: Fields): void {
    const caller = this.#caller(id)
    const via = { node: this.name, again: fields.number(3) === 1 }
    const settle = (answer: HelloAnswer): void => {
      if (answer.kind === 'refused') {
        const { boundAttempt, code, message, retryAfterMs } = answer
        caller.refuse(id, code, message, retryAfterMs, boundAttempt ? createRefusal({ boundAttempt }) : undefined)
        return
      }
      const bound = answer.kind === 'bound' ? answer : { attempt: 0, since: 0, routedMs: undefined }
      const routed = bound.routedMs === undefined ? 0 : 1
      caller.respond(id, encodeFields(encodeHelloResponse(answer.response), bound.attempt, bound.since, routed))
    }
    services.hello(decodeHelloRequest(fields.bytes(1)), fields.text(2), settle, via)
  }

  #authorize(services: Services, id: number, fields: Fields): void {
    const caller = this.#caller(id)
    services.authorize(fields.bytes(1), fields.text(2), answer => {
      if (answer.kind === 'principal') caller.respond(id, encodeFields(answer.uid, answer.device, answer.attempt))
      else caller.refuse(id, answer.code, codeText(answer.code), answer.retryAfterMs)
    })
  }

  #boundAttempt(services: Services, id: number, fields: Fields): void {
    const caller = this.#caller(id)
    const token = fields.bytes(3)
    this.#answerWith(caller, async () => {
      const args = [fields.number(1), fields.number(2)] as const
      const attempt = await services.boundAttempt(...args, token.length === 0 ? undefined : token)
      return encodeFields(attempt === undefined ? 0 : attempt + 1)
    })
  }

  #page(services: Services, id: number, fields: Fields): void {
    const caller = this.#caller(id)
    const since = fields.number(2)
    this.#answerWith(caller, async () => encodePage(since, await services.page(fields.number(1), since, caller)))
  }

  #head(services: Services, id: number, fields: Fields): void {
    const caller = this.#caller(id)
    this.#answerWith(caller, async () => {
      const { head, resync } = await services.head(fields.number(1), fields.number(2))
      return encodeFields(head, resync ? 1 : 0)
    })
  }

  #answerWith(caller: RemoteCaller, make: () => Promise<Uint8Array>): void {
    const { code, text } = CODES.UNAVAILABLE
    make().then(
      body => caller.respond(caller.id, body),
      () => caller.refuse(caller.id, code, text, RETRY_MS),
    )
  }
}

const NO_FIELDS = new Fields(EMPTY)

function refused(id: number, code: Code, retryAfterMs: number): Uint8Array {
  return encodeRefusal(id, code, codeText(code), retryAfterMs)
}

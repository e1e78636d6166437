/** All services behind the one table of methods (protocol/methods.ts). Decodes, dispatches, refuses what cannot be decoded. */
import { CODES, type Code, codeText } from '../../protocol/codes.js'
import type { AckNotice, HelloRequest } from '../../protocol/generated/messages.js'
import { DecodeError, encodeEndpointsResponse } from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { type EndpointsOf, NO_ENDPOINTS } from '../cluster/endpoints.js'
import { FORMS } from '../cluster/node-status.js'
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Defer } from '../lib/turn.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Store } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import type { SequenceRule } from '../sync/rules/numbered.js'
import type { BindInput } from '../sync/rules/session.js'
import type { OwnWorkers } from '../workers/tasks.js'
import { AccountService, type Connected } from './account-service.js'
import { Acks } from './acks.js'
import { refuse } from './answers.js'
import { ChangeService } from './change-service.js'
import { ConnectionService } from './connection-service.js'
import { CONTACT_METHODS, ContactService } from './contact-service.js'
import { ContentHash } from './content-hash.js'
import { ConversationService } from './conversation-service.js'
import { FanOuts } from './fan-outs.js'
import { GroupService } from './group-service.js'
import { InOrder } from './in-order.js'
import { LargePages } from './large-pages.js'
import { MessageService } from './message-service.js'
import type { Passwords } from './passwords.js'
import { RoomService } from './room-service.js'
import { type SignalSender, SignalService } from './signal-service.js'
import type { Asker, Authorization, Caller, HelloAnswer, Services, TimelineHead, TimelinePage, Via } from './types.js'

export interface ServiceOptions {
  readonly engine: Engine
  /** The engine's store, for pages that threads read. */
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly defer: Defer
  readonly workers: OwnWorkers
  readonly passwords: Passwords
  readonly limits: Limits
  /** Says which devices of a user are connected. */
  readonly connected: Connected
  /** The rule for numbers; absent: contiguous. */
  readonly sequence?: SequenceRule
  /** The route that each Hello sets; absent: no other node uses the store. */
  readonly route?: BindInput['route']
  /** The nodes for a user's clients. Absent: there are never any to name. */
  readonly endpoints?: EndpointsOf | undefined
  /** The newest forms of stored data that all nodes on the store read. Absent: this node is alone. */
  readonly forms?: (() => number) | undefined
  /** Sends signals to who looks now. */
  readonly signal: SignalSender
}

/** The time after which a device with too many waiting requests may ask again: about that of a password's check in a storm of logins. */
const WAITING_RETRY_MS = 3_000

/** Decodes and runs one method. */
type Handler = (caller: Caller, id: number, body: Uint8Array) => void

/** The services, as the node that starts and stops them sees them. */
export interface OwnServices extends Services {
  /** Commits what is held back for a moment. To be called before the engine is closed. */
  flush(): void
}

export function createServices(options: ServiceOptions): OwnServices {
  return new AllServices(options)
}

class AllServices implements OwnServices {
  readonly #hello: ConnectionService
  readonly #messages: MessageService
  readonly #acks: Acks
  readonly #order = new InOrder()
  /** The handlers, by method number. */
  readonly #handlers: (Handler | undefined)[] = []
  readonly #nameless = new Set<number>()

  constructor(options: ServiceOptions) {
    const { engine, store, clock, random, defer, workers, passwords, sequence, limits, connected } = options
    const { endpoints = () => undefined, forms = () => FORMS } = options
    this.#acks = new Acks(engine, clock)
    this.#hello = new ConnectionService({ engine, clock, limits, route: options.route })
    this.#on(METHODS.endpoints, (caller, id) =>
      caller.respond(id, encodeEndpointsResponse({ endpoints: endpoints(caller.uid) ?? NO_ENDPOINTS })),
    )
    const contentHash = new ContentHash(engine.secret)
    const pages = new LargePages({ engine, store, workers, clock, defer })
    const fanOuts = new FanOuts(engine, limits)
    const messages = new MessageService({ engine, acks: this.#acks, limits, fanOuts, contentHash, pages, sequence })
    this.#messages = messages
    this.#on(METHODS.send, (caller, id, request) => messages.send(caller, id, request))
    this.#on(METHODS.post, (caller, id, request) => messages.post(caller, id, request))
    this.#on(METHODS.forward, (caller, id, request) => messages.forward(caller, id, request))
    this.#on(
      METHODS.sync,
      (caller, id, request) => messages.sync(caller, id, request),
      ({ sends }) => sends.length > 0,
    )
    this.#on(METHODS.void, (caller, id, request) => messages.void(caller, id, request))

    const parts = {
      engine,
      passwords,
      random,
      limits,
      endpoints,
      connected,
      contentHash,
      order: this.#order,
    }
    const accounts = new AccountService(parts)
    this.#on(METHODS.register, (caller, id, request) => accounts.register(caller, id, request))
    this.#on(METHODS.login, (caller, id, request) => accounts.login(caller, id, request))
    this.#on(
      METHODS.logout,
      (caller, id) => accounts.logout(caller, id),
      () => true,
    )
    this.#on(METHODS.getProfile, (caller, id, request) => accounts.getProfile(caller, id, request))
    this.#on(METHODS.updateProfile, (caller, id, request) => accounts.updateProfile(caller, id, request))
    this.#on(METHODS.changePassword, (caller, id, request) => accounts.changePassword(caller, id, request))
    this.#on(METHODS.listDevices, (caller, id) => accounts.listDevices(caller, id))
    this.#on(METHODS.removeDevice, (caller, id, request) => accounts.removeDevice(caller, id, request))
    this.#on(METHODS.deleteAccount, (caller, id, request) => accounts.deleteAccount(caller, id, request))

    const contacts = new ContactService({ engine, limits, contentHash, order: this.#order })
    for (const [method, transition] of CONTACT_METHODS) {
      this.#on(method, (caller, id, request) => contacts.act(caller, id, method, transition, request))
    }
    this.#on(METHODS.contactList, (caller, id, request) => contacts.list(caller, id, request))

    const groups = new GroupService({ engine, store, defer, random, limits, fanOuts, contentHash, forms })
    groups.serve((method, handle) => this.#on(method, handle))
    const changes = new ChangeService({ engine, limits, fanOuts, contentHash, forms })
    changes.serve((method, handle) => this.#on(method, handle))
    const conversations = new ConversationService({ engine, store, defer, limits, contentHash, forms })
    conversations.serve((method, handle) => this.#on(method, handle))
    const signals = new SignalService({ engine, signal: options.signal })
    signals.serve((method, handle) => this.#on(method, handle))
    const rooms = new RoomService({ engine, store, defer, random, limits, contentHash, signal: options.signal })
    rooms.serve((method, handle) => this.#on(method, handle))
  }

  hello(request: HelloRequest, address: string, settle: (answer: HelloAnswer) => void, via?: Via): void {
    this.#hello.hello(request, address, settle, via)
  }

  authorize(token: Uint8Array, address: string, settle: (authorization: Authorization) => void): void {
    this.#hello.authorize(token, address, settle)
  }

  boundAttempt(uid: number, device: number, token?: Uint8Array): Promise<number | undefined> {
    return this.#hello.boundAttempt(uid, device, token)
  }

  request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    const handler = this.#handlers[method]
    if (handler === undefined) refuse(caller, id, CODES.UNKNOWN_METHOD.code)
    else if (caller.uid === 0 && !this.#nameless.has(method)) refuse(caller, id, CODES.LOGIN_REQUIRED.code)
    else handler(caller, id, body)
  }

  ack(caller: Caller, notice: AckNotice, settled?: () => void): Code {
    return this.#messages.ack(caller, notice, settled)
  }

  page(uid: number, since: number, asker?: Asker): Promise<TimelinePage> {
    return this.#messages.page(uid, since, asker)
  }

  head(uid: number, since: number): Promise<TimelineHead> {
    return this.#messages.head(uid, since)
  }

  flush(): void {
    this.#acks.flush()
  }

  /** @param changes whether the request has to keep its place among those of its device */
  #on<Q, A>(
    method: RequestMethod<Q, A>,
    handle: (caller: Caller, id: number, request: Q) => void,
    changes: (request: Q) => boolean = () => method.mutating,
  ): void {
    if (method.nameless) this.#nameless.add(method.number)
    this.#handlers[method.number] = (caller, id, body) => {
      let request: Q
      try {
        request = method.decodeRequest(body)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        const code = error.code as Code
        caller.refuse(id, code, `${codeText(code)}: ${error.message}`)
        return
      }
      if (!this.#order.isHeld(caller) || !changes(request)) handle(caller, id, request)
      else if (!this.#order.wait(caller, id, body.length, () => handle(caller, id, request))) {
        refuse(caller, id, CODES.OVERLOADED.code, WAITING_RETRY_MS)
      }
    }
  }
}

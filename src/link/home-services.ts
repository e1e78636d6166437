/**
 * The services of a node with clients and a store, among others of its kind. Requests of a user are done here, until nodes compete for the
 * user's records (sync/contended-actors.ts). Then they all go to the node that rendezvous hashing prefers, over links, and it is the only
 * writer. A link to this node itself (loop.ts) stands among the others, so something takes them at any time.
 *
 *   own ── the user's records are contended ──► at home: all requests and acks by the lanes (lanes.ts)
 *    ▲                                             │
 *    └───────────── none for HOME_MS ──────────────┘
 *
 * Requests that are under way at the change may be overtaken. A numbered one that comes too early is answered with GAP, and sent again.
 */
import type { Code } from '../../protocol/codes.js'
import type { AckNotice, HelloRequest } from '../../protocol/generated/messages.js'
import type { Clock } from '../lib/clock.js'
import { ExpiringTable } from '../lib/expiring-table.js'
import type {
  Asker,
  Authorization,
  Caller,
  HelloAnswer,
  Services,
  TimelineHead,
  TimelinePage,
} from '../services/types.js'

/** The time for which a user's requests stay with one node after the last one. */
export const HOME_MS = 30_000
/** The most users that are remembered. */
const USERS_MAX = 10_000

export interface HomeServicesOptions {
  readonly own: Services
  /** The services of all nodes, with this one among them. */
  readonly remote: Pick<Services, 'request' | 'ack'>
  readonly clock: Clock
  /** Whether nodes compete for the user's records. */
  readonly isContended: (uid: number) => boolean
}

export class HomeServices implements Services {
  readonly #options: HomeServicesOptions
  readonly #own: Services
  /** The users whose requests go to one node, with the time until when. */
  readonly #homes: ExpiringTable<number>

  constructor(options: HomeServicesOptions) {
    this.#options = options
    this.#own = options.own
    this.#homes = new ExpiringTable(options.clock, USERS_MAX, untilMs => untilMs)
  }

  hello(request: HelloRequest, address: string, settle: (answer: HelloAnswer) => void): void {
    this.#own.hello(request, address, settle)
  }

  authorize(token: Uint8Array, address: string, settle: (authorization: Authorization) => void): void {
    this.#own.authorize(token, address, settle)
  }

  boundAttempt(uid: number, device: number, token?: Uint8Array): Promise<number | undefined> {
    return this.#own.boundAttempt(uid, device, token)
  }

  request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    this.#of(caller.uid).request(caller, id, method, body)
  }

  ack(caller: Caller, notice: AckNotice): Code {
    return this.#of(caller.uid).ack(caller, notice)
  }

  page(uid: number, since: number, asker?: Asker): Promise<TimelinePage> {
    return this.#own.page(uid, since, asker)
  }

  head(uid: number, since: number): Promise<TimelineHead> {
    return this.#own.head(uid, since)
  }

  #of(uid: number): Pick<Services, 'request' | 'ack'> {
    const { clock, isContended, remote } = this.#options
    if (uid === 0) return this.#own
    const isAtHome = (this.#homes.size > 0 && this.#homes.get(uid) !== undefined) || isContended(uid)
    if (!isAtHome) return this.#own
    this.#homes.set(uid, clock.monotonic() + HOME_MS)
    return remote
  }
}

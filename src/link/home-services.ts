/**
 * The services of a node with clients and a store, among others of its kind. Requests of a user are done here, until nodes compete for the
 * user's records (sync/contended-actors.ts). Then they all go to the node that rendezvous hashing prefers, over links, with messages to the
 * user, and it is the only writer. A link to this node itself (loop.ts) stands among the others, so something takes them at any time.
 *
 *   own ── the records of the user, or of the recipient, are contended ──► at home: by the lanes (lanes.ts)
 *    ▲                                                                       │
 *    └──────────────────────────── none for HOME_MS ─────────────────────────┘
 *
 * While a request of a user is under way over a link, the next one goes there, too: so they keep their order. Those that are under way here
 * at the change may be overtaken; a numbered request that comes too early is answered with GAP, and sent again.
 */
import type { Code } from '../../protocol/codes.js'
import { isConversationId, peerOf } from '../../protocol/conversation-id.js'
import { type AckNotice, decodePostRequest, decodeSendRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { Clock } from '../lib/clock.js'
import { ExpiringTable } from '../lib/expiring-table.js'
import { ForwardedServices } from '../services/forwarded.js'
import type { Caller, Services } from '../services/types.js'
import type { RemoteServices } from './remote-services.js'

/** The time for which a user's requests stay with one node after the last one. */
export const HOME_MS = 30_000
/** The most users that are remembered. */
const USERS_MAX = 10_000

export interface HomeServicesOptions {
  readonly own: Services
  /** The services of all nodes, with this one among them. */
  readonly remote: Pick<RemoteServices, 'requestAt' | 'ack' | 'hasUnderWay'>
  readonly clock: Clock
  /** Whether there is a user for whose records nodes compete. */
  readonly anyContended: () => boolean
  /** Whether nodes compete for this user's records. */
  readonly isContended: (uid: number) => boolean
}

export class HomeServices extends ForwardedServices {
  readonly #options: HomeServicesOptions
  /** The users whose requests go to one node, with the time until when. */
  readonly #homes: ExpiringTable<number>

  constructor(options: HomeServicesOptions) {
    super(options.own)
    this.#options = options
    this.#homes = new ExpiringTable(options.clock, USERS_MAX, untilMs => untilMs)
  }

  override request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    const { remote } = this.#options
    const home = caller.uid === 0 ? 0 : this.#homeOf(caller.uid, method, body)
    if (home === 0) super.request(caller, id, method, body)
    else remote.requestAt(home, caller, id, { method, body })
  }

  override ack(caller: Caller, notice: AckNotice): Code {
    return this.#isAtHome(caller.uid) ? this.#options.remote.ack(caller, notice) : super.ack(caller, notice)
  }

  /** The user at whose home a request is done; 0: it is done here. */
  #homeOf(uid: number, method: number, body: Uint8Array): number {
    if (this.#isAtHome(uid)) return uid
    const to = this.#homes.size > 0 || this.#options.anyContended() ? recipientOf(method, body) : 0
    if (to !== 0 && this.#isAtHome(to)) return to
    return this.#options.remote.hasUnderWay(uid) ? uid : 0
  }

  /** Notes that the user is served at home for some time, if nodes compete for the records or did so lately. */
  #isAtHome(uid: number): boolean {
    const { clock, isContended } = this.#options
    const isAtHome = (this.#homes.size > 0 && this.#homes.get(uid) !== undefined) || isContended(uid)
    if (isAtHome) this.#homes.set(uid, clock.monotonic() + HOME_MS)
    return isAtHome
  }
}

/** The recipient of a Send, or of a Post to a user; 0: there is none. */
function recipientOf(method: number, body: Uint8Array): number {
  try {
    if (method === METHODS.send.number) return decodeSendRequest(body).to
    if (method !== METHODS.post.number) return 0
    const { conversation } = decodePostRequest(body)
    return isConversationId(conversation) ? (peerOf(conversation) ?? 0) : 0
  } catch {
    return 0 // it is refused for what it is
  }
}

/**
 * The services of a node with clients and a store, among others of its kind. Requests of a user are done here, until nodes compete for the
 * user's records (sync/contended-actors.ts). Then they all go to the node that rendezvous hashing prefers, over links, with messages to the
 * user, and it is the only writer. So do requests that change a group, while nodes compete for the group's records: it fans out, and its
 * branches have one writer, too. A link to this node itself (loop.ts) stands among the others, so something takes them at any time.
 *
 *   own ── the records of the user, the recipient or the group are contended ──► at home: by the lanes (lanes.ts)
 *    ▲                                                                            │
 *    └────────────────────────────── none for HOME_MS ────────────────────────────┘
 *
 * While a request of a user is under way over a link, the next one goes there, too: so they keep their order. Those that are under way here
 * at the change may be overtaken; a numbered request that comes too early is answered with GAP, and sent again.
 */
import type { Code } from '../../protocol/codes.js'
import { isConversationId, peerOf } from '../../protocol/conversation-id.js'
import { type AckNotice, decodeSendRequest } from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { Clock } from '../lib/clock.js'
import { ExpiringTable } from '../lib/expiring-table.js'
import { ForwardedServices } from '../services/forwarded.js'
import type { Caller, Services } from '../services/types.js'
import type { Actor } from '../store/types.js'
import { groupActor } from '../sync/references.js'
import { gidOf } from '../sync/rules/group-records.js'
import { userActor } from '../sync/rules/records.js'
import type { RemoteServices } from './remote-services.js'

/** The time for which requests stay with one node after the last one. */
export const HOME_MS = 30_000
/** The most users and groups that are remembered. */
const HOMES_MAX = 10_000

type ConversationMethod = Pick<RequestMethod<{ readonly conversation: string }>, 'number' | 'decodeRequest'>

/** The methods that write to the other user or the group whose conversation they name. */
const WRITES: readonly ConversationMethod[] = [
  METHODS.post,
  METHODS.edit,
  METHODS.recall,
  METHODS.forward,
  METHODS.react,
  METHODS.groupInvite,
  METHODS.groupAccept,
  METHODS.groupDecline,
  METHODS.groupJoin,
  METHODS.groupApprove,
  METHODS.groupLeave,
  METHODS.groupRemove,
  METHODS.groupRename,
  METHODS.groupAnnounce,
  METHODS.groupSetRules,
  METHODS.groupSetRole,
  METHODS.groupMute,
  METHODS.groupDissolve,
]
const WRITES_BY_NUMBER = new Map(WRITES.map(method => [method.number, method]))

export interface HomeServicesOptions {
  readonly own: Services
  /** The services of all nodes, with this one among them. */
  readonly remote: Pick<RemoteServices, 'requestAt' | 'ack' | 'hasUnderWay'>
  readonly clock: Clock
  /** Whether there is an actor for whose records nodes compete. */
  readonly anyContended: () => boolean
  /** Whether nodes compete for this actor's records. */
  readonly isContended: (actor: Actor) => boolean
}

export class HomeServices extends ForwardedServices {
  readonly #options: HomeServicesOptions
  /** The users and groups whose requests go to one node, with the time until when. */
  readonly #homes: ExpiringTable<number>

  constructor(options: HomeServicesOptions) {
    super(options.own)
    this.#options = options
    this.#homes = new ExpiringTable(options.clock, HOMES_MAX, untilMs => untilMs)
  }

  override request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    const home = caller.uid === 0 ? undefined : this.#homeOf(caller.uid, method, body)
    if (home === undefined) super.request(caller, id, method, body)
    else this.#options.remote.requestAt(home, caller, id, { method, body })
  }

  override ack(caller: Caller, notice: AckNotice): Code {
    return this.#isAtHome(userActor(caller.uid)) ? this.#options.remote.ack(caller, notice) : super.ack(caller, notice)
  }

  /** The user or group at whose home a request is done; undefined: it is done here. */
  #homeOf(uid: number, method: number, body: Uint8Array): Actor | undefined {
    const user = userActor(uid)
    if (this.#isAtHome(user)) return user
    const target = this.#homes.size > 0 || this.#options.anyContended() ? targetOf(method, body) : undefined
    if (target !== undefined && this.#isAtHome(target)) return target
    return this.#options.remote.hasUnderWay(uid) ? user : undefined
  }

  /** Notes that a user or group is served at home for some time, if nodes compete for the records or did so lately. */
  #isAtHome(actor: Actor): boolean {
    const { clock, isContended } = this.#options
    const isAtHome = (this.#homes.size > 0 && this.#homes.get(actor) !== undefined) || isContended(actor)
    if (isAtHome) this.#homes.set(actor, clock.monotonic() + HOME_MS)
    return isAtHome
  }
}

/** The user or group that a request is to write to, beside the user who asks; undefined: there is none. */
function targetOf(method: number, body: Uint8Array): Actor | undefined {
  try {
    if (method === METHODS.send.number) return userActor(decodeSendRequest(body).to)
    const conversation = WRITES_BY_NUMBER.get(method)?.decodeRequest(body).conversation
    if (!isConversationId(conversation)) return undefined
    const [peer, gid] = [peerOf(conversation), gidOf(conversation)]
    if (peer !== undefined) return userActor(peer)
    return gid === undefined ? undefined : groupActor(gid)
  } catch {
    return undefined // it is refused for what it is
  }
}

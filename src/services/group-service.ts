/**
 * GroupService. Each numbered method is a transition of the user's own side (sync/rules/membership.ts); what the group itself decides comes
 * to the user's timeline. Get, Members and Earlier are read at the group.
 */
import { CODES } from '../../protocol/codes.js'
import {
  decodeItem,
  encodeGroupServiceCreateResponse,
  encodeGroupServiceEarlierResponse,
  encodeGroupServiceGetResponse,
  encodeGroupServiceMembersResponse,
  type GroupMember,
  GroupRole,
  type GroupServiceCreateRequest,
  type GroupServiceEarlierRequest,
  type GroupServiceGetRequest,
  type GroupServiceMembersRequest,
  type Invitee,
} from '../../protocol/generated/messages.js'
import { GROUP_HISTORY_MAX, GROUP_MEMBERS_PAGE_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { GROUP_FORMS } from '../cluster/node-status.js'
import type { Random } from '../lib/random.js'
import type { Defer } from '../lib/turn.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Store } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { groupActor } from '../sync/references.js'
import { getProfile } from '../sync/rules/account.js'
import { getGroup, groupMembers, groupPast, type MembersPage } from '../sync/rules/group-reads.js'
import { type Gid, gidOf, groupConversation, NO_RULES, newGid } from '../sync/rules/group-records.js'
import * as rules from '../sync/rules/membership.js'
import type { Answer } from '../sync/rules/numbered.js'
import { userActor } from '../sync/rules/records.js'
import type { Outcome, Transition } from '../sync/types.js'
import { answerNumbered, answerWith, refuse } from './answers.js'
import type { ContentHash } from './content-hash.js'
import { earlierPage } from './earlier.js'
import type { FanOuts } from './fan-outs.js'
import { makeCode } from './join-code.js'
import { Refused } from './refused.js'
import { isOk, ranNow, succeededNow } from './request-limits.js'
import type { Caller } from './types.js'
import { beginWalk } from './walks.js'

export interface GroupParts {
  readonly engine: Engine
  /** The engine's store, for walks along a group's items. */
  readonly store: Store
  readonly defer: Defer
  readonly random: Random
  readonly limits: Limits
  readonly fanOuts: FanOuts
  readonly contentHash: ContentHash
  /** The newest forms of stored data that all nodes on the store read. */
  readonly forms: () => number
}

/** Takes a method into the table of handlers. */
export type Serve = <Q, A>(
  method: RequestMethod<Q, A>,
  handle: (caller: Caller, id: number, request: Q) => void,
) => void

export interface NumberedRequest {
  readonly sendSeq: number
}

/**
 * Takes a numbered method about a group, with the transition that it is.
 * @param inputOf the input of a request; undefined if a value is outside its limits
 * @param costOf what it takes of the limit of acts about groups; absent: one
 */
type ActTaker = <Q extends NumberedRequest & { readonly conversation: string }, I extends rules.GroupInput>(
  method: RequestMethod<Q>,
  transition: Transition<I, Answer>,
  inputOf: (common: rules.GroupInput, request: Q) => I | undefined,
  costOf?: (request: Q) => number,
) => void

/** The cost of what is told to every member, and changes what each has about the group. */
const TOLD_TO_ALL = 10

/** The wait before the next try where another membership began meanwhile. */
const RETRY_MS = 1_000

function uidsOf(invitees: readonly Invitee[]): number[] {
  return invitees.map(({ uid }) => uid)
}

export class GroupService {
  readonly #engine: Engine
  readonly #store: Store
  readonly #defer: Defer
  readonly #random: Random
  readonly #limits: Limits
  readonly #fanOuts: FanOuts
  readonly #contentHash: ContentHash
  readonly #forms: () => number

  constructor({ engine, store, defer, random, limits, fanOuts, contentHash, forms }: GroupParts) {
    this.#forms = forms
    this.#engine = engine
    this.#store = store
    this.#defer = defer
    this.#random = random
    this.#limits = limits
    this.#fanOuts = fanOuts
    this.#contentHash = contentHash
  }

  /** Names the handler of each method. */
  serve(on: Serve): void {
    on(METHODS.groupCreate, (caller, id, request) => this.#create(caller, id, request))
    const act: ActTaker = (method, transition, inputOf, costOf = () => 1) =>
      on(method, (caller, id, request) => {
        const gid = gidOf(request.conversation)
        const input = gid === undefined ? undefined : inputOf(this.#common(caller, method, request, gid), request)
        if (input === undefined) refuse(caller, id, CODES.INVALID_ARGUMENT.code)
        else {
          this.#submit(input, transition, costOf(request), outcome => {
            if (succeededNow(outcome)) this.#fanOuts.charge(caller, input.gid)
            answerNumbered(caller, id, outcome)
          })
        }
      })
    const free = (): number => 0
    const toldToAll = (): number => TOLD_TO_ALL
    act(
      METHODS.groupInvite,
      rules.inviteToGroup,
      (common, { invitees }) => (invitees.length === 0 ? undefined : { ...common, uids: uidsOf(invitees) }),
      ({ invitees }) => invitees.length,
    )
    act(METHODS.groupAccept, rules.acceptInvitation, (common, { invitation }) => ({ ...common, invitation }))
    act(METHODS.groupDecline, rules.declineInvitation, (common, { invitation }) => ({ ...common, invitation }), free)
    act(METHODS.groupJoin, rules.joinGroup, (common, { code }) => ({ ...common, code }))
    act(METHODS.groupApprove, rules.approveRequest, (common, { uid, request, yes }) => {
      return { ...common, other: uid, request, yes }
    })
    act(METHODS.groupLeave, rules.leaveGroup, common => common, free)
    act(METHODS.groupRemove, rules.removeMember, (common, { uid, number }) => ({ ...common, other: uid, number }))
    act(METHODS.groupRename, rules.renameGroup, (common, { title }) => ({ ...common, title }), toldToAll)
    act(METHODS.groupAnnounce, rules.announce, (common, { announcement }) => ({ ...common, announcement }), toldToAll)
    act(
      METHODS.groupSetRules,
      rules.setGroupRules,
      (common, { rules: wanted = NO_RULES, newCode }) => {
        return wanted.history > GROUP_HISTORY_MAX
          ? undefined
          : { ...common, rules: wanted, code: makeCode(this.#random), newCode }
      },
      toldToAll,
    )
    act(METHODS.groupSetRole, rules.setMemberRole, (common, { uid, role }) => ({ ...common, other: uid, role }))
    act(METHODS.groupMute, rules.muteMember, (common, { uid, muted }) => ({ ...common, other: uid, muted }))
    act(METHODS.groupDissolve, rules.dissolveGroup, common => common)
    on(METHODS.groupGet, (caller, id, request) => answerWith(caller, id, this.#get(caller, request)))
    on(METHODS.groupMembers, (caller, id, request) => answerWith(caller, id, this.#members(caller, request)))
    on(METHODS.groupEarlier, (caller, id, request) => answerWith(caller, id, this.#earlier(caller, request)))
  }

  #create(caller: Caller, id: number, request: GroupServiceCreateRequest): void {
    const { title, invitees } = request
    const gid = newGid(caller.uid, caller.device, request.sendSeq)
    // While a cluster is being renewed there are nodes that cannot show what groups write.
    const early = this.#forms() < GROUP_FORMS
    const input = { ...this.#common(caller, METHODS.groupCreate, request, gid), title, uids: uidsOf(invitees), early }
    this.#submit(input, rules.createGroup, 1 + invitees.length, outcome => {
      if (isOk(outcome)) {
        caller.respond(id, encodeGroupServiceCreateResponse({ conversation: groupConversation(gid) }))
      } else answerNumbered(caller, id, outcome)
    })
  }

  #common<Q extends NumberedRequest>(caller: Caller, method: RequestMethod<Q>, request: Q, gid: Gid): rules.GroupInput {
    const { uid, device } = caller
    return { uid, device, sendSeq: request.sendSeq, hash: this.#contentHash.of(method, request), gid }
  }

  #submit<I extends rules.GroupInput>(
    asked: I,
    transition: Transition<I, Answer>,
    cost: number,
    settle: (outcome: Outcome<Answer>) => void,
  ): void {
    const { uid } = asked
    const limited = cost > 0 && (this.#fanOuts.isReached(uid) || this.#limits.take('group-acts', uid, cost) > 0)
    this.#engine.submit(userActor(uid), transition, { ...asked, limited }, outcome => {
      if (!limited && !ranNow(outcome)) this.#limits.giveBack('group-acts', uid, cost)
      settle(outcome)
    })
  }

  async #get({ uid }: Caller, { conversation }: GroupServiceGetRequest): Promise<Uint8Array> {
    return encodeGroupServiceGetResponse(await this.#read(conversation, getGroup, { uid }))
  }

  async #members({ uid }: Caller, request: GroupServiceMembersRequest): Promise<Uint8Array> {
    const { conversation, after, limit } = request
    if (limit > GROUP_MEMBERS_PAGE_MAX) throw new Refused(CODES.INVALID_ARGUMENT.code)
    const input = { uid, after, limit: limit === 0 ? GROUP_MEMBERS_PAGE_MAX : limit }
    const page = await this.#read(conversation, groupMembers, input)
    return encodeGroupServiceMembersResponse({ members: await this.#named(page), next: page.next })
  }

  async #earlier({ uid }: Caller, request: GroupServiceEarlierRequest): Promise<Uint8Array> {
    const { conversation, before, limit } = request
    if (limit > GROUP_HISTORY_MAX) throw new Refused(CODES.INVALID_ARGUMENT.code)
    const parts = beginWalk({ store: this.#store, defer: this.#defer, limits: this.#limits }, uid)
    const past = await this.#read(conversation, groupPast, { uid })
    const range = { before, limit: limit === 0 ? GROUP_HISTORY_MAX : limit }
    const { entries, next } = await earlierPage(parts, gidOf(conversation) ?? '', past, range)
    // Whoever was a member until now was one when the last of them was changed.
    const { since } = await this.#read(conversation, groupPast, { uid })
    if (since !== past.since) throw new Refused(CODES.UNAVAILABLE.code, RETRY_MS)
    return encodeGroupServiceEarlierResponse({ items: entries.map(({ bytes }) => decodeItem(bytes)), next })
  }

  /** Reads at a group what its members may read. @throws Refused for anybody else */
  async #read<I, R>(conversation: string, transition: Transition<I, R | undefined>, input: I): Promise<R> {
    const gid = gidOf(conversation)
    const found = gid === undefined ? undefined : done(await this.#engine.run(groupActor(gid), transition, input))
    if (found === undefined) throw new Refused(CODES.NO_SUCH_GROUP.code)
    return found
  }

  /** The members of a page by uid, with their names. Who has deleted the account has none. */
  #named({ members, waiting }: MembersPage): Promise<GroupMember[]> {
    const all = [
      ...members.map(({ uid, role, muted, since }) => ({ uid, role, muted, number: since, asks: false })),
      ...waiting.map(({ uid, number, asks }) => ({ uid, role: GroupRole.UNSPECIFIED, muted: false, number, asks })),
    ]
    return Promise.all(
      all
        .sort((a, b) => a.uid - b.uid)
        .map(async member => {
          const known = done(await this.#engine.run(userActor(member.uid), getProfile, undefined))
          return { ...member, account: known?.account ?? '', nickname: known?.nickname ?? '' }
        }),
    )
  }
}

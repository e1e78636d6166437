// The things that a user can do in groups. A request is in the send queue like a message. What it comes to comes back as items, to
// every device: the group as the user is in it, changes of the group, or a failure.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import {
  GROUP_ANNOUNCEMENT_BYTES_MAX,
  GROUP_CODE_BYTES_MAX,
  GROUP_HISTORY_MAX,
  GROUP_INVITEES_MAX,
  GROUP_MEMBERS_PAGE_MAX,
  GROUP_TITLE_BYTES_MAX,
  INTEGER_MAX,
} from '../../../protocol/limits.js'
import { checkCount, checkFlag, checkText, checkUid, checkWord, groupNamed } from '../base/arguments.js'
import { LongwireError } from '../base/errors.js'
import {
  type GroupRole,
  type GroupRules,
  JOIN_ITEMS,
  ROLE_ITEMS,
  ROLES,
  rulesOf,
  type SettableRole,
} from '../base/group-words.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Operate } from '../base/operation.js'
import type { Calls } from '../connection/calls.js'
import { asIfStored } from '../rules/group-inbox.js'
import type { Group, GroupList } from '../rules/group-list.js'
import type { Message } from '../rules/messages.js'
import type { StoredMessage } from '../storage/storage.js'

/** A group as its members know it, from the server. */
export interface GroupProfile {
  readonly title: string
  readonly announcement: string
  readonly rules: GroupRules
  /** The owner's uid. */
  readonly owner: number
  /** The number of its members. */
  readonly members: number
  /** The code to join by; empty if the rules allow none. */
  readonly code: string
  /** Milliseconds since 1970. */
  readonly createdAtMs: number
}

/** A member, or somebody who waits to become one; admins alone are told of these. */
export interface GroupMember {
  readonly uid: number
  readonly account: string
  readonly nickname: string
  /** invited, asks: not a member yet. */
  readonly role: Exclude<GroupRole, 'none'> | 'invited' | 'asks'
  readonly muted: boolean
  /** The number since which it is a member; of who is not: that of the invitation, or of the request. */
  readonly number: number
}

export interface EarlierRange {
  /** The `before` of the page after this one. */
  readonly before?: number
  readonly limit?: number
}

export interface EarlierPage {
  /** Messages and changes, oldest first. */
  readonly messages: readonly Message[]
  /** The value to ask for the page before this one; undefined if there is none. */
  readonly before: number | undefined
}

export interface GroupPage {
  readonly members: readonly GroupMember[]
  /** The value to ask for the next page with; undefined if there is none. */
  readonly after: number | undefined
}

export interface GroupsHost {
  readonly list: GroupList
  readonly calls: Calls
  readonly lifetime: Lifetime
  readonly operate: Operate
  /** A stored message as the application sees it. */
  readonly present: (message: StoredMessage) => Message
}

/**
 * Promises resolve when the server took the request, and reject with its final refusal. The group itself decides a moment later. What
 * changed is told by `group` and `groupChange` events; what the group refuses by `groupFailed`.
 */
export class Groups {
  readonly #host: GroupsHost

  /** @internal */
  constructor(host: GroupsHost) {
    this.#host = host
  }

  /** The groups that the user is in, joins, leaves, asks to join or is invited to, from local state. */
  list(): Group[] {
    return this.#host.list.list()
  }

  /** A group by its conversation, from local state. One that the user has left is here too, as long as its item lives. */
  group(conversation: ConversationId): Group | undefined {
    return this.#host.list.get(conversation)
  }

  /** Makes a group, with this user as its owner, and invites users. @returns the id of its conversation */
  create(title: string, invite: readonly number[] = []): Promise<ConversationId> {
    let made = ''
    const asked = this.#host.operate(
      'groupCreate',
      () => {
        checkTitle(title)
        return { title, invitees: inviteesOf(invite, 0) }
      },
      ({ conversation }) => {
        made = conversation
      },
    )
    const created = asked.then(() => made as ConversationId)
    // The same as of all other requests: whoever does not care how it ends must not be ended by it.
    created.catch(() => {})
    return created
  }

  /** Invites users, 50 at most. */
  invite(conversation: ConversationId, uids: readonly number[]): Promise<void> {
    return this.#host.operate('groupInvite', () => ({ ...named(conversation), invitees: inviteesOf(uids, 1) }))
  }

  /** Accepts the invitation that is known here. Rejects with NO_INVITATION if none is. */
  accept(conversation: ConversationId): Promise<void> {
    return this.#host.operate('groupAccept', () => this.#invitation(conversation))
  }

  /** Declines the invitation that is known here. Rejects with NO_INVITATION if none is. */
  decline(conversation: ConversationId): Promise<void> {
    return this.#host.operate('groupDecline', () => this.#invitation(conversation))
  }

  /** Joins by the group's code, or asks to, as the group's rules say. */
  join(conversation: ConversationId, code: string): Promise<void> {
    return this.#host.operate('groupJoin', () => {
      checkText('code', code, GROUP_CODE_BYTES_MAX, { bytesMin: 1 })
      return { ...named(conversation), code }
    })
  }

  /** Answers a user who asks to join. @param request the number of the request, from members() */
  approve(conversation: ConversationId, uid: number, request: number, yes: boolean): Promise<void> {
    return this.#host.operate('groupApprove', () => {
      checkUid('uid', uid)
      checkCount('request', request, 1, INTEGER_MAX)
      checkFlag('yes', yes)
      return { ...named(conversation), uid, request, yes }
    })
  }

  /** Leaves the group, or takes the own request to join back. */
  leave(conversation: ConversationId): Promise<void> {
    return this.#host.operate('groupLeave', () => named(conversation))
  }

  /**
   * Ends a membership, or takes an invitation back.
   * @param number the membership or invitation that is meant, from members(); without it the present one
   */
  remove(conversation: ConversationId, uid: number, number = 0): Promise<void> {
    return this.#host.operate('groupRemove', () => {
      checkUid('uid', uid)
      checkCount('number', number, 0, INTEGER_MAX)
      return { ...named(conversation), uid, number }
    })
  }

  rename(conversation: ConversationId, title: string): Promise<void> {
    return this.#host.operate('groupRename', () => {
      checkTitle(title)
      return { ...named(conversation), title }
    })
  }

  /** Sets the announcement; an empty one takes it away. */
  announce(conversation: ConversationId, announcement: string): Promise<void> {
    return this.#host.operate('groupAnnounce', () => {
      checkText('announcement', announcement, GROUP_ANNOUNCEMENT_BYTES_MAX)
      return { ...named(conversation), announcement }
    })
  }

  /** Sets all rules. @param newCode whether another code takes the place of the one that is known */
  setRules(conversation: ConversationId, rules: GroupRules, { newCode = false } = {}): Promise<void> {
    return this.#host.operate('groupSetRules', () => {
      const { join, adminsInvite, adminsWrite, history } = rules
      checkWord('rules.join', join, JOIN_ITEMS)
      checkFlag('rules.adminsInvite', adminsInvite)
      checkFlag('rules.adminsWrite', adminsWrite)
      checkCount('rules.history', history, 0, GROUP_HISTORY_MAX)
      checkFlag('newCode', newCode)
      return { ...named(conversation), rules: { join: JOIN_ITEMS[join], adminsInvite, adminsWrite, history }, newCode }
    })
  }

  /** Makes a member an admin or a plain member. With `owner` the group is handed over, and this user is an admin from then on. */
  setRole(conversation: ConversationId, uid: number, role: SettableRole): Promise<void> {
    return this.#host.operate('groupSetRole', () => {
      checkUid('uid', uid)
      checkWord('role', role, ROLE_ITEMS)
      return { ...named(conversation), uid, role: ROLE_ITEMS[role] }
    })
  }

  /** Forbids a member to write, or allows it again. */
  mute(conversation: ConversationId, uid: number, muted = true): Promise<void> {
    return this.#host.operate('groupMute', () => {
      checkUid('uid', uid)
      checkFlag('muted', muted)
      return { ...named(conversation), uid, muted }
    })
  }

  /** Ends the group, for all. */
  dissolve(conversation: ConversationId): Promise<void> {
    return this.#host.operate('groupDissolve', () => named(conversation))
  }

  /** The group as it is now, from the server. */
  get(conversation: ConversationId): Promise<GroupProfile> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      const { rules, ...profile } = await calls.ask('groupGet', named(conversation))
      return { ...profile, rules: rulesOf(rules) }
    })
  }

  /** A page of the members with their names, from the server: the first, or the one that begins with `after`. */
  members(
    conversation: ConversationId,
    { after = 0, limit = GROUP_MEMBERS_PAGE_MAX }: { readonly after?: number; readonly limit?: number } = {},
  ): Promise<GroupPage> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      checkCount('after', after, 0, INTEGER_MAX)
      checkCount('limit', limit, 1, GROUP_MEMBERS_PAGE_MAX)
      const { members, next } = await calls.ask('groupMembers', { ...named(conversation), after, limit })
      return {
        members: members.map(({ role, asks, ...member }) => ({ ...member, role: roleOf(ROLES[role], asks) })),
        after: next === 0 ? undefined : next,
      }
    })
  }

  /**
   * A page of what lies before this user's joining, from the server: the newest, or what is before a number. It is kept nowhere here, and no
   * event tells of its changes: ask again for its present state.
   */
  earlier(
    conversation: ConversationId,
    { before = 0, limit = GROUP_HISTORY_MAX }: EarlierRange = {},
  ): Promise<EarlierPage> {
    const { lifetime, calls, present } = this.#host
    return lifetime.promise(async () => {
      checkCount('before', before, 0, INTEGER_MAX)
      checkCount('limit', limit, 1, GROUP_HISTORY_MAX)
      const { items, next } = await calls.ask('groupEarlier', { ...named(conversation), before, limit })
      const found = items.map(item => asIfStored(conversation, item)).filter(each => each !== undefined)
      return { messages: found.map(present), before: next === 0 ? undefined : next }
    })
  }

  #invitation(conversation: ConversationId): { readonly conversation: ConversationId; readonly invitation: number } {
    const group = this.#host.list.get(groupNamed('conversation', conversation))
    if (group?.state !== 'invited') throw LongwireError.local('NO_INVITATION')
    return { conversation, invitation: group.number }
  }
}

function roleOf(role: GroupRole | undefined, asks: boolean): GroupMember['role'] {
  if (role !== undefined && role !== 'none') return role
  return asks ? 'asks' : 'invited'
}

function named(conversation: ConversationId): { readonly conversation: ConversationId } {
  return { conversation: groupNamed('conversation', conversation) }
}

function inviteesOf(uids: readonly number[], min: number): { readonly uid: number }[] {
  if (!Array.isArray(uids)) throw LongwireError.argument('uids', 'must be an array')
  checkCount('the number of uids', uids.length, min, GROUP_INVITEES_MAX)
  return uids.map(uid => {
    checkUid('uid', uid)
    return { uid }
  })
}

function checkTitle(title: string): void {
  checkText('title', title, GROUP_TITLE_BYTES_MAX, { bytesMin: 1 })
}

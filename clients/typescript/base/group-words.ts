// Groups in the words of an application: roles, rules and changes.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import {
  createGroupRules,
  GroupAct,
  type GroupChange as GroupChangeItem,
  GroupJoin,
  GroupRole as GroupRoleItem,
  type GroupRules as GroupRulesItem,
} from '../../../protocol/generated/messages.js'

export type GroupRole = 'none' | 'member' | 'admin' | 'owner'

export interface GroupRules {
  /** closed: only who is invited joins. code: who knows the code joins. approval: who knows the code asks, and an admin answers. */
  readonly join: 'closed' | 'code' | 'approval'
  /** Whether only admins invite. */
  readonly adminsInvite: boolean
  /** Whether only admins write. */
  readonly adminsWrite: boolean
  /** The number of items before their joining that new members may read, at most 100. */
  readonly history: number
}

/** What has happened in a group. `by` did it, to `uid` where it is about somebody. */
export interface Change {
  /** unknown: something that only a later version of this library knows. */
  readonly act:
    | 'created'
    | 'joined'
    | 'left'
    | 'removed'
    | 'renamed'
    | 'announced'
    | 'rulesSet'
    | 'roleSet'
    | 'muted'
    | 'unmuted'
    | 'dissolved'
    | 'unknown'
  readonly by: number
  readonly uid: number
  /** The title or the announcement, where that was set. */
  readonly text: string
  /** The role that `uid` has now, where that was set. */
  readonly role: GroupRole
  /** The rules, where they were set. */
  readonly rules?: GroupRules
}

/** A change with its place: the number that it shares a count with the group's messages by. */
export interface GroupChange extends Change {
  readonly conversation: ConversationId
  readonly number: number
  /** Milliseconds since 1970. */
  readonly atMs: number
}

export const ROLES = {
  [GroupRoleItem.UNSPECIFIED]: 'none',
  [GroupRoleItem.MEMBER]: 'member',
  [GroupRoleItem.ADMIN]: 'admin',
  [GroupRoleItem.OWNER]: 'owner',
} as const

/** The numbers of the roles that can be set. */
export const ROLE_ITEMS = {
  member: GroupRoleItem.MEMBER,
  admin: GroupRoleItem.ADMIN,
  owner: GroupRoleItem.OWNER,
} as const

export type SettableRole = keyof typeof ROLE_ITEMS

const JOINS = {
  [GroupJoin.UNSPECIFIED]: 'closed',
  [GroupJoin.CODE]: 'code',
  [GroupJoin.APPROVAL]: 'approval',
} as const

export const JOIN_ITEMS = {
  closed: GroupJoin.UNSPECIFIED,
  code: GroupJoin.CODE,
  approval: GroupJoin.APPROVAL,
} as const

const ACTS: Readonly<Record<GroupAct, Change['act']>> = {
  [GroupAct.UNSPECIFIED]: 'unknown',
  [GroupAct.CREATED]: 'created',
  [GroupAct.JOINED]: 'joined',
  [GroupAct.LEFT]: 'left',
  [GroupAct.REMOVED]: 'removed',
  [GroupAct.RENAMED]: 'renamed',
  [GroupAct.ANNOUNCED]: 'announced',
  [GroupAct.RULES_SET]: 'rulesSet',
  [GroupAct.ROLE_SET]: 'roleSet',
  [GroupAct.MUTED]: 'muted',
  [GroupAct.UNMUTED]: 'unmuted',
  [GroupAct.DISSOLVED]: 'dissolved',
}

export function rulesOf(item: GroupRulesItem = createGroupRules()): GroupRules {
  return { ...item, join: JOINS[item.join] ?? 'closed' }
}

export function changeOf({ act, by, uid, text, role, rules }: GroupChangeItem): Change {
  const said = { act: ACTS[act] ?? 'unknown', by, uid, text, role: ROLES[role] ?? 'none' }
  return rules === undefined ? said : { ...said, rules: rulesOf(rules) }
}

/**
 * The records of groups. A user has one for each group, which says what the user is to it (membership.ts). The actor `group/<gid>` has the
 * rules, the members and who waits (group.ts). Each of its branches has the members of one partition (branch.ts).
 */
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { type Group, GroupRole, type GroupRules, GroupState } from '../../../protocol/generated/messages.js'
import {
  GROUP_ANNOUNCEMENT_BYTES_MAX,
  GROUP_CODE_BYTES_MAX,
  GROUP_MEMBERS_MAX,
  GROUP_READERS_MAX,
  GROUP_TITLE_BYTES_MAX,
  GROUPS_MAX,
} from '../../../protocol/limits.js'
import { PARTITIONS } from '../../store/types.js'
import { decodeJson, encodeJson } from '../json.js'
import { jsonRecord, jsonValue, recordKind } from '../record-kinds.js'
import type { RecordKind } from '../types.js'
import { JSON_BYTES_PER_BYTE } from './records.js'

/** The name of a group within the conversation's id. */
export type Gid = string

const PREFIX = 'group:'
/** The longest gid: three numbers in base 36, with dots. */
const GID_BYTES_MAX = 64 - PREFIX.length
const GID_FORM = /^[0-9a-z]+\.[0-9a-z]+\.[0-9a-z]+$/

export function groupConversation(gid: Gid): ConversationId {
  return `${PREFIX}${gid}`
}

/** The gid in the id of a group's conversation; undefined if it has not the form of one. */
export function gidOf(conversation: string): Gid | undefined {
  const gid = conversation.slice(PREFIX.length)
  return conversation.startsWith(PREFIX) && gid.length <= GID_BYTES_MAX && GID_FORM.test(gid) ? gid : undefined
}

/** The name of the group that a user makes by this request. A repeat makes the same name; no other request does. */
export function newGid(uid: number, device: number, sendSeq: number): Gid {
  return [uid, device, sendSeq].map(number => number.toString(36)).join('.')
}

export const NO_RULES: GroupRules = { join: 0, adminsInvite: false, adminsWrite: false, history: 0 }

/** The record of a user about a group that the user never had to do with. */
export const NO_GROUP = {
  state: GroupState.UNSPECIFIED as GroupState,
  /**
   * The number that the state is about: of the invitation, of the own request, or since which the user is a member. While the user leaves:
   * the one that it was.
   */
  number: 0,
  /** The invitation or request that the membership came of. */
  via: 0,
  /** The number of the user's last request to join. */
  asked: 0,
  inviter: 0,
  title: '',
  announcement: '',
  role: GroupRole.UNSPECIFIED as GroupRole,
  muted: false,
  rules: NO_RULES,
  /** The number of the change that made title, announcement and rules so: of two, the higher one is newer. */
  aboutNumber: 0,
  /** The number with which the last membership ended. */
  until: 0,
  /** How many ask to join; only its owner and admins are told. */
  asking: 0,
}
export type UserGroup = Readonly<typeof NO_GROUP>

export const userGroup = jsonRecord<UserGroup>('group', {
  fields: NO_GROUP,
  lifetime: 'user',
  bytesMax: 768 + JSON_BYTES_PER_BYTE * (GROUP_TITLE_BYTES_MAX + GROUP_ANNOUNCEMENT_BYTES_MAX),
  grows: 'who may name the group: a title has at most 128 bytes, an announcement 2 048',
  many: 'one per group that the user was ever in or asked to join: 500 at a time, and 200 invitations that wait',
})

/** What the user's devices are shown of the record. */
export function groupValue(gid: Gid, record: UserGroup): Group {
  const { via: _via, asked: _asked, aboutNumber: _aboutNumber, ...shown } = record
  return { conversation: groupConversation(gid), ...shown }
}

/** The most invitations of one user that wait. The next one is declined. */
export const INVITATIONS_MAX = 200
const LISTED_GROUPS_MAX = GROUPS_MAX + INVITATIONS_MAX

/** The groups that the user is in, asks to join, joins or leaves; and those that invite the user. They are counted by it. */
export const groupIndex = jsonRecord<{ readonly groups: readonly Gid[]; readonly invitations: readonly Gid[] }>(
  'groups',
  {
    fields: { groups: [], invitations: [] },
    lifetime: 'user',
    bytesMax: 64 + LISTED_GROUPS_MAX * (GID_BYTES_MAX + 3),
    entries: { max: LISTED_GROUPS_MAX, count: ({ groups, invitations }) => groups.length + invitations.length },
    grows: 'the user, and who invites: 500 groups and 200 invitations',
    many: 'one',
  },
)

/** A record of `group/<gid>`, like all that follow up to `branch`. */
export interface About {
  readonly title: string
  readonly announcement: string
  readonly rules: GroupRules
  /** '' until somebody may join by one. */
  readonly code: string
  readonly createdAtMs: number
  readonly dissolved: boolean
  /** The number of the change that made it so. */
  readonly number: number
}
export const about = jsonRecord<About>('about', {
  fields: { title: '', announcement: '', rules: NO_RULES, code: '', createdAtMs: 0, dissolved: false, number: 0 },
  lifetime: 'group',
  bytesMax: 512 + JSON_BYTES_PER_BYTE * (GROUP_TITLE_BYTES_MAX + GROUP_ANNOUNCEMENT_BYTES_MAX + GROUP_CODE_BYTES_MAX),
  grows: 'its admins: a title has at most 128 bytes, an announcement 2 048',
  many: 'one',
})

/** The last number given to a message, a change or an invitation, and the epoch in which. */
export const lastNumber = jsonRecord<{ readonly n: number; readonly epoch: number }>('number', {
  fields: { n: 0, epoch: 1 },
  lifetime: 'group',
  bytesMax: 64,
  grows: 'nobody: two numbers',
  many: 'one',
})

export interface Member {
  readonly uid: number
  /** The number since which it is a member. */
  readonly since: number
  readonly role: GroupRole
  readonly muted: boolean
  /** The invitation or request that the membership came of; 0: none. */
  readonly via: number
  /** The number of the last items before `since` that the member may read: the rule `history` of that moment. Absent: none. */
  readonly history?: number
}

/** The members by uid, in the order in which they joined. Never written to. */
export type Members = ReadonlyMap<number, Member>

type PackedMember = readonly [uid: number, since: number, role: GroupRole, muted: 0 | 1, via: number, history?: number]
/** Two numbers of sixteen digits, one of seventeen, one of three, and what is around them. */
const MEMBER_BYTES_MAX = 64

export const members: RecordKind<Members> = recordKind({
  prefix: 'members',
  lifetime: 'group',
  bound: {
    bytesMax: 2 + GROUP_MEMBERS_MAX * MEMBER_BYTES_MAX,
    entries: { max: GROUP_MEMBERS_MAX, count: list => list.size },
    grows: 'who joins: 500 members',
    many: 'one',
  },
  encode: list => encodeJson(Array.from(list.values(), packed)),
  decode: bytes => new Map(decodeJson<readonly PackedMember[]>(bytes).map(each => [each[0], unpacked(each)])),
})

function packed({ uid, since, role, muted, via, history = 0 }: Member): PackedMember {
  const member = [uid, since, role, muted ? 1 : 0, via] as const
  return history === 0 ? member : [...member, history]
}

function unpacked([uid, since, role, muted, via, history]: PackedMember): Member {
  const member = { uid, since, role, muted: muted === 1, via }
  return history === undefined ? member : { ...member, history }
}

/** Somebody who is invited, or asks to join. */
export interface Waiting {
  readonly uid: number
  /** The number of the invitation, or of the request. */
  readonly number: number
  readonly asks: boolean
  /** Who invites; 0 of a request. */
  readonly by: number
}
export const waiting = jsonValue<readonly Waiting[]>('waiting', {
  lifetime: 'group',
  bytesMax: 2 + GROUP_MEMBERS_MAX * 128,
  entries: { max: GROUP_MEMBERS_MAX, count: list => list.length },
  grows: 'who invites and who asks: 500 together',
  many: 'one',
})

/** Those who were muted when their membership ended, the last ones: they are muted when they join again. */
export const silenced = jsonValue<readonly number[]>('silenced', {
  lifetime: 'group',
  bytesMax: 2 + GROUP_MEMBERS_MAX * 17,
  entries: { max: GROUP_MEMBERS_MAX, count: list => list.length },
  grows: 'who leaves muted: the last 500',
  many: 'one',
})

/**
 * The partitions whose outbox was full, each with the number from which on the group owes it its items. Nothing goes there until all is
 * paid from the group's log.
 */
export const owed = jsonValue<Readonly<Record<string, number>>>('owed', {
  lifetime: 'group',
  bytesMax: 2 + PARTITIONS * 24,
  entries: { max: PARTITIONS, count: debts => Object.keys(debts).length },
  grows: 'nobody: a number for each partition',
  many: 'one',
})

/**
 * The marks of the members who have read something, by uid: up to which number each has read. Absent: the group has too many members, and
 * keeps none.
 */
export const readMarks = jsonValue<Readonly<Record<string, number>>>('reads', {
  lifetime: 'group',
  bytesMax: 2 + GROUP_READERS_MAX * 40,
  entries: { max: GROUP_READERS_MAX, count: marks => Object.keys(marks).length },
  grows: 'its members, by MarkRead: one number for each, up to 50 members',
  many: 'one',
})

/** The partitions where a member ever lived: their branches have items of the group. */
export const branches = jsonValue<readonly number[]>('branches', {
  lifetime: 'group',
  bytesMax: 2 + PARTITIONS * 4,
  entries: { max: PARTITIONS, count: list => list.length },
  grows: 'who joins: a number for each partition',
  many: 'one',
})

/** A member who lives in the branch's partition, since a number. */
export interface BranchMember {
  readonly uid: number
  readonly since: number
}
/** The time in which somebody was a member: both numbers are of it. */
export interface Period extends BranchMember {
  readonly until: number
}
/** A record of `branch/<partition>/<gid>`. */
export interface Branch {
  readonly members: readonly BranchMember[]
  /** The last periods that have ended, the newest last. */
  readonly former: readonly Period[]
  /** The numbers of the last messages that mention everybody, in order. */
  readonly all: readonly number[]
}
/** The most periods that are kept: of older ones nothing is known, and their members see no later text of a message. */
export const FORMER_MAX = GROUP_MEMBERS_MAX

/**
 * The periods with those that have ended now, FORMER_MAX at most. Too many are the oldest of who has the most: somebody who comes and goes
 * pushes out nobody else's.
 */
export function withEnded(former: readonly Period[], ended: readonly Period[]): readonly Period[] {
  const all = [...former, ...ended]
  if (all.length <= FORMER_MAX) return all
  const counts = new Map<number, number>()
  for (const { uid } of all) counts.set(uid, (counts.get(uid) ?? 0) + 1)
  while (all.length > FORMER_MAX) {
    const most = Math.max(...counts.values())
    const [gone] = all.splice(
      all.findIndex(({ uid }) => counts.get(uid) === most),
      1,
    )
    if (gone !== undefined) counts.set(gone.uid, most - 1)
  }
  return all
}

/** The most numbers that are kept of what mentions somebody, or everybody: the newest. */
export const NOTED_MENTIONS_MAX = 100

/** The numbers with one more, in order: the newest NOTED_MENTIONS_MAX of them. */
export function withMention(numbers: readonly number[], number: number): readonly number[] {
  return numbers.includes(number) ? numbers : [...numbers, number].sort((a, b) => a - b).slice(-NOTED_MENTIONS_MAX)
}

export const branch = jsonRecord<Branch>('branch', {
  fields: { members: [], former: [], all: [] },
  lifetime: 'group',
  bytesMax: 64 + (GROUP_MEMBERS_MAX + FORMER_MAX) * 96 + NOTED_MENTIONS_MAX * 17,
  entries: { max: GROUP_MEMBERS_MAX + FORMER_MAX, count: ({ members, former }) => members.length + former.length },
  grows:
    'who joins and leaves: 500 members, and the last 500 periods that ended; admins, by mentioning everybody: the newest 100',
  many: 'one',
})

/** Whether a user who lives in the branch was a member at this number. Others are not shown a text of that time. */
export function wasMember(here: Branch | undefined, uid: number, number: number): boolean {
  const has = (period: BranchMember): boolean => period.uid === uid && period.since <= number
  if (here === undefined) return false
  return here.members.some(has) || here.former.some(period => has(period) && number <= period.until)
}

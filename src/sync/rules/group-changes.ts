/**
 * What changes a group: each message and each change gets its next number, is appended to its log under that number, and told to its
 * branches (branch.ts). Who may cause it is decided in group.ts.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { encodeItem, GroupAct, type GroupChange, GroupRole } from '../../../protocol/generated/messages.js'
import { GROUP_MEMBERS_MAX, GROUP_READERS_MAX } from '../../../protocol/limits.js'
import { assert } from '../../lib/assert.js'
import { branchActor, encodeReference } from '../references.js'
import type { EffectKind, Tx } from '../types.js'
import { type GroupItem, groupItem } from './branch.js'
import { groupChanged } from './branch-changes.js'
import { debtsActor, noteDebt } from './debts.js'
import {
  type About,
  about,
  branches,
  type Gid,
  groupConversation,
  lastNumber,
  type Member,
  type Members,
  members,
  NO_RULES,
  owed,
  readMarks,
  silenced,
  type Waiting,
  waiting,
} from './group-records.js'
import { groupTold, type Told } from './group-told.js'
import { partitionOfUser, userActor } from './records.js'

/**
 * The jump of numbers per epoch: in each missed epoch some may have been given out and lost, at worst all since a backup. A group has fewer
 * items in one, and the numbers of requests (times, membership.ts) stay above for six thousand epochs.
 */
const NUMBER_JUMP = 2 ** 28

export const NO_MEMBERS: Members = new Map()
const NO_DEBTS: Readonly<Record<string, number>> = {}

/** The gid in a group's actor. */
export function gidOfGroup(actor: string): Gid {
  return actor.slice('group/'.length)
}

/** The last number where there is no record: one may have been lost since the first epoch. */
const NO_NUMBER = { n: 0, epoch: 1 }

/** The last number that the group has given, as far as it knows. */
export function lastGiven(tx: Tx): number {
  return (tx.get(lastNumber) ?? NO_NUMBER).n
}

export function nextNumber(tx: Tx): number {
  const { n, epoch } = tx.get(lastNumber) ?? NO_NUMBER
  const next = n + Math.max(1, NUMBER_JUMP * (tx.epoch - epoch))
  tx.put(lastNumber, { n: next, epoch: tx.epoch })
  return next
}

const partitionsByMembers = new WeakMap<Members, readonly number[]>()

/** The partitions in which these members live. */
export function partitionsOf(list: Members): readonly number[] {
  let found = partitionsByMembers.get(list)
  if (found === undefined) {
    found = [...new Set(Array.from(list.keys(), partitionOfUser))]
    partitionsByMembers.set(list, found)
  }
  return found
}

/**
 * The conversation of a group's log that has its items, and not the notes between them: numbers have gaps, so items are counted along it
 * (services/earlier.ts).
 */
export const GROUP_ITEMS = 'items'

/** Appends an item to the group's log, and tells it to the branches in these partitions. One that cannot be told is owed it. */
export function publish(tx: Tx, partitions: readonly number[], number: number, item: Uint8Array, atMs: number): void {
  append(tx, number, item, GROUP_ITEMS)
  tellBranches(tx, partitions, groupItem, { number, atMs, item })
}

/** Tells all branches, also where only former members live, that a message is changed. The group's log has a note of the message. */
export function publishChanged(
  tx: Tx,
  about: { readonly number: number; readonly of: number },
  item: Uint8Array,
): void {
  const { number, of } = about
  const atMs = tx.nowMs
  const note = encodeReference({ gid: gidOfGroup(tx.actor), number: of, atMs, update: true })
  append(tx, number, note)
  tellBranches(tx, tx.get(branches) ?? [], groupChanged, { number, atMs, item })
}

function append(tx: Tx, number: number, entry: Uint8Array, conversation?: string): void {
  assert(tx.appendAt(number, entry, conversation), 'a number is above all that a group has given')
}

function tellBranches(tx: Tx, partitions: readonly number[], kind: EffectKind<GroupItem>, input: GroupItem): void {
  const { number } = input
  const gid = gidOfGroup(tx.actor)
  const before = tx.get(owed) ?? NO_DEBTS
  let debts = before
  for (const partition of partitions) {
    if (partition in debts) continue
    const target = branchActor(gid, partition)
    if (tx.outboxHasSpace(target)) tx.effect(kind, target, input)
    else debts = { ...debts, [partition]: number }
  }
  if (debts === before) return
  tx.put(owed, debts)
  tx.effect(noteDebt, debtsActor(tx.actor), { gid })
}

type Change = Partial<Omit<GroupChange, 'conversation' | 'number' | 'atMs'>> & Pick<GroupChange, 'act' | 'by'>

/** Publishes a change to the branches of these members. @returns its number */
export function publishChange(tx: Tx, told: Members, change: Change): number {
  const number = nextNumber(tx)
  const conversation = groupConversation(gidOfGroup(tx.actor))
  const blank = { uid: 0, text: '', role: GroupRole.UNSPECIFIED, rules: undefined }
  const value = { ...blank, ...change, conversation, number, atMs: tx.nowMs }
  const item = encodeItem({ skip: 0, content: { case: 'groupChange', value } })
  publish(tx, partitionsOf(told), number, item, tx.nowMs)
  return number
}

function tell(tx: Tx, uid: number, told: Told): void {
  tx.effect(groupTold, userActor(uid), told)
}

/** Tells a user that an invitation or a request has ended without a membership. */
export function tellEnded(tx: Tx, uid: number, number: number): void {
  tell(tx, uid, { act: 'ended', number, until: 0 })
}

export function aboutOf(tx: Tx): About {
  return (
    tx.get(about) ?? {
      title: '',
      announcement: '',
      rules: NO_RULES,
      code: '',
      createdAtMs: 0,
      dissolved: true,
      number: 0,
    }
  )
}

export function waitingFor(tx: Tx): readonly Waiting[] {
  return tx.get(waiting) ?? []
}

/** Puts who waits. The owner and the admins are told when more or fewer ask to join than before. */
export function putWaiting(tx: Tx, list: readonly Waiting[]): void {
  const before = askingIn(waitingFor(tx))
  tx.put(waiting, list)
  const asking = askingIn(list)
  if (asking === before) return
  for (const { uid, since, role } of tx.get(members)?.values() ?? []) {
    if (role >= GroupRole.ADMIN) tell(tx, uid, { act: 'asking', number: since, asking })
  }
}

function askingIn(list: readonly Waiting[]): number {
  return list.filter(({ asks }) => asks).length
}

/** Takes somebody out of those who wait. */
export function waitsNoMore(tx: Tx, uid: number): void {
  const list = waitingFor(tx)
  const others = list.filter(entry => entry.uid !== uid)
  if (others.length < list.length) putWaiting(tx, others)
}

/** A user on the way into the group. */
interface Joining {
  readonly uid: number
  /** The invitation or request that it comes of. */
  readonly via: number
  /** Who invited or let in; the user, if nobody did. */
  readonly by: number
}

/** Makes a user a member. @returns OK, or why not */
export function enter(tx: Tx, { uid, via, by }: Joining): Code {
  const before = tx.get(members) ?? NO_MEMBERS
  waitsNoMore(tx, uid)
  if (before.size >= GROUP_MEMBERS_MAX) {
    tellEnded(tx, uid, via)
    return CODES.GROUP_FULL.code
  }
  const isFirst = before.size === 0
  const role = isFirst ? GroupRole.OWNER : GroupRole.MEMBER
  // The item is told to the new member too: the partitions are those of the members after it.
  const after = new Map(before)
  const entry: Member = { uid, since: 0, role, muted: false, via }
  after.set(uid, entry)
  const change = isFirst ? { act: GroupAct.CREATED, by, text: aboutOf(tx).title } : { act: GroupAct.JOINED, by, uid }
  const since = publishChange(tx, after, change)
  const known = tx.get(branches) ?? []
  const partition = partitionOfUser(uid)
  if (!known.includes(partition)) tx.put(branches, [...known, partition])
  const { history } = aboutOf(tx).rules
  const member: Member = { ...entry, since, muted: wasSilenced(tx, uid), ...(history === 0 ? {} : { history }) }
  after.set(uid, member)
  tx.put(members, after)
  keepMarks(tx, after)
  tellJoined(tx, member)
  return CODES.OK.code
}

/** Whether a user who joins was muted when the last membership ended. It is noted no more. */
function wasSilenced(tx: Tx, uid: number): boolean {
  const list = tx.get(silenced) ?? []
  if (!list.includes(uid)) return false
  putSilenced(tx, uid)
  return true
}

/** Notes who is silenced: the others, and then `last`. */
function putSilenced(tx: Tx, uid: number, ...last: readonly number[]): void {
  const others = (tx.get(silenced) ?? []).filter(other => other !== uid)
  tx.put(silenced, [...others, ...last].slice(-GROUP_MEMBERS_MAX))
}

export function tellJoined(tx: Tx, { uid, since, via, role, muted }: Member): void {
  const { title, announcement, rules, number } = aboutOf(tx)
  tell(tx, uid, { act: 'joined', number: since, via, role, muted, title, announcement, rules, aboutNumber: number })
}

/** Ends a membership. An owner who goes is followed by the oldest admin, else by the oldest member; without one the group has ended. */
export function leave(tx: Tx, member: Member, by: number): void {
  const before = tx.get(members) ?? NO_MEMBERS
  const { uid, since, via, muted } = member
  const act = by === uid ? GroupAct.LEFT : GroupAct.REMOVED
  const until = publishChange(tx, before, { act, by, uid })
  const after = new Map(before)
  after.delete(uid)
  tx.put(members, after)
  keepMarks(tx, after)
  if (muted) putSilenced(tx, uid, uid)
  tell(tx, uid, { act: 'ended', number: since, via, until })
  if (after.size === 0) end(tx)
  else if (member.role === GroupRole.OWNER) {
    const all = [...after.values()]
    const next = all.find(({ role }) => role === GroupRole.ADMIN) ?? all[0]
    if (next !== undefined) setRole(tx, next, GroupRole.OWNER, uid)
  }
}

/** Keeps the marks of those who are members now; none in a large group (read-state.ts). */
function keepMarks(tx: Tx, now: Members): void {
  const before = tx.get(readMarks)
  if (now.size > GROUP_READERS_MAX) {
    if (before !== undefined) tx.remove(readMarks)
    return
  }
  const marks = Object.entries(before ?? {})
  const kept = marks.filter(([uid]) => now.has(Number(uid)))
  if (before === undefined || kept.length < marks.length) tx.put(readMarks, Object.fromEntries(kept))
}

/** Ends the group: nobody is in it, and nobody comes any more. */
export function end(tx: Tx): void {
  tx.put(about, { ...aboutOf(tx), dissolved: true, code: '' })
  for (const { uid, number } of waitingFor(tx)) tellEnded(tx, uid, number)
  tx.remove(waiting)
  tx.remove(readMarks)
  tx.remove(silenced)
}

export function setMember(tx: Tx, member: Member): void {
  // A map keeps the place of a key: the order is that of joining.
  tx.put(members, new Map(tx.get(members) ?? NO_MEMBERS).set(member.uid, member))
  const { uid, since, role, muted } = member
  const asking = role >= GroupRole.ADMIN ? askingIn(waitingFor(tx)) : 0
  tell(tx, uid, { act: 'state', number: since, role, muted, asking })
}

export function setRole(tx: Tx, member: Member, role: GroupRole, by: number): void {
  publishChange(tx, tx.get(members) ?? NO_MEMBERS, { act: GroupAct.ROLE_SET, by, uid: member.uid, role })
  setMember(tx, { ...member, role, muted: false })
}

/** Puts what the group is, tells the change, and tells all members' own records. */
export function setAbout(tx: Tx, after: About, change: Change): void {
  const list = tx.get(members) ?? NO_MEMBERS
  const number = publishChange(tx, list, change)
  tx.put(about, { ...after, number })
  const { title, announcement, rules } = after
  const told = { act: 'about', title, announcement, rules, aboutNumber: number } as const
  tx.fanOut(groupTold, Array.from(list.keys(), userActor), told)
}

/** Invites those who neither are members nor wait. @returns OK, or why none of them could be */
export function invite(tx: Tx, by: number, uids: readonly number[]): Code {
  const list = tx.get(members) ?? NO_MEMBERS
  const known = waitingFor(tx)
  const fresh = [...new Set(uids)].filter(uid => !list.has(uid) && !known.some(entry => entry.uid === uid))
  if (fresh.length === 0) return uids.length === 0 ? CODES.OK.code : CODES.ALREADY_MEMBER.code
  const places = Math.min(GROUP_MEMBERS_MAX - known.length, GROUP_MEMBERS_MAX - list.size)
  const invited = fresh.slice(0, Math.max(0, places))
  const { title } = aboutOf(tx)
  const added = invited.map(uid => ({ uid, number: nextNumber(tx), asks: false, by }))
  if (added.length > 0) putWaiting(tx, [...known, ...added])
  for (const { uid, number } of added) tell(tx, uid, { act: 'invited', number, by, title })
  return added.length === 0 ? CODES.GROUP_FULL.code : CODES.OK.code
}

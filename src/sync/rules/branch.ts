/**
 * The branches of a group: what it has in each partition where members live. The group tells each branch its items in order. A branch keeps
 * an item once, in its own log under the item's number, and appends a reference to it to the timeline of each member of its partition
 * (sync/references.ts). No record of a member is read.
 *
 * Who is a member follows from the items themselves: a joining is the first that its member gets, an end of membership the last. So a
 * branch that gets old items late gives each to those who were members at its number.
 */
import { decodeItem, GroupAct, type GroupChange } from '../../../protocol/generated/messages.js'
import type { Actor } from '../../store/types.js'
import { itemEffect } from '../effect-kinds.js'
import { branchActor, encodeReference } from '../references.js'
import type { EffectKind, Shared, Tx } from '../types.js'
import { noteMention } from './conversation-records.js'
import { type Branch, branch, type Gid, groupConversation, withEnded, withMention } from './group-records.js'
import { CHANGE_TAG } from './item-tags.js'
import { EVERYBODY, mentionsOf } from './mentions.js'
import { partitionOfUser, profile, uidOf, userActor } from './records.js'

/** An item of a group, for its members of one partition. */
export interface GroupItem {
  readonly number: number
  readonly atMs: number
  /** An encoded Item: a ConversationMessage or a GroupChange. */
  readonly item: Uint8Array
}

const NOBODY_HERE: Branch = { members: [], former: [], all: [] }

/** The branch of a group where this user lives. */
function branchOf(gid: Gid, uid: number): Actor {
  return branchActor(gid, partitionOfUser(uid))
}

/** The gid in a branch's actor. */
export function gidOfBranch(actor: Actor): Gid {
  return actor.slice(actor.indexOf('/', 'branch/'.length) + 1)
}

/** Makes an effect that tells a branch an item of its group. */
export function branchEffect(kind: Pick<EffectKind<GroupItem>, 'name' | 'run'>): EffectKind<GroupItem> {
  return itemEffect<GroupItem>({ number: 'float64', atMs: 'float64' }, kind)
}

export const groupItem = branchEffect({
  name: 'group-item',
  run(tx, input) {
    const { number, item } = input
    const gid = gidOfBranch(tx.actor)
    const change = changeIn(item)
    const before = tx.get(branch) ?? NOBODY_HERE
    const entered = change === undefined ? before : withEntered(tx, before, change)
    if (entered.members.length === 0 || !tx.appendAt(number, item)) return
    tx.share(actorsOf(entered), sharedOf(gid, input))
    const after = change === undefined ? withMentions(tx, entered, input) : withLeft(entered, change)
    if (after !== before) tx.put(branch, after)
  },
})

/** What each member gets of an item; made once for all branches that take it in one unit. */
const sharedByItem = new WeakMap<GroupItem, Shared>()

function sharedOf(gid: Gid, input: GroupItem): Shared {
  const known = sharedByItem.get(input)
  if (known !== undefined) return known
  const { number, atMs, item } = input
  const shared = {
    conversation: groupConversation(gid),
    bytes: encodeReference({ gid, number, atMs }),
    shown: item,
  }
  sharedByItem.set(input, shared)
  return shared
}

/** Whom each message mentions; found once for all branches that take it in one unit. */
const mentionedByItem = new WeakMap<GroupItem, readonly number[]>()

function mentionedIn(input: GroupItem): readonly number[] {
  let mentioned = mentionedByItem.get(input)
  if (mentioned === undefined) {
    mentioned = mentionsOf(input.item)
    mentionedByItem.set(input, mentioned)
  }
  return mentioned
}

/**
 * Notes whom a message mentions of those who live here, each in the user's own record. That everybody is mentioned is noted once, in the
 * branch's: this reads no record of other members. What came before a joining counts no mention (read-state.ts), so none is noted.
 * @param of the number of the message
 */
export function withMentions(tx: Tx, before: Branch, input: GroupItem, of = input.number): Branch {
  const mentioned = mentionedIn(input)
  if (mentioned.length === 0) return before
  for (const { uid, since } of before.members) {
    if (since <= of && mentioned.includes(uid)) noteMention(tx.at(userActor(uid)), gidOfBranch(tx.actor), of)
  }
  const all = mentioned.includes(EVERYBODY) ? withMention(before.all, of) : before.all
  return all === before.all ? before : { ...before, all }
}

/** The actors of a branch's members; made once for each state of it. */
const actorsByBranch = new WeakMap<Branch, readonly Actor[]>()

function actorsOf(known: Branch): readonly Actor[] {
  let actors = actorsByBranch.get(known)
  if (actors === undefined) {
    actors = known.members.map(({ uid }) => userActor(uid))
    actorsByBranch.set(known, actors)
  }
  return actors
}

/** The change that an item is; undefined for a message. */
function changeIn(item: Uint8Array): GroupChange | undefined {
  if (item[0] !== CHANGE_TAG) return undefined
  const { content } = decodeItem(item)
  return content?.case === 'groupChange' ? content.value : undefined
}

/** Who becomes a member by the change; 0: nobody. */
export function joinedBy({ act, by, uid }: GroupChange): number {
  if (act === GroupAct.CREATED) return by
  return act === GroupAct.JOINED ? uid : 0
}

/** The branch with the member that the change brings. A deleted user becomes none: nothing is written to the log any more. */
function withEntered(tx: Tx, before: Branch, change: GroupChange): Branch {
  const uid = joinedBy(change)
  if (uid === 0 || branchOf(gidOfBranch(tx.actor), uid) !== tx.actor) return before
  if (tx.at(userActor(uid)).get(profile)?.deleted !== false) return before
  const others = before.members.filter(member => member.uid !== uid)
  return { ...before, members: [...others, { uid, since: change.number }] }
}

/** The branch without the members whose membership the change ends. */
function withLeft(before: Branch, { act, uid, number }: GroupChange): Branch {
  switch (act) {
    case GroupAct.LEFT:
    case GroupAct.REMOVED:
      return without(before, member => member === uid, number)
    case GroupAct.DISSOLVED:
      return without(before, () => true, number)
    default:
      return before
  }
}

function without(before: Branch, leaves: (uid: number) => boolean, until: number): Branch {
  const { members, former } = before
  const ended = members.filter(({ uid }) => leaves(uid)).map(member => ({ ...member, until }))
  return {
    ...before,
    members: members.filter(({ uid }) => !leaves(uid)),
    former: withEnded(former, ended),
  }
}

/** Takes a user out of the group's branch where the user lives: from this unit on nothing of the group is written to the user's log. */
export function forgetMember(tx: Tx, gid: Gid): void {
  const uid = uidOf(tx.actor)
  const here = tx.at(branchOf(gid, uid))
  const before = here.get(branch)
  if (before === undefined) return
  const isOther = (member: { readonly uid: number }): boolean => member.uid !== uid
  here.put(branch, { ...before, members: before.members.filter(isOther), former: before.former.filter(isOther) })
}

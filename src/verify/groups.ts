/** Groups: the group, its branches and its members say the same, unless one has still to hear of another's last act. */

import { GroupState } from '../../protocol/generated/messages.js'
import type { Actor } from '../store/types.js'
import type { StoreView } from '../store/view.js'
import { partitionActorOf } from '../sync/fan-out.js'
import { pairOut } from '../sync/record-kinds.js'
import { branchActor, groupActor, isBranchActor, isGroupActor } from '../sync/references.js'
import { gidOfBranch } from '../sync/rules/branch.js'
import { debtor, debtsActor } from '../sync/rules/debts.js'
import { gidOfGroup } from '../sync/rules/group-changes.js'
import {
  type About,
  about,
  branch,
  type Gid,
  groupIndex,
  lastNumber,
  type Member,
  members,
  owed,
  type UserGroup,
  userGroup,
  type Waiting,
  waiting,
} from '../sync/rules/group-records.js'
import { partitionOfUser, profile, userActor } from '../sync/rules/records.js'
import type { Findings, NamedRecord } from './findings.js'
import { recordOf } from './reader.js'

const { UNSPECIFIED, INVITED, ASKED, MEMBER } = GroupState

export class GroupCheck {
  readonly #view: StoreView
  readonly #findings: Findings

  constructor(view: StoreView, findings: Findings) {
    this.#view = view
    this.#findings = findings
  }

  record({ actor, uid, prefix, id, bytes }: NamedRecord): void {
    if (prefix === userGroup.prefix && uid !== 0) this.#user(uid, id, userGroup.decode(bytes))
    else if (prefix === members.prefix && isGroupActor(actor)) this.#members(gidOfGroup(actor), members.decode(bytes))
    else if (prefix === waiting.prefix && isGroupActor(actor)) this.#waiting(gidOfGroup(actor), waiting.decode(bytes))
    else if (prefix === branch.prefix && isBranchActor(actor)) this.#branch(actor, bytes)
    else if (prefix === owed.prefix && isGroupActor(actor)) this.#owed(actor, owed.decode(bytes))
  }

  /** Checks what a user is to a group against the group's own records. */
  #user(uid: number, gid: Gid, own: UserGroup): void {
    // What a deleted account still has goes in slices.
    if (this.#isGone(uid)) return
    const { groups, invitations } = recordOf(this.#view, userActor(uid), groupIndex) ?? { groups: [], invitations: [] }
    const isListed = own.state === INVITED ? invitations.includes(gid) : groups.includes(gid)
    if (isListed !== (own.state !== UNSPECIFIED))
      this.#findings.fault(`the index of user ${uid} is wrong about group ${gid}`)
    if (this.#isUnderWay(uid, gid)) return
    const group = groupActor(gid)
    const member = recordOf(this.#view, group, members)?.get(uid)
    const waits = recordOf(this.#view, group, waiting)?.find(entry => entry.uid === uid)
    if (!isAgreed(own, member, waits)) {
      this.#findings.fault(
        `user ${uid} is ${own.state} of ${own.number} to group ${gid}, and the group knows otherwise`,
      )
    } else if (member !== undefined && !isSameAbout(own, recordOf(this.#view, group, about))) {
      this.#findings.fault(`user ${uid} has another title, announcement or rules of group ${gid} than the group`)
    }
  }

  #members(gid: Gid, list: ReadonlyMap<number, Member>): void {
    if (list.size > 0) this.#findings.counts.groups += 1
    const last = recordOf(this.#view, groupActor(gid), lastNumber)?.n ?? 0
    for (const { uid, since } of list.values()) {
      if (since > last)
        this.#findings.fault(`user ${uid} is a member of ${gid} since ${since}, which it has not given out`)
      const here = recordOf(this.#view, branchActor(gid, partitionOfUser(uid)), branch)
      const inBranch = here?.members.find(member => member.uid === uid)
      const isTold = !this.#isBehind(gid, uid) && !this.#isGone(uid)
      if (isTold && inBranch?.since !== since)
        this.#findings.fault(`user ${uid} is a member of ${gid}, and its branch knows otherwise`)
      this.#other(gid, uid)
    }
  }

  #waiting(gid: Gid, list: readonly Waiting[]): void {
    for (const { uid } of list) this.#other(gid, uid)
  }

  /** Checks that a user of whom the group knows something has a record of it. */
  #other(gid: Gid, uid: number): void {
    if (this.#isGone(uid) || this.#isUnderWay(uid, gid)) return
    if (recordOf(this.#view, userActor(uid), userGroup, gid) === undefined) {
      this.#findings.fault(`group ${gid} knows user ${uid}, who knows nothing of it`)
    }
  }

  #branch(actor: Actor, bytes: Uint8Array): void {
    const gid = gidOfBranch(actor)
    const list = recordOf(this.#view, groupActor(gid), members)
    for (const { uid, since } of branch.decode(bytes).members) {
      if (branchActor(gid, partitionOfUser(uid)) !== actor)
        this.#findings.fault(`user ${uid} is in ${actor}, of another partition`)
      if (this.#isBehind(gid, uid) || this.#isGone(uid)) continue
      if (list?.get(uid)?.since !== since)
        this.#findings.fault(`${actor} has user ${uid} since ${since}, who is no such member`)
    }
  }

  /** Checks that what a group owes is noted where the job looks that pays it. */
  #owed(group: Actor, debts: Readonly<Record<string, number>>): void {
    const [gid, noting] = [gidOfGroup(group), debtsActor(group)]
    if (Object.keys(debts).length === 0 || this.#waits(group, noting)) return
    if (recordOf(this.#view, noting, debtor, gid) === undefined)
      this.#findings.fault(`group ${gid} owes its items to some partitions, and no job knows of it`)
  }

  #isGone(uid: number): boolean {
    return recordOf(this.#view, userActor(uid), profile)?.deleted !== false
  }

  /** Whether something between the user and the group has not arrived. */
  #isUnderWay(uid: number, gid: Gid): boolean {
    const [user, group] = [userActor(uid), groupActor(gid)]
    return this.#waits(user, group) || this.#waits(group, user) || this.#waits(group, partitionActorOf(user))
  }

  /** Whether the user's branch has not got all items of the group. */
  #isBehind(gid: Gid, uid: number): boolean {
    const [group, partition] = [groupActor(gid), partitionOfUser(uid)]
    const isOwed = partition in (recordOf(this.#view, group, owed) ?? {})
    return isOwed || this.#waits(group, branchActor(gid, partition)) || this.#waits(userActor(uid), group)
  }

  #waits(source: Actor, target: Actor): boolean {
    const out = recordOf(this.#view, source, pairOut, target)
    return out !== undefined && out.sent !== out.settled
  }
}

function isSameAbout(own: UserGroup, now: About | undefined): boolean {
  if (now === undefined) return false
  const [mine, theirs] = [own, now].map(({ title, announcement, rules }) =>
    JSON.stringify([title, announcement, rules]),
  )
  return own.aboutNumber === now.number && mine === theirs
}

function isAgreed({ state, number }: UserGroup, member: Member | undefined, waits: Waiting | undefined): boolean {
  switch (state) {
    case MEMBER:
      return member?.since === number
    case INVITED:
      return waits?.asks === false && waits.number === number
    case ASKED:
      return waits?.asks === true && waits.number === number
    case UNSPECIFIED:
      return member === undefined && waits === undefined
    default:
      return false
  }
}

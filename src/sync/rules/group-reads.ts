/** What members read of a group: its state, and who is in it. */
import { GroupJoin, GroupRole, type GroupRules } from '../../../protocol/generated/messages.js'
import type { Transition } from '../types.js'
import { NO_MEMBERS, partitionsOf } from './group-changes.js'
import { about, type Member, members, type Waiting, waiting } from './group-records.js'

export interface GroupView {
  readonly title: string
  readonly announcement: string
  readonly rules: GroupRules
  /** The owner's uid. */
  readonly owner: number
  /** The number of members. */
  readonly members: number
  /** '' for who may invite nobody, and if nobody may join by one. */
  readonly code: string
  readonly createdAtMs: number
}

/** The group as a member sees it; undefined for anybody else. */
export const getGroup: Transition<{ readonly uid: number }, GroupView | undefined> = {
  name: 'group.get',
  soft: true,
  reads: () => [[about], [members]],
  run(tx, { uid }) {
    const list = tx.get(members)
    const what = tx.get(about)
    const member = list?.get(uid)
    if (list === undefined || what === undefined || member === undefined) return undefined
    const { title, announcement, rules, createdAtMs } = what
    const owner = [...list.values()].find(({ role }) => role === GroupRole.OWNER)?.uid ?? 0
    const mayInvite = !rules.adminsInvite || member.role >= GroupRole.ADMIN
    const code = mayInvite && rules.join !== GroupJoin.UNSPECIFIED ? what.code : ''
    return { title, announcement, rules, owner, members: list.size, code, createdAtMs }
  },
}

export interface GroupSize {
  readonly members: number
  /** The partitions in which they live: each has a copy of every message. */
  readonly partitions: number
}

/** The size of a group, whoever asks. */
export const groupSize: Transition<unknown, GroupSize> = {
  name: 'group.size',
  soft: true,
  reads: () => [[members]],
  run(tx) {
    const list = tx.get(members) ?? NO_MEMBERS
    return { members: list.size, partitions: partitionsOf(list).length }
  },
}

/** The part of a group's past that a member may read: the last items before the joining. */
export interface Past {
  /** The number of the joining. */
  readonly since: number
  /** The most items. */
  readonly items: number
}

/** What a member may read of what lies before, as it is by now: not what this node last saw; undefined for who is none. */
export const groupPast: Transition<{ readonly uid: number }, Past | undefined> = {
  name: 'group.past',
  reads: () => [[members]],
  run(tx, { uid }) {
    const member = tx.get(members)?.get(uid)
    return member && { since: member.since, items: member.history ?? 0 }
  },
}

export interface MembersInput {
  readonly uid: number
  /** The uid of the last one of the page before; 0: from the first. */
  readonly after: number
  readonly limit: number
}

export interface MembersPage {
  readonly members: readonly Pick<Member, 'uid' | 'role' | 'muted' | 'since'>[]
  /** Those who are no members yet, on the same page; only for admins. */
  readonly waiting: readonly Waiting[]
  /** The uid behind which the next page begins; 0: this is the last. */
  readonly next: number
}

/** A page of the members by uid; undefined for who is none. */
export const groupMembers: Transition<MembersInput, MembersPage | undefined> = {
  name: 'group.members',
  soft: true,
  reads: () => [[members], [waiting]],
  run(tx, { uid, after, limit }) {
    const list = tx.get(members)
    const asker = list?.get(uid)
    if (list === undefined || asker === undefined) return undefined
    const waits = asker.role >= GroupRole.ADMIN ? (tx.get(waiting) ?? []) : []
    const behind = [...list.keys(), ...waits.map(entry => entry.uid)].filter(other => other > after)
    const page = behind.sort((a, b) => a - b).slice(0, limit)
    const here = new Set(page)
    return {
      members: [...list.values()].filter(member => here.has(member.uid)),
      waiting: waits.filter(entry => here.has(entry.uid)),
      next: behind.length > page.length ? (page.at(-1) ?? 0) : 0,
    }
  },
}

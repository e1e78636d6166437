/**
 * The side of the group: who is in it, what they may do, and the order of all that happens. The group gives each message and each change the
 * next number, appends it to its own log under that number, and tells its branches (branch.ts). The side of the users is membership.ts.
 *
 *   invite ─► WAITING(i) ── yes(i) ──► MEMBER(J) ── leave(J), remove ──► none
 *   ask(r) ─► WAITING(r) ── approve ──►    │
 *        └──── by the code alone ─────►    └── leave(i), leave(r): it crossed the joining that came of i, of r
 *
 * Each act names the number of what it is about: of the invitation, the request, or the membership (the number of its joining). One that
 * comes late names what is no longer there: it changes nothing, and its author is told how it ended.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { GroupAct, GroupJoin, GroupRole, type MessageExtra } from '../../../protocol/generated/messages.js'
import { extraOf, withNumber } from '../../../protocol/item-codec.js'
import { GROUP_MEMBERS_MAX } from '../../../protocol/limits.js'
import { itemEffect, jsonEffect } from '../effect-kinds.js'
import type { EffectKind, Tx } from '../types.js'
import {
  aboutOf,
  end,
  enter,
  gidOfGroup,
  invite,
  lastGiven,
  leave,
  NO_MEMBERS,
  nextNumber,
  partitionsOf,
  publish,
  publishChange,
  putWaiting,
  setAbout,
  setMember,
  setRole,
  tellEnded,
  tellJoined,
  waitingFor,
  waitsNoMore,
} from './group-changes.js'
import { type About, about, type Member, members } from './group-records.js'
import { groupRefused, groupTold } from './group-told.js'
import { uidOf, userActor } from './records.js'

/** A new group, from its maker. */
interface Made {
  readonly title: string
  readonly uids: readonly number[]
  readonly device: number
  readonly sendSeq: number
}

export const groupMade: EffectKind<Made> = jsonEffect({
  name: 'group-made',
  run(tx, { title, uids }, source) {
    const by = uidOf(source)
    if (tx.get(about) !== undefined) {
      // The store had lost that it was made at the maker's side alone.
      const maker = tx.get(members)?.get(by)
      if (maker !== undefined) tellJoined(tx, maker)
      return
    }
    tx.put(about, { ...aboutOf(tx), title, createdAtMs: tx.nowMs, dissolved: false })
    enter(tx, { uid: by, via: 0, by })
    invite(tx, by, uids)
  },
  refused(tx, made, source) {
    tellEnded(tx, uidOf(source), 0)
    refuse(tx, source, made, CODES.REFUSED.code)
  },
})

/** A user's word about the own part: about an invitation, a request, or the membership of this number. */
export interface Word {
  readonly word: 'yes' | 'no' | 'ask' | 'leave'
  readonly number: number
  /** The code to join by, with 'ask'. */
  readonly code?: string
  /** The request of the device that it comes of; 0: of none. It is told if the group refuses. */
  readonly device: number
  readonly sendSeq: number
}

export const groupWord: EffectKind<Word> = jsonEffect({
  name: 'group-word',
  run(tx, said, source) {
    const code = heard(tx, uidOf(source), said)
    if (code !== CODES.OK.code && said.device !== 0) refuse(tx, source, said, code)
  },
  refused(tx, said, source) {
    tellEnded(tx, uidOf(source), said.number)
    if (said.device !== 0) refuse(tx, source, said, CODES.REFUSED.code)
  },
})

function heard(tx: Tx, uid: number, { word, number, code = '' }: Word): Code {
  const member = tx.get(members)?.get(uid)
  const waits = waitingFor(tx).find(entry => entry.uid === uid)
  switch (word) {
    case 'yes':
      if (waits !== undefined && !waits.asks && waits.number === number) {
        return enter(tx, { uid, via: number, by: waits.by })
      }
      if (member?.via === number) return CODES.OK.code
      tellEnded(tx, uid, number)
      return CODES.NO_SUCH_INVITATION.code
    case 'no':
      if (waits !== undefined && !waits.asks && waits.number === number) waitsNoMore(tx, uid)
      return CODES.OK.code
    case 'ask':
      return asked(tx, uid, number, code)
    case 'leave':
      if (member !== undefined && (member.since === number || member.via === number)) leave(tx, member, uid)
      else {
        if (waits?.number === number) waitsNoMore(tx, uid)
        tellEnded(tx, uid, number)
      }
      return CODES.OK.code
  }
}

/** Takes a request to join. Who is invited needs no code. */
function asked(tx: Tx, uid: number, number: number, code: string): Code {
  if (tx.get(members)?.has(uid) === true) {
    tellEnded(tx, uid, number)
    return CODES.ALREADY_MEMBER.code
  }
  const waits = waitingFor(tx).find(entry => entry.uid === uid)
  if (waits !== undefined && !waits.asks) return enter(tx, { uid, via: number, by: waits.by })
  const { rules, code: right, dissolved } = aboutOf(tx)
  const isOpen = !dissolved && rules.join !== GroupJoin.UNSPECIFIED && right !== '' && code === right
  if (isOpen && rules.join === GroupJoin.CODE) return enter(tx, { uid, via: number, by: uid })
  const list = waitingFor(tx).filter(entry => entry.uid !== uid)
  if (isOpen && list.length < GROUP_MEMBERS_MAX) {
    putWaiting(tx, [...list, { uid, number, asks: true, by: 0 }])
    return CODES.OK.code
  }
  tellEnded(tx, uid, number)
  return isOpen ? CODES.GROUP_FULL.code : CODES.WRONG_CODE.code
}

/** What a member does to the group or to another. */
export type MemberAct =
  | { readonly act: 'invite'; readonly uids: readonly number[] }
  | { readonly act: 'approve'; readonly uid: number; readonly request: number; readonly yes: boolean }
  | { readonly act: 'remove'; readonly uid: number; readonly number: number }
  | { readonly act: 'rename'; readonly title: string }
  | { readonly act: 'announce'; readonly announcement: string }
  /** `code`: a new one, to be used if there is none or the one that is known is to go. */
  | { readonly act: 'rules'; readonly rules: About['rules']; readonly code: string; readonly newCode: boolean }
  | { readonly act: 'role'; readonly uid: number; readonly role: GroupRole }
  | { readonly act: 'mute'; readonly uid: number; readonly muted: boolean }
  | { readonly act: 'dissolve' }

/** An act, by the member since `period`, with the number of the request that it comes of. */
interface Done {
  readonly did: MemberAct
  readonly period: number
  readonly device: number
  readonly sendSeq: number
}

export const groupDone: EffectKind<Done> = jsonEffect({
  name: 'group-done',
  run(tx, done, source) {
    const by = tx.get(members)?.get(uidOf(source))
    const code = by?.since === done.period ? act(tx, by, done.did) : CODES.NOT_MEMBER.code
    if (code !== CODES.OK.code) refuse(tx, source, done, code)
  },
  refused(tx, done, source) {
    refuse(tx, source, done, CODES.REFUSED.code)
  },
})

export function refuse(
  tx: Tx,
  source: string,
  { device, sendSeq }: Pick<Done, 'device' | 'sendSeq'>,
  code: Code,
): void {
  tx.effect(groupRefused, source, { gid: gidOfGroup(tx.actor), device, sendSeq, code })
}

const NOT_ALLOWED = CODES.NOT_ADMIN.code

/** Whether a member's role allows an act at all. What it may do to whom is the act's own question. */
export function mayDo(role: GroupRole, adminsInvite: boolean, did: MemberAct['act']): boolean {
  if (did === 'invite' && !adminsInvite) return role >= GroupRole.MEMBER
  return role >= (did === 'role' || did === 'dissolve' ? GroupRole.OWNER : GroupRole.ADMIN)
}

function act(tx: Tx, by: Member, did: MemberAct): Code {
  const now = aboutOf(tx)
  if (!mayDo(by.role, now.rules.adminsInvite, did.act)) return NOT_ALLOWED
  switch (did.act) {
    case 'invite':
      return invite(tx, by.uid, did.uids)
    case 'approve':
      return approve(tx, by.uid, did)
    case 'remove':
      return remove(tx, by, did)
    case 'rename':
      setAbout(tx, { ...now, title: did.title }, { act: GroupAct.RENAMED, by: by.uid, text: did.title })
      return CODES.OK.code
    case 'announce': {
      const { announcement } = did
      setAbout(tx, { ...now, announcement }, { act: GroupAct.ANNOUNCED, by: by.uid, text: announcement })
      return CODES.OK.code
    }
    case 'rules': {
      const { rules } = did
      const isOpen = rules.join !== GroupJoin.UNSPECIFIED
      const code = isOpen && (did.newCode || now.code === '') ? did.code : now.code
      setAbout(tx, { ...now, rules, code }, { act: GroupAct.RULES_SET, by: by.uid, rules })
      return CODES.OK.code
    }
    case 'role':
      return role(tx, by, did)
    case 'mute':
      return mute(tx, by, did)
    case 'dissolve':
      dissolve(tx, by.uid)
      return CODES.OK.code
  }
}

function approve(tx: Tx, by: number, { uid, request, yes }: MemberAct & { readonly act: 'approve' }): Code {
  const waits = waitingFor(tx).find(entry => entry.uid === uid && entry.asks && entry.number === request)
  if (waits === undefined) return CODES.NO_SUCH_REQUEST.code
  if (yes) return enter(tx, { uid, via: request, by })
  waitsNoMore(tx, uid)
  tellEnded(tx, uid, request)
  return CODES.OK.code
}

function remove(tx: Tx, by: Member, { uid, number }: MemberAct & { readonly act: 'remove' }): Code {
  const isMeant = (known: number): boolean => number === 0 || number === known
  const member = tx.get(members)?.get(uid)
  if (member !== undefined && isMeant(member.since)) {
    if (uid === by.uid) return CODES.SELF.code
    if (member.role >= by.role) return NOT_ALLOWED
    leave(tx, member, by.uid)
    return CODES.OK.code
  }
  const waits = waitingFor(tx).find(entry => entry.uid === uid && isMeant(entry.number))
  if (waits === undefined) return CODES.NOT_MEMBER.code
  waitsNoMore(tx, uid)
  tellEnded(tx, uid, waits.number)
  return CODES.OK.code
}

function role(tx: Tx, by: Member, { uid, role: next }: MemberAct & { readonly act: 'role' }): Code {
  const member = tx.get(members)?.get(uid)
  if (member === undefined) return CODES.NOT_MEMBER.code
  if (uid === by.uid) return CODES.SELF.code
  if (next === GroupRole.OWNER) setRole(tx, by, GroupRole.ADMIN, by.uid)
  if (member.role !== next) setRole(tx, member, next, by.uid)
  return CODES.OK.code
}

function mute(tx: Tx, by: Member, { uid, muted }: MemberAct & { readonly act: 'mute' }): Code {
  const list = tx.get(members) ?? NO_MEMBERS
  const member = list.get(uid)
  if (member === undefined) return CODES.NOT_MEMBER.code
  if (member.role !== GroupRole.MEMBER) return NOT_ALLOWED
  if (member.muted === muted) return CODES.OK.code
  publishChange(tx, list, { act: muted ? GroupAct.MUTED : GroupAct.UNMUTED, by: by.uid, uid })
  setMember(tx, { ...member, muted })
  return CODES.OK.code
}

function dissolve(tx: Tx, by: number): void {
  const list = tx.get(members) ?? NO_MEMBERS
  const until = publishChange(tx, list, { act: GroupAct.DISSOLVED, by })
  tx.put(members, NO_MEMBERS)
  end(tx)
  tx.fanOut(groupTold, Array.from(list.keys(), userActor), { act: 'dissolved', until })
}

/** A message on its way to the group. */
export interface Said {
  /** The number since which its author is a member. */
  readonly period: number
  readonly device: number
  readonly sendSeq: number
  readonly atMs: number
  /** The item without its number. */
  readonly item: Uint8Array
}

/** Makes the effect of what a member's request says or changes in the group. It is told back if it could not be processed. */
export function saidEffect(kind: Pick<EffectKind<Said>, 'name' | 'run'>): EffectKind<Said> {
  return itemEffect<Said>(
    { period: 'float64', device: 'uint32', sendSeq: 'float64', atMs: 'float64' },
    { ...kind, refused: (tx, said, source) => refuse(tx, source, said, CODES.REFUSED.code) },
  )
}

export const groupSaid = saidEffect({
  name: 'group-said',
  run(tx, said, source) {
    const list = tx.get(members) ?? NO_MEMBERS
    const member = list.get(uidOf(source))
    const code = member?.since === said.period ? mayWrite(tx, member, said.item) : CODES.NOT_MEMBER.code
    if (code !== CODES.OK.code) {
      refuse(tx, source, said, code)
      return
    }
    const number = nextNumber(tx)
    publish(tx, partitionsOf(list), number, withNumber(said.item, number), said.atMs)
  },
})

/** Whether the member may write nothing in the group. */
export function isSilent(tx: Tx, { role, muted }: Member): boolean {
  return muted || (role === GroupRole.MEMBER && aboutOf(tx).rules.adminsWrite)
}

/** Whether the member may write in the group, and write this: a message, or the new text of one. */
export function mayWrite(tx: Tx, member: Member, item: Uint8Array): Code {
  const { role } = member
  if (isSilent(tx, member)) return CODES.MUTED.code
  const extra = extraOf(item)
  if (extra === undefined) return CODES.OK.code
  if (extra.reply !== undefined && extra.reply.number > lastGiven(tx)) return CODES.NO_SUCH_MESSAGE.code
  return mayMention(role, extra) ? CODES.OK.code : CODES.BAD_MENTIONS.code
}

/** Whether a member with this role may mention whom the message does: only admins mention all. */
export function mayMention(role: GroupRole, { mentions }: MessageExtra): boolean {
  return role >= GroupRole.ADMIN || mentions.every(({ uid }) => uid !== 0)
}

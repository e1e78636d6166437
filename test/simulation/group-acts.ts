/** What people do in groups. */

import type { Client } from '../../clients/typescript/api/client.js'
import type { Group } from '../../clients/typescript/rules/group-list.js'
import type { ConversationId } from '../../protocol/conversation-id.js'
import { partitionOf } from '../../src/store/partition.js'
import { groupActor } from '../../src/sync/references.js'
import {
  about,
  type Gid,
  gidOf,
  groupConversation,
  members,
  newGid,
  waiting,
} from '../../src/sync/rules/group-records.js'
import type { Act } from './acts.js'
import { mentions } from './change-acts.js'
import type { Phone } from './phone.js'
import type { Stage } from './stage.js'

const GROUPS_MAX = 3

export const writeInGroup: Act = (stage, _phone, client) => {
  const group = stage.pick(client.groups.list())
  if (group !== undefined) {
    const count = stage.chance(0.1) ? 2 + stage.random.integer(12) : 1
    for (let i = 0; i < count; i += 1) {
      const text = stage.nextText()
      client.send(group.conversation, text, { mentions: mentions(stage, text) })
    }
  }
}

/** Comes in, says no, or goes. */
export const joinIn: Act = (stage, _phone, client) => {
  const gid = stage.pick(stage.groups)
  if (gid === undefined) return
  const conversation = groupConversation(gid) as ConversationId
  const { groups } = client
  const state = groups.group(conversation)?.state ?? 'none'
  const dice = stage.random.fraction()
  if (state === 'invited') void (dice < 0.75 ? groups.accept(conversation) : groups.decline(conversation))
  else if (state === 'none') void groups.join(conversation, codeOf(stage, gid))
  else if (dice < 0.3) void groups.leave(conversation)
}

/** What a member may do, or may not. */
export const manageGroup: Act = (stage, phone, client) => {
  const group = stage.pick(client.groups.list().filter(({ state }) => state === 'member'))
  const other = stage.pick(othersOf(stage, phone))
  const gid = gidOf(group?.conversation ?? '')
  if (group === undefined || gid === undefined || other === undefined) return
  manage(stage, client, group, gid, other)
}

function manage(stage: Stage, { groups }: Client, { conversation }: Group, gid: Gid, other: number): void {
  const { random, chance, ledger } = stage
  switch (random.integer(10)) {
    case 0:
    case 1:
    case 2:
      return void groups.invite(conversation, [other])
    case 3:
    case 4:
      return void groups.remove(conversation, other, chance(0.5) ? 0 : (numberOf(stage, gid, other) ?? 0))
    case 5:
      return void (chance(0.7) ? groups.rename(conversation, stage.nextTitle()) : groups.announce(conversation, 'well'))
    case 6:
      return void groups.mute(conversation, other, chance(0.4))
    case 7:
      return void groups.setRole(conversation, other, stage.pick(['member', 'admin', 'owner'] as const) ?? 'member')
    case 8: {
      const join = stage.pick(['closed', 'code', 'approval'] as const) ?? 'closed'
      const rules = { join, adminsInvite: chance(0.3), adminsWrite: chance(0.1), history: 0 }
      return void groups.setRules(conversation, rules, { newCode: chance(0.2) })
    }
    default: {
      const asks = (ledger.groupRecord(gid, waiting) ?? []).find(entry => entry.asks)
      if (asks !== undefined) void groups.approve(conversation, asks.uid, asks.number, chance(0.8))
      else if (chance(0.05)) void groups.dissolve(conversation)
    }
  }
}

/** Everybody who may removes a member from the groups. */
export function sendAway(stage: Stage, uid: number): void {
  for (const gid of stage.groups) {
    const conversation = groupConversation(gid) as ConversationId
    if (numberOf(stage, gid, uid) === undefined) continue
    stage.note(`${uid} is sent away from group ${gid}`)
    for (const { client, user } of stage.phones) {
      if (user.uid !== uid && client?.account.signedIn) void client.groups.remove(conversation, uid)
    }
  }
}

/** Makes a group, if there is to be one more and the name that it gets lies where work is done. @returns whether it did */
export function found(stage: Stage, phone: Phone, client: Client): boolean {
  if (stage.setup.groups === 0 || stage.groups.length >= GROUPS_MAX) return false
  const { uid, device, nextSendSeq } = client.state()
  const gid = newGid(uid, device, nextSendSeq)
  if (!stage.partitions.has(partitionOf(groupActor(gid)))) return false
  void client.groups.create(
    stage.nextTitle(),
    othersOf(stage, phone).filter(() => stage.chance(0.7)),
  )
  stage.groups.push(gid)
  stage.note(`${phone.name} makes group ${gid}`)
  return true
}

function othersOf(stage: Stage, phone: Phone): number[] {
  return stage.users.filter(user => user !== phone.user && user.uid !== 0).map(({ uid }) => uid)
}

/** The group's code, mostly. */
function codeOf({ ledger, chance }: Stage, gid: Gid): string {
  const code = ledger.groupRecord(gid, about)?.code ?? ''
  return code === '' || chance(0.1) ? 'a wrong code' : code
}

function numberOf({ ledger }: Stage, gid: Gid, uid: number): number | undefined {
  return ledger.groupRecord(gid, members)?.get(uid)?.since
}

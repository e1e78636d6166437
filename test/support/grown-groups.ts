/** Groups grown as far as they go: for the bounds of their records. */
import { CODES } from '../../protocol/codes.js'
import { GroupJoin, GroupRole } from '../../protocol/generated/messages.js'
import {
  GROUP_MEMBERS_MAX,
  GROUP_READERS_MAX,
  GROUPS_MAX,
  MENTIONS_MAX,
  REACTION_BYTES_MAX,
  REACTION_KINDS_MAX,
  REACTIONS_MAX,
} from '../../protocol/limits.js'
import { ALL_PARTITIONS, partitionOf } from '../../src/store/partition.js'
import { branchActor, groupActor } from '../../src/sync/references.js'
import { conversationRecord, forgetMention, noteMention } from '../../src/sync/rules/conversation-records.js'
import { debtsActor, noteDebt } from '../../src/sync/rules/debts.js'
import { clearConversation } from '../../src/sync/rules/deletions.js'
import { gidOfGroup } from '../../src/sync/rules/group-changes.js'
import { editInGroup, recallInGroup } from '../../src/sync/rules/group-edits.js'
import { reactInGroup } from '../../src/sync/rules/group-reactions.js'
import {
  branch,
  branches,
  FORMER_MAX,
  type Gid,
  groupConversation,
  INVITATIONS_MAX,
  lastNumber,
  NOTED_MENTIONS_MAX,
  owed,
  withMention,
} from '../../src/sync/rules/group-records.js'
import { leavingActor } from '../../src/sync/rules/leaving.js'
import {
  announce,
  inviteToGroup,
  joinGroup,
  leaveGroup,
  muteMember,
  renameGroup,
  setGroupRules,
} from '../../src/sync/rules/membership.js'
import { editMessage } from '../../src/sync/rules/message-changes.js'
import { reactToMessage } from '../../src/sync/rules/reactions.js'
import { markRead, setConversation, setPreferences } from '../../src/sync/rules/read-state.js'
import { userActor } from '../../src/sync/rules/records.js'
import type { Transition } from '../../src/sync/types.js'
import type { TestNode } from './engine.js'
import { eventually } from './eventually.js'
import { GroupPerson } from './group-person.js'

const TITLE = '"'.repeat(128)
const ANNOUNCEMENT = '"'.repeat(2_048)
const TEXT = '"'.repeat(16_384)
const CODE = '0'.repeat(32)
const PINNED = { muted: false, pinned: true, archived: false, unread: false }
const OPEN = { join: GroupJoin.CODE, adminsInvite: false, adminsWrite: false, history: 100 }

/** One group with all members that it may have, in one partition, and as many who were; all the groups and invitations of one user. */
export async function fullGroups({ engine }: TestNode): Promise<void> {
  const people: GroupPerson[] = []
  for (let n = 0; n < GROUP_MEMBERS_MAX; n += 1) people.push(await GroupPerson.enter(engine, `p${n}-`, 7))
  const [owner, guest] = people as [GroupPerson, GroupPerson]
  const gid = await owner.create(TITLE)
  await owner.act(announce, { gid, announcement: ANNOUNCEMENT })
  await owner.act(renameGroup, { gid, title: TITLE })
  await owner.act(setGroupRules, { gid, rules: OPEN, code: CODE, newCode: true })
  for (let n = 0; n < FORMER_MAX; n += 1) {
    await guest.act(joinGroup, { gid, code: CODE })
    await guest.act(leaveGroup, { gid })
  }
  await guest.act(joinGroup, { gid, code: 'a guess' })
  await owner.say(gid, TEXT)
  const others = people.slice(1)
  for (let n = 0; n < others.length; n += 50) {
    await owner.act(inviteToGroup, { gid, uids: others.slice(n, n + 50).map(({ uid }) => uid) })
  }
  const stranger = await GroupPerson.enter(engine, 'stranger', 8)
  await owner.act(inviteToGroup, { gid, uids: [stranger.uid] })
  for (const other of others) await other.act(joinGroup, { gid, code: CODE })
  await owner.say(gid, 'seen by all')
  await reactToLast(gid, people)
  await silence([...others, stranger], owner)
  for (let n = 0; n < INVITATIONS_MAX; n += 1) await owner.create(`${n}`, [stranger])
  for (let n = 0; n < GROUPS_MAX; n += 1) {
    const conversation = groupConversation(await stranger.create(TITLE))
    await stranger.act(setConversation, { conversation, settings: PINNED })
  }
}

/** All these people are muted in a group, one after the other, and leave it. */
async function silence(people: readonly GroupPerson[], owner: GroupPerson): Promise<void> {
  const gid = await owner.create(TITLE)
  await owner.act(setGroupRules, { gid, rules: OPEN, code: CODE, newCode: true })
  for (const person of people) {
    await person.act(joinGroup, { gid, code: CODE })
    await owner.act(muteMember, { gid, other: person.uid, muted: true })
    await person.act(leaveGroup, { gid })
  }
}

/** All members react to the last message as often as they may, with all the kinds that it may have; then it is taken back. */
async function reactToLast(gid: Gid, people: readonly GroupPerson[]): Promise<void> {
  const number = (await people[0]?.numbered(gid))?.at(-1)?.number ?? 0
  for (let n = 0; n < REACTIONS_MAX; n += 1) {
    const react = (person: GroupPerson, place: number): Promise<string> => {
      const kind = `${'"'.repeat(REACTION_BYTES_MAX - 2)}${10 + ((place + n) % REACTION_KINDS_MAX)}`
      return person.act(reactInGroup, { gid, number, kind, on: true })
    }
    await Promise.all(people.map(react))
  }
  await people[0]?.act(recallInGroup, { gid, number })
}

const mentionMuch: Transition<{ readonly gid: Gid }, void> = {
  name: 'test.mention-much',
  run(tx, { gid }) {
    const own = tx.get(conversationRecord, groupConversation(gid))
    const here = tx.at(branchActor(gid, partitionOf(tx.actor)))
    const before = here.get(branch)
    if (before === undefined) throw new Error('there is no branch')
    let { all } = before
    for (let n = 1; n <= NOTED_MENTIONS_MAX + 10; n += 1) all = withMention(all, HIGH + n)
    here.put(branch, { ...before, all })
    for (let n = 1; n <= NOTED_MENTIONS_MAX + 10; n += 1) noteMention(tx, gid, HIGH + (own?.read ?? 0) + n)
    for (const number of all) forgetMention(tx, gid, number)
    for (let n = 1; n <= NOTED_MENTIONS_MAX + 10; n += 1) noteMention(tx, gid, HIGH + 200 + n)
  },
}
/** Numbers as long as any that a group gives. */
const HIGH = 2 ** 52

/** A group that keeps the marks of as many members as it may, and a member who is mentioned more often than is kept. */
export async function readGroup({ engine }: TestNode): Promise<void> {
  const people: GroupPerson[] = []
  for (let n = 0; n < GROUP_READERS_MAX; n += 1) people.push(await GroupPerson.enter(engine, `r${n}-`, 9))
  const [owner, ...others] = people as [GroupPerson, ...GroupPerson[]]
  const gid = await owner.create('readers')
  await owner.act(setGroupRules, { gid, rules: OPEN, code: CODE, newCode: true })
  for (const other of others) await other.act(joinGroup, { gid, code: CODE })
  for (const person of people) await person.act(markRead, { gid, number: Number.MAX_SAFE_INTEGER })
  const [member] = others as [GroupPerson]
  const other = await member.create('mentions')
  await engine.run(userActor(member.uid), mentionMuch, { gid: other })
  await member.act(setPreferences, {
    wanted: { noReceipts: true, askBeforeGroups: true, noPresence: false, friendsOnly: false },
  })
}

/** Notes that a group has members everywhere, and owes every partition all that comes from now on. */
const oweAll: Transition<void, void> = {
  name: 'test.owe-all',
  run(tx) {
    const next = (tx.get(lastNumber)?.n ?? 0) + 1
    tx.put(branches, ALL_PARTITIONS)
    tx.put(owed, Object.fromEntries(ALL_PARTITIONS.map(partition => [partition, next])))
    tx.effect(noteDebt, debtsActor(tx.actor), { gid: gidOfGroup(tx.actor) })
  },
}

/** Messages of a group and of two friends, edited to the longest texts and with all mentions; to one a friend has reacted. */
export async function editedMessages({ engine }: TestNode): Promise<void> {
  const [owner, other] = [await GroupPerson.enter(engine, 'editor', 7), await GroupPerson.enter(engine, 'reader', 8)]
  const mentions = Array.from({ length: MENTIONS_MAX }, (_, n) => ({ start: 2 * n, length: 1, uid: owner.uid }))
  const longest = { text: TEXT, mentions, fault: CODES.OK.code }
  const gid = await owner.create('edited')
  await owner.say(gid, 'short')
  const number = (await owner.numbered(gid)).at(-1)?.number ?? 0
  if ((await owner.act(editInGroup, { gid, number, ...longest })) !== 'OK') throw new Error('not edited')
  await owner.befriend(other)
  await owner.write(other, 'short')
  const message = { sender: owner.uid, device: 1, sendSeq: owner.sendSeq }
  if ((await owner.act(editMessage, { to: other.uid, message, ...longest })) !== 'OK') throw new Error('not edited')
  if ((await other.act(reactToMessage, { to: owner.uid, message, kind: 'x', on: true })) !== 'OK') {
    throw new Error('not reacted to')
  }
  await eventually(async () => (await other.changes()).length === 1 && (await owner.changes()).length === 2)
}

/** A group that owes something to every partition, and pays; its owner clears it. */
export async function indebtedGroup({ engine, jobs }: TestNode): Promise<void> {
  const owner = await GroupPerson.enter(engine, 'owner', 7)
  const gid = await owner.create('debts')
  await eventually(async () => (await owner.group(gid))?.role === GroupRole.OWNER)
  await engine.run(groupActor(gid), oweAll, undefined)
  await owner.say(gid, 'owed')
  await jobs.start()
  await eventually(async () => (await owner.texts(gid)).at(-1) === 'owed')
  await eventually(async () => (await engine.scan(debtsActor(groupActor(gid)), 'paid', null, 1)).length > 0)
  const conversation = groupConversation(gid)
  await owner.act(clearConversation, { conversation, upTo: Number.MAX_SAFE_INTEGER, early: false })
  await eventually(async () => (await engine.scan(leavingActor(owner.uid), 'cleared', null, 1)).length > 0)
  await jobs.stop()
}

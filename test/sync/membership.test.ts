/**
 * Acts of members, of those who are invited and of those who ask, crossing in every way: a scope for each partition, each with a delay of its
 * own. When all is quiet both sides agree, and everybody has what came while they were members, in order, and nothing else.
 */
import t, { type Test } from 'tap'
import { decodeItem, GroupAct, GroupJoin, GroupRole, GroupState } from '../../protocol/generated/messages.js'
import { systemClock } from '../../src/lib/clock.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import type { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import { branchActor, groupActor } from '../../src/sync/references.js'
import {
  about,
  branch,
  type Gid,
  type Member,
  members,
  NO_GROUP,
  type UserGroup,
  userGroup,
  type Waiting,
  waiting,
} from '../../src/sync/rules/group-records.js'
import {
  acceptInvitation,
  approveRequest,
  declineInvitation,
  inviteToGroup,
  joinGroup,
  leaveGroup,
  muteMember,
  removeMember,
  renameGroup,
  setGroupRules,
  setMemberRole,
} from '../../src/sync/rules/membership.js'
import { userActor } from '../../src/sync/rules/records.js'
import { verify } from '../../src/verify/verify.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { SlowStore } from '../support/slow-store.js'

const HISTORIES = 15
const PEOPLE = 4
const ACTS = 80
const CODE = 'the code'

/** What the user's own record says; of nobody: that there is nothing. */
async function recordOf(store: MemoryStore, { uid }: GroupPerson, gid: Gid) {
  const [found] = await store.get(userActor(uid), [`${userGroup.prefix}/${gid}`])
  return found === undefined || found.stamp === 0 ? NO_GROUP : userGroup.decode(found.bytes)
}

async function groupOf(store: MemoryStore, gid: Gid) {
  const [list, waits, now] = await store.get(groupActor(gid), [members.prefix, waiting.prefix, about.prefix])
  return {
    now: now === undefined || now.stamp === 0 ? undefined : about.decode(now.bytes),
    list: list === undefined || list.stamp === 0 ? new Map() : members.decode(list.bytes),
    waits: waits === undefined || waits.stamp === 0 ? [] : waiting.decode(waits.bytes),
  }
}

async function actAtRandom(
  random: Random,
  store: MemoryStore,
  people: readonly GroupPerson[],
  gid: Gid,
): Promise<unknown> {
  const one = people[random.integer(people.length)] as GroupPerson
  const other = people[random.integer(people.length)] as GroupPerson
  const own = await recordOf(store, one, gid)
  const { waits } = await groupOf(store, gid)
  const known = await one.group(gid)
  const invitation = known?.number ?? 0
  switch (random.integer(12)) {
    case 0:
      return one.act(inviteToGroup, { gid, uids: people.map(({ uid }) => uid) })
    case 1:
    case 2:
      if (own.state === GroupState.INVITED) return one.act(acceptInvitation, { gid, invitation })
      return one.act(joinGroup, { gid, code: random.integer(4) === 0 ? 'a guess' : CODE })
    case 3:
      return one.act(declineInvitation, { gid, invitation })
    case 4:
      return one.act(leaveGroup, { gid })
    case 5:
      return one.act(removeMember, { gid, other: other.uid, number: 0 })
    case 6: {
      const asks = waits.find(entry => entry.asks)
      if (asks === undefined) return undefined
      return one.act(approveRequest, { gid, other: asks.uid, request: asks.number, yes: random.integer(3) > 0 })
    }
    case 7: {
      const join = random.integer(2) === 0 ? GroupJoin.CODE : GroupJoin.APPROVAL
      const rules = { join, adminsInvite: random.integer(2) === 0, adminsWrite: random.integer(8) === 0, history: 0 }
      return one.act(setGroupRules, { gid, rules, code: CODE, newCode: false })
    }
    case 8:
      return one.act(setMemberRole, {
        gid,
        other: other.uid,
        role: [GroupRole.MEMBER, GroupRole.ADMIN, GroupRole.OWNER][random.integer(3)] ?? GroupRole.MEMBER,
      })
    case 9:
      return random.integer(2) === 0
        ? one.act(renameGroup, { gid, title: `title ${random.integer(100)}` })
        : one.act(muteMember, { gid, other: other.uid, muted: random.integer(2) === 0 })
    default:
      return one.say(gid, `${one.uid} ${random.integer(1_000)}`)
  }
}

/** The numbers and texts that each was a member for, from the group's own log. */
async function entitled(store: MemoryStore, gid: Gid) {
  const { entries } = await store.read(groupActor(gid), 0, Number.MAX_SAFE_INTEGER, 10_000, 2 ** 24)
  const here = new Set<number>()
  const theirs = new Map<number, { number: number; text: string }[]>()
  for (const { bytes } of entries) {
    const { content } = decodeItem(bytes)
    if (content?.case !== 'conversationMessage' && content?.case !== 'groupChange')
      throw new Error('no item of a group')
    const { number } = content.value
    const change = content.case === 'groupChange' ? content.value : undefined
    if (change?.act === GroupAct.CREATED) here.add(change.by)
    if (change?.act === GroupAct.JOINED) here.add(change.uid)
    const text = change === undefined ? content.value.text : `act ${change.act}`
    for (const uid of here) theirs.set(uid, [...(theirs.get(uid) ?? []), { number, text }])
    if (change?.act === GroupAct.LEFT || change?.act === GroupAct.REMOVED) here.delete(change.uid)
  }
  return theirs
}

/** Whether the two sides say the same of a user. */
function isAgreed({ state, number }: UserGroup, member: Member | undefined, entry: Waiting | undefined): boolean {
  return (
    (state === GroupState.MEMBER && member?.since === number) ||
    (state === GroupState.INVITED && entry?.asks === false && entry.number === number) ||
    (state === GroupState.ASKED && entry?.asks === true && entry.number === number) ||
    (state === GroupState.UNSPECIFIED && member === undefined && entry === undefined)
  )
}

/** How many ask to join, as far as this member is to know. */
function askingFor(member: Member | undefined, waits: readonly Waiting[]): number {
  return (member?.role ?? 0) < GroupRole.ADMIN ? 0 : waits.filter(({ asks }) => asks).length
}

/** Checks what is so when nothing is under way any more. @returns what is wrong */
async function wrongs(store: MemoryStore, people: readonly GroupPerson[], gid: Gid): Promise<string[]> {
  const found: string[] = []
  const { list, waits, now } = await groupOf(store, gid)
  const theirs = await entitled(store, gid)
  for (const person of people) {
    const { uid } = person
    const own = await recordOf(store, person, gid)
    const member = list.get(uid)
    const entry = waits.find(each => each.uid === uid)
    if (!isAgreed(own, member, entry))
      found.push(`${uid} is ${own.state} of ${own.number}; the group: ${JSON.stringify(member ?? entry)}`)
    const isTold = own.aboutNumber === now?.number && own.title === now.title
    if (member !== undefined && !(isTold && JSON.stringify(own.rules) === JSON.stringify(now.rules)))
      found.push(`${uid} has ${JSON.stringify(own)}, the group is ${JSON.stringify(now)}`)
    const asking = askingFor(member, waits)
    if (own.asking !== asking) found.push(`${uid} is told that ${own.asking} ask to join, not ${asking}`)
    const [shown, expected] = [await person.numbered(gid), theirs.get(uid) ?? []]
    if (JSON.stringify(shown) !== JSON.stringify(expected))
      found.push(`${uid} has ${JSON.stringify(shown)}, not ${JSON.stringify(expected)}`)
    const [here] = await store.get(branchActor(gid, uid % 256), [branch.prefix])
    const inBranch = here === undefined || here.stamp === 0 ? [] : branch.decode(here.bytes).members
    const since = inBranch.find(entry => entry.uid === uid)?.since
    if (since !== member?.since)
      found.push(`${uid} is in the branch since ${since}, in the group since ${member?.since}`)
  }
  const owners = [...list.values()].filter(({ role }) => role === GroupRole.OWNER).length
  if (owners !== (list.size === 0 ? 0 : 1)) found.push(`${owners} owners of ${list.size} members`)
  return found
}

async function history(t: Test, seed: number): Promise<void> {
  const random = seededRandom(`membership ${seed}`)
  const store = new SlowStore(random)
  const node = await startNode(store, systemClock, `node ${seed}`)
  const people: GroupPerson[] = []
  for (let n = 0; n < PEOPLE; n += 1) people.push(await GroupPerson.enter(node.engine, `user-${n}`, n))
  const [maker] = people as [GroupPerson]
  const gid = await maker.create('friends', people.slice(1))
  const underWay: Promise<unknown>[] = []
  for (let n = 0; n < ACTS; n += 1) {
    underWay.push(actAtRandom(random, store, people, gid))
    for (let turns = random.integer(6); turns > 0; turns -= 1) await new Promise(setImmediate)
  }
  await Promise.all(underWay)
  await eventually(async () => {
    await new Promise(setImmediate)
    return (
      node.engine.outboxDepth === 0 && node.engine.queueDepth === 0 && (await wrongs(store, people, gid)).length === 0
    )
  }, 5_000).catch(async () => t.same(await wrongs(store, people, gid), [], `seed ${seed}`))
  const faults: string[] = []
  verify(new MemoryView(store.disk.snapshot()), fault => faults.push(fault))
  if (faults.length > 0) t.same(faults, [], `seed ${seed}`)
  if (node.asides.length > 0) t.same(node.asides, [], `seed ${seed}`)
  await node.engine.close()
}

t.test('however acts cross, both sides agree, and everybody has what they are entitled to', async t => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) await history(t, seed)
  t.pass(`${HISTORIES} histories`)
})

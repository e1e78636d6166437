/** What `verify` finds in a store of groups: nothing in a sound one, and each record that says otherwise than another. */
import t from 'tap'
import {
  createConversationMessage,
  createMessageState,
  encodeItem,
  GroupState,
} from '../../protocol/generated/messages.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import type { Actor } from '../../src/store/types.js'
import { branchActor, encodeReference, groupActor } from '../../src/sync/references.js'
import { debtor, debtsActor } from '../../src/sync/rules/debts.js'
import { recallInGroup } from '../../src/sync/rules/group-edits.js'
import {
  about,
  branch,
  groupIndex,
  members,
  NO_GROUP,
  NO_RULES,
  owed,
  userGroup,
  waiting,
} from '../../src/sync/rules/group-records.js'
import { acceptInvitation, dissolveGroup } from '../../src/sync/rules/membership.js'
import { userActor } from '../../src/sync/rules/records.js'
import type { RecordKind, Transition } from '../../src/sync/types.js'
import { verify } from '../../src/verify/verify.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { putRecord } from '../support/put-record.js'

async function world() {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const [alice, bob] = [
    await GroupPerson.enter(node.engine, 'alice', 1),
    await GroupPerson.enter(node.engine, 'bob', 2),
  ]
  const gid = await alice.create('friends', [bob])
  await bob.act(acceptInvitation, { gid, invitation: (await bob.group(gid))?.number ?? 0 })
  await eventually(async () => (await bob.group(gid))?.state === GroupState.MEMBER)
  await alice.say(gid, 'hello')
  const change = <T>(actor: Actor, kind: RecordKind<T>, value: T, id?: string) =>
    putRecord(node.engine, actor, kind, value, id)
  const faults = (): string[] => {
    const found: string[] = []
    verify(new MemoryView(store.disk.snapshot()), fault => found.push(fault))
    return found.sort()
  }
  const groups = (): number => verify(new MemoryView(store.disk.snapshot()), () => {}).groups
  return { node, store, alice, bob, gid, change, faults, groups }
}

t.test('a sound store of groups has no faults; a group is counted as long as it has members', async t => {
  const { node, alice, gid, faults, groups } = await world()
  t.same(faults(), [])
  t.equal(groups(), 1)
  await alice.act(dissolveGroup, { gid })
  await eventually(() => groups() === 0)
  await node.engine.close()
})

t.test('what a user is to a group is compared with the group and the index', async t => {
  const { node, gid, bob, change, faults } = await world()
  const actor = userActor(bob.uid)
  await change(actor, userGroup, { ...NO_GROUP, state: GroupState.MEMBER, number: 77 }, gid)
  t.same(faults(), [`user ${bob.uid} is 4 of 77 to group ${gid}, and the group knows otherwise`])
  await change(actor, userGroup, { ...NO_GROUP, state: GroupState.JOINING, number: 2 }, gid)
  t.match(faults(), [/and the group knows otherwise/])
  await change(actor, groupIndex, { groups: [], invitations: [gid] })
  t.match(faults(), [/the index of user/, /knows otherwise/])
  await node.engine.close()
})

t.test('what a member has of title, announcement and rules is compared with the group', async t => {
  const { node, gid, change, faults } = await world()
  const now = { title: 'friends', announcement: '', rules: NO_RULES, code: '', createdAtMs: 1, dissolved: false }
  const fault = /^user .* has another title, announcement or rules of group/
  await change(groupActor(gid), about, { ...now, number: 9 })
  t.match(faults(), [fault, fault])
  await change(groupActor(gid), about, { ...now, number: 0, rules: { ...NO_RULES, adminsWrite: true } })
  t.match(faults(), [fault, fault])
  await change(groupActor(gid), about, { ...now, number: 0 })
  t.same(faults(), [])
  await node.engine.close()
})

t.test('what a group owes is noted for the job that pays', async t => {
  const { node, gid, change, faults } = await world()
  const group = groupActor(gid)
  await change(group, owed, { 3: 2 })
  t.same(faults(), [`group ${gid} owes its items to some partitions, and no job knows of it`])
  await change(debtsActor(group), debtor, { sinceMs: 1 }, gid)
  t.same(faults(), [])
  await change(group, owed, {})
  t.same(faults(), [])
  await node.engine.close()
})

t.test('a branch is compared with the group, and the group with its branches and users', async t => {
  const { node, gid, alice, bob, change, faults } = await world()
  const his = branchActor(gid, 2)
  await change(his, branch, { members: [{ uid: bob.uid, since: 99 }], former: [], all: [] })
  t.match(faults(), [/^branch.* has user .* since 99, who is no such member/, /its branch knows otherwise/])
  await change(his, branch, { members: [{ uid: alice.uid, since: 1 }], former: [], all: [] })
  t.match(faults(), [/of another partition/, /its branch knows otherwise/])
  await change(his, branch, { members: [], former: [], all: [] })
  await change(groupActor(gid), waiting, [{ uid: 256 * 9, number: 5, asks: true, by: 0 }])
  t.match(faults(), [/its branch knows otherwise/])
  await change(groupActor(gid), members, new Map())
  t.match(faults(), [/^branch.* who is no such member/, /^user .* is 4 of/, /^user .* is 4 of/])
  t.equal(faults().length, 3)
  await node.engine.close()
})

t.test('an item of a group lies under its number, and a reference names one', async t => {
  const { node, store, gid, bob, faults } = await world()
  const item = (await store.read(branchActor(gid, 2), 0, 100, 1, 10_000)).entries[0]?.bytes ?? new Uint8Array(0)
  const append = { actor: branchActor(gid, 2), at: 50, bytes: item }
  const broken = { actor: userActor(bob.uid), bytes: encodeReference({ gid: '', number: 0, atMs: 0 }) }
  await store.commit(0, [{ expect: [], puts: [], trims: [], appends: [append, broken] }])
  t.match(faults(), [/^item 50 is none of a group/, /^item \d+ of user \d+ refers to/])
  await node.engine.close()
})

t.test('of a message that was taken back nothing is left', async t => {
  const { node, alice, gid, faults } = await world()
  const number = (await alice.numbered(gid)).at(-1)?.number ?? 0
  t.equal(await alice.act(recallInGroup, { gid, number }), 'OK')
  t.same(faults(), [])
  const group = groupActor(gid)
  await node.engine.run(group, keepText, { number, conversation: `group:${gid}` })
  t.same(faults(), [`item ${number} of ${group} was taken back, and is still there`])
  await node.engine.close()
})

/** Puts a text into a message that was taken back. */
const keepText: Transition<{ readonly number: number; readonly conversation: string }, void> = {
  name: 'test.keep-text',
  run(tx, { number, conversation }) {
    const entry = tx.entry(number)
    if (entry === undefined) throw new Error('there is no such entry')
    const state = createMessageState({ recalledBy: 1 })
    const value = createConversationMessage({
      sender: 1,
      device: 1,
      sendSeq: 1,
      conversation,
      number,
      text: 'x',
      state,
    })
    tx.replace(entry, encodeItem({ skip: 0, content: { case: 'conversationMessage', value } }))
  },
}

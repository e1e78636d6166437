/** Groups: who is in them, who gets what, and in which order; on one scope, and with a scope for each partition. */
import t from 'tap'
import { GroupJoin, GroupRole, GroupState } from '../../protocol/generated/messages.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { partitionOf } from '../../src/store/partition.js'
import { branchActor, groupActor } from '../../src/sync/references.js'
import { deleteAccount } from '../../src/sync/rules/account.js'
import { blockContact } from '../../src/sync/rules/contact.js'
import { type Debts, debtsOf } from '../../src/sync/rules/debts.js'
import { groupWord } from '../../src/sync/rules/group.js'
import {
  groupConversation,
  INVITATIONS_MAX,
  NO_GROUP,
  NO_RULES,
  userGroup,
  waiting,
} from '../../src/sync/rules/group-records.js'
import { groupTold, type Told } from '../../src/sync/rules/group-told.js'
import { leavingActor } from '../../src/sync/rules/leaving.js'
import {
  acceptInvitation,
  declineInvitation,
  dissolveGroup,
  joinGroup,
  leaveGroup,
  muteMember,
  removeMember,
  renameGroup,
  setGroupRules,
  setMemberRole,
} from '../../src/sync/rules/membership.js'
import { userActor } from '../../src/sync/rules/records.js'
import type { Transition, Tx } from '../../src/sync/types.js'
import { DeafStore } from '../support/deaf-store.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'

const SCOPES = ['one', 'partitions'] as const

async function people(scopes: (typeof SCOPES)[number], count: number) {
  const store = new MemoryStore({ scopes, random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const all: GroupPerson[] = []
  for (let n = 0; n < count; n += 1) all.push(await GroupPerson.enter(node.engine, `user-${n}`, n * 7))
  return { node, store, all: all as [GroupPerson, GroupPerson, GroupPerson, ...GroupPerson[]] }
}

for (const scopes of SCOPES) {
  t.test(`a group of three talks in one order (scopes: ${scopes})`, async t => {
    const { all, node } = await people(scopes, 3)
    const [alice, bob, carol] = all
    const gid = await alice.create('friends', [bob, carol])
    await eventually(async () => (await alice.group(gid))?.state === GroupState.MEMBER)
    t.match(await alice.group(gid), { title: 'friends', role: GroupRole.OWNER })
    await bob.comeIn(gid)
    await carol.comeIn(gid)
    t.match(await carol.group(gid), { title: 'friends', role: GroupRole.MEMBER })
    for (let round = 0; round < 3; round += 1)
      for (const one of [alice, bob, carol]) t.equal(await one.say(gid, `${one.uid} ${round}`), 'OK')
    await eventually(async () => (await carol.numbered(gid)).length === 1 + 9)
    await eventually(async () => (await alice.numbered(gid)).length === 3 + 9)
    const [hers, his, carols] = [await alice.numbered(gid), await bob.numbered(gid), await carol.numbered(gid)]
    t.same(his, hers.slice(1), 'Bob has what came from his joining on')
    t.same(carols, hers.slice(2), 'and Carol')
    const numbers = hers.map(({ number }) => number)
    t.same(
      numbers,
      [...numbers].sort((a, b) => a - b),
    )
    t.equal(new Set(numbers).size, numbers.length)
    t.same(node.asides, [])
    await node.engine.close()
  })

  t.test(`who leaves or is removed gets the end and nothing after it (scopes: ${scopes})`, async t => {
    const { all, node } = await people(scopes, 3)
    const [alice, bob, carol] = all
    const gid = await alice.create('friends', [bob, carol])
    await bob.comeIn(gid)
    await carol.comeIn(gid)
    await alice.say(gid, 'one')
    t.equal(await bob.act(removeMember, { gid, other: carol.uid, number: 0 }), 'NOT_ADMIN')
    t.equal(await alice.act(removeMember, { gid, other: carol.uid, number: 0 }), 'OK')
    await eventually(async () => (await carol.group(gid))?.state === GroupState.UNSPECIFIED)
    t.equal(await carol.say(gid, 'still here?'), 'NO_SUCH_GROUP')
    t.equal(await bob.act(leaveGroup, { gid }), 'OK')
    await eventually(async () => (await bob.group(gid))?.state === GroupState.UNSPECIFIED)
    await alice.say(gid, 'two')
    await eventually(async () => (await alice.texts(gid)).includes('two'))
    await eventually(async () => (await bob.texts(gid)).at(-1) === 'act 3')
    t.same(await carol.texts(gid), ['act 2', 'one', 'act 4'])
    t.same(await bob.texts(gid), ['act 2', 'act 2', 'one', 'act 4', 'act 3'])
    t.equal((await bob.group(gid))?.until, (await bob.numbered(gid)).at(-1)?.number)
    await node.engine.close()
  })

  t.test(`an owner who leaves is followed; the last one ends the group (scopes: ${scopes})`, async t => {
    const { all, node } = await people(scopes, 3)
    const [alice, bob, carol] = all
    const gid = await alice.create('friends', [bob, carol])
    await bob.comeIn(gid)
    await carol.comeIn(gid)
    await alice.act(setMemberRole, { gid, other: carol.uid, role: GroupRole.ADMIN })
    await eventually(async () => (await carol.group(gid))?.role === GroupRole.ADMIN)
    await alice.act(leaveGroup, { gid })
    await eventually(async () => (await carol.group(gid))?.role === GroupRole.OWNER)
    await carol.act(leaveGroup, { gid })
    await eventually(async () => (await bob.group(gid))?.role === GroupRole.OWNER)
    t.equal(await bob.act(renameGroup, { gid, title: 'alone' }), 'OK')
    await eventually(async () => (await bob.group(gid))?.title === 'alone')
    await bob.act(leaveGroup, { gid })
    await eventually(async () => (await bob.group(gid))?.state === GroupState.UNSPECIFIED)
    t.equal(await bob.act(joinGroup, { gid, code: 'x' }), 'OK')
    await eventually(async () => (await bob.failures()).at(-1) === 'WRONG_CODE')
    t.equal((await bob.group(gid))?.state, GroupState.UNSPECIFIED)
    await node.engine.close()
  })

  t.test(`codes, mutes, and the end by the owner (scopes: ${scopes})`, async t => {
    const { all, node } = await people(scopes, 3)
    const [alice, bob, carol] = all
    const gid = await alice.create('friends', [bob])
    await eventually(async () => (await bob.group(gid))?.state === GroupState.INVITED)
    const invitation = (await bob.group(gid))?.number ?? 0
    t.equal(await bob.act(declineInvitation, { gid, invitation }), 'OK')
    t.equal(await bob.act(acceptInvitation, { gid, invitation }), 'NO_SUCH_INVITATION')
    t.equal(await bob.act(joinGroup, { gid, code: 'secret' }), 'OK')
    await eventually(async () => (await bob.failures()).at(-1) === 'WRONG_CODE')
    const rules = { join: GroupJoin.CODE, adminsInvite: true, adminsWrite: false, history: 0 }
    await alice.act(setGroupRules, { gid, rules, code: 'secret', newCode: false })
    await eventually(async () => (await alice.group(gid))?.rules?.adminsInvite === true)
    for (const one of [bob, carol]) {
      t.equal(await one.act(joinGroup, { gid, code: 'secret' }), 'OK')
      await eventually(async () => (await one.group(gid))?.state === GroupState.MEMBER)
    }
    await alice.act(muteMember, { gid, other: bob.uid, muted: true })
    await eventually(async () => (await bob.group(gid))?.muted === true)
    t.equal(await bob.say(gid, 'mmh'), 'MUTED')
    await bob.act(leaveGroup, { gid })
    await eventually(async () => (await bob.group(gid))?.state === GroupState.UNSPECIFIED)
    await bob.act(joinGroup, { gid, code: 'secret' })
    await eventually(async () => (await bob.group(gid))?.state === GroupState.MEMBER)
    t.equal(await bob.say(gid, 'I am back'), 'MUTED')
    await alice.act(muteMember, { gid, other: bob.uid, muted: false })
    await eventually(async () => (await bob.group(gid))?.muted === false)
    await bob.act(leaveGroup, { gid })
    await eventually(async () => (await bob.group(gid))?.state === GroupState.UNSPECIFIED)
    await bob.act(joinGroup, { gid, code: 'secret' })
    await eventually(async () => (await bob.group(gid))?.state === GroupState.MEMBER)
    t.equal(await bob.say(gid, 'and unmuted'), 'OK')
    t.equal(await alice.act(dissolveGroup, { gid }), 'OK')
    for (const one of [alice, bob, carol]) {
      await eventually(async () => (await one.group(gid))?.state === GroupState.UNSPECIFIED)
      await eventually(async () => (await one.texts(gid)).at(-1) === 'act 11')
    }
    t.equal(await carol.say(gid, 'anybody?'), 'NO_SUCH_GROUP')
    t.same(node.asides, [])
    await node.engine.close()
  })
  t.test(
    `a deleted member leaves the groups, and nothing more is written to the timeline (scopes: ${scopes})`,
    async t => {
      const { all, node, store } = await people(scopes, 3)
      const [alice, bob, carol] = all
      const gid = await alice.create('friends', [bob, carol])
      await bob.comeIn(gid)
      await carol.comeIn(gid)
      const checked = ''
      const verified = { checked, right: true, limited: false }
      const actor = userActor(alice.uid)
      t.equal(await alice.act(deleteAccount, verified), 'OK')
      for (let n = 0; n < 20; n += 1) await bob.say(gid, `${n}`)
      await eventually(
        async () =>
          (await carol.group(gid))?.role === GroupRole.OWNER || (await bob.group(gid))?.role === GroupRole.OWNER,
      )
      await eventually(async () => (await store.scan(leavingActor(alice.uid), 'user/', null, 1)).length === 0)
      const { head } = await store.read(actor, 0, Number.MAX_SAFE_INTEGER, 1, 0)
      for (let n = 0; n < 20; n += 1) await bob.say(gid, `late ${n}`)
      await eventually(async () => (await carol.texts(gid)).at(-1) === 'late 19')
      const after = await store.read(actor, 0, Number.MAX_SAFE_INTEGER, 10, 10_000)
      t.equal(after.head, head)
      t.same(after.entries, [])
      t.same(
        (await store.scan(actor, 'group', null, 10)).map(({ name }) => name),
        [],
      )
      t.same(node.asides, [])
      await node.engine.close()
    },
  )
}

t.test('a partition that takes nothing silences no group: it is owed its items, and gets them in order', async t => {
  const store = new DeafStore({ scopes: 'partitions', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node', { outboxBytesMax: 4_096 })
  const [alice, bob, carol] = [
    await GroupPerson.enter(node.engine, 'alice', 1),
    await GroupPerson.enter(node.engine, 'bob', 2),
    await GroupPerson.enter(node.engine, 'carol', 3),
  ]
  const gid = await alice.create('friends', [bob, carol])
  await bob.comeIn(gid)
  await carol.comeIn(gid)
  store.deaf = store.scopeOf(userActor(carol.uid))
  for (let n = 0; n < 200; n += 1) t.equal(await alice.say(gid, `${n}`), 'OK')
  await eventually(async () => (await bob.texts(gid)).at(-1) === '199')
  const owes = async () =>
    Object.keys(((await node.engine.run(groupActor(gid), debtsOf, undefined)) as { result: Debts }).result.owed)
  t.same(await owes(), ['3'], 'the group owes')
  t.equal(await bob.act(leaveGroup, { gid }), 'OK')
  await alice.say(gid, 'without Bob')
  store.hear()
  await node.jobs.start()
  await eventually(async () => (await carol.texts(gid)).at(-1) === 'without Bob')
  const hers = await alice.numbered(gid)
  t.same(await carol.numbered(gid), hers.slice(2), 'all of it, in order')
  await eventually(async () => (await owes()).length === 0)
  await alice.say(gid, 'and on')
  await eventually(async () => (await carol.texts(gid)).at(-1) === 'and on')
  await node.jobs.stop()
  await node.engine.close()
})

for (const scopes of SCOPES) {
  t.test(
    `a branch whose log has a number already takes nothing under it, and holds nobody up (scopes: ${scopes})`,
    async t => {
      const { all, node, store } = await people(scopes, 3)
      const [alice, bob] = all
      const gid = await alice.create('friends', [bob])
      await bob.comeIn(gid)
      await alice.say(gid, 'one')
      await eventually(async () => (await bob.texts(gid)).at(-1) === 'one')
      const last = (await alice.numbered(gid)).at(-1)?.number ?? 0
      const his = branchActor(gid, bob.uid % 256)
      const append = { actor: his, at: last + 1, bytes: new Uint8Array(3) }
      await store.commit(store.scopeOf(his), [{ expect: [], puts: [], trims: [], appends: [append] }])
      t.equal(await alice.say(gid, 'two'), 'OK')
      t.equal(await alice.say(gid, 'three'), 'OK')
      await eventually(async () => (await bob.texts(gid)).at(-1) === 'three')
      t.same(await alice.texts(gid), ['act 1', 'act 2', 'one', 'two', 'three'])
      t.same(await bob.texts(gid), ['act 2', 'one', 'three'])
      await node.engine.close()
    },
  )
}

t.test('a stranger who fills the invitations of a user keeps no friend out', async t => {
  const { all, node } = await people('one', 3)
  const [stranger, friend, user] = all
  await friend.befriend(user)
  for (let n = 0; n < INVITATIONS_MAX; n += 1) await stranger.create(`${n}`, [user])
  const [beyond, of] = [await stranger.create('one more', [user]), await friend.create('friends', [user])]
  await eventually(async () => (await user.group(of))?.state === GroupState.MEMBER)
  t.equal(await user.group(beyond), undefined)
  await node.engine.close()
})

t.test(
  'of an invitation that comes to nothing no record stays, and the item that ends it goes with the messages',
  async t => {
    const { all, node, store } = await people('partitions', 2)
    const [stranger, user] = all
    const actor = userActor(user.uid)
    const records = async () => (await store.scan(actor, `${userGroup.prefix}/`, null, 10)).length
    for (const [n, end] of (['declined', 'taken back'] as const).entries()) {
      const gid = await stranger.create(`${n}`, [user])
      await eventually(async () => (await user.group(gid))?.state === GroupState.INVITED)
      t.equal(await records(), 1)
      const invitation = (await user.group(gid))?.number ?? 0
      if (end === 'declined') await user.act(declineInvitation, { gid, invitation })
      else await stranger.act(removeMember, { gid, other: user.uid, number: invitation })
      await eventually(async () => (await user.group(gid))?.state === GroupState.UNSPECIFIED)
      t.equal(await records(), 0, end)
    }
    const { head } = await store.read(actor, 0, 0, 1, 0)
    await store.commit(partitionOf(actor), [{ expect: [], puts: [], appends: [], trims: [{ actor, upTo: head }] }])
    t.same(
      (await user.items()).filter(({ content }) => content?.case === 'group'),
      [],
    )
    const again = await stranger.create('again', [user])
    await user.comeIn(again)
    t.equal(await records(), 1)
    await node.engine.close()
  },
)

t.test("Block ends all invitations to groups by the other, and nobody else's", async t => {
  const { all, node, store } = await people('partitions', 3)
  const [stranger, another, user] = all
  const theirs: string[] = []
  for (let n = 1; n < INVITATIONS_MAX; n += 1) theirs.push(await stranger.create(`${n}`, [user]))
  const stays = await another.create('stays', [user])
  const states = async (): Promise<readonly (GroupState | undefined)[]> => {
    const items = new Map<string, GroupState>()
    for (const { content } of await user.items()) {
      if (content?.case === 'group') items.set(content.value.conversation, content.value.state)
    }
    return [...theirs, stays].map(gid => items.get(groupConversation(gid)))
  }
  await eventually(async () => (await states()).every(state => state === GroupState.INVITED))
  t.equal(await user.act(blockContact, { other: stranger.uid }), 'OK')
  const [last, ...others] = (await states()).toReversed()
  t.equal(last, GroupState.INVITED)
  t.ok(others.every(state => state === GroupState.UNSPECIFIED))
  await user.comeIn(stays)
  await eventually(() => node.engine.outboxDepth === 0)
  for (const gid of theirs) {
    const [waits] = await store.get(groupActor(gid), [waiting.prefix])
    if (waits !== undefined && waits.stamp !== 0) t.same(waiting.decode(waits.bytes), [], gid)
  }
  t.same(node.asides, [])
  await node.engine.close()
})

t.test('a word that a group cannot process ends what waits for it', async t => {
  const { all, node } = await people('one', 2)
  const [alice, bob] = all
  const gid = await alice.create('friends', [])
  await alice.act(setGroupRules, {
    gid,
    rules: { ...NO_RULES, join: GroupJoin.APPROVAL },
    code: 'the code',
    newCode: false,
  })
  await bob.act(joinGroup, { gid, code: 'the code' })
  t.equal((await bob.group(gid))?.state, GroupState.ASKED)
  const number = (await bob.group(gid))?.number ?? 0
  const refused: Transition<void, void> = {
    name: 'test.refused',
    run: tx => groupWord.refused?.(tx, { word: 'ask', number, device: 1, sendSeq: 1 }, userActor(bob.uid)),
  }
  await node.engine.run(groupActor(gid), refused, undefined)
  await eventually(async () => (await bob.group(gid))?.state === GroupState.UNSPECIFIED)
  t.same(await bob.failures(), ['REFUSED'])
  await node.engine.close()
})

for (const state of [GroupState.ASKED, GroupState.JOINING]) {
  t.test(`what the group is now may overtake the joining (state: ${state})`, async t => {
    const { all, node } = await people('one', 1)
    const [alice] = all
    const [gid, via] = ['a.b.c', 7]
    const hear = (told: Told) =>
      node.engine.run(
        userActor(alice.uid),
        { name: 'test.hear', run: tx => groupTold.run(tx, told, groupActor(gid)) },
        undefined,
      )
    const put = { name: 'test.put', run: (tx: Tx) => tx.put(userGroup, { ...NO_GROUP, state, number: via }, gid) }
    await node.engine.run(userActor(alice.uid), put, undefined)
    const before = { title: 'old', announcement: '', rules: { ...NO_RULES, adminsWrite: true }, aboutNumber: 10 }
    const after = { title: 'new', announcement: 'come', rules: NO_RULES, aboutNumber: 11 }
    await hear({ act: 'about', ...after })
    t.match(await alice.group(gid), { state, title: 'new' })
    await hear({ act: 'joined', number: 12, via, role: GroupRole.MEMBER, ...before })
    const { aboutNumber: _, ...shown } = after
    t.match(await alice.group(gid), { state: GroupState.MEMBER, number: 12, ...shown })
    await node.engine.close()
  })
}

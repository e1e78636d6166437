/** Read marks in groups, who has read, settings of conversations, and preferences. */
import t, { type Test } from 'tap'
import { codeName } from '../../protocol/codes.js'
import { type ConversationSettings, GroupJoin, GroupState, type Item } from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { groupActor } from '../../src/sync/references.js'
import { conversationRecord } from '../../src/sync/rules/conversation-records.js'
import { type Gid, gidOf, lastNumber, readMarks } from '../../src/sync/rules/group-records.js'
import { joinGroup, leaveGroup, setGroupRules } from '../../src/sync/rules/membership.js'
import { groupRead, markRead, readersOf } from '../../src/sync/rules/read-state.js'
import { userActor } from '../../src/sync/rules/records.js'
import type { Transition } from '../../src/sync/types.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { sayTo } from '../support/mentioning.js'

const PLAIN: ConversationSettings = { muted: false, pinned: false, archived: false, unread: false }

async function world(scopes: 'one' | 'partitions' = 'one') {
  const store = new MemoryStore({ scopes, random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const [alice, bob, carol] = (await Promise.all(
    ['alice', 'bob', 'carol'].map((name, key) => new TestDevice(node).enter(name, key + 1)),
  )) as [TestDevice, TestDevice, TestDevice]
  await befriend(alice, bob)
  for (const device of [alice, bob, carol]) device.told = Number.MAX_SAFE_INTEGER
  const quiet = async () => {
    node.services.flush()
    await eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
  }
  await quiet()
  return { store, node, alice, bob, carol, quiet }
}

async function ask<Q, A>(device: TestDevice, method: RequestMethod<Q, A>, request: Q): Promise<string> {
  const code = codeName((await device.call(method, request)).code)
  // A request that is not understood uses no number up.
  if (code === 'INVALID_ARGUMENT') device.sendSeq -= 1
  return code
}

/** The device has stored and read the peer's messages up to this one. */
async function read(device: TestDevice, peer: TestDevice, sendSeq = peer.sendSeq): Promise<void> {
  const { services } = device.node
  const marks = [{ peer: peer.uid, device: peer.device, sendSeq }]
  await new Promise<void>(resolve => {
    services.ack(device, { version: 1, delivered: marks, read: marks }, resolve)
    services.flush()
  })
}

function set(device: TestDevice, conversation: string, settings: Partial<ConversationSettings>): Promise<string> {
  const request = { sendSeq: device.next(), conversation, settings: { ...PLAIN, ...settings } }
  return ask(device, METHODS.setConversation, request)
}

function mark(device: TestDevice, conversation: string, number: number): Promise<string> {
  return ask(device, METHODS.markRead, { sendSeq: device.next(), conversation, number })
}

async function contents(device: TestDevice): Promise<NonNullable<Item['content']>[]> {
  return (await device.items()).flatMap(({ item: { content } }) => (content === undefined ? [] : [content]))
}

/** What a device is shown of its conversations. */
async function shown(device: TestDevice) {
  return (await contents(device)).flatMap(content => (content.case === 'conversationState' ? [content.value] : []))
}

async function groupOf(owner: TestDevice, invited: readonly TestDevice[]): Promise<{ conversation: string; gid: Gid }> {
  const invitees = invited.map(({ uid }) => ({ uid }))
  const { body } = await owner.call(METHODS.groupCreate, { sendSeq: owner.next(), title: 'friends', invitees })
  const { conversation } = METHODS.groupCreate.decodeResponse(body)
  for (const device of [owner, ...invited])
    await eventually(async () => (await device.call(METHODS.groupGet, { conversation })).code === 0)
  return { conversation, gid: gidOf(conversation) ?? '' }
}

async function marksOf(store: MemoryStore, gid: Gid) {
  const [found] = await store.get(groupActor(gid), [readMarks.prefix])
  return found === undefined || found.stamp === 0 ? undefined : readMarks.decode(found.bytes)
}

t.test('settings are one item of the conversation, on all own devices; the same again is none', async t => {
  const { store, alice, bob, carol } = await world()
  const conversation = `direct:${bob.uid}`
  t.equal(await set(alice, conversation, { muted: true }), 'OK')
  t.equal(await set(alice, conversation, { muted: true, pinned: true }), 'OK')
  const value = { conversation, settings: { ...PLAIN, muted: true, pinned: true }, read: 0, cleared: 0 }
  t.same(await shown(alice), [value])
  const { head } = await alice.node.services.head(alice.uid, 0)
  t.equal(await set(alice, conversation, { muted: true, pinned: true }), 'OK')
  t.equal((await alice.node.services.head(alice.uid, 0)).head, head)
  t.same(await shown(bob), [], 'the other learns nothing')
  for (const [other, code] of [
    [`direct:${carol.uid}`, 'UNKNOWN_USER'],
    ['direct:999999', 'UNKNOWN_USER'],
    [`direct:${alice.uid}`, 'SELF'],
    ['group:1.1.1', 'NO_SUCH_GROUP'],
    ['room:1', 'NO_SUCH_GROUP'],
    ['nonsense', 'INVALID_ARGUMENT'],
  ] as const)
    t.equal(await set(alice, other, { muted: true }), code, other)
  t.equal((await store.scan(userActor(alice.uid), 'conversation/', null, 10)).length, 1, 'naming others makes nothing')
})

t.test('what the user wants to come back to is over when it is read', async t => {
  const { alice, bob } = await world()
  const conversation = `direct:${alice.uid}`
  await alice.send(bob.uid, 'hello')
  await set(bob, conversation, { unread: true, muted: true })
  await read(bob, alice)
  t.match(await shown(bob), [{ conversation, settings: { muted: true, unread: false } }])
  await set(bob, conversation, { unread: true })
  await read(bob, alice)
  t.match(await shown(bob), [{ settings: { unread: true } }], 'a mark that does not rise is nothing')

  const { conversation: group } = await groupOf(alice, [bob])
  await set(bob, group, { unread: true })
  t.equal(await mark(bob, group, 2 ** 50), 'OK')
  t.match((await shown(bob)).at(-1), { conversation: group, settings: { unread: false }, read: Number })
})

for (const scopes of ['one', 'partitions'] as const) {
  t.test(`${scopes}: a mark in a group rises, within what the user has, and the group knows it`, async t => {
    const { store, node, alice, bob, quiet } = await world(scopes)
    const { conversation, gid } = await groupOf(alice, [bob])
    const first = await sayTo(node.engine, { gid, sender: alice.uid, uids: [] })
    const second = await sayTo(node.engine, { gid, sender: alice.uid, uids: [] })
    await quiet()
    const markOf = async () => (await shown(bob)).find(one => one.conversation === conversation)?.read
    t.equal(await mark(bob, conversation, 1), 'NOT_MEMBER', 'the group was there before him')
    t.equal(await mark(bob, conversation, second), 'OK')
    t.equal(await mark(bob, conversation, first), 'OK')
    t.equal(await markOf(), second)
    await quiet()
    t.same(await marksOf(store, gid), { [bob.uid]: second })
    t.same(await shown(alice), [], 'and tells nobody')
    t.equal(await mark(bob, conversation, 2 ** 50), 'OK')
    t.equal(await markOf(), second, 'no mark is above what is there')
    const late: Transition<void, void> = {
      name: 'test.late',
      run: tx => tx.effect(groupRead, groupActor(gid), { period: 1, number: second + 1 }),
    }
    await sayTo(node.engine, { gid, sender: alice.uid, uids: [] })
    await node.engine.run(userActor(bob.uid), late, undefined)
    await quiet()
    t.same(await marksOf(store, gid), { [bob.uid]: second }, 'a mark of another membership is none of this one')
    t.equal(await mark(bob, `direct:${alice.uid}`, 1), 'INVALID_ARGUMENT')
    t.equal(await mark(bob, 'group:1.1.1', 1), 'NO_SUCH_GROUP')

    await ask(bob, METHODS.groupLeave, { sendSeq: bob.next(), conversation })
    await quiet()
    t.same(await marksOf(store, gid), {}, 'it goes with the member')
    await sayTo(node.engine, { gid, sender: alice.uid, uids: [] })
    await quiet()
    t.equal(await mark(bob, conversation, 2 ** 50), 'OK')
    const until = (await contents(bob)).flatMap(content => (content.case === 'group' ? [content.value.until] : []))
    t.equal(await markOf(), until.at(-1), 'up to the end of the membership')
    await quiet()
    t.same(await marksOf(store, gid), {})
    await ask(alice, METHODS.groupDissolve, { sendSeq: alice.next(), conversation })
    await quiet()
    t.equal(await marksOf(store, gid), undefined)
    t.same(node.asides, [])
  })

  t.test(`${scopes}: who has read a message is told to members, without its author`, async t => {
    const { node, alice, bob, carol, quiet } = await world(scopes)
    await befriend(alice, carol)
    const { conversation, gid } = await groupOf(alice, [bob])
    const early = await sayTo(node.engine, { gid, sender: alice.uid, uids: [] })
    const invitees = [{ uid: carol.uid }]
    await ask(alice, METHODS.groupInvite, { sendSeq: alice.next(), conversation, invitees })
    await eventually(async () => (await carol.call(METHODS.groupGet, { conversation })).code === 0)
    const late = await sayTo(node.engine, { gid, sender: bob.uid, uids: [] })
    await quiet()
    for (const device of [alice, bob, carol]) await mark(device, conversation, late)
    await quiet()
    const readers = async (device: TestDevice, number: number) => {
      const { code, body } = await device.call(METHODS.readBy, { conversation, number })
      return code === 0 ? METHODS.readBy.decodeResponse(body).readers.map(({ uid }) => uid) : codeName(code)
    }
    const sorted = (...devices: TestDevice[]) => devices.map(({ uid }) => uid).sort((a, b) => a - b)
    t.same(await readers(carol, late), sorted(alice, carol))
    t.same(await readers(bob, early), sorted(bob), 'Carol was not there')
    t.equal(await readers(carol, early), 'NO_SUCH_MESSAGE')
    t.equal(await readers(bob, 1), 'NO_SUCH_MESSAGE')
    t.equal(await readers(alice, 1), 'NO_SUCH_MESSAGE', 'a change has no readers')
    t.equal(await readers(bob, late + 100), 'NO_SUCH_MESSAGE')
    await ask(bob, METHODS.groupLeave, { sendSeq: bob.next(), conversation })
    await quiet()
    t.equal(await readers(bob, late), 'NO_SUCH_GROUP')
    t.same(node.asides, [])
  })
}

t.test('a group that grows beyond 50 members forgets who has read', async t => {
  const { store, node } = await world()
  const { engine } = node
  const people: GroupPerson[] = []
  for (let n = 0; n < 51; n += 1) people.push(await GroupPerson.enter(engine, `p${n}-`, 7))
  const [owner, last] = [people[0], people[50]] as [GroupPerson, GroupPerson]
  const gid = await owner.create('many')
  const rules = { join: GroupJoin.CODE, adminsInvite: false, adminsWrite: false, history: 0 }
  await owner.act(setGroupRules, { gid, rules, code: 'a code', newCode: true })
  for (const person of people.slice(1, 50)) await person.act(joinGroup, { gid, code: 'a code' })
  await owner.act(markRead, { gid, number: 2 })
  t.same(await marksOf(store, gid), { [owner.uid]: 2 })
  const readers = async () => {
    const found = await engine.run(groupActor(gid), readersOf, { uid: owner.uid, number: 2 })
    return found.kind === 'done' ? [codeName(found.result.code), found.result.uids] : found.kind
  }
  t.same(await readers(), ['OK', [owner.uid]])
  await last.act(joinGroup, { gid, code: 'a code' })
  t.equal(await marksOf(store, gid), undefined)
  t.same(await readers(), ['NOT_ALLOWED', []])
  await owner.act(markRead, { gid, number: 3 })
  t.equal(await marksOf(store, gid), undefined, 'and keeps nothing')
  await last.act(leaveGroup, { gid })
  await owner.act(markRead, { gid, number: 4 })
  t.same(await marksOf(store, gid), { [owner.uid]: 4 })
  t.match(await store.get(groupActor(gid), [lastNumber.prefix]), [{ stamp: Number }])
})

t.test('without receipts the user gives none and gets none; what is read is known to the own devices', async t => {
  const { alice, bob, quiet } = await world()
  const prefer = (noReceipts: boolean) =>
    ask(alice, METHODS.setPreferences, {
      sendSeq: alice.next(),
      preferences: { noReceipts, askBeforeGroups: false, noPresence: false, friendsOnly: false },
    })
  t.equal(await prefer(true), 'OK')
  t.equal(await prefer(true), 'OK')
  const reads = async (device: TestDevice, peer: TestDevice) => {
    await peer.send(device.uid, 'hello')
    await read(device, peer)
  }
  const receipts = async (device: TestDevice) =>
    (await contents(device)).flatMap(content => (content.case === 'read' ? [content.value.own ? 'own' : 'theirs'] : []))
  const delivered = async (device: TestDevice) =>
    (await contents(device)).filter(({ case: kind }) => kind === 'delivered')
  await reads(alice, bob)
  await reads(bob, alice)
  t.same(await receipts(alice), ['own'])
  t.same(await receipts(bob), ['own'])
  t.equal((await delivered(alice)).length, 1)
  t.equal((await delivered(bob)).length, 1, 'that it arrived is told')
  const items = (await contents(alice)).filter(({ case: kind }) => kind === 'preferences')
  t.same(items, [
    { case: 'preferences', value: { noReceipts: true, askBeforeGroups: false, noPresence: false, friendsOnly: false } },
  ])
  // A block that ends tells the marks anew.
  await ask(bob, METHODS.contactBlock, { sendSeq: bob.next(), uid: alice.uid })
  await ask(bob, METHODS.contactUnblock, { sendSeq: bob.next(), uid: alice.uid })
  await quiet()
  t.same(await receipts(bob), ['own'])
  await prefer(false)
  await reads(alice, bob)
  await reads(bob, alice)
  t.same((await receipts(alice)).sort(), ['own', 'theirs'])
  t.same((await receipts(bob)).sort(), ['own', 'theirs'])
})

t.test('who wants to be asked is not in a group before Accept', async t => {
  const { alice, bob } = await world()
  const preferences = { noReceipts: false, askBeforeGroups: true, noPresence: false, friendsOnly: false }
  await ask(bob, METHODS.setPreferences, { sendSeq: bob.next(), preferences })
  const invitees = [{ uid: bob.uid }]
  await ask(alice, METHODS.groupCreate, { sendSeq: alice.next(), title: 'friends', invitees })
  const states = async () =>
    (await contents(bob)).flatMap(content => (content.case === 'group' ? [content.value.state] : []))
  t.same(await states(), [GroupState.INVITED])
})

t.test('a deleted account leaves nothing of all that', async (t: Test) => {
  const { store, node, alice, bob, quiet } = await world()
  const { conversation, gid } = await groupOf(alice, [bob])
  const number = await sayTo(node.engine, { gid, sender: alice.uid, uids: [bob.uid] })
  await mark(bob, conversation, number)
  await sayTo(node.engine, { gid, sender: alice.uid, uids: [bob.uid] })
  await set(bob, `direct:${alice.uid}`, { pinned: true })
  const preferences = { noReceipts: true, askBeforeGroups: true, noPresence: false, friendsOnly: false }
  await ask(bob, METHODS.setPreferences, { sendSeq: bob.next(), preferences })
  t.equal((await store.scan(userActor(bob.uid), conversationRecord.prefix, null, 10)).length, 2)
  await ask(bob, METHODS.deleteAccount, { sendSeq: bob.next(), password: 'correct horse' })
  await eventually(async () => (await store.scan(userActor(bob.uid), '', null, 10)).length === 1)
  await quiet()
  const { entries } = await store.read(userActor(bob.uid), 0, Number.MAX_SAFE_INTEGER, 100, 2 ** 20)
  t.same(entries, [])
  t.same(await marksOf(store, gid), {})
  await sayTo(node.engine, { gid, sender: alice.uid, uids: [bob.uid] })
  await quiet()
  t.equal((await store.scan(userActor(bob.uid), '', null, 10)).length, 1)
  t.same(node.asides, [])
})

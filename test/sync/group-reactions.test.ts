/** Reactions in groups: who may, what is kept and told, and how often; also after a crash. */
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { decodeItem, GroupState } from '../../protocol/generated/messages.js'
import { GROUP_MEMBERS_MAX, REACTION_KINDS_MAX, REACTIONS_TOLD_MS } from '../../protocol/limits.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import { groupActor } from '../../src/sync/references.js'
import { debtsActor } from '../../src/sync/rules/debts.js'
import { editInGroup, recallInGroup } from '../../src/sync/rules/group-edits.js'
import { reactInGroup, reactorsIn, tellReactions } from '../../src/sync/rules/group-reactions.js'
import { NO_RULES } from '../../src/sync/rules/group-records.js'
import { inviteToGroup, leaveGroup, muteMember, removeMember, setGroupRules } from '../../src/sync/rules/membership.js'
import { countsOf, reactedRecord, untoldNote, withReactor } from '../../src/sync/rules/reaction-records.js'
import { userActor } from '../../src/sync/rules/records.js'
import { verify } from '../../src/verify/verify.js'
import { startNode, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { ManualClock } from '../support/manual-clock.js'

const SCOPES = ['one', 'partitions'] as const

/** A group of three, in three partitions, and somebody who is no member. Time stands still. */
async function friends(scopes: (typeof SCOPES)[number] = 'one') {
  const clock = new ManualClock()
  const store = new MemoryStore({ scopes, random: seededRandom('store') })
  const node = await startNode(store, clock, 'node')
  const [alice, bob, carol, dave] = [
    await GroupPerson.enter(node.engine, 'alice', 1),
    await GroupPerson.enter(node.engine, 'bob', 2),
    await GroupPerson.enter(node.engine, 'carol', 3),
    await GroupPerson.enter(node.engine, 'dave', 4),
  ]
  const gid = await alice.create('friends', [bob, carol])
  await bob.comeIn(gid)
  await carol.comeIn(gid)
  const say = async (by: GroupPerson, text: string): Promise<number> => {
    await by.say(gid, text)
    const find = async () => (await by.numbered(gid)).find(item => item.text === text)?.number
    await eventually(async () => (await find()) !== undefined)
    return (await find()) ?? 0
  }
  const react = (by: GroupPerson, number: number, kind: string, fields = {}) =>
    by.act(reactInGroup, { gid, number, kind, on: true, ...fields })
  /** The code of an act's refusal, of whichever side. */
  const refused = async (by: GroupPerson, act: Promise<string>): Promise<string | undefined> => {
    const before = (await by.failures()).length
    const code = await act
    if (code !== 'OK') return code
    await eventually(async () => (await by.failures()).length > before)
    return (await by.failures()).at(-1)
  }
  const faults = (): string[] => {
    const found: string[] = []
    verify(new MemoryView(store.disk.snapshot()), fault => found.push(fault))
    return found
  }
  return { store, clock, node, alice, bob, carol, dave, gid, say, react, refused, faults }
}

/** The reactions to the first message, as the timeline has it now, and as is told behind it. */
async function seen(person: GroupPerson): Promise<string> {
  const [message] = await person.messages()
  const change = (await person.changes()).at(-1)
  const text = (shown: typeof message): string =>
    (shown?.state?.reactions ?? []).map(({ kind, count, mine }) => `${kind}${count}${mine ? '!' : ''}`).join(' ')
  return `${text(message)} | ${text(change)}`
}

async function sees(person: GroupPerson, wanted: string): Promise<void> {
  let last = ''
  await eventually(async () => {
    last = await seen(person)
    return last === wanted
  }, 5_000).catch(error => {
    throw new Error(`${person.uid} sees ${last}, not ${wanted}`, { cause: error })
  })
}

/** What is kept of reactions: records of the group, and notes. */
async function kept(node: TestNode, gid: string): Promise<readonly [records: number, notes: number]> {
  const group = groupActor(gid)
  const records = await node.engine.scan(group, `${reactedRecord.prefix}/`, null, 100)
  const notes = await node.engine.scan(debtsActor(group), `${untoldNote.prefix}/`, null, 100)
  return [records.length, notes.length]
}

for (const scopes of SCOPES) {
  t.test(`all members are told how many have reacted (scopes: ${scopes})`, async t => {
    const { clock, node, alice, bob, carol, gid, say, react, faults } = await friends(scopes)
    const everybody = async (wanted: string): Promise<void> => {
      for (const person of [alice, bob, carol]) await sees(person, wanted)
    }
    const one = await say(bob, 'one')
    t.equal(await react(alice, one, '👍'), 'OK')
    await everybody('👍1 | 👍1')
    clock.advance(REACTIONS_TOLD_MS)
    t.equal(await react(bob, one, 'ha'), 'OK')
    await everybody('👍1 ha1 | 👍1 ha1')
    clock.advance(REACTIONS_TOLD_MS)
    t.equal(await react(carol, one, '👍'), 'OK')
    await everybody('👍2 ha1 | 👍2 ha1')
    t.same(await kept(node, gid), [1, 0])
    clock.advance(REACTIONS_TOLD_MS)
    t.equal(await react(bob, one, 'ha', { on: false }), 'OK')
    await everybody('👍2 | 👍2')
    clock.advance(REACTIONS_TOLD_MS)
    const told = node.appended.length
    t.equal(await react(bob, one, 'ha', { on: false }), 'OK', 'what is not set')
    t.equal(await react(carol, one, '👍'), 'OK', 'what is set')
    t.equal(await bob.act(editInGroup, { gid, number: one, text: 'uno', mentions: [], fault: 0 }), 'OK')
    await eventually(async () => (await carol.messages())[0]?.text === 'uno')
    t.equal(node.appended.length - told, 3, 'only the edit was told')
    await everybody('👍2 | 👍2')
    t.equal(await react(alice, one, 'ha'), 'OK', 'behind an edit')
    await everybody('👍2 ha1 | 👍2 ha1')
    t.equal((await carol.messages())[0]?.text, 'uno')
    t.equal(await bob.act(recallInGroup, { gid, number: one }), 'OK')
    await everybody(' | ')
    await eventually(async () => (await kept(node, gid)).every(count => count === 0))
    t.same(faults(), [])
    t.same(node.asides, [])
  })

  t.test(`at most one telling a second, and the last state always (scopes: ${scopes})`, async t => {
    const { clock, node, alice, bob, carol, gid, say, react } = await friends(scopes)
    const one = await say(bob, 'one')
    const told = (): number =>
      node.appended.filter(({ to, bytes }) => to === userActor(carol.uid) && tellsChange(bytes)).length
    const count = scopes === 'one' ? 500 : 100
    for (let n = 0; n < count; n += 1) {
      const on = Math.floor(n / 3) % 2 === 0
      t.equal(await react([alice, bob, carol][n % 3] ?? alice, one, 'x', { on }), 'OK')
      clock.advance(10_000 / count)
      await new Promise(setImmediate)
    }
    await eventually(async () => {
      clock.advance(100)
      return (await kept(node, gid))[1] === 0
    })
    await eventually(async () => {
      const has = (await node.engine.scan(groupActor(gid), `${reactedRecord.prefix}/`, null, 1))[0]
      const counts = has === undefined ? [] : countsOf(reactedRecord.decode(has.bytes))
      return (await seen(carol)).endsWith(`| ${counts.map(({ kind, count }) => `${kind}${count}`).join(' ')}`)
    })
    t.ok(told() > 8 && told() <= 12, `${count} reactions in 10 s, and ${told()} items`)
    t.equal(await react(alice, one, 'last'), 'OK')
    t.equal(await react(bob, one, 'last'), 'OK')
    await eventually(async () => {
      clock.advance(100)
      return (await seen(carol)).endsWith(' last2')
    })
    await eventually(async () => (await kept(node, gid))[1] === 0)
  })
}

function tellsChange(bytes: Uint8Array | undefined): boolean {
  return bytes !== undefined && decodeItem(bytes).content?.case === 'changed'
}

t.test('what was not told when the server was killed is told by the next one', async t => {
  const { clock, store, node, alice, bob, carol, gid, say, react } = await friends()
  const one = await say(bob, 'one')
  await react(alice, one, 'x')
  await sees(carol, 'x1 | x1')
  await react(bob, one, 'x')
  await react(carol, one, 'y')
  t.same(await kept(node, gid), [1, 1])
  t.equal(await seen(carol), 'x1 | x1', 'the second is not over')
  node.jobs.abort()
  const next = await startNode(new MemoryStore({ disk: store.disk }), clock, 'next')
  clock.advance(REACTIONS_TOLD_MS)
  const reader = new GroupPerson(carol.uid, next.engine)
  t.equal(await seen(reader), 'x1 | x1')
  await next.jobs.start()
  await eventually(async () => {
    clock.advance(10)
    return (await seen(reader)) === 'x2 y1 | x2 y1'
  })
  t.same(await kept(next, gid), [1, 0])
})

t.test('two who tell at once tell it once', async t => {
  const { clock, node, alice, bob, carol, gid, say, react } = await friends()
  const one = await say(bob, 'one')
  await react(alice, one, 'x')
  await react(bob, one, 'x')
  await sees(carol, 'x1 | x1')
  const tell = () => node.engine.run(groupActor(gid), tellReactions, { number: one })
  t.match(await tell(), { kind: 'done', result: REACTIONS_TOLD_MS }, 'it is too early')
  node.jobs.abort()
  clock.advance(REACTIONS_TOLD_MS)
  const told = node.appended.length
  t.match(await Promise.all([tell(), tell()]), [{ result: 0 }, { result: 0 }])
  await sees(carol, 'x2 | x2')
  t.equal(node.appended.length - told, 3)
})

t.test('what was set and taken back within the second is told to nobody', async t => {
  const { clock, node, alice, bob, carol, gid, say, react } = await friends()
  const one = await say(bob, 'one')
  await react(alice, one, 'x')
  await sees(carol, 'x1 | x1')
  await react(bob, one, 'y')
  await react(bob, one, 'y', { on: false })
  const told = node.appended.length
  await eventually(async () => {
    clock.advance(100)
    return (await kept(node, gid))[1] === 0
  })
  t.equal(node.appended.length, told)
})

t.test('a clock that was put back holds nothing up', async t => {
  const { node, alice, bob, carol, gid, say, react, store } = await friends()
  const one = await say(bob, 'one')
  await react(alice, one, 'x')
  await sees(carol, 'x1 | x1')
  node.jobs.abort()
  const next = await startNode(new MemoryStore({ disk: store.disk }), new ManualClock(1_600_000_000_000), 'next')
  const late = new GroupPerson(bob.uid, next.engine)
  late.sendSeq = bob.sendSeq
  t.equal(await late.act(reactInGroup, { gid, number: one, kind: 'x', on: true }), 'OK')
  await sees(new GroupPerson(carol.uid, next.engine), 'x2 | x2')
})

t.test('who may react, and to what', async t => {
  const { alice, bob, carol, dave, gid, say, react, refused } = await friends()
  const one = await say(bob, 'one')
  t.equal(await react(dave, one, 'x'), 'NO_SUCH_GROUP')
  t.equal(await refused(bob, react(bob, one + 100, 'x')), 'NO_SUCH_MESSAGE')
  const joined = (await bob.group(gid))?.number ?? 0
  t.equal(await refused(bob, react(bob, joined, 'x')), 'NO_SUCH_MESSAGE', 'what is no message')
  t.equal(await react(bob, joined - 1, 'x'), 'NO_SUCH_MESSAGE', 'what was before')
  t.equal(await react(bob, one, 'x', { early: true }), 'NOT_ALLOWED')
  t.equal(await react(bob, one, 'x', { limited: true }), 'RECIPIENT_LIMIT')
  const rules = { ...NO_RULES, adminsWrite: true }
  await alice.act(setGroupRules, { gid, rules, code: '', newCode: false })
  await eventually(async () => (await bob.group(gid))?.rules?.adminsWrite === true)
  t.equal(await react(bob, one, 'x'), 'OK', 'where only admins write all may react')
  await sees(bob, 'x1 | x1')
  await alice.act(muteMember, { gid, other: bob.uid, muted: true })
  await eventually(async () => (await bob.group(gid))?.muted === true)
  t.equal(await react(bob, one, 'y'), 'MUTED')
  await carol.act(leaveGroup, { gid })
  await eventually(async () => (await carol.group(gid))?.state === GroupState.UNSPECIFIED)
  t.equal(await react(carol, one, 'x'), 'NO_SUCH_GROUP')
  await alice.act(inviteToGroup, { gid, uids: [carol.uid] })
  await carol.comeIn(gid)
  t.equal(await react(carol, one, 'x'), 'NO_SUCH_MESSAGE', 'it was before she came again')
  t.equal(await alice.act(recallInGroup, { gid, number: one }), 'OK')
  t.equal(await refused(alice, react(alice, one, 'x')), 'RECALLED')
})

t.test('a reaction that crosses the removal of its user fails', async t => {
  const { alice, bob, gid, say, react } = await friends('partitions')
  const one = await say(bob, 'one')
  const removed = alice.act(removeMember, { gid, other: bob.uid, number: 0 })
  t.equal(await react(bob, one, 'x'), 'OK')
  await removed
  await eventually(async () => (await bob.group(gid))?.state === GroupState.UNSPECIFIED)
  await eventually(async () => (await bob.failures()).includes('NOT_MEMBER') || (await seen(alice)) === 'x1 | x1')
})

t.test('a user has three reactions to a message, and a message twenty kinds', async t => {
  const { node, alice, bob, gid, say, react, refused } = await friends()
  const one = await say(bob, 'one')
  for (const kind of ['a', 'b', 'c']) t.equal(await react(alice, one, kind), 'OK')
  t.equal(await refused(alice, react(alice, one, 'd')), 'REACTION_LIMIT')
  t.equal(await react(alice, one, 'a', { on: false }), 'OK')
  t.equal(await react(alice, one, 'd'), 'OK')
  const asked = { uid: bob.uid, number: one, kind: '', after: 0, limit: 10 }
  t.match(await node.engine.run(groupActor(gid), reactorsIn, asked), {
    result: { page: [{ uid: alice.uid, kinds: ['b', 'c', 'd'] }], next: 0 },
  })
})

t.test('the rule of who has which reaction', async t => {
  const all = (_: number): boolean => true
  type Kinds = ReturnType<typeof withReactor>
  const set = (kinds: Kinds, uid: number, kind: string, on = true, isMember = all): Kinds =>
    withReactor(kinds ?? [], { uid, kind, on }, isMember)
  let kinds: Kinds = []
  for (let n = 0; n < REACTION_KINDS_MAX; n += 1) kinds = set(kinds, n, `kind ${n}`)
  t.equal(kinds?.length, REACTION_KINDS_MAX)
  t.equal(set(kinds, 100, 'one more'), undefined)
  t.equal(set(kinds, 0, 'kind 0'), kinds, 'nothing changes')
  t.equal(set(kinds, 1, 'kind 0', false), kinds)
  t.equal(set(set(kinds, 0, 'kind 0', false), 100, 'one more')?.at(-1)?.[0], 'one more')
  let full: Kinds = []
  for (let n = 1; n <= GROUP_MEMBERS_MAX; n += 1) full = set(full, n, n === 1 ? 'a' : 'b')
  t.same(set(full, 1, 'b')?.[1]?.[1].length, GROUP_MEMBERS_MAX, 'who has reacted reacts again')
  t.same(
    set(full, 999, 'b', true, uid => uid > 10)?.map(([kind, uids]) => [kind, uids.length]),
    [['b', GROUP_MEMBERS_MAX - 9]],
  )
})

t.test('who reacted is a page, for members who have the message', async t => {
  const { node, alice, bob, carol, dave, gid, say, react } = await friends()
  const one = await say(bob, 'one')
  const ask = async (fields: object) => {
    const asked = { uid: alice.uid, number: one, kind: '', after: 0, limit: 2, ...fields }
    const outcome = await node.engine.run(groupActor(gid), reactorsIn, asked)
    if (outcome.kind !== 'done') throw new Error(outcome.kind)
    const { result } = outcome
    return result.code === undefined ? result : codeName(result.code)
  }
  t.same(await ask({}), { page: [], next: 0 })
  for (const [by, kind] of [
    [carol, 'x'],
    [alice, 'y'],
    [bob, 'x'],
    [bob, 'y'],
  ] as const)
    await react(by, one, kind)
  await eventually(async () => (await kept(node, gid))[1] === 1)
  const [a, b, c] = [
    { uid: alice.uid, kinds: ['y'] },
    { uid: bob.uid, kinds: ['x', 'y'] },
    { uid: carol.uid, kinds: ['x'] },
  ]
  t.same(await ask({}), { page: [a, b], next: bob.uid })
  t.same(await ask({ after: bob.uid }), { page: [c], next: 0 })
  t.same(await ask({ limit: 3 }), { page: [a, b, c], next: 0 })
  t.same(await ask({ kind: 'x' }), { page: [{ ...b, kinds: ['x'] }, c], next: 0 })
  t.equal(await ask({ uid: dave.uid }), 'NO_SUCH_GROUP')
  await alice.act(inviteToGroup, { gid, uids: [dave.uid] })
  await dave.comeIn(gid)
  t.equal(await ask({ uid: dave.uid }), 'NO_SUCH_MESSAGE')
})

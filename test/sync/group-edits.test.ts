/** Edits and recalls in groups: who may, who is shown which text, and that the old one is nowhere. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createMessageId,
  createMessageState,
  GroupJoin,
  GroupRole,
  GroupState,
} from '../../protocol/generated/messages.js'
import { EDIT_MS_MAX, RECALL_MS_MAX } from '../../protocol/limits.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import { branchActor, groupActor } from '../../src/sync/references.js'
import { groupChanged } from '../../src/sync/rules/branch-changes.js'
import { forwardMessage } from '../../src/sync/rules/forward.js'
import { editInGroup, recallInGroup } from '../../src/sync/rules/group-edits.js'
import { FORMER_MAX, type Period, withEnded } from '../../src/sync/rules/group-records.js'
import {
  inviteToGroup,
  joinGroup,
  leaveGroup,
  muteMember,
  removeMember,
  setGroupRules,
  setMemberRole,
} from '../../src/sync/rules/membership.js'
import { messageIn, messageItem, withheldForNow } from '../../src/sync/rules/message-state.js'
import { userActor } from '../../src/sync/rules/records.js'
import type { Transition } from '../../src/sync/types.js'
import { verify } from '../../src/verify/verify.js'
import { DeafStore } from '../support/deaf-store.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { placesOf } from '../support/raw-store.js'

const SCOPES = ['one', 'partitions'] as const

interface Options {
  readonly store?: MemoryStore
  readonly scopes?: (typeof SCOPES)[number]
  readonly outboxBytesMax?: number
}

/** A group of three, in three partitions, and somebody who is no member. */
async function friends({ scopes = 'one', outboxBytesMax, ...options }: Options = {}) {
  const store = options.store ?? new MemoryStore({ scopes, random: seededRandom('store') })
  const clock = new JumpingClock()
  const node = await startNode(store, clock, 'node', { outboxBytesMax })
  const [alice, bob, carol, dave] = [
    await GroupPerson.enter(node.engine, 'alice', 1),
    await GroupPerson.enter(node.engine, 'bob', 2),
    await GroupPerson.enter(node.engine, 'carol', 3),
    await GroupPerson.enter(node.engine, 'dave', 4),
  ]
  const gid = await alice.create('friends', [bob, carol])
  await bob.comeIn(gid)
  await carol.comeIn(gid)
  /** @returns the message's number */
  const say = async (by: GroupPerson, text: string): Promise<number> => {
    if ((await by.say(gid, text)) !== 'OK') throw new Error('not said')
    const find = async () => (await by.numbered(gid)).find(item => item.text === text)?.number
    await eventually(async () => (await find()) !== undefined)
    return (await find()) ?? 0
  }
  const edit = (by: GroupPerson, number: number, text: string, fields = {}) =>
    by.act(editInGroup, { gid, number, text, mentions: [], fault: CODES.OK.code, ...fields })
  const recall = (by: GroupPerson, number: number, fields = {}) => by.act(recallInGroup, { gid, number, ...fields })
  const failed = async (by: GroupPerson, act: Promise<string>): Promise<string | undefined> => {
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
  return { store, clock, node, alice, bob, carol, dave, gid, say, edit, recall, failed, faults }
}

/** The messages that somebody is shown, and then what is told of their changes, as texts with marks. */
async function seen(person: GroupPerson): Promise<string> {
  const shown = ({ text, state }: Awaited<ReturnType<GroupPerson['messages']>>[number]): string => {
    const { editedAtMs, recalledBy, withheld } = state ?? createMessageState()
    return `${text}${editedAtMs > 0 ? '*' : ''}${recalledBy > 0 ? '!' : ''}${withheld ? '?' : ''}`
  }
  const [messages, changes] = [await person.messages(), await person.changes()]
  return `${messages.map(shown).join(' ')} | ${changes.map(shown).join(' ')}`
}

async function sees(person: GroupPerson, wanted: string): Promise<void> {
  let last = ''
  await eventually(async () => {
    last = await seen(person)
    return last === wanted
  }).catch(error => {
    throw new Error(`${person.uid} sees ${last}, not ${wanted}`, { cause: error })
  })
}

for (const scopes of SCOPES) {
  t.test(`all members show the same text, and the old one is nowhere (scopes: ${scopes})`, async t => {
    const { store, node, alice, bob, carol, say, edit, recall, failed, faults } = await friends({ scopes })
    const [one, two] = [await say(bob, 'one'), await say(alice, 'two')]
    t.equal(await edit(bob, one, 'uno'), 'OK')
    for (const person of [alice, bob, carol]) await sees(person, 'uno* two | uno*')
    t.equal(await edit(bob, one, 'eins'), 'OK')
    t.equal(await edit(alice, two, 'zwei'), 'OK')
    for (const person of [alice, bob, carol]) await sees(person, 'eins* zwei* | eins* zwei*')
    t.equal(await recall(bob, one), 'OK', 'a recall behind an edit')
    for (const person of [alice, bob, carol]) await sees(person, '! zwei* | zwei* !')
    t.equal(await failed(bob, edit(bob, one, 'again')), 'RECALLED', 'an edit behind a recall')
    t.equal(await recall(bob, one), 'OK', 'another recall')
    for (const person of [alice, bob, carol]) await sees(person, '! zwei* | zwei* !')
    const message = (await carol.messages())[0]
    t.match(message, { sender: bob.uid, number: one, text: '', extra: undefined })
    t.match(message?.state, { recalledBy: bob.uid, editedAtMs: 0, editNumber: 0 })
    t.equal(await say(bob, 'three').then(number => number > two), true, 'and the numbers go on')
    await sees(carol, '! zwei* three | zwei* !')
    const texts = ['one', 'uno', 'eins', 'again', 'two'].map(text => placesOf(store, text))
    t.same(texts, [[], [], [], [], []])
    t.equal(placesOf(store, 'zwei').length, 4, 'each text once in the group, and in each partition')
    t.same(faults(), [])
    t.same(node.asides, [])
    await node.engine.close()
  })

  t.test(`who has left is told nothing more, and sees neither text (scopes: ${scopes})`, async t => {
    const { store, node, alice, bob, carol, gid, say, edit, recall, faults } = await friends({ scopes })
    const [one, two] = [await say(bob, 'one'), await say(bob, 'two')]
    await sees(carol, 'one two | ')
    await carol.act(leaveGroup, { gid })
    await eventually(async () => (await carol.group(gid))?.state === GroupState.UNSPECIFIED)
    t.equal(await edit(bob, one, 'uno'), 'OK')
    t.equal(await recall(bob, two), 'OK')
    await sees(alice, 'uno* ! | uno* !')
    await sees(carol, '*? ! | ')
    t.same(placesOf(store, 'one'), [], 'nor has the branch of her partition, where no member is left')
    await alice.act(inviteToGroup, { gid, uids: [carol.uid] })
    await carol.comeIn(gid)
    t.equal(await edit(bob, one, 'eins'), 'OK')
    await sees(alice, 'eins* ! | ! eins*')
    await sees(carol, 'eins* ! | eins*')
    t.same(faults(), [])
    await node.engine.close()
  })

  t.test(`who came later gets nothing of it (scopes: ${scopes})`, async t => {
    const { node, alice, bob, dave, gid, say, edit } = await friends({ scopes })
    const one = await say(bob, 'one')
    await alice.act(inviteToGroup, { gid, uids: [dave.uid] })
    await dave.comeIn(gid)
    t.equal(await edit(bob, one, 'uno'), 'OK')
    await sees(alice, 'uno* | uno*')
    await say(bob, 'two')
    await sees(dave, 'two | ')
    t.equal(await edit(dave, one, 'x'), 'NO_SUCH_MESSAGE')
    await node.engine.close()
  })
}

t.test('devices are pushed the message as it is now', async t => {
  const { node, bob, carol, say, edit } = await friends()
  const one = await say(bob, 'one')
  await edit(bob, one, 'uno')
  await sees(carol, 'uno* | uno*')
  const pushed = node.appended.filter(({ to }) => to === userActor(carol.uid)).at(-1)
  t.ok(Buffer.from(pushed?.bytes ?? []).includes('uno'))
  t.equal(pushed?.bytes?.[0], 90, 'as a Changed')
  await node.engine.close()
})

t.test('who may change what, and when', async t => {
  const { clock, alice, bob, carol, dave, gid, say, edit, recall, failed } = await friends()
  const one = await say(bob, 'one')
  t.equal(await failed(carol, edit(carol, one, 'x')), 'NOT_AUTHOR')
  t.equal(await failed(alice, edit(alice, one, 'x')), 'NOT_AUTHOR', 'an admin edits nothing of others')
  t.equal(await failed(carol, recall(carol, one)), 'NOT_AUTHOR')
  t.equal(await edit(dave, one, 'x'), 'NO_SUCH_GROUP')
  t.equal(await recall(dave, one), 'NO_SUCH_GROUP')
  t.equal(await failed(bob, edit(bob, one + 100, 'x')), 'NO_SUCH_MESSAGE')
  const joined = (await bob.group(gid))?.number ?? 0
  t.equal(await failed(bob, edit(bob, joined, 'x')), 'NO_SUCH_MESSAGE', 'what is no message')
  t.equal(await edit(bob, joined - 1, 'x'), 'NO_SUCH_MESSAGE', 'what was before')
  t.equal(await edit(bob, one, 'x', { fault: CODES.TEXT_TOO_LONG.code }), 'TEXT_TOO_LONG')
  t.equal(await edit(bob, one, '@all', { mentions: [{ start: 0, length: 4, uid: 0 }] }), 'BAD_MENTIONS')
  for (const act of [
    edit,
    (by: GroupPerson, number: number, _: string, fields: object) => recall(by, number, fields),
  ]) {
    t.equal(await act(bob, one, 'x', { early: true }), 'NOT_ALLOWED')
    t.equal(await act(bob, one, 'x', { limited: true }), 'RECIPIENT_LIMIT')
  }
  t.equal(await edit(bob, one, 'uno'), 'OK')
  await sees(bob, 'uno* | uno*')
  const changed = (await bob.messages())[0]?.state?.changeNumber ?? 0
  t.equal(await failed(bob, edit(bob, changed, 'x')), 'NO_SUCH_MESSAGE', 'the number of an edit')
  await alice.act(muteMember, { gid, other: bob.uid, muted: true })
  await eventually(async () => (await bob.group(gid))?.muted === true)
  t.equal(await edit(bob, one, 'x'), 'MUTED')
  await alice.act(muteMember, { gid, other: bob.uid, muted: false })
  await eventually(async () => (await bob.group(gid))?.muted === false)
  clock.jump(RECALL_MS_MAX + 1)
  t.equal(await failed(bob, recall(bob, one)), 'TOO_LATE')
  const two = await say(bob, 'two')
  t.equal(await recall(bob, two), 'OK')
  clock.jump(EDIT_MS_MAX)
  t.equal(await failed(bob, edit(bob, one, 'x')), 'TOO_LATE')
  await alice.act(setMemberRole, { gid, other: carol.uid, role: GroupRole.ADMIN })
  await eventually(async () => (await carol.group(gid))?.role === GroupRole.ADMIN)
  t.equal(await recall(carol, one), 'OK', 'an admin recalls at any time')
  await sees(bob, '! ! | ! !')
  t.equal((await bob.messages())[0]?.state?.recalledBy, carol.uid)
})

t.test('an edit that crosses the removal of its author fails', async t => {
  const { alice, bob, gid, say, edit } = await friends({ scopes: 'partitions' })
  const one = await say(bob, 'one')
  const [, code] = await Promise.all([
    alice.act(removeMember, { gid, other: bob.uid, number: 0 }),
    edit(bob, one, 'uno'),
  ])
  t.equal(code, 'OK')
  await eventually(async () => (await bob.group(gid))?.state === GroupState.UNSPECIFIED)
  const settled = async () => (await bob.failures()).includes('NOT_MEMBER') || (await seen(alice)) === 'uno* | uno*'
  await eventually(settled)
  t.ok(await settled())
})

t.test('who is in again hears of what is changed then, and is shown no text of when she was out', async t => {
  const { node, alice, bob, carol, gid, say, edit, recall } = await friends()
  const [one, two] = [await say(bob, 'one'), await say(bob, 'two')]
  await carol.act(leaveGroup, { gid })
  await eventually(async () => (await carol.group(gid))?.state === GroupState.UNSPECIFIED)
  t.equal(await edit(bob, one, 'uno'), 'OK')
  await alice.act(inviteToGroup, { gid, uids: [carol.uid] })
  await carol.comeIn(gid)
  const change: Transition<void, void> = {
    name: 'test.change',
    run(tx) {
      const message = messageIn(tx.entry(one)?.bytes ?? new Uint8Array(0))
      if (message?.case !== 'conversationMessage') throw new Error('no message')
      const state = { ...createMessageState(message.value.state), changeNumber: 10_000 }
      const item = messageItem({ ...message, value: { ...message.value, state } })
      groupChanged.run(tx, { number: 10_000, atMs: 0, item }, groupActor(gid))
    },
  }
  const pushed = node.appended.length
  await node.engine.run(branchActor(gid, 3), change, undefined)
  await sees(carol, '*? two | *?')
  const hers = node.appended.slice(pushed).filter(({ to }) => to === userActor(carol.uid))
  t.equal(hers.length, 1, 'another change than an edit is told')
  t.notOk(Buffer.from(hers[0]?.bytes ?? []).includes('uno'), 'without the text')
  t.equal(await recall(alice, two), 'OK')
  await sees(carol, '*? ! | *? !')
  await node.engine.close()
})

t.test('somebody who comes and goes takes no text from others who have left', async t => {
  const { node, alice, bob, carol, gid, say, edit } = await friends()
  const one = await say(bob, 'one')
  t.equal(await edit(bob, one, 'uno'), 'OK')
  await sees(carol, 'uno* | uno*')
  await carol.act(leaveGroup, { gid })
  const restless = await GroupPerson.enter(node.engine, 'restless', 3)
  const rules = { join: GroupJoin.CODE, adminsInvite: false, adminsWrite: false, history: 0 }
  t.equal(await alice.act(setGroupRules, { gid, rules, code: 'the code', newCode: false }), 'OK')
  for (let n = 0; n <= FORMER_MAX; n += 1) {
    await restless.act(joinGroup, { gid, code: 'the code' })
    await restless.act(leaveGroup, { gid })
  }
  await eventually(async () => (await restless.group(gid))?.state === GroupState.UNSPECIFIED)
  await sees(carol, 'uno* | uno*')
  await node.engine.close()
})

t.test('who has left is forgotten oldest first, of those who have left most often', t => {
  const period = (uid: number, since: number): Period => ({ uid, since, until: since + 1 })
  const many = Array.from({ length: FORMER_MAX - 1 }, (_, n) => period(1, 10 * n))
  const full = withEnded([period(2, 0), ...many.slice(1)], [period(3, 9_000), period(3, 9_010)])
  t.equal(full.length, FORMER_MAX)
  t.same(full[0], period(2, 0))
  t.same(full[1], many[2])
  t.same(full.slice(-2), [period(3, 9_000), period(3, 9_010)])
  const others = Array.from({ length: FORMER_MAX + 2 }, (_, n) => period(n + 1, n))
  t.same(withEnded(others, []), others.slice(2))
  t.end()
})

t.test('a text that has not arrived is not forwarded', async t => {
  const { node, alice, bob, gid, say } = await friends()
  const number = await say(bob, 'one')
  const forward = async (): Promise<string> => {
    const source = { fault: CODES.OK.code, limited: false, blind: false, source: { gid }, to: { gid } }
    return alice.act(forwardMessage, { ...source, message: createMessageId({ number }) })
  }
  t.equal(await forward(), 'OK')
  const withhold: Transition<void, void> = {
    name: 'test.withhold',
    run(tx) {
      const entry = tx.entry(number)
      const message = entry && messageIn(entry.bytes)
      if (entry === undefined || message === undefined) throw new Error('no message')
      tx.replace(entry, messageItem(withheldForNow(message)))
    },
  }
  await node.engine.run(branchActor(gid, 1), withhold, undefined)
  t.equal(await forward(), 'NO_SUCH_MESSAGE')
  await node.engine.close()
})

t.test('a partition that is owed gets messages and their changes in order', async t => {
  const store = new DeafStore({ scopes: 'partitions', random: seededRandom('store') })
  const { node, alice, bob, carol, gid, say, edit, recall, faults } = await friends({ store, outboxBytesMax: 4_096 })
  const early = await say(bob, 'early')
  await sees(carol, 'early | ')
  store.deaf = store.scopeOf(userActor(carol.uid))
  for (let n = 0; n < 60; n += 1) t.equal(await alice.say(gid, `filler ${n}`), 'OK')
  await eventually(async () => (await bob.texts(gid)).at(-1) === 'filler 59')
  const [one, two, three] = [await say(bob, 'one'), await say(bob, 'two'), await say(bob, 'three')]
  for (const text of ['uno', 'eins']) t.equal(await edit(bob, one, text), 'OK')
  t.equal(await recall(bob, two), 'OK')
  t.equal(await edit(bob, early, 'fru'), 'OK')
  const four = await say(bob, 'four')
  t.equal(await edit(bob, four, 'vier'), 'OK')
  await eventually(async () => (await bob.changes()).at(-1)?.text === 'vier')
  await alice.act(removeMember, { gid, other: carol.uid, number: 0 })
  for (const [number, text] of [
    [four, 'quattro'],
    [three, 'tres'],
  ] as const)
    t.equal(await edit(bob, number, text), 'OK')
  await eventually(async () => (await bob.changes()).at(-1)?.text === 'tres')
  store.hear()
  await node.jobs.start()
  await eventually(async () => (await carol.group(gid))?.state === GroupState.UNSPECIFIED)
  await eventually(async () => (await carol.texts(gid)).at(-1) === 'act 4')
  const ends = async () => (await seen(carol)).replaceAll(/filler \d+ /g, '')
  const wanted = 'fru* eins* ! *? *? | eins* fru*'
  await eventually(async () => (await ends()) === wanted, 5000).catch(async () => t.equal(await ends(), wanted))
  const hers = node.appended
    .filter(({ to }) => to === userActor(carol.uid))
    .map(({ bytes }) => Buffer.from(bytes ?? []))
  t.notOk(
    hers.some(bytes => bytes.includes('tres')),
    'nor was she pushed what came after her',
  )
  t.notOk(
    hers.some(bytes => bytes.includes('two')),
    'or what was taken back',
  )
  for (const text of ['early', 'one', 'uno', 'two', 'three']) t.same(placesOf(store, text), [], text)
  t.same(faults(), [])
  await node.jobs.stop()
  await node.engine.close()
})

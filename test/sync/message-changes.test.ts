/** Edits and recalls of direct messages: who may, what both timelines show then, and that the old text is nowhere. */
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import { createMessageState } from '../../protocol/generated/messages.js'
import { EDIT_MS_MAX, RECALL_MS_MAX } from '../../protocol/limits.js'
import { seededRandom } from '../../src/lib/random.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Store } from '../../src/store/types.js'
import { blockContact, removeContact } from '../../src/sync/rules/contact.js'
import { editMessage, recallMessage } from '../../src/sync/rules/message-changes.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { placesOf } from '../support/raw-store.js'

const NO_STATE = createMessageState()

/** Two friends, in two partitions. */
async function friends(store: Store) {
  const clock = new JumpingClock()
  const node = await startNode(store, clock, 'node')
  const alice = await GroupPerson.enter(node.engine, 'alice', 1)
  const bob = await GroupPerson.enter(node.engine, 'bob', 2)
  await alice.befriend(bob)
  const write = async (text: string) => {
    if ((await alice.write(bob, text)) !== 'OK') throw new Error('not sent')
    return { sender: alice.uid, device: 1, sendSeq: alice.sendSeq }
  }
  const edit = (message: Awaited<ReturnType<typeof write>>, text: string, by = alice) => {
    const to = by === alice ? bob.uid : alice.uid
    return by.act(editMessage, { to, message, text, mentions: [], fault: CODES.OK.code })
  }
  const recall = (message: Awaited<ReturnType<typeof write>>, by = alice) =>
    by.act(recallMessage, { to: by === alice ? bob.uid : alice.uid, message })
  return { clock, node, alice, bob, write, edit, recall }
}

type World = Awaited<ReturnType<typeof friends>>

/** What both see at last, as texts with marks. */
async function seen({ alice, bob }: World): Promise<string[][]> {
  const shown = ({ text, state }: { text: string; state: typeof NO_STATE | undefined }): string =>
    `${text}${(state?.editedAtMs ?? 0) > 0 ? '*' : ''}${(state?.recalledBy ?? 0) > 0 ? '!' : ''}`
  const of = async (person: GroupPerson) => [
    (await person.messages()).map(shown).join(' '),
    (await person.changes()).map(shown).join(' '),
  ]
  return [await of(alice), await of(bob)]
}

async function settles(world: World, messages: string, changes: string): Promise<boolean> {
  const wanted = JSON.stringify([
    [messages, changes],
    [messages, changes],
  ])
  await eventually(async () => JSON.stringify(await seen(world)) === wanted)
  return true
}

async function converges(t: Test, world: World): Promise<void> {
  const { write, edit, recall, node, bob, alice } = world
  const [one, two] = [await write('one'), await write('two')]
  t.equal(await edit(one, 'uno'), 'OK')
  await settles(world, 'uno* two', 'uno*')
  t.equal(await edit(one, 'eins'), 'OK')
  t.equal(await edit(two, 'zwei'), 'OK')
  await settles(world, 'eins* zwei*', 'eins* zwei*')
  t.equal(await recall(one), 'OK', 'a recall behind an edit')
  await settles(world, '! zwei*', 'zwei* !')
  t.equal(await edit(one, 'again'), 'RECALLED', 'an edit behind a recall')
  t.equal(await recall(one), 'OK', 'and another recall')
  await settles(world, '! zwei*', 'zwei* !')
  const { sender, device, sendSeq } = one
  const atMs = (await alice.messages())[0]?.atMs
  t.match((await bob.messages())[0], { sender, device, sendSeq, atMs, text: '', extra: undefined, content: undefined })
  t.same((await bob.messages())[0]?.state, { ...NO_STATE, recalledBy: alice.uid })
  t.match((await alice.messages())[0], { recipient: bob.uid })
  t.same(node.asides, [])
}

for (const scopes of ['one', 'partitions'] as const) {
  t.test(`both sides show the same text, and the old one is nowhere (scopes: ${scopes})`, async t => {
    const store = new MemoryStore({ scopes, random: seededRandom('store') })
    const world = await friends(store)
    await converges(t, world)
    const texts = ['one', 'uno', 'eins', 'again'].map(text => placesOf(store, text))
    t.same(texts, [[], [], [], []])
    t.equal(placesOf(store, 'zwei').length, 2, 'each text once in each log')
    await world.node.engine.close()
  })

  t.test(`edits that come right behind their message (scopes: ${scopes})`, async t => {
    const store = new MemoryStore({ scopes, random: seededRandom('store') })
    const world = await friends(store)
    const { alice, bob, node } = world
    const message = { sender: alice.uid, device: 1, sendSeq: alice.sendSeq + 1 }
    const acts = [alice.write(bob, 'first')]
    for (const text of ['second', 'third', 'fourth']) acts.push(world.edit(message, text))
    t.same(await Promise.all(acts), ['OK', 'OK', 'OK', 'OK'])
    await settles(world, 'fourth*', 'fourth*')
    t.same(node.asides, [])
    await node.engine.close()
  })
}

t.test('so it is on the embedded store', async t => {
  const store = await openLmdbStore({ path: t.testdir() })
  const world = await friends(store)
  await converges(t, world)
  await world.node.engine.close()
  await store.close()
})

t.test('who may change what, and when', async t => {
  const world = await friends(new MemoryStore({ random: seededRandom('store') }))
  const { clock, alice, bob, write, edit, recall } = world
  const one = await write('one')
  await eventually(async () => (await bob.messages()).length === 1)
  for (const act of [edit(one, 'x', bob), recall(one, bob)]) t.equal(await act, 'NOT_AUTHOR')
  const none = { ...one, sendSeq: one.sendSeq - 1 }
  for (const act of [edit(none, 'x'), recall(none)]) t.equal(await act, 'NO_SUCH_MESSAGE')
  const fields = { to: bob.uid, message: one, text: 'x', mentions: [], fault: CODES.OK.code }
  t.equal(await alice.act(editMessage, { ...fields, fault: CODES.TEXT_TOO_LONG.code }), 'TEXT_TOO_LONG')
  t.equal(await alice.act(editMessage, { ...fields, early: true }), 'NOT_ALLOWED')
  t.equal(await alice.act(recallMessage, { ...fields, early: true }), 'NOT_ALLOWED')
  t.equal(await alice.act(editMessage, { ...fields, limited: true }), 'RECIPIENT_LIMIT')
  t.equal(await alice.act(recallMessage, { ...fields, limited: true }), 'RECIPIENT_LIMIT')
  t.equal(await alice.act(editMessage, { ...fields, to: alice.uid }), 'SELF')
  t.equal(await alice.act(recallMessage, { ...fields, to: alice.uid }), 'SELF')
  clock.jump(RECALL_MS_MAX - 10_000)
  const two = await write('two')
  clock.jump(11_000)
  t.equal(await recall(one), 'TOO_LATE')
  t.equal(await recall(two), 'OK')
  t.equal(await edit(one, 'uno'), 'OK')
  clock.jump(EDIT_MS_MAX)
  t.equal(await edit(one, 'eins'), 'TOO_LATE')
  await settles(world, 'uno* !', '! uno*')
})

t.test('whoever takes no messages takes no edits, but each recall', async t => {
  const world = await friends(new MemoryStore({ scopes: 'partitions', random: seededRandom('store') }))
  const { alice, bob, write, edit, recall } = world
  const one = await write('one')
  await eventually(async () => (await bob.messages()).length === 1)
  await bob.act(blockContact, { other: alice.uid })
  // Until she has heard of it, her edits come back.
  await eventually(async () => (await edit(one, 'x')) === 'BLOCKED')
  await bob.act(removeContact, { other: alice.uid })
  await eventually(async () => (await edit(one, 'x')) === 'NOT_FRIEND')
  t.equal((await bob.messages())[0]?.text, 'one')
  t.equal(await recall(one), 'OK')
  await settles(world, '!', '!')
})

t.test('an edit that the other side refuses fails as a message does', async t => {
  const store = new MemoryStore({ scopes: 'partitions', random: seededRandom('store') })
  const world = await friends(store)
  const { alice, bob, write, edit } = world
  const one = await write('one')
  await eventually(async () => (await bob.messages()).length === 1)
  const [, code] = await Promise.all([bob.act(blockContact, { other: alice.uid }), edit(one, 'x')])
  t.equal(code, 'OK')
  await eventually(async () => (await alice.failures()).length === 1)
  t.same(await alice.failures(), ['BLOCKED'])
  t.equal((await bob.messages())[0]?.text, 'one')
})

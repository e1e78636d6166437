/** Reactions to direct messages: who may, and that both copies say the same. */
import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { blockContact, removeContact } from '../../src/sync/rules/contact.js'
import { deleteMessages } from '../../src/sync/rules/deletions.js'
import { editMessage, recallMessage } from '../../src/sync/rules/message-changes.js'
import { reactToMessage } from '../../src/sync/rules/reactions.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { ManualClock } from '../support/manual-clock.js'

/** Two friends, in two partitions, and a message from her to him. */
async function friends(scopes: 'one' | 'partitions' = 'one') {
  const node = await startNode(new MemoryStore({ scopes, random: seededRandom('store') }), new ManualClock(), 'node')
  const alice = await GroupPerson.enter(node.engine, 'alice', 1)
  const bob = await GroupPerson.enter(node.engine, 'bob', 2)
  await alice.befriend(bob)
  await alice.write(bob, 'hello')
  const message = { sender: alice.uid, device: 1, sendSeq: alice.sendSeq }
  await eventually(async () => (await bob.messages()).length === 1)
  const otherOf = (by: GroupPerson): number => (by === alice ? bob : alice).uid
  const react = (by: GroupPerson, kind: string, fields = {}) =>
    by.act(reactToMessage, { to: otherOf(by), message, kind, on: true, ...fields })
  return { node, alice, bob, message, otherOf, react }
}

/** The reactions to the message as somebody has it, and as was told. */
async function seen(person: GroupPerson): Promise<string> {
  const [message] = await person.messages()
  const change = (await person.changes()).at(-1)
  const text = (shown: typeof message): string =>
    (shown?.state?.reactions ?? []).map(({ kind, count, mine }) => `${kind}${count}${mine ? '!' : ''}`).join(' ')
  return `${text(message)} | ${text(change)}`
}

async function sees(person: GroupPerson, reactions: string): Promise<void> {
  let last = ''
  await eventually(async () => {
    last = await seen(person)
    return last === `${reactions} | ${reactions}`
  }, 5_000).catch(error => {
    throw new Error(`${person.uid} sees ${last}, not ${reactions}`, { cause: error })
  })
}

for (const scopes of ['one', 'partitions'] as const) {
  t.test(`both copies have the reactions of both (scopes: ${scopes})`, async t => {
    const { node, alice, bob, message, react } = await friends(scopes)
    t.equal(await react(bob, '👍'), 'OK', "to the other's message")
    await sees(alice, '👍1')
    await sees(bob, '👍1!')
    t.equal(await react(alice, '👍'), 'OK', 'to the own message')
    t.equal(await react(alice, 'ha'), 'OK')
    await sees(alice, '👍2! ha1!')
    await sees(bob, '👍2! ha1')
    const told = node.appended.length
    t.equal(await react(bob, '👍'), 'OK', 'what is set')
    t.equal(await react(bob, 'ha', { on: false }), 'OK', 'what is not set by him')
    t.equal(node.appended.length, told)
    t.equal(await react(bob, '👍', { on: false }), 'OK')
    await sees(alice, '👍1! ha1!')
    await sees(bob, '👍1 ha1')
    const edit = { to: bob.uid, message, text: 'hi', mentions: [], fault: 0 as const }
    t.equal(await alice.act(editMessage, edit), 'OK')
    await eventually(async () => (await bob.messages())[0]?.text === 'hi')
    await sees(bob, '👍1 ha1')
    t.equal(await alice.act(recallMessage, { to: bob.uid, message }), 'OK')
    await sees(alice, '')
    await sees(bob, '')
    t.equal(await react(bob, 'ha'), 'RECALLED')
    t.same(node.asides, [])
  })
}

t.test('who may react, and to what', async t => {
  const { alice, bob, message, react } = await friends()
  t.equal(await react(bob, 'x', { early: true }), 'NOT_ALLOWED')
  t.equal(await react(bob, 'x', { limited: true }), 'RECIPIENT_LIMIT')
  t.equal(await react(bob, 'x', { to: bob.uid }), 'SELF')
  t.equal(await react(bob, 'x', { message: { ...message, sendSeq: 99 } }), 'NO_SUCH_MESSAGE')
  for (const kind of ['a', 'b', 'c']) t.equal(await react(bob, kind), 'OK')
  t.equal(await react(bob, 'd'), 'REACTION_LIMIT')
  t.equal(await react(alice, 'd'), 'OK', 'the other has three of the own')
  t.equal(await react(bob, 'a', { on: false }), 'OK')
  t.equal(await react(bob, 'd'), 'OK')
  await sees(bob, 'b1! c1! d2!')
  await bob.act(removeContact, { other: alice.uid })
  t.equal(await react(bob, 'b', { on: false }), 'NOT_FRIEND')
})

t.test('who has blocked the other is told nothing, and the other learns that it failed', async t => {
  const { alice, bob, react } = await friends('partitions')
  const [, code] = await Promise.all([alice.act(blockContact, { other: bob.uid }), react(bob, 'x')])
  t.equal(code, 'OK')
  await eventually(async () => (await bob.failures()).includes('BLOCKED') || (await seen(alice)) === 'x1 | x1')
})

t.test('a message that a user has deleted is told no more of', async t => {
  const { node, alice, bob, message, react } = await friends()
  const named = { ...message, number: 0 }
  t.equal(await bob.act(deleteMessages, { conversation: `direct:${alice.uid}`, messages: [named], early: false }), 'OK')
  t.equal(await react(bob, 'x'), 'NO_SUCH_MESSAGE')
  const told = node.appended.length
  t.equal(await react(alice, 'x'), 'OK')
  await sees(alice, 'x1!')
  t.equal(node.appended.length - told, 1)
  t.equal((await bob.messages())[0]?.state?.deleted, true)
})

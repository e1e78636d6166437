/** Deletions for the user alone: what the own timeline shows then, that others keep theirs, and that nothing of the message is left. */
import t from 'tap'
import { directConversation } from '../../protocol/conversation-id.js'
import { createMessageId, createMessageState, GroupState, type MessageId } from '../../protocol/generated/messages.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { MemoryView } from '../../src/store/memory/view.js'
import { clearConversation, clearing, deleteMessages } from '../../src/sync/rules/deletions.js'
import { type ForwardInput, forwardMessage } from '../../src/sync/rules/forward.js'
import { editInGroup } from '../../src/sync/rules/group-edits.js'
import { groupConversation } from '../../src/sync/rules/group-records.js'
import { leavingActor } from '../../src/sync/rules/leaving.js'
import { leaveGroup } from '../../src/sync/rules/membership.js'
import { editMessage, recallMessage } from '../../src/sync/rules/message-changes.js'
import { unreadMarks } from '../../src/sync/rules/read-state.js'
import { userActor } from '../../src/sync/rules/records.js'
import { verify } from '../../src/verify/verify.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { GroupPerson } from '../support/group-person.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { sayTo } from '../support/mentioning.js'
import { placesOf } from '../support/raw-store.js'

const SCOPES = ['one', 'partitions'] as const
const DELETED = { ...createMessageState(), deleted: true }

async function friends(scopes: (typeof SCOPES)[number] = 'one') {
  const store = new MemoryStore({ scopes, random: seededRandom('store') })
  const node = await startNode(store, new JumpingClock(), 'node')
  const alice = await GroupPerson.enter(node.engine, 'alice', 1)
  const bob = await GroupPerson.enter(node.engine, 'bob', 2)
  await alice.befriend(bob)
  const remove = (by: GroupPerson, messages: readonly MessageId[], conversation = directConversation(bob.uid)) =>
    by.act(deleteMessages, { conversation, messages, early: false })
  const faults = (): string[] => {
    const found: string[] = []
    verify(new MemoryView(store.disk.snapshot()), fault => found.push(fault))
    return found
  }
  return { store, node, alice, bob, remove, faults }
}

/** The messages that somebody has, and what is told of changes. */
async function seen(person: GroupPerson): Promise<string> {
  const shown = ({ text, state }: Awaited<ReturnType<GroupPerson['messages']>>[number]): string =>
    state?.deleted === true ? `-${text}` : text
  const [messages, changes] = [await person.messages(), await person.changes()]
  return `${messages.map(shown).join(' ')} | ${changes.map(shown).join(' ')}`
}

async function write(from: GroupPerson, to: GroupPerson, text: string): Promise<MessageId> {
  await from.write(to, text)
  await eventually(async () => (await to.messages()).some(message => message.text === text))
  return createMessageId({ sender: from.uid, device: 1, sendSeq: from.sendSeq })
}

for (const scopes of SCOPES) {
  t.test(`a direct message goes from one timeline alone (scopes: ${scopes})`, async t => {
    const { store, node, alice, bob, remove, faults } = await friends(scopes)
    const [one, two, three] = [
      await write(alice, bob, 'one'),
      await write(bob, alice, 'two'),
      await write(alice, bob, 'three'),
    ]
    t.equal(await remove(alice, [two, one, two]), 'OK', 'own and others’, and one that is named twice')
    t.equal(await seen(alice), '- - three | - -')
    t.equal(await seen(bob), 'one two three | ')
    const shown = (await alice.messages())[0]
    t.match(shown, { ...one, number: undefined, recipient: bob.uid, text: '', state: DELETED })
    t.equal(placesOf(store, 'one').length, 1, 'where the other has it')
    const { head } = await alice.engine.head(`user/${alice.uid}`, 0)
    t.equal(await remove(alice, [one, two]), 'OK', 'again')
    t.equal((await alice.engine.head(`user/${alice.uid}`, 0)).head, head, 'nothing changes')
    t.equal(await alice.act(editMessage, edit(bob, one, 'uno')), 'NO_SUCH_MESSAGE', 'what is deleted is not edited')
    t.equal(await remove(bob, [three], directConversation(alice.uid)), 'OK')
    t.equal(await alice.act(editMessage, edit(bob, three, 'tres')), 'OK')
    t.equal(await alice.act(recallMessage, { to: bob.uid, message: three }), 'OK')
    await eventually(async () => (await alice.changes()).at(-1)?.state?.recalledBy === alice.uid)
    t.equal(await seen(bob), 'one two - | -', 'nor changed by others')
    t.same(faults(), [])
    t.same(node.asides, [])
    await node.engine.close()
  })

  t.test(`a group's message goes from one timeline alone (scopes: ${scopes})`, async t => {
    const { node, alice, bob, remove, faults } = await friends(scopes)
    const gid = await alice.create('two', [bob])
    const conversation = groupConversation(gid)
    await eventually(async () => (await bob.group(gid))?.state === GroupState.MEMBER)
    const say = async (by: GroupPerson, text: string): Promise<MessageId> => {
      await by.say(gid, text)
      const find = async () => (await by.numbered(gid)).find(item => item.text === text)?.number ?? 0
      await eventually(async () => (await find()) > 0)
      return createMessageId({ number: await find() })
    }
    const [one, two, three] = [await say(alice, 'one'), await say(bob, 'two'), await say(alice, 'three')]
    t.equal(await remove(bob, [one, two], conversation), 'OK')
    t.equal(await seen(bob), '- - three | - -')
    t.equal(await seen(alice), 'one two three | ')
    const shown = (await bob.messages())[0]
    t.match(shown, { conversation, number: one.number, text: '', state: DELETED })
    t.ok((shown?.atMs ?? 0) > 0, 'retention goes by its time')
    t.equal(await remove(bob, [two], conversation), 'OK', 'again')
    await bob.act(leaveGroup, { gid })
    await eventually(async () => (await bob.group(gid))?.state === GroupState.UNSPECIFIED)
    t.equal(await remove(bob, [three], conversation), 'OK', 'who has left')
    t.equal(await seen(bob), '- - - | - - -')
    const [four, five] = [await say(alice, 'four'), await say(alice, 'five')]
    const edit = (number: number, text: string) =>
      alice.act(editInGroup, { gid, number, text, mentions: [], fault: 0 as const })
    for (const { number } of [four, five]) t.equal(await edit(number, 'edited'), 'OK')
    await eventually(async () => (await alice.changes()).length === 2)
    t.equal(await remove(alice, [four], conversation), 'OK')
    t.equal(await seen(alice), 'one two three - edited | edited -', 'what told of the edit is gone')
    t.equal(await edit(four.number, 'late'), 'OK')
    await eventually(async () => (await seen(alice)) === 'one two three - edited | edited - late')
    const all = { conversation, upTo: Number.MAX_SAFE_INTEGER, early: false }
    t.equal(await alice.act(clearConversation, all), 'OK')
    await node.jobs.start()
    // The changes of the group go, too: it was made, and two came in.
    await eventually(async () => (await seen(alice)) === '- - - - - - - - | - late')
    await node.jobs.stop()
    const last = createMessageId({ number: three.number + 100 })
    t.equal(await remove(alice, [last], conversation), 'NO_SUCH_MESSAGE')
    t.same(faults(), [])
    t.same(node.asides, [])
    await node.engine.close()
  })
}

function edit({ uid }: GroupPerson, message: MessageId, text: string) {
  return { to: uid, message, text, mentions: [], fault: 0 as const }
}

t.test('if one is not there, none is deleted', async t => {
  const { node, alice, bob, remove } = await friends()
  const one = await write(alice, bob, 'one')
  for (const wrong of [
    { sendSeq: one.sendSeq - 1 },
    { sendSeq: one.sendSeq + 1 },
    { device: 2 },
    { sender: bob.uid },
  ]) {
    t.equal(await remove(alice, [one, { ...one, ...wrong }]), 'NO_SUCH_MESSAGE', JSON.stringify(wrong))
  }
  t.equal(await remove(alice, [one], directConversation(alice.uid)), 'NO_SUCH_MESSAGE', 'in another conversation')
  t.equal(await remove(alice, [one], groupConversation('1.1.1')), 'NO_SUCH_MESSAGE')
  t.equal(await seen(alice), 'one | ')
  await node.engine.close()
})

t.test('64 messages are deleted at once, far down the conversation', async t => {
  const { node, alice, bob, remove } = await friends()
  const sent: MessageId[] = []
  for (let n = 0; n < 64; n += 1) {
    await alice.write(bob, `message ${n}`)
    sent.push(createMessageId({ sender: alice.uid, device: 1, sendSeq: alice.sendSeq }))
  }
  for (let n = 0; n < 600; n += 1) await bob.write(alice, `answer ${n}`)
  await eventually(async () => (await alice.messages()).length === 664)
  t.equal(await remove(alice, sent), 'OK')
  const left = (await alice.messages()).filter(({ text }) => text.startsWith('message'))
  t.same(left, [])
  t.equal((await alice.changes()).length, 64)
  await node.engine.close()
})

for (const scopes of SCOPES) {
  t.test(`a conversation is cleared up to a version, whatever comes later (scopes: ${scopes})`, async t => {
    const { store, node, alice, bob, faults } = await friends(scopes)
    const conversation = directConversation(bob.uid)
    const head = async () => (await alice.engine.head(userActor(alice.uid), 0)).head
    const clear = (upTo: number, early = false) => alice.act(clearConversation, { conversation, upTo, early })
    const states = async () =>
      (await alice.items()).flatMap(({ content }) => (content?.case === 'conversationState' ? [content.value] : []))
    const notes = () => store.scan(leavingActor(alice.uid), `${clearing.prefix}/`, null, 10)
    t.equal(await clear(1_000), 'OK', 'of nothing')
    t.same(await states(), [])
    for (let n = 0; n < 300; n += 1) await alice.write(bob, `old ${n}`)
    await write(bob, alice, 'old answer')
    const upTo = await head()
    await alice.write(bob, 'new')
    t.equal(await clear(upTo, true), 'NOT_ALLOWED')
    t.equal(await clear(upTo), 'OK')
    t.match(await states(), [{ conversation, cleared: upTo }])
    t.equal(await clear(upTo - 1), 'OK', 'it only rises')
    t.match(await states(), [{ conversation, cleared: upTo }])
    t.equal((await notes()).length, 1, 'the work is noted')
    await node.jobs.start()
    await eventually(async () => (await notes()).length === 0)
    t.same(
      (await alice.messages()).map(({ text }) => text).filter(text => text !== ''),
      ['new'],
    )
    t.same(await alice.changes(), [], 'devices go by the record')
    t.equal((await bob.messages()).filter(({ text }) => text.startsWith('old')).length, 301)
    t.equal(await clear(Number.MAX_SAFE_INTEGER), 'OK')
    await write(bob, alice, 'after')
    t.ok(((await states())[0]?.cleared ?? 0) < (await head()), 'nothing newer is ever meant')
    await node.jobs.stop()
    const again = await startNode(store, new JumpingClock(), 'another')
    await again.jobs.start()
    await eventually(async () => (await notes()).length === 0)
    t.same(
      (await alice.messages()).map(({ text }) => text).filter(text => text !== ''),
      ['after'],
      'found again',
    )
    await again.jobs.stop()
    await again.engine.close()
    t.same(faults(), [])
    t.same(node.asides, [])
    await node.engine.close()
  })
}

for (const scopes of SCOPES) {
  t.test(`what was cleared mentions nobody, and is not forwarded (scopes: ${scopes})`, async t => {
    const { node, alice, bob, faults } = await friends(scopes)
    const gid = await alice.create('friends', [bob])
    await eventually(async () => (await bob.group(gid))?.state === GroupState.MEMBER)
    const conversation = groupConversation(gid)
    const mentions = async (): Promise<readonly number[]> => {
      const found = await node.engine.run(userActor(bob.uid), unreadMarks, { uid: bob.uid, conversation })
      return found.kind === 'done' && found.result.kind === 'group' ? found.result.mentions : [-1]
    }
    const say = async (uid: number): Promise<number> => {
      const number = await sayTo(node.engine, { gid, sender: alice.uid, uids: [uid] })
      await eventually(async () => (await bob.numbered(gid)).some(item => item.number === number))
      return number
    }
    const forward = (message: Partial<MessageId>, source: ForwardInput['source']): Promise<string> => {
      const rest = { to: { peer: alice.uid }, fault: 0, limited: false, blind: false } as const
      return bob.act(forwardMessage, { ...rest, source, message: createMessageId(message) })
    }
    const numbers = [await say(bob.uid), await say(0), await say(bob.uid), await say(0)]
    t.same(await mentions(), numbers)
    const page = await node.engine.page(userActor(bob.uid), 0, 256, 262_144)
    const versions = page.kind === 'page' ? page.items.map(({ version }) => version) : []
    t.equal(await bob.act(clearConversation, { conversation, upTo: versions.at(-3) ?? 0, early: false }), 'OK')
    t.same(await mentions(), numbers.slice(2), 'up to a version')
    const [first = 0, , third = 0] = numbers
    t.equal(await forward({ number: first }, { gid }), 'NO_SUCH_MESSAGE', 'the job has not come yet')
    t.equal(await forward({ number: third }, { gid }), 'OK')
    t.equal(await bob.act(clearConversation, { conversation, upTo: Number.MAX_SAFE_INTEGER, early: false }), 'OK')
    t.same(await mentions(), [])
    const next = await say(bob.uid)
    t.same(await mentions(), [next])
    const { head } = await node.engine.head(userActor(bob.uid), 0)
    for (let n = 0; n < 300; n += 1) await sayTo(node.engine, { gid, sender: alice.uid, uids: [] })
    t.equal(await bob.act(clearConversation, { conversation, upTo: head, early: false }), 'OK', 'far back')
    await node.jobs.start()
    await eventually(async () => (await mentions()).length === 0)
    await node.jobs.stop()
    const message = await write(alice, bob, 'direct')
    const direct = directConversation(alice.uid)
    t.equal(await forward(message, { peer: alice.uid }), 'OK')
    await bob.act(clearConversation, { conversation: direct, upTo: Number.MAX_SAFE_INTEGER, early: false })
    t.equal(await forward(message, { peer: alice.uid }), 'NO_SUCH_MESSAGE')
    t.same(faults(), [])
    await node.engine.close()
  })
}

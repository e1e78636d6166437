/** Conversations: what a list shows of each, in pages, and at a cost that does not depend on how much there is. */
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import {
  ContactState,
  type ConversationSummary,
  createMessageId,
  GroupState,
} from '../../protocol/generated/messages.js'
import { CONVERSATIONS_BYTES_MAX, PINNED_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { present } from '../../src/lib/assert.js'
import { seededRandom } from '../../src/lib/random.js'
import { SCREEN_WALKS } from '../../src/services/screen.js'
import { WALKED_AT_ONCE } from '../../src/services/walks.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { EPOCH_JUMP } from '../../src/store/types.js'
import { directChain } from '../../src/sync/rules/message-search.js'
import { userActor } from '../../src/sync/rules/records.js'
import { conversationWorld } from '../support/conversation-world.js'
import { TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { allConversations, conversationsOf } from '../support/screen-reader.js'

/** Counts what is read of the entries of logs. */
class CountingStore extends MemoryStore {
  looked = 0

  override async chain(...asked: Parameters<MemoryStore['chain']>): ReturnType<MemoryStore['chain']> {
    const found = await super.chain(...asked)
    this.looked += found.length
    return found
  }
}

async function world(names: readonly string[] = ['ann', 'bob', 'carol'], walks?: number) {
  const store = new CountingStore({ scopes: 'partitions', random: seededRandom('store') })
  const here = await conversationWorld(store, names, walks)
  const { node, ann, quiet } = here
  const pin = async (conversation: string, pinned = true) => {
    const settings = { muted: false, pinned, archived: false, unread: false }
    const { code } = await ann.call(METHODS.setConversation, { sendSeq: ann.next(), conversation, settings })
    return codeName(code)
  }
  const reads = async (reader: TestDevice, from: TestDevice, sendSeq = from.sendSeq) => {
    reader.told = Number.MAX_SAFE_INTEGER
    const marks = [{ peer: from.uid, device: from.device, sendSeq }]
    await new Promise<void>(resolve => {
      node.services.ack(reader, { version: 1, delivered: marks, read: marks }, resolve)
      node.services.flush()
    })
    await quiet()
  }
  return { ...here, store, pin, reads }
}

function direct({ uid }: TestDevice): string {
  return `direct:${uid}`
}

function textOf({ last }: ConversationSummary): string {
  const { content } = last ?? {}
  return content?.case === 'message' || content?.case === 'conversationMessage' ? content.value.text : ''
}

t.test('a direct conversation is shown with its last message, the marks and the contact', async t => {
  const { ann, others, say, reads } = await world()
  const [bob] = others as [TestDevice]
  await ann.call(METHODS.updateProfile, { sendSeq: ann.next(), nickname: 'Ann' })
  await say(ann, bob, 'one')
  const first = ann.sendSeq
  await say(bob, ann, 'two', 'three')
  await reads(bob, ann)
  await reads(ann, bob, bob.sendSeq - 1)
  const { conversations, next, head } = await conversationsOf(ann)
  t.equal(next, 0)
  t.equal(head, (await ann.node.services.head(ann.uid, 0)).head)
  t.match(conversations, [{ conversation: direct(bob), unread: 1, cut: false, failed: 0, senderName: '' }])
  const [summary] = conversations as [ConversationSummary]
  t.equal(textOf(summary), 'three')
  t.match(summary.contact, { uid: bob.uid, account: 'bob', state: ContactState.FRIEND })
  t.same(summary.delivered, [{ device: 1, sendSeq: first }])
  t.same(summary.readMarks, [{ device: 1, sendSeq: first }])
  t.same(summary.ownRead, [{ device: 1, sendSeq: bob.sendSeq - 1 }])
  t.equal(summary.group, undefined)
  t.match((await conversationsOf(bob)).conversations, [
    { conversation: direct(ann), unread: 0, contact: { nickname: 'Ann' } },
  ])
})

t.test('a group is shown with who wrote, what is unread, and mentions', async t => {
  const { ann, others, group, post } = await world()
  const [bob] = others as [TestDevice]
  await bob.call(METHODS.updateProfile, { sendSeq: bob.next(), nickname: 'Bob' })
  const conversation = await group('we')
  await ann.call(METHODS.groupAnnounce, { sendSeq: ann.next(), conversation, announcement: 'long' })
  await post(bob, conversation, 'Ann, look', { mentions: [{ start: 0, length: 3, uid: ann.uid }] })
  const [summary] = (await conversationsOf(ann)).conversations as [ConversationSummary]
  t.match(summary, { conversation, senderName: 'Bob', unread: 1, mentions: 1, contact: undefined })
  t.match(summary.group, { title: 'we', announcement: '', state: GroupState.MEMBER })
  const { content } = present(summary.last, 'the last message')
  t.match(content, { case: 'conversationMessage', value: { text: 'Ann, look', number: summary.firstMention } })
  await ann.call(METHODS.markRead, { sendSeq: ann.next(), conversation, number: summary.firstMention })
  t.match((await conversationsOf(ann)).conversations, [{ unread: 0, mentions: 0, read: summary.firstMention }])
  await ann.call(METHODS.groupRename, { sendSeq: ann.next(), conversation, title: 'others' })
  await eventually(async () => {
    const [now] = (await conversationsOf(ann)).conversations
    return now?.last?.content?.case === 'groupChange' && now.group?.title === 'others'
  })
})

t.test('the last message is the newest that was not deleted, as it is now', async t => {
  const { ann, others, say, quiet } = await world()
  const [bob] = others as [TestDevice]
  await say(ann, bob, 'one', 'two', 'three')
  const conversation = direct(bob)
  const last = ann.sendSeq
  const message = (back: number) => createMessageId({ sender: ann.uid, device: 1, sendSeq: last - back })
  const shown = async () => present((await conversationsOf(ann)).conversations[0], 'the conversation')
  await ann.call(METHODS.delete, { sendSeq: ann.next(), conversation, messages: [message(0)] })
  t.equal(textOf(await shown()), 'two')
  await ann.call(METHODS.edit, { sendSeq: ann.next(), conversation, message: message(1), text: 'edited', mentions: [] })
  await quiet()
  t.equal(textOf(await shown()), 'edited')
  await ann.call(METHODS.recall, { sendSeq: ann.next(), conversation, message: message(1) })
  await quiet()
  t.match((await shown()).last?.content, { value: { text: '', state: { recalledBy: ann.uid } } })
  const { head } = await ann.node.services.head(ann.uid, 0)
  await ann.call(METHODS.clear, { sendSeq: ann.next(), conversation, upTo: head })
  const cleared = await shown()
  t.equal(cleared.last, undefined, 'nothing is left')
  t.ok(cleared.cleared > 0 && cleared.version > 0)
})

t.test('a last message that failed says why', async t => {
  const { ann, others, quiet } = await world()
  const [bob] = others as [TestDevice]
  // It crosses the end of the friendship.
  const ended = bob.call(METHODS.contactRemove, { sendSeq: bob.next(), uid: ann.uid })
  await Promise.all([ended, ann.send(bob.uid, 'hello')])
  await quiet()
  const [summary] = (await conversationsOf(ann)).conversations as [ConversationSummary]
  t.equal(textOf(summary), 'hello')
  t.equal(codeName(summary.failed), 'NOT_FRIEND')
})

t.test('a text is cut to 256 bytes at the end of a character, and what is large is left out', async t => {
  const { ann, others, say, post } = await world()
  const [bob] = others as [TestDevice]
  const shown = async () => present((await conversationsOf(ann)).conversations[0], 'the conversation')
  for (const [text, cut] of [
    ['x'.repeat(256), 'x'.repeat(256)],
    ['x'.repeat(257), 'x'.repeat(256)],
    [`${'x'.repeat(255)}é`, 'x'.repeat(255)],
    [`${'x'.repeat(253)}👍`, 'x'.repeat(253)],
    [`${'x'.repeat(252)}👍`, `${'x'.repeat(252)}👍`],
    ['👍'.repeat(65), '👍'.repeat(64)],
    ['文'.repeat(86), '文'.repeat(85)],
  ] as const) {
    await say(ann, bob, text)
    const summary = await shown()
    t.equal(textOf(summary), cut)
    t.equal(summary.cut, text !== cut, `${text.length} units`)
  }
  const custom = new Uint8Array([10, 1, 97, 18, 0xac, 2, ...new Uint8Array(300)])
  const more = {
    content: { kind: 1, body: custom },
    metadata: new Uint8Array(9),
    mentions: [
      { start: 0, length: 1, uid: bob.uid },
      { start: 255, length: 2, uid: bob.uid },
    ],
  }
  await post(ann, direct(bob), 'x'.repeat(300), more)
  const { last, cut } = await shown()
  t.equal(cut, true)
  t.match(last?.content, {
    value: { content: { kind: 1, body: { length: 0 } }, extra: { metadata: { length: 0 }, mentions: [{ start: 0 }] } },
  })
  const { content } = present(last, 'the last')
  t.equal(content?.case === 'message' ? content.value.extra?.mentions.length : 0, 1)
})

t.test('pages have each conversation, the newest first, and pinned ones before them', async t => {
  const names = ['ann', ...Array.from({ length: 7 }, (_, n) => `friend-${n}`)]
  const { ann, others, say, pin } = await world(names)
  for (const other of others) await say(other, ann, 'hello')
  const newestFirst = others.map(direct).toReversed()
  t.same(
    (await allConversations(ann, 3)).map(({ conversation }) => conversation),
    newestFirst,
  )
  const [oldest, second] = others as [TestDevice, TestDevice]
  t.equal(await pin(direct(oldest)), 'OK')
  t.equal(await pin(direct(second)), 'OK')
  const page = await conversationsOf(ann, { limit: 4 })
  const expected = [direct(second), direct(oldest), ...newestFirst.slice(0, 2)]
  t.same(
    page.conversations.map(({ conversation }) => conversation),
    expected,
  )
  t.same(
    page.conversations.map(({ settings }) => settings?.pinned),
    [true, true, false, false],
  )
  const rest = await conversationsOf(ann, { after: page.next })
  t.same(
    rest.conversations.map(({ conversation }) => conversation),
    newestFirst.slice(2),
    'in their place again',
  )
  t.equal(rest.next, 0)
  const one = await conversationsOf(ann, { limit: 1 })
  t.same(
    one.conversations.map(({ conversation }) => conversation),
    newestFirst.slice(0, 1),
    'each page gets forward',
  )
  await pin(direct(oldest), false)
  const now = await conversationsOf(ann, { limit: 2 })
  t.same(
    now.conversations.map(({ conversation }) => conversation),
    [direct(second), newestFirst[0]],
  )
  const { head } = await ann.node.services.head(ann.uid, 0)
  for (const asked of [{ after: head + 2 }, { after: Number.MAX_SAFE_INTEGER }, { limit: 51 }])
    await t.rejects(conversationsOf(ann, asked), { message: 'INVALID_ARGUMENT' }, JSON.stringify(asked))
  t.same(await conversationsOf(new TestDevice(ann.node), {}).catch(String), 'Error: LOGIN_REQUIRED')
})

t.test('a user pins 20 conversations; one more is refused, until one is free', async t => {
  const names = ['ann', ...Array.from({ length: PINNED_MAX + 1 }, (_, n) => `friend-${n}`)]
  const { ann, others, pin } = await world(names)
  const codes: string[] = []
  for (const other of others) codes.push(await pin(direct(other)))
  t.same(codes, [...Array(PINNED_MAX).fill('OK'), 'PIN_LIMIT'])
  const [first, ...rest] = others as [TestDevice, ...TestDevice[]]
  const last = present(rest.at(-1), 'the last')
  t.equal(await pin(direct(first)), 'OK', 'what is pinned may be pinned again')
  t.equal(await pin(direct(first), false), 'OK')
  t.equal(await pin(direct(last)), 'OK')
  t.equal((await conversationsOf(ann)).conversations.length, PINNED_MAX, 'also those without an item')
  t.match((await conversationsOf(ann)).conversations, [
    { version: 0, last: undefined, contact: { state: ContactState.FRIEND } },
  ])
})

t.test('a page has 64 KiB at most, and goes on from there', async t => {
  const names = ['ann', ...Array.from({ length: 49 }, (_, n) => `friend-${n}`)]
  const { ann, others, post } = await world(names)
  const mentions = Array.from({ length: 100 }, (_, n) => ({
    start: 2 * n,
    length: 1,
    uid: Number.MAX_SAFE_INTEGER - n,
  }))
  const content = { kind: 1, body: new Uint8Array([10, 1, 97, 18, 0xf0, 1, ...new Uint8Array(240)]) }
  for (const other of others) {
    const more = { content, mentions: mentions.map(each => ({ ...each, uid: ann.uid })) }
    await post(other, direct(ann), 'x'.repeat(16_384), more)
  }
  const sizes: number[] = []
  let seen = 0
  for (let after = 0; ; ) {
    const page = await conversationsOf(ann, { after })
    sizes.push(METHODS.conversations.encodeResponse(page).length)
    seen += page.conversations.length
    if (page.next === 0) break
    after = page.next
  }
  t.equal(seen, others.length)
  t.ok(sizes.length > 1, 'more than a page')
  t.ok(
    sizes.every(size => size <= CONVERSATIONS_BYTES_MAX + 16),
    `${sizes}`,
  )
})

t.test('it costs what it shows, however much there is of each conversation', async t => {
  const { store, ann, others, say, reads } = await world()
  const [bob, carol] = others as [TestDevice, TestDevice]
  await say(bob, ann, 'hello')
  await say(carol, ann, 'hello')
  await reads(ann, bob)
  await reads(ann, carol)
  const cost = async () => {
    store.looked = 0
    const { conversations } = await conversationsOf(ann)
    t.equal(conversations.length, 2)
    return store.looked
  }
  const few = await cost()
  const actor = userActor(ann.uid)
  const [entry] = await store.chain(actor, await store.newest(actor, directChain(bob.uid)), 1, 1e6)
  const { bytes } = present(entry, 'the message')
  for (let n = 0; n < 20; n += 1) {
    const appends = Array.from({ length: 256 }, () => ({ actor, conversation: directChain(bob.uid), bytes }))
    await store.commit(store.scopeOf(actor), [{ expect: [], puts: [], appends, trims: [] }])
  }
  const many = await cost()
  t.ok(few <= 4 && many <= few + 12, `${few}, then ${many}`)
})

t.test('a page that looks far ends early, with what it has read, and the next one goes on', async t => {
  const names = ['ann', ...Array.from({ length: 12 }, (_, n) => `friend-${n}`)]
  const { store, ann, others, say } = await world(names)
  const actor = userActor(ann.uid)
  for (const other of others) {
    await say(other, ann, 'hello')
    await say(ann, other, 'mine')
    const chain = directChain(other.uid)
    const [entry] = await store.chain(actor, await store.newest(actor, chain), 1, 1e6)
    const { bytes } = present(entry, 'the own message')
    // Thirteen slices are behind the first one until the message that is unread: with ten conversations more than the 128 of a page.
    const ownAbove = 1 + 8 + 64 + 11 * WALKED_AT_ONCE
    const appends = Array.from({ length: ownAbove }, () => ({ actor, conversation: chain, bytes }))
    await store.commit(store.scopeOf(actor), [{ expect: [], puts: [], appends, trims: [] }])
  }
  const newestFirst = others.map(direct).toReversed()
  const first = await conversationsOf(ann)
  const second = await conversationsOf(ann, { after: first.next })
  t.same([first.conversations.length, second.conversations.length, second.next], [10, 2, 0])
  const all = [...first.conversations, ...second.conversations]
  t.same(
    all.map(({ conversation }) => conversation),
    newestFirst,
  )
  t.ok(
    all.every(summary => textOf(summary) === 'mine' && summary.unread === 1),
    'and each is shown as it is',
  )
})

t.test('a cursor of another user is a place in the own list, or none, and each page is below it', async t => {
  const { store, ann, others, say } = await world(['ann', 'bob', 'carol', 'dora'])
  const [bob, carol, dora] = others as [TestDevice, TestDevice, TestDevice]
  for (const friend of [bob, carol, dora, carol]) await say(friend, ann, 'hello')
  const cursors = [(await conversationsOf(ann, { limit: 1 })).next, (await ann.node.services.head(ann.uid, 0)).head]
  const { head, conversations } = await conversationsOf(bob)
  const own = present(conversations[0], 'his only one').version
  for (const after of [...cursors, ...Array.from({ length: head + 1 }, (_, i) => i + 1)]) {
    if (after > head + 1) {
      await t.rejects(conversationsOf(bob, { after }), { message: 'INVALID_ARGUMENT' }, `${after}`)
      continue
    }
    const page = await conversationsOf(bob, { after, limit: 1 })
    const shown = page.conversations.map(({ conversation }) => conversation)
    t.same(shown, after > own ? [direct(ann)] : [], `${after}`)
    t.ok(page.next < after, 'whoever goes on comes to an end')
  }
  t.ok(Math.max(...cursors) > head + 1, 'one of them is no place in the list of the other')
  await store.newEpoch(store.scopeOf(userActor(bob.uid)))
  await say(ann, bob, 'later')
  for (const after of [head + EPOCH_JUMP / 2, Number.MAX_SAFE_INTEGER])
    await t.rejects(conversationsOf(bob, { after }), { message: 'INVALID_ARGUMENT' }, 'that was skipped')
})

t.test('a page counts in the limit of walks', async t => {
  const { ann, others, say } = await world(['ann', 'bob'], 2 * SCREEN_WALKS)
  await say(ann, others[0] as TestDevice, 'hello')
  const codes: string[] = []
  for (let n = 0; n < 3; n += 1)
    codes.push(
      await conversationsOf(ann).then(
        () => 'OK',
        ({ message }) => message,
      ),
    )
  t.same(codes, ['OK', 'OK', 'RATE_LIMITED'])
})

/** History: a part of a conversation, whatever place is named, and never anything else. */
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { createHistoryRequest, createMessageId, type Item } from '../../protocol/generated/messages.js'
import { HISTORY_BYTES_MAX, HISTORY_ITEMS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { WALKED_MAX } from '../../src/services/walks.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { EPOCH_JUMP } from '../../src/store/types.js'
import { directChain } from '../../src/sync/rules/message-search.js'
import { userActor } from '../../src/sync/rules/records.js'
import { trimLog } from '../../src/sync/rules/retention.js'
import { conversationWorld } from '../support/conversation-world.js'
import type { TestDevice } from '../support/engine.js'
import { historyOf, type Part } from '../support/screen-reader.js'

async function world(walks?: number) {
  const store = new MemoryStore({ scopes: 'partitions', random: seededRandom('store') })
  const here = await conversationWorld(store, ['ann', 'bob', 'carol'], walks)
  const [bob, carol] = here.others as [TestDevice, TestDevice]
  const post = async (from: TestDevice, conversation: string, ...texts: string[]) => {
    for (const text of texts) await here.post(from, conversation, text)
  }
  return { ...here, store, bob, carol, post, withBob: `direct:${bob.uid}` }
}

function wordOf({ content }: Item): string {
  if (content?.case === 'message' || content?.case === 'conversationMessage') {
    return content.value.state?.recalledBy ? 'recalled' : content.value.text
  }
  return content?.case ?? ''
}

function wordsOf({ items }: Pick<Part, 'items'>): string[] {
  return items.map(({ item }) => wordOf(item))
}

async function codeOf(device: TestDevice, conversation: string, place: Parameters<typeof historyOf>[2]) {
  return codeName((await device.call(METHODS.history, createHistoryRequest({ conversation, ...place }))).code)
}

t.test('without a place it gives the newest, and each way on gives the rest', async t => {
  const { ann, bob, carol, say, withBob } = await world()
  await say(ann, bob, '1', '2')
  await say(bob, ann, '3')
  await say(carol, ann, 'of another')
  await say(ann, bob, '4', '5')
  const { head } = await ann.node.services.head(ann.uid, 0)
  const newest = await historyOf(ann, withBob, { limit: 2 })
  t.same(wordsOf(newest), ['4', '5'])
  t.equal(newest.to, head)
  const three = newest.from
  const before = await historyOf(ann, withBob, { before: three + 1, limit: 2 })
  t.same(wordsOf(before), ['2', '3'])
  t.equal(before.to, three)
  const rest = await historyOf(ann, withBob, { before: before.items[0]?.version ?? 0 })
  t.same(wordsOf(rest), ['1'])
  t.match(rest, { from: 0, trimmed: false })
  const after = await historyOf(ann, withBob, { after: rest.to, limit: 3 })
  t.same(wordsOf(after), ['2', '3', '4'])
  t.match(after, { from: rest.to, to: after.items.at(-1)?.version ?? 0 })
  t.match(await historyOf(ann, withBob, { after: after.to }), { from: after.to, to: head })
  t.same(wordsOf(await historyOf(ann, withBob, { around: three, limit: 3 })), ['2', '3', '4'])
  t.same(wordsOf(await historyOf(ann, withBob, { around: three, limit: 1 })), ['3'])
  const message = createMessageId({ sender: bob.uid, device: 1, sendSeq: bob.sendSeq })
  t.same(wordsOf(await historyOf(ann, withBob, { message, limit: 5 })), ['1', '2', '3', '4', '5'])
  t.same(wordsOf(await historyOf(bob, `direct:${ann.uid}`)), ['1', '2', '3', '4', '5'], 'and the other has his own')
})

t.test('at most one place is named, and at most 100 items are asked for', async t => {
  const { ann, bob, say, withBob } = await world()
  await say(ann, bob, '1')
  const message = createMessageId({ sender: ann.uid, device: 1, sendSeq: ann.sendSeq })
  for (const place of [
    { before: 1, after: 1 },
    { around: 1, before: 1 },
    { message, after: 1 },
    { limit: HISTORY_ITEMS_MAX + 1 },
  ])
    t.equal(await codeOf(ann, withBob, place), 'INVALID_ARGUMENT', JSON.stringify(place))
  t.equal(await codeOf(ann, withBob, { limit: HISTORY_ITEMS_MAX }), 'OK')
  for (const conversation of ['nothing', 'direct:', 'direct:0', ''])
    t.match(await codeOf(ann, conversation, {}), /INVALID_ARGUMENT|BAD_BODY/, conversation)
  t.equal(await codeOf(ann, 'group:', {}), 'INVALID_ARGUMENT')
  t.equal(await codeOf(ann, 'group:1.1.1', {}), 'NO_SUCH_GROUP')
  t.equal(await codeOf(ann, 'channel:1', {}), 'NO_SUCH_GROUP')
})

t.test('whatever number is named, only own items of that conversation come', async t => {
  const { ann, bob, carol, say, group, post, withBob } = await world()
  const conversation = await group()
  await say(ann, bob, 'to Bob')
  await say(ann, carol, 'to Carol')
  await post(bob, conversation, 'to all')
  await say(carol, bob, 'between others')
  const { head } = await ann.node.services.head(ann.uid, 0)
  for (let version = 1; version <= head; version += 1) {
    for (const place of [{ before: version }, { after: version }, { around: version }]) {
      const [direct, ofGroup] = [await historyOf(ann, withBob, place), await historyOf(ann, conversation, place)]
      t.ok(
        wordsOf(direct).every(word => word === 'to Bob'),
        JSON.stringify(place),
      )
      t.ok(wordsOf(ofGroup).every(word => word === 'to all' || word === 'groupChange'))
      for (const { from, to } of [direct, ofGroup]) {
        const goesOn = place.after === undefined ? from < version : to > version || version === head
        t.ok(goesOn, 'who goes on comes to an end')
      }
    }
  }
  t.same(wordsOf(await historyOf(ann, withBob, { before: head + 1 })), ['to Bob'])
  for (const place of [
    { before: head + 2 },
    { after: head + 1 },
    { around: head + 1 },
    { around: Number.MAX_SAFE_INTEGER },
  ])
    t.equal(await codeOf(ann, withBob, place), 'INVALID_ARGUMENT', JSON.stringify(place))
  for (const sender of [ann.uid, bob.uid, carol.uid]) {
    const message = createMessageId({ sender, device: 1, sendSeq: 99 })
    t.equal(await codeOf(ann, withBob, { message }), 'NO_SUCH_MESSAGE', 'one that is not there')
  }
  const toCarol = createMessageId({ sender: ann.uid, device: 1, sendSeq: ann.sendSeq })
  const toAll = (await historyOf(ann, conversation)).items.flatMap(({ item: { content } }) =>
    content?.case === 'conversationMessage' ? [createMessageId({ number: content.value.number })] : [],
  )
  for (const message of [toCarol, ...toAll])
    t.equal(await codeOf(ann, withBob, { message }), 'NO_SUCH_MESSAGE', 'one of another conversation')
  t.equal(await codeOf(carol, conversation, { message: toCarol }), 'NO_SUCH_MESSAGE')
})

t.test('a version that a change of epoch skipped is none, and history leads over the gap', async t => {
  const { store, ann, bob, say, withBob } = await world()
  await say(ann, bob, '1')
  const { head } = await ann.node.services.head(ann.uid, 0)
  await store.newEpoch(store.scopeOf(userActor(ann.uid)))
  await say(ann, bob, '2')
  const gap = head + EPOCH_JUMP / 2
  for (const place of [{ before: gap + 1 }, { after: gap }, { around: gap }])
    t.equal(await codeOf(ann, withBob, place), 'INVALID_ARGUMENT', JSON.stringify(place))
  t.same(wordsOf(await historyOf(ann, withBob)), ['1', '2'])
  t.same(wordsOf(await historyOf(ann, withBob, { after: head })), ['2'])
  t.same(wordsOf(await historyOf(ann, withBob, { before: head + 1 })), ['1'])
})

t.test('items are as they are now, without what was deleted or cleared', async t => {
  const { node, ann, bob, say, quiet, withBob } = await world()
  await say(ann, bob, '1', '2', '3', '4', '5')
  const named = (back: number) => {
    const message = createMessageId({ sender: ann.uid, device: 1, sendSeq: last - back })
    return { sendSeq: ann.next(), conversation: withBob, message }
  }
  const last = ann.sendSeq
  await ann.call(METHODS.edit, { ...named(1), text: 'edited', mentions: [] })
  await ann.call(METHODS.recall, named(0))
  const { message, ...deleting } = named(2)
  await ann.call(METHODS.delete, { ...deleting, messages: [message] })
  await quiet()
  t.same(wordsOf(await historyOf(ann, withBob)), ['1', '2', 'edited', 'recalled'])
  t.same(wordsOf(await historyOf(bob, `direct:${ann.uid}`)), ['1', '2', '3', 'edited', 'recalled'])
  t.equal(await codeOf(ann, withBob, { message }), 'NO_SUCH_MESSAGE', 'what was deleted is not there')
  const upTo = (await historyOf(ann, withBob, { limit: 3 })).items[0]?.version ?? 0
  const clearing = named(0)
  await ann.call(METHODS.clear, { sendSeq: clearing.sendSeq, conversation: withBob, upTo })
  t.same(wordsOf(await historyOf(ann, withBob)), ['edited', 'recalled'], 'at once')
  t.match(await historyOf(ann, withBob), { from: 0, trimmed: false })
  t.same(wordsOf(await historyOf(ann, withBob, { after: 1 })), ['edited', 'recalled'])
  t.equal(await codeOf(ann, withBob, { message: named(4).message }), 'NO_SUCH_MESSAGE')
  await node.engine.close()
})

t.test('a message that failed is followed by its Failed item', async t => {
  const { node, ann, carol, quiet } = await world()
  // It crosses the end of the friendship.
  const ended = carol.call(METHODS.contactRemove, { sendSeq: carol.next(), uid: ann.uid })
  await Promise.all([ended, ann.send(carol.uid, 'hello')])
  await quiet()
  const { items } = await historyOf(ann, `direct:${carol.uid}`)
  t.same(wordsOf({ items }), ['hello', 'failed'])
  t.match(items[1]?.item.content, { case: 'failed', value: { device: 1, sendSeq: ann.sendSeq, recipient: carol.uid } })
  await node.engine.close()
})

t.test('who is blocked reads what he has, and a former member what he got', async t => {
  const { ann, bob, carol, say, group, post, quiet, withBob } = await world()
  await say(ann, bob, '1')
  await bob.call(METHODS.contactBlock, { sendSeq: bob.next(), uid: ann.uid })
  await quiet()
  t.same(wordsOf(await historyOf(ann, withBob)), ['1'])
  const conversation = await group()
  await post(ann, conversation, 'with Carol')
  await ann.call(METHODS.groupRemove, { sendSeq: ann.next(), conversation, uid: carol.uid, number: 0 })
  await quiet()
  await post(ann, conversation, 'without her')
  const number = (await historyOf(ann, conversation)).items.flatMap(({ item: { content } }) =>
    content?.case === 'conversationMessage' ? [content.value.number] : [],
  )
  t.ok(wordsOf(await historyOf(ann, conversation)).includes('without her'))
  const hers = await historyOf(carol, conversation)
  t.same(
    wordsOf(hers).filter(word => word !== 'groupChange'),
    ['with Carol'],
  )
  t.equal(await codeOf(carol, conversation, { message: createMessageId({ number: number[0] ?? 0 }) }), 'OK')
  t.equal(
    await codeOf(carol, conversation, { message: createMessageId({ number: number[1] ?? 0 }) }),
    'NO_SUCH_MESSAGE',
  )
})

t.test('a text that was changed when the user was no member is withheld, as in pages', async t => {
  const { ann, carol, group, post, quiet } = await world()
  const conversation = await group()
  await post(ann, conversation, 'before')
  await ann.call(METHODS.groupRemove, { sendSeq: ann.next(), conversation, uid: carol.uid, number: 0 })
  await quiet()
  const [placed] = (await historyOf(ann, conversation)).items.filter(({ item }) => wordOf(item) === 'before')
  const content = placed?.item.content
  const number = content?.case === 'conversationMessage' ? content.value.number : 0
  const message = createMessageId({ number })
  await ann.call(METHODS.edit, { sendSeq: ann.next(), conversation, message, text: 'after', mentions: [] })
  await quiet()
  t.ok(wordsOf(await historyOf(ann, conversation)).includes('after'))
  const hers = (await historyOf(carol, conversation)).items.flatMap(({ item }) =>
    item.content?.case === 'conversationMessage' ? [item.content.value] : [],
  )
  t.match(hers, [{ text: '', state: { withheld: true } }])
})

t.test('what retention has removed is told', async t => {
  const { node, ann, bob, say, withBob } = await world()
  await say(ann, bob, '1', '2', '3', '4')
  const { items } = await historyOf(ann, withBob)
  await node.engine.run(userActor(ann.uid), trimLog, { upTo: items[1]?.version ?? 0 })
  const all = await historyOf(ann, withBob)
  t.same(wordsOf(all), ['3', '4'])
  t.match(all, { from: 0, trimmed: true })
  t.match(await historyOf(ann, withBob, { limit: 1 }), { from: items[2]?.version, trimmed: false })
  t.match(await historyOf(ann, withBob, { after: 1 }), { from: 1, trimmed: true })
  t.match(await historyOf(ann, withBob, { before: items[1]?.version ?? 0 }), { items: [], from: 0, trimmed: true })
  t.match(await historyOf(ann, withBob, { after: items[1]?.version ?? 0 }), { trimmed: false })
})

t.test('an answer has 256 KiB at most, and goes on from there both ways', async t => {
  const { ann, bob, say, withBob } = await world()
  const long = 'x'.repeat(16_000)
  for (let n = 0; n < 40; n += 1) await say(ann, bob, `${n} ${long}`)
  const bytesOf = (part: Part) => wordsOf(part).reduce((sum, word) => sum + word.length, 0)
  const seen: string[] = []
  for (let before = 0; ; ) {
    const part = await historyOf(ann, withBob, { before, limit: 100 })
    t.ok(bytesOf(part) <= HISTORY_BYTES_MAX && (part.from === 0 || part.items.length > 10))
    seen.unshift(...wordsOf(part).map(word => word.split(' ')[0] ?? ''))
    if (part.from === 0) break
    before = part.from + 1
  }
  t.same(
    seen,
    Array.from({ length: 40 }, (_, n) => `${n}`),
  )
  const forward: string[] = []
  const { head } = await ann.node.services.head(ann.uid, 0)
  for (let after = 1; after < head; ) {
    const part = await historyOf(ann, withBob, { after, limit: 100 })
    t.ok(bytesOf(part) <= HISTORY_BYTES_MAX)
    forward.push(...wordsOf(part).map(word => word.split(' ')[0] ?? ''))
    after = part.to
  }
  t.same(forward, seen)
})

t.test('a request looks at 4 096 entries and no further, and says how far it came', async t => {
  const { store, node, ann, bob, carol, say, withBob } = await world()
  await say(bob, ann, 'the oldest')
  const [oldest] = (await historyOf(ann, withBob)).items
  const { engine } = node
  const [entry] = await engine
    .log(userActor(ann.uid), (oldest?.version ?? 0) - 1, 1, 1e6)
    .then(page => (page.kind === 'page' ? page.items : []))
  const item = entry?.bytes ?? new Uint8Array(0)
  const actor = userActor(ann.uid)
  const fill = async (peer: number, count: number) => {
    const appends = Array.from({ length: count }, () => ({ actor, conversation: directChain(peer), bytes: item }))
    await store.commit(store.scopeOf(actor), [{ expect: [], puts: [], appends, trims: [] }])
  }
  await fill(carol.uid, WALKED_MAX + 512)
  await fill(bob.uid, 600)
  await say(bob, ann, 'the newest')
  const first = await historyOf(ann, withBob, { after: oldest?.version ?? 0 })
  t.same(first.items, [], 'nothing of the conversation is among them')
  t.equal(first.to, (oldest?.version ?? 0) + WALKED_MAX, 'but they need not be looked at again')
  t.ok((await historyOf(ann, withBob, { after: first.to })).items.length > 0)
  // Of the other conversation more are newer than are looked at.
  await fill(bob.uid, WALKED_MAX)
  t.equal(await codeOf(ann, withBob, { before: (oldest?.version ?? 0) + 300 }), 'INVALID_ARGUMENT', 'too far back')
  t.equal(await codeOf(ann, withBob, { before: (oldest?.version ?? 0) + 1 }), 'OK', 'it is the version behind an item')
  const message = createMessageId({ sender: bob.uid, device: 1, sendSeq: 1 })
  t.equal(await codeOf(ann, withBob, { message }), 'NO_SUCH_MESSAGE')
})

t.test('it counts in the limit of walks, by what it looks at', async t => {
  const { ann, bob, say, withBob } = await world(5)
  await say(ann, bob, ...Array.from({ length: 300 }, (_, n) => `${n}`))
  const codes: string[] = []
  for (let n = 0; n < 4; n += 1) codes.push(await codeOf(ann, withBob, { after: 1, limit: 100 }))
  t.same(codes, ['OK', 'OK', 'OK', 'RATE_LIMITED'], 'each looks at two slices')
})

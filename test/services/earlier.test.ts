/** Earlier: what lies before a joining, as far as the rule of that moment gave it, and nothing more however one asks. */
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import {
  createEditRequest,
  createMessageId,
  createPostRequest,
  GroupAct,
  type Item,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES } from '../../src/ops/rate-limits-table.js'
import { EARLIER_BYTES_MAX } from '../../src/services/earlier.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { groupActor } from '../../src/sync/references.js'
import { GROUP_ITEMS, nextNumber } from '../../src/sync/rules/group-changes.js'
import { gidOf, members, NO_RULES } from '../../src/sync/rules/group-records.js'
import type { Transition } from '../../src/sync/types.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

/** Lets something happen while a chain is read, once. */
class WalkedStore extends MemoryStore {
  walks = 0
  meanwhile: (() => Promise<unknown>) | undefined

  override async chain(...asked: Parameters<MemoryStore['chain']>): ReturnType<MemoryStore['chain']> {
    this.walks += 1
    const { meanwhile } = this
    this.meanwhile = undefined
    await meanwhile?.()
    return super.chain(...asked)
  }
}

const BURST = 100

async function world(scopes: 'one' | 'partitions' = 'one') {
  const store = new WalkedStore({ scopes, random: seededRandom('store') })
  const off = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))
  const limits = new Limits(systemClock, { ...off, 'timeline-walks': { amount: 1, unit: 'h', burst: BURST } })
  const node = await startNode(store, systemClock, 'node', { limits })
  const [alice, bob, carol, dave] = (await Promise.all(
    ['alice', 'bob', 'carol', 'dave'].map((name, key) => new TestDevice(node).enter(name, key + 1)),
  )) as [TestDevice, TestDevice, TestDevice, TestDevice]
  for (const other of [bob, carol, dave]) await befriend(alice, other)
  const create = { sendSeq: alice.next(), title: 'we', invitees: [] }
  const { body } = await alice.call(METHODS.groupCreate, create)
  const { conversation } = METHODS.groupCreate.decodeResponse(body)
  const group = groupActor(gidOf(conversation) ?? '')
  const quiet = () => eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
  const act = async (code: Promise<{ readonly code: number }>): Promise<void> => {
    const name = codeName((await code).code)
    if (name !== 'OK') throw new Error(name)
    await quiet()
  }
  const named = () => ({ sendSeq: alice.next(), conversation })
  const say = (text: string) => act(alice.call(METHODS.post, createPostRequest({ ...named(), text })))
  const history = (count: number) => {
    const rules = { ...NO_RULES, history: count }
    return act(alice.call(METHODS.groupSetRules, { ...named(), rules, newCode: false }))
  }
  const invite = ({ uid }: TestDevice) => act(alice.call(METHODS.groupInvite, { ...named(), invitees: [{ uid }] }))
  const remove = ({ uid }: TestDevice) => act(alice.call(METHODS.groupRemove, { ...named(), uid, number: 0 }))
  await quiet()
  return { store, limits, node, alice, bob, carol, dave, conversation, group, act, named, say, history, invite, remove }
}

const ACTS = new Map<number, string>(Object.entries(GroupAct).map(([name, act]) => [act, name]))

/** What an item says: a text, or the name of a change. */
function wordOf({ content }: Item): string {
  if (content?.case === 'conversationMessage') return content.value.text || 'no text'
  return content?.case === 'groupChange' ? (ACTS.get(content.value.act) ?? '') : 'nothing'
}

function numberOf({ content }: Item): number {
  return content?.case === 'conversationMessage' || content?.case === 'groupChange' ? content.value.number : 0
}

async function earlier(device: TestDevice, conversation: string, before = 0, limit = 0) {
  const { code, body } = await device.call(METHODS.groupEarlier, { conversation, before, limit })
  if (code !== 0) throw new Error(codeName(code))
  const { items, next } = METHODS.groupEarlier.decodeResponse(body)
  return { items, next, words: items.map(wordOf).join(' ') }
}

/** The number of the message with this text in the timeline. */
async function numberOfText(device: TestDevice, text: string): Promise<number> {
  const found = (await device.items()).find(({ item }) => wordOf(item) === text)
  return found === undefined ? 0 : numberOf(found.item)
}

for (const scopes of ['one', 'partitions'] as const) {
  t.test(`${scopes}: the last items before the joining are given, as many as the rule gave then`, async t => {
    const { node, store, group, alice, bob, carol, dave, conversation, say, history, invite } = await world(scopes)
    await say('a')
    await invite(bob)
    t.same(await earlier(alice, conversation), { items: [], next: 0, words: '' }, 'the one who made it')
    t.same(await earlier(bob, conversation), { items: [], next: 0, words: '' }, 'the rule gave nothing')
    await history(3)
    await store.newEpoch(store.scopeOf(group))
    for (const text of ['b', 'c']) await say(text)
    await invite(carol)
    t.equal((await earlier(carol, conversation)).words, 'RULES_SET b c', 'over a jump of the numbers')
    await history(5)
    await say('d')
    t.equal((await earlier(carol, conversation)).words, 'RULES_SET b c', 'as it was at the joining')
    await invite(dave)
    t.equal((await earlier(dave, conversation)).words, 'b c JOINED RULES_SET d')
    t.equal((await earlier(bob, conversation)).words, '', 'who was there before gets no more')
    const seen = (await earlier(dave, conversation)).items.map(numberOf)
    t.ok(seen.every((number, i) => number > (seen[i - 1] ?? 0)))
    await node.engine.close()
  })

  t.test(`${scopes}: however one pages, it is never more`, async t => {
    const { node, alice, carol, conversation, say, history, invite } = await world(scopes)
    for (const text of ['a', 'b']) await say(text)
    await history(4)
    for (const text of ['c', 'd', 'e']) await say(text)
    await invite(carol)
    await say('f')
    const words: string[] = []
    let before = 0
    do {
      const page = await earlier(carol, conversation, before, 1)
      words.unshift(page.words)
      t.equal(page.items.length, 1)
      before = page.next
    } while (before !== 0)
    t.same(words, ['RULES_SET', 'c', 'd', 'e'])
    const page = await earlier(carol, conversation, 0, 3)
    t.match(page, { words: 'c d e', next: numberOf(page.items[0] as Item) })
    t.match(await earlier(carol, conversation, page.next, 3), { words: 'RULES_SET', next: 0 })
    const [first, second] = [await numberOfText(alice, 'a'), await numberOfText(alice, 'b')]
    for (const other of [1, first, second, second + 1]) t.equal((await earlier(carol, conversation, other)).words, '')
    const all = 'RULES_SET c d e'
    for (const other of [2 ** 40, await numberOfText(alice, 'f')])
      t.equal((await earlier(carol, conversation, other)).words, all, 'what is newer is in the own timeline')
    const c = await numberOfText(alice, 'c')
    t.equal((await earlier(carol, conversation, c + 1)).words, 'RULES_SET c', 'a number need not be an item')
    await node.engine.close()
  })

  t.test(`${scopes}: items are given as they are now, and notes of changes count for none`, async t => {
    const { node, alice, bob, carol, conversation, act, named, say, history, invite } = await world(scopes)
    await history(5)
    await invite(bob)
    for (const text of ['a', 'b', 'c']) await say(text)
    const a = await numberOfText(alice, 'a')
    const b = await numberOfText(alice, 'b')
    const c = await numberOfText(alice, 'c')
    const edit = (number: number, text: string) =>
      act(alice.call(METHODS.edit, createEditRequest({ ...named(), message: createMessageId({ number }), text })))
    await edit(a, 'edited')
    await edit(a, 'again')
    await act(alice.call(METHODS.recall, { ...named(), message: createMessageId({ number: b }) }))
    await invite(carol)
    const page = await earlier(carol, conversation)
    t.equal(page.words, 'RULES_SET JOINED again no text c')
    const [, , again, recalled] = page.items
    t.match(again, { content: { value: { state: { withheld: false, editNumber: Number } } } })
    t.match(recalled, { content: { value: { extra: undefined, state: { recalledBy: alice.uid } } } })
    await edit(c, 'late')
    t.equal((await earlier(carol, conversation)).words, 'RULES_SET JOINED again no text late')
    await node.engine.close()
  })
}

t.test(
  'who is no member any more is given nothing, also of what was being read; who comes again, of the new joining',
  async t => {
    const { node, store, carol, conversation, say, history, invite, remove } = await world()
    await history(2)
    await say('a')
    await invite(carol)
    t.equal((await earlier(carol, conversation)).words, 'RULES_SET a')
    store.meanwhile = () => remove(carol)
    await t.rejects(earlier(carol, conversation), { message: 'NO_SUCH_GROUP' })
    await t.rejects(earlier(carol, conversation), { message: 'NO_SUCH_GROUP' })
    await say('b')
    await invite(carol)
    t.equal((await earlier(carol, conversation)).words, 'REMOVED b')
    store.meanwhile = async () => {
      await remove(carol)
      await invite(carol)
    }
    await t.rejects(earlier(carol, conversation), { message: 'UNAVAILABLE' }, 'it is another membership now')
    t.equal((await earlier(carol, conversation)).words, 'JOINED REMOVED')
    await node.engine.close()
  },
)

t.test('what retention has removed is the end', async t => {
  const { node, store, alice, carol, conversation, group, say, history, invite } = await world()
  await history(10)
  for (const text of ['a', 'b', 'c']) await say(text)
  await invite(carol)
  const upTo = await numberOfText(alice, 'a')
  await store.commit(store.scopeOf(group), [{ expect: [], puts: [], appends: [], trims: [{ actor: group, upTo }] }])
  t.match(await earlier(carol, conversation), { words: 'b c', next: 0 })
  const all = [{ actor: group, upTo: 2 ** 40 }]
  await store.commit(store.scopeOf(group), [{ expect: [], puts: [], appends: [], trims: all }])
  t.match(await earlier(carol, conversation), { words: '', next: 0 })
  await node.engine.close()
})

t.test('pages are bounded in bytes, and each part of a walk counts', async t => {
  const { node, store, limits, carol, conversation, say, history, invite } = await world()
  await history(40)
  const text = 'x'.repeat(16_000)
  for (let i = 0; i < 40; i++) await say(text)
  await invite(carol)
  const before = store.walks
  const pages: number[] = []
  let next = 0
  do {
    const page = await earlier(carol, conversation, next)
    pages.push(page.items.length)
    next = page.next
  } while (next !== 0)
  t.equal(
    pages.reduce((sum, count) => sum + count),
    40,
  )
  t.ok(pages.every(count => count * text.length <= EARLIER_BYTES_MAX))
  t.equal(pages.length, Math.ceil(40 / Math.floor(EARLIER_BYTES_MAX / (text.length + 100))))
  const walks = store.walks - before
  t.ok(walks > pages.length)
  t.equal(limits.wait('timeline-walks', carol.uid, BURST - walks), 0, 'each walk counts once')
  t.ok(limits.wait('timeline-walks', carol.uid, BURST - walks + 1) > 0)
  limits.charge('timeline-walks', carol.uid, BURST)
  await t.rejects(earlier(carol, conversation), { message: 'RATE_LIMITED' })
  await node.engine.close()
})

/** Makes what an older node has left: items that are in no chain, the joining among them. */
const unchained: Transition<{ readonly uid: number }, void> = {
  name: 'test.unchained',
  run(tx, { uid }) {
    const list = new Map(tx.get(members))
    tx.appendAt(nextNumber(tx), new Uint8Array(1))
    const since = nextNumber(tx)
    tx.appendAt(since, new Uint8Array(1))
    const member = list.get(uid)
    if (member !== undefined) tx.put(members, list.set(uid, { ...member, since, history: 10 }))
  },
}

t.test('a joining that is in no chain has nothing before it', async t => {
  const { node, store, carol, conversation, group, say, history, invite } = await world()
  await history(10)
  await say('a')
  await invite(carol)
  t.equal(await store.newest(group, GROUP_ITEMS), (await earlier(carol, conversation)).items.map(numberOf).length + 2)
  await node.engine.run(group, unchained, { uid: carol.uid })
  t.match(await earlier(carol, conversation), { words: '', next: 0 })
  await node.engine.close()
})

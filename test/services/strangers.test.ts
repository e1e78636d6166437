/** Where anybody may write: what a stranger's message is, who may write how much, and what is left of it where friends alone may. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createHistoryRequest,
  decodeConversationsResponse,
  type Item,
  Stranger,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { CountedTime } from '../../src/lib/counted-time.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { STRANGERS_ASKING_MAX, STRANGERS_MAX, STRANGERS_MS } from '../../src/sync/rules/records.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'
import { RULE_SETTINGS } from '../support/rule-settings.js'

const { OK, NOT_FRIEND, STRANGER_LIMIT, BLOCKED } = CODES

async function world(...names: readonly string[]) {
  const clock = new ManualClock()
  const settings = { ...RULE_SETTINGS, openContacts: true }
  const store = new MemoryStore({ scopes: 'partitions', random: seededRandom('store') })
  const time = new CountedTime(clock)
  const node = await startNode(store, clock, 'node', { settings, time })
  const people: TestDevice[] = []
  for (const [i, name] of names.entries()) people.push(await new TestDevice(node).enter(name, i + 1))
  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; ) {
      clock.advance(1_100)
      await new Promise(setImmediate)
      node.services.flush()
      quiet = node.engine.queueDepth + node.engine.outboxDepth === 0 ? quiet + 1 : 0
    }
  }
  return { clock, settings, node, people: people as [TestDevice, TestDevice, TestDevice], settled }
}

type Content = NonNullable<Item['content']>

async function contents<C extends Content['case']>(of: TestDevice, kind: C) {
  const all = (await of.items()).map(({ item }) => item.content)
  return all.flatMap(each => (each?.case === kind ? [each.value as Extract<Content, { case: C }>['value']] : []))
}

async function shown(of: TestDevice, other: TestDevice) {
  return (await contents(of, 'contact')).findLast(({ uid }) => uid === other.uid)
}

function readAll(reader: TestDevice, writer: TestDevice): void {
  const mark = { peer: writer.uid, device: writer.device, sendSeq: writer.sendSeq }
  reader.told = Number.MAX_SAFE_INTEGER
  reader.ack({ version: 1, delivered: [mark], read: [mark] })
}

t.test(
  "a stranger's message is a request: no mark goes back, and nobody sees who types, until it is answered",
  async t => {
    const { people, settled } = await world('alice', 'bob')
    const [alice, bob] = people
    const first = await alice.send(bob.uid, 'hello')
    t.equal(first.code, OK.code)
    const named = (await alice.items()).find(({ version }) => version === first.version)
    t.equal(named?.item.content?.case, 'message', 'the answer names the own copy, not the contact beside it')
    await settled()
    t.match(await shown(alice, bob), { state: 0, stranger: Stranger.WAITS, account: 'bob' })
    const kinds = (await alice.items()).map(({ item }) => item.content?.case)
    t.ok(kinds.indexOf('message') < kinds.indexOf('contact'), 'the answer to Send names the version of the message')
    const asked = await shown(bob, alice)
    t.match(asked, { state: 0, stranger: Stranger.ASKS, account: 'alice' })
    t.ok((asked?.sinceMs ?? 0) > 0)
    readAll(bob, alice)
    await settled()
    t.same([await contents(alice, 'delivered'), await contents(alice, 'read')], [[], []])
    t.equal((await contents(bob, 'read')).length, 1, 'his own devices know')
    const watch = (who: TestDevice, other: TestDevice) =>
      who.call(METHODS.watch, { conversations: [{ conversation: `direct:${other.uid}` }] })
    const type = (who: TestDevice, other: TestDevice) =>
      who.call(METHODS.typing, { conversation: `direct:${other.uid}`, stopped: false })
    for (const [who, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      t.equal((await watch(who, other)).code, NOT_FRIEND.code)
      t.equal((await type(who, other)).code, NOT_FRIEND.code)
    }
    const message = { sender: alice.uid, device: alice.device, sendSeq: alice.sendSeq, number: 0 }
    const react = { sendSeq: bob.next(), conversation: `direct:${alice.uid}`, message, kind: '+1', off: false }
    t.equal((await bob.call(METHODS.react, react)).code, NOT_FRIEND.code, 'a reaction would tell that it was read')

    t.equal((await bob.send(alice.uid, 'hello yourself')).code, OK.code)
    await settled()
    for (const [who, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      t.match(await shown(who, other), { state: 0, stranger: Stranger.OPEN })
      t.equal((await type(who, other)).code, OK.code)
    }
    t.match(await contents(alice, 'read'), [{ peer: bob.uid, own: false, marks: [{ sendSeq: message.sendSeq }] }])
    readAll(alice, bob)
    await settled()
    t.equal((await contents(bob, 'read')).filter(({ own }) => !own).length, 1)
    t.equal((await bob.call(METHODS.contactRemove, { sendSeq: bob.next(), uid: alice.uid })).code, OK.code)
    await settled()
    for (const [who, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      t.match(await shown(who, other), { state: 0, stranger: Stranger.UNSPECIFIED, sinceMs: 0 })
    }
  },
)

t.test('20 new strangers a day: who answers is none any more, and a day later there are others', async t => {
  const names = Array.from({ length: STRANGERS_MAX + 2 }, (_, i) => `person-${i}`)
  const { people, settled, clock } = await world('alice', ...names)
  const [alice, ...others] = people as TestDevice[]
  if (alice === undefined) return
  const write = async (other: TestDevice | undefined): Promise<number> => {
    const { code } = await alice.send(other?.uid ?? 0, 'hello')
    await settled()
    return code
  }
  for (const other of others.slice(0, STRANGERS_MAX)) t.equal(await write(other), OK.code)
  const [one, next] = [others[0], others[STRANGERS_MAX]]
  t.equal(await write(next), STRANGER_LIMIT.code)
  t.equal(await write(one), OK.code, 'the same ones may be written to again')
  await one?.send(alice.uid, 'yes?')
  await settled()
  t.equal(await write(next), OK.code, 'one has answered')
  t.equal(await write(others[STRANGERS_MAX + 1]), STRANGER_LIMIT.code)
  // Another device of the same user is the same user.
  const second = new TestDevice(alice.node)
  await second.login('person-0', 99)
  clock.advance(STRANGERS_MS)
  t.equal(await write(others[STRANGERS_MAX + 1]), OK.code)
})

t.test(
  'who takes friends only, has many requests, has declined or blocked, is reached by no stranger; all are told the same',
  async t => {
    const { people, settled } = await world('alice', 'bob', 'carol')
    const [alice, bob, carol] = people
    const preferences = { noReceipts: false, askBeforeGroups: false, noPresence: false, friendsOnly: true }
    await bob.call(METHODS.setPreferences, { sendSeq: bob.next(), preferences })
    const fails = async (why: string): Promise<void> => {
      const before = (await bob.items()).length
      t.equal((await alice.send(bob.uid, why)).code, OK.code)
      await settled()
      t.match(
        (await contents(alice, 'failed')).at(-1),
        { recipient: bob.uid, sendSeq: alice.sendSeq, code: NOT_FRIEND.code },
        why,
      )
      t.match(await shown(alice, bob), { stranger: Stranger.UNSPECIFIED })
      t.equal((await bob.items()).length, before, why)
    }
    await fails('friends only')
    await befriend(bob, carol)
    t.equal((await carol.send(bob.uid, 'friends may')).code, OK.code)
    await bob.call(METHODS.setPreferences, { sendSeq: bob.next(), preferences: { ...preferences, friendsOnly: false } })
    await alice.send(bob.uid, 'hello')
    await settled()
    const request = (await shown(bob, alice))?.request ?? 0
    t.equal((await bob.call(METHODS.contactDecline, { sendSeq: bob.next(), uid: alice.uid, request })).code, OK.code)
    await settled()
    await fails('declined')
    await bob.call(METHODS.contactBlock, { sendSeq: bob.next(), uid: alice.uid })
    await settled()
    await fails('blocked')
    t.equal((await bob.send(alice.uid, 'from who blocks')).code, BLOCKED.code)
  },
)

t.test('of more than 200 requests that wait the oldest stay', async t => {
  const names = Array.from({ length: STRANGERS_ASKING_MAX + 1 }, (_, i) => `person-${i}`)
  const { people, settled } = await world('alice', ...names)
  const [alice, ...others] = people as TestDevice[]
  if (alice === undefined) return
  for (const other of others) await other.send(alice.uid, 'hello')
  await settled()
  t.equal((await contents(alice, 'message')).length, STRANGERS_ASKING_MAX)
  t.match(await contents(others.at(-1) ?? alice, 'failed'), [{ code: NOT_FRIEND.code }])
  await alice.send(others[0]?.uid ?? 0, 'one is answered')
  await settled()
  await others.at(-1)?.send(alice.uid, 'again')
  await settled()
  t.equal((await contents(alice, 'message')).length, STRANGERS_ASKING_MAX + 2)
})

t.test(
  'where friends alone may write again, chats with strangers can be read, deleted and cleared, and not written to',
  async t => {
    const { people, settled, settings } = await world('alice', 'bob', 'carol')
    const [alice, bob, carol] = people
    await alice.send(bob.uid, 'hello')
    await settled()
    await bob.send(alice.uid, 'hello yourself')
    await alice.send(carol.uid, 'hello')
    await settled()
    settings.openContacts = false
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
      [alice, carol],
      [carol, alice],
      [bob, carol],
    ] as const) {
      t.equal((await from.send(to.uid, 'more')).code, NOT_FRIEND.code)
    }
    const conversation = `direct:${bob.uid}`
    const list = await alice.call(METHODS.conversations, { after: 0, limit: 0 })
    t.equal(decodeConversationsResponse(list.body).conversations.length, 2)
    t.equal((await alice.call(METHODS.history, createHistoryRequest({ conversation }))).code, OK.code)
    t.equal((await alice.call(METHODS.unread, { conversation })).code, OK.code)
    const message = { sender: bob.uid, device: bob.device, sendSeq: 1, number: 0 }
    t.equal(
      (await alice.call(METHODS.delete, { sendSeq: alice.next(), conversation, messages: [message] })).code,
      OK.code,
    )
    t.equal((await alice.call(METHODS.clear, { sendSeq: alice.next(), conversation, upTo: 1 })).code, OK.code)
    const request = (await shown(carol, alice))?.request ?? 0
    t.equal((await carol.call(METHODS.contactAccept, { sendSeq: carol.next(), uid: alice.uid, request })).code, OK.code)
    await settled()
    t.equal((await alice.send(carol.uid, 'friends')).code, OK.code)
  },
)

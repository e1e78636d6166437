/** What a deleted account leaves: read from the store itself. */
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import { ContactState } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { Tables } from '../../src/store/lmdb/tables.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { ALL_PARTITIONS } from '../../src/store/partition.js'
import type { Store } from '../../src/store/types.js'
import { leavingActor } from '../../src/sync/rules/leaving.js'
import { MARKED_DEVICES_MAX, profile, taken, userActor } from '../../src/sync/rules/records.js'
import { newFolder } from '../store/support/folder.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

/** Stands in everything that is to be gone. */
const NAME = 'zoe.of.old'
const NICKNAME = 'Zoe-nickname'
const GREETING = 'Zoe-greeting'
const TO_SELF = 'written-to-zoe'
const FROM_HER = 'written-by-zoe'

interface People {
  readonly zoe: TestDevice
  readonly friend: TestDevice
  readonly formerFriend: TestDevice
  readonly asked: TestDevice
  readonly blocked: TestDevice
}

/** Zoe with all that a user may have: two devices, contacts in every state, messages and marks both ways. */
async function live(node: TestNode, extraContacts = 0): Promise<People> {
  const [zoe, friend, formerFriend, asked, blocked] = (await Promise.all(
    [NAME, 'friend', 'former', 'asked', 'blocked'].map((name, key) => new TestDevice(node).enter(name, key + 1)),
  )) as [TestDevice, TestDevice, TestDevice, TestDevice, TestDevice]
  const tablet = new TestDevice(node)
  await tablet.login(NAME, 9)
  await tablet.hello()
  await zoe.call(METHODS.updateProfile, { sendSeq: zoe.next(), nickname: NICKNAME })
  for (const other of [friend, formerFriend, blocked]) await befriend(zoe, other)
  await zoe.call(METHODS.contactRemove, { sendSeq: zoe.next(), uid: formerFriend.uid })
  await zoe.call(METHODS.contactBlock, { sendSeq: zoe.next(), uid: blocked.uid })
  await zoe.call(METHODS.contactRequest, { sendSeq: zoe.next(), uid: asked.uid, greeting: GREETING })
  for (let i = 0; i < extraContacts; i++) {
    const other = await new TestDevice(node).enter(`other-${i}`, 1)
    await zoe.call(METHODS.contactRequest, { sendSeq: zoe.next(), uid: other.uid, greeting: GREETING })
    await zoe.call(METHODS.contactCancel, { sendSeq: zoe.next(), uid: other.uid, request: 1 })
  }
  await zoe.send(friend.uid, FROM_HER)
  await friend.send(zoe.uid, TO_SELF)
  for (const [one, other] of [
    [zoe, friend],
    [friend, zoe],
  ] as const) {
    const version = (await one.items()).at(-1)?.version ?? 0
    one.told = version
    const mark = { peer: other.uid, device: 1, sendSeq: other.sendSeq }
    one.ack({ version, delivered: [mark], read: [mark] })
  }
  const shown = async () => (await zoe.items()).map(({ item }) => item.content?.case)
  await eventually(async () => {
    const kinds = await shown()
    return kinds.includes('delivered') && kinds.filter(kind => kind === 'read').length === 2
  })
  return { zoe, friend, formerFriend, asked, blocked }
}

async function deleteAccount(zoe: TestDevice): Promise<number> {
  return (await zoe.call(METHODS.deleteAccount, { sendSeq: zoe.next(), password: 'correct horse' })).code
}

/** Everything in the store, as text: records by name, and items. */
async function everything(store: Store, users: readonly number[]): Promise<Map<string, string>> {
  const all = new Map<string, string>()
  const shared = ['accounts', 'leaving', 'outbox', 'renaming', 'time']
  const actors = ALL_PARTITIONS.flatMap(partition => shared.map(kind => `${kind}/${partition}`))
  for (const actor of [...actors, ...users.map(userActor)]) {
    for (const { name, bytes } of await store.scan(actor, '', null, 100_000)) {
      all.set(`${actor}/${name}`, Buffer.from(bytes).toString('latin1'))
    }
  }
  for (const uid of users) {
    const { entries } = await store.read(userActor(uid), 0, Number.MAX_SAFE_INTEGER, 100_000, 1e9)
    for (const { version, bytes } of entries) {
      all.set(`${userActor(uid)}@${version}`, Buffer.from(bytes).toString('latin1'))
    }
  }
  return all
}

async function gone(store: Store): Promise<void> {
  const left = async () => {
    const found = await Promise.all(
      ALL_PARTITIONS.map(partition => store.scan(leavingActor(partition), '', null, 1_000)),
    )
    return found.flat().filter(({ name }) => name.startsWith('user/')).length
  }
  await eventually(async () => (await left()) === 0)
}

async function check(t: Test, store: Store, people: People): Promise<void> {
  const { zoe, friend } = people
  const users = Object.values(people).map(({ uid }) => uid)
  const all = await everything(store, users)
  const own = [...all.keys()].filter(
    key => key.startsWith(`${userActor(zoe.uid)}/`) || key.startsWith(`${userActor(zoe.uid)}@`),
  )
  const counters = new RegExp(`^${userActor(zoe.uid)}/(in|out)/user/`)
  t.same(
    own.filter(key => !counters.test(key)),
    [`${userActor(zoe.uid)}/profile`],
    'of the user there is a tombstone',
  )
  const tombstone = profile.decode(Buffer.from(all.get(`${userActor(zoe.uid)}/profile`) ?? ''))
  t.match(tombstone, { account: '', nickname: '', deleted: true })
  const holding = (text: string) =>
    [...all].filter(([key, value]) => key.includes(text) || value.includes(text)).map(([key]) => key)
  t.same(holding(NICKNAME), [], 'her nickname is nowhere')
  t.same(holding(GREETING), [], 'nor her greetings')
  t.same(
    holding(NAME).map(key => key.replace(/^accounts\/\d+\//, '')),
    [`name/${NAME}`],
    'her name is taken, and that is all',
  )
  const copies = holding(FROM_HER)
  t.equal(copies.length, 1)
  t.match(copies[0], new RegExp(`^${userActor(friend.uid)}@`), "what she wrote is her friend's")
  t.same(
    holding(TO_SELF).every(key => key.startsWith(`${userActor(friend.uid)}@`)),
    true,
  )
  const { head } = await store.read(userActor(zoe.uid), 0, Number.MAX_SAFE_INTEGER, 1, 0)
  t.ok(head > 0, 'no version comes twice')
}

async function checkOthers(t: Test, node: TestNode, people: People): Promise<void> {
  const { zoe, friend } = people
  for (const [who, device] of Object.entries(people) as [string, TestDevice][]) {
    if (device === zoe) continue
    const contacts = (await device.items()).flatMap(({ item }) =>
      item.content?.case === 'contact' && item.content.value.uid === zoe.uid ? [item.content.value] : [],
    )
    t.match(contacts, [{ state: ContactState.UNSPECIFIED, account: '', nickname: '', greeting: '' }], who)
  }
  t.equal((await friend.send(zoe.uid, 'are you there')).code, CODES.UNKNOWN_USER.code)
  const asks = [
    await friend.call(METHODS.contactRequest, { sendSeq: friend.next(), uid: zoe.uid, greeting: '' }),
    await friend.call(METHODS.getProfile, { uid: zoe.uid, account: '' }),
    await friend.call(METHODS.getProfile, { uid: 0, account: NAME }),
  ]
  for (const { code } of asks) t.equal(code, CODES.UNKNOWN_USER.code)
  t.equal((await new TestDevice(node).login(NAME, 1)).code, CODES.WRONG_CREDENTIALS.code)
  for (const key of [1, 9, 55]) t.equal((await new TestDevice(node).register(NAME, key)).code, CODES.NAME_TAKEN.code)
  t.not((await new TestDevice(node).enter('somebody', 5)).uid, zoe.uid)
}

t.test('in one scope: nothing is left but a tombstone and the taken name', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const people = await live(node)
  t.equal(await deleteAccount(people.zoe), 0)
  await gone(store)
  await check(t, store, people)
  await checkOthers(t, node, people)
  t.same(node.asides, [])
})

t.test('where each partition is a scope of its own: the same, but for the counters of pairs', async t => {
  const store = new MemoryStore({ scopes: 'partitions', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const people = await live(node)
  t.equal(await deleteAccount(people.zoe), 0)
  await gone(store)
  await eventually(() => node.engine.outboxDepth === 0)
  await check(t, store, people)
  await checkOthers(t, node, people)
  t.same(node.asides, [])
})

t.test('a process that ends in between is followed by the next', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'first')
  const people = await live(node, 80)
  const { scan } = node.engine
  node.engine.scan = (actor, ...asked) => {
    if (actor.startsWith('user/')) void node.jobs.stop() // begins no slice beyond the first
    return scan.call(node.engine, actor, ...asked)
  }
  t.equal(await deleteAccount(people.zoe), 0)
  const stored = async () => (await store.scan(userActor(people.zoe.uid), '', null, 1_000)).length
  await eventually(async () => (await stored()) < 80)
  await node.engine.close()
  const users = Object.values(people).map(({ uid }) => uid)
  t.ok((await everything(store, users)).size > 0)
  const left = (await store.scan(userActor(people.zoe.uid), '', null, 1_000)).length
  t.ok(left > 1 && left < 80, `${left} records are left of more than a slice`)
  for (const name of ['second', 'third']) {
    const next = await startNode(store, systemClock, name)
    for (const device of Object.values(people)) device.node = next
    await next.jobs.start()
    await gone(store)
    await check(t, store, people)
    await checkOthers(t, next, people)
    await next.engine.close()
  }
})

t.test('an ack and a message that come late leave nothing behind', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const people = await live(node)
  const { zoe, friend } = people
  const lateAck = { version: zoe.told, read: [{ peer: friend.uid, device: 1, sendSeq: friend.sendSeq }] }
  const codes = await Promise.all([deleteAccount(zoe), friend.send(zoe.uid, TO_SELF).then(({ code }) => code)])
  t.equal(codes[0], 0)
  zoe.ack(lateAck) // committed a second later
  await gone(store)
  t.equal((await zoe.send(friend.uid, 'from a connection that lingers', 1)).code, CODES.SESSION_REVOKED.code)
  const renamed = await zoe.call(METHODS.updateProfile, { sendSeq: 1, nickname: NICKNAME })
  t.equal(renamed.code, CODES.SESSION_REVOKED.code)
  zoe.ack(lateAck)
  node.services.flush()
  const { formerFriend } = people
  for (const method of [METHODS.contactBlock, METHODS.contactUnblock]) {
    t.equal((await formerFriend.call(method, { sendSeq: formerFriend.next(), uid: zoe.uid })).code, 0)
  }
  await eventually(() => node.engine.queueDepth === 0)
  await check(t, store, people)
})

t.test('what the deleted user wrote can be read, and is marked so: by device, as many as are kept', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const { zoe, friend } = await live(node)
  const tablet = new TestDevice(node)
  await tablet.login(NAME, 8)
  await tablet.hello()
  await tablet.send(friend.uid, FROM_HER)
  t.equal(await deleteAccount(zoe), 0)
  await gone(store)
  const conversation = `direct:${zoe.uid}`
  const unread = async () =>
    METHODS.unread.decodeResponse((await friend.call(METHODS.unread, { conversation })).body).unread
  t.equal(await unread(), 1)
  const read = [{ peer: zoe.uid, device: 3, sendSeq: tablet.sendSeq }]
  // Which devices there were is not known any more.
  for (let i = 0; i < 200; i++) read.push({ peer: zoe.uid, device: 10_000 + i, sendSeq: 1 })
  friend.told = (await friend.items()).at(-1)?.version ?? 0
  friend.ack({ version: 1, read: read.slice(0, 1) })
  node.services.flush()
  await eventually(async () => (await unread()) === 0)
  t.equal(friend.ack({ version: 1, read }), 0)
  node.services.flush()
  const marked = async (): Promise<number> => {
    const [record] = await store.scan(userActor(friend.uid), `taken/${zoe.uid}`, null, 1)
    return Object.keys(taken.decode(record?.bytes ?? new Uint8Array(0)).read).length
  }
  await eventually(async () => (await marked()) > 2)
  t.equal(await marked(), MARKED_DEVICES_MAX)
})

t.test('the embedded store, opened again', async t => {
  const path = newFolder(t)
  const open = () => openLmdbStore({ path, journalBytes: 2 ** 14, onFatal: error => t.fail(String(error)) })
  let store: Store = await open()
  const node = await startNode(store, systemClock, 'node')
  const people = await live(node)
  t.equal(await deleteAccount(people.zoe), 0)
  await gone(store)
  await check(t, store, people)
  node.services.flush()
  await node.engine.close()
  await store.close()
  store = await open()
  await check(t, store, people)
  await store.close()
  const tables = new Tables(path, 2 ** 20, true)
  const kinds = new Set<string>()
  for (const { key } of tables.range(Buffer.of(1), Buffer.of(0xff))) {
    const text = key.toString('latin1')
    if (new RegExp(`^.${userActor(people.zoe.uid)}(?!\\d)`).test(text)) kinds.add(text.slice(0, 1))
  }
  await tables.close()
  t.same([...kinds].sort(), ['l', 'r'], 'also no key of what stood in the log: its head, and the tombstone')
})

/**
 * Every kind of record grown through the public methods as far as it goes: none gets above its bound, lists reach theirs, and a kind
 * that nothing here grows fails the test.
 */
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { METHODS } from '../../protocol/methods.js'
import { JUMPS_MAX } from '../../src/lib/counted-time.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { EFFECT_KINDS } from '../../src/sync/effect-kinds.js'
import { outboxEntry } from '../../src/sync/outbox-entry.js'
import { EFFECT_BYTES_MAX, RECORD_KINDS, setAside } from '../../src/sync/record-kinds.js'
import { register } from '../../src/sync/rules/account.js'
import { leavingActor } from '../../src/sync/rules/leaving.js'
import { agreeOnPolicy, policyActor } from '../../src/sync/rules/policy.js'
import {
  accountsActor,
  CONTACTS_MAX,
  MARKED_DEVICES_MAX,
  STRANGERS_ASKING_MAX,
  STRANGERS_MAX,
  taken,
  UNANSWERED_MAX,
  userActor,
} from '../../src/sync/rules/records.js'
import { noteTime, timeActor } from '../../src/sync/rules/time.js'
import { ack } from '../../src/sync/rules/watermark.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { editedMessages, fullGroups, indebtedGroup, readGroup } from '../support/grown-groups.js'
import { fullRooms } from '../support/grown-rooms.js'
import { ManualClock } from '../support/manual-clock.js'
import { RULE_SETTINGS } from '../support/rule-settings.js'

interface Size {
  bytes: number
  entries: number
}

/** Remembers how large each kind of record ever got. */
class MeasuringStore extends MemoryStore {
  readonly sizes = new Map<string, Size>()
  readonly unknown = new Set<string>()

  override commit(...[scope, units]: Parameters<MemoryStore['commit']>) {
    for (const { puts } of units) for (const { name, bytes } of puts) if (bytes !== null) this.#measure(name, bytes)
    return super.commit(scope, units)
  }

  #measure(name: string, bytes: Uint8Array): void {
    const [prefix = ''] = name.split('/')
    const kind = RECORD_KINDS.get(prefix)
    if (kind === undefined) this.unknown.add(prefix)
    const size = this.sizes.get(prefix) ?? { bytes: 0, entries: 0 }
    size.bytes = Math.max(size.bytes, bytes.length)
    const { entries } = kind?.bound ?? {}
    // Counted again only where there is more of it than ever.
    if (size.bytes === bytes.length && kind !== undefined) {
      size.entries = Math.max(size.entries, entries?.count(kind.decode(bytes)) ?? 0)
    }
    this.sizes.set(prefix, size)
  }
}

/** The longest input, as it is stored, with which each effect ever ran. */
const effectBytes = new Map<string, number>()
for (const kind of EFFECT_KINDS.values()) {
  const { name, encode, run } = kind
  const measured: typeof run = (tx, input, source) => {
    effectBytes.set(name, Math.max(effectBytes.get(name) ?? 0, encode(input).length))
    run(tx, input, source)
  }
  Object.assign(kind, { run: measured })
}

const LONG_NICKNAME = '"'.repeat(64)
const LONG_GREETING = '"'.repeat(256)

async function world(scopes: 'one' | 'partitions') {
  const clock = new ManualClock()
  const store = new MeasuringStore({ scopes, random: seededRandom('store') })
  const node = await startNode(store, clock, 'node', { settings: { ...RULE_SETTINGS, openContacts: true } })
  return { clock, store, node }
}

/** A user without the work of a password. */
async function somebody(node: TestNode, n: number): Promise<TestDevice> {
  const made = await node.engine.run(accountsActor(n), register, {
    partition: n % 256,
    account: `user-${n}`,
    nickname: LONG_NICKNAME,
    passwordHash: '',
    installationKey: '',
    deviceName: '',
    tokenHash: ' '.repeat(32),
  })
  const device = new TestDevice(node)
  device.uid = made.kind === 'done' ? made.result.uid : 0
  device.device = 1
  return device
}

/** One user logs in with so many installations, one after the other; each sends a message to the friend, who reads it. */
async function manyDevices(node: TestNode, clock: ManualClock): Promise<void> {
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 1)
  await befriend(alice, bob)
  await messageThatFails(node, alice)
  for (let key = 2; key <= 100; key += 1) {
    clock.advance(60_000)
    const device = new TestDevice(node)
    const installationKey = new Uint8Array(16).fill(key)
    const deviceName = '"'.repeat(64)
    for (let repeats = 0; repeats < (key === 50 ? 6 : 1); repeats += 1) {
      const request = { account: 'alice', password: 'correct horse', installationKey, deviceName }
      device.session = METHODS.login.decodeResponse((await device.call(METHODS.login, request)).body).session
    }
    await device.hello(0, (device.session?.boundAttempt ?? 0) + 1)
    await device.send(bob.uid, '"'.repeat(16_384))
    const mark = { peer: alice.uid, device: device.device, sendSeq: device.sendSeq }
    bob.told = Number.MAX_SAFE_INTEGER
    bob.ack({ version: 1, delivered: [mark], read: [mark] })
  }
  await eventually(async () => {
    clock.advance(1_000)
    const shown = (await alice.items()).flatMap(({ item }) =>
      item.content?.case === 'read' ? [item.content.value] : [],
    )
    return shown.some(({ marks }) => marks.some(({ device }) => device === 100))
  })
  await alice.call(METHODS.updateProfile, { sendSeq: alice.next(), nickname: LONG_NICKNAME })
  await bob.call(METHODS.updateProfile, { sendSeq: bob.next(), nickname: LONG_NICKNAME })
  await bob.call(METHODS.deleteAccount, { sendSeq: bob.next(), password: 'correct horse' })
  await eventually(async () => {
    clock.advance(1_000)
    return (await node.engine.scan(leavingActor(bob.uid), 'last', null, 1)).length > 0
  })
}

/** It crosses the end of the friendship. */
async function messageThatFails(node: TestNode, alice: TestDevice): Promise<void> {
  const carol = await new TestDevice(node).enter('carol', 1)
  await befriend(alice, carol)
  const ended = carol.call(METHODS.contactRemove, { sendSeq: carol.next(), uid: alice.uid })
  await Promise.all([ended, alice.send(carol.uid, 'hello')])
}

/** The clock jumps more often than is noted; one user is asked by more others than he can have as contacts, and asks more than he may. */
async function manyContacts(node: TestNode): Promise<void> {
  const alice = await somebody(node, 1)
  for (let day = 1; day <= 2 * JUMPS_MAX; day += 1) {
    const jumps = [{ fromMs: 1e12 + day * 1e9 + 0.123, toMs: 1e12 + day * 1e9 + 1e8 }]
    await node.engine.run(timeActor, noteTime, { node: 'node', others: [], begins: false, jumps })
  }
  const others: TestDevice[] = []
  for (let n = 2; n < CONTACTS_MAX + 100; n += 1) others.push(await somebody(node, n))
  const ask = (from: TestDevice, to: TestDevice) =>
    from.call(METHODS.contactRequest, { sendSeq: from.next(), uid: to.uid, greeting: LONG_GREETING })
  for (const other of others.slice(0, UNANSWERED_MAX + 10)) await ask(alice, other)
  for (const other of others.slice(UNANSWERED_MAX + 10)) await ask(other, alice)
}

/** One user is written to by more strangers than may wait, and writes to as many as are allowed within a day. */
async function manyStrangers(node: TestNode): Promise<void> {
  await node.engine.run(policyActor, agreeOnPolicy, { contacts: 'open', isNew: true, change: false })
  const alice = await somebody(node, 1)
  const others: TestDevice[] = []
  for (let n = 2; n < STRANGERS_ASKING_MAX + 50; n += 1) others.push(await somebody(node, n))
  for (const other of others.slice(0, STRANGERS_MAX + 5)) await alice.send(other.uid, 'hello')
  for (const other of others.slice(STRANGERS_MAX + 5)) await other.send(alice.uid, 'hello')
}

type World = Awaited<ReturnType<typeof world>>
type Growth = readonly [scopes: 'one' | 'partitions', grow: (here: World) => Promise<void>]

/** Lets the clock go on until something is done. */
async function whileTimePasses({ clock }: World, work: Promise<void>): Promise<void> {
  let isDone = false
  const end = work.finally(() => {
    isDone = true
  })
  while (!isDone) {
    clock.advance(100)
    await new Promise(setImmediate)
  }
  await end
}

t.test('no record gets above its bound, and each list reaches it', async t => {
  const sizes = new Map<string, Size>()
  const whole: readonly Growth[] = [
    ['partitions', ({ node, clock }) => manyDevices(node, clock)],
    ['one', ({ node }) => manyContacts(node)],
    ['one', ({ node }) => manyStrangers(node)],
    ['one', ({ node }) => fullGroups(node)],
    ['one', ({ node }) => readGroup(node)],
    ['one', ({ node }) => fullRooms(node)],
    ['one', here => whileTimePasses(here, editedMessages(here.node))],
    ['partitions', here => whileTimePasses(here, indebtedGroup(here.node))],
  ]
  for (const [scopes, grow] of whole) {
    const here = await world(scopes)
    await grow(here)
    await eventually(() => here.node.engine.outboxDepth === 0)
    await here.node.engine.close()
    t.same([...here.store.unknown], [], 'each record is of a known kind')
    t.same(here.node.asides, [])
    for (const [prefix, { bytes, entries }] of here.store.sizes) {
      const known = sizes.get(prefix) ?? { bytes: 0, entries: 0 }
      sizes.set(prefix, { bytes: Math.max(bytes, known.bytes), entries: Math.max(entries, known.entries) })
    }
  }
  for (const [prefix, { bound }] of RECORD_KINDS) {
    // What an effect that throws leaves is grown in engine.test.ts.
    if (prefix === setAside.prefix) continue
    const grown = sizes.get(prefix)
    t.ok(grown, `${prefix} is grown by a test`)
    t.ok((grown?.bytes ?? 0) <= bound.bytesMax, `${prefix}: ${grown?.bytes} of ${bound.bytesMax} bytes`)
    // The longest list of targets is in outbox-entry.test.ts.
    if (prefix === outboxEntry.prefix) continue
    if (bound.entries !== undefined) t.equal(grown?.entries, bound.entries.max, `${prefix} reaches its entries`)
  }
})

t.test('each effect has run by now, and none is longer than an effect may be', async t => {
  for (const name of EFFECT_KINDS.keys()) {
    const bytes = effectBytes.get(name)
    t.ok(bytes, `${name} is told by a test`)
    t.ok((bytes ?? 0) <= EFFECT_BYTES_MAX, `${name}: ${bytes} bytes`)
  }
})

t.test('marks of devices that the peer never had are about nothing, however many are named', async t => {
  const { store, node } = await world('one')
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  await alice.send(bob.uid, 'hello')
  bob.told = Number.MAX_SAFE_INTEGER
  const real = { peer: alice.uid, device: 1, sendSeq: alice.sendSeq }
  for (let round = 0; round < 30; round += 1) {
    const invented = Array.from({ length: 255 }, (_, i) => ({
      peer: alice.uid,
      device: 2 + 255 * round + i,
      sendSeq: 7,
    }))
    bob.ack({ version: 1, delivered: [real, ...invented], read: invented })
    node.services.flush()
    await eventually(() => node.engine.queueDepth === 0)
  }
  const [record] = await store.scan(userActor(bob.uid), 'taken/', null, 1)
  t.same(taken.decode(record?.bytes ?? new Uint8Array(0)), { delivered: { 1: alice.sendSeq }, read: {} })
  t.ok((record?.bytes.length ?? 0) < 64)
  const delivered = (await alice.items()).flatMap(({ item }) => (item.content?.case === 'delivered' ? [item] : []))
  t.equal(delivered.length, 1, 'the mark of the device that there is arrived')
})

t.test('a record that an older server let grow is cut when it is read, and costs no more from then on', async t => {
  const { store, node } = await world('one')
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  for (const devices of [500, 200_000]) {
    const invented = Object.fromEntries(Array.from({ length: devices }, (_, i) => [i + 1_000, 7]))
    const name = `taken/${alice.uid}`
    const bytes = new TextEncoder().encode(JSON.stringify({ delivered: { ...invented, 1: 1 }, read: invented }))
    t.ok(Object.keys(taken.decode(bytes).delivered).length <= MARKED_DEVICES_MAX)
    const [before] = await store.get(`user/${bob.uid}`, [name])
    const actor = `user/${bob.uid}`
    const expect = [{ actor, name, stamp: before?.stamp ?? 0 }]
    await store.commit(0, [{ expect, puts: [{ actor, name, bytes, stamp: devices }], appends: [], trims: [] }])
    const next = await startNode(store, new ManualClock(), `after ${devices}`)
    await alice.send(bob.uid, 'hello')
    const marks = new Map([[alice.uid, { delivered: { 1: alice.sendSeq }, read: { 1: alice.sendSeq } }]])
    t.match(await next.engine.run(actor, ack, { versions: new Map([[1, 1]]), marks }), { kind: 'done' })
    const [after] = await store.get(actor, [name])
    const stored = after?.bytes ?? new Uint8Array(0)
    t.ok(stored.length <= taken.bound.bytesMax, `${bytes.length} bytes became ${stored.length}`)
    t.match(taken.decode(stored), { delivered: { 1: alice.sendSeq }, read: { 1: alice.sendSeq } })
    await next.engine.close()
  }
})

t.test('docs/records.md is the table of the kinds', async t => {
  const number = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ' ')
  const kept = {
    store: 'for ever',
    user: 'its user',
    device: 'its device',
    group: 'its group',
    work: 'until it is done',
  }
  const rows = [...RECORD_KINDS].map(([prefix, { bound, lifetime }]) => {
    const entries = bound.entries === undefined ? '' : number(bound.entries.max)
    return `| \`${prefix}\` | ${entries} | ${number(bound.bytesMax)} | ${kept[lifetime]} | ${bound.many} | ${bound.grows} |`
  })
  const document = await readFile('docs/records.md', 'utf8')
  const found = document.split('\n').filter(line => line.startsWith('| `'))
  t.same(found.sort(), rows.sort())
})

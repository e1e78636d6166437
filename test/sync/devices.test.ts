/** Eight devices of a user at a time: who goes when a ninth comes, what is kept of him, and for how long. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { decodeListDevicesResponse } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Unit } from '../../src/store/types.js'
import { DEVICES_MAX, userActor } from '../../src/sync/rules/records.js'
import { startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { RULE_SETTINGS } from '../support/rule-settings.js'

const DAY_MS = 86_400_000
/** As long as messages are kept where nothing else is set. */
const KEPT_MS = 30 * DAY_MS

class WatchedStore extends MemoryStore {
  readonly units: Unit[] = []

  override commit(...[scope, units]: Parameters<MemoryStore['commit']>) {
    this.units.push(...units)
    return super.commit(scope, units)
  }
}

async function fresh(retentionMs = KEPT_MS) {
  const clock = new ManualClock()
  const store = new WatchedStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, clock, 'node', { settings: { ...RULE_SETTINGS, retentionMs } })
  return { clock, store, node }
}

async function device(node: TestNode, key: number): Promise<TestDevice> {
  const made = new TestDevice(node)
  await made.login('alice', key)
  await made.hello(0, (made.session?.boundAttempt ?? 0) + 1)
  return made
}

/** Alice with eight devices, each of which came a day after the one before. */
async function eight(clock: ManualClock, node: TestNode): Promise<TestDevice[]> {
  const all = [await new TestDevice(node).enter('alice', 1)]
  for (let key = 2; key <= DEVICES_MAX; key++) {
    clock.advance(2 * DAY_MS)
    all.push(await device(node, key))
  }
  return all
}

async function live(asker: TestDevice): Promise<number[]> {
  const { body } = await asker.call(METHODS.listDevices, {})
  return decodeListDevicesResponse(body).devices.map(entry => entry.device)
}

async function names(store: MemoryStore, uid: number): Promise<string[]> {
  return (await store.scan(userActor(uid), '', null, 1_000)).map(({ name }) => name)
}

t.test('the ninth comes and the one longest away goes, in one unit', async t => {
  const { clock, store, node } = await fresh()
  const [first, second] = (await eight(clock, node)) as [TestDevice, TestDevice]
  clock.advance(2 * DAY_MS)
  await first.hello() // the first has been here since
  store.units.length = 0
  const ninth = await device(node, 9)
  t.equal(ninth.device, 9)
  const touching = store.units.filter(({ puts }) => puts.some(({ name }) => name === 'devices'))
  t.equal(touching.length, 1)
  t.same(touching[0]?.puts.map(({ name }) => name).sort(), [
    'device/2',
    'device/9',
    'devices',
    'session/2',
    'session/9',
  ])
  t.same(await live(ninth), [1, 3, 4, 5, 6, 7, 8, 9])
  t.match(
    node.ended.filter(({ what }) => what === 'session'),
    [{ device: 2 }],
  )
  t.match(await second.hello(), { code: CODES.SESSION_REVOKED.code }, 'its token is void')
  t.equal((await second.send(1, 'on a connection that lingers')).code, CODES.SESSION_REVOKED.code)
})

t.test('a device that never used its token goes before one that did, however late it was logged in', async t => {
  const { clock, node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  for (let key = 2; key <= DEVICES_MAX; key++) {
    clock.advance(DAY_MS)
    await new TestDevice(node).login('alice', key)
  }
  await device(node, 9)
  t.same(await live(phone), [1, 3, 4, 5, 6, 7, 8, 9])
})

t.test('a device that is connected goes last, however long ago it was noted', async t => {
  const { clock, node } = await fresh()
  const all = await eight(clock, node)
  node.connected.push(1, 2, 4)
  await device(node, 9)
  t.same(await live(all[0] as TestDevice), [1, 2, 4, 5, 6, 7, 8, 9])
})

t.test('who is here and only reads is not away', async t => {
  const { clock, node } = await fresh()
  const all = await eight(clock, node)
  const [first] = all as [TestDevice]
  // Connected all the time, without a Hello: its acks are what is seen of it.
  clock.advance(20 * DAY_MS)
  first.ack({ version: first.told })
  node.services.flush()
  await eventually(() => node.engine.queueDepth === 0)
  const ninth = await device(node, 9)
  t.same(await live(ninth), [1, 3, 4, 5, 6, 7, 8, 9])
})

t.test(
  'within the retention the same installation is the same device: number, send_seq, first answers, ack',
  async t => {
    const { clock, store, node } = await fresh()
    const all = await eight(clock, node)
    const [first] = all as [TestDevice]
    const answer = await first.send(4_711, 'to nobody')
    t.equal(answer.code, CODES.UNKNOWN_USER.code)
    first.ack({ version: first.told })
    node.services.flush()
    await eventually(async () => (await names(store, first.uid)).includes('ack/1'))
    clock.advance(2 * DAY_MS)
    for (const other of all.slice(1)) await other.hello()
    await device(node, 9)
    clock.advance(KEPT_MS - 1)
    const again = await device(node, 1)
    t.equal(again.device, 1)
    t.equal(again.sendSeq, 1)
    t.equal((await again.send(4_711, 'to nobody', 1)).code, CODES.UNKNOWN_USER.code, 'the first answer')
    t.equal((await again.send(4_711, 'something else', 1)).code, CODES.SEQ_REUSED.code)
    t.equal((await live(again)).length, DEVICES_MAX, 'it took a place, and another lost its own')
  },
)

t.test('after it the same installation is a new device, and nothing is kept of the old one', async t => {
  const { clock, store, node } = await fresh()
  const all = await eight(clock, node)
  const [first, second] = all as [TestDevice, TestDevice]
  await first.send(4_711, 'to nobody')
  await device(node, 9)
  clock.advance(KEPT_MS)
  t.ok((await names(store, first.uid)).includes('device/1'), 'so far it is kept')
  const again = await device(node, 1)
  t.equal(again.device, 10)
  t.equal(again.sendSeq, 0)
  const kept = await names(store, first.uid)
  for (const name of ['device/1', 'session/1', 'ack/1']) t.notOk(kept.includes(name), name)
  t.match(await first.hello(), { code: CODES.UNAUTHENTICATED.code }, 'its token is of nobody')
  t.equal((await first.send(1, 'on a connection that lingers', 1)).code, CODES.SESSION_REVOKED.code)
  t.equal((await second.hello()).kind, 'refused', 'and the second one has made way')
})

t.test('who is here sees to it that ended devices are forgotten, also when nobody logs in', async t => {
  const { clock, store, node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  const tablet = await device(node, 2)
  await tablet.call(METHODS.logout, {})
  clock.advance(KEPT_MS)
  await phone.hello()
  t.notOk((await names(store, phone.uid)).some(name => name.endsWith('/2')))
})

t.test('of devices that ended the newest 64 are kept: ever new installations make no record grow', async t => {
  const { clock, store, node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  for (let key = 2; key <= 100; key++) {
    clock.advance(60_000)
    await new TestDevice(node).login('alice', key)
  }
  const sessions = (await names(store, phone.uid)).filter(name => name.startsWith('session/'))
  t.ok(sessions.length <= DEVICES_MAX + 64 + 1, `${sessions.length}`)
  const oldest = new TestDevice(node)
  await oldest.login('alice', 2)
  t.equal(oldest.session?.device, 101, 'an early one is forgotten')
  const late = new TestDevice(node)
  await late.login('alice', 80)
  t.equal(late.session?.device, 80, 'a late one is not')
})

for (const days of [3, 3_650]) {
  t.test(`with messages kept for ${days} days an ended device is known for as long, and no longer`, async t => {
    for (const [waitMs, isKnown] of [
      [days * DAY_MS - 1, true],
      [days * DAY_MS, false],
    ] as const) {
      const { clock, node } = await fresh(days * DAY_MS)
      const phone = await new TestDevice(node).enter('alice', 1)
      t.equal((await phone.send(4_711, 'to nobody')).code, CODES.UNKNOWN_USER.code)
      await phone.call(METHODS.logout, {})
      clock.advance(waitMs)
      const again = await device(node, 1)
      t.equal(again.device, isKnown ? 1 : 2)
      t.equal(again.sendSeq, isKnown ? 1 : 0)
    }
  })
}

t.test('how long is read when a rule asks', async t => {
  const settings = { ...RULE_SETTINGS, retentionMs: 30 * DAY_MS }
  const clock = new ManualClock()
  const node = await startNode(new WatchedStore({ scopes: 'one' }), clock, 'node', { settings })
  const phone = await new TestDevice(node).enter('alice', 1)
  await phone.call(METHODS.logout, {})
  clock.advance(4 * DAY_MS)
  settings.retentionMs = 3 * DAY_MS
  t.equal((await device(node, 1)).device, 2)
})

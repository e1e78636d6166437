/** A new nickname on its way to many contacts: in slices, the newest alone, through a crash. */
import t from 'tap'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Unit } from '../../src/store/types.js'
import { userActor } from '../../src/sync/rules/records.js'
import { noteRenaming, renamingActor } from '../../src/sync/rules/renaming.js'
import type { Transition } from '../../src/sync/types.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

const CONTACTS = 150

class WatchedStore extends MemoryStore {
  readonly units: Unit[] = []

  override commit(...[scope, units]: Parameters<MemoryStore['commit']>) {
    this.units.push(...units)
    return super.commit(scope, units)
  }
}

async function world(scopes: 'one' | 'partitions' = 'one') {
  const store = new WatchedStore({ scopes, random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const alice = await new TestDevice(node).enter('alice', 1)
  const friends: TestDevice[] = []
  for (let n = 0; n < CONTACTS; n += 1) {
    const friend = await new TestDevice(node).enter(`friend-${n}`, 2)
    await friend.call(METHODS.contactRequest, { sendSeq: friend.next(), uid: alice.uid, greeting: '' })
    friends.push(friend)
  }
  await eventually(() => node.engine.outboxDepth === 0)
  store.units.length = 0
  for (const friend of friends) {
    await alice.call(METHODS.contactAccept, { sendSeq: alice.next(), uid: friend.uid, request: 1 })
  }
  await eventually(() => node.engine.outboxDepth === 0)
  return { store, node, alice, friends }
}

function rename(alice: TestDevice, nickname: string) {
  return alice.call(METHODS.updateProfile, { sendSeq: alice.next(), nickname })
}

/** What a contact's timeline shows of her: the nickname of the one item that there is. */
async function shownTo(friend: TestDevice, alice: TestDevice): Promise<string | undefined> {
  for (const { item } of await friend.items()) {
    if (item.content?.case === 'contact' && item.content.value.uid === alice.uid) return item.content.value.nickname
  }
  return undefined
}

async function allKnow(friends: readonly TestDevice[], alice: TestDevice, nickname: string): Promise<boolean> {
  for (const friend of friends) if ((await shownTo(friend, alice)) !== nickname) return false
  return true
}

async function isNoted(node: TestNode, alice: TestDevice): Promise<boolean> {
  return (await node.engine.scan(renamingActor(alice.uid), 'renamed/', null, 1)).length > 0
}

/** Items that the units append for each user. */
function appended(units: readonly Unit[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { appends } of units) {
    for (const { actor } of appends) counts.set(actor, (counts.get(actor) ?? 0) + 1)
  }
  return counts
}

for (const scopes of ['one', 'partitions'] as const) {
  t.test(`${scopes}: the own devices learn it at once, contacts a few at a time, each once`, async t => {
    const { store, node, alice, friends } = await world(scopes)
    store.units.length = 0
    t.equal((await rename(alice, 'first')).code, 0)
    t.ok((await alice.items()).some(({ item }) => JSON.stringify(item).includes('"nickname":"first"')))
    await eventually(() => allKnow(friends, alice, 'first'))
    await eventually(async () => !(await isNoted(node, alice)))
    const most = Math.max(...store.units.map(({ appends }) => appends.length))
    t.ok(most <= 64, `${most} items in one unit`)
    const counts = appended(store.units)
    t.ok(
      friends.every(({ uid }) => counts.get(userActor(uid)) === 1),
      'nobody is told twice',
    )
  })
}

t.test('of nicknames that follow each other the newest goes out, and everybody gets it', async t => {
  const { store, node, alice, friends } = await world()
  store.units.length = 0
  for (let n = 1; n <= 50; n += 1) await rename(alice, `nickname ${n}`)
  await eventually(() => allKnow(friends, alice, 'nickname 50'))
  await eventually(async () => !(await isNoted(node, alice)))
  const told = [...appended(store.units)].reduce((sum, [actor, n]) => sum + (actor === userActor(alice.uid) ? 0 : n), 0)
  t.ok(told < 10 * CONTACTS, `${told} items in place of ${50 * CONTACTS}`)
})

t.test('who renames himself all the time keeps none of his contacts waiting for ever', async t => {
  const { alice, friends } = await world()
  for (const friend of friends.slice(-3)) {
    await eventually(async () => {
      await rename(alice, `again and again ${alice.sendSeq}`)
      return (await shownTo(friend, alice))?.startsWith('again') === true
    })
  }
  t.pass('the last ones were told in the midst of it')
})

t.test('what is noted later than the request, by an outbox, is begun all the same', async t => {
  const store = new MemoryStore({ scopes: 'partitions', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const uid = 844
  const note: Transition<void, void> = {
    name: 'test.note',
    run: tx => tx.effect(noteRenaming, renamingActor(uid), { uid, round: 1 }),
  }
  // From another partition, so in a unit of its own.
  await node.engine.run(userActor(uid + 1), note, undefined)
  const hasTold = async () => (await node.engine.scan(renamingActor(uid), 'told', null, 1)).length > 0
  await eventually(hasTold)
  t.equal((await node.engine.scan(renamingActor(uid), 'renamed/', null, 1)).length, 0)
})

t.test('a process that ends in between is followed by the next, which goes on where it was', async t => {
  const { store, node, alice, friends } = await world()
  await rename(alice, 'first')
  const [told] = friends as [TestDevice]
  await eventually(async () => (await shownTo(told, alice)) === 'first')
  await node.jobs.stop()
  await node.engine.close()
  t.notOk(await allKnow(friends, alice, 'first'), 'it was not done')
  const next = await startNode(store, systemClock, 'next')
  for (const device of [alice, ...friends]) device.node = next
  store.units.length = 0
  await next.jobs.start()
  await eventually(() => allKnow(friends, alice, 'first'))
  await eventually(async () => !(await isNoted(next, alice)))
  t.notOk(appended(store.units).has(userActor(told.uid)), 'who was told is not told again')
})

t.test('a deleted account tells its contacts in slices; a message to it fails from the first moment', async t => {
  const { store, node, alice, friends } = await world()
  const [first] = friends as [TestDevice]
  const last = friends.reduce((a, b) => (b.uid > a.uid ? b : a), first)
  store.units.length = 0
  const [deleted, sent] = await Promise.all([
    alice.call(METHODS.deleteAccount, { sendSeq: alice.next(), password: 'correct horse' }),
    rename(alice, 'too late').then(() => last.send(alice.uid, 'crossing')),
  ])
  t.equal(deleted.code, 0)
  const failed = async () => (await last.items()).some(({ item }) => item.content?.case === 'failed')
  if (sent.code === 0) await eventually(failed)
  await eventually(() => allKnow(friends, alice, ''))
  const most = Math.max(...store.units.map(({ appends }) => appends.length))
  t.ok(most <= 64, `${most} items in one unit`)
  t.same(node.asides, [])
  await befriend(first, last)
})

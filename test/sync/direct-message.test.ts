import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

for (const scopes of ['one', 'partitions'] as const) {
  const fresh = async () => {
    const store = new MemoryStore({ scopes, random: seededRandom('store') })
    return { store, node: await startNode(store, systemClock, scopes) }
  }

  t.test(`${scopes}: a message of a friend arrives once in both timelines`, async t => {
    const { node } = await fresh()
    const alice = await new TestDevice(node).enter('alice', 1)
    const bob = await new TestDevice(node).enter('bob', 2)
    await befriend(alice, bob)
    await eventually(async () => {
      const contacts = (await alice.items()).filter(({ item }) => item.content?.case === 'contact')
      return contacts.some(({ item }) => item.content?.case === 'contact' && item.content.value.state === 3)
    })
    const head = (await alice.hello(0, 2)) as { response: { head: number } }
    const reply = await alice.send(bob.uid, 'good morning')
    t.equal(reply.code, 0)
    t.equal(reply.from, head.response.head)
    t.ok(reply.version > reply.from)
    await eventually(async () => (await texts(bob)).length === 1)
    t.same(await texts(bob), ['good morning'])
    t.same(await texts(alice), ['good morning'])

    const again = await alice.send(bob.uid, 'good morning', alice.sendSeq)
    t.equal(again.code, 0, 'a repeat is accepted again')
    t.equal(again.version, 0)
    t.same(await texts(bob), ['good morning'], 'without effect')
    t.equal((await alice.send(bob.uid, 'other', alice.sendSeq)).code, CODES.SEQ_REUSED.code)
    const gap = await alice.send(bob.uid, 'later', alice.sendSeq + 2)
    t.equal(gap.code, CODES.GAP.code)
    t.equal(gap.refusal?.expectedSendSeq, alice.sendSeq + 1)
    t.same(node.asides, [])
  })

  t.test(`${scopes}: refusals are final, use their number up, and are given again`, async t => {
    const { node } = await fresh()
    const alice = await new TestDevice(node).enter('alice', 1)
    const bob = await new TestDevice(node).enter('bob', 2)
    t.equal((await alice.send(bob.uid, 'hi')).code, CODES.NOT_FRIEND.code)
    t.equal((await alice.send(bob.uid, 'hi', 1)).code, CODES.NOT_FRIEND.code)
    t.equal((await alice.send(999_999, 'hi')).code, CODES.UNKNOWN_USER.code)
    t.equal((await alice.send(alice.uid, 'hi')).code, CODES.SELF.code)
    t.equal((await alice.send(bob.uid, 'x'.repeat(16_385))).code, CODES.TEXT_TOO_LONG.code)
    t.equal((await alice.call(METHODS.void, { sendSeq: 5, count: 3 })).code, 0)
    t.equal((await alice.send(bob.uid, 'hi', 6)).code, CODES.VOIDED.code)
    t.equal((await alice.send(bob.uid, 'hi', 8)).code, CODES.NOT_FRIEND.code)
    await befriend(Object.assign(alice, { sendSeq: 8 }), bob)
    await eventually(async () => (await alice.send(bob.uid, 'now')).code === 0)
    await bob.call(METHODS.contactBlock, { sendSeq: bob.next(), uid: alice.uid })
    if (scopes === 'one') {
      t.equal((await alice.send(bob.uid, 'blocked')).code, CODES.BLOCKED.code)
    } else {
      await eventually(async () => (await alice.send(bob.uid, 'blocked')).code === CODES.BLOCKED.code)
    }
    await bob.call(METHODS.contactUnblock, { sendSeq: bob.next(), uid: alice.uid })
    await bob.call(METHODS.contactRemove, { sendSeq: bob.next(), uid: alice.uid })
    await eventually(async () => (await alice.send(bob.uid, 'removed')).code === CODES.NOT_FRIEND.code)
    // Whatever slipped through while the removal was on its way has come back as failed: accepted is shown or failed.
    await eventually(async () => {
      const mine = await texts(alice)
      const failed = (await alice.items()).filter(({ item }) => item.content?.case === 'failed').length
      return mine.length === (await texts(bob)).length + failed
    })
  })

  t.test(`${scopes}: delivered and read marks rise, are cut, and reach the sender`, async t => {
    const { node } = await fresh()
    const alice = await new TestDevice(node).enter('alice', 1)
    const bob = await new TestDevice(node).enter('bob', 2)
    await befriend(alice, bob)
    await eventually(async () => (await alice.send(bob.uid, 'one')).code === 0)
    const seq = alice.sendSeq
    await eventually(async () => (await texts(bob)).length === 1)
    await bob.hello(0, 2)
    t.equal(bob.ack({ version: bob.told, delivered: [{ peer: alice.uid, device: 1, sendSeq: seq + 1_000 }] }), 0)
    t.equal(bob.ack({ version: bob.told + 1 }), CODES.RESYNC.code, 'an ack from the future')
    node.services.flush()
    await eventually(async () => (await marks(alice, 'delivered')).length === 1)
    t.same(await marks(alice, 'delivered'), [{ device: 1, sendSeq: seq }], 'cut at what was sent')
    bob.ack({ read: [{ peer: alice.uid, device: 1, sendSeq: seq }] })
    node.services.flush()
    await eventually(async () => (await marks(alice, 'read')).length === 1)
    t.same(await marks(bob, 'read'), [{ device: 1, sendSeq: seq }], 'own devices learn what was read')
    const again = await bob.hello(0, 3)
    t.equal(again.kind === 'bound' && again.response.ack, bob.told - 1, 'the committed ack')
  })
}

async function texts(device: TestDevice): Promise<string[]> {
  const found: string[] = []
  for (const { item } of await device.items()) if (item.content?.case === 'message') found.push(item.content.value.text)
  return found
}

async function marks(device: TestDevice, kind: 'delivered' | 'read') {
  for (const { item } of await device.items()) if (item.content?.case === kind) return item.content.value.marks
  return []
}

t.test('marks named at a node that has not heard of the friendship reach the sender', async t => {
  const disk = new MemoryDisk(seededRandom('disk'))
  const nodes = await Promise.all(
    ['a', 'b'].map(name => startNode(new MemoryStore({ disk, scopes: 'partitions' }), systemClock, name)),
  )
  const [a, b] = nodes as [TestNode, TestNode]
  const alice = await new TestDevice(a).enter('alice', 1)
  const bob = await new TestDevice(a).enter('bob', 2)
  bob.node = b
  alice.node = b
  const strangers = (peer: number) => ({ delivered: [{ peer, device: 1, sendSeq: 1 }] })
  bob.ack(strangers(alice.uid))
  alice.ack(strangers(bob.uid))
  b.services.flush()
  t.same(await marks(alice, 'delivered'), [])
  bob.node = a
  alice.node = a
  await befriend(alice, bob)
  await eventually(async () => (await alice.send(bob.uid, 'one')).code === 0)
  await eventually(async () => (await texts(bob)).length === 1)
  bob.node = b
  bob.ack({ delivered: [{ peer: alice.uid, device: 1, sendSeq: alice.sendSeq }] })
  b.services.flush()
  await eventually(async () => (await marks(alice, 'delivered')).length === 1)
  t.same(await marks(alice, 'delivered'), [{ device: 1, sendSeq: alice.sendSeq }])
})

t.test('marks about many devices, at a node that knows none of them, reach the sender', async t => {
  const store = new MemoryStore({ random: seededRandom('store') })
  const before = await startNode(store, systemClock, 'before')
  const alice = await new TestDevice(before).enter('alice', 1)
  const bob = await new TestDevice(before).enter('bob', 2)
  await befriend(alice, bob)
  const delivered = [{ peer: alice.uid, device: 1, sendSeq: alice.sendSeq }]
  for (let key = 3; key < 27; key += 1) {
    const device = new TestDevice(before)
    await device.login('alice', key)
    await device.hello()
    await device.send(bob.uid, `from ${key}`)
    delivered.push({ peer: alice.uid, device: device.device, sendSeq: device.sendSeq })
  }
  const node = await startNode(store, systemClock, 'after')
  bob.node = node
  bob.ack({ delivered })
  node.services.flush()
  alice.node = node
  await eventually(async () => (await marks(alice, 'delivered')).length === delivered.length)
  t.pass('all of them')
})

/** Nodes of several versions on one store: what an older one does not know it leaves as it is. */
import t from 'tap'
import { ContactState } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Actor } from '../../src/store/types.js'
import { isAbove, jsonRecord, RECORD_KINDS } from '../../src/sync/record-kinds.js'
import { contact, devices, NOBODY, userActor } from '../../src/sync/rules/records.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { testBound } from '../support/test-bound.js'

const inJson = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const ofJson = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))

/** Two friends, and what another server writes into their records and reads of them. */
async function friends() {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const first = await startNode(store, systemClock, 'first')
  const alice = await new TestDevice(first).enter('alice', 1)
  const bob = await new TestDevice(first).enter('bob', 2)
  await befriend(alice, bob)
  await first.engine.close()
  const read = async (actor: Actor, name: string) => {
    const [record] = await store.get(actor, [name])
    return record === undefined || record.stamp === 0 ? undefined : ofJson(record.bytes)
  }
  let stamp = 0
  const write = async (actor: Actor, name: string, value: object) => {
    stamp += 1
    await store.commit(0, [
      { expect: [], puts: [{ actor, name, bytes: inJson(value), stamp }], appends: [], trims: [] },
    ])
  }
  /** To be called when the records are as they should be: nothing of them is cached then. */
  const restart = async () => {
    alice.node = await startNode(store, systemClock, 'second')
    bob.node = alice.node
  }
  return { alice, bob, read, write, restart }
}

t.test('a record that is older than a field has its default', async t => {
  const { alice, bob, read, write, restart } = await friends()
  const actor = userActor(alice.uid)
  const older = { state: ContactState.FRIEND, asked: 1, own: 1 }
  await write(actor, `contact/${bob.uid}`, older)
  await restart()
  t.same(contact.decode(inJson(older)), { ...NOBODY, ...older })
  t.equal((await alice.send(bob.uid, 'hello')).code, 0)
  t.equal((await alice.call(METHODS.contactBlock, { sendSeq: alice.next(), uid: bob.uid })).code, 0)
  t.same(await read(actor, `contact/${bob.uid}`), { ...older, blocked: true })
})

t.test('fields of a newer node stay, whichever rule puts the record', async t => {
  const { alice, bob, read, write, restart } = await friends()
  const later = { later: { is: ['kept'] } }
  const kept: [actor: Actor, name: string][] = [
    [userActor(alice.uid), `contact/${bob.uid}`],
    [userActor(bob.uid), `contact/${alice.uid}`],
    [userActor(alice.uid), 'profile'],
    [userActor(alice.uid), 'devices'],
    [userActor(bob.uid), `taken/${alice.uid}`],
    [userActor(bob.uid), 'ack/1'],
  ]
  for (const [actor, name] of kept) await write(actor, name, { ...((await read(actor, name)) as object), ...later })
  await restart()
  const before = await Promise.all(kept.map(([actor, name]) => read(actor, name)))
  await alice.login('alice', 9)
  await alice.send(bob.uid, 'hello')
  await alice.call(METHODS.updateProfile, { sendSeq: alice.next(), nickname: 'Alice' })
  await alice.call(METHODS.contactBlock, { sendSeq: alice.next(), uid: bob.uid })
  await alice.call(METHODS.contactUnblock, { sendSeq: alice.next(), uid: bob.uid })
  const mark = { peer: alice.uid, device: 1, sendSeq: alice.sendSeq - 3 }
  bob.told = Number.MAX_SAFE_INTEGER
  bob.ack({ version: 3, delivered: [mark], read: [] })
  bob.node.services.flush()
  await bob.call(METHODS.contactBlock, { sendSeq: bob.next(), uid: alice.uid })
  for (const [i, [actor, name]] of kept.entries()) {
    const after = await read(actor, name)
    t.match(after, later, name)
    t.notSame(after, before[i], `${name} was changed`)
  }
})

t.test('of a deleted account nothing stays that a newer node had written', async t => {
  const { alice, read, write, restart } = await friends()
  const actor = userActor(alice.uid)
  await write(actor, 'profile', { ...((await read(actor, 'profile')) as object), birthday: 'in May' })
  await restart()
  t.equal((await alice.call(METHODS.deleteAccount, { sendSeq: alice.next(), password: 'correct horse' })).code, 0)
  t.same(await read(actor, 'profile'), { deleted: true })
})

t.test('a bound is for what this node writes, not for what a newer one has added', t => {
  const kind = jsonRecord<{ readonly a: string }>('versions', { fields: { a: '' }, ...testBound(20) })
  const value = kind.decode(inJson({ a: 'short', later: 'x'.repeat(100) }))
  t.notOk(isAbove(kind, value, kind.encode(value)))
  const longer = { ...value, a: 'x'.repeat(20) }
  t.ok(isAbove(kind, longer, kind.encode(longer)))
  t.end()
})

t.test('a field with its default is not written, in entries of a list neither, and is read again', t => {
  const entry = { device: 1, installationKey: 'k', name: '', createdAtMs: 5, lastSeenMs: 6, endedAtMs: 0 }
  const value = { last: 1, epoch: 1, list: [entry, { ...entry, name: 'phone', endedAtMs: 7 }] }
  const { name: _, endedAtMs: __, ...short } = entry
  const stored = devices.encode(value)
  t.same(ofJson(stored), { last: 1, list: [short, { ...entry, name: 'phone', endedAtMs: 7 }] })
  t.same(devices.decode(stored), value)
  t.same(devices.decode(inJson(value)), value, 'an older server wrote all of them')
  t.end()
})

t.test('a kind declares every field that it stores', t => {
  for (const kind of RECORD_KINDS.values()) {
    if (kind.own === undefined) continue
    const value = kind.decode(inJson({}))
    t.same(kind.own(value), value)
    t.not(JSON.stringify(value), '{}', `${kind.prefix} has defaults`)
  }
  t.end()
})

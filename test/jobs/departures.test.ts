/** Users that are leaving: those whom an earlier process left behind, and those that are noted without reason. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { ContentHash } from '../../src/services/content-hash.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Actor } from '../../src/store/types.js'
import { RECORD_KINDS } from '../../src/sync/record-kinds.js'
import { encodeReference } from '../../src/sync/references.js'
import { deviceWindow, EMPTY_WINDOW, withUsed } from '../../src/sync/rules/device-window.js'
import { isUnknown, leaves, leavingActor, leavingUser } from '../../src/sync/rules/leaving.js'
import { profile, userActor } from '../../src/sync/rules/records.js'
import type { Outcome, Transition } from '../../src/sync/types.js'
import { startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

/** By partition: in one more than one look at the store shows, and more partitions than are worked on at a time. */
const USERS = new Map([7, 8, 9, 10, 11, 12].map(partition => [partition, partition === 7 ? 100 : 10]))

const noteAll: Transition<readonly number[], void> = {
  name: 'test.note-all',
  run(tx, uids) {
    for (const uid of uids) {
      tx.get(leavingUser, uid)
      tx.put(leavingUser, { sinceMs: tx.nowMs }, uid)
    }
  },
}

const entomb: Transition<void, void> = {
  name: 'test.entomb',
  run(tx) {
    tx.get(profile)
    tx.put(profile, { account: '', nickname: '', createdAtMs: 0, deleted: true, names: 0 })
  },
}

/** What is asked of the store about users' records, one by one. */
function watchWalks(node: TestNode): string[] {
  const walks: string[] = []
  const { scan } = node.engine
  node.engine.scan = (of, ...asked) => {
    if (of.startsWith('user/')) walks.push(of)
    return scan.call(node.engine, of, ...asked)
  }
  return walks
}

/** The names of the transitions that it submits for users by run(): what is done in the background, and looks. */
function watchLooks(node: TestNode): string[] {
  const names: string[] = []
  node.engine.run = <I, R>(of: Actor, transition: Transition<I, R>, input: I) => {
    names.push(transition.name)
    return new Promise<Outcome<R>>(resolve => node.engine.submit(of, transition, input, resolve))
  }
  return names
}

t.test('all that were leaving are gone after the next start, a few at a time', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  for (const [partition, users] of USERS) {
    const uids = Array.from({ length: users }, (_, n) => 256 * (n + 1_000) + partition)
    t.equal((await node.engine.run(leavingActor(partition), noteAll, uids)).kind, 'done')
    for (const uid of uids) await node.engine.run(userActor(uid), entomb, undefined)
  }
  const noted = async () => {
    const found = await Promise.all(
      [...USERS.keys()].map(partition => store.scan(leavingActor(partition), '', null, 1_000)),
    )
    return found.flat()
  }
  const notes = async () => (await noted()).filter(({ name }) => name.startsWith('user/')).length
  t.equal(await notes(), 150)

  // Those that are walked at one moment: what is asked of the store for them at once.
  let walking = 0
  let mostAtOnce = 0
  const { scan } = node.engine
  node.engine.scan = async (of, ...asked) => {
    if (!of.startsWith('user/')) return scan.call(node.engine, of, ...asked)
    walking += 1
    mostAtOnce = Math.max(mostAtOnce, walking)
    const found = await scan.call(node.engine, of, ...asked)
    walking -= 1
    return found
  }
  await node.jobs.start()
  await eventually(async () => (await notes()) === 0)
  t.ok(mostAtOnce > 1 && mostAtOnce <= 4, `${mostAtOnce} at once`)
  await node.engine.close()
})

t.test('a user who is noted and not deleted keeps everything: the note goes, and nobody walks', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const zoe = await new TestDevice(node).enter('zoe', 1)
  const actor = leavingActor(zoe.uid)
  await node.engine.run(actor, noteAll, [zoe.uid])
  const walks = watchWalks(node)
  await node.jobs.start()
  await eventually(async () => (await store.scan(actor, 'user/', null, 1)).length === 0)
  t.same(walks, [])
  t.equal((await zoe.call(METHODS.updateProfile, { sendSeq: zoe.next(), nickname: 'Zoe' })).code, 0)
  await node.engine.close()
})

t.test('an answer that says OK and is a repeat begins no walk', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const zoe = await new TestDevice(node).enter('zoe', 1)
  const request = { sendSeq: 1, password: 'whatever it was' }
  const used: Transition<string, void> = {
    name: 'test.use-up',
    run(tx, hash) {
      tx.put(deviceWindow, withUsed(tx.get(deviceWindow, 1) ?? EMPTY_WINDOW, 1, hash, CODES.OK.code), 1)
    },
  }
  const hash = new ContentHash(store.secret).of(METHODS.deleteAccount, request)
  await node.engine.run(userActor(zoe.uid), used, hash)
  const looks = watchLooks(node)
  t.equal((await zoe.call(METHODS.deleteAccount, request)).code, 0)
  t.equal((await zoe.call(METHODS.updateProfile, { sendSeq: 2, nickname: 'Zoe' })).code, 0)
  const aboutAccounts = looks.filter(name => name.startsWith('account.'))
  t.same(aboutAccounts, ['account.password-for'], 'not even a look at whether there is something to remove')
  await node.engine.close()
})

t.test('a record that is found and cannot be removed ends the walk all the same', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const zoe = await new TestDevice(node).enter('zoe', 1)
  // Found under a name by which no rule knows it.
  const put = { actor: userActor(zoe.uid), name: 'contact/007', bytes: new Uint8Array(2), stamp: 7 }
  await store.commit(0, [{ expect: [], puts: [put], appends: [], trims: [] }])
  t.equal((await zoe.call(METHODS.deleteAccount, { sendSeq: 1, password: 'correct horse' })).code, 0)
  await eventually(async () => (await store.scan(leavingActor(zoe.uid), 'user/', null, 1)).length === 0)
  await node.engine.close()
})

t.test('with a user go the records that are declared to, and no others', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const zoe = await new TestDevice(node).enter('zoe', 1)
  const actor = userActor(zoe.uid)
  const names = [...RECORD_KINDS.keys()].map(prefix => `${prefix}/7`)
  const puts = names.map((name, i) => {
    const value = name.startsWith('contacts/') || name.startsWith('asking/') ? '[]' : '{}'
    const bytes = name.startsWith('device/') ? deviceWindow.encode(EMPTY_WINDOW) : new TextEncoder().encode(value)
    return { actor, name, bytes, stamp: i + 1 }
  })
  await store.commit(0, [{ expect: [], puts, appends: [], trims: [] }])
  const leaving = [...RECORD_KINDS.values()].flatMap(({ prefix, lifetime }) =>
    lifetime === 'user' || lifetime === 'device' ? [`${prefix}/7`] : [],
  )
  t.same(names.filter(leaves), leaving)
  t.same(names.filter(isUnknown), [])
  t.equal((await zoe.call(METHODS.deleteAccount, { sendSeq: zoe.next(), password: 'correct horse' })).code, 0)
  const left = async () => (await store.scan(actor, '', null, 100)).map(({ name }) => name)
  const staying = names.filter(name => !leaving.includes(name))
  await eventually(async () => (await left()).length === staying.length + 1)
  t.same(await left(), [...staying, 'profile'].sort())
  await node.engine.close()
})

t.test('with a user goes all that the log holds under passing keys, however much', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const zoe = await new TestDevice(node).enter('zoe', 1)
  const actor = userActor(zoe.uid)
  const keys = Array.from({ length: 600 }, (_, i) => `about/${zoe.uid}/1/${i}`)
  const bytes = encodeReference({ gid: 'g', number: 1, atMs: 1 })
  const appends = keys.map(key => ({ actor, key, bytes }))
  await store.commit(0, [{ expect: [], puts: [], appends, trims: [] }])
  t.equal((await zoe.call(METHODS.deleteAccount, { sendSeq: zoe.next(), password: 'correct horse' })).code, 0)
  await eventually(async () => (await store.scan(leavingActor(zoe.uid), 'user/', null, 1)).length === 0)
  t.same((await store.read(actor, 0, Number.MAX_SAFE_INTEGER, 1_000, 2 ** 20)).entries, [])
  t.ok((await store.keyed(actor, keys.slice(0, 256))).every(entry => entry === undefined))
  await node.engine.close()
})

t.test('a record of a kind that only a newer server knows keeps the note, and all else goes', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const zoe = await new TestDevice(node).enter('zoe', 1)
  const actor = userActor(zoe.uid)
  const put = { actor, name: 'hobby/1', bytes: Uint8Array.of(1), stamp: 1 }
  await store.commit(0, [{ expect: [], puts: [put], appends: [], trims: [] }])
  t.equal((await zoe.call(METHODS.deleteAccount, { sendSeq: zoe.next(), password: 'correct horse' })).code, 0)
  await eventually(() => node.unknown.length > 0)
  await node.jobs.stop()
  t.same(node.unknown, ['record hobby'])
  t.same(
    (await store.scan(actor, '', null, 100)).map(({ name }) => name),
    ['hobby/1', 'profile'],
  )
  t.equal((await store.scan(leavingActor(zoe.uid), 'user/', null, 9)).length, 1, 'a newer server finds the note')
  await node.engine.close()
})

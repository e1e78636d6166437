/** What a soft answer rests on: on a store that others write to it was seen to be so 3 s ago at most, and no event made it stale. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { SOFT_MS_MAX } from '../../src/sync/plan.js'
import { type Cell, RecordCache } from '../../src/sync/record-cache.js'
import { jsonValue } from '../../src/sync/record-kinds.js'
import { deviceWindow } from '../../src/sync/rules/device-window.js'
import { contact, profile, userActor } from '../../src/sync/rules/records.js'
import { ack, marksGiven } from '../../src/sync/rules/watermark.js'
import type { RecordKind, Transition } from '../../src/sync/types.js'
import { startNode, TestDevice, type TestNode } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'
import { testBound } from '../support/test-bound.js'

class CountingStore extends MemoryStore {
  commits = 0
  gets = 0

  override commit(...asked: Parameters<MemoryStore['commit']>) {
    this.commits += 1
    return super.commit(...asked)
  }

  override get(...asked: Parameters<MemoryStore['get']>) {
    this.gets += 1
    return super.get(...asked)
  }
}

async function cluster() {
  const clock = new ManualClock()
  const disk = new MemoryDisk(seededRandom('disk'))
  const a = await startNode(new MemoryStore({ disk }), clock, 'a')
  const storeOfB = new CountingStore({ disk })
  const b = await startNode(storeOfB, clock, 'b')
  const phone = await new TestDevice(a).enter('alice', 1)
  const tablet = new TestDevice(a)
  await tablet.login('alice', 2)
  await tablet.hello(0, 1)
  const ask = async (node: TestNode): Promise<number> => {
    const token = tablet.session?.token ?? new Uint8Array(0)
    const authorized = await new Promise<Parameters<Parameters<TestNode['services']['authorize']>[2]>[0]>(resolve =>
      node.services.authorize(token, '127.0.0.1', resolve),
    )
    return authorized.kind === 'principal' ? CODES.OK.code : authorized.code
  }
  const remove = () => phone.call(METHODS.removeDevice, { sendSeq: phone.next(), device: tablet.device })
  return { clock, a, b, storeOfB, phone, tablet, ask, remove }
}

t.test('a device removed at one node is refused by the other within 3 s, though it asks all the time', async t => {
  const { clock, b, ask, remove } = await cluster()
  t.equal(await ask(b), CODES.OK.code)
  t.equal((await remove()).code, CODES.OK.code)
  let refusedMs: number | undefined
  for (let ms = 0; ms <= 10_000 && refusedMs === undefined; ms += 100) {
    if ((await ask(b)) === CODES.SESSION_REVOKED.code) refusedMs = ms
    clock.advance(100)
  }
  t.ok(refusedMs !== undefined && refusedMs <= SOFT_MS_MAX + 100, `refused after ${refusedMs} ms`)
})

t.test('it is refused at once when the event has come', async t => {
  const { b, phone, ask, remove } = await cluster()
  t.equal(await ask(b), CODES.OK.code)
  t.equal((await remove()).code, CODES.OK.code)
  t.equal(await ask(b), CODES.OK.code, 'nobody has told this node')
  b.engine.forget(userActor(phone.uid))
  t.equal(await ask(b), CODES.SESSION_REVOKED.code)
})

const seen = jsonValue<number>('soft-seen', testBound())
const other = jsonValue<number>('soft-other', testBound())
const write: Transition<number, void> = {
  name: 'write',
  run: (tx, value) => {
    tx.get(seen)
    tx.put(seen, value)
  },
}
const readers: Record<string, Transition<void, number | undefined>> = {
  'a soft answer': { name: 'soft', soft: true, run: tx => tx.get(seen) },
  'a peek': {
    name: 'peek',
    run(tx) {
      tx.put(other, (tx.get(other) ?? 0) + 1)
      return tx.peek(seen)
    },
  },
  'a glance from elsewhere': { name: 'glance', run: tx => tx.glance('user/1', seen) },
  'a peek after a fetch': {
    name: 'fetch',
    run(tx) {
      tx.fetch([seen], [])
      tx.fetchOf([['user/1', seen]])
      return tx.peek(seen)
    },
  },
}

for (const [name, reader] of Object.entries(readers)) {
  t.test(`${name} rests on nothing that is older`, async t => {
    const { clock, a, b } = await cluster()
    const actor = name.includes('elsewhere') ? 'user/2' : 'user/1'
    const read = async () => {
      const outcome = await b.engine.run(actor, reader, undefined)
      return outcome.kind === 'done' ? outcome.result : outcome.kind
    }
    await a.engine.run('user/1', write, 1)
    t.equal(await read(), 1)
    await a.engine.run('user/1', write, 2)
    clock.advance(SOFT_MS_MAX)
    t.equal(await read(), 1, 'believed so long')
    clock.advance(1)
    t.equal(await read(), 2)
  })
}

t.test('a unit that expected the record makes it young again', async t => {
  const { clock, b, storeOfB } = await cluster()
  await b.engine.run('user/1', write, 1)
  const softly = readers['a soft answer'] as Transition<void, number>
  clock.advance(SOFT_MS_MAX - 1)
  await b.engine.run('user/1', { name: 'look', run: tx => tx.get(seen) }, undefined)
  clock.advance(SOFT_MS_MAX - 1)
  const { commits } = storeOfB
  await b.engine.run('user/1', softly, undefined)
  t.equal(storeOfB.commits, commits, 'nothing was asked')
  clock.advance(2)
  await b.engine.run('user/1', softly, undefined)
  t.equal(storeOfB.commits, commits + 1)
})

t.test('a store with one engine is never asked again, however old what is known is', async t => {
  const clock = new ManualClock()
  const store = new CountingStore()
  const { engine } = await startNode(store, clock, 'alone')
  await engine.run('user/1', write, 1)
  const { commits, gets } = store
  for (let i = 0; i < 10; i += 1) {
    clock.advance(10_000)
    t.match(await engine.run('user/1', readers['a soft answer'] as Transition<void, number>, undefined), { result: 1 })
  }
  t.same([store.commits, store.gets], [commits, gets])
})

t.test('a read or a write under way while the event comes does not bring back what it dropped', t => {
  const kind = jsonValue<string>('soft-cell', testBound()) as RecordKind<unknown>
  const cache = new RecordCache(8)
  const cellOf = (): Cell => cache.cell(cache.cellsOf('user/1'), kind, undefined)
  const reading = cache.startLook(0)
  const cell = cellOf()
  cache.drop('user/1')
  cache.loaded(cell, 1, 'before', reading)
  t.equal(cellOf().known, undefined)
  cache.loaded(cell, 2, 'after', cache.startLook(0))
  const base = cellOf().known
  t.match(base, { value: 'after' })
  if (base !== undefined) cache.pend(cell, 3, 'mine', base)
  const planned = { look: cache.looks, steadyMs: 0 }
  cache.drop('user/1')
  t.match(cellOf().known, { value: 'mine' }, 'what is being written here is not forgotten')
  cache.committed(cell, 3, 'mine', planned)
  t.equal(cellOf().known, undefined)
  t.end()
})

t.test('what one node removed of a deleted account, marks and acks at another do not begin again', async t => {
  const { a, b, phone } = await cluster()
  const bob = await new TestDevice(a).enter('bob', 3)
  await phone.call(METHODS.contactRequest, { sendSeq: phone.next(), uid: bob.uid, greeting: '' })
  const alice = userActor(phone.uid)
  // The other node has seen both and takes them for there.
  const seen: Transition<void, void> = {
    name: 'seen',
    run(tx) {
      tx.peek(contact, bob.uid)
      tx.peek(deviceWindow, phone.device)
    },
  }
  await b.engine.run(alice, seen, undefined)
  const removed: Transition<void, void> = {
    name: 'removed',
    run(tx) {
      const tombstone = tx.get(profile)
      if (tombstone !== undefined) tx.put(profile, { ...tombstone, deleted: true })
      tx.remove(contact, bob.uid)
      tx.remove(deviceWindow, phone.device)
    },
  }
  await a.engine.run(alice, removed, undefined)
  const marks = { delivered: { [phone.device]: 1 }, read: {} }
  const told: Transition<void, void> = { name: 'told', run: tx => marksGiven.run(tx, marks, userActor(bob.uid)) }
  await b.engine.run(alice, told, undefined)
  const versions = new Map([[phone.device, phone.told]])
  await b.engine.run(alice, ack, { versions, marks: new Map([[bob.uid, marks]]) })
  const names = (await a.engine.scan(alice, '', null, 100)).map(({ name }) => name)
  t.same(
    names.filter(name => /^(given|taken|ack)\//.test(name)),
    [],
  )
})

import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import type { CommitInFlight, ReadInFlight } from '../../src/store/memory/faults.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { EPOCH_JUMP, OutcomeUnknownError, PARTITIONS, type Unit } from '../../src/store/types.js'
import { ManualClock } from '../support/manual-clock.js'
import { scopesOf } from '../support/scopes.js'

const USER = 'user/1'

function unit(expected: number, stamp: number, ...items: string[]): Unit {
  return {
    expect: [{ actor: USER, name: 'a', stamp: expected }],
    puts: [{ actor: USER, name: 'a', bytes: Buffer.from(`put ${stamp}`), stamp }],
    appends: items.map(item => {
      const [key, text] = item.split('=')
      return text === undefined
        ? { actor: USER, bytes: Buffer.from(item) }
        : { actor: USER, key, bytes: Buffer.from(text) }
    }),
    trims: [],
  }
}

async function texts(store: MemoryStore): Promise<string[]> {
  const { entries } = await store.read(USER, 0, 2 ** 53, 100, 1e6)
  return entries.map(({ version, bytes }) => `${version}:${Buffer.from(bytes)}`)
}

t.test('with manual durability a commit is readable at once and answered at the sync', async t => {
  const store = new MemoryStore({ durability: 'manual', random: seededRandom(1) })
  let answered = false
  const commit = store.commit(0, [unit(0, 11, 'one')]).then(results => {
    answered = true
    return results
  })
  t.same(await texts(store), ['1:one'])
  t.equal((await store.get(USER, ['a']))[0]?.stamp, 11)
  t.match(await store.read(USER, 0, 9, 9, 9), { head: 1, durable: 0 })
  t.same(await store.scan(USER, '', null, 10), [], 'a scan shows only what is durable')
  t.equal(answered, false)
  store.disk.sync()
  t.match(await commit, [{ kind: 'committed', appended: [{ from: 0, version: 1 }] }])
  t.match(await store.read(USER, 0, 9, 9, 9), { head: 1, durable: 1 })
  t.equal((await store.scan(USER, '', null, 10)).length, 1)
})

t.test('an entry that was superseded or trimmed shows until that is durable', async t => {
  const store = new MemoryStore({ durability: 'manual' })
  void store.commit(0, [unit(0, 11, 'k=old', 'plain')])
  store.disk.sync()
  void store.commit(0, [
    unit(11, 12, 'k=new'),
    { expect: [], puts: [], appends: [], trims: [{ actor: USER, upTo: 2 }] },
  ])
  t.same(await texts(store), ['1:old', '2:plain', '3:new'])
  t.match(await store.read(USER, 0, 9, 9, 99), { head: 3, durable: 2, floor: 0 })
  store.disk.sync()
  t.same(await texts(store), ['3:new'])
  t.match(await store.read(USER, 0, 9, 9, 99), { head: 3, durable: 3, floor: 2 })
})

t.test('entries that are asked for by themselves, chains and conversations are as they were at the sync', async t => {
  const store = new MemoryStore({ durability: 'manual' })
  const say = (conversation: string) => ({ actor: USER, conversation, bytes: Buffer.from(conversation) })
  const shown = async () => [
    (await store.entries(USER, [1, 2, 3, 4])).map(entry => entry?.version),
    (await store.keyed(USER, ['k'])).map(entry => entry?.version),
    (await store.chain(USER, 4, 9, 99)).map(({ version }) => version),
    await store.newest(USER, 'a'),
    (await store.conversations(USER, null, 9)).map(({ conversation }) => conversation),
  ]
  void store.commit(0, [
    { ...unit(0, 11, 'k=old'), trims: [] },
    { ...unit(11, 12), appends: [say('a')] },
  ])
  store.disk.sync()
  void store.commit(0, [
    unit(12, 13, 'k=new'),
    { ...unit(13, 14), trims: [{ actor: USER, upTo: 2 }], appends: [say('b')] },
  ])
  t.same(await shown(), [[1, 2, undefined, undefined], [1], [], 2, ['a']])
  store.disk.sync()
  t.same(await shown(), [[undefined, undefined, 3, 4], [3], [4], 0, ['b']])
})

t.test('a crash takes back everything since the sync, and nobody hears of it', async t => {
  const disk = new MemoryDisk(seededRandom(1), 'manual')
  const store = new MemoryStore({ disk })
  void store.commit(0, [unit(0, 11, 'k=old')])
  disk.sync()
  let heard = false
  const hear = () => {
    heard = true
  }
  store.commit(0, [unit(11, 12, 'k=new', 'more')]).then(hear, hear)
  store.commit(0, [{ ...unit(12, 13), puts: [{ actor: USER, name: 'a', bytes: null, stamp: 0 }] }]).then(hear, hear)
  disk.crash()
  const again = new MemoryStore({ disk })
  t.same(await texts(again), ['1:old'])
  t.same(await again.get(USER, ['a']), [{ stamp: 11, bytes: Buffer.from('put 11') }])
  const commit = again.commit(0, [unit(11, 14)])
  disk.sync()
  t.match(await commit, [{ kind: 'committed' }])
  t.equal(heard, false)
})

t.test('faults decide when a call reaches the data and whether its answer comes back', async t => {
  const commits: CommitInFlight[] = []
  const reads: ReadInFlight[] = []
  const disk = new MemoryDisk(seededRandom(1))
  const faults = {
    commit: (call: CommitInFlight) => commits.push(call),
    read: (call: ReadInFlight) => reads.push(call),
  }
  const far = new MemoryStore({ disk, faults })
  const near = new MemoryStore({ disk })

  const lost = far.commit(0, [unit(0, 11, 'one')])
  t.same(await texts(near), [], 'under way')
  commits[0]?.apply()
  commits[0]?.apply()
  t.same(await texts(near), ['1:one'], 'applied once')
  commits[0]?.lose()
  await t.rejects(lost, OutcomeUnknownError)

  const unheard = far.commit(0, [unit(0, 12, 'two')])
  commits[1]?.lose()
  await t.rejects(unheard, OutcomeUnknownError)
  t.same(await texts(near), ['1:one'], 'lost on the way there')

  const repeated = far.commit(0, [unit(0, 11, 'one')])
  commits[2]?.answer()
  t.match(
    await repeated,
    [{ kind: 'conflict', actor: USER, name: 'a', current: 11 }],
    'its own stamp: it had succeeded',
  )

  const seen = far.get(USER, ['a'])
  reads[0]?.look()
  await near.commit(0, [unit(11, 14)])
  reads[0]?.answer()
  t.match(await seen, [{ stamp: 11 }], 'what it saw when it looked')
  const failed = far.read(USER, 0, 1, 1, 1)
  reads[1]?.lose(new Error('the line is down'))
  await t.rejects(failed, { message: 'the line is down' })
})

t.test('a restored snapshot is the earlier content', async t => {
  const store = new MemoryStore()
  await store.commit(0, [unit(0, 11, 'k=one', 'two')])
  const snapshot = store.disk.snapshot()
  await store.commit(0, [unit(11, 12, 'k=three')])
  await store.newEpoch(0)
  t.same(await texts(store), ['2:two', '3:three'])
  store.disk.restore(snapshot)
  t.same(await texts(store), ['1:one', '2:two'])
  t.equal(store.epochOf(0), 1)
  t.match(await store.get(USER, ['a']), [{ stamp: 11 }])
})

t.test('with a scope per partition an actor of another one is a bug', async t => {
  const store = new MemoryStore({ scopes: 'partitions' })
  t.equal(scopesOf(store).size, PARTITIONS)
  t.equal(store.scopeOf(USER), 1)
  t.match(await store.commit(1, [unit(0, 11)]), [{ kind: 'committed' }])
  t.throws(() => store.commit(2, [unit(0, 12)]), { message: 'user/1 is not of scope 2' })
})

t.test(
  'a commit names the nodes that hold the devices of each appended actor, until they say otherwise or for too long nothing',
  async t => {
    const clock = new ManualClock()
    const disk = new MemoryDisk(seededRandom('disk'), 'immediate', clock)
    const [one, other] = [new MemoryStore({ disk }), new MemoryStore({ disk })]
    const B = 'user/2'
    const routes = async () => {
      const appends = [B, USER, B].map(actor => ({ actor, bytes: Buffer.from('x') }))
      const [result] = await other.commit(0, [{ expect: [], puts: [], appends, trims: [] }])
      return result?.kind === 'committed' ? result.routes.map(nodes => nodes.toSorted()) : undefined
    }
    t.same(await routes(), [])
    await one.setRoute(USER, 'a', 1_000)
    t.same(await routes(), [[], ['a'], []])
    await other.setRoute(USER, 'b', 2_000)
    await one.setRoute(B, 'a', 5_000)
    t.same(await routes(), [['a'], ['a', 'b'], ['a']])
    clock.advance(999)
    await one.setRoute(USER, 'a', 500)
    clock.advance(1)
    t.same(await routes(), [['a'], ['a', 'b'], ['a']], 'set again')
    clock.advance(499)
    t.same(await routes(), [['a'], ['b'], ['a']], 'expired')
    await one.dropRoute(USER, 'a')
    await one.dropRoute(USER, 'b')
    t.same(await routes(), [['a'], [], ['a']])
    clock.advance(5_000)
    t.same(await routes(), [])
  },
)

t.test('epochs belong to partitions, where each of them is a scope', async t => {
  const store = new MemoryStore({ scopes: 'partitions' })
  await store.newEpoch(1)
  t.equal(store.epochOf(1), 2)
  t.equal(store.epochOf(2), 1)
  const appendTo = async (actor: string) => {
    const unit = { expect: [], puts: [], appends: [{ actor, bytes: Buffer.from('x') }], trims: [] }
    const [result] = await store.commit(store.scopeOf(actor), [unit])
    return result?.kind === 'committed' ? result.appended[0]?.version : undefined
  }
  t.equal(await appendTo('user/257'), EPOCH_JUMP + 1)
  t.equal(await appendTo('user/258'), 1)
})

t.test('an entry has a key or a conversation: both is a bug', async t => {
  const append = { actor: USER, key: 'k', conversation: 'c', bytes: Buffer.from('x') }
  const both = { expect: [], puts: [], appends: [append], trims: [] }
  t.throws(() => new MemoryStore().commit(0, [both]), { message: 'an entry has a key or a conversation' })
})

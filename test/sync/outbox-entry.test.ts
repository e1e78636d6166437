/** The stored form of what waits in an outbox, and which entries a target takes. */
import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine } from '../../src/sync/engine.js'
import {
  ENTRY_TARGETS_MAX,
  foundEntry,
  NO_TARGETS,
  type OutboxEntry,
  outboxEntry,
  outboxEntryId,
  outboxOf,
} from '../../src/sync/outbox-entry.js'
import { jsonValue, pairIn, pairOut, recordName } from '../../src/sync/record-kinds.js'
import type { RecordKind, Transition } from '../../src/sync/types.js'
import { engineOptions } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { testBound } from '../support/test-bound.js'

const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

const ENTRY: OutboxEntry = {
  source: 'user/1',
  target: 'partition/2',
  seq: 2 ** 53 - 1,
  before: 2 ** 40,
  kind: 'message',
  payload: Uint8Array.of(0, 1, 255),
  targets: ['user/2', 'user/258'],
}

t.test('an entry is read as it was written; its bytes are fixed', async t => {
  t.same(outboxEntry.decode(outboxEntry.encode(ENTRY)), ENTRY)
  const single = { ...ENTRY, target: 'user/2', targets: NO_TARGETS }
  t.same(outboxEntry.decode(outboxEntry.encode(single)), single)
  t.equal(
    Buffer.from(outboxEntry.encode({ ...ENTRY, seq: 2, before: 1 })).toString('hex'),
    `010a06${hex('user/1')}120b${hex('partition/2')}180220012a07${hex('message')}32030001ff3a06${hex('user/2')}3a08${hex('user/258')}`,
  )
})

t.test('fields that a newer node wrote are skipped, another form is refused by name', async t => {
  const newer = Buffer.concat([outboxEntry.encode(ENTRY), Uint8Array.of(0x42, 1, 7, 0x48, 5)])
  t.same(outboxEntry.decode(newer), ENTRY)
  t.throws(() => outboxEntry.decode(Uint8Array.of(2, 0, 0)), /unknown form 2/)
})

t.test('of an entry in a newer form the name says whose it is, and its place', async t => {
  const bytes = Uint8Array.of(2, 0, 0)
  const of = (source: string, target: string) => {
    const name = recordName(outboxEntry, outboxEntryId(source, target, 7))
    return foundEntry({ name, stamp: 1, bytes })
  }
  for (const [source, target] of [
    ['user/1', 'user/2'],
    ['group/a.b.c', 'branch/14/a.b.c'],
    ['branch/14/a.b.c', 'group/a.b.c'],
  ] as const)
    t.match(of(source, target), { source, target, seq: 7, kind: 'form 2' })
})

t.test('an entry of an older server is read', async t => {
  const head = new TextEncoder().encode(JSON.stringify(['user/1', 'user/2', 7, 'message']))
  const bytes = Buffer.concat([Uint8Array.of(0, 0, 0, head.length), head, Uint8Array.of(9, 8)])
  const payload = Uint8Array.of(9, 8)
  const read = { source: 'user/1', target: 'user/2', seq: 7, before: 6, kind: 'message', payload, targets: NO_TARGETS }
  t.same(outboxEntry.decode(bytes), read)
})

t.test('the longest entry is within its bound, of bytes and of targets', async t => {
  const targets = Array.from({ length: ENTRY_TARGETS_MAX }, (_, i) => `user/${2 ** 53 - 1 - i}`)
  const bytes = outboxEntry.encode({ ...ENTRY, payload: new Uint8Array(2 ** 15), targets })
  t.ok(bytes.length <= outboxEntry.bound.bytesMax, `${bytes.length} bytes`)
  t.equal(outboxEntry.bound.entries?.count({ ...ENTRY, targets }), outboxEntry.bound.entries?.max)
})

const heard = jsonValue<readonly string[]>('entry-heard', testBound())
const tell = jsonEffect<string>({
  name: 'tell',
  run: (tx, text) => tx.put(heard, [...(tx.get(heard) ?? []), text]),
})
const hear: Transition<void, readonly string[]> = { name: 'hear', run: tx => tx.get(heard) ?? [] }

/** An engine on a store in which user/2 has taken up to `last` of user/1, whose outbox holds entries of these numbers. */
async function world(last: number, numbers: readonly (readonly [seq: number, before: number])[]) {
  const store = new MemoryStore({ scopes: 'partitions', random: seededRandom('store') })
  const [source, target] = ['user/1', 'user/2']
  let stamp = 0
  const put = <T>(actor: string, kind: RecordKind<T>, value: T, id: string) => {
    stamp += 1
    return { actor, name: recordName(kind, id), bytes: kind.encode(value), stamp }
  }
  const puts = numbers.map(([seq, before]) => {
    const payload = tell.encode(String(seq))
    const entry = { source, target, seq, before, kind: 'tell', payload, targets: NO_TARGETS }
    return put(outboxOf(source), outboxEntry, entry, outboxEntryId(source, target, seq))
  })
  puts.push(put(source, pairOut, { sent: numbers.at(-1)?.[0] ?? 0, settled: 0 }, target))
  await store.commit(1, [{ expect: [], puts, appends: [], trims: [] }])
  const taken = put(target, pairIn, { last }, source)
  if (last > 0) await store.commit(2, [{ expect: [], puts: [taken], appends: [], trims: [] }])
  const engine = new Engine({
    ...engineOptions('stamps'),
    store,
    effects: [tell as never],
  })
  await engine.start()
  const heardNow = async () => {
    const outcome = await engine.run(target, hear, undefined)
    return outcome.kind === 'done' ? outcome.result : []
  }
  return { engine, heardNow }
}

for (const [what, last, numbers, expected] of [
  [
    'numbers that jumped after a loss follow each other by what each names before it',
    0,
    [
      [100, 0],
      [205, 100],
    ],
    2,
  ],
  [
    'what was taken is not taken again',
    100,
    [
      [100, 0],
      [205, 100],
    ],
    1,
  ],
  ['a source that forgot what it had sent goes on with what it sends now', 7, [[100, 5]], 1],
] as const) {
  t.test(what, async t => {
    const { engine, heardNow } = await world(last, numbers)
    await eventually(() => engine.outboxDepth === 0)
    t.same(
      await heardNow(),
      numbers.slice(-expected).map(([seq]) => String(seq)),
    )
    await engine.close()
  })
}

t.test('a gap is not taken for the first effect ever', async t => {
  const { engine, heardNow } = await world(0, [[100, 99]])
  // It was offered, and more than once: the target's partition answers these looks behind it.
  for (let look = 0; look < 20; look += 1) t.same(await heardNow(), [])
  t.equal(engine.outboxDepth, 1, 'it waits')
  await engine.close()
})

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}

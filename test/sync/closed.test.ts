/** An engine that is closed, or whose store failed: what comes too late is answered, harms nothing, and close() has an end. */
import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { type CommitInFlight, NO_FAULTS } from '../../src/store/memory/faults.js'
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory/store.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { Engine } from '../../src/sync/engine.js'
import { jsonValue } from '../../src/sync/record-kinds.js'
import type { EffectKind, Transition } from '../../src/sync/types.js'
import { engineOptions } from '../support/engine-options.js'
import { eventually } from '../support/eventually.js'
import { testBound } from '../support/test-bound.js'

const said = jsonValue<number>('closed-said', testBound())
const heard = jsonValue<number>('closed-heard', testBound())
const note = jsonEffect<number>({ name: 'closed-note', run: (tx, n) => tx.put(heard, n) })
const say: Transition<number, void> = {
  name: 'say',
  run(tx, n) {
    tx.put(said, n)
    tx.effect(note, 'user/2', n)
  },
}
const hear: Transition<void, number> = { name: 'hear', run: tx => tx.get(heard) ?? 0 }

async function start(options: MemoryStoreOptions) {
  const fatal: string[] = []
  const store = new MemoryStore({ random: seededRandom('store'), scopes: 'partitions', ...options })
  const engine = new Engine({
    ...engineOptions('closed'),
    store,
    effects: [note] as readonly EffectKind<unknown>[],
    onFatal: error => fatal.push(String(error)),
  })
  await engine.start()
  return { engine, store, fatal }
}

t.test('what is submitted after the close is unavailable, and no failure of the store', async t => {
  const { engine, store, fatal } = await start({})
  await engine.run('user/1', say, 1)
  await engine.close()
  await store.close()
  const outcomes: string[] = []
  engine.submit('user/1', say, 2, ({ kind }) => outcomes.push(kind))
  engine.submit('user/3', say, 2, ({ kind }) => outcomes.push(kind))
  await eventually(() => outcomes.length === 2 || fatal.length > 0)
  t.same([outcomes, fatal], [['unavailable', 'unavailable'], []])
})

t.test('a delivery under way at the close goes no further, and the next engine finishes it', async t => {
  const held: CommitInFlight[] = []
  const faults = {
    ...NO_FAULTS,
    commit: (call: CommitInFlight) => (call.scope === 1 ? call.answer() : held.push(call)),
  }
  const { engine, store, fatal } = await start({ faults })
  await engine.run('user/1', say, 7)
  await eventually(() => held.length === 1)
  const closed = engine.close().then(() => store.close())
  held.pop()?.answer()
  await closed
  // What it would do next it would have done by now.
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>(resolve => endOfTurn(resolve))
  t.same(fatal, [])
  const next = await start({ disk: store.disk })
  t.match(await next.engine.run('user/2', hear, undefined), { result: 7 })
  await eventually(() => next.engine.outboxDepth === 0)
  t.same(await next.store.scan('outbox/1', '', null, 10), [])
  await next.engine.close()
})

t.test('the close of an engine whose store failed waits for nothing', async t => {
  for (const when of ['before', 'after']) {
    const { engine, store, fatal } = await start({})
    store.commit = () => Promise.reject(new Error('input/output error'))
    engine.submit('user/1', say, 1, () => t.fail('nothing is answered'))
    if (when === 'before') await eventually(() => fatal.length === 1)
    await engine.close()
    t.equal(fatal.length, 1, `it failed ${when} the close`)
  }
})

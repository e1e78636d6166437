/** Long fan-outs are background work: under load they are paced as jobs are, keep their order, and go on. */
import t from 'tap'
import { BUSY_QUEUE_DEPTH } from '../../src/jobs/pacer.js'
import { seededRandom } from '../../src/lib/random.js'
import { type CommitInFlight, NO_FAULTS } from '../../src/store/memory/faults.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import { SLICE_TARGETS } from '../../src/sync/fan-out.js'
import { jsonValue } from '../../src/sync/record-kinds.js'
import type { Transition } from '../../src/sync/types.js'
import { ManualClock } from '../support/manual-clock.js'
import { testBound } from '../support/test-bound.js'
import { testNode } from '../support/test-node.js'

const SLICES = 5

/** A partition whose commits are not answered, so that what is for it waits. */
const STUCK = 9

/** Of one partition, and so of one entry. */
const TARGETS = Array.from({ length: SLICES * SLICE_TARGETS }, (_, i) => `user/${256 * (i + 1) + 3}`)
const LAST = TARGETS.at(-1) ?? ''

const heard = jsonValue<readonly number[]>('paced-heard', testBound())
const said = jsonValue<number>('paced-said', testBound())
const note = jsonEffect<number>({
  name: 'paced-note',
  run: (tx, n) => tx.put(heard, [...(tx.get(heard) ?? []), n]),
})
const tell: Transition<{ to: readonly string[]; n: number }, void> = {
  name: 'tell',
  run(tx, { to, n }) {
    tx.put(said, n)
    tx.fanOut(note, to, n)
  },
}
const say: Transition<void, void> = { name: 'say', run: tx => tx.put(said, 1) }
const hear: Transition<void, readonly number[]> = { name: 'hear', run: tx => tx.get(heard) ?? [] }

async function rig() {
  const stuck: CommitInFlight[] = []
  const faults = {
    ...NO_FAULTS,
    commit: (call: CommitInFlight) => (call.scope === STUCK ? void stuck.push(call) : call.answer()),
  }
  const clock = new ManualClock()
  const random = seededRandom('pace')
  const node = testNode({
    name: 'node',
    store: new MemoryStore({ random, scopes: 'partitions', faults }),
    clock,
    random,
    onFatal: error => t.fail(String(error)),
  })
  const { engine } = node.logic
  await engine.start()
  const told = async (actor: string): Promise<readonly number[]> => {
    const outcome = await engine.run(actor, hear, undefined)
    return outcome.kind === 'done' ? outcome.result : []
  }
  return {
    engine,
    told,
    /** Lets time pass in small steps, with all that happens in each. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 10) {
        clock.advance(10)
        for (let turn = 0; turn < 8; turn += 1) await new Promise(setImmediate)
      }
    },
    /** The number of slices whose last target has been told. */
    async slices(): Promise<number> {
      let count = 0
      for (let i = 1; i <= SLICES; i += 1) {
        if ((await told(TARGETS[i * SLICE_TARGETS - 1] ?? '')).length > 0) count = i
      }
      return count
    },
    load(): void {
      for (let i = 0; i < 2 * BUSY_QUEUE_DEPTH; i += 1) engine.submit(`user/${STUCK}`, say, undefined, () => {})
    },
    unload(): void {
      stuck.splice(0).forEach(call => {
        call.answer()
      })
    },
  }
}

t.test('under load a fan-out takes a slice a second, and ends', async t => {
  const { engine, told, pass, slices, load } = await rig()
  load()
  await pass(10)
  t.ok(engine.queueDepth > BUSY_QUEUE_DEPTH)
  await engine.run('user/1', tell, { to: TARGETS, n: 1 })
  await engine.run('user/1', tell, { to: [LAST], n: 2 })
  await pass(200)
  t.equal(await slices(), 1, 'the first goes at once')
  await pass(1_000)
  t.equal(await slices(), 2)
  await pass(SLICES * 1_100)
  t.same(await told(LAST), [1, 2], 'what comes behind it waits')
  t.equal(engine.outboxDepth, 0)
})

t.test('when the load is gone it goes on at once, as it does without load', async t => {
  const { engine, told, pass, slices, load, unload } = await rig()
  load()
  await pass(10)
  await engine.run('user/1', tell, { to: TARGETS, n: 1 })
  await pass(200)
  t.equal(await slices(), 1)
  for (let i = 0; i < 8; i += 1) {
    unload()
    await pass(10)
  }
  t.equal(engine.queueDepth, 0)
  await pass(300)
  t.equal(await slices(), SLICES)
  await engine.run('user/1', tell, { to: TARGETS, n: 2 })
  await pass(300)
  t.same(await told(LAST), [1, 2])
})

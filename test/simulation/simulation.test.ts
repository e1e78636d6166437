/**
 * Seeds, each another small world with other misfortunes; test/long takes many more. One that fails prints its number:
 * `npm run simulation -- --seed N` replays it.
 */

import t, { type Test } from 'tap'
import { Happened } from './happened.js'
import { WITH_LOOKERS } from './looking.js'
import { WITH_ROOMS } from './room-convergence.js'
import { type Setup, STORE_KINDS, WITH_GROUPS } from './setup.js'
import { runSeed } from './world.js'

/** Small worlds of each kind of store, in which most of what is to happen does. */
const SEEDS = [3, 4, 6, 8, 9, 14, 15, 16, 17, 20]
/** As far as it goes on while something has not happened that is to happen. */
const SEEDS_MAX = 200
/** For each of three stores. */
const GROUP_SEEDS = 1

/** What is to happen, or the seeds would prove nothing about it. */
const KINDS = [
  'failovers of the store',
  'nodes that stood still',
  'nodes that stood still in the midst of a delivery',
  'nodes that others took over from while they stood still',
  'starts of this revision',
  'starts of the next revision',
  'entries in the form of the next revision',
  'items of groups',
] as const

/** What hardly ever happens but in worlds of such a store. */
const LOSSES = ['failovers of one primary', 'pairs lost at the source only', 'pairs lost at the target only'] as const

/** Several primaries that lose what they had acknowledged, again and again, with everybody registered soon. */
const WITH_LOSSES: Partial<Setup> = {
  store: 'failover-n0',
  primaries: 3,
  failoverMs: 2_000,
  users: [1, 2, 1],
  chaosMs: 25_000,
  limits: 'open',
  storeWeather: { readMs: 2, commitMs: 5, syncMs: 200, lostAnswer: 0, failedRead: 0, slow: 0 },
}
const LOSS_SEEDS = [1, 2]

/** What is to happen in the worlds of groups. */
const CHANGES = [
  'messages with edit taken',
  'messages with recall taken',
  'messages with delete taken',
  'reactions taken',
  'counts of what is unread',
] as const

t.setTimeout(900_000)

t.test('nothing acknowledged is lost, doubled or out of order, and everything converges', t =>
  runSeeds(t, SEEDS, KINDS),
)

t.test('nor when primaries of the store lose what they had acknowledged, each on its own', t =>
  runSeeds(t, LOSS_SEEDS, LOSSES, WITH_LOSSES),
)

/** Runs these seeds, and then others until each of the kinds has happened. */
async function runSeeds(
  t: Test,
  seeds: readonly number[],
  kinds: readonly string[],
  setup?: Partial<Setup>,
): Promise<void> {
  const happened = new Happened()
  const isEnough = (): boolean => kinds.every(kind => happened.of(kind) > 0)
  const others = Array.from({ length: SEEDS_MAX }, (_, i) => i + 1).filter(seed => !seeds.includes(seed))
  for (const [i, seed] of [...seeds, ...others].entries()) {
    if (i >= seeds.length && isEnough()) break
    const { failure, setup: of, happened: more } = await runSeed({ seed, ...(setup === undefined ? {} : { setup }) })
    happened.add(more)
    if (failure !== undefined) t.fail(`seed ${seed} (${of.store}): ${failure}`)
  }
  t.comment(`${happened}`)
  for (const kind of kinds) t.ok(happened.of(kind) > 0, `there were ${kind}`)
}

t.test('each has of each group what was said while they were members, in one order', async t => {
  const happened = new Happened()
  const isEnough = (): boolean => CHANGES.every(what => happened.of(what) > 0)
  for (const store of ['one', 'partitions', 'embedded'] as const) {
    for (let seed = 1; seed <= GROUP_SEEDS || (seed <= GROUP_SEEDS + 5 && !isEnough()); seed += 1) {
      const { failure, happened: more } = await runSeed({ seed, setup: { ...WITH_GROUPS, store } })
      happened.add(more)
      if (failure !== undefined) t.fail(`seed ${seed} (${store}): ${failure}`)
    }
  }
  t.ok(happened.of('items of groups') > 50, `${happened}`)
  for (const what of CHANGES) t.ok(happened.of(what) > 0, `there were ${what}`)
})

t.test('who looks at others sees who is there, within a minute, whatever was lost between nodes', async t => {
  const happened = new Happened()
  // An embedded store has one node.
  const setups = [{ store: 'one' }, { store: 'partitions' }, { store: 'embedded', nodes: 1 }] as const
  for (const setup of setups) {
    const { failure, happened: more } = await runSeed({ seed: 1, setup: { ...WITH_LOOKERS, ...setup } })
    happened.add(more)
    if (failure !== undefined) t.fail(`${setup.store}: ${failure}`)
  }
  for (const what of ['watches taken', 'friends seen online', 'friends seen offline', 'typing seen'])
    t.ok(happened.of(what) > 0, `there were ${what}`)
})

t.test('a board has what was taken, once and in order, and a list of rooms counts what is unconfirmed', async t => {
  const { failure, happened } = await runSeed({ seed: 1, setup: { ...WITH_ROOMS, store: 'partitions' } })
  t.equal(failure, undefined)
  for (const what of ['posts on boards', 'boards read']) t.ok(happened.of(what) > 0, `there were ${what}`)
})

t.test('a seed replays exactly, and another one is another run', async t => {
  for (const store of STORE_KINDS) {
    const [first, again] = [
      await runSeed({ seed: 17, setup: { store } }),
      await runSeed({ seed: 17, setup: { store } }),
    ]
    t.equal(again.hash, first.hash, store)
    t.equal(again.events, first.events)
    if (store !== 'embedded') continue
    const other = await runSeed({ seed: 9, setup: { store } })
    t.not(other.hash, first.hash)
  }
})

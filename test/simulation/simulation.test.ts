/**
 * Seeds, each another small world with other misfortunes; test/long takes others each time. One that fails prints its number:
 * `npm run simulation -- --seed N` replays it.
 */

import t from 'tap'
import { Happened } from './happened.js'
import { STORE_KINDS, WITH_GROUPS } from './setup.js'
import { runSeed } from './world.js'

const SEEDS = 40
/** As far as it goes on while something has not happened that is to happen. */
const SEEDS_MAX = 200
/** For each of three stores. */
const GROUP_SEEDS = 1

/** What is to happen, or the seeds would prove nothing about it. */
const KINDS = [
  'failovers of the store',
  'failovers of one primary',
  'pairs lost at the source only',
  'pairs lost at the target only',
  'nodes that stood still',
  'nodes that stood still in the midst of a delivery',
  'nodes that others took over from while they stood still',
  'starts of this revision',
  'starts of the next revision',
  'entries in the form of the next revision',
  'items of groups',
] as const

/** What is to happen in the worlds of groups. */
const CHANGES = [
  'messages with edit taken',
  'messages with recall taken',
  'messages with delete taken',
  'reactions taken',
  'counts of what is unread',
] as const

t.setTimeout(300_000)

t.test(`${SEEDS} seeds: nothing acknowledged is lost, doubled or out of order, and everything converges`, async t => {
  const happened = new Happened()
  const isEnough = (): boolean => KINDS.every(kind => happened.of(kind) > 0)
  for (let seed = 1; seed <= SEEDS || (seed <= SEEDS_MAX && !isEnough()); seed += 1) {
    const { failure, setup, happened: more } = await runSeed({ seed })
    happened.add(more)
    if (failure !== undefined) t.fail(`seed ${seed} (${setup.store}): ${failure}`)
  }
  t.comment(`${happened}`)
  for (const kind of KINDS) t.ok(happened.of(kind) > 0, `there were ${kind}`)
})

t.test('each has of each group what was said while they were members, in one order', async t => {
  const happened = new Happened()
  for (const store of ['one', 'partitions', 'embedded'] as const) {
    for (let seed = 1; seed <= GROUP_SEEDS; seed += 1) {
      const { failure, happened: more } = await runSeed({ seed, setup: { ...WITH_GROUPS, store } })
      happened.add(more)
      if (failure !== undefined) t.fail(`seed ${seed} (${store}): ${failure}`)
    }
  }
  t.ok(happened.of('items of groups') > 100, `${happened}`)
  for (const what of CHANGES) t.ok(happened.of(what) > 0, `there were ${what}`)
})

t.test('a seed replays exactly, and another one is another run', async t => {
  for (const store of STORE_KINDS) {
    const [first, again, other] = [
      await runSeed({ seed: 11, setup: { store } }),
      await runSeed({ seed: 11, setup: { store } }),
      await runSeed({ seed: 12, setup: { store } }),
    ]
    t.equal(again.hash, first.hash, store)
    t.equal(again.events, first.events)
    t.not(other.hash, first.hash)
  }
})

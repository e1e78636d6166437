/** 200 seeds, each another small world with other misfortunes. One that fails prints its number: `npm run simulation -- --seed N` replays it. */

import t from 'tap'
import { STORE_KINDS } from './setup.js'
import { runSeed } from './world.js'

const SEEDS = 200

t.setTimeout(300_000)

t.test(`${SEEDS} seeds: nothing acknowledged is lost, doubled or out of order, and everything converges`, async t => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { failure, setup } = await runSeed({ seed })
    if (failure !== undefined) t.fail(`seed ${seed} (${setup.store}): ${failure}`)
  }
  t.pass('all of them')
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

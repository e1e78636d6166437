/** Seeds of the simulation that `npm test` does not run, from SEED on; one that fails is replayed by `npm run simulation -- --seed N`. */

import t from 'tap'
import { runSeed } from '../simulation/world.js'
import { rounds } from '../support/rounds.js'

const SEEDS = rounds(20)

const first = Number(process.env.SEED ?? 1_000)

t.comment(`seeds from ${first}`)

t.test('nothing acknowledged is lost, doubled or out of order, and everything converges', async t => {
  for (let seed = first; seed < first + SEEDS; seed++) {
    const { failure, setup, accepted } = await runSeed({ seed })
    t.equal(failure, undefined, `seed ${seed} (${setup.store})`)
    t.ok(accepted > 0, 'and something was written')
  }
})

/** Planted bugs of groups and boards, and others that take long to find. */

import t from 'tap'
import { VISIT_MS } from '../../src/cluster/routes.js'
import { find, plantsToFind } from '../simulation/check-plants.js'
import { PLANTS, unrouted } from '../simulation/plants.js'
import { runSeed } from '../simulation/world.js'

/**
 * For everything to be there where no route is set. A message comes with a visit of its user, its mark with the sender's next visit, which may
 * have been just before.
 */
const UNROUTED_MS = 2 * VISIT_MS + 30_000

for (const name of plantsToFind(true)) find(t, name)

t.test('where no route is set everything comes late, for heads are compared', async t => {
  const setup = { ...PLANTS['routes are not set, and heads are not compared'].setup, steadyMs: UNROUTED_MS }
  for (let seed = 1; seed <= 5; seed += 1) {
    const { failure } = await runSeed({ seed, plant: { setup, store: unrouted } })
    t.equal(failure, undefined, `seed ${seed}`)
  }
})

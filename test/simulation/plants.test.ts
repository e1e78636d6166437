/** Planted bugs: each must be found within the seeds that are run anyway. */

import t from 'tap'
import { VISIT_MS } from '../../src/cluster/routes.js'
import { PLANTS, type Plant, type PlantName, unrouted } from './plants.js'
import { runSeed } from './world.js'

const SEEDS_MAX = 200

/** The seed by which a bug was found that few seeds find: it is tried first. One that finds it no more only costs the time of the others. */
const FOUND_BY: Partial<Record<PlantName, number>> = {
  'a push over what the store has lost': 22,
  'a cached contact trusted after a conflict': 5,
  "an old transport's answer applied to a new request": 40,
  'an edit shown to one who had left': 13,
  'a full outbox refuses the group': 5,
}

/**
 * For everything to be there where no route is set. A message comes with a visit of its user, its mark with the sender's next visit, which may
 * have been just before.
 */
const UNROUTED_MS = 2 * VISIT_MS + 30_000

t.setTimeout(300_000)

for (const name of Object.keys(PLANTS) as PlantName[]) {
  t.test(`found: ${name}`, async t => {
    const { setup } = PLANTS[name] as Plant
    const seeds = Array.from({ length: SEEDS_MAX }, (_, i) => i + 1)
    for (const seed of [FOUND_BY[name] ?? 1, ...seeds]) {
      const { failure } = await runSeed({ seed, plant: PLANTS[name] })
      if (failure === undefined) continue
      const without = await runSeed({ seed, ...(setup === undefined ? {} : { setup }) })
      t.equal(without.failure, undefined, 'and nothing is found without it')
      t.pass(`by seed ${seed}: ${failure.slice(0, 200)}`)
      return
    }
    t.fail(`not within ${SEEDS_MAX} seeds`)
  })
}

t.test('where no route is set everything comes late, for heads are compared', async t => {
  const setup = { ...PLANTS['routes are not set, and heads are not compared'].setup, steadyMs: UNROUTED_MS }
  for (let seed = 1; seed <= 5; seed += 1) {
    const { failure } = await runSeed({ seed, plant: { setup, store: unrouted } })
    t.equal(failure, undefined, `seed ${seed}`)
  }
})

/** Looks for planted bugs: each must be found within the seeds that are run anyway. */

import type { Test } from 'tap'
import { PLANTS, type Plant, type PlantName } from './plants.js'
import type { Setup } from './setup.js'
import { runSeed } from './world.js'

const SEEDS_MAX = 200

/** The seed by which a bug was found that few seeds find: it is tried first. One that finds it no more only costs the time of the others. */
const FOUND_BY: Partial<Record<PlantName, number>> = {
  'acknowledge before the commit': 4,
  'read past the durable head': 8,
  'read what is not stable, on a store that fails over': 2,
  'a delivery taken twice': 5,
  'a new form is written while a node lives that does not read it': 2,
  'what is ended is told to no other node': 2,
  'a node that does not notice that it stood still': 2,
  'retention trims what is young': 2,
  'retention trims what is of the newest': 2,
  'a push over what the store has lost': 34,
  'an epoch that does not begin when the store has lost what it acknowledged': 3,
  'a head that counts as applied before all of the first screen is stored': 2,
  'accept a gap in send_seq': 9,
  'a pair counter not checked': 5,
  'a late copy accepted': 7,
  "a fan-out's progress stored before the slice": 2,
  'a poll that swallows a push': 5,
  'a cached contact trusted after a conflict': 9,
  'an edit shown to one who had left': 13,
  'a full outbox refuses the group': 13,
  'what is owed is paid to those who are members then': 27,
  'a reaction lost in a crash': 10,
}

/** Those that take long to find, beside those of groups and boards. */
const SLOW: ReadonlySet<PlantName> = new Set<PlantName>([
  'a push over what the store has lost',
  'an epoch that does not begin when the store has lost what it acknowledged',
  'a delivery taken twice, on a store that loses what it acknowledged',
  "a fan-out's progress stored before the slice",
  'a pair counter not checked',
  'a late copy accepted',
  'a poll that swallows a push',
  'a switch that forgets what was in flight',
  'a cached contact trusted after a conflict',
  'a stamp that counts',
  'a delivery taken twice',
])

/** @param slow whether those that test/long looks for, or those that `npm test` does */
export function plantsToFind(slow: boolean): PlantName[] {
  const names = Object.keys(PLANTS) as PlantName[]
  const isSlow = (name: PlantName): boolean => {
    const { groups, rooms }: Partial<Setup> = (PLANTS[name] as Plant).setup ?? {}
    return groups !== undefined || rooms !== undefined || SLOW.has(name)
  }
  return names.filter(name => isSlow(name) === slow)
}

/** What the seeds of a world without a bug came to, by its setup: many bugs are looked for in the same. */
const without = new Map<string, string | undefined>()

async function failureWithout(seed: number, setup: Plant['setup']): Promise<string | undefined> {
  const world = JSON.stringify([seed, setup])
  if (!without.has(world)) without.set(world, (await runSeed({ seed, ...(setup && { setup }) })).failure)
  return without.get(world)
}

export function find(t: Test, name: PlantName): void {
  t.test(`found: ${name}`, async t => {
    const plant: Plant = PLANTS[name]
    const { setup } = plant
    const seeds = Array.from({ length: SEEDS_MAX }, (_, i) => i + 1)
    for (const seed of [FOUND_BY[name] ?? 1, ...seeds]) {
      const { failure } = await runSeed({ seed, plant })
      if (failure === undefined) continue
      t.equal(await failureWithout(seed, setup), undefined, 'and nothing is found without it')
      t.pass(`by seed ${seed}: ${failure.slice(0, 200)}`)
      return
    }
    t.fail(`not within ${SEEDS_MAX} seeds`)
  })
}

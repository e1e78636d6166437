/** The explorer finds the bugs that it is there for. */

import t from 'tap'
import { type Chapter, goOn, NOTHING } from '../crash/chapter.js'
import { ALL_THERE } from '../crash/disk.js'
import { type ExploreOptions, explore } from '../crash/explorer.js'
import { PLANTS, type Plant } from '../crash/plants.js'
import { tellFault } from '../crash/replay.js'

const PLANTED = new URL('../crash/planted.js', import.meta.url).href

const OPTIONS: ExploreOptions = { seed: 'plants', statesMax: 300, chances: 2, faultsMax: 1 }

const FIRST = { seed: 'plants', commits: 15, end: 'close' } as const
const SECOND = { seed: 'more', commits: 8, end: 'kill' } as const

const closed = await goOn(NOTHING, undefined, [FIRST], 'wrapped')
const plain = await goOn(closed, undefined, [SECOND], 'wrapped')

t.test('finds nothing where nothing is planted', async t => {
  const { faults } = await explore(plain, { ...OPTIONS, statesMax: 100 })
  for (const fault of faults) t.fail(tellFault({ ...fault, chapter: plain }))
})

for (const [name, plant] of Object.entries<Plant>(PLANTS)) {
  t.test(`finds ${name}`, async t => {
    const { kinds, code } = plant
    const env = code === undefined ? {} : { NODE_OPTIONS: `--import=${PLANTED}`, CRASH_PLANT: JSON.stringify(code) }
    const { faults, opened } = await explore(await planted(plant), { ...OPTIONS, kinds, env })
    t.comment(`${JSON.stringify(opened)}: ${faults[0]?.text}`)
    t.ok(faults[0], 'something is wrong')
    t.notMatch(faults[0]?.text, /ended by \d/, 'and it is not that the plant does not fit the code any more')
  })
}

async function planted({ killAt, commits, trace }: Plant): Promise<Chapter> {
  if (killAt === undefined) return trace === undefined ? plain : { ...plain, trace: trace(plain.trace, 0) }
  const first = commits === undefined ? closed : await goOn(NOTHING, undefined, [{ ...FIRST, commits }], 'wrapped')
  const at = killAt(first.trace)
  const killed = await goOn(first, { kind: 'killed', at, choice: ALL_THERE }, [SECOND], 'wrapped')
  return trace === undefined ? killed : { ...killed, trace: trace(killed.trace, at) }
}

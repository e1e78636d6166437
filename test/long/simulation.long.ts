/** Seeds of the simulation that `npm test` does not run, from SEED on; one that fails is replayed by `npm run simulation -- --seed N`. */

import t from 'tap'
import { Happened } from '../simulation/happened.js'
import { WITH_ROOMS } from '../simulation/room-convergence.js'
import { NARROW_BYTES, type Setup, WITH_GROUPS } from '../simulation/setup.js'
import { runSeed } from '../simulation/world.js'
import { rounds } from '../support/rounds.js'

const SEEDS = rounds(60)

const first = Number(process.env.SEED ?? 1_000)

t.comment(`seeds from ${first}`)

t.test('nothing acknowledged is lost, doubled or out of order, and everything converges', async t => {
  let written = 0
  for (let seed = first; seed < first + SEEDS; seed++) {
    const { failure, setup, accepted } = await runSeed({ seed })
    t.equal(failure, undefined, `seed ${seed} (${setup.store})`)
    if (accepted > 0) written += 1
  }
  // In a few worlds nobody comes to have a friend.
  t.ok(written > SEEDS * 0.8, `something was written in ${written} of ${SEEDS} worlds`)
})

const HOUR_MS = 3_600_000

/** Each with something else that befalls groups. */
const MISFORTUNES: Readonly<Record<string, Partial<Setup>>> = {
  'a partition is down for an hour': {
    store: 'partitions',
    actMs: 20_000,
    chaosMs: HOUR_MS + 60_000,
    downMs: HOUR_MS,
    heartbeatMs: 30_000,
    sweepMs: 60_000,
    nodes: 2,
    users: [1, 1, 1, 1],
    ladders: [['tcp']],
    restless: 1,
  },
  'a partition is down, and outboxes are short': { store: 'partitions', outboxBytesMax: NARROW_BYTES, downMs: 15_000 },
  'numbers jump with the epoch': { store: 'failover', failoverMs: 5_000 },
  'an account is deleted in the midst of a fan-out': {
    store: 'partitions',
    users: [1, 1, 2, 1],
    neighbours: 3,
    sliceTargets: 1,
    departure: true,
  },
}

for (const [name, setup] of Object.entries(MISFORTUNES)) {
  t.test(`each has of each group what is theirs, changed or not, when ${name}`, async t => {
    const happened = new Happened()
    for (let seed = first; seed < first + rounds(setup.downMs === HOUR_MS ? 1 : 5); seed++) {
      const { failure, happened: more } = await runSeed({ seed, setup: { ...WITH_GROUPS, ...setup } })
      t.equal(failure, undefined, `seed ${seed}`)
      happened.add(more)
    }
    const changed = happened.of('messages with edit taken') + happened.of('messages with recall taken')
    t.ok(happened.of('items of groups') > 0 && changed > 0, `${happened}`)
  })
}

/** Each with something else that befalls boards. An embedded store has one node. */
const BOARDS: readonly Partial<Setup>[] = [
  { store: 'one' },
  { store: 'partitions', departure: true },
  { store: 'embedded', nodes: 1 },
  { store: 'failover', failoverMs: 5_000 },
]

for (const setup of BOARDS) {
  t.test(`boards have what was taken, once and in order, and lists count right: ${setup.store}`, async t => {
    const happened = new Happened()
    for (let seed = first; seed < first + rounds(6); seed++) {
      const { failure, happened: more } = await runSeed({ seed, setup: { ...WITH_ROOMS, chaosMs: 40_000, ...setup } })
      t.equal(failure, undefined, `seed ${seed}`)
      happened.add(more)
    }
    t.ok(happened.of('posts on boards') > 0 && happened.of('boards read') > 0, `${happened}`)
  })
}

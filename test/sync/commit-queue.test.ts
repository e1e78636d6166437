/** Group commit: what waits for company, and what does not. */
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { type CommitResult, NO_ROUTES, type ScopeId, type Unit } from '../../src/store/types.js'
import { CommitQueue } from '../../src/sync/commit-queue.js'

const UNIT: Unit = { expect: [], puts: [], appends: [], trims: [] }
const COMMITTED: CommitResult = { kind: 'committed', appended: [], routes: NO_ROUTES }

interface Named {
  readonly name: string
  readonly unit: Unit
  readonly patient: boolean
}

const hello = (name: string): Named => ({ name, unit: UNIT, patient: true })
const message = (name: string): Named => ({ name, unit: UNIT, patient: false })

/** A queue over a store whose writes end when the test says so. */
function start() {
  let writing: { readonly units: number; readonly done: () => void } | undefined
  let turns: (() => void)[] = []
  const settled: string[] = []
  const queue = new CommitQueue<Named>({
    store: {
      commit: (_scope: ScopeId, units: readonly Unit[]) =>
        new Promise<readonly CommitResult[]>(resolve => {
          writing = { units: units.length, done: () => resolve(units.map(() => COMMITTED)) }
        }),
    },
    scope: 0,
    clock: systemClock,
    defer: run => turns.push(run),
    settle: ({ name }) => settled.push(name),
    onWritten() {},
    onNotFull() {},
    onFatal: error => t.fail(String(error)),
  })
  return {
    queue,
    settled,
    /** Ends a turn of the event loop. @returns the number of units that are being written */
    turn: (): number => {
      const due = turns
      turns = []
      for (const run of due) run()
      return writing?.units ?? 0
    },
    done: async (): Promise<void> => {
      writing?.done()
      writing = undefined
      await new Promise(resolve => setImmediate(resolve))
    },
  }
}

/** Two came at once and were written: more are expected. */
async function startCrowd() {
  const rig = start()
  rig.queue.push(hello('first'))
  rig.queue.push(hello('second'))
  t.equal(rig.turn(), 2, 'nothing was known of a crowd: they are written at the end of the turn')
  await rig.done()
  return rig
}

t.test('patient units of a crowd share a write, which comes after 32 turns', async t => {
  const { queue, turn } = await startCrowd()
  queue.push(hello('third'))
  for (let turns = 1; turns < 32; turns++) {
    if (turns === 8) queue.push(hello('fourth'))
    t.equal(turn(), 0)
  }
  t.equal(turn(), 2)
})

t.test('32 of them are enough', async t => {
  const { queue, turn } = await startCrowd()
  for (let i = 0; i < 31; i++) queue.push(hello(`${i}`))
  t.equal(turn(), 0)
  queue.push(hello('the last'))
  t.equal(turn(), 32)
})

t.test('those that came during a write wait behind it too', async t => {
  const { queue, turn, done } = start()
  queue.push(hello('first'))
  turn()
  queue.push(hello('second'))
  await done()
  t.equal(turn(), 0)
})

t.test('another unit waits for nobody, and takes along what waits', async t => {
  const { queue, turn, done, settled } = await startCrowd()
  queue.push(hello('third'))
  t.equal(turn(), 0)
  queue.push(message('message'))
  t.equal(turn(), 2)
  queue.push(message('another'))
  queue.push(hello('fourth'))
  await done()
  t.equal(turn(), 2, 'also behind a write')
  await done()
  t.same(settled, ['first', 'second', 'third', 'message', 'another', 'fourth'])
})

t.test('patient units that come alone are written at once', async t => {
  const { queue, turn, done } = start()
  for (const name of ['first', 'second', 'third']) {
    queue.push(hello(name))
    t.equal(turn(), 1, name)
    await done()
  }
})

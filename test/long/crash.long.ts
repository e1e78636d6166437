/**
 * The crash explorer with many states, over what strace saw of the store: lmdb's own writes and syncs in their real order. That
 * the quick test's recorder tells the same of lmdb is seen here too.
 */

import t from 'tap'
import { campaign } from '../crash/campaign.js'
import { type Chapter, goOn, NOTHING } from '../crash/chapter.js'
import { tellFault } from '../crash/replay.js'
import { rounds } from '../support/rounds.js'

/** Replays what is written and which states are drawn, but not how the kernel schedules the store. */
const SEED = process.env.SEED ?? String(Date.now())

const STATES = rounds(600)

/** Chapters that begin after a crash of the first one: each records a store of its own. */
const LATER = rounds(8)

t.comment(`seed ${SEED}`)

t.test('after a crash at any moment, what was answered or shown is there', async t => {
  const { possible, opened, faults } = await campaign({ seed: SEED, states: STATES, later: LATER, eye: 'strace' })
  const sum = Object.values(opened).reduce((sum, count) => sum + count, 0)
  t.comment(`${possible} states are possible, ${sum} were opened: ${JSON.stringify(opened)}`)
  for (const fault of faults) t.fail(tellFault(fault))
  t.ok(sum > STATES, 'and many were opened')
})

t.test('the recorder tells of lmdb what strace sees', async t => {
  const plans = [{ seed: SEED, commits: 25, end: 'close' }] as const
  const told = async (eye: 'wrapped' | 'strace'): Promise<string[]> =>
    tables(await goOn(NOTHING, undefined, plans, eye))
  const [wrapped, strace] = [await told('wrapped'), await told('strace')]
  t.ok(wrapped.length > 6)
  // Where a checkpoint ends depends on the time it takes, but each is made in the same way.
  t.same(new Set(wrapped), new Set(strace))
})

/** Each change of an lmdb file together with the one after it: where it goes, and how it is synced. */
function tables({ trace }: Chapter): string[] {
  const steps = trace.flatMap(event => {
    if (event.kind !== 'begin' || !('path' in event.call) || !event.call.path.endsWith('data.mdb')) return []
    const { call } = event
    const page = call.kind === 'write' ? (call.offset < 8192 ? ' meta' : ' pages') : ''
    return [`${call.kind}${page}${call.kind === 'write' && call.synced ? ' synced' : ''}`]
  })
  // How many runs of pages a commit writes depends on which ones are free.
  const kept = steps.filter((step, i) => step !== 'write pages' || steps[i + 1] !== step)
  return kept.map((step, i) => `${step}, ${kept[i + 1] ?? 'end'}`)
}

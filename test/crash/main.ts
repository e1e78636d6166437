/**
 * `npm run crash -- [options]`: builds states as a crash may leave them, opens them, and prints those in which something is wrong. What it
 * takes to do so is loaded when it is done: the help needs none of it.
 */

import { EXIT, print } from '../../src/cli/command.js'
import { flag, integer, type OptionValues, text } from '../../src/ops/command-options.js'
import { runProgram } from '../support/program.js'

const OPTIONS = {
  states: integer(2_000, 0, 1_000_000_000, 'COUNT', 'the number of states that are opened'),
  later: integer(20, 0, 1_000_000_000, 'COUNT', 'the number of those states that are worked on until another crash'),
  seed: text('', 'SEED', 'chooses the states; another one at each run if it is not given'),
  strace: flag("takes lmdb's calls from strace, too, which takes longer"),
  replay: text('', 'FILE', 'opens one of the states that were printed again, and does nothing else'),
} as const

process.exitCode = await runProgram(
  {
    name: 'crash',
    options: OPTIONS,
    exitCodes: '0 nothing is wrong, 1 something is',
    run: async values => ((await (values.replay === '' ? run(values) : replay(values.replay))) ? EXIT.OK : EXIT.FAILED),
  },
  process.argv.slice(2),
)

/** @returns whether nothing is wrong */
async function run({ states, later, strace, seed: given }: OptionValues<typeof OPTIONS>): Promise<boolean> {
  const seed = given === '' ? String(Date.now()) : given
  const started = performance.now()
  const [{ campaign }, { tellFault }, { STATE_KINDS }] = await Promise.all([
    import('./campaign.js'),
    import('./replay.js'),
    import('./states.js'),
  ])
  const { possible, opened, faults } = await campaign({ seed, states, later, eye: strace ? 'strace' : 'wrapped' })
  for (const fault of faults) print(tellFault(fault))
  const counts = STATE_KINDS.map(kind => `${opened[kind] ?? 0} ${kind}`).join(', ')
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  print(`seed ${seed}: ${possible} states are possible; opened: ${counts}; ${faults.length} wrong; ${seconds} s`)
  return faults.length === 0
}

/** @returns whether nothing is wrong */
async function replay(file: string): Promise<boolean> {
  const [{ readFault }, { reopen }] = await Promise.all([import('./replay.js'), import('./explorer.js')])
  const { chapter, cut } = readFault(file)
  const text = await reopen(chapter, cut)
  print(text ?? 'nothing is wrong with it')
  return text === undefined
}

/**
 * `npm run crash -- [--states N] [--later N] [--seed S] [--strace]`: builds states as a crash may leave them, opens them, and prints
 * those in which something is wrong. `--replay FILE` opens one of them again.
 */

import { parseArgs } from 'node:util'
import { campaign } from './campaign.js'
import { reopen } from './explorer.js'
import { readFault, tellFault } from './replay.js'
import { STATE_KINDS } from './states.js'

const { values } = parseArgs({
  options: {
    states: { type: 'string', default: '2000' },
    later: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now()) },
    strace: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)

if (values.replay === undefined) await run()
else await replay(values.replay)

async function run(): Promise<void> {
  const { seed } = values
  const [states, later] = [Number(values.states), Number(values.later)]
  if (!Number.isSafeInteger(states) || !Number.isSafeInteger(later)) {
    print('--states and --later are whole numbers')
    process.exitCode = 2
    return
  }
  const started = performance.now()
  const { possible, opened, faults } = await campaign({
    seed,
    states,
    later,
    eye: values.strace ? 'strace' : 'wrapped',
  })
  for (const fault of faults) print(tellFault(fault))
  const counts = STATE_KINDS.map(kind => `${opened[kind] ?? 0} ${kind}`).join(', ')
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  print(`seed ${seed}: ${possible} states are possible; opened: ${counts}; ${faults.length} wrong; ${seconds} s`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

async function replay(file: string): Promise<void> {
  const { chapter, cut } = readFault(file)
  const text = await reopen(chapter, cut)
  print(text ?? 'nothing is wrong with it')
  process.exitCode = text === undefined ? 0 : 1
}

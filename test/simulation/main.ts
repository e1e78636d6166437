/** `npm run simulation -- [options]`: runs seeds, and prints those that fail. */

import { EXIT, print } from '../../src/cli/command.js'
import { flag, integer } from '../../src/ops/command-options.js'
import { runProgram } from '../support/program.js'

const OPTIONS = {
  seeds: integer(200, 1, 1_000_000_000, 'COUNT', 'the number of seeds to run'),
  from: integer(1, 0, Number.MAX_SAFE_INTEGER, 'SEED', 'the first of them'),
  seed: integer(
    -1,
    -1,
    Number.MAX_SAFE_INTEGER,
    'SEED',
    'runs this one alone, and prints its setup and figures; -1: not given',
  ),
  verbose: flag('prints what happens, as it happens'),
} as const

process.exitCode = await runProgram(
  {
    name: 'simulation',
    options: OPTIONS,
    exitCodes: '0 no seed failed, 1 some failed',
    run: async ({ seed, seeds, from, verbose }) =>
      (await run(seed < 0 ? from : seed, seed < 0 ? seeds : 1, verbose)) ? EXIT.OK : EXIT.FAILED,
  },
  process.argv.slice(2),
)

/** @returns whether no seed failed */
async function run(from: number, count: number, verbose: boolean): Promise<boolean> {
  // The help needs none of it.
  const [{ Happened }, { runSeed }] = await Promise.all([import('./happened.js'), import('./world.js')])
  let failed = 0
  let events = 0
  const happened = new Happened()
  const started = performance.now()
  for (let seed = from; seed < from + count; seed += 1) {
    const result = await runSeed({ seed, ...(verbose ? { onNote: print } : {}) })
    events += result.events
    happened.add(result.happened)
    const { failure, hash, virtualMs, sent, accepted, setup } = result
    if (failure !== undefined) {
      failed += 1
      print(`seed ${seed} FAILED (${setup.store}): ${failure}`)
    } else if (count === 1) {
      print(`seed ${seed}: ${JSON.stringify({ ...setup, hash, virtualMs, sent, accepted, events: result.events })}`)
    }
  }
  const seconds = (performance.now() - started) / 1000
  print(
    `${count} seeds, ${failed} failed, ${events} events, ${seconds.toFixed(1)} s, ` +
      `${Math.round(events / seconds)} events and ${(count / seconds).toFixed(1)} seeds per second`,
  )
  print(`${happened}`)
  return failed === 0
}

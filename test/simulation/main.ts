/** `npm run simulation -- --seeds N [--from K] [--seed S] [--verbose]`: runs seeds, and prints those that fail. */

import { parseArgs } from 'node:util'
import { runSeed } from './world.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})

const from = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
const print = (line: string): void => void process.stdout.write(`${line}\n`)

if (!Number.isSafeInteger(from) || !Number.isSafeInteger(count) || count < 1) {
  print('--seeds, --from and --seed are whole numbers')
  process.exit(2)
}

let failed = 0
let events = 0
const started = performance.now()
for (let seed = from; seed < from + count; seed += 1) {
  const result = await runSeed({ seed, ...(values.verbose ? { onNote: print } : {}) })
  events += result.events
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
process.exitCode = failed === 0 ? 0 : 1

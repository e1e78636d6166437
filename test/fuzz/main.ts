/** Plays fuzz by hand: `node dist/test/fuzz/main.js fake|real|bodies SEED [COUNT]`. A fault names the seed that it needs. */

import { playBodies } from './bodies.js'
import { playFrames } from './play.js'

const [kind, seed = String(process.pid), count = '100000'] = process.argv.slice(2)
const startMs = performance.now()
const played =
  kind === 'bodies'
    ? await playBodies(seed, Number(count))
    : await playFrames(kind === 'real' ? 'real' : 'fake', seed, Number(count))
const seconds = (performance.now() - startMs) / 1000
const maps = (_key: string, value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value) : value)
process.stdout.write(`${JSON.stringify({ seconds, ...played, heap: process.memoryUsage().heapUsed }, maps)}\n`)

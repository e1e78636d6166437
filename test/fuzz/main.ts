/** Plays fuzz transcripts by hand: `node dist/test/fuzz/main.js fake|real SEED [FRAMES]`. A fault names the transcript's seed. */

import { playFrames } from './play.js'

const [kind, seed = String(process.pid), frames = '100000'] = process.argv.slice(2)
const startMs = performance.now()
const played = await playFrames(kind === 'real' ? 'real' : 'fake', seed, Number(frames))
const seconds = (performance.now() - startMs) / 1000
process.stdout.write(
  `${JSON.stringify({ seconds, ...played, ends: Object.fromEntries(played.ends), heap: process.memoryUsage().heapUsed })}\n`,
)

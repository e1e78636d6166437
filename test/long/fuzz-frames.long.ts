/** Fuzzed frames, others each time: a failure names the seed that it needs. */

import t from 'tap'
import { type GroundKind, playFrames } from '../fuzz/play.js'
import { liveHeapBytes } from '../support/live-heap.js'
import { rounds } from '../support/rounds.js'

const RUNS: Readonly<Record<GroundKind, number>> = { fake: rounds(200_000), real: rounds(60_000) }
const SLICES = 5

/** What a run may leave: code that was compiled, tables that grew; a connection that stays is 3 KiB, of thousands. */
const HEAP_GROWTH_BYTES_MAX = 8_388_608

const seed = String(Date.now())

for (const [kind, count] of Object.entries(RUNS) as [GroundKind, number][]) {
  t.test(`${count} frames on ${kind} services: nothing throws, holds the loop, or stays`, async t => {
    const slice = count / SLICES
    let frames = 0
    let before = 0
    for (let place = 0; place < SLICES; place++) {
      frames += (await playFrames(kind, `${seed}/${place}`, slice)).frames
      if (place === 0) before = liveHeapBytes()
    }
    t.ok(frames >= count, `${frames} frames, seed ${seed}`)
    const growth = liveHeapBytes() - before
    t.ok(growth < HEAP_GROWTH_BYTES_MAX, `${growth} bytes more are alive`)
  })
}

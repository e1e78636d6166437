/** Fuzzed bodies, others each time: a failure names the seed that it needs. */

import t from 'tap'
import { playBodies } from '../fuzz/bodies.js'
import { liveHeapBytes } from '../support/live-heap.js'
import { rounds } from '../support/rounds.js'

const COUNT = rounds(100_000)
const SLICES = 5
const HEAP_GROWTH_BYTES_MAX = 8_388_608

const seed = String(Date.now())

t.test(`${COUNT} bodies in protobuf and JSON: nothing throws, holds the loop, or stays`, async t => {
  let requests = 0
  let before = 0
  for (let place = 0; place < SLICES; place++) {
    requests += (await playBodies(`${seed}/${place}`, COUNT / SLICES)).requests
    if (place === 0) before = liveHeapBytes()
  }
  t.ok(requests >= COUNT, `${requests} requests, seed ${seed}`)
  const growth = liveHeapBytes() - before
  t.ok(growth < HEAP_GROWTH_BYTES_MAX, `${growth} bytes more are alive`)
})

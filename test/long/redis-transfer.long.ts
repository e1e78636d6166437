/** A store moves between lmdb, a single Redis and a Cluster, and stays what it was. */

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { storesAnswerAlike } from '../store/differential.js'
import { newFolder } from '../store/support/folder.js'
import { aCluster, aSingle, contentOf, filled, inLmdb, interruptedAt, move, onRedis } from '../store/support/places.js'

t.test('a store that moves at each start answers as one that stays', async t => {
  const [single, cluster] = [await aSingle(), await aCluster()]
  await storesAnswerAlike(
    t,
    (t: Test) => {
      const disk = new MemoryDisk(systemRandom)
      const emptied = Promise.all([single.empty(), cluster.empty()])
      let place = inLmdb(newFolder(t))
      let moves = -1
      return [
        async () => new MemoryStore({ disk }),
        async () => {
          await emptied
          if (moves >= 0) {
            const redis = moves % 4 === 0 ? single : cluster
            const next = moves % 2 === 0 ? onRedis(redis) : inLmdb(join(newFolder(t), 'made'))
            if (moves % 2 === 0) await redis.empty()
            await move(place, next)
            place = next
          }
          moves++
          return place.open()
        },
      ]
    },
    3,
  )
})

t.test('to Redis and back, interrupted anywhere: everything is as it was', async t => {
  const from = await filled(t)
  const before = await contentOf(from.folder)
  t.ok(before.length > 10_000)
  t.ok(
    before.some(line => /"head":[1-9]\d*,.*"keys":\[\],"newest":\[\]/.test(line)),
    'a log without entries',
  )
  for (const redis of [await aSingle(), await aCluster()]) {
    const there = onRedis(redis)
    for (const slices of [0, 3, 9, 17]) {
      await t.rejects(move(from, there, interruptedAt(slices)), { message: 'interrupted' })
      await t.rejects(there.open(), /a migration into this Redis was not finished: run it again/)
      await t.rejects(move(there, inLmdb(newFolder(t))), /a migration into this Redis was not finished/)
    }
    const moved = await move(from, there)
    t.equal(moved.logs, 300)
    await (await there.open()).close()
    const folder = join(newFolder(t), 'back')
    for (const slices of [0, 9, 40]) {
      await t.rejects(move(there, inLmdb(folder), interruptedAt(slices)), { message: 'interrupted' })
      await t.rejects(contentOf(folder), /a migration into .* was not finished/)
    }
    t.same(await move(there, inLmdb(folder)), moved)
    t.same(await contentOf(folder), before)
    const store = await inLmdb(folder).open()
    await store.close()
    t.same(await contentOf(folder), before, 'also after a start')
  }
})

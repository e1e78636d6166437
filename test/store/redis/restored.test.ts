/** A new epoch for data that were put back: in every part, above its own and the one that people name. */

import t from 'tap'
import { systemClock as clock } from '../../../src/lib/clock.js'
import { parseRedisUrl } from '../../../src/store/redis/address.js'
import { metaKey } from '../../../src/store/redis/keys.js'
import { beginEpoch } from '../../../src/store/redis/restored.js'
import { aCluster } from '../support/places.js'
import { openOn } from './support.js'

t.test('every partition of a Cluster', async t => {
  const cluster = await aCluster()
  await (await openOn(cluster.url, { replicas: 0 })).close()
  const set = await Promise.allSettled(
    cluster.servers.map(server => server.client().hset(metaKey(5), 'epoch', '9', 'history', 'another')),
  )
  t.equal(set.filter(({ status }) => status === 'fulfilled').length, 1)
  const epochs = async (): Promise<number[]> => {
    const store = await openOn(cluster.url, { replicas: 0 })
    // The history is the present one: a commit begins no other epoch.
    const record = { actor: 'user/261', name: 'a', stamp: 1, bytes: Buffer.from('x') }
    await store.commit(5, [{ expect: [], puts: [record], appends: [], trims: [] }])
    const found = Array.from({ length: 256 }, (_, partition) => store.epochOf(partition))
    await store.close()
    return found
  }
  const options = { address: parseRedisUrl(cluster.url), clock, replicas: 0 }
  t.equal(await beginEpoch(options, 7), 10)
  t.same(
    await epochs(),
    Array.from({ length: 256 }, (_, partition) => (partition === 5 ? 10 : 7)),
  )
  t.equal(await beginEpoch(options, 0), 11)
  t.same(
    await epochs(),
    Array.from({ length: 256 }, (_, partition) => (partition === 5 ? 11 : 8)),
  )
})

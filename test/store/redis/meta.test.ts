/** The meta data of a store on Redis: what a start refuses. */

import t from 'tap'
import { metaKey } from '../../../src/store/redis/keys.js'
import { RedisCluster, RedisServer } from '../../support/redis-server.js'
import { openOn } from './support.js'

const UNFINISHED = { name: 'RedisOpenError', message: 'a migration into this Redis was not finished: run it again' }

t.test('a migration that was not finished, on a single Redis', async t => {
  const server = await RedisServer.start({ appendfsync: 'no' })
  const client = server.client()
  await (await openOn(server.url)).close()
  await client.hset(metaKey(0), 'migrating', '1')
  await client.hdel(metaKey(0), 'ready')
  await t.rejects(openOn(server.url), UNFINISHED)
  t.equal(await client.hexists(metaKey(0), 'ready'), 0)
  await client.hdel(metaKey(0), 'migrating')
  await (await openOn(server.url)).close()
})

t.test('on a Cluster: one part says so, and no other part is made', async t => {
  const cluster = await RedisCluster.start()
  // The other servers refuse: the key is not theirs.
  const set = await Promise.allSettled(
    cluster.primaries.map(server => server.client().hset(metaKey(0), 'migrating', '1')),
  )
  t.equal(set.filter(({ status }) => status === 'fulfilled').length, 1)
  await t.rejects(openOn(cluster.url, { replicas: 0 }), UNFINISHED)
  const keys = await Promise.all(cluster.primaries.map(server => server.client().dbsize()))
  t.equal(
    keys.reduce((sum, each) => sum + each, 0),
    1,
  )
})

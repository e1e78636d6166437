/** The meta data of a store on Redis: what a start refuses. */

import { execFileSync } from 'node:child_process'
import t from 'tap'
import { type Random, systemRandom } from '../../../src/lib/random.js'
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

t.test('a migration that begins between two steps of a start', async t => {
  const server = await RedisServer.start({ appendfsync: 'no' })
  const meta = Object.entries({ format: '1', scopes: 'one', id: 'id', secret: 'secret', epoch: '1', migrating: '1' })
  const random: Random = {
    ...systemRandom,
    // The start asks for an id after it has looked, and before it makes anything.
    bytes(count) {
      execFileSync('redis-cli', ['-p', String(server.port), 'HSET', metaKey(0), ...meta.flat()])
      return systemRandom.bytes(count)
    },
  }
  await t.rejects(openOn(server.url, { random }), UNFINISHED)
  t.equal(await server.client().hexists(metaKey(0), 'ready'), 0)
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

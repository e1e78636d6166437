/** The meta data of a store on Redis: what a start refuses. */

import { execFileSync } from 'node:child_process'
import t from 'tap'
import { type Random, systemRandom } from '../../../src/lib/random.js'
import { metaKey } from '../../../src/store/redis/keys.js'
import { eventually } from '../../support/eventually.js'
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

t.test('a start that makes a new store says so, and what it means if there were data', async t => {
  const server = await RedisServer.start()
  const warned: string[] = []
  const options = { onWarning: (text: string): void => void warned.push(text) }
  await (await openOn(server.url, options)).close()
  t.match(warned, [/was empty: a new store was made in it\. If it had data before, they are lost/])
  await (await openOn(server.url, options)).close()
  t.equal(warned.length, 1)
})

t.test('a start without the replicas that must have a write says so, and goes on when they are there', async () => {
  const server = await RedisServer.start()
  const warned: string[] = []
  const opening = openOn(server.url, { replicas: 1, onWarning: text => void warned.push(text) })
  await eventually(() => warned.some(text => /has 0 of the 1 replicas .*: nothing is acknowledged until/.test(text)))
  await RedisServer.start({ replicaof: `127.0.0.1 ${server.port}` })
  await (await opening).close()
})

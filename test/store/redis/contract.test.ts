/** The contract of stores on Redis: a single server, and a Cluster with a replica of each primary. */

import t, { type Test } from 'tap'
import { RedisCluster, RedisServer } from '../../support/redis-server.js'
import { storeContract } from '../contract.js'
import { openOn } from './support.js'

const DATABASES = 16

t.test('on a single server', async t => {
  const server = await RedisServer.start()
  const client = server.client()
  let count = 0
  storeContract(t, 'redis', (_: Test) => {
    const database = count++ % DATABASES
    const emptied = client.select(database).then(() => client.flushdb())
    return async () => {
      await emptied
      return openOn(`${server.url}/${database}`)
    }
  })
})

t.test('on a Cluster, each commit on a replica', async t => {
  const cluster = await RedisCluster.start({ replicas: 1 })
  const clients = cluster.primaries.map(server => server.client())
  // There is one database: other data come after the end of those before.
  storeContract(t, 'redis cluster', (_: Test) => {
    const emptied = Promise.all(clients.map(client => client.flushall()))
    return async () => {
      await emptied
      return openOn(cluster.url)
    }
  })
})

/** The stores on Redis answer as the reference model and lmdb do. */

import t, { type Test } from 'tap'
import { systemRandom } from '../../../src/lib/random.js'
import { openLmdbStore } from '../../../src/store/lmdb/open.js'
import { MemoryDisk } from '../../../src/store/memory/disk.js'
import { MemoryStore } from '../../../src/store/memory/store.js'
import { RedisCluster, RedisServer } from '../../support/redis-server.js'
import { storesAnswerAlike } from '../differential.js'
import { newFolder } from '../support/folder.js'
import { openOn } from './support.js'

t.test('memory, lmdb, a single Redis and a Cluster answer alike', async t => {
  const server = await RedisServer.start({ appendfsync: 'no' })
  const cluster = await RedisCluster.start()
  const clients = [server, ...cluster.primaries].map(each => each.client())
  await storesAnswerAlike(t, (t: Test) => {
    const disk = new MemoryDisk(systemRandom)
    const folder = newFolder(t)
    const emptied = Promise.all(clients.map(client => client.flushall()))
    return [
      async () => new MemoryStore({ disk }),
      () => openLmdbStore({ path: folder, journalBytes: 512, cachedMax: 4 }),
      () => emptied.then(() => openOn(server.url)),
      () => emptied.then(() => openOn(cluster.url, { replicas: 0 })),
    ]
  })
})

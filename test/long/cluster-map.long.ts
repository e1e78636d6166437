/** Servers of a Redis Cluster that no longer say where the data are: one that was taken out, and one that stands still. */

import t from 'tap'
import { present } from '../../src/lib/assert.js'
import type { RedisStore } from '../../src/store/redis/store.js'
import { OutcomeUnknownError } from '../../src/store/types.js'
import { A, append, commit, committed, newStamp, put, record, unit } from '../store/contract/support.js'
import { openOn } from '../store/redis/support.js'
import { eventually } from '../support/eventually.js'
import { RedisCluster } from '../support/redis-server.js'

/** Below the 10 s after which a connection without an answer is given up. */
const SERVED_MS_MAX = 8_000

async function insist(store: RedisStore, text: string): Promise<void> {
  for (;;) {
    try {
      await commit(store, unit({ puts: [put(A, 'x', text, newStamp())] }))
      return
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) throw error
    }
  }
}

t.test('the server that a node was given first is taken out of the Cluster', async t => {
  const cluster = await RedisCluster.start({ primaries: 3, replicas: 1 })
  const seed = present(cluster.replicas[0], 'the replica')
  const others = [...cluster.primaries, ...cluster.replicas.slice(1)]
  const store = await openOn(`redis://127.0.0.1:${seed.port},127.0.0.1:${present(others[0], 'a server').port}`, {
    replicas: 0,
  })
  t.teardown(() => store.close())
  committed(await commit(store, unit({ appends: [append(A, 'a')] })))
  const id = String(await seed.client().call('CLUSTER', 'MYID'))
  await Promise.all(others.map(server => server.client().call('CLUSTER', 'FORGET', id)))
  await seed.client().call('CLUSTER', 'RESET', 'SOFT')
  await store.topology.refresh()
  t.equal(store.topology.primaries.length, 3)
  committed(await commit(store, unit({ appends: [append(A, 'b')] })))
})

t.test('a primary stands still, like one whose machine has no power: its replica serves soon', async t => {
  const cluster = await RedisCluster.start({ primaries: 3, replicas: 1 })
  const store = await openOn(cluster.url, { replicas: 0 })
  t.teardown(() => store.close())
  await insist(store, 'before')
  const host = present(store.topology.primaryOf(7), 'the primary').host
  const primary = present(
    cluster.primaries.find(({ port }) => host.endsWith(`:${port}`)),
    'its server',
  )
  primary.signal('SIGSTOP')
  t.teardown(() => primary.signal('SIGCONT'))
  const beganMs = performance.now()
  await insist(store, 'after')
  t.ok(performance.now() - beganMs < SERVED_MS_MAX, `served after ${Math.round(performance.now() - beganMs)} ms`)
  await eventually(async () => /:after$/.test((await record(store, A, 'x')) ?? ''))
})

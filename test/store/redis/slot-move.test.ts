/** A slot that moves to another primary, key by key, while commits and reads of its partition run: the contract holds all the time. */

import t from 'tap'
import { present } from '../../../src/lib/assert.js'
import { partitionOf } from '../../../src/store/partition.js'
import { keyOf } from '../../../src/store/redis/keys.js'
import { OutcomeUnknownError } from '../../../src/store/types.js'
import { eventually } from '../../support/eventually.js'
import { RedisCluster } from '../../support/redis-server.js'
import { SlotMove } from '../../support/slot-move.js'
import { A, append, commit, expecting, put, readAll, record, textOf, unit } from '../contract/support.js'
import { openOn } from './support.js'

t.test('each commit is there once, in order, and its record follows; reads see no step back', async t => {
  const cluster = await RedisCluster.start()
  const store = await openOn(cluster.url, { replicas: 0 })
  t.teardown(() => store.close())
  const clients = cluster.primaries.map(primary => primary.client())
  const slot = Number(await present(clients[0], 'a client').call('CLUSTER', 'KEYSLOT', keyOf('r', A)))
  const holds = await Promise.all(clients.map(client => client.call('CLUSTER', 'COUNTKEYSINSLOT', slot)))
  const from = holds.findIndex(count => Number(count) > 0)
  const source = present(clients[from], 'the source')
  const target = present(clients[(from + 1) % clients.length], 'the target')

  let acknowledged = 0
  let stamp = 0
  let isMoved = false
  const write = async (): Promise<void> => {
    for (let n = 1; !isMoved; n++) {
      const next = stamp + 1
      const asked = unit({
        expect: [expecting(A, 'x', stamp)],
        puts: [put(A, 'x', String(n), next)],
        appends: [append(A, `item ${n}`)],
      })
      for (;;) {
        try {
          const [result] = await commit(store, asked)
          // A commit whose answer was lost names its own stamp.
          const isDone = result?.kind === 'committed' || (result?.kind === 'conflict' && result.current === next)
          if (!isDone) t.fail(JSON.stringify(result))
          break
        } catch (error) {
          if (!(error instanceof OutcomeUnknownError)) throw error
        }
      }
      stamp = next
      acknowledged = n
    }
  }
  const look = async (): Promise<void> => {
    let seen = 0
    while (!isMoved) {
      const least = acknowledged
      try {
        const { length } = (await readAll(store, A)).entries
        t.ok(length >= least && length >= seen, `${length} after ${least} and ${seen}`)
        seen = length
      } catch {
        // Asked again.
      }
    }
  }
  const running = [write(), look()]
  await eventually(() => acknowledged > 20)
  await SlotMove.whole(keyOf('r', A), source, target)
  const atMove = acknowledged
  await eventually(() => acknowledged > atMove + 20)
  isMoved = true
  await Promise.all(running)

  const { entries } = await readAll(store, A)
  t.same(
    entries.map(({ bytes }) => textOf(bytes)),
    Array.from({ length: acknowledged }, (_, i) => `item ${i + 1}`),
  )
  t.equal(await record(store, A, 'x'), `${stamp}:${acknowledged}`)
  t.equal(Number(await target.call('CLUSTER', 'COUNTKEYSINSLOT', slot)) > 0, true)

  const other = `${A.slice(0, A.indexOf('/'))}/${Number(A.slice(A.indexOf('/') + 1)) + 256}`
  await commit(store, unit({ appends: [append(other, 'item')] }))
  const back = await SlotMove.begin(keyOf('r', A), target, source)
  await back.key(keyOf('r', A))
  const logs = await store.logs(partitionOf(A), null, 10)
  t.same(logs.map(({ actor }) => actor).sort(), [A, other].sort(), 'logs of which one has moved')
  await back.end()
})

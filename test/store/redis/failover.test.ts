/**
 * A failover that loses writes: replication is cut (a replica that only stands still would still take what its socket holds), the primary
 * writes on, is killed, and the replica takes its place. Each test sees that Redis did lose writes.
 */

import t from 'tap'
import type { RedisStore } from '../../../src/store/redis/store.js'
import { EPOCH_JUMP, OutcomeUnknownError, type Unit } from '../../../src/store/types.js'
import { eventually } from '../../support/eventually.js'
import { RedisServer } from '../../support/redis-server.js'
import { TcpRelay } from '../../support/tcp-relay.js'
import { A, append, commit, committed, expecting, log, put, readAll, record, unit } from '../contract/support.js'
import { openOn } from './support.js'

const J = EPOCH_JUMP

interface Pair {
  readonly url: string
  /** Cuts replication. */
  cut(): Promise<void>
  /** The entries that the primary and the replica hold. */
  lengths(): Promise<readonly [number, number]>
  /** Kills the primary, and puts the replica in its place. */
  failOver(): Promise<void>
  /** Starts the old primary again, as a replica of the new one. */
  follow(): Promise<void>
}

/** A primary and a replica, replication and clients through relays. */
async function pair(): Promise<Pair> {
  const settings = { 'repl-ping-replica-period': '1' }
  const primary = await RedisServer.start(settings)
  const replication = await TcpRelay.start(primary.port)
  const replica = await RedisServer.start({ ...settings, replicaof: `127.0.0.1 ${replication.port}` })
  const clients = await TcpRelay.start(primary.port)
  const [one, other] = [primary.client(), replica.client()]
  const linked = async (client: typeof one) => /connected_slaves:1\r\n/.test(await client.info('replication'))
  await eventually(() => linked(one))
  await eventually(async () => /master_link_status:up/.test(await other.info('replication')))
  return {
    url: `redis://127.0.0.1:${clients.port}`,
    async cut() {
      replication.cut()
      await eventually(async () => !(await linked(one)))
    },
    lengths: async () => [await one.xlen(`{7}s/${A}`), await other.xlen(`{7}s/${A}`)],
    async failOver() {
      await primary.kill()
      await other.call('REPLICAOF', 'NO', 'ONE')
      clients.cut()
      clients.to = replica.port
      clients.join()
    },
    async follow() {
      await primary.restart()
      await one.call('REPLICAOF', '127.0.0.1', replica.port)
      await eventually(() => linked(other))
    },
  }
}

async function insist(store: RedisStore, ...units: Unit[]) {
  for (;;) {
    try {
      return await commit(store, ...units)
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) throw error
    }
  }
}

t.test(
  'with one replica in each commit: what was acknowledged is there, and no version is given out twice',
  async t => {
    const redis = await pair()
    const store = await openOn(redis.url, { replicas: 1 })
    t.teardown(() => store.close())
    committed(await commit(store, unit({ puts: [put(A, 'x', 'kept', 11)], appends: [append(A, 'kept')] })))
    await redis.cut()
    // It is on the primary, and nobody is told.
    const pending = insist(
      store,
      unit({ expect: [expecting(A, 'x', 11)], puts: [put(A, 'x', 'next', 12)], appends: [append(A, 'next')] }),
    )
    await eventually(async () => (await redis.lengths())[0] === 2)
    t.same(await redis.lengths(), [2, 1], 'Redis is about to lose a write')
    // On a slow machine it may be refused meanwhile.
    const seen = readAll(store, A).catch(() => undefined)
    await redis.failOver()
    await redis.follow()
    t.same(committed(await pending), [{ from: 1, version: J + 2 }], 'beyond what the old primary gave out')
    t.equal(store.epochOf(7), 2)
    const entries = (await seen)?.entries ?? []
    t.ok(entries.length < 2 || entries[1]?.version === J + 2, 'a read never shows what was lost')
    t.same(await log(store, A), ['1:kept', `${J + 2}:next`])
    t.same((await readAll(store, A)).gaps, [{ after: 1, upTo: J + 1 }])
    t.equal(await record(store, A, 'x'), '12:next')
  },
)

t.test('without replicas: what was acknowledged is gone, and nothing is doubled or given another name', async t => {
  const redis = await pair()
  const store = await openOn(redis.url, { replicas: 0 })
  t.teardown(() => store.close())
  committed(await commit(store, unit({ puts: [put(A, 'x', 'kept', 11)], appends: [append(A, 'kept')] })))
  await eventually(async () => (await redis.lengths())[1] === 1)
  await redis.cut()
  const lost = unit({ expect: [expecting(A, 'x', 11)], puts: [put(A, 'x', 'lost', 12)], appends: [append(A, 'lost')] })
  t.same(committed(await commit(store, lost)), [{ from: 1, version: 2 }])
  await redis.failOver()
  // Who goes on from what is lost is told; who goes on from what is there gets another version.
  const onLost = unit({
    expect: [expecting(A, 'x', 12)],
    puts: [put(A, 'x', 'on lost', 13)],
    appends: [append(A, 'b')],
  })
  t.match(await insist(store, onLost), [{ kind: 'conflict', current: 11 }])
  const made = unit({ puts: [put(A, 'y', 'numbers of the old epoch', 14)], epoch: { partition: 7, epoch: 1 } })
  t.match(await insist(store, made), [{ kind: 'epoch conflict', current: 2 }])
  const onKept = unit({
    expect: [expecting(A, 'x', 11)],
    puts: [put(A, 'x', 'on kept', 15)],
    appends: [append(A, 'c')],
  })
  t.same(committed(await insist(store, onKept)), [{ from: 1, version: J + 2 }], 'version 2 is not given out again')
  t.same(await log(store, A), ['1:kept', `${J + 2}:c`])
})

t.test('there and back again: the first primary is another history, too', async t => {
  const redis = await pair()
  const store = await openOn(redis.url, { replicas: 0 })
  t.teardown(() => store.close())
  committed(await commit(store, unit({ appends: [append(A, 'a')] })))
  await eventually(async () => (await redis.lengths())[1] === 1)
  await redis.failOver()
  committed(await insist(store, unit({ appends: [append(A, 'b')] })))
  await redis.follow()
  const other = await openOn(redis.url, { replicas: 0 })
  t.teardown(() => other.close())
  t.equal(other.epochOf(7), 2, 'a node that comes later finds the epoch')
  t.same(await log(other, A), ['1:a', `${J + 2}:b`])
})

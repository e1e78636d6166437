/** A migration from and to a Cluster whose slots move meanwhile, to a primary that nobody knew when it began. */

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { present } from '../../src/lib/assert.js'
import { CLUSTER_SETTINGS } from '../../src/store/redis/settings.js'
import { bytesOf } from '../store/contract/support.js'
import { openOn } from '../store/redis/support.js'
import { newFolder } from '../store/support/folder.js'
import { aCluster, contentOf, filled, inLmdb, move, onRedis, type Redis } from '../store/support/places.js'
import { eventually } from '../support/eventually.js'
import { RedisServer } from '../support/redis-server.js'
import { SlotMove } from '../support/slot-move.js'

type Client = ReturnType<RedisServer['client']>

/** The log of user/291 has thousands of entries, accounts/9 hundreds of names; the leases are in partition 0. */
const PARTITIONS = [0, 9, 35, 36, 37, 100, 200]

/** A primary without slots that joins a Cluster. */
async function newcomer({ servers }: Redis): Promise<Client> {
  const server = await RedisServer.start(CLUSTER_SETTINGS)
  const client = server.client()
  const all = [client, ...servers.map(each => each.client())]
  await client.call('CLUSTER', 'MEET', '127.0.0.1', String(servers[0]?.port))
  await eventually(async () => {
    const known = await Promise.all(all.map(each => each.call('CLUSTER', 'NODES')))
    const counts = known.map(nodes => String(nodes).split(' connected').length - 1)
    return new Set(counts).size === 1 && (counts[0] ?? 0) >= all.length
  }, 20_000)
  await eventually(async () => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'))
  return client
}

/**
 * Moves the slots of some partitions while slices pass: each begins, gives some keys with each slice, and ends.
 * @param slicesEach the slices after which one more has moved
 */
async function mover(
  redis: Redis,
  slicesEach: number,
  partitions = PARTITIONS,
): Promise<(slice: number) => Promise<void>> {
  const target = await newcomer(redis)
  const clients = redis.servers.map(server => server.client())
  const moves: SlotMove[] = []
  return async slice => {
    if (slice === 0) {
      for (const partition of partitions) {
        const key = `{${partition}}`
        const owner = await ownerOf(key, clients)
        moves.push(await SlotMove.begin(key, owner, target))
      }
    }
    for (const [i, move] of moves.entries()) if (slice % (i + 1) === 0) await move.keys(2)
    if (slice % slicesEach === slicesEach - 1) await moves.shift()?.end()
  }
}

async function ownerOf(key: string, clients: readonly Client[]): Promise<Client> {
  const asked = await Promise.allSettled(clients.map(client => client.exists(key)))
  return present(clients[asked.findIndex(({ status }) => status === 'fulfilled')], 'the owner')
}

async function isSame(t: Test, from: Redis, before: readonly string[], between?: (slice: number) => unknown) {
  const folder = join(newFolder(t), 'back')
  const moved = await move(onRedis(from), inLmdb(folder), between)
  t.same(await contentOf(folder), before)
  return moved
}

t.test('slots of the source move: each log comes once, and nothing is missing', async t => {
  const from = await filled(t)
  const before = await contentOf(from.folder)
  const cluster = await aCluster()
  const moved = await move(from, onRedis(cluster))
  let slices = 0
  const moving = await mover(cluster, 20)
  const again = await isSame(t, cluster, before, slice => {
    slices = slice
    return moving(slice)
  })
  t.same(again, moved)
  t.ok(slices > 20 * PARTITIONS.length, `${slices} slices`)
  t.same(await isSame(t, cluster, before), moved, 'also when they have moved')
})

t.test('slots of the target move, also while an unfinished attempt is removed', async t => {
  const from = await filled(t)
  const before = await contentOf(from.folder)
  const cluster = await aCluster()
  const there = onRedis(cluster)
  const moving = await mover(cluster, 4, PARTITIONS.slice(0, 4))
  const interrupted = async (slice: number): Promise<void> => {
    await moving(slice)
    if (slice === 10) throw new Error('interrupted')
  }
  await t.rejects(move(from, there, interrupted), { message: 'interrupted' })
  const others = await mover(cluster, 4, PARTITIONS.slice(4))
  let slices = 0
  await move(from, there, async slice => {
    slices++
    await moving(slice + 11)
    await others(slice)
  })
  t.ok(slices > 16, `${slices} slices`)
  await isSame(t, cluster, before)
  await (await there.open()).close()
})

t.test('the hash of an actor moves between two of its pages, and its index before it', async t => {
  const cluster = await aCluster()
  const store = await openOn(cluster.url, { replicas: 0 })
  const names = Array.from({ length: 1_000 }, (_, i) => `name ${i}`)
  const puts = names.map(name => ({ actor: 'accounts/9', name, stamp: 1, bytes: bytesOf('x') }))
  await store.commit(9, [{ expect: [], puts, appends: [], trims: [] }])
  await store.close()
  const folder = join(newFolder(t), 'back')
  const clients = cluster.servers.map(server => server.client())
  const moving = await SlotMove.begin('{9}', await ownerOf('{9}', clients), await newcomer(cluster))
  await move(onRedis(cluster), inLmdb(folder), async slice => {
    if (slice === 0) await moving.key('{9}x/accounts/9')
    if (slice === 7) await moving.end()
  })
  const records = (await contentOf(folder)).filter(line => line.startsWith('accounts/9/'))
  t.same(
    records,
    names.sort().map(name => `accounts/9/${name} 1 78`),
  )
})

t.test('the index of an actor moves and its hash does not', async t => {
  const cluster = await aCluster()
  const store = await openOn(cluster.url, { replicas: 0 })
  const puts = [{ actor: 'accounts/9', name: 'name', stamp: 1, bytes: bytesOf('x') }]
  await store.commit(9, [{ expect: [], puts, appends: [], trims: [] }])
  await store.close()
  const clients = cluster.servers.map(server => server.client())
  const moving = await SlotMove.begin('{9}', await ownerOf('{9}', clients), await newcomer(cluster))
  await moving.key('{9}x/accounts/9')
  const folder = join(newFolder(t), 'back')
  await move(onRedis(cluster), inLmdb(folder))
  t.ok((await contentOf(folder)).includes('accounts/9/name 1 78'))
})

/** What is read whole from Redis: each thing that Redis holds twice is compared, and a difference is damage that names the actor. */

import { join } from 'node:path'
import type { Redis } from 'ioredis'
import t from 'tap'
import { metaKey } from '../../../src/store/redis/keys.js'
import { blockField, doubles, type LogBlock } from '../../../src/store/redis/layout.js'
import { RedisServer } from '../../support/redis-server.js'
import { bytesOf } from '../contract/support.js'
import { newFolder } from '../support/folder.js'
import { aCluster, contentOf, inLmdb, move, onRedis, small } from '../support/places.js'
import { openOn } from './support.js'

const USER = 'user/263'
const BLOCK: LogBlock = { head: 7, floor: 0, epoch: 1, replaced: 1, gaps: [] }

/** A user with entries of all kinds, 1 and 2 with a key, 3 replaced; an outbox with two entries. */
async function fill(url: string): Promise<void> {
  const store = await openOn(url)
  const put = (actor: string, name: string, stamp: number) => ({ actor, name, stamp, bytes: bytesOf(name) })
  await store.commit(0, [
    {
      expect: [],
      puts: [put(USER, 'a', 1), put('outbox/7', 'one', 2), put('outbox/7', 'two', 3)],
      appends: ['k', 'l', undefined, undefined, undefined, undefined, undefined].map((key, i) => ({
        actor: USER,
        key,
        conversation: key === undefined ? 'friend' : undefined,
        bytes: bytesOf(`entry ${i + 1}`),
      })),
      trims: [],
    },
    {
      expect: [],
      puts: [],
      appends: [],
      trims: [],
      replaces: [{ actor: USER, version: 3, expected: 0, stamp: 9, bytes: bytesOf('edited') }],
    },
  ])
  await store.close()
}

type Client = Redis<'legacy'>

const CASES: Readonly<Record<string, readonly [harm: (client: Client) => Promise<unknown>, message: RegExp]>> = {
  'an index without a name': [
    client => client.zrem('{7}x/outbox/7', 'two'),
    /of outbox\/7 .* its index lacks the record two$/,
  ],
  'an index with a name too many': [
    client => client.zadd('{7}x/outbox/7', 0, 'three'),
    /of outbox\/7 .* its index names a record that is not there$/,
  ],
  'an index without its records': [
    client => client.del('{7}r/outbox/7'),
    /of outbox\/7 .* what \{7\}x\/outbox\/7 belongs to is not there$/,
  ],
  'a record in pieces': [client => client.hset(`{7}r/${USER}`, 'a', 'x'), /of user\/263 .* the record a has no stamp$/],
  'a conversation in pieces': [
    client => client.hset(`{7}r/${USER}`, '\0cfriend', 'x'),
    /of user\/263 .* a conversation has no version$/,
  ],
  'a field of no kind': [client => client.hset(`{7}r/${USER}`, '\0z', 'x'), /of user\/263 .* is of no known kind$/],
  'a list without the log': [
    client => client.zrem('{7}logs', USER),
    /of user\/263 .* its log is not in the list of its partition$/,
  ],
  'a list with a log too many': [
    client => client.zadd('{7}logs', 0, 'user/519'),
    /of user\/519 .* it is in the list of logs, and has none$/,
  ],
  'a log without its block': [
    client => client.hdel(`{7}r/${USER}`, '\0l'),
    /of user\/263 .* what \{7\}\w\/user\/263 belongs to is not there$/,
  ],
  'a block in pieces': [
    client => client.hset(`{7}r/${USER}`, '\0l', Buffer.alloc(33)),
    /of user\/263 .* the block of its log is in pieces$/,
  ],
  'a log of an epoch to come': [
    client => client.hset(`{7}r/${USER}`, '\0l', blockField({ ...BLOCK, epoch: 2 })),
    /of user\/263 .* its log is of epoch 2, its partition of 1$/,
  ],
  'a wrong number of replaced entries': [
    client => client.hset(`{7}r/${USER}`, '\0l', blockField({ ...BLOCK, replaced: 0 })),
    /of user\/263 .* its log has 1 replaced entries, its block says 0$/,
  ],
  'an order without an entry': [
    client => client.zrem(`{7}v/${USER}`, 'kk'),
    /log of user\/263 .* 3 entries stand apart, and the order has 2$/,
  ],
  'an order with an entry too many': [
    client => client.zadd(`{7}v/${USER}`, 6, 'km'),
    /log of user\/263 .* entry 6 \(km\) is not there$/,
  ],
  'another version in the order': [
    client => client.zadd(`{7}v/${USER}`, 6, 'kl'),
    /log of user\/263 .* entry 6 \(kl\) says that it is 2$/,
  ],
  'a replaced entry under another name': [
    async client => {
      await client.zadd(`{7}v/${USER}`, 8, 'v9')
      await client.hset(`{7}k/${USER}`, 'v9', Buffer.concat([doubles(9, 8), Buffer.alloc(2)]))
    },
    /log of user\/263 .* entry 8 is called v9$/,
  ],
  'a version twice': [
    async client => {
      await client.zadd(`{7}v/${USER}`, 5, 'v5')
      await client.hset(`{7}k/${USER}`, 'v5', Buffer.concat([doubles(9, 5), Buffer.alloc(2)]))
    },
    /log of user\/263 .* entry 5 stands behind 5$/,
  ],
  'an entry in pieces': [
    client => client.xadd(`{7}s/${USER}`, '8-0', 'e', 'x'),
    /log of user\/263 .* entry 8-0 is in pieces$/,
  ],
}

t.test('a single Redis', async t => {
  const server = await RedisServer.start({ appendfsync: 'no' })
  const client = server.client()
  await fill(server.url)
  const keys = await client.keys('*')
  const whole = await Promise.all(keys.map(async key => [key, await client.dumpBuffer(key)] as const))
  const verify = async () => {
    const folder = join(newFolder(t), 'copy')
    await move(onRedis(server), inLmdb(folder))
    return contentOf(folder)
  }
  const before = await verify()
  for (const [name, [harm, message]] of Object.entries(CASES)) {
    await harm(client)
    await t.rejects(verify(), { name: 'StoreDamagedError', message }, name)
    await client.flushall()
    for (const [key, value] of whole) await client.restore(key, 0, value ?? '')
  }
  t.same(await verify(), before)
})

t.test('the meta data of a Cluster', async t => {
  const cluster = await aCluster()
  const there = onRedis(cluster)
  await move(await small(t), there)
  const clients = cluster.servers.map(server => server.client())
  const all = (act: (client: Client) => Promise<unknown>) => Promise.allSettled(clients.map(act))
  const refuses = (message: RegExp) =>
    t.rejects(move(there, inLmdb(join(newFolder(t), 'copy'))), { name: 'StoreDamagedError', message })
  const found = await Promise.allSettled(clients.map(client => client.hgetallBuffer(metaKey(5))))
  const meta = found.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))[0] ?? {}
  const harm = async (act: (client: Client) => Promise<unknown>, message: RegExp) => {
    await all(act)
    await refuses(message)
    await all(client => client.hset(metaKey(5), meta))
  }
  await harm(client => client.del(metaKey(5)), /^this Redis has lost its data: 1 of 256 parts are not there$/)
  await harm(client => client.hdel(metaKey(5), 'ready'), /^this Redis has lost its data: 1 of 256 parts/)
  await harm(
    client => client.hset(metaKey(5), 'id', 'another'),
    /meta data of partition 5 .* not those of partition 0$/,
  )
  await harm(client => client.hset(metaKey(5), 'secret', 'x'), /meta data of partition 5 .* not those of partition 0$/)
  await harm(client => client.hset(metaKey(5), 'format', '2'), /meta data of partition 5 .* not those of partition 0$/)
  await harm(client => client.hset(metaKey(5), 'epoch', 'x'), /meta data of partition 5 .* no epoch or no history$/)
  await harm(client => client.hdel(metaKey(5), 'history'), /meta data of partition 5 .* no epoch or no history$/)
  await move(there, inLmdb(join(newFolder(t), 'copy')))
})

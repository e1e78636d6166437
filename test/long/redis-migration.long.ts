/** What a migration refuses, and that it then changes nothing. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commandClock, pause, systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { metaKey } from '../../src/store/redis/keys.js'
import { openOn } from '../store/redis/support.js'
import { newFolder } from '../store/support/folder.js'
import {
  aCluster,
  aSingle,
  contentOf,
  filled,
  inLmdb,
  interruptedAt,
  move,
  onRedis,
  small,
} from '../store/support/places.js'
import { eventually } from '../support/eventually.js'
import { RedisServer } from '../support/redis-server.js'

t.test('a target that holds anything', async t => {
  const [one, other] = [await small(t), await small(t)]
  for (const redis of [await aSingle(), await aCluster()]) {
    const there = onRedis(redis)
    const sizes = async () => Promise.all(redis.servers.map(server => server.client().dbsize()))
    const refuses = async (message: RegExp) => {
      const before = await sizes()
      await t.rejects(move(one, there), { name: 'RedisOpenError', message })
      t.same(await sizes(), before)
    }
    await move(one, there)
    await refuses(/^this Redis holds this store already: nothing of it was changed/)
    await redis.empty()
    await move(other, there)
    await refuses(/^this Redis holds another store: nothing of it was changed/)
    await redis.empty()
    await t.rejects(move(other, there, interruptedAt(0)))
    await refuses(/^this Redis holds an unfinished migration of another store: nothing/)
    await move(other, there)
    for (const server of redis.servers) {
      const client = server.client()
      for (let scope = 0; scope < 256; scope++) await client.del(metaKey(scope)).catch(() => {})
    }
    await refuses(/^this Redis holds data of a store \(\{\d+\}\S+\): nothing/)
  }
})

t.test('a folder that is not empty, and one that cannot be made', async t => {
  const [from, folder] = [await small(t), newFolder(t)]
  const other = await small(t)
  await t.rejects(move(from, other), {
    name: 'StoreFolderError',
    message: `the data folder ${other.folder} is not empty: a migration overwrites nothing`,
  })
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(move(from, inLmdb(folder)), { name: 'StoreFolderError', message: /is not empty/ })
  await t.rejects(move(from, inLmdb(join(folder, 'file'))), { name: 'StoreFolderError', message: /cannot be used/ })
})

t.test('a folder that holds no store, another format, a backup, or is in use', async t => {
  const there = onRedis(await aSingle())
  const folder = newFolder(t)
  await t.rejects(move(inLmdb(join(folder, 'none')), there), { message: `${folder}/none holds no Longwire data` })
  mkdirSync(join(folder, 'empty'))
  await t.rejects(move(inLmdb(join(folder, 'empty')), there), { message: `${folder}/empty holds no Longwire data` })
  const from = await small(t)
  await backUp({ from: from.folder, to: join(folder, 'backup'), clock: commandClock })
  await t.rejects(move(inLmdb(join(folder, 'backup')), there), { message: /\/backup is a backup: longwire restore/ })
  const store = await from.open()
  await t.rejects(move(from, there), { name: 'StoreInUseError', message: /is in use by process/ })
  await store.close()
  await move(from, there)
})

t.test('a Redis that holds no store, or one of another format', async t => {
  for (const redis of [await aSingle(), await aCluster()]) {
    const there = onRedis(redis)
    const back = inLmdb(join(newFolder(t), 'back'))
    await t.rejects(move(there, back), { name: 'RedisOpenError', message: 'this Redis holds no Longwire data' })
    await move(await small(t), there)
    const clients = redis.servers.map(server => server.client())
    const set = (scope: number, ...values: string[]) =>
      Promise.allSettled(clients.map(client => client.hset(metaKey(scope), ...values)))
    await set(0, 'format', '2')
    await t.rejects(move(there, back), { name: 'RedisOpenError', message: /a store of format 2; this server reads 1/ })
    await set(0, 'format', '1', 'scopes', 'none')
    await t.rejects(move(there, back), { name: 'RedisOpenError', message: /cannot be used on a/ })
  }
})

t.test('nodes that run, at the beginning, on the way and before the end', async t => {
  const [from, redis] = [await filled(t), await aCluster()]
  const there = onRedis(redis)
  await move(from, there)
  const store = await openOn(redis.url, { replicas: 0 })
  const renew = () => store.nodePorts.leases.renew('a-node', '{}', 1_000)
  const folder = join(newFolder(t), 'back')
  const running = {
    name: 'NodesRunningError',
    message: /^servers run on Redis at 127.0.0.1:\d+ \(a-node\): stop them first/,
  }
  const stay = async (test: () => Promise<unknown>): Promise<void> => {
    let stays = true
    const staying = eventually(async () => {
      await renew()
      return !stays
    }, 60_000)
    await test()
    stays = false
    await staying
  }
  await stay(() => t.rejects(move(there, inLmdb(folder)), running))
  // Its lease has an end: the migration waits for it.
  await move(there, inLmdb(folder))
  const late = join(newFolder(t), 'late')
  await t.rejects(
    move(there, inLmdb(late), slice => slice === 0 && renew()),
    running,
  )
  await t.rejects(contentOf(late), /a migration into .* was not finished/)
  // On the target: whoever has come looks at a store that is not whole, or has another one open.
  await redis.empty()
  await stay(() => t.rejects(move(from, there), running))
  const sizes = await Promise.all(redis.servers.map(server => server.client().dbsize()))
  t.equal(Math.max(...sizes), 1, 'nothing but the lease')
  await move(from, there, interruptedAt(3)).catch(() => {})
  await t.rejects(
    move(from, there, slice => slice === 3 && renew()),
    running,
  )
  await t.rejects(there.open(), /a migration into this Redis was not finished/)
  await store.close()
  await move(from, there)
})

t.test('a node that comes and goes on the way, or comes last', async t => {
  const [from, redis] = [await filled(t), await aSingle()]
  const there = onRedis(redis)
  await move(from, there)
  const store = await openOn(redis.url)
  const renew = (ttlMs: number) => store.nodePorts.leases.renew('a-node', '{}', ttlMs)
  const running = { name: 'NodesRunningError' }
  // It is looked for again after half a second.
  const comesAndGoes = async (slice: number): Promise<void> => {
    if (slice === 1) {
      await pause(systemClock, 600)
      await renew(200)
    } else if (slice === 2) await pause(systemClock, 300)
  }
  await t.rejects(move(there, inLmdb(join(newFolder(t), 'back')), comesAndGoes), running)
  const last = await aSingle()
  await move(await small(t), onRedis(last))
  const other = await openOn(last.url)
  const comesLast = () => other.nodePorts.leases.renew('a-node', '{}', 10_000)
  await t.rejects(move(onRedis(last), inLmdb(join(newFolder(t), 'back')), comesLast), running)
  await store.close()
  await other.close()
})

t.test('a Redis that got another history on the way may have lost a part', async t => {
  const from = await small(t)
  const server = await RedisServer.start({ 'enable-debug-command': 'yes' })
  const there = onRedis(server)
  const message = /^Redis at 127.0.0.1:\d+ was started anew or replaced meanwhile, and may have lost a part$/
  const change = () => server.client().call('DEBUG', 'CHANGE-REPL-ID')
  await t.rejects(move(from, there, change), { name: 'LostError', message })
  await t.rejects(there.open(), /a migration into this Redis was not finished/)
  await move(from, there)
  await (await there.open()).close()
  await t.rejects(move(there, inLmdb(join(newFolder(t), 'back')), change), { name: 'LostError', message })
})

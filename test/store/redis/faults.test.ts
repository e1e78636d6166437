/** What befalls Redis: each time either nothing is lost and service returns by itself, or the store says what is wrong and stops. */

import t, { type Test } from 'tap'
import { present } from '../../../src/lib/assert.js'
import type { RedisStoreOptions } from '../../../src/store/redis/open.js'
import type { RedisStore } from '../../../src/store/redis/store.js'
import { type CommitResult, EPOCH_JUMP, OutcomeUnknownError, type Unit } from '../../../src/store/types.js'
import { eventually } from '../../support/eventually.js'
import { RedisServer } from '../../support/redis-server.js'
import { A, append, commit, committed, expecting, log, newStamp, put, record, unit } from '../contract/support.js'
import { openOn } from './support.js'

/** Commits as the engine does: what has an unknown outcome is sent again. */
async function insist(store: RedisStore, ...units: Unit[]): Promise<readonly CommitResult[]> {
  for (;;) {
    try {
      return await commit(store, ...units)
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) throw error
    }
  }
}

async function opened(t: Test, url: string, options: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const store = await openOn(url, options)
  t.teardown(() => store.close())
  return store
}

t.test('killed and started again: nothing is lost, the epoch grows by one, and service returns by itself', async t => {
  const server = await RedisServer.start()
  const store = await opened(t, server.url)
  committed(await commit(store, unit({ puts: [put(A, 'x', 'one', 11)], appends: [append(A, 'a')] })))
  await server.kill()
  const after = insist(
    store,
    unit({ expect: [expecting(A, 'x', 11)], puts: [put(A, 'x', 'two', 12)], appends: [append(A, 'b')] }),
  )
  // On a slow machine it may be refused meanwhile.
  const seen = record(store, A, 'x').catch(() => '11:')
  await server.restart()
  t.same(committed(await after), [{ from: 1, version: EPOCH_JUMP + 2 }])
  t.match(await seen, /^1[12]:/)
  t.equal(store.epochOf(7), 2)
  t.same(await log(store, A), ['1:a', `${EPOCH_JUMP + 2}:b`])
})

t.test('while it does not answer, a read is refused after two seconds', async t => {
  const server = await RedisServer.start()
  const store = await opened(t, server.url)
  await server.kill()
  await eventually(() =>
    store.get(A, ['x']).then(
      () => false,
      () => true,
    ),
  )
  await t.rejects(store.read(A, 0, 1, 1, 1), /connection|did not answer within/)
})

t.test('a commit whose answer was lost has an unknown outcome; repeated, it names its own stamp', async t => {
  const server = await RedisServer.start()
  const store = await opened(t, server.url)
  const admin = server.client()
  const own = unit({ expect: [expecting(A, 'x', 0)], puts: [put(A, 'x', 'once', 77)], appends: [append(A, 'a')] })
  await commit(store)
  // It is carried out when the pause ends, and its connection is gone by then.
  await admin.call('CLIENT', 'PAUSE', 60_000, 'WRITE')
  const outcome = commit(store, own).then(
    () => 'answered',
    error => error,
  )
  await eventually(async () => /cmd=evalsha|cmd=eval/.test(String(await admin.call('CLIENT', 'LIST'))))
  const line = String(await admin.call('CLIENT', 'LIST'))
    .split('\n')
    .find(text => /cmd=eval(sha)? /.test(text) && /flags=b/.test(text))
  const id = present(/id=(\d+)/.exec(line ?? '')?.[1], 'the connection that waits')
  await admin.call('CLIENT', 'KILL', 'ID', id)
  t.ok((await outcome) instanceof OutcomeUnknownError)
  await admin.call('CLIENT', 'UNPAUSE')
  const [result] = await insist(store, own)
  t.ok(result?.kind === 'committed' || (result?.kind === 'conflict' && result.current === 77))
  t.same(await log(store, A), ['1:a'], 'once')
})

t.test('a server that has forgotten the scripts is given them again', async t => {
  const server = await RedisServer.start()
  const store = await opened(t, server.url)
  committed(await commit(store, unit({ appends: [append(A, 'a')] })))
  t.same(await log(store, A), ['1:a'])
  await server.client().call('SCRIPT', 'FLUSH')
  const both = await Promise.all([commit(store, unit({ appends: [append(A, 'b')] })), log(store, A)])
  committed(both[0])
  t.same(await log(store, A), ['1:a', '2:b'])
})

t.test('emptied while a node runs: it stops, and says why', async t => {
  const server = await RedisServer.start()
  let fatal: Error | undefined
  const store = await opened(t, server.url, {
    onFatal: error => {
      fatal = error
    },
  })
  committed(await commit(store, unit({ appends: [append(A, 'a')] })))
  await server.client().flushall()
  await t.rejects(commit(store, unit({ appends: [append(A, 'b')] })), /lost its data/)
  t.match(fatal, /this Redis has lost its data/)
  await t.rejects(store.get(A, ['x']), /lost its data/, 'nothing more is answered')
  t.equal(await server.client().dbsize(), 0, 'nothing was written')
})

t.test('what cannot be this store is refused when it is opened', async t => {
  const server = await RedisServer.start()
  const client = server.client()
  const store = await openOn(server.url)
  committed(await commit(store, unit({ appends: [append(A, 'a')] })))
  await store.close()
  const meta = await client.hgetall('{0}meta')
  const is = (fields: Record<string, string>) => client.hset('{0}meta', { ...meta, ...fields })
  await is({ format: '9' })
  await t.rejects(openOn(server.url), /format 9/)
  await is({ scopes: 'partitions' })
  await t.rejects(openOn(server.url), /was made on a Cluster/)
  await client.del('{0}meta')
  await t.rejects(openOn(server.url), /this Redis has lost its data/)
  t.equal(await client.exists('{0}meta'), 0, 'no store is made over it')
})

t.test('a store that is half made is made whole by the next start', async t => {
  const server = await RedisServer.start()
  const client = server.client()
  const first = await openOn(server.url)
  await first.close()
  await client.hdel('{0}meta', 'ready')
  const second = await opened(t, server.url)
  t.same(second.id, first.id)
  committed(await commit(second, unit({ appends: [append(A, 'a')] })))
})

t.test('what a server promises is told, and what does not hold is refused', async t => {
  const server = await RedisServer.start({ appendfsync: 'everysec' })
  const client = server.client()
  const said: string[] = []
  await (await openOn(server.url, { onWarning: text => said.push(text) })).close()
  t.match(said, [/the last second is lost when it loses power, and on no replica/, /a new store was made/])
  await t.rejects(
    openOn(server.url, { requireDurable: true }),
    /appendfsync everysec: set appendonly yes and appendfsync always/,
  )
  await client.config('SET', 'appendfsync', 'always')
  await (await openOn(server.url, { requireDurable: true })).close()
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
  await t.rejects(openOn(server.url), /removes data when its memory is full \(maxmemory-policy allkeys-lru\)/)
})

t.test('absent at the start: one clear line', async t => {
  const server = await RedisServer.start()
  await server.kill()
  await t.rejects(openOn(server.url, { connectMs: 100 }), /--redis: Redis cannot be reached: .*ECONNREFUSED/)
})

t.test('a wrong password: one clear line', async t => {
  const server = await RedisServer.start({ requirepass: 'right' })
  await t.rejects(
    openOn(server.url, { connectMs: 500 }),
    /--redis: Redis does not let us in: .*(NOAUTH|Authentication)/i,
  )
  const wrong = openOn(`redis://:wrong@127.0.0.1:${server.port}`, { connectMs: 500 })
  await t.rejects(wrong, /--redis: Redis does not let us in: .*WRONGPASS/)
  const store = await opened(t, `redis://:right@127.0.0.1:${server.port}`)
  committed(await commit(store, unit({ appends: [append(A, 'a')] })))
})

t.test('as the memory fills, the level of space falls, and what frees space is still taken', async t => {
  const server = await RedisServer.start()
  const client = server.client()
  const store = await opened(t, server.url)
  committed(await commit(store, unit({ puts: [put(A, 'x', 'x'.repeat(1000), 5)], appends: [append(A, 'a')] })))
  t.equal(store.space, 'ample')
  t.equal(store.freeBytes, undefined)
  await client.setbit('{0}filler', 2 ** 29 - 1, 1)
  const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
  await client.config('SET', 'maxmemory', Math.ceil(used / 0.88))
  await eventually(() => store.space === 'filling')
  await client.config('SET', 'maxmemory', Math.ceil(used / 0.94))
  await eventually(() => store.space === 'scarce')
  await client.config('SET', 'maxmemory', Math.ceil(used / 2))
  await eventually(() => store.space === 'none')
  t.equal(store.freeBytes, 0)
  committed(
    await commit(
      store,
      unit({ expect: [expecting(A, 'x', 5)], puts: [put(A, 'x', null)], trims: [{ actor: A, upTo: 1 }] }),
    ),
  )
  t.equal(await record(store, A, 'x'), 'absent')
  await client.config('SET', 'maxmemory', 0)
  await eventually(() => store.space === 'ample')
})

t.test('without the replica that a commit needs nothing is answered; once it is there, all is', async t => {
  const server = await RedisServer.start()
  const replica = await RedisServer.start({ replicaof: `127.0.0.1 ${server.port}` })
  const client = server.client()
  const isLinked = async () => /connected_slaves:1/.test(await client.info('replication'))
  await eventually(isLinked)
  const store = await opened(t, server.url, { replicas: 1 })
  committed(await commit(store, unit({ appends: [append(A, 'a')] })))
  await replica.kill()
  let answered = false
  let shown = false
  const later = insist(store, unit({ puts: [put(A, 'x', 'one', newStamp())], appends: [append(A, 'b')] })).then(
    results => {
      answered = true
      return results
    },
  )
  const read = log(store, A).then(
    () => {
      shown = true
    },
    () => {},
  )
  // It was carried out, and is seen on the server: nothing that rests on it may leave.
  await eventually(async () => (await client.xlen(`{7}s/${A}`)) === 2)
  await eventually(async () => Number(/cmdstat_wait:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]) >= 4)
  t.notOk(answered)
  t.notOk(shown)
  await t.rejects(store.get(A, ['x']), /did not answer within/, 'a read does not wait for ever')
  await replica.restart()
  t.same(committed(await later), [{ from: 1, version: 2 }])
  await read
  t.notOk(shown, 'what waited too long is refused')
  t.same(await log(store, A), ['1:a', '2:b'])
})

/** Leases on a real Redis: they end by its clock, and are renewed whatever else is wrong with it. */

import t, { type Test } from 'tap'
import { systemClock } from '../../../src/lib/clock.js'
import { RedisLeases } from '../../../src/store/redis/leases.js'
import type { RedisStore } from '../../../src/store/redis/store.js'
import { eventually } from '../../support/eventually.js'
import { RedisCluster, RedisServer } from '../../support/redis-server.js'
import { openOn } from './support.js'

async function opened(t: Test, url: string): Promise<{ store: RedisStore; leases: RedisLeases }> {
  const store = await openOn(url, { replicas: 0 })
  t.teardown(() => store.close())
  return { store, leases: new RedisLeases(store.topology, systemClock) }
}

async function names(leases: RedisLeases): Promise<string[]> {
  return (await leases.list()).leases.map(({ node }) => node).toSorted()
}

for (const kind of ['a single Redis', 'a Cluster'] as const) {
  t.test(`leases on ${kind}: all are listed with what they say, and end by themselves`, async t => {
    const { url } = kind === 'a Cluster' ? await RedisCluster.start() : await RedisServer.start()
    const [{ leases: one }, { leases: other }] = [await opened(t, url), await opened(t, url)]
    t.same(await names(one), [])
    await one.renew('a', '{"form": 1}', 60_000)
    const { nowMs, leases } = await other.renew('b', 'one two', 400)
    t.ok(Math.abs(nowMs - Date.now()) < 5_000)
    t.match(
      leases.toSorted((x, y) => (x.node < y.node ? -1 : 1)),
      [
        { node: 'a', status: '{"form": 1}' },
        { node: 'b', status: 'one two' },
      ],
    )
    for (const { leftMs } of leases) t.ok(leftMs > 0 && leftMs <= 60_000)
    await one.renew('a', 'later', 60_000)
    t.equal((await other.list()).leases.find(({ node }) => node === 'a')?.status, 'later')
    await eventually(async () => (await names(one)).join() === 'a')
  })
}

t.test('a lease that has ended leaves nothing behind when another is renewed', async t => {
  const server = await RedisServer.start()
  const { leases } = await opened(t, server.url)
  await leases.renew('a', '', 1)
  await eventually(async () => (await names(leases)).length === 0)
  await leases.renew('b', '', 60_000)
  t.same(await server.client().hkeys('{0}nodes'), ['b'])
})

t.test('a Redis whose memory is full still renews', async t => {
  const server = await RedisServer.start()
  const { leases } = await opened(t, server.url)
  await server.client().config('SET', 'maxmemory', '1mb')
  await t.rejects(server.client().set('x', 'y'), /OOM/)
  await leases.renew('a', '', 60_000)
  t.same(await names(leases), ['a'])
})

t.test('a Redis that stands still gives no answer within a second; later it does', async t => {
  const server = await RedisServer.start()
  const { leases } = await opened(t, server.url)
  await leases.renew('a', '', 60_000)
  server.signal('SIGSTOP')
  const beganMs = performance.now()
  await t.rejects(leases.renew('a', '', 60_000), /did not answer/)
  t.ok(performance.now() - beganMs < 2_000)
  server.signal('SIGCONT')
  await eventually(() =>
    leases.renew('b', '', 60_000).then(
      () => true,
      () => false,
    ),
  )
})

t.test('a Redis that was restarted without its scripts and leases gets them again', async t => {
  const server = await RedisServer.start({ appendonly: 'no' })
  const { leases } = await opened(t, server.url)
  await leases.renew('a', '', 60_000)
  await server.kill()
  await t.rejects(leases.renew('a', '', 60_000))
  await server.restart()
  await eventually(() =>
    leases.renew('a', '', 60_000).then(
      () => true,
      () => false,
    ),
  )
  t.same(await names(leases), ['a'])
})

t.test('a lease by a clock that was ahead has ended, and so has what is no lease', async t => {
  const server = await RedisServer.start()
  const { leases } = await opened(t, server.url)
  await server.client().hset('{0}nodes', {
    ahead: `${Date.now() + 3_600_000} 3000 {}`,
    endless: `${'9'.repeat(400)} ${'9'.repeat(400)} {}`,
    word: 'zzz',
    empty: '',
  })
  t.same(await names(leases), [])
  await leases.renew('a', '', 3_000)
  t.same(await names(leases), ['a'])
  t.same(await server.client().hkeys('{0}nodes'), ['a'])
})

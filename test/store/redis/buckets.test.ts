/** Buckets on a real Redis: several nodes count in them together, by its clock; they expire, and nobody waits for a Redis that is away. */

import t, { type Test } from 'tap'
import { type Clock, systemClock } from '../../../src/lib/clock.js'
import { GrowingDelay } from '../../../src/lib/growing-delay.js'
import { RateLimiter } from '../../../src/lib/rate-limiter.js'
import type { BucketRule } from '../../../src/lib/shared-buckets.js'
import { Limits } from '../../../src/ops/rate-limits.js'
import { RedisBuckets } from '../../../src/store/redis/buckets.js'
import { bucketKey } from '../../../src/store/redis/keys.js'
import type { RedisStore } from '../../../src/store/redis/store.js'
import { eventually } from '../../support/eventually.js'
import { RedisCluster, RedisServer } from '../../support/redis-server.js'
import { openOn } from './support.js'

async function opened(
  t: Test,
  url: string,
  clock: Clock = systemClock,
): Promise<{ store: RedisStore; buckets: RedisBuckets }> {
  const store = await openOn(url, { replicas: 0 })
  t.teardown(() => store.close())
  return { store, buckets: new RedisBuckets(store.topology, clock) }
}

/** The system's clock, an hour ahead. */
const HOUR_AHEAD: Clock = {
  now: () => systemClock.now() + 3_600_000,
  monotonic: () => systemClock.monotonic() + 3_600_000,
  after: (ms, run) => systemClock.after(ms, run),
}

const HOURLY: BucketRule = { rate: { perSecond: 1 / 3_600, burst: 3 } }
const GROWTH = { free: 3, perSecond: 1 / 600, firstMs: 10_000, longestMs: 60_000 }
const GROWING: BucketRule = { growth: GROWTH }

for (const kind of ['a single Redis', 'a Cluster'] as const) {
  t.test(`${kind}: two nodes together take what one may, whatever their clocks say`, async t => {
    const { url } = kind === 'a Cluster' ? await RedisCluster.start() : await RedisServer.start()
    const [{ buckets: one }, { buckets: other }] = [await opened(t, url), await opened(t, url, HOUR_AHEAD)]
    const settings = { registrations: { amount: 1, unit: 'h', burst: 8 } } as const
    const nodes = [new Limits(systemClock, settings, one), new Limits(HOUR_AHEAD, settings, other)] as const
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, i) => nodes[i % 2 === 0 ? 0 : 1].claim(['registrations', address])),
      )
      t.equal(claims.filter(({ waitMs }) => waitMs === 0).length, 8)
      for (const { waitMs } of claims) t.ok(waitMs === 0 || (waitMs > 3_590_000 && waitMs <= 3_600_000), `${waitMs}`)
    }
    t.equal(nodes[0].unanswered + nodes[1].unanswered, 0)
  })
}

t.test('a rate counts as one node alone does', async t => {
  const { url } = await RedisServer.start()
  const { buckets } = await opened(t, url)
  const own = new RateLimiter(systemClock, HOURLY.rate, 10)
  const near = (shared: number, alone: number) => t.ok(Math.abs(shared - alone) < 5_000, `${shared} and ${alone}`)
  for (let i = 0; i < 5; i++) near(await buckets.take('a', HOURLY), own.take('a'))
  buckets.giveBack('a', HOURLY)
  own.giveBack('a')
  for (let i = 0; i < 2; i++) near(await buckets.take('a', HOURLY), own.take('a'))
  t.ok((await buckets.take('a', HOURLY)) > 0)
  t.equal(await buckets.take('b', HOURLY), 0, 'another bucket')
})

t.test('failures count as one node alone counts them', async t => {
  const { url } = await RedisServer.start()
  const { buckets } = await opened(t, url)
  const own = new GrowingDelay(systemClock, GROWTH, 10)
  const near = (shared: number, alone: number) => t.ok(Math.abs(shared - alone) < 5_000, `${shared} and ${alone}`)
  for (let i = 0; i < 6; i++) near(await buckets.take('a', GROWING), own.take('a'))
  t.ok((await buckets.take('a', GROWING)) > 5_000)
  buckets.giveBack('a', GROWING)
  own.giveBack('a')
  for (let i = 0; i < 2; i++) near(await buckets.take('a', GROWING), own.take('a'))
  buckets.clear('a')
  own.clear('a')
  for (let i = 0; i < 4; i++) t.equal(await buckets.take('a', GROWING), 0)
  t.ok((await buckets.take('a', GROWING)) > 0)
  const long: BucketRule = { growth: { ...GROWTH, free: 0, firstMs: 50_000_000 } }
  await buckets.take('long', long)
  const waitMs = await buckets.take('long', long)
  t.ok(waitMs > 55_000 && waitMs <= 60_000, 'never longer than the longest')
})

t.test('a bucket expires when it is as good as new; its key is short, and names nobody', async t => {
  const server = await RedisServer.start()
  const { buckets } = await opened(t, server.url)
  const client = server.client()
  const long = `login-failures ${'x'.repeat(60_000)}`
  await buckets.take(long, HOURLY)
  await buckets.take('failures', GROWING)
  await buckets.take('short', { rate: { perSecond: 10, burst: 1 } })
  const keys = await client.keys('*b/*')
  t.equal(keys.length, 3)
  for (const key of keys) t.match(key, /^\{\d+\}b\/[\w-]{22}$/)
  for (const [bucket, ms] of [
    [long, 3_600_000],
    ['failures', 600_000],
  ] as const) {
    const leftMs = await client.pttl(bucketKey(bucket))
    t.ok(leftMs > ms - 10_000 && leftMs <= ms, `${leftMs}`)
  }
  await eventually(async () => (await client.exists(bucketKey('short'))) === 0)
  buckets.giveBack(long, HOURLY)
  await eventually(async () => (await client.exists(bucketKey(long))) === 0)
})

t.test('a value that another clock has written an age ahead is not believed', async t => {
  const server = await RedisServer.start()
  const { buckets } = await opened(t, server.url)
  const client = server.client()
  const ahead = Date.now() + 86_400_000
  await client.set(bucketKey('rate'), `${ahead}.000`)
  await client.set(bucketKey('failures'), `7 ${ahead}.000 ${ahead}.000`)
  const [rateMs, failuresMs] = [await buckets.take('rate', HOURLY), await buckets.take('failures', GROWING)]
  t.ok(rateMs > 0 && rateMs <= 3_600_000, `${rateMs}`)
  t.ok(failuresMs > 0 && failuresMs <= 60_000, `${failuresMs}`)
})

t.test('a Redis that stands still, is full or is gone: a node decides alone, within its bound', async t => {
  const server = await RedisServer.start()
  const { buckets } = await opened(t, server.url)
  const settings = { registrations: { amount: 1, unit: 'h', burst: 2 } } as const
  const limits = new Limits(systemClock, settings, buckets)
  const claim = async (address: string) => (await limits.claim(['registrations', address])).waitMs
  t.equal(await claim('a'), 0)
  server.signal('SIGSTOP')
  const beganMs = performance.now()
  t.equal(await claim('a'), 0, 'its own second one')
  t.ok((await claim('a')) > 0, 'and no third')
  t.ok(performance.now() - beganMs < 8_000)
  t.equal(limits.unanswered, 2)
  server.signal('SIGCONT')
  await eventually(async () => {
    const before = limits.unanswered
    await claim(`again ${before}`)
    return limits.unanswered === before
  })
  const client = server.client()
  await client.config('SET', 'maxmemory', '1mb')
  const before = limits.unanswered
  t.equal(await claim('full'), 0)
  t.equal(limits.unanswered, before + 1, 'a full memory takes no more buckets')
  await server.kill()
  await eventually(async () => {
    const atMs = performance.now()
    await claim('gone')
    return performance.now() - atMs < 100
  })
})

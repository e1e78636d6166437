/** What a run sees of Redis: which server was promoted, what it lacked, and connections that it cuts. */
import t from 'tap'
import { partIn, RedisWatch } from '../../../clients/simulate/redis-watch.js'
import { systemClock } from '../../../src/lib/clock.js'
import { seededRandom } from '../../../src/lib/random.js'
import { eventually } from '../../support/eventually.js'
import { RedisServer } from '../../support/redis-server.js'
import { TcpRelay } from '../../support/tcp-relay.js'

t.test('what a server says about itself is read; an error is nothing', async t => {
  const info =
    'role:slave\r\nconnected_slaves:0\r\nmaster_replid:abc\r\nmaster_replid2:def\r\nmaster_repl_offset:12\r\nsecond_repl_offset:8\r\n'
  t.same(partIn(info), { isPrimary: false, replicas: 0, history: 'abc', before: 'def', offset: 12, beforeOffset: 7 })
  t.equal(partIn('-LOADING Redis is loading the dataset in memory\r\n'), undefined)
})

t.test('a promotion is counted, with what the promoted server lacked', async t => {
  const [primary, replica] = [await RedisServer.start(), await RedisServer.start()]
  const relay = await TcpRelay.start(primary.port)
  const [first, second] = [primary.client(), replica.client()]
  await second.call('REPLICAOF', '127.0.0.1', String(relay.port))
  await eventually(async () => String(await second.info('replication')).includes('master_link_status:up'))
  const watch = new RedisWatch(() => [primary.port, replica.port], systemClock, seededRandom('watch'))
  watch.start()
  t.teardown(() => watch.stop())
  const offsetOf = async (): Promise<number> => partIn(String(await first.info('replication')))?.offset ?? 0
  await eventually(() => watch.replaceable.has(primary.port))
  await first.set('before', 'x')
  await first.wait(1, 0)
  relay.cut()
  const shared = await offsetOf()
  await first.set('lost', 'x'.repeat(1_000))
  const lost = (await offsetOf()) - shared
  t.ok(lost > 1_000)
  await eventually(() => watch.seen(primary.port) >= shared + lost)
  await primary.kill()
  await second.call('REPLICAOF', 'NO', 'ONE')
  await eventually(() => watch.failovers === 1)
  t.ok(watch.lostBytes >= lost, `${watch.lostBytes} of ${lost}`)
})

t.test('connections that are cut are gone', async t => {
  const redis = await RedisServer.start()
  const client = redis.client()
  const id = await client.client('ID')
  const watch = new RedisWatch(() => [redis.port], systemClock, seededRandom('watch'))
  for (let tries = 0; tries < 50 && (await client.client('ID')) === id; tries += 1) await watch.cut()
  t.not(await client.client('ID'), id)
})

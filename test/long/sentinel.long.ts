/** Nodes that find Redis by sentinels: the primary dies, its replica is promoted, and the dead one comes back as a replica. */

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { newFolder } from '../store/support/folder.js'
import { contentOf, small } from '../store/support/places.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { freePort, RedisServer } from '../support/redis-server.js'
import { throughBadDay } from './support/bad-day.js'

const SENTINELS = 3
const NAME = 'main'

/** Sentinels that watch a primary, each on a port of its own. */
async function sentinels(t: Test, primaryPort: number): Promise<readonly number[]> {
  const folder = t.testdir()
  const ports: number[] = []
  for (let i = 0; i < SENTINELS; i += 1) {
    const port = await freePort(false)
    const file = join(folder, `sentinel-${i}.conf`)
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${NAME} 1000`,
      `sentinel failover-timeout ${NAME} 5000`,
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
    t.teardown(() => child.kill('SIGKILL'))
    ports.push(port)
  }
  return ports
}

/** What a sentinel says of the primary, by name. */
async function primaryAt(port: number): Promise<ReadonlyMap<string, string>> {
  const client = new Redis({ port, lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
    const fields = (await client.call('SENTINEL', 'MASTER', NAME)) as readonly string[]
    return new Map(fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? ''] as const] : [])))
  } catch {
    return new Map()
  } finally {
    client.disconnect()
  }
}

/** A primary with a replica, and sentinels that know all. */
async function watched(t: Test) {
  const primary = await RedisServer.start()
  const replica = await RedisServer.start()
  await replica.client().call('REPLICAOF', '127.0.0.1', String(primary.port))
  const ports = await sentinels(t, primary.port)
  const isWhole = async (port: number): Promise<boolean> => {
    const says = await primaryAt(port)
    return says.get('num-slaves') === '1' && says.get('num-other-sentinels') === String(SENTINELS - 1)
  }
  await eventually(async () => (await Promise.all(ports.map(isWhole))).every(each => each))
  const url = `redis+sentinel://${ports.map(port => `127.0.0.1:${port}`).join(',')}/${NAME}`
  return { primary, replica, ports, url }
}

t.test('a store moves to the primary that sentinels name, and back', async t => {
  const [{ url }, { folder }] = [await watched(t), await small(t)]
  const back = join(newFolder(t), 'back')
  const moves = [
    ['--from', `lmdb:${folder}`, '--to', url],
    ['--from', url, '--to', `lmdb:${back}`],
  ]
  for (const argv of moves) {
    const cli = new CliProcess(['migrate', ...argv])
    t.equal(await cli.exit(), 0, cli.stderr)
  }
  t.same(await contentOf(back), await contentOf(folder))
})

t.test('the primary dies; with N = 1 nothing that was acknowledged is lost', async t => {
  const { primary, replica, ports, url } = await watched(t)
  await throughBadDay(t, url, async ({ isQuiet }) => {
    await primary.kill()
    const promoted = async () => (await primaryAt(ports[0] ?? 0)).get('port') === String(replica.port)
    await eventually(promoted)
    t.equal(isQuiet(), false, 'without a replica nothing is acknowledged')
    await primary.restart()
  })
})

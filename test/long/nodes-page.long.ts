/** `longwire nodes` as a process, on a real Redis: its pages and its exit codes. */
import t from 'tap'
import type { ShownCluster } from '../../src/cli/nodes-page.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { RedisCluster, RedisServer } from '../support/redis-server.js'

async function nodes(...argv: readonly string[]) {
  const cli = new CliProcess(['nodes', ...argv])
  return { code: await cli.exit(), stdout: cli.stdout, stderr: cli.stderr }
}

function shown(stdout: string): ShownCluster {
  return JSON.parse(stdout) as ShownCluster
}

t.test('without a store, with a server, and after its death', async t => {
  const redis = await RedisServer.start()
  const before = await nodes('--redis', redis.url)
  t.equal(before.code, 1)
  t.match(before.stdout, /NEEDS A PERSON: no node has a lease/)
  t.match(before.stdout, /NEEDS A PERSON: 127\.0\.0\.1:\d+ holds no store/)
  t.equal(await redis.client().dbsize(), 0, 'it made none')

  const { server, ready } = await CliProcess.serve('--redis', redis.url, '--advertise', 'chat.example:4000')
  let text = await nodes('--redis', redis.url)
  await eventually(async () => {
    text = await nodes('--redis', redis.url)
    return !text.stdout.includes('starting')
  })
  t.equal(text.code, 0, text.stdout)
  t.match(text.stdout, /^chat\.example:4000 +[0-9a-f]{12} +all +\d+\.\d+\.\d+ /m)
  t.match(text.stdout, new RegExp(`^127.0.0.1:${redis.port} +256 +1 `, 'm'))
  const { code, stdout } = await nodes('--redis', redis.url, '--json')
  t.equal(code, 0)
  t.equal(stdout.split('\n').length, 2, 'one line')
  t.match(shown(stdout), { nodes: [{ address: 'chat.example:4000', role: 'all' }], needs: [] })
  t.ok(ready.port > 0)

  server.child.kill('SIGKILL')
  await eventually(async () => (await nodes('--redis', redis.url)).code === 1, 20_000)
  await redis.kill()
  const gone = await nodes('--redis', redis.url)
  t.equal(gone.code, 1)
  t.match(gone.stderr, /^longwire: --redis: Redis cannot be reached: .*\n$/)
  const beganMs = performance.now()
  const unreached = new CliProcess(['nodes', '--redis', redis.url, '--json'])
  await eventually(() => unreached.stdout.endsWith('\n'))
  const tookMs = performance.now() - beganMs
  t.equal(await unreached.exit(), 1)
  t.match(shown(unreached.stdout), { nodes: [], primaries: [], needs: [/Redis cannot be reached/] })
  t.ok(tookMs < 4_500, `${tookMs} ms: 3 s, and the start of a process on a busy machine`)
})

t.test(
  'on a Cluster a dead primary is named, and the others are shown; the nodes stay ready, and name it too',
  async t => {
    const cluster = await RedisCluster.start()
    const { url } = cluster
    const { ready } = await CliProcess.serve('--redis', url, '--redis-replicas', '0')
    const page = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${ready.http_port}${path}`)
      return { status: answer.status, text: await answer.text() }
    }
    const seen = async () => {
      const { text } = await page('/metrics')
      const found = text.matchAll(/^longwire_primary_ready\{primary="127\.0\.0\.1:(\d+)"\} ([01])$/gm)
      return new Map(Array.from(found, ([, port, isReady]) => [Number(port), isReady === '1']))
    }
    t.equal((await page('/readyz')).status, 200)
    await eventually(async () => [...(await seen()).values()].join() === 'true,true,true')
    const { code, stdout } = await nodes('--redis', url, '--json')
    t.equal(code, 0, stdout)
    const { primaries } = shown(stdout)
    t.equal(primaries.length, 3)
    t.equal(
      primaries.reduce((sum, { partitions }) => sum + partitions, 0),
      256,
    )
    const dead = cluster.primaries[2]
    await dead?.kill()
    await eventually(async () => (await seen()).get(dead?.port ?? 0) === false, 20_000)
    t.equal([...(await seen()).values()].filter(isReady => isReady).length, 2)
    const beganMs = performance.now()
    t.same(await page('/readyz'), { status: 200, text: 'ready' })
    t.ok(performance.now() - beganMs < 2_000, 'nobody waits for the dead one')
    const after = await nodes('--redis', url, '--json')
    t.equal(after.code, 1)
    const { needs, primaries: left } = shown(after.stdout)
    t.match(needs.join('\n'), new RegExp(`127.0.0.1:${dead?.port} does not answer`))
    t.equal(left.filter(({ up }) => up).length, 2)
    await dead?.restart()
    await eventually(async () => (await seen()).get(dead?.port ?? 0) === true, 20_000)
    await Promise.all(cluster.primaries.map(primary => primary.kill()))
    await eventually(async () => (await page('/readyz')).status === 503, 20_000)
  },
)

t.test('with --watch it looks again and again, until it is ended', async t => {
  const redis = await RedisServer.start()
  const cli = new CliProcess(['nodes', '--redis', redis.url, '--watch', '--json'])
  await eventually(() => cli.stdout.split('\n').length > 2)
  cli.child.kill('SIGTERM')
  t.equal(await cli.exit(), 'SIGTERM')
})

t.test('wrong options are named', async t => {
  for (const [argv, message] of [
    [[], /--redis is missing/],
    [['--redis', 'redis://h:0'], /a port is in 1 to 65535/],
  ] as const) {
    const { code, stderr } = await nodes(...argv)
    t.equal(code, 2)
    t.match(stderr, message)
  }
})

/** Real redis-server processes for tests, on free ports of 127.0.0.1. Without redis-server the tests fail, and say how to get it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { present } from '../../src/lib/assert.js'
import { systemClock } from '../../src/lib/clock.js'
import { makeCluster } from '../../src/store/redis/make-cluster.js'
import { CLUSTER_SETTINGS, SERVER_SETTINGS } from '../../src/store/redis/settings.js'
import { eventually } from './eventually.js'

type Settings = Readonly<Record<string, string>>

const SETTINGS: Settings = { ...SERVER_SETTINGS, bind: '127.0.0.1' }

const TRIES = 5
/** The port of a Cluster's bus, which the servers talk to each other on. */
const BUS_OFFSET = 10_000

export class RedisServer {
  readonly folder: string
  readonly port: number
  readonly #settings: Settings
  #child: ChildProcess

  private constructor(port: number, folder: string, settings: Settings, child: ChildProcess) {
    this.port = port
    this.folder = folder
    this.#settings = settings
    this.#child = child
  }

  /** A server that answers. It ends with the test. @param settings of redis.conf, in place of those of `longwire cluster` */
  static async start(settings: Settings = {}): Promise<RedisServer> {
    const all = { ...SETTINGS, ...settings }
    for (let tries = 1; ; tries++) {
      const port = await freePort(all['cluster-enabled'] === 'yes')
      const folder = fs.mkdtempSync(path.join(tmpdir(), 'longwire-redis-'))
      const server = new RedisServer(port, folder, all, spawnServer(port, folder, all))
      t.teardown(() => server.#end())
      if (await server.#answers()) return server
      // Another process may have taken the port meanwhile.
      if (tries === TRIES) throw new Error(`redis-server does not start: ${server.log()}`)
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get pid(): number {
    return present(this.#child.pid, 'the process')
  }

  log(): string {
    const file = path.join(this.folder, 'log')
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
  }

  /** A connection for the test, closed at its end. */
  client(): Redis<'legacy'> {
    const client = new Redis({ port: this.port, protocol: 2, replyMapping: 'legacy', ...this.#login })
    client.on('error', () => {})
    t.teardown(() => client.disconnect())
    return client
  }

  async kill(): Promise<void> {
    await this.#ended('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#ended('SIGTERM')
  }

  /** Starts it again on its port and folder, after kill or stop. */
  async restart(): Promise<void> {
    this.#child = spawnServer(this.port, this.folder, this.#settings)
    if (!(await this.#answers())) throw new Error(`redis-server does not start again: ${this.log()}`)
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  get #login() {
    const password = this.#settings.requirepass
    return password === undefined ? {} : { password }
  }

  async #ended(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }

  async #answers(): Promise<boolean> {
    const client = new Redis({
      port: this.port,
      ...this.#login,
      lazyConnect: true,
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
    })
    client.on('error', () => {})
    client.connect().catch(() => {})
    const hasEnded = (): boolean => this.#child.exitCode !== null || this.#child.signalCode !== null
    await eventually(() => client.status === 'ready' || hasEnded(), 15_000)
    client.disconnect()
    return !hasEnded()
  }

  async #end(): Promise<void> {
    await this.kill()
    // A child that it had begun to write its state with may write still.
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

export class RedisCluster {
  readonly primaries: readonly RedisServer[]
  readonly replicas: readonly RedisServer[]

  private constructor(primaries: readonly RedisServer[], replicas: readonly RedisServer[]) {
    this.primaries = primaries
    this.replicas = replicas
  }

  /** A Cluster that is whole. @param replicas of each primary */
  static async start({ primaries = 3, replicas = 0 } = {}): Promise<RedisCluster> {
    const all = await Promise.all(
      Array.from({ length: primaries * (1 + replicas) }, () => RedisServer.start(CLUSTER_SETTINGS)),
    )
    const hosts = all.map(({ port }) => ({ host: '127.0.0.1', port }))
    await makeCluster({ hosts, primaries, clock: systemClock, withinMs: 20_000, isGivenUp: () => false })
    return new RedisCluster(all.slice(0, primaries), all.slice(primaries))
  }

  /** The URL of one of its primaries: the others are found. */
  get url(): string {
    return present(this.primaries[0], 'a primary').url
  }
}

function spawnServer(port: number, folder: string, settings: Settings): ChildProcess {
  const options = Object.entries({ ...settings, port: String(port), dir: folder, logfile: path.join(folder, 'log') })
  const child = spawn(
    'redis-server',
    options.flatMap(([name, value]) => [`--${name}`, value]),
    { stdio: 'ignore' },
  )
  child.on('error', error => {
    throw new Error(`these tests need redis-server (apt-get install redis-server): ${error.message}`)
  })
  return child
}

/** A port that nobody listens on; with `withBus` its bus port neither. */
export async function freePort(withBus: boolean): Promise<number> {
  for (;;) {
    const port = await listenOnce(0)
    if (!withBus) return port
    if (port + BUS_OFFSET < 65_536 && (await listenOnce(port + BUS_OFFSET).catch(() => 0)) > 0) return port
  }
}

async function listenOnce(port: number): Promise<number> {
  const server = net.createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

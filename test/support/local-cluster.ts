/** `longwire cluster` as a process, on free ports, and the processes that it runs. */

import { execFileSync } from 'node:child_process'
import { freeRedisPorts, REDIS_PORTS } from '../../clients/simulate/free-ports.js'
import type { ProcessStarted } from '../../src/cli/cluster/run.js'
import { systemRandom } from '../../src/lib/random.js'
import { CliProcess } from './cli-process.js'
import { eventually } from './eventually.js'

const NODE = /^node \d+ {7}longwire chat --account NAME --server 127\.0\.0\.1:(\d+)/gm

export class LocalCluster {
  readonly cli: CliProcess
  readonly folder: string
  readonly redisPort: number

  private constructor(cli: CliProcess, folder: string, redisPort: number) {
    this.cli = cli
    this.folder = folder
    this.redisPort = redisPort
  }

  /** Begins to start. */
  static async begin(folder: string, argv: readonly string[] = [], environment = {}): Promise<LocalCluster> {
    const redisPort = await freeRedisPorts(systemRandom)
    const own = ['--data', folder, '--port', '0', '--redis-port', String(redisPort), '--open-limits']
    const cli = new CliProcess(['cluster', ...own, '--events-fd', '3', ...argv], environment)
    return new LocalCluster(cli, folder, redisPort)
  }

  /** Runs, or has ended because it could not start. */
  static async start(...args: Parameters<typeof LocalCluster.begin>): Promise<LocalCluster> {
    const cluster = await LocalCluster.begin(...args)
    const nodes = Number(/--nodes (\d+)/.exec(cluster.cli.child.spawnargs.join(' '))?.[1] ?? 2)
    await eventually(() => cluster.ports.length === nodes || cluster.cli.child.exitCode !== null, 60_000)
    return cluster
  }

  /** The ports of the nodes, once all run. */
  get ports(): readonly number[] {
    return [...this.cli.stdout.matchAll(NODE)].map(([, port]) => Number(port))
  }

  /** Each process that has started, at first or again. */
  get events(): readonly ProcessStarted[] {
    return this.cli.ready
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as ProcessStarted)
  }

  /** All processes that belong to it, without itself: also the shells, and what was not told yet. */
  get processes(): readonly number[] {
    const redis = Array.from({ length: REDIS_PORTS }, (_, i) => `redis-server 127.0.0.1:${this.redisPort + i}`)
    const marks = [`${this.folder}/`, `redis://127.0.0.1:${this.redisPort}`, ...redis]
    return execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
      .split('\n')
      .filter(line => marks.some(mark => line.includes(mark)))
      .map(line => Number.parseInt(line, 10))
  }
}

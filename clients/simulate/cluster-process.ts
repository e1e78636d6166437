/**
 * Several nodes on Redis, as `longwire cluster` runs them. Their processes are killed here, and started again by that command.
 *
 *   start() ──► all nodes listen ──kill()──► one process is gone ──start()──► it runs again
 */

import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../src/lib/clock.js'
import { eachLine } from '../../src/lib/each-line.js'
import type { Random } from '../../src/lib/random.js'
import type { ServerAddress } from '../../src/ops/address.js'
import { withoutOptions } from '../../src/ops/command-options.js'
import { countsOf } from '../../src/ops/role-options.js'
import { freeRedisPorts, REDIS_PORTS } from './free-ports.js'
import { RedisWatch } from './redis-watch.js'
import { cpuMsOf, lastLine, SAID_CHARACTERS_MAX } from './server-process.js'

export type KillTarget = 'nodes' | 'redis' | 'both'

export interface ClusterSpec {
  readonly nodes: number
  readonly roles: string
  readonly redisCluster: boolean
  /** The nodes' --redis-replicas. */
  readonly redisReplicas: number
  readonly target: KillTarget
  readonly dataFolder: string
  readonly clock: Clock
  readonly random: Random
  /** Called once if the command ends without being asked to. */
  readonly onDeath: (message: string) => void
}

/** A line of `longwire cluster --events-fd`. */
interface ProcessStarted {
  readonly kind: 'node' | 'logic' | 'redis'
  readonly number: number
  readonly port: number
  readonly pid: number
}

/** The kinds of processes that --kill nodes kills. */
const NODES: readonly string[] = ['node', 'logic']

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const HOST = '127.0.0.1'

/** Redis Clusters need some seconds to become whole, and nodes a second each. */
const START_MS_MAX = 60_000
const STOP_MS_MAX = 20_000

export class ClusterProcess {
  readonly #spec: ClusterSpec
  /** The processes that run, by kind and number. */
  readonly #running = new Map<string, ProcessStarted>()
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #said = ''
  #endedCpuMs = 0
  #kills = 0
  #stopping = false
  #changed: (() => void) | undefined

  readonly #watch: RedisWatch

  constructor(spec: ClusterSpec) {
    this.#spec = spec
    this.#watch = new RedisWatch(() => this.#redisPorts, spec.clock, spec.random)
  }

  /** Replicas of Redis that were promoted. */
  get failovers(): number {
    return this.#watch.failovers
  }

  /** The bytes of writes that these lacked, as far as was seen. */
  get lostBytes(): number {
    return this.#watch.lostBytes
  }

  /** Cuts connections of one server of Redis. */
  cutLinks(): Promise<void> {
    return this.#watch.cut()
  }

  /** The nodes' addresses; the short side has the same ports. */
  get addresses(): readonly ServerAddress[] {
    return this.#nodes.map(({ port }) => ({ host: HOST, port }))
  }

  get kills(): number {
    return this.#kills
  }

  /** Resolves when everything runs: at first, or after a kill. @throws Error why it does not */
  async start(): Promise<void> {
    if (this.#child === undefined) {
      await this.#spawn()
      this.#watch.start()
    }
    const { redisCluster, clock } = this.#spec
    const { nodes, access } = countsOf(this.#spec)
    const all = nodes + access + (redisCluster ? REDIS_PORTS : 1)
    const untilMs = clock.monotonic() + START_MS_MAX
    while (this.#running.size < all) {
      if (this.#stopping) return
      if (clock.monotonic() > untilMs)
        throw new Error(`the cluster does not run within ${START_MS_MAX / 1000} s${lastLine(this.#said)}`)
      await new Promise<void>(resolve => {
        this.#changed = resolve
        clock.after(1_000, resolve)
      })
    }
  }

  /** SIGKILL of one process, drawn by chance. */
  async kill(): Promise<void> {
    const { target, random } = this.#spec
    const kinds = { nodes: NODES, redis: ['redis'], both: [...NODES, 'redis'] }[target]
    const candidates = [...this.#running].filter(([, each]) => kinds.includes(each.kind) && this.#mayDie(each))
    const picked = candidates[random.integer(candidates.length)]
    if (picked === undefined) return
    const [key, { kind, pid }] = picked
    if (kind !== 'redis') this.#endedCpuMs += cpuMsOf(pid)
    this.#running.delete(key)
    this.#kills++
    process.kill(pid, 'SIGKILL')
  }

  /** Whether a process may be killed. Of a Cluster's servers only a primary dies whose replica can be promoted. */
  #mayDie({ kind, port }: ProcessStarted): boolean {
    return kind !== 'redis' || !this.#spec.redisCluster || this.#watch.replaceable.has(port)
  }

  /** SIGTERM. @returns what was wrong with its end, if anything */
  async stop(): Promise<string | undefined> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null) return undefined
    this.#stopping = true
    this.#watch.stop()
    child.kill('SIGTERM')
    const late = this.#spec.clock.after(STOP_MS_MAX, () => this.abandon())
    await this.#ended
    late.cancel()
    return child.exitCode === 0
      ? undefined
      : `the cluster stopped with exit code ${child.exitCode}${lastLine(this.#said)}`
  }

  /** Kills at once and does not wait: its own processes end with it. */
  abandon(): void {
    this.#stopping = true
    this.#watch.stop()
    this.#child?.kill('SIGKILL')
  }

  /** User and system time of all nodes and their earlier incarnations, milliseconds. */
  cpuMs(): number | undefined {
    const nodes = [...this.#running.values()].filter(({ kind }) => kind !== 'redis')
    return nodes.reduce((sum, { pid }) => sum + cpuMsOf(pid), this.#endedCpuMs)
  }

  get #redisPorts(): readonly number[] {
    return [...this.#running.values()].flatMap(({ kind, port }) => (kind === 'redis' ? [port] : []))
  }

  /** The nodes that have clients. */
  get #nodes(): readonly ProcessStarted[] {
    return [...this.#running.values()].filter(({ kind }) => kind === 'node').sort((a, b) => a.number - b.number)
  }

  /** Starts the command; its processes are heard of later. */
  async #spawn(): Promise<void> {
    const { nodes, roles, redisCluster, redisReplicas, dataFolder } = this.#spec
    const redisPort = await freeRedisPorts(this.#spec.random)
    const counts = roles === '' ? ['--nodes', String(nodes)] : ['--roles', roles]
    const options = [...counts, '--port', '0', '--redis-port', String(redisPort), '--data', dataFolder]
    const argv = [
      MAIN,
      'cluster',
      ...options,
      '--open-limits',
      '--redis-replicas',
      String(redisReplicas),
      '--events-fd',
      '3',
      ...(redisCluster ? ['--redis-cluster'] : []),
    ]
    const child = spawn(process.execPath, [...process.execArgv, ...argv], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: withoutOptions(process.env),
      // A group of its own: Ctrl-C is for this program, which then stops the cluster.
      detached: true,
    })
    this.#child = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_CHARACTERS_MAX)
    })
    eachLine(child.stdio[3] as Readable, line => this.#started(JSON.parse(line) as ProcessStarted))
    this.#ended = new Promise(resolve => {
      child.on('error', () => resolve())
      child.on('close', () => {
        resolve()
        this.#watch.stop()
        if (!this.#stopping) this.#spec.onDeath(`the cluster ended by itself${lastLine(this.#said)}`)
        this.#stopping = true
        this.#changed?.()
      })
    })
  }

  #started(started: ProcessStarted): void {
    this.#running.set(`${started.kind} ${started.number}`, started)
    this.#changed?.()
  }
}

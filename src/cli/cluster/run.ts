/**
 * A whole cluster on this machine: redis-server processes, then nodes on them. Each is started again when it ends by itself.
 *
 *   starting ──► running ──► ending: nodes first, so that they finish what is in work; then Redis
 */

import fs from 'node:fs'
import path from 'node:path'
import { type Clock, pause } from '../../lib/clock.js'
import { makeCluster } from '../../store/redis/make-cluster.js'
import { CLUSTER_SETTINGS, SERVER_SETTINGS } from '../../store/redis/settings.js'
import { EXIT } from '../command.js'
import { Leashed } from './leashed.js'
import { notStarted } from './not-started.js'

const HOST = '127.0.0.1'

/** The replicas and primaries of a Redis Cluster here. */
const PRIMARIES = 3
const REPLICAS = 3

const WHOLE_MS_MAX = 30_000
/** The pause before a process that ended is started again. It doubles up to the maximum while the process does not live for a second. */
const AGAIN_MS_MIN = 500
/** The same for a server of a Redis Cluster: its replica is promoted meanwhile, as when a machine dies. */
const AGAIN_MS_OF_CLUSTER = 4_000
const AGAIN_MS_MAX = 30_000
const STEADY_MS = 1_000
/** The last lines of a process that are shown when it ends. */
const LAST_LINES = 3

export interface ClusterSettings {
  /** The path of Longwire's main.js. */
  readonly main: string
  readonly folder: string
  readonly nodes: number
  /** Access nodes in front of them; 0: the nodes themselves have clients. */
  readonly access: number
  readonly port: number
  readonly redisPort: number
  readonly redisCluster: boolean
  /** Further options of each node. */
  readonly serve: readonly string[]
  /** Further options of each node that works on the store. */
  readonly logic: readonly string[]
}

/** A process that has started, at first or again. */
export interface ProcessStarted {
  /** A node has clients; a logic node has none. */
  readonly kind: 'node' | 'logic' | 'redis'
  /** The number among those of its kind, from 1. */
  readonly number: number
  readonly port: number
  readonly pid: number
}

/** The line of `serve --ready-fd`. */
interface ReadyLine {
  readonly port: number
  readonly link_port: number
}

export interface StartedNode {
  readonly number: number
  readonly port: number
}

/** A process that was begun. */
interface Begun {
  readonly child: Leashed
  /** Its port, when it serves; undefined: it ended before. */
  readonly ready: Promise<number | undefined>
}

/** A place for one process: who is in it may end and be started again. */
interface Place {
  readonly kind: ProcessStarted['kind']
  readonly number: number
  /** The name for people. */
  readonly name: string
  readonly begin: (onLine: (line: string) => void) => Begun
}

/** What a process says. */
interface Output {
  readonly onLine: (line: string) => void
  /** The last lines. */
  readonly last: readonly string[]
}

export class LocalCluster {
  readonly #settings: ClusterSettings
  readonly #clock: Clock
  readonly #tell: (line: string) => void
  readonly #onStarted: (started: ProcessStarted) => void
  /** The processes, from their first moment on: whatever has begun is ended. */
  readonly #running = { redis: [] as Leashed[], logic: [] as Leashed[], node: [] as Leashed[] }
  #ending = false
  #onDamage: (why: string) => void = () => {}
  /** Settles with the reason when a node has found that data are lost. */
  readonly damage = new Promise<string>(resolve => {
    this.#onDamage = resolve
  })

  /** @param tell takes a line about what happens by itself */
  constructor(
    settings: ClusterSettings,
    clock: Clock,
    tell: (line: string) => void,
    onStarted: (started: ProcessStarted) => void,
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#tell = tell
    this.#onStarted = onStarted
  }

  /** Starts everything. @throws Error with one line; what was started is to be ended */
  async start(): Promise<readonly StartedNode[]> {
    const { nodes, access, redisCluster } = this.#settings
    this.#assertKind()
    const ports = this.#redisPorts
    await Promise.all(ports.map((port, i) => this.#begin(this.#redisPlace(port, i + 1))))
    if (redisCluster) {
      const hosts = ports.map(port => ({ host: HOST, port }))
      const isGivenUp = (): boolean => this.#ending
      await makeCluster({ hosts, primaries: PRIMARIES, clock: this.#clock, withinMs: WHOLE_MS_MAX, isGivenUp })
    }
    const started: StartedNode[] = []
    for (let number = 1; access > 0 && number <= nodes; number++) await this.#begin(this.#logicPlace(number))
    for (let number = 1; number <= (access > 0 ? access : nodes); number++) {
      started.push({ number, port: await this.#begin(this.#nodePlace(number)) })
    }
    return started
  }

  /** Ends all processes in order. */
  async end(): Promise<void> {
    this.#ending = true
    await Promise.all(this.#running.node.map(node => node.end()))
    await Promise.all(this.#running.logic.map(node => node.end()))
    await Promise.all(this.#running.redis.map(redis => redis.end()))
  }

  /** Ends all processes at once. */
  kill(): void {
    this.#ending = true
    for (const child of Object.values(this.#running).flat()) child.kill()
  }

  get #redisPorts(): readonly number[] {
    const { redisCluster, redisPort } = this.#settings
    return Array.from({ length: redisCluster ? PRIMARIES + REPLICAS : 1 }, (_, i) => redisPort + i)
  }

  /** A node keeps its port when it is started again. */
  #nodePlace(number: number): Place {
    let port = this.#settings.port === 0 ? 0 : this.#settings.port + number - 1
    const begin = (onLine: (line: string) => void): Begun => {
      const role = this.#settings.access > 0 ? ['--role', 'access'] : ['--link-port', '0', ...this.#settings.logic]
      // Where the port is known before: clients then go to another node by themselves.
      const entry = port === 0 ? [] : ['--advertise', `${HOST}:${port}`]
      const options = ['--port', String(port), '--http-port', 'none', ...entry, ...role]
      const begun = this.#serve(options, onLine, line => line.port)
      const ready = begun.ready.then(given => {
        port = given ?? port
        return given
      })
      return { ...begun, ready }
    }
    return { kind: 'node', number, name: `node ${number}`, begin }
  }

  #logicPlace(number: number): Place {
    const options = ['--role', 'logic', '--link-port', '0', ...this.#settings.logic]
    const begin = (onLine: (line: string) => void): Begun => this.#serve(options, onLine, line => line.link_port)
    return { kind: 'logic', number, name: `logic node ${number}`, begin }
  }

  #serve(options: readonly string[], onLine: (line: string) => void, portIn: (line: ReadyLine) => number): Begun {
    const redis = `redis://${this.#redisPorts.map(each => `${HOST}:${each}`).join(',')}`
    const common = ['--redis', redis, '--ready-fd', '3', '--log-level', 'warn', ...this.#settings.serve]
    const child = new Leashed({
      program: process.execPath,
      argv: [this.#settings.main, 'serve', ...options, ...common],
      onLine,
    })
    const ready = child.ready().then(line => (line === undefined ? undefined : portIn(JSON.parse(line) as ReadyLine)))
    return { child, ready }
  }

  /** Refuses a folder with data of the other kind: nothing would be seen of them. */
  #assertKind(): void {
    const { folder, redisCluster } = this.#settings
    if (!fs.existsSync(this.#redisFolder(!redisCluster, 1))) return
    throw new Error(
      redisCluster
        ? `--data ${folder} holds a single Redis: leave --redis-cluster out, or name another folder`
        : `--data ${folder} holds a Redis Cluster: add --redis-cluster, or name another folder`,
    )
  }

  /** The folder of a server of Redis. It does not depend on the port, so that another port finds the same data. */
  #redisFolder(redisCluster: boolean, number: number): string {
    return path.join(this.#settings.folder, `${redisCluster ? 'redis-cluster' : 'redis'}-${number}`)
  }

  #redisPlace(port: number, number: number): Place {
    const { redisCluster } = this.#settings
    const dir = this.#redisFolder(redisCluster, number)
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 })
    const settings = { ...(redisCluster ? CLUSTER_SETTINGS : SERVER_SETTINGS), bind: HOST, port: String(port), dir }
    const argv = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const begin = (onLine: (line: string) => void): Begun => {
      let isReady: () => void = () => {}
      const said = new Promise<void>(resolve => {
        isReady = resolve
      })
      const child = new Leashed({
        program: 'redis-server',
        argv,
        onLine(line) {
          onLine(line)
          // Whoever else may have the port: it is this one that says so.
          if (line.includes('Ready to accept connections')) isReady()
        },
      })
      return { child, ready: Promise.race([said.then(() => port), child.exit.then(() => undefined)]) }
    }
    return { kind: 'redis', number, name: `Redis at port ${port}`, begin }
  }

  /** Starts a process, and again whenever it ends. @returns its port @throws Error with one line if it does not start at first */
  async #begin(place: Place): Promise<number> {
    if (this.#ending) throw new Error('everything is being ended')
    const last: string[] = []
    const onLine = (line: string): void => {
      last.push(line)
      if (last.length > LAST_LINES) last.shift()
    }
    const { child, ready } = this.#enter(place, onLine)
    const port = await ready
    if (port === undefined) throw new Error(notStarted(place.name, place.kind, last))
    void this.#keep(place, child, { onLine, last })
    return port
  }

  #enter({ kind, number, begin }: Place, onLine: (line: string) => void): Begun {
    const { child, ready } = begin(onLine)
    this.#running[kind][number - 1] = child
    const told = ready.then(port => {
      if (port !== undefined && child.pid !== undefined) this.#onStarted({ kind, number, port, pid: child.pid })
      return port
    })
    return { child, ready: told }
  }

  async #keep(place: Place, first: Leashed, { onLine, last }: Output): Promise<void> {
    let child = first
    const leastMs = place.kind === 'redis' && this.#settings.redisCluster ? AGAIN_MS_OF_CLUSTER : AGAIN_MS_MIN
    let againMs = leastMs
    for (;;) {
      const sinceMs = this.#clock.monotonic()
      const status = await child.exit
      if (this.#ending) return
      if (status === EXIT.DAMAGED) {
        // Started again, it would make a new store where the data were.
        this.#onDamage(`${place.name} has ended with status ${status}, and is not started again: ${last.at(-1) ?? ''}`)
        return
      }
      if (this.#clock.monotonic() - sinceMs > STEADY_MS) againMs = leastMs
      this.#tell(`${place.name} has ended with status ${status}: it is started again in ${againMs / 1000} s`)
      await pause(this.#clock, againMs)
      againMs = Math.min(AGAIN_MS_MAX, againMs * 2)
      if (this.#ending) return
      const begun = this.#enter(place, onLine)
      child = begun.child
      if ((await begun.ready) !== undefined) this.#tell(`${place.name} runs again`)
    }
  }
}

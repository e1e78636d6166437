/** The measured servers, each a process of its own: Longwire as people start it, and the servers it is compared with. */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Duplex, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { present } from '../src/lib/assert.js'
import { PROBE_FD, type ProbeAnswer } from './socket-counts.js'

export interface ServerProcess {
  readonly pid: number
  readonly port: number
  /** The port of the short side; 0 if it has none. */
  readonly httpPort: number
  /** Asks its probe; absent if it has none. */
  readonly probe?: (question: string) => Promise<ProbeAnswer>
  /** Ends it in order; what it stored stays. Once. */
  stop(): Promise<void>
  /** Ends it by SIGKILL, as a machine that fails would. */
  kill(): Promise<void>
}

export interface StartOptions {
  /** Options beside the defaults, with limits as they are for everybody, and passwords that cost what they cost; absent: none, and cheap ones. */
  readonly limits?: readonly string[] | undefined
  /** Keeps everything in the Redis with this URL, and nothing in a folder. */
  readonly redis?: string
  /** The root of the checkout that is started, which is built; absent: this one. */
  readonly root?: string | undefined
  /** The only core that it may use; absent: all. */
  readonly core?: number | undefined
  /** The network namespace that it runs in; absent: that of this process. */
  readonly within?: string
  /** It has a probe (socket-probe.ts), if it runs on Node. */
  readonly probed?: boolean
  /** Its main thread reads all pages of timelines (inline-pages.ts). */
  readonly inlinePages?: boolean
  /** SIGUSR2 then collects its garbage. */
  readonly collectable?: boolean
  /** Leaves its standard error unread: what it says when it ends early is lost. */
  readonly unreadStderr?: boolean
}

const READY_FD = 3
const LISTEN_STEP_MS = 20
const STOP_MS_MAX = 10_000

let profileFolder: string | undefined

/** Servers that are started from here on write a processor profile into this folder when they end. */
export function profileInto(folder: string): void {
  profileFolder = folder
}

const running = new Set<ChildProcess>()
const folders = new Set<string>()

/** Node's process.on('exit') may do what is synchronous: nothing of a benchmark stays behind, however it ends. */
export function cleanUpAtExit(): void {
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL')
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
  process.on('SIGHUP', () => process.exit(129))
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
}

/** `node dist/src/main.js serve` on free ports of loopback. `folder` is its data folder; undefined for the store memory. */
export function startLongwire(folder: string | undefined, options: StartOptions = {}): Promise<ServerProcess> {
  const store = storeOptions(folder, options.redis)
  const ports = ['--port', '0', '--http-port', '0']
  const limits = options.limits ?? ['--limits', 'open']
  const rest = ['--log-level', 'warn', '--drain-ms', '0', '--ready-fd', '3']
  const program = options.root === undefined ? pathOf('../src/main.js') : join(options.root, 'dist/src/main.js')
  return startNode(program, ['serve', ...ports, ...store, ...rest, ...limits], options)
}

function storeOptions(folder: string | undefined, redis: string | undefined): readonly string[] {
  if (redis !== undefined) return ['--redis', redis, '--link-port', '0']
  return folder === undefined ? ['--store', 'memory'] : ['--store', 'lmdb', '--data', folder]
}

/** See cluster/far-relay.ts. */
export function startFarRelay(to: number, delayMs: number): Promise<ServerProcess> {
  return startNode(pathOf('./cluster/far-relay.js'), [String(to), String(delayMs)], {})
}

/** See baseline.ts. */
export function startBaseline(
  mode: 'echo' | 'relay' | 'http',
  sizes: { readonly in: number; readonly out: number; readonly on?: number },
  options: StartOptions = {},
): Promise<ServerProcess> {
  return startNode(pathOf('./baseline.js'), [mode, String(sizes.in), String(sizes.out), String(sizes.on ?? 0)], options)
}

/** See peers/socket-io-server.ts. */
export function startSocketIo(options: StartOptions = {}): Promise<ServerProcess> {
  return startNode(pathOf('./peers/socket-io-server.js'), [], options)
}

/** An installed program that is no Node. It cannot say where it listens, so it is given a port: absent, one that is free. */
export async function startProgram(
  program: string,
  options: StartOptions,
  argv: (port: number) => readonly string[],
  given?: number,
): Promise<ServerProcess> {
  const port = given ?? (await freePort())
  return start([program, ...argv(port)], options, async () => {
    while (!(await listens(port))) await sleep(LISTEN_STEP_MS)
    return { port }
  })
}

/** A fresh folder on a real disk, gone at the end: where /tmp is memory nothing would be measured of a disk. */
export function dataFolder(): string {
  const parent = [tmpdir(), process.cwd()].find(folder => !MEMORY_FILE_SYSTEMS.has(statfsSync(folder).type))
  const folder = mkdtempSync(join(parent ?? tmpdir(), 'longwire-bench-'))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  folders.delete(folder)
}

/** tmpfs and ramfs, by the magic numbers of statfs(2). */
const MEMORY_FILE_SYSTEMS = new Set([0x01021994, 0x858458f6])

function pathOf(module: string): string {
  return fileURLToPath(new URL(module, import.meta.url))
}

async function startNode(script: string, argv: readonly string[], options: StartOptions): Promise<ServerProcess> {
  const collect = options.collectable === true ? ['--import', pathOf('./collect-on-signal.js')] : []
  const inline = options.inlinePages === true ? ['--import', pathOf('./inline-pages.js')] : []
  const probe = options.probed === true ? ['--import', pathOf('./socket-probe.js')] : []
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileFolder]
  let channel: Duplex | undefined
  const server = await start(
    [process.execPath, ...collect, ...inline, ...probe, ...profile, script, ...argv],
    options,
    child => {
      channel = child.stdio[PROBE_FD] as Duplex
      return readyLine(present(child.stdio[READY_FD], 'the descriptor of readiness') as Readable)
    },
  )
  if (channel === undefined || options.probed !== true) return server
  return { ...server, probe: asking(channel) }
}

/** Asks the probe of a server; one question at a time. */
function asking(channel: Duplex): (question: string) => Promise<ProbeAnswer> {
  const answers = createInterface({ input: channel })[Symbol.asyncIterator]()
  return async question => {
    channel.write(question)
    const { value } = await answers.next()
    return JSON.parse(value) as ProbeAnswer
  }
}

/** @param until settles when it listens */
async function start(
  line: readonly string[],
  options: StartOptions,
  until: (child: ChildProcess) => Promise<Ready>,
): Promise<ServerProcess> {
  const pinned = options.core === undefined ? line : ['taskset', '-c', String(options.core), ...line]
  const [command = '', ...rest] =
    options.within === undefined ? pinned : ['ip', 'netns', 'exec', options.within, ...pinned]
  const child = spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: plainEnvironment(),
    detached: true, // Ctrl-C is for this process, which ends its servers itself
  })
  running.add(child)
  let complaints = ''
  if (options.unreadStderr !== true) {
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-4_000)
    })
  }
  const exited = new Promise<string>(resolve => {
    child.on('exit', (code, signal) => {
      running.delete(child)
      resolve(`ended with ${signal ?? code}: ${complaints.trim()}`)
    })
    child.on('error', error => resolve(`could not be started: ${error.message}`))
  })
  const ready = await Promise.race([until(child), exited])
  const named = line.join(' ')
  if (typeof ready === 'string') throw new Error(`${named} ${ready}`)
  let stopping = false
  void exited.then(why => {
    if (!stopping) throw new Error(`${named} ${why}`)
  })
  const stop = async (): Promise<void> => {
    stopping = true
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await exited
    clearTimeout(late)
  }
  const kill = async (): Promise<void> => {
    stopping = true
    child.kill('SIGKILL')
    await exited
  }
  return { pid: present(child.pid, 'the process id'), port: ready.port, httpPort: ready.http_port ?? 0, stop, kill }
}

interface Ready {
  readonly port: number
  readonly http_port?: number
}

async function readyLine(from: Readable): Promise<Ready> {
  for await (const line of createInterface({ input: from })) return JSON.parse(line) as Ready
  return new Promise(() => {}) // it closed the descriptor without a word: its end says why
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = present(server.address(), 'the address of a listening server') as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** A part of the load generator in a process of its own; it takes and sends messages. */
export function startChild(module: string): ChildProcess {
  const child = fork(pathOf(module), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  running.add(child)
  child.on('exit', () => running.delete(child))
  return child
}

/** Options of a server that the person's shell may hold are not those of the benchmark. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LONGWIRE_')))
}

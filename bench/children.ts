/** The measured servers, each a process of its own: Longwire as people start it, and the bare servers it is compared with. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { present } from '../src/lib/assert.js'

export interface ServerProcess {
  readonly pid: number
  readonly port: number
  /** The port of the short side; 0 if it has none. */
  readonly httpPort: number
  /** Ends it in order; what it stored stays. Once. */
  stop(): Promise<void>
}

export interface StartOptions {
  /** Options beside the defaults, with limits as they are for everybody, and passwords that cost what they cost; absent: none, and cheap ones. */
  readonly limits?: readonly string[] | undefined
  /** The only core that it may use; absent: all. */
  readonly core?: number | undefined
  /** The network namespace that it runs in; absent: that of this process. */
  readonly within?: string
  /** SIGUSR2 then collects its garbage. */
  readonly collectable?: boolean
  /** Leaves its standard error unread: what it says when it ends early is lost. */
  readonly unreadStderr?: boolean
}

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
  const store = folder === undefined ? ['--store', 'memory'] : ['--store', 'lmdb', '--data', folder]
  const ports = ['--port', '0', '--http-port', '0']
  const limits = options.limits ?? ['--limits', 'open']
  const rest = ['--log-level', 'warn', '--drain-ms', '0', '--ready-fd', '3']
  return start(pathOf('../src/main.js'), ['serve', ...ports, ...store, ...rest, ...limits], options)
}

/** See baseline.ts. */
export function startBaseline(
  mode: 'echo' | 'relay' | 'http',
  sizes: { readonly in: number; readonly out: number; readonly on?: number },
  options: StartOptions = {},
): Promise<ServerProcess> {
  return start(pathOf('./baseline.js'), [mode, String(sizes.in), String(sizes.out), String(sizes.on ?? 0)], options)
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

async function start(script: string, argv: readonly string[], options: StartOptions): Promise<ServerProcess> {
  const collect = options.collectable === true ? ['--import', pathOf('./collect-on-signal.js')] : []
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileFolder]
  const node = [process.execPath, ...collect, ...profile, script, ...argv]
  const pinned = options.core === undefined ? node : ['taskset', '-c', String(options.core), ...node]
  const [command = '', ...rest] =
    options.within === undefined ? pinned : ['ip', 'netns', 'exec', options.within, ...pinned]
  const child = spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
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
  const ready = await Promise.race([readyLine(present(child.stdio[3], 'descriptor 3') as Readable), exited])
  if (typeof ready === 'string') throw new Error(`${script} ${ready}`)
  let stopping = false
  void exited.then(why => {
    if (!stopping) throw new Error(`${script} ${why}`)
  })
  const stop = async (): Promise<void> => {
    stopping = true
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await exited
    clearTimeout(late)
  }
  return { pid: present(child.pid, 'the process id'), port: ready.port, httpPort: ready.http_port ?? 0, stop }
}

async function readyLine(from: Readable): Promise<{ readonly port: number; readonly http_port?: number }> {
  for await (const line of createInterface({ input: from })) return JSON.parse(line) as { port: number }
  return new Promise(() => {}) // it closed the descriptor without a word: its end says why
}

/** Options of a server that the person's shell may hold are not those of the benchmark. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LONGWIRE_')))
}

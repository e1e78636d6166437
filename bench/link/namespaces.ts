/** Two network namespaces with a slow link between them (link.py), and what runs in them. Everything ends with this process. */

import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { present } from '../../src/lib/assert.js'

/** The server's address on the link. */
export const SERVER_ADDRESS = '10.99.0.2'

/** The keys are those of link.py. */
export interface LinkProfile {
  /** Milliseconds. */
  readonly rtt: number
  readonly jitter: number
  /** The part of the packets that is lost, each way. */
  readonly loss: number
  readonly kbps_up: number
  readonly kbps_down: number
}

export interface Traffic {
  readonly packets: number
  /** With the headers of IP and TCP. */
  readonly bytes: number
}

export interface Counts {
  readonly up: Traffic
  readonly down: Traffic
}

/** The congestion control in both namespaces. BBR, the default of some systems, flatters a link that loses packets. */
export const CONGESTION_CONTROL = 'reno'

const LINK = fileURLToPath(new URL('../../../bench/link/link.py', import.meta.url))

/** What this machine lacks for a link; undefined if it has everything. */
export function missingForLink(): string | undefined {
  if (process.getuid?.() !== 0) return 'root, for network namespaces'
  if (!existsSync('/dev/net/tun')) return '/dev/net/tun'
  if (!isInstalled('ip', '-V')) return 'the command ip (iproute2)'
  if (!isInstalled('python3', '--version')) return 'python3'
  return undefined
}

/** Whether a command can be run here. */
export function isInstalled(command: string, ask: string): boolean {
  return spawnSync(command, [ask], { stdio: 'ignore' }).error === undefined
}

/** The namespaces that are there, to be removed however this process ends. */
const namespaces = new Set<string>()
const running = new Set<ChildProcess>()
let made = 0

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const name of namespaces) spawnSync('ip', ['netns', 'del', name])
})

/** A link with its two ends. */
export class SlowLink {
  /** The namespace of the phones. */
  readonly phones: string
  /** The namespace of the server. */
  readonly server: string
  readonly #emulator: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(phones: string, server: string, emulator: ChildProcess, lines: Interface) {
    this.phones = phones
    this.server = server
    this.#emulator = emulator
    this.#lines = lines[Symbol.asyncIterator]()
  }

  static async open(profile: LinkProfile): Promise<SlowLink> {
    const [phones, server] = [namespace(), namespace()]
    const emulator = spawn('python3', [LINK, phones, server, JSON.stringify(profile)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    keep(emulator)
    const link = new SlowLink(
      phones,
      server,
      emulator,
      createInterface({ input: present(emulator.stdout, 'its output') }),
    )
    await link.#line()
    return link
  }

  /** What was put on the link so far. */
  async count(): Promise<Counts> {
    present(this.#emulator.stdin, 'its input').write('\n')
    return JSON.parse(await this.#line()) as Counts
  }

  close(): void {
    this.#emulator.kill('SIGKILL')
    for (const name of [this.phones, this.server]) {
      spawnSync('ip', ['netns', 'del', name])
      namespaces.delete(name)
    }
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error('the link ended: see above')
    return value
  }
}

/** Starts a program in a namespace. */
export function spawnWithin(name: string, command: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn('ip', ['netns', 'exec', name, ...command], options)
  keep(child)
  return child
}

function namespace(): string {
  const name = `longwire-${process.pid}-${++made}`
  run('ip', 'netns', 'add', name)
  namespaces.add(name)
  const setting = '/proc/sys/net/ipv4/tcp_congestion_control'
  run('ip', 'netns', 'exec', name, 'sh', '-c', `echo ${CONGESTION_CONTROL} > ${setting}`)
  return name
}

function run(command: string, ...rest: string[]): void {
  const { status, stderr } = spawnSync(command, rest, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${rest.join(' ')}: ${stderr}`)
}

function keep(child: ChildProcess): void {
  running.add(child)
  child.on('exit', () => running.delete(child))
}

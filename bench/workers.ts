/**
 * (k) What the threads take from the main thread. First what work costs it that it does or hands on (worker-costs.ts). Then friends
 * talk at a steady rate, alone and while 200 new devices read timelines of 10 000 items each, from a server whose threads read pages and
 * from one whose main thread reads them all, in turns.
 */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { dataFolder, removeFolder, type ServerProcess, startChild, startLongwire } from './children.js'
import type { SyncAnswer, SyncOrder } from './first-sync-child.js'
import { befriend, registerUsers } from './fleet.js'
import { Talk } from './login.js'
import { LongwirePair, Tally } from './pairs.js'
import type { Preset } from './presets.js'
import { cpuMsOf, mainCpuMsOf, pinning, pinSelf } from './process-probe.js'
import { medians, rounded } from './statistics.js'
import { type WorkerCosts, workerCosts } from './worker-costs.js'

export interface FirstSyncRow {
  readonly target: 'threads' | 'main thread'
  readonly alone_p50_ms: number
  readonly alone_p99_ms: number
  readonly synced_p50_ms: number
  readonly synced_p99_ms: number
  readonly p99_ratio: number
  /** The time until all devices had everything. */
  readonly seconds: number
  readonly pages_per_second: number
  /** The server's CPU for a page, with its share of the talk: of the main thread, and of all threads. */
  readonly main_cpu_us: number
  readonly cpu_us: number
}

export interface WorkersReport {
  readonly costs: WorkerCosts
  /** Whether the server, with all its threads, had one core, and the talk and the devices another. */
  readonly pinned: boolean
  readonly devices: number
  readonly items: number
  readonly pairs: number
  readonly messages_per_second: number
  readonly first_syncs: readonly FirstSyncRow[]
}

/** An account has 8 devices at most, and the first is the one that registered. */
const DEVICES_PER_ACCOUNT = 7
const PASSWORD = 'bench password'
const IN_FLIGHT = 32

export async function measureWorkers(preset: Preset, say: (line: string) => void): Promise<WorkersReport> {
  say('(k) pages and bodies by size')
  const costs = await workerCosts(preset)
  const cores = pinning()
  pinSelf(cores?.generator)
  const arenas: Arena[] = []
  for (const target of ['threads', 'main thread'] as const) {
    say(`(k) ${target}: making timelines of ${preset.syncItems} items`)
    arenas.push(await Arena.open(target, preset, cores?.server))
  }
  const rounds = new Map(arenas.map(arena => [arena, [] as Omit<FirstSyncRow, 'target'>[]]))
  for (let round = 1; round <= preset.rounds; round++) {
    for (const [arena, rows] of rounds) {
      say(`(k) first syncs, round ${round} of ${preset.rounds}, ${arena.target}`)
      rows.push(await arena.round(preset))
    }
  }
  for (const arena of arenas) await arena.close()
  pinSelf(undefined)
  return {
    costs,
    pinned: cores !== undefined,
    devices: preset.syncDevices,
    items: preset.syncItems,
    pairs: preset.talkers,
    messages_per_second: preset.talkers * 10,
    first_syncs: [...rounds].map(([{ target }, rows]) => {
      const figures = Object.entries(medians(rows)).map(([name, value]) => [name, rounded(value, 2)])
      return { target, ...(Object.fromEntries(figures) as Omit<FirstSyncRow, 'target'>) }
    }),
  }
}

/** The answer of the devices' process. */
async function asked(devices: ChildProcess, order: SyncOrder | 'run'): Promise<SyncAnswer> {
  devices.send(order)
  const [answer] = await Promise.race([once(devices, 'message'), once(devices, 'exit')])
  if (typeof answer !== 'object' || answer === null) throw new Error(`the devices' process ended with ${answer}`)
  return answer as SyncAnswer
}

/** A server, friends who talk, and accounts with long timelines that new devices read. */
class Arena {
  readonly target: FirstSyncRow['target']
  readonly #folder: string
  readonly #server: ServerProcess
  readonly #talk: Talk
  readonly #devices: ChildProcess

  private constructor(
    target: FirstSyncRow['target'],
    folder: string,
    server: ServerProcess,
    parts: { readonly talk: Talk; readonly devices: ChildProcess },
  ) {
    this.target = target
    this.#folder = folder
    this.#server = server
    this.#talk = parts.talk
    this.#devices = parts.devices
  }

  static async open(target: FirstSyncRow['target'], preset: Preset, core: number | undefined): Promise<Arena> {
    const folder = dataFolder()
    const server = await startLongwire(folder, { inlinePages: target === 'main thread', core })
    const { port } = server
    const accounts = 2 * Math.ceil(preset.syncDevices / DEVICES_PER_ACCOUNT / 2)
    const users = await befriend(await registerUsers(port, 'reader', accounts))
    const tally = new Tally()
    const pairs = users.map(pair => new LongwirePair(tally, pair, 'm'.repeat(100)))
    for (const pair of pairs) pair.start(IN_FLIGHT)
    while (tally.delivered < preset.syncItems * pairs.length) await sleep(10)
    for (const pair of pairs) pair.stop()
    while (tally.delivered < tally.sent) await sleep(10)
    for (const pair of pairs) pair.close()
    const devices = startChild('./first-sync-child.js')
    const order: SyncOrder = {
      port,
      password: PASSWORD,
      accounts: Array.from({ length: preset.syncDevices }, (_, i) => `reader${Math.floor(i / DEVICES_PER_ACCOUNT)}`),
    }
    await asked(devices, order)
    const talk = new Talk(await befriend(await registerUsers(port, 'talk', 2 * preset.talkers)))
    return new Arena(target, folder, server, { talk, devices })
  }

  async round({ warmMs, windowMs }: Preset): Promise<Omit<FirstSyncRow, 'target'>> {
    this.#talk.start()
    await sleep(warmMs)
    const alone = await this.#talk.window(sleep(windowMs))
    const { pid } = this.#server
    const before = [performance.now(), mainCpuMsOf(pid), cpuMsOf(pid)] as const
    const run = asked(this.#devices, 'run')
    const synced = await this.#talk.window(run)
    const seconds = (performance.now() - before[0]) / 1_000
    const [mainMs, allMs] = [mainCpuMsOf(pid) - before[1], cpuMsOf(pid) - before[2]]
    this.#talk.pause()
    await sleep(warmMs)
    const answer = await run
    const pages = answer.kind === 'done' ? answer.pages : 0
    return {
      alone_p50_ms: alone.p50,
      alone_p99_ms: alone.p99,
      synced_p50_ms: synced.p50,
      synced_p99_ms: synced.p99,
      p99_ratio: synced.p99 / alone.p99,
      seconds,
      pages_per_second: pages / seconds,
      main_cpu_us: (mainMs * 1_000) / pages,
      cpu_us: (allMs * 1_000) / pages,
    }
  }

  async close(): Promise<void> {
    this.#talk.stop()
    this.#devices.kill()
    await this.#server.stop()
    removeFolder(this.#folder)
  }
}

/**
 * (k) What the threads take from the main thread. First the cost of a page of a timeline for the main thread: read and encoded there, and
 * by a thread, by size. Then friends talk at a steady rate, alone and while 200 new devices read timelines of 10 000 items each, from a
 * server whose threads read pages and from one whose main thread reads them all, in turns.
 */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeMessageItem, encodeSyncFrame } from '../protocol/item-codec.js'
import { SYNC_BYTES_MAX } from '../protocol/limits.js'
import { present } from '../src/lib/assert.js'
import { systemClock } from '../src/lib/clock.js'
import { openLmdbStore } from '../src/store/lmdb/open.js'
import type { LmdbStore } from '../src/store/lmdb/store.js'
import { WorkerPool } from '../src/workers/pool.js'
import { dataFolder, removeFolder, type ServerProcess, startChild, startLongwire } from './children.js'
import type { SyncAnswer, SyncOrder } from './first-sync-child.js'
import { befriend, registerUsers } from './fleet.js'
import { Talk } from './login.js'
import { LongwirePair, Tally } from './pairs.js'
import type { Preset } from './presets.js'
import { cpuMsOf, mainCpuMsOf, ownMainCpuUs } from './process-probe.js'
import { medians, rounded } from './statistics.js'

export interface PageCost {
  readonly items: number
  /** Pages that are asked for at once. */
  readonly at_once: number
  readonly here_us: number
  readonly there_us: number
}

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
  readonly pages: readonly PageCost[]
  readonly devices: number
  readonly items: number
  readonly pairs: number
  readonly messages_per_second: number
  readonly first_syncs: readonly FirstSyncRow[]
}

const SIZES = [16, 64, 256]
const AT_ONCE = [1, 16]
const LOG = 'user/1'
const LOG_ITEMS = 10_500

/** An account has 8 devices at most, and the first is the one that registered. */
const DEVICES_PER_ACCOUNT = 7
const PASSWORD = 'bench password'
const IN_FLIGHT = 32

export async function measureWorkers(preset: Preset, say: (line: string) => void): Promise<WorkersReport> {
  say('(k) pages by size')
  const pages = await pageCosts(preset)
  const arenas = [await Arena.open('threads', preset, say), await Arena.open('main thread', preset, say)]
  const rounds = new Map(arenas.map(arena => [arena, [] as Omit<FirstSyncRow, 'target'>[]]))
  for (let round = 1; round <= preset.rounds; round++) {
    for (const [arena, rows] of rounds) {
      say(`(k) first syncs, round ${round} of ${preset.rounds}, ${arena.target}`)
      rows.push(await arena.round(preset))
    }
  }
  for (const arena of arenas) await arena.close()
  return {
    pages,
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

/** The main thread's time for pages of each size, in turns. */
async function pageCosts({ rounds, pageTurns }: Preset): Promise<PageCost[]> {
  const folder = dataFolder()
  let store = await openLmdbStore({ path: folder })
  const bytes = encodeMessageItem({
    sender: 1_000_000,
    device: 1,
    sendSeq: 1_000,
    atMs: Date.now(),
    recipient: 0,
    text: 'm'.repeat(100),
  })
  for (let i = 0; i < LOG_ITEMS; i += 500) {
    const appends = Array.from({ length: 500 }, (_, k) => ({ actor: LOG, conversation: `user/${k % 7}`, bytes }))
    await store.commit(0, [{ expect: [], puts: [], appends, trims: [] }])
  }
  await store.close()
  store = await openLmdbStore({ path: folder }) // everything is in the tables
  const workers = new WorkerPool({ clock: systemClock, threads: 1 })
  const costs: PageCost[] = []
  for (const items of SIZES) {
    for (const atOnce of AT_ONCE) {
      const turns: { here: number; there: number }[] = []
      for (let round = 0; round <= rounds; round++) {
        const here = await mainUs(pageTurns, atOnce, since => pageHere(store, since, items))
        const there = await mainUs(pageTurns, atOnce, since => pagesThere(store, workers, since, items, atOnce))
        if (round > 0) turns.push({ here, there }) // the first compiles
      }
      const { here, there } = medians(turns)
      costs.push({ items, at_once: atOnce, here_us: rounded(here, 1), there_us: rounded(there, 1) })
    }
  }
  await workers.close()
  await store.close()
  removeFolder(folder)
  return costs
}

/** The CPU of this thread, for each of so many pages. */
async function mainUs(turns: number, atOnce: number, run: (since: number) => Promise<number>): Promise<number> {
  const before = ownMainCpuUs()
  let pages = 0
  for (let turn = 0; turn < turns; turn++) {
    const since = (turn * 256) % 9_000
    while (pages < (turn + 1) * atOnce) pages += await run(since)
  }
  return (ownMainCpuUs() - before) / pages
}

async function pageHere(store: LmdbStore, since: number, items: number): Promise<number> {
  const { entries } = await store.read(LOG, since, Number.MAX_SAFE_INTEGER, items, SYNC_BYTES_MAX)
  encodeSyncFrame(1, since, { to: entries.at(-1)?.version ?? 0, more: true, trimmed: false, items: entries })
  return 1
}

async function pagesThere(
  store: LmdbStore,
  workers: WorkerPool,
  since: number,
  items: number,
  count = 1,
): Promise<number> {
  const { upTo, place } = present(store.settled(LOG, since), 'the part in the tables')
  const range = { actor: LOG, after: since, upTo, left: [], entriesMax: items, bytesMax: SYNC_BYTES_MAX }
  const pages = await workers.run('read-pages', { place, ranges: Array.from({ length: count }, () => range) })
  for (const page of pages) {
    const made = present(page, 'a full page')
    await store.read(LOG, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1, 0)
    encodeSyncFrame(1, since, { to: made.last, more: true, trimmed: false, items: made })
  }
  return count
}

/** The answer of the devices' process. */
async function asked(devices: ChildProcess, order: SyncOrder | 'run'): Promise<SyncAnswer> {
  devices.send(order)
  const [answer] = await Promise.race([once(devices, 'message'), once(devices, 'exit')])
  if (typeof answer !== 'object') throw new Error(`the devices' process ended with ${answer}`)
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

  static async open(target: FirstSyncRow['target'], preset: Preset, say: (line: string) => void): Promise<Arena> {
    const folder = dataFolder()
    const server = await startLongwire(folder, { inlinePages: target === 'main thread' })
    const { port } = server
    say(`(k) ${target}: making timelines of ${preset.syncItems} items`)
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

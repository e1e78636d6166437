/**
 * (d) Memory of an idle connection that is logged in, and the CPU of the login. Longwire over TCP stands beside socket.io and beside
 * a bare `net` server whose sockets exchanged as many bytes; then Longwire over WebSocket, and as a poll that waits.
 *
 * Memory is read as it lies: garbage of the logins is in it, and pages of the database that the kernel counts for the process. A
 * figure is (at N connections − at none) / N. Another process registered the users, so all of a server is the connections'. A last
 * reading collects the garbage and compacts the heap, after the engine's cache of records is gone: what is then left is live.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { createSyncRequest } from '../protocol/generated/messages.js'
import { POLL_MS_MAX } from '../protocol/limits.js'
import { METHODS } from '../protocol/methods.js'
import { present } from '../src/lib/assert.js'
import {
  dataFolder,
  removeFolder,
  type ServerProcess,
  type StartOptions,
  startBaseline,
  startLongwire,
  startSocketIo,
} from './children.js'
import { inParallel, registerUsers } from './fleet.js'
import { HttpClient, httpRequest } from './http-client.js'
import {
  IDLE_KINDS,
  type IdleKind,
  type IdleReading,
  type IdleReport,
  type IdleRow,
  type IdleRows,
  idleRow,
} from './idle-row.js'
import { SocketIoConnection } from './peers/socket-io.js'
import type { Preset } from './presets.js'
import { cpuMsOf, descriptorsMax, type Memory, memoryOf, pinning, pinSelf } from './process-probe.js'
import { RawClient } from './raw-client.js'
import type { BenchUser } from './user.js'

/** Descriptors that are not those connections'. */
const DESCRIPTORS_KEPT = 500

/** The time in which a server ends the work that its last logins left. */
const REST_MS = 500

const SETTLE_MS_MAX = 15_000
const SETTLE_STEP_MS = 200
/** Readings that differ by less than this share are the same. */
const SETTLED_SHARE = 0.002

/** A server that is measured, and what connects the client of that index. */
interface Idle {
  readonly server: ServerProcess
  connect(index: number): Promise<Cut>
  /** Whether it keeps a cache for a time, which is no part of a connection. */
  readonly hasCache: boolean
}

type Cut = { destroy(): void }

/** A data folder, its users, and the root of the checkout whose server made it; undefined: this one. */
interface Registered {
  readonly folder: string
  readonly users: readonly BenchUser[]
  readonly root: string | undefined
}

/** @param against the root of another checkout, whose server takes turns with ours; undefined for none */
export async function measureIdle(
  preset: Preset,
  against: string | undefined,
  say: (line: string) => void,
): Promise<IdleReport> {
  const possible = descriptorsMax() - DESCRIPTORS_KEPT
  const counts = [...new Set(preset.idleCounts.map(count => Math.min(count, possible)))]
  const cores = pinning()
  const options = { core: cores?.server, collectable: true }
  const most = present(counts.at(-1), 'a number of connections')
  say(`(d) registering ${most} users`)
  const ours = await registered(most, undefined)
  const others = against === undefined ? undefined : await registered(most, against)
  pinSelf(cores?.generator)
  const kinds = IDLE_KINDS.filter(kind => kind !== 'against' || others !== undefined)
  const readings = new Map(kinds.map(kind => [kind, [] as IdleReading[]]))
  for (let round = 1; round <= preset.idleRounds; round++) {
    for (const kind of kinds) {
      const from = kind === 'against' && others !== undefined ? others : ours
      const tell = (count: number): void => say(`(d) round ${round} of ${preset.idleRounds}: ${kind}, ${count}`)
      const idle = await opened(kind, from, options)
      const reading = await read(idle, counts, preset, tell)
      await idle.server.stop()
      // A collection at none would change what is read as it lies. So another one is started for it.
      const { server } = await opened(kind, from, options)
      await sleep(preset.idleMs)
      const compactedNone = await collected(server.pid, preset.settledReadings)
      await server.stop()
      readings.get(kind)?.push({ ...reading, compactedNone })
    }
  }
  pinSelf(undefined)
  for (const made of [ours, others]) if (made !== undefined) removeFolder(made.folder)
  const { bytesIn, bytesOut } = exchanged(ours.users)
  const all = new Map<IdleKind, IdleRow>()
  for (const [kind, rounds] of readings) all.set(kind, idleRow(counts, rounds))
  return {
    pinned: cores !== undefined,
    rounds: preset.idleRounds,
    counts,
    idle_seconds: preset.idleMs / 1000,
    compacted_after_seconds: preset.cacheGoneMs / 1000,
    exchanged_up: bytesOut,
    exchanged_down: bytesIn,
    rows: Object.fromEntries(all) as unknown as IdleRows,
  }
}

/** Starts the server of that kind. A bare one exchanges what the last user exchanged over TCP. */
async function opened(kind: IdleKind, from: Registered, options: StartOptions): Promise<Idle> {
  const { folder, users, root } = from
  const user = (index: number): BenchUser => present(users[index], 'a user')
  if (kind === 'socket.io') {
    const server = await startSocketIo(options)
    const connect = async (index: number): Promise<Cut> => {
      const { client } = await SocketIoConnection.connect(server.port, `user${index}`, '', '')
      return client
    }
    return { server, connect, hasCache: false }
  }
  if (kind === 'bare') {
    const { bytesIn, bytesOut } = exchanged(users)
    const server = await startBaseline('echo', { in: bytesOut, out: bytesIn }, options)
    return { server, connect: () => exchangedOnce(server.port, bytesOut, bytesIn), hasCache: false }
  }
  const server = await startLongwire(folder, { ...options, root })
  const { port, httpPort } = server
  if (kind === 'poll') return { server, connect: index => waitingPoll(httpPort, user(index)), hasCache: true }
  const connect = async (index: number): Promise<Cut> => {
    await (kind === 'ws' ? user(index).reconnect(httpPort, 'ws') : user(index).reconnect(port))
    if (kind === 'longwire') overTcp.set(user(index), user(index).client)
    return user(index).client
  }
  return { server, connect, hasCache: true }
}

/** The last connection of each user over TCP: it knows how many bytes it exchanged. */
const overTcp = new WeakMap<BenchUser, RawClient>()

function exchanged(users: readonly BenchUser[]): { readonly bytesIn: number; readonly bytesOut: number } {
  return present(overTcp.get(present(users.at(-1), 'a user')), 'a connection over TCP')
}

/** Reads one server's memory at none and at each number of connections. Cuts them at the end. */
async function read(
  { server, connect, hasCache }: Idle,
  counts: readonly number[],
  { idleMs, cacheGoneMs, settledReadings }: Preset,
  tell: (count: number) => void,
): Promise<Omit<IdleReading, 'compactedNone'>> {
  const { pid } = server
  await sleep(idleMs)
  const none = memoryOf(pid)
  const cuts: Cut[] = []
  const at: Memory[] = []
  const connectMs: number[] = []
  for (const count of counts) {
    tell(count)
    const before = cpuMsOf(pid)
    const from = cuts.length
    cuts.push(...(await inParallel(count - from, index => connect(from + index))))
    await sleep(Math.min(REST_MS, idleMs))
    connectMs.push(cpuMsOf(pid) - before)
    await sleep(Math.max(0, idleMs - REST_MS))
    at.push(memoryOf(pid))
  }
  if (hasCache) await sleep(cacheGoneMs)
  const compacted = await collected(pid, settledReadings)
  for (const cut of cuts) cut.destroy()
  return { none, at, compacted, connectMs }
}

/** The memory when collections change nothing any more, or at the end of patience. */
async function collected(pid: number, settledReadings: number): Promise<Memory> {
  const deadlineMs = performance.now() + SETTLE_MS_MAX
  let memory = memoryOf(pid)
  for (let same = 0; same < settledReadings && performance.now() < deadlineMs; ) {
    process.kill(pid, 'SIGUSR2')
    await sleep(SETTLE_STEP_MS)
    const now = memoryOf(pid)
    same = Math.abs(now.rssBytes - memory.rssBytes) < memory.rssBytes * SETTLED_SHARE ? same + 1 : 0
    memory = now
  }
  return memory
}

/** Users of a server that has ended. */
async function registered(count: number, root: string | undefined): Promise<Registered> {
  const folder = dataFolder()
  const server = await startLongwire(folder, { root })
  const users = await registerUsers(server.port, 'idle', count)
  for (const { client } of users) client.destroy()
  await server.stop()
  return { folder, users, root }
}

/** A connection on which one poll after the other waits. */
async function waitingPoll(port: number, { session, applied }: BenchUser): Promise<HttpClient> {
  const body = METHODS.sync.encodeRequest(createSyncRequest({ since: applied, waitMs: POLL_MS_MAX }))
  const request = httpRequest(port, '/longwire.v1.MessageService/Sync', body, session.token)
  const client = await HttpClient.connect(port)
  client.onAnswer = () => client.write(request)
  client.write(request)
  return client
}

/** A bare connection that sent and got so many bytes. */
async function exchangedOnce(port: number, up: number, down: number): Promise<RawClient> {
  const client = await RawClient.connect(port)
  let due = down
  const answered = new Promise<void>(resolve => {
    client.onBytes = count => {
      due -= count
      if (due === 0) resolve()
    }
  })
  client.write(Buffer.alloc(up, 1))
  await answered
  return client
}

/**
 * (d) Memory of an idle connection that is logged in: the slope of the server's RSS from few to many connections. Beside it
 * stands that of a bare `net` server whose sockets exchanged as many bytes. Measured over TCP, over WebSocket, and as a poll that
 * waits. All collect their garbage before they are looked at.
 *
 * Another process registered the users, so nothing of that is left. The server keeps something of them for a time (the engine's
 * cache of records). The bench waits until that is gone, because it is bounded and not the connection's. RSS includes pages of
 * the database that the kernel counts for the process; the second figure leaves pages of files out.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { createSyncRequest } from '../protocol/generated/messages.js'
import { POLL_MS_MAX } from '../protocol/limits.js'
import { METHODS } from '../protocol/methods.js'
import { present } from '../src/lib/assert.js'
import { dataFolder, removeFolder, type ServerProcess, startBaseline, startLongwire } from './children.js'
import { inParallel, registerUsers } from './fleet.js'
import { HttpClient, httpRequest } from './http-client.js'
import type { Preset } from './presets.js'
import { descriptorsMax, memoryOf } from './process-probe.js'
import { RawClient } from './raw-client.js'
import { medians, rounded } from './statistics.js'
import type { BenchUser } from './user.js'

export interface IdleReport extends Slopes {
  readonly from_connections: number
  readonly to_connections: number
  /** The time that they were idle before memory was read. */
  readonly idle_seconds: number
  /** The bytes that each bare socket carried before: as many as one over TCP. */
  readonly exchanged_up: number
  readonly exchanged_down: number
}

interface Slopes {
  /** The growth of RSS per connection. `longwire` is over TCP. */
  readonly longwire_rss_bytes: number
  readonly bare_rss_bytes: number
  readonly ws_rss_bytes: number
  readonly poll_rss_bytes: number
  readonly rss_ratio: number
  /** The ratios of WebSocket to TCP, and of a waiting poll to TCP. */
  readonly ws_rss_ratio: number
  readonly poll_rss_ratio: number
  /** The resident memory without pages of files. */
  readonly longwire_own_bytes: number
  readonly bare_own_bytes: number
  readonly ws_own_bytes: number
  readonly poll_own_bytes: number
  readonly own_ratio: number
  readonly ws_own_ratio: number
  readonly poll_own_ratio: number
}

/** The growth per connection. */
interface Slope {
  readonly rssBytes: number
  readonly ownBytes: number
}

/** Descriptors that are not those connections'. */
const DESCRIPTORS_KEPT = 500

const SETTLE_MS_MAX = 15_000
const SETTLE_STEP_MS = 200
/** Readings that differ by less than this share are the same. */
const SETTLED_SHARE = 0.002

export async function measureIdle(preset: Preset, say: (line: string) => void): Promise<IdleReport> {
  const high = Math.min(preset.idleHigh, descriptorsMax() - DESCRIPTORS_KEPT)
  const low = Math.min(preset.idleLow, Math.floor(high / 2))
  const folder = dataFolder()
  say(`(d) registering ${high} users`)
  const users = await registered(folder, high)
  const rounds: Slopes[] = []
  let exchanged = { up: 0, down: 0 }
  for (let round = 1; round <= preset.idleRounds; round++) {
    const tell = (what: string): void =>
      say(`(d) ${low} to ${high} connections, round ${round} of ${preset.idleRounds}: ${what}`)
    tell('TCP')
    const cutUsers = (): void => {
      for (const { client } of users) client.destroy()
    }
    const overTcp =
      ({ port }: ServerProcess) =>
      (index: number) =>
        present(users[index], 'a user').reconnect(port)
    const tcp = await longwireSlope(folder, low, high, preset, overTcp, cutUsers)
    const { bytesIn, bytesOut } = present(users.at(-1), 'a user').client
    exchanged = { up: bytesOut, down: bytesIn }

    tell('WebSocket')
    const overWs =
      ({ httpPort }: ServerProcess) =>
      (index: number) =>
        present(users[index], 'a user').reconnect(httpPort, 'ws')
    const ws = await longwireSlope(folder, low, high, preset, overWs, cutUsers)

    tell('waiting polls')
    const polls: HttpClient[] = []
    const polling =
      ({ httpPort }: ServerProcess) =>
      async (index: number) =>
        void polls.push(await waitingPoll(httpPort, present(users[index], 'a user')))
    const poll = await longwireSlope(folder, low, high, preset, polling, () => {
      for (const client of polls) client.destroy()
    })

    tell('bare sockets')
    const server = await startBaseline('echo', { in: bytesOut, out: bytesIn }, { collectable: true })
    const clients: RawClient[] = []
    const exchange = async () => void clients.push(await exchangedOnce(server.port, bytesOut, bytesIn))
    const bare = await slope(server, low, high, exchange, { ...preset, idleMs: 0 })
    for (const client of clients) client.destroy()
    await server.stop()
    rounds.push({
      longwire_rss_bytes: tcp.rssBytes,
      bare_rss_bytes: bare.rssBytes,
      ws_rss_bytes: ws.rssBytes,
      poll_rss_bytes: poll.rssBytes,
      rss_ratio: tcp.rssBytes / bare.rssBytes,
      ws_rss_ratio: ws.rssBytes / tcp.rssBytes,
      poll_rss_ratio: poll.rssBytes / tcp.rssBytes,
      longwire_own_bytes: tcp.ownBytes,
      bare_own_bytes: bare.ownBytes,
      ws_own_bytes: ws.ownBytes,
      poll_own_bytes: poll.ownBytes,
      own_ratio: tcp.ownBytes / bare.ownBytes,
      ws_own_ratio: ws.ownBytes / tcp.ownBytes,
      poll_own_ratio: poll.ownBytes / tcp.ownBytes,
    })
  }
  removeFolder(folder)
  const slopes = medians(rounds as never[]) as unknown as Slopes
  const tidied = Object.entries(slopes).map(([name, value]) => [name, rounded(value, name.endsWith('ratio') ? 2 : 0)])
  return {
    from_connections: low,
    to_connections: high,
    idle_seconds: preset.idleMs / 1000,
    exchanged_up: exchanged.up,
    exchanged_down: exchanged.down,
    ...(Object.fromEntries(tidied) as unknown as Slopes),
  }
}

/** Measures a server that is started for it. `connecting` makes what connects the user of that index. */
async function longwireSlope(
  folder: string,
  low: number,
  high: number,
  { idleMs, settledReadings }: Preset,
  connecting: (server: ServerProcess) => (index: number) => Promise<void>,
  cut: () => void,
): Promise<Slope> {
  const server = await startLongwire(folder, { collectable: true })
  const found = await slope(server, low, high, connecting(server), { idleMs, settledReadings })
  cut()
  await server.stop()
  return found
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

/** Users of a server that has ended. */
async function registered(folder: string, count: number): Promise<BenchUser[]> {
  const server = await startLongwire(folder)
  const users = await registerUsers(server.port, 'idle', count)
  for (const { client } of users) client.destroy()
  await server.stop()
  return users
}

async function slope(
  server: ServerProcess,
  low: number,
  high: number,
  connect: (index: number) => Promise<void>,
  preset: Pick<Preset, 'idleMs' | 'settledReadings'>,
): Promise<Slope> {
  await inParallel(low, connect)
  const before = await settled(server, preset)
  await inParallel(high - low, index => connect(low + index))
  const after = await settled(server, preset)
  const each = high - low
  return { rssBytes: (after.rssBytes - before.rssBytes) / each, ownBytes: (after.ownBytes - before.ownBytes) / each }
}

/** The memory when nothing changes it any more, or at the end of patience. */
async function settled(
  { pid }: ServerProcess,
  { idleMs, settledReadings }: Pick<Preset, 'idleMs' | 'settledReadings'>,
) {
  await sleep(idleMs)
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

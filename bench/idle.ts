/**
 * (d) Memory of an idle connection that is logged in: the slope of the server's RSS from few to many connections, beside
 * that of a bare `net` server whose sockets exchanged as many bytes. Both collect their garbage before they are looked at.
 *
 * The users were registered by another process, so nothing of that is left; what the server keeps of them for a time (the
 * engine's cache of records) is waited for, because it is bounded and not the connection's. Pages of the database that the
 * kernel shows as the process's are in its RSS, and told apart by the second figure, without pages of files.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { dataFolder, removeFolder, type ServerProcess, startBaseline, startLongwire } from './children.js'
import { inParallel, registerUsers } from './fleet.js'
import type { Preset } from './presets.js'
import { descriptorsMax, memoryOf } from './process-probe.js'
import { RawClient } from './raw-client.js'
import { medians, rounded } from './statistics.js'
import type { BenchUser } from './user.js'

export interface IdleReport extends Slopes {
  readonly from_connections: number
  readonly to_connections: number
  /** How long they were idle before memory was read. */
  readonly idle_seconds: number
  /** What each socket carried before. */
  readonly exchanged_up: number
  readonly exchanged_down: number
}

interface Slopes {
  /** Per connection. */
  readonly longwire_rss_bytes: number
  readonly bare_rss_bytes: number
  readonly rss_ratio: number
  /** Without pages of files. */
  readonly longwire_own_bytes: number
  readonly bare_own_bytes: number
  readonly own_ratio: number
}

/** Descriptors that are not those connections'. */
const DESCRIPTORS_KEPT = 500

const SETTLE_MS_MAX = 15_000
const SETTLE_STEP_MS = 200
/** Readings in a row that differ by less than this share. */
const SETTLED_READINGS = 3
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
    say(`(d) ${low} to ${high} connections, round ${round} of ${preset.idleRounds}: Longwire`)
    const longwire = await startLongwire(folder, { collectable: true })
    const login = (index: number) => (users[index] as BenchUser).reconnect(longwire.port)
    const ours = await slope(longwire, low, high, login, preset.idleMs)
    const { bytesIn, bytesOut } = (users.at(-1) as BenchUser).client
    exchanged = { up: bytesOut, down: bytesIn }
    for (const { client } of users) client.destroy()
    await longwire.stop()

    say(`(d) ${low} to ${high} connections, round ${round} of ${preset.idleRounds}: bare sockets`)
    const bare = await startBaseline('echo', { in: bytesOut, out: bytesIn }, { collectable: true })
    const clients: RawClient[] = []
    const exchange = async () => void clients.push(await exchangedOnce(bare.port, bytesOut, bytesIn))
    const theirs = await slope(bare, low, high, exchange, 0)
    for (const client of clients) client.destroy()
    await bare.stop()
    rounds.push({
      longwire_rss_bytes: ours.rssBytes,
      bare_rss_bytes: theirs.rssBytes,
      rss_ratio: ours.rssBytes / theirs.rssBytes,
      longwire_own_bytes: ours.ownBytes,
      bare_own_bytes: theirs.ownBytes,
      own_ratio: ours.ownBytes / theirs.ownBytes,
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
  idleMs: number,
): Promise<{ readonly rssBytes: number; readonly ownBytes: number }> {
  await inParallel(low, connect)
  const before = await settled(server, idleMs)
  await inParallel(high - low, index => connect(low + index))
  const after = await settled(server, idleMs)
  const each = high - low
  return { rssBytes: (after.rssBytes - before.rssBytes) / each, ownBytes: (after.ownBytes - before.ownBytes) / each }
}

/** The memory when nothing changes it any more, or at the end of patience. */
async function settled({ pid }: ServerProcess, idleMs: number) {
  await sleep(idleMs)
  const deadlineMs = performance.now() + SETTLE_MS_MAX
  let memory = memoryOf(pid)
  for (let same = 0; same < SETTLED_READINGS && performance.now() < deadlineMs; ) {
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

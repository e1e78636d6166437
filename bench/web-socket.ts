/**
 * (f) The long side's work over WebSocket, beside itself over TCP: requests per second and what one costs the server, as (a);
 * durable messages between friends, as (b). One server for each transport, in turns.
 */

import { join } from 'node:path'
import type { Arena, Figures } from './arena.js'
import { dataFolder, removeFolder, startLongwire } from './children.js'
import { registerUsers } from './fleet.js'
import { TEXT } from './messages.js'
import { openLongwire } from './peers/longwire.js'
import type { Preset } from './presets.js'
import { pinning, pinSelf } from './process-probe.js'
import { LoadedServer, profileRequest } from './rate.js'
import type { BenchTransport } from './raw-client.js'
import { medians, rounded } from './statistics.js'
import { summary, takeTurns } from './turns.js'

export interface WebSocketReport {
  readonly pinned: boolean
  readonly requests: readonly WebSocketRequests[]
  readonly messages: readonly (Figures & { readonly in_flight: number; readonly transport: BenchTransport })[]
}

export interface WebSocketRequests {
  readonly connections: number
  readonly ws_per_second: number
  readonly tcp_per_second: number
  readonly rate_ratio: number
  readonly ws_cpu_us: number
  readonly tcp_cpu_us: number
  /** TCP's by WebSocket's. */
  readonly cpu_ratio: number
}

const TRANSPORTS = ['ws', 'tcp'] as const

export async function measureWebSocket(preset: Preset, say: (line: string) => void): Promise<WebSocketReport> {
  const requests = await measureRequests(preset, say)
  return { pinned: pinning() !== undefined, requests, messages: await measureMessages(preset, say) }
}

async function measureRequests(preset: Preset, say: (line: string) => void): Promise<WebSocketRequests[]> {
  const cores = pinning()
  const folder = dataFolder()
  const server = await startLongwire(folder, { core: cores?.server })
  const countMax = Math.max(...preset.callers)
  const request = profileRequest()
  const [ws, tcp] = await Promise.all(
    TRANSPORTS.map(async transport => {
      const port = transport === 'ws' ? server.httpPort : server.port
      const users = await registerUsers(port, `rate-${transport}`, countMax, transport)
      return LoadedServer.of(
        server,
        users.map(user => user.client),
        request,
      )
    }),
  )
  if (ws === undefined || tcp === undefined) throw new Error('two transports')
  pinSelf(cores?.generator)
  const rows: WebSocketRequests[] = []
  for (const connections of preset.callers) {
    const rounds: Record<string, number>[] = []
    for (let round = 1; round <= preset.rounds; round++) {
      say(`(f) ${connections} connections, round ${round} of ${preset.rounds}`)
      const [over, under] = [await ws.run(connections, preset), await tcp.run(connections, preset)]
      rounds.push({
        ws_per_second: over.perSecond,
        tcp_per_second: under.perSecond,
        rate_ratio: over.perSecond / under.perSecond,
        ws_cpu_us: over.cpuUs,
        tcp_cpu_us: under.cpuUs,
        cpu_ratio: under.cpuUs / over.cpuUs,
      })
    }
    rows.push({ connections, ...tidied(medians(rounds)) })
  }
  pinSelf(undefined)
  for (const each of [ws, tcp]) each.close()
  await server.stop()
  removeFolder(folder)
  return rows
}

async function measureMessages(preset: Preset, say: (line: string) => void): Promise<WebSocketReport['messages']> {
  const folder = dataFolder()
  say('(f) making users and friends')
  const arenas: Arena<BenchTransport>[] = []
  for (const transport of TRANSPORTS) {
    const options = { folder: join(folder, transport), pairs: preset.pairs, text: TEXT, transport }
    arenas.push(await openLongwire(transport, options))
  }
  const rows: WebSocketReport['messages'][number][] = []
  for (const inFlight of preset.inFlight) {
    const tell = (what: string): void => say(`(f) ${inFlight} in flight, ${what}`)
    const all = await takeTurns(arenas, preset.rounds, tell, arena => arena.run(preset.pairs, inFlight, preset))
    for (const { name, rounds } of all) rows.push({ in_flight: inFlight, transport: name, ...summary(rounds) })
  }
  for (const arena of arenas) await arena.close()
  removeFolder(folder)
  return rows
}

function tidied(row: Record<string, number>): Omit<WebSocketRequests, 'connections'> {
  const entries = Object.entries(row).map(([name, value]) => [name, rounded(value, name.endsWith('second') ? 0 : 2)])
  return Object.fromEntries(entries) as unknown as Omit<WebSocketRequests, 'connections'>
}

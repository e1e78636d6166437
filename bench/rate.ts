/**
 * (a) Requests per second on one core: GetProfile of oneself, one in flight on each of many connections. A bare `net` server that
 * answers as many bytes with as many stands beside it. Both servers run all the time, on the same core; only one at a time has
 * work, and the generator has the other core.
 *
 * The rate says how fast the two were together with this generator. Where the server was not busy all the time, the generator was
 * the limit, and only the processor time per request compares.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { encodeRequest } from '../protocol/frame-codec.js'
import { createGetProfileRequest } from '../protocol/generated/messages.js'
import { METHODS } from '../protocol/methods.js'
import { dataFolder, removeFolder, type ServerProcess, startBaseline, startLongwire } from './children.js'
import { inParallel, registerUsers } from './fleet.js'
import type { Preset } from './presets.js'
import { pinning, pinSelf } from './process-probe.js'
import { RawClient } from './raw-client.js'
import { medians, rounded } from './statistics.js'
import { measured, type Window } from './window.js'

export interface RateReport {
  readonly method: string
  readonly request_bytes: number
  readonly response_bytes: number
  /** Whether the server had one core to itself, and the generator the other. */
  readonly pinned: boolean
  readonly connections: readonly RateRow[]
}

export interface RateRow {
  readonly connections: number
  readonly longwire_per_second: number
  readonly echo_per_second: number
  readonly rate_ratio: number
  readonly longwire_cpu_us: number
  readonly echo_cpu_us: number
  /** Echo's by Longwire's: what the rates' ratio is when both servers are the limit. */
  readonly cpu_ratio: number
  /** Shares of one core: the server's, and the generator's while it drove that server. */
  readonly longwire_busy: number
  readonly echo_busy: number
  readonly longwire_generator_busy: number
  readonly echo_generator_busy: number
}

const REQUEST_ID = 1

export async function measureRate(preset: Preset, say: (line: string) => void): Promise<RateReport> {
  const cores = pinning()
  const core = cores?.server
  const folder = dataFolder()
  const longwire = await startLongwire(folder, { core })
  const countMax = Math.max(...preset.callers)
  const users = await registerUsers(longwire.port, 'rate', countMax)
  const clients = users.map(user => user.client)
  const request = profileRequest()
  const responseBytes = await answerBytes(clients[0] as RawClient, request)
  const echo = await startBaseline('echo', { in: request.length, out: responseBytes }, { core })
  const echoClients = await inParallel(countMax, () => RawClient.connect(echo.port))
  const servers = [
    await LoadedServer.of(longwire, clients, request),
    new LoadedServer(
      echo,
      echoClients,
      request,
      echoClients.map(() => responseBytes),
    ),
  ] as const
  pinSelf(cores?.generator)
  const rows: RateRow[] = []
  for (const connections of preset.callers) {
    const rounds: Record<string, number>[] = []
    for (let round = 1; round <= preset.rounds; round++) {
      say(`(a) ${connections} connections, round ${round} of ${preset.rounds}`)
      const [ours, bare] = [await servers[0].run(connections, preset), await servers[1].run(connections, preset)]
      rounds.push({
        longwire_per_second: ours.perSecond,
        echo_per_second: bare.perSecond,
        rate_ratio: ours.perSecond / bare.perSecond,
        longwire_cpu_us: ours.cpuUs,
        echo_cpu_us: bare.cpuUs,
        cpu_ratio: bare.cpuUs / ours.cpuUs,
        longwire_busy: ours.serverBusy,
        echo_busy: bare.serverBusy,
        longwire_generator_busy: ours.generatorBusy,
        echo_generator_busy: bare.generatorBusy,
      })
    }
    rows.push({ connections, ...tidied(medians(rounds)) })
  }
  pinSelf(undefined)
  for (const server of servers) server.close()
  await Promise.all([longwire.stop(), echo.stop()])
  removeFolder(folder)
  return {
    method: 'AccountService.GetProfile',
    request_bytes: request.length,
    response_bytes: responseBytes,
    pinned: cores !== undefined,
    connections: rows,
  }
}

function tidied(row: Record<string, number>): Omit<RateRow, 'connections'> {
  const whole = new Set(['longwire_per_second', 'echo_per_second'])
  const entries = Object.entries(row).map(([name, value]) => [name, rounded(value, whole.has(name) ? 0 : 2)])
  return Object.fromEntries(entries) as Omit<RateRow, 'connections'>
}

/** GetProfile of oneself. */
export function profileRequest(): Uint8Array {
  const body = METHODS.getProfile.encodeRequest(createGetProfileRequest({}))
  return encodeRequest(REQUEST_ID, METHODS.getProfile.number, body)
}

/** The bytes of the answer to this request. Throws if it is refused or wrong. */
async function answerBytes(client: RawClient, request: Uint8Array): Promise<number> {
  const before = client.bytesIn
  const answered = new Promise<number>((resolve, reject) => {
    const previous = client.onFrame
    client.onFrame = ({ id, code, body }) => {
      client.onFrame = previous
      if (id !== REQUEST_ID || code !== 0 || METHODS.getProfile.decodeResponse(body).uid === 0) {
        reject(new Error(`GetProfile is answered with code ${code}`))
      } else {
        resolve(client.bytesIn - before)
      }
    }
  })
  client.write(request)
  return answered
}

/** One server with its connections. */
export class LoadedServer {
  readonly #server: ServerProcess
  readonly #clients: readonly RawClient[]
  readonly #request: Uint8Array
  readonly #answerBytes: readonly number[]
  #answered = 0
  #underWay = 0
  #stopped = true

  constructor(
    server: ServerProcess,
    clients: readonly RawClient[],
    request: Uint8Array,
    answerBytes: readonly number[],
  ) {
    this.#server = server
    this.#clients = clients
    this.#request = request
    this.#answerBytes = answerBytes
  }

  /** Asks once on each connection, to know what an answer takes. */
  static async of(server: ServerProcess, clients: readonly RawClient[], request: Uint8Array): Promise<LoadedServer> {
    return new LoadedServer(
      server,
      clients,
      request,
      await Promise.all(clients.map(client => answerBytes(client, request))),
    )
  }

  close(): void {
    for (const client of this.#clients) client.destroy()
  }

  async run(connections: number, { warmMs, windowMs }: Preset): Promise<Window> {
    this.#stopped = false
    for (let i = 0; i < connections; i++) this.#call(this.#clients[i] as RawClient, this.#answerBytes[i] as number)
    await sleep(warmMs)
    const window = await measured(this.#server.pid, windowMs, () => this.#answered)
    this.#stopped = true
    while (this.#underWay > 0) await sleep(1)
    return window
  }

  /** One request after the other on this connection, until it is stopped. */
  #call(client: RawClient, answerBytes: number): void {
    let due = answerBytes
    client.onBytes = count => {
      due -= count
      if (due > 0) return
      if (due < 0) throw new Error('an answer is longer than the first one was')
      this.#answered++
      if (this.#stopped) {
        this.#underWay--
        client.onBytes = undefined
        return
      }
      due = answerBytes
      client.write(this.#request)
    }
    this.#underWay++
    client.write(this.#request)
  }
}

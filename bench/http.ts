/**
 * (e) Sync and Send over HTTP, beside a bare `node:http` server that reads as large a body and answers as large a one. Both run
 * on the same core, in turns, with one request in flight on each keep-alive connection. Sync finds nothing new. Each Send is a
 * durable message to a friend who is offline.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { createSendRequest, createSyncRequest } from '../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../protocol/methods.js'
import { present } from '../src/lib/assert.js'
import { dataFolder, removeFolder, type ServerProcess, startBaseline, startLongwire } from './children.js'
import { befriend, inParallel, registerUsers } from './fleet.js'
import { HttpClient, httpRequest } from './http-client.js'
import type { Preset } from './presets.js'
import { pinning, pinSelf } from './process-probe.js'
import { medians, rounded } from './statistics.js'
import type { BenchUser } from './user.js'
import { measured, type Window } from './window.js'

export interface HttpReport {
  readonly pinned: boolean
  readonly rows: readonly HttpRow[]
}

export interface HttpRow {
  readonly method: string
  readonly connections: number
  /** The bytes of the bodies. */
  readonly request_bytes: number
  readonly response_bytes: number
  readonly longwire_per_second: number
  readonly bare_per_second: number
  readonly rate_ratio: number
  readonly longwire_cpu_us: number
  readonly bare_cpu_us: number
  /** The bare server's by Longwire's: what the rates' ratio is when both servers are the limit. */
  readonly cpu_ratio: number
  readonly longwire_busy: number
  readonly bare_busy: number
}

const TEXT = 'm'.repeat(100)

export async function measureHttp(preset: Preset, say: (line: string) => void): Promise<HttpReport> {
  const cores = pinning()
  const core = cores?.server
  const folder = dataFolder()
  const longwire = await startLongwire(folder, { core })
  say('(e) making users and friends')
  const countMax = Math.max(...preset.httpCallers)
  const users = await registerUsers(longwire.port, 'http', 2 * countMax)
  const pairs = await befriend(users)
  for (const { client } of users) client.destroy()
  const rows: HttpRow[] = []
  for (const [method, make] of [
    [METHODS.sync, syncOf],
    [METHODS.send, sendOf],
  ] as const) {
    const bodies = pairs.map(({ sender, receiver }) => make(sender, receiver))
    const body = present(bodies[0], 'a body')()
    const { token } = present(users[0], 'a user').session
    const request = httpRequest(longwire.httpPort, pathOf(method), body, token)
    const one = await HttpClient.connect(longwire.httpPort)
    const answer = await one.ask(request)
    one.destroy()
    const bare = await startBaseline('http', { in: body.length, out: answer.length }, { core })
    const bareRequest = httpRequest(bare.port, pathOf(method), body, token)
    for (const connections of preset.httpCallers) {
      // No more than are used at once: neither server keeps a connection for long that asks nothing.
      const callers = await inParallel(connections, async index => {
        const { token } = present(pairs[index], 'a pair').sender.session
        return new Caller(await HttpClient.connect(longwire.httpPort), () =>
          httpRequest(longwire.httpPort, pathOf(method), present(bodies[index], 'a body')(), token),
        )
      })
      const bareCallers = await inParallel(connections, async () => {
        return new Caller(await HttpClient.connect(bare.port), () => bareRequest)
      })
      pinSelf(cores?.generator)
      const rounds: Record<string, number>[] = []
      for (let round = 1; round <= preset.rounds; round++) {
        say(`(e) ${method.rpc}, ${connections} connections, round ${round} of ${preset.rounds}`)
        const ours = await run(longwire, callers, preset)
        rounds.push(compared(ours, await run(bare, bareCallers, preset)))
      }
      pinSelf(undefined)
      for (const { client } of [...callers, ...bareCallers]) client.destroy()
      const sizes = { request_bytes: body.length, response_bytes: answer.length }
      rows.push({ method: `${method.service}.${method.rpc}`, connections, ...sizes, ...tidied(medians(rounds)) })
    }
    await bare.stop()
  }
  await longwire.stop()
  removeFolder(folder)
  return { pinned: cores !== undefined, rows }
}

function pathOf({ service, rpc }: RequestMethod): string {
  return `/longwire.v1.${service}/${rpc}`
}

/** A Sync that finds nothing new, at every call. */
function syncOf({ applied }: BenchUser): () => Uint8Array {
  const body = METHODS.sync.encodeRequest(createSyncRequest({ since: applied }))
  return () => body
}

/** The next message, at every call. */
function sendOf(sender: BenchUser, { uid }: BenchUser): () => Uint8Array {
  return () => METHODS.send.encodeRequest(createSendRequest({ sendSeq: ++sender.sent, to: uid, text: TEXT }))
}

function compared(ours: Window, bare: Window): Record<string, number> {
  return {
    longwire_per_second: ours.perSecond,
    bare_per_second: bare.perSecond,
    rate_ratio: ours.perSecond / bare.perSecond,
    longwire_cpu_us: ours.cpuUs,
    bare_cpu_us: bare.cpuUs,
    cpu_ratio: bare.cpuUs / ours.cpuUs,
    longwire_busy: ours.serverBusy,
    bare_busy: bare.serverBusy,
  }
}

type Figures = Omit<HttpRow, 'method' | 'connections' | 'request_bytes' | 'response_bytes'>

function tidied(row: Record<string, number>): Figures {
  const whole = new Set(['longwire_per_second', 'bare_per_second'])
  const entries = Object.entries(row).map(([name, value]) => [name, rounded(value, whole.has(name) ? 0 : 2)])
  return Object.fromEntries(entries) as unknown as Figures
}

/** One connection, and the requests that it makes. */
class Caller {
  readonly client: HttpClient
  readonly #next: () => Uint8Array
  answered = 0
  #state: 'idle' | 'calling' | 'stopping' = 'idle'

  constructor(client: HttpClient, next: () => Uint8Array) {
    this.client = client
    this.#next = next
  }

  get idle(): boolean {
    return this.#state === 'idle'
  }

  /** One request after the other, until it is stopped. */
  start(): void {
    this.#state = 'calling'
    this.client.onAnswer = () => {
      this.answered++
      if (this.#state === 'calling') this.client.write(this.#next())
      else this.#state = 'idle'
    }
    this.client.write(this.#next())
  }

  stop(): void {
    this.#state = 'stopping'
  }
}

async function run(server: ServerProcess, callers: readonly Caller[], { warmMs, windowMs }: Preset): Promise<Window> {
  for (const caller of callers) caller.start()
  await sleep(warmMs)
  const window = await measured(server.pid, windowMs, () => callers.reduce((sum, { answered }) => sum + answered, 0))
  for (const caller of callers) caller.stop()
  while (callers.some(({ idle }) => !idle)) await sleep(1)
  return window
}

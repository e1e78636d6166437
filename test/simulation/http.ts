/**
 * HTTP in the simulated network: each request finds its own way, so they overtake each other; between client and server stand
 * proxies that lose, repeat, hold, cut, and answer in the server's stead.
 *
 *   post ──delay──► proxy ──► host.handle ──reply──► proxy ──delay──► done
 *     │              │ twice, later: an idempotent POST is tried again
 *     └ abort        └ 502, 504: whether or not the request went on
 */

import type {
  HttpCall,
  HttpExchange,
  HttpRequest,
  HttpResponse,
} from '../../clients/typescript/transports/http-exchange.js'
import type { ShortAnswer, ShortCall, ShortRequest } from '../../src/short/types.js'
import type { Host, Network } from './network.js'
import type { Process } from './process.js'
import { delayOn, type Way } from './ways.js'

export interface HttpHost extends Host {
  /** Undefined: it listens no more. */
  handle(request: ShortRequest, body: Uint8Array, reply: (answer: ShortAnswer) => void): ShortCall | undefined
}

export interface HttpWeather {
  /** How likely a request or its answer is lost: reset, cut, or never heard of again. */
  readonly lost: number
  /** How likely a proxy sends a request twice. */
  readonly twice: number
  /** How likely a proxy answers itself. */
  readonly foreign: number
  /** A proxy gives a request up after so long; Infinity: never. */
  readonly patienceMs: number
}

/** Between two tries of a proxy. */
const AGAIN_MS = 3_000
const FOREIGN: readonly number[] = [502, 503, 504, 429, 302, 200]

export interface HttpPath {
  readonly client: Process
  readonly way: Way
  readonly hosts: () => readonly HttpHost[]
  readonly weather: () => HttpWeather
}

export function simulatedExchange(network: Network, path: HttpPath): HttpExchange {
  const address = network.address()
  return {
    post(request: HttpRequest, done: (error: Error | undefined, response?: HttpResponse) => void): HttpCall {
      const carried = new Carried(network, path, { ...request, body: request.body.slice() }, address, done)
      return { abort: () => carried.abort() }
    },
  }
}

class Carried {
  readonly #network: Network
  readonly #path: HttpPath
  readonly #request: HttpRequest
  readonly #address: string
  readonly #done: (error: Error | undefined, response?: HttpResponse) => void
  readonly #calls: { readonly process: Process; readonly call: ShortCall }[] = []
  /** The client waits no more. */
  #over = false
  /** Nothing that happens is told to the client. */
  #mute = false

  constructor(
    network: Network,
    path: HttpPath,
    request: HttpRequest,
    address: string,
    done: (error: Error | undefined, response?: HttpResponse) => void,
  ) {
    this.#network = network
    this.#path = path
    this.#request = request
    this.#address = address
    this.#done = done
    path.client.onEnd(() => this.abort())
    this.#leave()
  }

  /** The servers hear of it later, or never: a proxy may hold on to what it asked for. */
  abort(): void {
    if (this.#over) return
    this.#over = true
    if (this.#network.chance(0.7)) this.#later('http abort', 0, () => this.#abandon())
  }

  #leave(): void {
    const { twice, lost, foreign, patienceMs } = this.#path.weather()
    const network = this.#network
    if (network.chance(lost)) {
      // Either way nobody knows whether it arrived.
      if (network.chance(0.5)) this.#mute = true
      else this.#later('http reset', 1_000 * network.random.fraction(), () => this.#tell(new Error('connection reset')))
      if (network.chance(0.5)) return
    } else if (network.chance(foreign)) {
      this.#later('http proxy', 2_000 * network.random.fraction(), () => this.#foreign())
      if (network.chance(0.5)) return
    }
    const { length } = this.#request.body
    this.#later('http up', length / network.weather.bytesPerMs, () => this.#arrive())
    if (network.chance(twice)) this.#later('http again', AGAIN_MS * network.random.fraction(), () => this.#arrive())
    if (patienceMs !== Number.POSITIVE_INFINITY) {
      this.#later('http patience', patienceMs, () => {
        this.#foreign()
        if (network.chance(0.5)) this.#abandon()
      })
    }
  }

  #arrive(): void {
    const { hosts, way } = this.#path
    const network = this.#network
    const candidates = hosts()
    const host = candidates[network.random.integer(candidates.length || 1)]
    if (host === undefined || way.state === 'hole') return
    if (way.state === 'reset') {
      this.#later('http reset', 0, () => this.#tell(new Error('connection reset')))
      return
    }
    const { process } = host
    if (process.still) process.onEnd(() => this.#later('http reset', 0, () => this.#tell(new Error('socket hang up'))))
    if (process.alive) process.whenAwake('http', () => this.#ask(host))
    else this.#ask(host)
  }

  #ask(host: HttpHost): void {
    const network = this.#network
    const { path, headers, body } = this.#request
    network.onBytes(body)
    const request = { method: 'POST', path, headers, address: this.#address }
    let isAnswered = false
    const call = host.process.alive
      ? host.handle(request, body.slice(), answer => {
          isAnswered = true
          if (host.process.alive) this.#answer(answer)
        })
      : undefined
    if (call === undefined) {
      this.#later('http refused', 0, () => this.#tell(new Error('connection refused')))
      return
    }
    if (isAnswered) return
    this.#calls.push({ process: host.process, call })
    host.process.onEnd(() => {
      if (!isAnswered && network.chance(0.7))
        this.#later('http reset', 0, () => this.#tell(new Error('socket hang up')))
    })
  }

  #answer({ status, headers, body }: ShortAnswer): void {
    const network = this.#network
    const { way, weather } = this.#path
    if (way.state === 'deaf' || network.chance(weather().lost)) return
    const bytes = body.slice()
    const names = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    this.#later('http down', bytes.length / network.weather.bytesPerMs, () => {
      if (way.state === 'hole' || way.state === 'deaf') return
      network.onBytes(bytes)
      this.#tell(undefined, { status, header: name => names.get(name), body: bytes })
    })
  }

  /** A page of somebody's own, without an ErrorDetail. */
  #foreign(): void {
    const { random } = this.#network
    const status = FOREIGN[random.integer(FOREIGN.length)] ?? 502
    const header = (name: string): string | undefined =>
      name === 'content-type' ? 'text/html' : name === 'retry-after' && status === 503 ? '1' : undefined
    this.#tell(undefined, { status, header, body: new TextEncoder().encode('<html>try again later</html>') })
  }

  #tell(error: Error | undefined, response?: HttpResponse): void {
    const { client, way } = this.#path
    if (this.#over || this.#mute || way.state === 'hole' || !client.alive) return
    this.#over = true
    this.#done(error, response)
  }

  #abandon(): void {
    for (const { process, call } of this.#calls) process.whenAwake('abandoned', () => call.abandoned())
  }

  #later(what: string, ms: number, run: () => void): void {
    const network = this.#network
    network.scheduler.after(delayOn(this.#path.way, network.delayMs()) + ms, what, run)
  }
}

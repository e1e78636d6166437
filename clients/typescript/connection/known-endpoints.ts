// The nodes that the server has named, as far as they are believed, for how long, and in which order they are tried (PROTOCOL.md, clause 14).
// They are stored, so that a program that starts again knows them. The addresses of the app are not among them: the ladder has those.
//
//   nothing known ──Login, Drain, answer──► a list ──half its time──► asks, with a frame that leaves anyway ──answer──► a list
//        ▲                                    └──all its time──┐              └──refused──► asks again in an hour
//        └─────────────────────────────────────────────────────┘
import { actionOf } from '../../../protocol/codes.js'
import type { Endpoints, Frame } from '../../../protocol/generated/messages.js'
import {
  ENDPOINT_HOST_BYTES_MAX,
  ENDPOINT_URL_BYTES_MAX,
  ENDPOINTS_MAX,
  ENDPOINTS_TTL_S_MAX,
} from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'
import { utf8 } from '../../../protocol/utf8.js'
import type { Clock, Random } from '../base/system.js'
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'
import type { Endpoint, Transport } from '../transports/transport.js'
import type { Link } from './link.js'

export interface KnownEndpointsHost {
  readonly clock: Clock
  readonly random: Random
  readonly commits: Commits
  /** A code about the connection, in place of an answer. */
  connectionCode(frame: Frame): void
}

interface Weighted extends Endpoint {
  /** The part of the clients that it can take, above 0. */
  readonly weight: number
}

/** The most endpoints of a round. Each may cost the time in which a Hello is not answered, for each transport. */
const TRIED_MAX = 3

const ASK_AGAIN_MS = 3_600_000

/** The least age of a list that is asked for again because an address did not answer. */
const DOUBTED_MS = 60_000

const DAY_MS = 86_400_000

const VALUE = 'endpoints'

/** Names and IP addresses, and nothing that separates parts of an address. */
const HOST = /^[^\s/?#@[\]\\%]+$/

export class KnownEndpoints {
  readonly #host: KnownEndpointsHost
  readonly #own: readonly Transport[]
  /** Whether a transport of the app can lead elsewhere. If not, nothing is asked or kept. */
  readonly #follows: boolean
  /** The transports that were made, by the app's own and the endpoint. */
  #made = new Map<string, Transport | undefined>()
  #list: readonly Weighted[] = []
  /** The end of the list and the time from which it is asked for again, by the wall clock. */
  #untilMs = 0
  #askMs = 0
  /** The time when this program took the list, by the wall clock. */
  #learnedMs = 0
  /** The connection on which may be asked. */
  #link: Link | undefined
  /** Whether it was asked there, without an answer so far. */
  #isAsking = false

  /** @param own the app's transports */
  constructor(own: readonly Transport[], host: KnownEndpointsHost) {
    this.#own = own
    this.#host = host
    this.#follows = own.some(({ at }) => at !== undefined)
  }

  /** Loads what an earlier client has stored, if its app named the same addresses. */
  load(values: ReadonlyMap<string, Json>): void {
    const stored = values.get(VALUE)
    if (!this.#follows || !Array.isArray(stored)) return
    const [own, untilMs, askMs, list] = stored as [Json, Json, Json, Json]
    if (own !== this.#ownNames || typeof untilMs !== 'number' || typeof askMs !== 'number' || !Array.isArray(list))
      return
    this.#untilMs = untilMs
    this.#askMs = askMs
    this.#list = believed(list.map(each => ({ host: '', port: 0, url: '', weight: 1, ...(each as object) })))
  }

  /** Takes a list of the server in place of the one before. Undefined: the server said nothing. */
  learn(named: Endpoints | undefined): void {
    if (named === undefined || !this.#follows) return
    const ttlMs = Math.min(named.ttlS, ENDPOINTS_TTL_S_MAX) * 1_000
    const now = this.#host.clock.now()
    this.#list = ttlMs === 0 ? [] : believed(named.endpoints)
    this.#learnedMs = now
    this.#untilMs = now + ttlMs
    this.#askMs = now + (ttlMs === 0 ? ASK_AGAIN_MS : ttlMs / 2)
    this.store()
  }

  /** Notes that an address did not answer: if there is a list it is old, and each new connection may cost that time again. */
  doubt(): void {
    if (this.#list.length > 0) this.#askMs = Math.min(this.#askMs, this.#learnedMs + DOUBTED_MS)
  }

  /** Believes none of them any more, and asks again soon. */
  forget(): void {
    this.#list = []
    this.#askMs = this.#host.clock.now()
    this.store()
  }

  /** Stores what is known: also after everything of the account was forgotten, for it is about the server. */
  store(): void {
    if (!this.#follows || this.#askMs === 0) return
    const list = this.#list.map(({ host, port, url, weight }) => ({ host, port, url, weight }))
    this.#host.commits.put(VALUE, [this.#ownNames, this.#untilMs, this.#askMs, list])
  }

  /** The nodes that are known and still believed, for people. */
  get shown(): readonly string[] {
    return this.#fresh.map(({ host, port, url }) => (host === '' ? url : `${host}:${port}`))
  }

  /** The transports to the endpoints of the next round, the best endpoint first. */
  readonly draw = (): readonly (readonly Transport[])[] => {
    const [first, ...others] = this.#fresh
    if (first === undefined) return []
    const ways: (readonly Transport[])[] = []
    const made = new Map<string, Transport | undefined>()
    for (const endpoint of [first, ...shuffled(others, this.#host.random)]) {
      const way = this.#way(endpoint, made)
      if (way.length > 0 && ways.length < TRIED_MAX) ways.push(way)
    }
    this.#made = made
    return ways
  }

  /** Hello is written on this link. */
  connected(link: Link): void {
    if (!this.#follows) return
    this.#link = link
    this.#isAsking = false
    link.onLeaving(() => this.#ask(link))
  }

  /** Asks no more on this connection. */
  disconnected(): void {
    this.#link = undefined
  }

  #ask(link: Link): void {
    if (link !== this.#link || this.#isAsking) return
    const leftMs = this.#askMs - this.#host.clock.now()
    // A clock that was set back does not keep it from asking.
    if (leftMs > 0 && leftMs <= DAY_MS) return
    this.#isAsking = true
    link.request(METHODS.endpoints.number, METHODS.endpoints.encodeRequest({}), frame => this.#answered(frame))
  }

  #answered(frame: Frame): void {
    this.#isAsking = false
    switch (actionOf(frame.code)) {
      case 'ok':
        this.learn(METHODS.endpoints.decodeResponse(frame.body).endpoints ?? { endpoints: [], ttlS: 0 })
        break
      case 'refused':
      case 'retry':
        this.#askMs = this.#host.clock.now() + ASK_AGAIN_MS
        this.store()
        break
      default:
        this.#host.connectionCode(frame)
    }
  }

  get #fresh(): readonly Weighted[] {
    const leftMs = this.#untilMs - this.#host.clock.now()
    return leftMs > 0 && leftMs <= DAY_MS ? this.#list : []
  }

  get #ownNames(): string {
    return this.#own.map(({ address, name }) => address ?? name).join(' ')
  }

  /** The app's transports, led to the endpoint. Of one that leads there anyway it is that one itself. */
  #way(endpoint: Weighted, made: Map<string, Transport | undefined>): readonly Transport[] {
    return this.#own.flatMap((own, i) => {
      const key = `${i} ${endpoint.host} ${endpoint.port} ${endpoint.url}`
      const transport = this.#made.has(key) ? this.#made.get(key) : own.at?.(endpoint)
      made.set(key, transport)
      if (transport === undefined) return []
      return this.#own.find(each => each.address !== undefined && each.address === transport.address) ?? transport
    })
  }
}

/** The endpoints of a list that are of the form of clause 14.2, with nothing else in them. */
function believed(named: readonly Weighted[]): readonly Weighted[] {
  return named.slice(0, ENDPOINTS_MAX).flatMap(({ host, port, url, weight }) => {
    const hasHost = isHost(host) && Number.isInteger(port) && port >= 1 && port <= 65_535
    const hasUrl = isUrl(url)
    if (!hasHost && !hasUrl) return []
    const address = hasHost ? { host, port } : { host: '', port: 0 }
    return { ...address, url: hasUrl ? url : '', weight: Number.isInteger(weight) && weight > 0 ? weight : 1 }
  })
}

function isHost(host: string): boolean {
  return (
    typeof host === 'string' &&
    host.length <= ENDPOINT_HOST_BYTES_MAX &&
    utf8(host).length <= ENDPOINT_HOST_BYTES_MAX &&
    HOST.test(host)
  )
}

function isUrl(url: string): boolean {
  if (typeof url !== 'string' || url.length > ENDPOINT_URL_BYTES_MAX || /[?#@\s\\]/.test(url)) return false
  try {
    const { protocol, hostname } = new URL(url)
    return /^https?:$/.test(protocol) && hostname !== ''
  } catch {
    return false
  }
}

/** Draws one after the other, each in proportion to its weight among those that are left. */
function* shuffled(endpoints: readonly Weighted[], random: Random): IterableIterator<Weighted> {
  const left = [...endpoints]
  while (left.length > 0) {
    let at = random.fraction() * left.reduce((sum, { weight }) => sum + weight, 0)
    const index = left.findIndex(({ weight }) => {
      at -= weight
      return at < 0
    })
    yield* left.splice(Math.max(index, 0), 1)
  }
}

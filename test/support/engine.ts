/** An engine on a memory store with the services over it, and callers to ask them: without sockets. */

import { CODES } from '../../protocol/codes.js'
import {
  type AckNotice,
  createHelloRequest,
  decodeItem,
  decodeLoginResponse,
  decodeRegisterResponse,
  type Endpoints,
  type Item,
  type Refusal,
  type SendResult,
  type Session,
} from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { Jobs } from '../../src/jobs/index.js'
import type { Clock } from '../../src/lib/clock.js'
import { CountedTime } from '../../src/lib/counted-time.js'
import { seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { createServices, type OwnServices } from '../../src/services/index.js'
import { CHEAP_COST, Passwords } from '../../src/services/passwords.js'
import type { Signal } from '../../src/services/signal-service.js'
import type { Caller, HelloAnswer, Services, TimelinePage, Via } from '../../src/services/types.js'
import type { Store } from '../../src/store/types.js'
import type { AppendedEvent, EndedEvent } from '../../src/sync/events.js'
import { createEngine, type Engine, randomStamps, uidOf } from '../../src/sync/index.js'
import type { RuleSettings } from '../../src/sync/types.js'
import { InlineWorkers } from '../../src/workers/inline.js'
import type { OwnWorkers } from '../../src/workers/tasks.js'
import { QUIET_MONITOR } from './engine-options.js'
import { eventually } from './eventually.js'
import { RULE_SETTINGS } from './rule-settings.js'

export interface Reply {
  readonly code: number
  readonly retryAfterMs: number
  readonly body: Uint8Array
  readonly refusal: Refusal | undefined
  /** Of an accepted Send. */
  readonly version: number
  readonly from: number
  readonly page: TimelinePage | undefined
  /** Of the sends that a Sync carried. */
  readonly results: readonly SendResult[]
}

/** Retention that removes nothing. */
const KEEP_ALL = { keepMs: 2 ** 40, keepItems: 2 ** 40, keepBytes: Number.POSITIVE_INFINITY }

export interface TestNode {
  readonly engine: Engine
  readonly services: OwnServices
  readonly jobs: Jobs
  readonly appended: AppendedEvent[]
  readonly ended: EndedEvent[]
  /** What was to be told to who looks. */
  readonly signals: Signal[]
  /** Jumps of the clock that were told, in milliseconds. */
  readonly jumps: number[]
  readonly asides: unknown[]
  /** Of what kind things were that were left to newer nodes. */
  readonly unknown: string[]
  readonly fatal: unknown[]
  /** Devices that count as connected, of whatever user. */
  readonly connected: number[]
}

interface TestNodeOptions {
  /** Its name among the nodes on its store. */
  readonly name?: string
  readonly limits?: Limits
  readonly time?: CountedTime
  readonly passwords?: Passwords
  readonly workers?: OwnWorkers
  readonly settings?: RuleSettings
  readonly endpoints?: (uid: number) => Endpoints | undefined
  readonly outboxBytesMax?: number | undefined
  /** The newest forms of stored data that all nodes read. */
  readonly forms?: () => number
}

export async function startNode(
  store: Store,
  clock: Clock,
  seed: string,
  {
    limits,
    time = new CountedTime(clock),
    passwords,
    workers = new InlineWorkers(),
    settings = RULE_SETTINGS,
    name = 'node',
    endpoints,
    outboxBytesMax,
    forms,
  }: TestNodeOptions = {},
): Promise<TestNode> {
  const random = seededRandom(seed)
  const appended: AppendedEvent[] = []
  const ended: EndedEvent[] = []
  const signals: Signal[] = []
  const asides: unknown[] = []
  const unknown: string[] = []
  const fatal: unknown[] = []
  const engine = createEngine({
    store,
    clock,
    time,
    settings,
    stamps: randomStamps(random),
    random,
    defer: endOfTurn,
    delivery: {
      send(event) {
        if (event.kind === 'appended') appended.push(event)
        if (event.kind === 'ended') ended.push(event)
      },
    },
    onWork: ({ job, partition }) => jobs.wake(job, partition),
    rest: tookMs => jobs.rest(tookMs),
    monitor: {
      ...QUIET_MONITOR,
      setAside: (_source, _target, _kind, error) => asides.push(error),
      unknown: (what, kind) => unknown.push(`${what} ${kind}`),
    },
    onFatal: error => fatal.push(error),
    outboxBytesMax,
  })
  await engine.start()
  const connected: number[] = []
  const own = { connected: () => connected, limits: limits ?? Limits.open(clock) }
  const jumps: number[] = []
  const jobs = new Jobs({
    store,
    retention: KEEP_ALL,
    sweepMs: 0,
    owns: () => true,
    onFailing() {},
    engine,
    clock,
    time,
    random,
    node: name,
    onJump: aheadMs => jumps.push(aheadMs),
  })
  const services = createServices({
    engine,
    clock,
    random,
    store,
    defer: endOfTurn,
    workers,
    passwords: passwords ?? new Passwords({ random, cost: CHEAP_COST, workers: new InlineWorkers() }),
    endpoints,
    forms,
    signal: signal => signals.push(signal),
    ...own,
  })
  return { engine, services, jobs, jumps, appended, ended, signals, asides, unknown, fatal, connected }
}

/** Whatever has services. */
export interface Served {
  readonly services: Services
}

/** One device, asking the services of a node. */
export class TestDevice<N extends Served = TestNode> implements Caller {
  uid = 0
  device = 0
  address = '127.0.0.1'
  told = 0
  readonly signal = undefined
  sendSeq = 0
  attempt = 0
  session: Session | undefined
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #ids = 0
  node: N

  constructor(node: N) {
    this.node = node
  }

  call<Q, A>(method: RequestMethod<Q, A>, request: Q): Promise<Reply> {
    return this.callRaw(method.number, method.encodeRequest(request))
  }

  callRaw(method: number, body: Uint8Array): Promise<Reply> {
    this.#ids += 1
    const id = this.#ids
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.node.services.request(this, id, method, body)
    })
  }

  async register(account: string, key: number, password = 'correct horse'): Promise<Reply> {
    const installationKey = new Uint8Array(16).fill(key)
    const reply = await this.call(METHODS.register, {
      account,
      password,
      installationKey,
      nickname: '',
      deviceName: '',
    })
    if (reply.code === 0) this.session = decodeRegisterResponse(reply.body).session
    return reply
  }

  async login(account: string, key: number, password = 'correct horse'): Promise<Reply> {
    const installationKey = new Uint8Array(16).fill(key)
    const reply = await this.call(METHODS.login, { account, password, installationKey, deviceName: '' })
    if (reply.code === 0) this.session = decodeLoginResponse(reply.body).session
    return reply
  }

  /** Says Hello; a bound answer comes with the head, as on the wire. */
  async hello(since = 0, attempt = this.attempt + 1, via?: Via): Promise<HelloAnswer> {
    const token = this.session?.token ?? new Uint8Array(0)
    const answer = await new Promise<HelloAnswer>(resolve =>
      this.node.services.hello(createHelloRequest({ token, attempt, since }), this.address, resolve, via),
    )
    if (answer.kind === 'bound') {
      this.attempt = attempt
      this.uid = answer.response.uid
      this.device = answer.response.device
      this.sendSeq = answer.response.lastSendSeq
      const { head, resync } = await this.node.services.head(this.uid, answer.since)
      this.told = head
      return { ...answer, response: { ...answer.response, head, resync }, since: resync ? 0 : answer.since }
    }
    return answer
  }

  /** Registers and says Hello. */
  async enter(account: string, key: number): Promise<this> {
    await this.register(account, key)
    await this.hello()
    return this
  }

  send(to: number, text: string, sendSeq = this.next()): Promise<Reply> {
    return this.call(METHODS.send, { sendSeq, to, text })
  }

  next(): number {
    this.sendSeq += 1
    return this.sendSeq
  }

  ack(notice: Partial<AckNotice>): number {
    return this.node.services.ack(this, { version: 0, delivered: [], read: [], ...notice })
  }

  /** The whole timeline after `since`, decoded. */
  async items(since = 0): Promise<{ version: number; item: Item }[]> {
    const items: { version: number; item: Item }[] = []
    for (let after = since; ; ) {
      const page = await this.node.services.page(this.uid, after)
      if (page.kind === 'resync') throw new Error('resync')
      if ('encoded' in page.items) throw new Error('a test with so long a timeline reads it by Sync')
      for (const { version, bytes } of page.items) items.push({ version, item: decodeItem(bytes) })
      after = page.to
      if (!page.more) return items
    }
  }

  respond(id: number, body: Uint8Array): void {
    this.#settle(id, { code: CODES.OK.code, body })
  }

  refuse(id: number, code: number, _message: string, retryAfterMs = 0, refusal?: Refusal): void {
    this.#settle(id, { code, retryAfterMs, refusal })
  }

  accepted(id: number, from: number, version: number): void {
    this.told = Math.max(this.told, version)
    this.#settle(id, { from, version })
  }

  synced(id: number, _since: number, page: TimelinePage, results: readonly SendResult[]): void {
    this.#settle(id, { page, results })
  }

  #settle(id: number, reply: Partial<Reply>): void {
    const none = {
      code: 0,
      retryAfterMs: 0,
      body: new Uint8Array(0),
      refusal: undefined,
      version: 0,
      from: 0,
      page: undefined,
      results: [],
    }
    this.#waiting.get(id)?.({ ...none, ...reply })
    this.#waiting.delete(id)
  }
}

/** Makes the two friends. */
export async function befriend(a: TestDevice<Served>, b: TestDevice<Served>): Promise<void> {
  await a.call(METHODS.contactRequest, { sendSeq: a.next(), uid: b.uid, greeting: 'hello' })
  let request = 0
  await eventually(async () => {
    for (const { item } of await b.items()) {
      if (item.content?.case === 'contact' && item.content.value.uid === a.uid) request = item.content.value.request
    }
    return request !== 0
  })
  await b.call(METHODS.contactAccept, { sendSeq: b.next(), uid: a.uid, request })
}

export { uidOf }

/** Nodes whose clients look at each other, on a clock that the test moves: on one store, or around the one that has it. */
import { setImmediate as turn } from 'node:timers/promises'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { decodeWatchResponse, type WatchResponse } from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { decodeBatch, encodeBatch } from '../../src/cluster/event-codec.js'
import { type EventBatch, UNNUMBERED } from '../../src/cluster/node-exchange.js'
import { backlogBounds } from '../../src/connection/backlog.js'
import { Connection } from '../../src/connection/connection.js'
import { seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { batchIn, LinkNetwork } from '../../src/link/link-network.js'
import { LinkServer } from '../../src/link/link-server.js'
import { LogicLinks } from '../../src/link/logic-links.js'
import { loopDialer } from '../../src/link/loop.js'
import type { Access } from '../../src/node/access.js'
import { AccessNode } from '../../src/node/access-node.js'
import type { Node } from '../../src/node/node.js'
import { silentLog } from '../../src/ops/log.js'
import type { Services } from '../../src/services/types.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { FakePipe, helloFrame, joined, LEADING_ZERO, type Seen } from './connection-rig.js'
import { befriend, type Served, TestDevice } from './engine.js'
import { ManualClock } from './manual-clock.js'
import { testNode } from './test-node.js'

const SECRET = Buffer.from('a secret of the cluster')

interface SceneNode {
  readonly name: string
  readonly access: Access
  readonly services: Services
  /** Ends it at once, as kill -9 does: it says nothing more. */
  kill(): void
  close(): Promise<void>
}

export type Scene = Awaited<ReturnType<typeof signalScene>>

/** A device with a connection. */
export class Looker {
  readonly account: TestDevice<Served>
  readonly pipe = new FakePipe()
  readonly connection: Connection
  readonly #scene: Pick<Scene, 'settle'>
  #ids = 1
  readonly #seen: Seen[] = []

  constructor(scene: Pick<Scene, 'settle'>, account: TestDevice<Served>, access: Access) {
    this.#scene = scene
    this.account = account
    access.context.gate.admit('192.0.2.1')
    this.connection = new Connection(access.context, this.pipe, '192.0.2.1', { leadingZero: true })
    this.pipe.connection = this.connection
    account.attempt += 1
    const hello = { token: account.session?.token ?? new Uint8Array(0), attempt: account.attempt }
    this.connection.receive(joined(LEADING_ZERO, helloFrame(1, hello)))
  }

  get uid(): number {
    return this.account.uid
  }

  /** The refusal of a request, or its answer. */
  async ask<Q>(method: RequestMethod<Q>, request: Q): Promise<Seen> {
    this.#ids += 1
    const id = this.#ids
    this.connection.receive(encodeRequest(id, method.number, method.encodeRequest(request)))
    for (let turns = 0; turns < 200; turns += 1) {
      await this.#scene.settle()
      this.#seen.push(...this.pipe.seen())
      const at = this.#seen.findIndex(seen => seen.id === id)
      if (at >= 0) return this.#seen.splice(at, 1)[0] as Seen
    }
    throw new Error('no answer')
  }

  /** @returns what is answered, or the code of the refusal */
  async watch(...conversations: readonly string[]): Promise<WatchResponse | string> {
    const named = conversations.map(conversation => ({ conversation }))
    const { code, body } = await this.ask(METHODS.watch, { conversations: named })
    return code ?? decodeWatchResponse(body as Uint8Array)
  }

  /** @returns the code of the refusal; OK if it was taken */
  async type(conversation: string, stopped = false): Promise<string> {
    return (await this.ask(METHODS.typing, { conversation, stopped })).code ?? 'OK'
  }

  /** The signals since the last call, as short texts. */
  signals(): string[] {
    return this.#taken('typing', 'presence').map(({ what, conversation, uid, online, stopped }) => {
      const state =
        what === 'presence' ? (online === true ? 'online' : 'offline') : stopped === true ? 'stops' : 'types'
      return `${conversation}: ${uid} ${state}`
    })
  }

  /** The newest posts that it was told of since the last call: `number, after the one before`. */
  heads(): string[] {
    return this.#taken('head').map(({ number, before }) => `${number}, after ${before}`)
  }

  /** The first byte of each payload that was published to it since the last call. */
  payloads(): number[] {
    return this.#taken('data').map(({ payload }) => (payload as Uint8Array)[0] ?? 0)
  }

  /** Takes out what has come of these kinds. */
  #taken(...kinds: readonly string[]): Seen[] {
    this.#seen.push(...this.pipe.seen())
    const taken = this.#seen.filter(({ what }) => kinds.includes(what))
    for (const each of taken) this.#seen.splice(this.#seen.indexOf(each), 1)
    return taken
  }

  /** The connection is lost. */
  leave(): void {
    this.connection.ended()
    this.connection.gone()
  }
}

/** @param kind on one store, or around the node `hub`, which has it: the others are access nodes that are linked to it alone */
export async function signalScene(kind: 'store' | 'hub', names: readonly string[]) {
  const clock = new ManualClock()
  const nodes = new Map<string, SceneNode>()
  const dead = new Set<string>()
  /** Batches of transient events that went between nodes. */
  const sent: string[] = []
  const lost = { all: false }
  const onWay = (from: string, to: string, batch: EventBatch): boolean => {
    if (batch.number === UNNUMBERED && batch.events.length > 0) {
      for (const event of batch.events) if (event.kind === 'transient') sent.push(`${from}>${to} ${event.topic}`)
      if (lost.all) return false
    }
    return !dead.has(from) && !dead.has(to)
  }
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 12; i += 1) await turn()
  }
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 250) {
      clock.advance(Math.min(250, left))
      await settle()
    }
  }

  if (kind === 'store') await startOnStore()
  else await startAroundHub()
  await pass(2_000)

  async function startOnStore(): Promise<void> {
    const disk = new MemoryDisk(seededRandom('disk'))
    const receivers = new Map<string, Node>()
    for (const name of names) {
      const node = testNode({
        ...{ name, clock, random: seededRandom(name), store: new MemoryStore({ disk, shared: true }) },
        onFatal: error => {
          throw error
        },
        network: {
          others: () => names.filter(other => other !== name && !dead.has(other)),
          send(to, batch) {
            const decoded = decodeBatch(encodeBatch(batch))
            if (decoded !== undefined && onWay(name, to, batch)) receivers.get(to)?.receive(decoded.batch)
          },
        },
      })
      receivers.set(name, node)
      await node.start()
      node.serve()
      add(
        name,
        node.access,
        node.logic.services,
        () => node.abort(),
        () => node.close(1),
      )
    }
  }

  async function startAroundHub(): Promise<void> {
    const random = seededRandom('hub')
    const log = silentLog
    const receive = (message: Uint8Array): void => {
      const batch = batchIn(message)
      if (batch !== undefined) hub.receive(batch)
    }
    const links = new LinkServer({ name: 'hub', secret: SECRET, clock, random, log, receive })
    const hub = testNode({
      ...{ name: 'hub', clock, random, store: new MemoryStore({ scopes: 'one', random }) },
      onFatal: error => {
        throw error
      },
      links,
      network: watched('hub', new LinkNetwork(links, undefined, true)),
    })
    await hub.start()
    hub.serve()
    add(
      'hub',
      hub.access,
      hub.logic.services,
      () => hub.abort(),
      () => hub.close(1),
    )
    for (const name of names.filter(other => other !== 'hub')) startAccess(name, links)
  }

  function startAccess(name: string, server: LinkServer): void {
    const common = { name, clock, random: seededRandom(name), log: silentLog }
    const links = new LogicLinks({
      ...common,
      secret: SECRET,
      dialer: loopDialer(endOfTurn, pipe => server.accept(pipe)),
      receive(message) {
        const batch = batchIn(message)
        if (batch !== undefined) node.receive(batch)
      },
      onOpen: () => node.compare(),
    })
    const node: AccessNode = new AccessNode({
      ...common,
      defer: endOfTurn,
      settings: {
        limits: 'open',
        connections: { totalMax: 10, perAddressMax: 10 },
        backlog: backlogBounds(2 ** 30),
      },
      links,
      store: undefined,
      network: watched(name, new LinkNetwork(links, undefined)),
    })
    node.start()
    node.serve()
    links.setAddresses(['hub'])
    add(
      name,
      node.access,
      links.services,
      () => node.abort(),
      () => node.close(),
    )
  }

  function watched(name: string, network: LinkNetwork): LinkNetwork {
    const send = network.send.bind(network)
    network.send = (to, batch) => {
      if (onWay(name, to, batch)) send(to, batch)
    }
    return network
  }

  function add(name: string, access: Access, services: Services, abort: () => void, close: () => Promise<void>): void {
    const kill = (): void => {
      dead.add(name)
      abort()
    }
    nodes.set(name, { name, access, services, kill, close: () => (dead.has(name) ? Promise.resolve() : close()) })
  }

  const node = (name: string): SceneNode => nodes.get(name) as SceneNode
  return {
    ...{ clock, settle, pass, node, dead, lost },
    sent: () => sent.splice(0),
    /** A new user. */
    async user(name: string): Promise<TestDevice<Served>> {
      const device = new TestDevice<Served>(node(names[0] ?? ''))
      return device.enter(name, name.length)
    },
    befriend,
    async connect(account: TestDevice<Served>, at: string): Promise<Looker> {
      const looker = new Looker({ settle }, account, node(at).access)
      await settle()
      await settle()
      return looker
    },
    async close(): Promise<void> {
      await Promise.all([...nodes.values()].map(each => each.close()))
    },
  }
}

/** Alice and Bob, who are friends, and Carol. */
export async function cast(
  scene: Scene,
): Promise<readonly [TestDevice<Served>, TestDevice<Served>, TestDevice<Served>]> {
  const [alice, bob, carol] = [await scene.user('alice'), await scene.user('bob'), await scene.user('carolina')]
  await scene.befriend(alice, bob)
  return [alice, bob, carol]
}

export const direct = ({ uid }: { readonly uid: number }): string => `direct:${uid}`

/** Connections on a whole server with a store in memory: users who are friends, whose requests succeed when they are right. */

import { setTimeout as pause } from 'node:timers/promises'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { createHelloRequest } from '../../protocol/generated/messages.js'
import { HEARTBEAT_MS_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { Connection } from '../../src/connection/connection.js'
import { FakePipe, helloFrame, type Seen } from '../support/connection-rig.js'
import { befriend, TestDevice, type TestNode } from '../support/engine.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { startTestServer } from '../support/server.js'
import type { Chance } from './chance.js'
import type { Ground } from './ground.js'
import type { Known } from './random-message.js'

/** Who talks nonsense: each the friend of the one before. */
const USERS = 4
const PATIENCE_MS = 10_000
/** Of the event loop, from a request that asks nothing of other threads to its answer. */
const TURNS_OF_A_COMMIT = 6
const TURNS_AT_ONCE = 50
const ZERO = Uint8Array.of(0)

export class RealGround implements Ground {
  readonly clock: JumpingClock
  readonly #server: RunningServer
  readonly #users: TestDevice[] = []
  #witnesses: readonly [Peer, Peer] | undefined
  #names = 0

  private constructor(server: RunningServer, clock: JumpingClock) {
    this.#server = server
    this.clock = clock
  }

  static async start(): Promise<RealGround> {
    const clock = new JumpingClock()
    const ground = new RealGround(await startTestServer({ clock }), clock)
    for (let count = 0; count < USERS; count++) await ground.#admit(count)
    const [one, other] = [await ground.#register(), await ground.#register()]
    await befriend(one, other)
    ground.#witnesses = [await ground.#peerOf(one), await ground.#peerOf(other)]
    return ground
  }

  get context() {
    return this.#server.context
  }

  async known(chance: Chance): Promise<Known> {
    const place = chance.below(USERS)
    let user = this.#users[place] as TestDevice
    // Hello tells the numbers that come next. A session that a transcript ended makes way for a new user.
    if ((await user.hello()).kind !== 'bound') user = await this.#admit(place)
    const { uid, sendSeq, attempt, told } = user
    user.attempt++
    const uids = this.#users.map(each => each.uid)
    return {
      token: [user.session?.token ?? ZERO],
      attempt: [attempt + 1],
      since: [0, told, Math.max(0, told - 3), told + 1],
      version: [0, told],
      sendSeq: Array.from({ length: 12 }, (_, ahead) => Math.max(1, sendSeq + ahead)),
      to: uids,
      uid: [uid, ...uids],
      peer: uids,
      device: [1, 2],
      account: ['user1', 'user2', 'nobody'],
      password: ['correct horse', 'wrong horse'],
      waitMs: [0, 1_000],
    }
  }

  connect() {
    return connectTo(this.#server)
  }

  async event(chance: Chance, pipe: FakePipe): Promise<void> {
    if (chance.yes(0.01)) {
      this.clock.jump(chance.pick([1_000, 11_000]))
      await this.witness()
    }
    if (chance.yes(0.05)) pipe.takes = !pipe.takes
    await turn()
  }

  async settle(done: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    for (let turns = 0; turns < TURNS_OF_A_COMMIT || (!done() && performance.now() < deadline); turns++) {
      await turn(turns)
    }
  }

  async witness(): Promise<void> {
    if (this.#witnesses === undefined) throw new Error('no witnesses')
    // Each in turn, so that none is silent for too long.
    const [one, other] = this.#witnesses
    this.#witnesses = [other, one]
    one.sendSeq++
    const { version } = await one.call(METHODS.send, { sendSeq: one.sendSeq, to: other.uid, text: 'are you there?' })
    if (version === 0) throw new Error('the send of a witness was taken for a repeat')
    const push = await other.next(({ what }) => what === 'push')
    if ((push.versions as number[]).length !== 1) throw new Error(`the witness was pushed ${JSON.stringify(push)}`)
  }

  async close(): Promise<void> {
    for (const witness of this.#witnesses ?? []) witness.leave()
    await this.#server.drain()
  }

  abort(): void {
    this.#server.abort()
  }

  async #admit(place: number): Promise<TestDevice> {
    const user = await this.#register()
    const friend = this.#users[(place + USERS - 1) % USERS]
    this.#users[place] = user
    if (friend !== undefined && (await friend.hello()).kind === 'bound') await befriend(user, friend)
    return user
  }

  async #register(): Promise<TestDevice> {
    this.#names++
    // Of a node a device needs its services alone.
    return new TestDevice(this.context as unknown as TestNode).enter(`user${this.#names}`, this.#names & 255)
  }

  async #peerOf(device: TestDevice): Promise<Peer> {
    const { pipe, connection } = this.connect()
    const peer = new Peer(pipe, connection, device)
    connection.receive(ZERO)
    connection.receive(
      helloFrame(
        1,
        createHelloRequest({
          token: device.session?.token ?? ZERO,
          attempt: 9,
          since: device.told,
          heartbeatMs: HEARTBEAT_MS_MAX,
        }),
      ),
    )
    await peer.next(({ what }) => what === 'push')
    return peer
  }
}

/** A client that does everything right. */
class Peer {
  readonly uid: number
  /** The highest number that was used. */
  sendSeq: number
  readonly #pipe: FakePipe
  readonly #connection: Connection
  readonly #seen: Seen[] = []
  #ids = 1

  constructor(pipe: FakePipe, connection: Connection, device: TestDevice) {
    this.#pipe = pipe
    this.#connection = connection
    this.uid = device.uid
    this.sendSeq = device.sendSeq
  }

  leave(): void {
    this.#connection.gone()
  }

  async call<Q, A>(method: RequestMethod<Q, A>, request: Q): Promise<A> {
    this.#ids++
    const id = this.#ids
    this.#connection.receive(encodeRequest(id, method.number, method.encodeRequest(request)))
    const answer = await this.next(seen => seen.id === id)
    if (answer.what !== 'answer') throw new Error(`${method.rpc} was refused: ${JSON.stringify(answer)}`)
    return method.decodeResponse(answer.body as Uint8Array)
  }

  /** The first frame of that kind; what came before it is forgotten. */
  async next(is: (seen: Seen) => boolean): Promise<Seen> {
    const deadline = performance.now() + PATIENCE_MS
    for (let turns = 0; ; turns++) {
      this.#seen.push(...this.#pipe.seen())
      const found = this.#seen.findIndex(is)
      const [frame] = found < 0 ? [] : this.#seen.splice(0, found + 1).slice(-1)
      if (frame !== undefined) return frame
      const { state } = this.#connection
      if (state === 'closed' || performance.now() > deadline) {
        throw new Error(`a witness waits in vain (${state}): ${JSON.stringify(this.#seen)}`)
      }
      await turn(turns)
    }
  }
}

function connectTo(server: RunningServer): { pipe: FakePipe; connection: Connection } {
  const address = '192.0.2.1'
  const pipe = new FakePipe()
  server.context.gate.admit(address)
  server.context.gate.addUnauthenticated(address, pipe)
  const connection = new Connection(server.context, pipe, address, { leadingZero: true })
  pipe.connection = connection
  return { pipe, connection }
}

/** The next turn of the event loop; who has waited for many leaves the processor to the threads that it waits for. */
function turn(waited = 0): Promise<void> {
  return waited < TURNS_AT_ONCE ? new Promise(resolve => setImmediate(resolve)) : pause(1)
}

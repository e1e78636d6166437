/** Rooms at two nodes on one Redis Cluster: what is done at one node is read, counted and told at the other. */
import t from 'tap'
import {
  createRoomServicePostRequest,
  decodeSignalNotice,
  RoomKind,
  type RoomSummary,
  type Session,
  type SignalNotice,
} from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { RawClient } from '../support/raw-client.js'
import { RedisCluster } from '../support/redis-server.js'
import { registerAccount } from '../support/server.js'

/** A user's device, with a connection to one of the nodes. */
class Person {
  readonly #account: Session
  #client: RawClient
  #attempt: number
  #sendSeq = 0

  private constructor(account: Session, client: RawClient, attempt: number) {
    this.#account = account
    this.#client = client
    this.#attempt = attempt
  }

  static async register(port: number, name: string): Promise<Person> {
    const account = await registerAccount(port, name)
    const attempt = account.boundAttempt + 1
    const { client } = await RawClient.open(port, { token: account.token, attempt })
    return new Person(account, client, attempt)
  }

  get uid(): number {
    return this.#account.uid
  }

  /** Goes to another node. */
  async move(port: number): Promise<void> {
    this.#client.destroy()
    this.#attempt += 1
    const { client } = await RawClient.open(port, { token: this.#account.token, attempt: this.#attempt })
    this.#client = client
  }

  async ask<Q, A>(method: RequestMethod<Q, A>, request: Q): Promise<A> {
    const { code, body } = await this.#client.call(method, request)
    if (code !== 0) throw new Error(`${method.rpc} is refused with ${code}`)
    return method.decodeResponse(body)
  }

  /** Asks with the next number. */
  act<Q extends { readonly sendSeq: number }, A>(method: RequestMethod<Q, A>, request: Omit<Q, 'sendSeq'>): Promise<A> {
    this.#sendSeq += 1
    return this.ask(method, { ...request, sendSeq: this.#sendSeq } as unknown as Q)
  }

  /** A room as its list shows it; it is told of new posts from then on. */
  async room(conversation: string): Promise<RoomSummary | undefined> {
    const { rooms } = await this.ask(METHODS.roomList, { after: '', heads: true })
    return rooms.find(room => room.conversation === conversation)
  }

  /** What this connection was told of rooms. */
  signals(): SignalNotice['signal'][] {
    const frames = this.#client.frames.filter(({ id, method }) => id === 0 && method === METHODS.signal.number)
    return frames.map(({ body }) => decodeSignalNotice(body).signal)
  }

  leave(): void {
    this.#client.destroy()
  }
}

t.test('a board and a realtime room, made at one node and used at the other', async t => {
  const { url } = await RedisCluster.start()
  const options = ['--redis', url, '--redis-replicas', '0', '--limits', 'open', '--drain-ms', '200']
  const [one, other] = [await CliProcess.serve(...options), await CliProcess.serve(...options)]
  const alice = await Person.register(one.ready.port, 'alice')
  const bob = await Person.register(other.ready.port, 'bob')
  t.teardown(() => [alice, bob].map(person => person.leave()))
  const rules = { allPublish: false, codeNeeded: false }
  const make = async (kind: RoomKind): Promise<string> => {
    const { conversation } = await alice.act(METHODS.roomCreate, { title: 'news', kind, rules })
    await eventually(async () => (await alice.room(conversation)) !== undefined)
    await bob.act(METHODS.roomSubscribe, { conversation, code: '' })
    await eventually(async () => (await bob.room(conversation)) !== undefined)
    return conversation
  }

  const board = await make(RoomKind.BOARD)
  const headOf = async (): Promise<number> => (await alice.room(board))?.head ?? 0
  /** Posts, and waits until it is on the board. */
  const post = async (text: string): Promise<void> => {
    const before = await headOf()
    const { sendSeq: _, ...request } = createRoomServicePostRequest({ conversation: board, text })
    await alice.act(METHODS.roomPost, request)
    await eventually(async () => (await headOf()) > before)
  }
  const isTold = (number: number): boolean =>
    bob.signals().some(signal => signal?.case === 'head' && signal.value.number >= number)
  // The other node may have yet to hear that somebody listens.
  await eventually(async () => {
    await post('zero')
    return isTold(1)
  })
  const before = await headOf()
  await bob.act(METHODS.roomConfirm, { conversation: board, upTo: before })
  for (const text of ['one', 'two', 'three']) await post(text)
  await eventually(async () => (await bob.room(board))?.unconfirmed === 3)
  const { posts, head } = await bob.ask(METHODS.roomPosts, { conversation: board, before: 0, after: before, limit: 0 })
  t.same(
    posts.map(({ text, sender }) => [text, sender]),
    ['one', 'two', 'three'].map(text => [text, alice.uid]),
  )
  t.equal(posts.at(-1)?.number, head)
  await eventually(() => isTold(head))
  await bob.act(METHODS.roomConfirm, { conversation: board, upTo: posts[1]?.number ?? 0 })
  t.match(await bob.room(board), { head, confirmed: posts[1]?.number, unconfirmed: 1 })
  await bob.act(METHODS.roomConfirm, { conversation: board, upTo: head })
  await bob.move(one.ready.port)
  t.match(await bob.room(board), { head, confirmed: head, unconfirmed: 0 }, 'and so says the other node')
  await bob.move(other.ready.port)

  const realtime = await make(RoomKind.REALTIME)
  await bob.ask(METHODS.watch, { conversations: [{ conversation: realtime }] })
  const payload = Uint8Array.of(1, 2, 3)
  // And here that somebody looks.
  await eventually(async () => {
    await alice.ask(METHODS.roomPublish, { conversation: realtime, payload })
    return bob.signals().some(signal => signal?.case === 'data')
  })
  const [told] = bob.signals().filter(signal => signal?.case === 'data')
  t.match(told, { value: { uid: alice.uid, payload: Buffer.from(payload) } })
})

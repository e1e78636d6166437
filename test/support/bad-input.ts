/**
 * Bad input to a connection, on any transport, each with the code that the protocol names for it; and what it does to
 * everybody else: nothing.
 */

import v8 from 'node:v8'
import vm from 'node:vm'
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { encodeFrame, encodeNotice, encodeRequest } from '../../protocol/frame-codec.js'
import {
  createAckNotice,
  createLoginRequest,
  createRegisterRequest,
  createSendRequest,
  createSyncRequest,
  decodeRefusal,
  decodeSendResponse,
  encodeAckNotice,
  encodeSendRequest,
  type Frame,
  type HelloRequest,
  type HelloResponse,
  type Session,
} from '../../protocol/generated/messages.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { seededRandom } from '../../src/lib/random.js'
import { eventually } from './eventually.js'
import { JumpingClock } from './jumping-clock.js'
import { rawHello } from './raw-client.js'
import { loginAccount, registerAccount, startTestServer } from './server.js'

const EMPTY = new Uint8Array(0)

/** What random bytes may look like. */
const GARBAGE = /^(PROTOCOL_ERROR|FRAME_TOO_LARGE|HELLO_REQUIRED|nothing)$/

/** RawClient or RawWebSocket. */
export interface BadClient {
  readonly frames: Frame[]
  readonly ended: boolean
  /** On a WebSocket one message. */
  send(bytes: Uint8Array): void
  call<Q, A>(method: RequestMethod<Q, A>, request: Q): Promise<Frame>
  callRaw(method: number, body: Uint8Array): Promise<Frame>
  notice(method: number): Promise<Frame>
  end(limitMs?: number): Promise<string>
  /** Closes as one should. */
  hangUp(): void
  destroy(): void
  reset(): void
}

export interface Wire {
  readonly leadingZero: boolean
  connect(server: RunningServer): Promise<BadClient>
  open(server: RunningServer, init: Partial<HelloRequest>): Promise<{ client: BadClient; hello: HelloResponse }>
}

/** For the tests of one transport alone. */
export interface BadInputRig {
  readonly clock: JumpingClock
  server(): RunningServer
  /** A connection of a good session, its first page read. */
  open(): Promise<BadClient>
  closedBy(...bytes: readonly Uint8Array[]): Promise<string>
}

/**
 * Defines the tests, in the file that calls it.
 * @param own defines those of one transport
 */
export function badInput(wire: Wire, own: (rig: BadInputRig) => void): void {
  const ZERO = wire.leadingZero ? Uint8Array.of(0) : EMPTY

  const clock = new JumpingClock()
  let server: RunningServer
  let alice: Session
  let bob: Session
  /** Connected all the time: what the others do must not reach it. */
  let bystander: BadClient
  let attempts = 0

  t.before(async () => {
    server = await startTestServer({ clock })
    alice = await registerAccount(server.port, 'alice')
    bob = await registerAccount(server.port, 'bob')
    const carol = await registerAccount(server.port, 'carol')
    bystander = await open(carol)
  })

  t.afterEach(async () => {
    const answer = await bystander.call(METHODS.sync, createSyncRequest({ since: 0 }))
    if (answer.code !== 0) throw new Error(`the bystander was refused with ${answer.code}`)
  })

  t.teardown(async () => {
    bystander.destroy()
    await server.drain()
  })

  /** A connection of the session's device, its Hello answered and its first page read. */
  async function open(session: Session): Promise<BadClient> {
    attempts += 1
    const { client } = await wire.open(server, { token: session.token, attempt: attempts })
    await client.notice(METHODS.push.number)
    return client
  }

  async function connected(): Promise<BadClient> {
    return wire.connect(server)
  }

  /** What the server closes with when these bytes are all that comes. */
  async function closedBy(...bytes: readonly Uint8Array[]): Promise<string> {
    const client = await connected()
    for (const part of bytes) client.send(part)
    return client.end()
  }

  function refusedWith(frame: Frame): string {
    return codeName(frame.code)
  }

  t.test('names that no account can have are looked up as any', async t => {
    const client = await open(alice)
    const secrets = { password: 'correct horse', installationKey: new Uint8Array(16).fill(1) }
    for (const account of ['12345', '0', '9007199254740993', '-1', 'a/b', '__proto__', '\u0000', 'é', ' ', 'ab']) {
      t.equal(refusedWith(await client.call(METHODS.getProfile, { uid: 0, account })), 'UNKNOWN_USER', account)
      const login = createLoginRequest({ account, ...secrets })
      t.equal(refusedWith(await client.call(METHODS.login, login)), 'WRONG_CREDENTIALS', account)
      const register = createRegisterRequest({ account, ...secrets })
      t.equal(refusedWith(await client.call(METHODS.register, register)), 'NAME_INVALID', account)
    }
    client.destroy()
  })

  t.test('random bytes', async t => {
    const random = seededRandom('bad input')
    for (let i = 0; i < 30; i++) {
      const bytes = random.bytes(1 + random.integer(3_000))
      const first = 1 + random.integer(255)
      // A capital letter would be HTTP.
      bytes[0] = first >= 0x41 && first <= 0x5a ? first + 0x20 : first
      t.match(await closedBy(bytes), wire.leadingZero ? /^PROTOCOL_ERROR$/ : GARBAGE)
    }
    const codes = new Set<string>()
    for (let i = 0; i < 30; i++) {
      const client = await connected()
      client.send(ZERO)
      client.send(random.bytes(2_000 + random.integer(60_000)))
      client.hangUp() // it may look like the beginning of a frame, which never ends
      codes.add(await client.end())
    }
    for (const code of codes) t.match(code, GARBAGE)
  })

  t.test('a declared length of 4 GiB, before and after Hello', async t => {
    const length = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)
    t.equal(await closedBy(ZERO, length), 'FRAME_TOO_LARGE')
    const client = await open(alice)
    client.send(length)
    t.equal(await client.end(), 'FRAME_TOO_LARGE')
  })

  t.test('a declared length of one byte too much', async t => {
    t.equal(await closedBy(ZERO, Uint8Array.of(0x81, 0x80, 0x01)), 'FRAME_TOO_LARGE')
    const client = await open(alice)
    client.send(Uint8Array.of(0x81, 0x80, 0x04))
    t.equal(await client.end(), 'FRAME_TOO_LARGE')
  })

  t.test('a flood of frames of length 0', async t => {
    t.equal(await closedBy(ZERO, new Uint8Array(60_000)), 'HELLO_REQUIRED')
    const client = await open(alice)
    client.send(new Uint8Array(60_000))
    t.equal(await client.end(), 'FLOOD')
  })

  t.test('truncated and overlong varints', async t => {
    t.equal(await closedBy(ZERO, Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x01)), 'PROTOCOL_ERROR')
    const client = await open(alice)
    client.send(Uint8Array.of(0x02, 0x08, 0x80)) // an id that does not end in its frame
    t.equal(await client.end(), 'PROTOCOL_ERROR')
    const other = await open(alice)
    const body = Uint8Array.of(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)
    t.equal(refusedWith(await other.callRaw(METHODS.sync.number, body)), 'BAD_BODY')
    t.equal(refusedWith(await other.callRaw(METHODS.sync.number, Uint8Array.of(0x08, 0x80))), 'BAD_BODY')
    other.destroy()
  })

  t.test('an unknown method, and the number of a notice as a request', async t => {
    const client = await open(alice)
    for (const method of [8, 9, 99, 2 ** 32 - 1, METHODS.ack.number, METHODS.push.number]) {
      t.equal(refusedWith(await client.callRaw(method, EMPTY)), 'UNKNOWN_METHOD', String(method))
    }
    client.destroy()
  })

  t.test('a body of the wrong type, and of another message', async t => {
    const client = await open(alice)
    const text = new TextEncoder().encode('this is not protobuf')
    for (const method of Object.values(METHODS)) {
      if (method.kind !== 'request' || method.number === METHODS.hello.number) continue
      if (method.encodeRequest === METHODS.logout.encodeRequest || method === METHODS.listDevices) continue
      t.equal(refusedWith(await client.callRaw(method.number, text)), 'BAD_BODY', method.rpc)
    }
    const wrongType = Uint8Array.of(0x0a, 0x01, 0x31) // send_seq as a string
    t.equal(refusedWith(await client.callRaw(METHODS.send.number, wrongType)), 'BAD_BODY')
    client.destroy()
  })

  t.test('Hello twice', async t => {
    const client = await open(alice)
    client.send(rawHello(50, { token: alice.token, attempt: ++attempts }))
    t.equal(await client.end(), 'HELLO_REPEATED')
    t.equal(await closedBy(ZERO, rawHello(1, {}), rawHello(2, {})), 'HELLO_REPEATED')
  })

  t.test('a request before Hello, a notice before Hello, a Hello without an id', async t => {
    t.equal(await closedBy(ZERO, encodeRequest(1, METHODS.sync.number, EMPTY)), 'HELLO_REQUIRED')
    t.equal(await closedBy(ZERO, encodeNotice(METHODS.ack.number, EMPTY)), 'HELLO_REQUIRED')
    t.equal(await closedBy(ZERO, encodeNotice(METHODS.hello.number, EMPTY)), 'PROTOCOL_ERROR')
  })

  t.test('a response, and a frame that is neither request nor notice', async t => {
    const client = await open(alice)
    client.send(encodeFrame({ id: 3, body: Uint8Array.of(1) }))
    t.equal(await client.end(), 'PROTOCOL_ERROR')
    const other = await open(alice)
    other.send(Uint8Array.of(0x02, 0x20, 0x01))
    t.equal(await other.end(), 'PROTOCOL_ERROR')
  })

  t.test('requests on a nameless connection', async t => {
    const { client } = await wire.open(server, {})
    const request = createSendRequest({ sendSeq: 1, to: 1, text: 'x' })
    t.equal(refusedWith(await client.call(METHODS.send, request)), 'LOGIN_REQUIRED')
    t.equal(refusedWith(await client.callRaw(4711, EMPTY)), 'UNKNOWN_METHOD')
    client.destroy()
  })

  t.test('wrong, expired and revoked tokens', async t => {
    const wrong = alice.token.slice()
    wrong[20] = (wrong[20] ?? 0) ^ 1
    for (const token of [wrong, Uint8Array.of(1), new Uint8Array(128).fill(255), new Uint8Array(44)]) {
      t.equal(await closedBy(ZERO, rawHello(1, { token, attempt: 999 })), 'UNAUTHENTICATED')
    }
    t.equal(await closedBy(ZERO, rawHello(1, { token: new Uint8Array(129), attempt: 999 })), 'INVALID_ARGUMENT')
    const dave = await registerAccount(server.port, 'dave')
    const logsOut = await open(dave)
    const { client: other } = await wire.open(server, {})
    t.equal((await logsOut.call(METHODS.logout, {})).code, 0)
    t.equal(await logsOut.end(), 'SESSION_REVOKED')
    other.destroy()
    t.match(
      await closedBy(ZERO, rawHello(1, { token: dave.token, attempt: 999 })),
      /^(SESSION_REVOKED|UNAUTHENTICATED)$/,
    )
  })

  t.test('a superseded attempt disturbs nobody', async t => {
    const client = await open(alice)
    const late = await connected()
    late.send(ZERO)
    late.send(rawHello(1, { token: alice.token, attempt: attempts }))
    t.equal(await late.end(), 'ATTEMPT_SUPERSEDED')
    t.equal(decodeRefusal(late.frames[0]?.body ?? EMPTY).boundAttempt, attempts)
    t.equal((await client.call(METHODS.sync, createSyncRequest({ since: 0 }))).code, 0)
    const newer = await open(alice)
    t.equal(await client.end(), 'REPLACED')
    newer.destroy()
  })

  t.test('a send_seq with other content, beyond the next, and a repeat', async t => {
    const client = await open(bob)
    const send = (sendSeq: number, text: string) =>
      client.call(METHODS.send, createSendRequest({ sendSeq, to: alice.uid, text }))
    t.equal(refusedWith(await send(1, 'hello')), 'NOT_FRIEND', 'final: it uses the number up')
    t.equal(refusedWith(await send(1, 'hello')), 'NOT_FRIEND', 'again the first answer')
    t.equal(refusedWith(await send(1, 'other')), 'SEQ_REUSED')
    const gap = await send(5, 'later')
    t.equal(refusedWith(gap), 'GAP')
    t.equal(decodeRefusal(gap.body).expectedSendSeq, 2)
    t.equal(refusedWith(await send(2, 'x'.repeat(16_385))), 'TEXT_TOO_LONG')
    t.equal(refusedWith(await send(3, 'é'.repeat(8_193))), 'TEXT_TOO_LONG', 'bytes count, not letters')
    client.destroy()
  })

  t.test('oversized, empty and invalid texts, unknown recipients, oneself', async t => {
    const erin = await registerAccount(server.port, 'erin')
    const client = await open(erin)
    const send = (sendSeq: number, to: number, text: string) =>
      client.call(METHODS.send, createSendRequest({ sendSeq, to, text }))
    t.equal(refusedWith(await send(1, 123_456_789, 'x')), 'UNKNOWN_USER')
    t.equal(refusedWith(await send(2, erin.uid, 'x')), 'SELF')
    const body = encodeSendRequest(createSendRequest({ sendSeq: 3, to: alice.uid, text: '' }))
    t.equal(refusedWith(await client.callRaw(METHODS.send.number, body)), 'BAD_BODY', 'no text')
    const prefix = encodeSendRequest(createSendRequest({ sendSeq: 3, to: alice.uid, text: '' }))
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]]) {
      const invalid = Uint8Array.of(...prefix, 0x1a, bytes.length, ...bytes)
      t.equal(refusedWith(await client.callRaw(METHODS.send.number, invalid)), 'BAD_BODY', String(bytes))
    }
    t.equal(refusedWith(await send(3, 2 ** 53 - 1, 'x')), 'UNKNOWN_USER', 'BAD_BODY used nothing up')
    client.destroy()
  })

  t.test('negative and huge numbers', async t => {
    const client = await open(alice)
    const minusOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
    const twoTo53 = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]
    for (const number of [minusOne, twoTo53]) {
      t.equal(refusedWith(await client.callRaw(METHODS.sync.number, Uint8Array.of(0x08, ...number))), 'BAD_BODY')
      const send = Uint8Array.of(0x08, ...number, 0x10, 0x01, 0x1a, 0x01, 0x61)
      t.equal(refusedWith(await client.callRaw(METHODS.send.number, send)), 'BAD_BODY')
    }
    const count = Uint8Array.of(0x08, 0x01, 0x10, 0xff, 0xff, 0xff, 0xff, 0x0f)
    t.equal(refusedWith(await client.callRaw(METHODS.void.number, count)), 'INVALID_ARGUMENT')
    const idTooLarge = Uint8Array.of(0x08, 0x08, ...[0x80, 0x80, 0x80, 0x80, 0x10], 0x10, 0x1f)
    client.send(idTooLarge)
    t.equal(await client.end(), 'PROTOCOL_ERROR')
  })

  t.test('since and ack from the future', async t => {
    const client = await open(alice)
    t.equal(refusedWith(await client.call(METHODS.sync, createSyncRequest({ since: 2 ** 50 }))), 'RESYNC')
    const ack = createAckNotice({ version: 2 ** 50 })
    t.equal(refusedWith(await client.call(METHODS.sync, createSyncRequest({ since: 0, ack }))), 'RESYNC')
    client.send(encodeNotice(METHODS.ack.number, encodeAckNotice(ack)))
    t.equal(await client.end(), 'RESYNC')
    const future = await wire.open(server, { token: alice.token, attempt: ++attempts, since: 2 ** 50 })
    t.equal(future.hello.resync, true)
    future.client.destroy()
  })

  t.test('an ack that is none', async t => {
    const client = await open(alice)
    client.send(encodeNotice(METHODS.ack.number, Uint8Array.of(0x12, 0x05)))
    t.equal(await client.end(), 'BAD_BODY')
  })

  t.test('the peer vanishes in the middle of everything', async t => {
    for (let i = 0; i < 20; i++) {
      const client = await connected()
      client.send(ZERO)
      client.send(rawHello(1, { token: alice.token, attempt: ++attempts }))
      client.send(encodeRequest(2, METHODS.sync.number, EMPTY))
      if (i % 2 === 0) client.reset()
      else client.destroy()
    }
    await eventually(() => server.context.connections.size <= 1)
    t.equal(server.context.hub.bound, 1, 'the bystander')
  })

  t.test(
    'a nameless connection ends, and an idle one, and one whose token has expired meanwhile comes not back',
    async t => {
      const { client: nameless } = await wire.open(server, {})
      const { client: idle } = await wire.open(server, {
        token: alice.token,
        attempt: ++attempts,
        heartbeatMs: 10_000,
      })
      clock.jump(62_000)
      t.equal(await nameless.end(), 'NAMELESS_TIMEOUT')
      t.equal(await idle.end(), 'IDLE_TIMEOUT')
    },
  )

  t.test('what good clients have is as it was, and memory does not grow', async t => {
    v8.setFlagsFromString('--expose-gc')
    const gc = vm.runInNewContext('gc') as () => void
    const random = seededRandom('growth')
    const round = async (): Promise<void> => {
      const clients = await Promise.all(Array.from({ length: 40 }, connected))
      for (const [i, client] of clients.entries()) {
        client.send(ZERO)
        if (i % 4 === 0) client.send(random.bytes(30_000))
        else if (i % 4 === 1) client.send(new Uint8Array(30_000))
        else if (i % 4 === 2) client.send(Uint8Array.of(0xff, 0x7f, ...random.bytes(8_000)))
        else client.send(rawHello(1, { token: random.bytes(44), attempt: 1 }))
      }
      for (const client of clients) client.hangUp()
      await Promise.all(clients.map(client => client.end()))
      for (const client of clients) client.destroy()
      await eventually(() => server.context.connections.size <= 1)
    }
    const used = async (): Promise<number> => {
      gc()
      await new Promise(setImmediate) // what the first round finalizes, the second frees
      gc()
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    for (let i = 0; i < 5; i++) await round()
    const before = await used()
    for (let i = 0; i < 15; i++) await round()
    const growth = (await used()) - before
    t.ok(growth < 1_000_000, `grew by ${growth} bytes over 600 bad connections`)
    t.same([server.context.gate.total, server.context.hub.bound], [1, 1])
    t.equal(bystander.ended, false)
    t.equal(bystander.frames.filter(({ code }) => code !== 0).length, 0)
  })

  own({ clock, server: () => server, open: () => open(alice), closedBy })

  // Last, for the clock jumps by years.
  t.test('a token that was used for nothing for a long time has expired', async t => {
    const frank = await registerAccount(server.port, 'frank')
    const second = await loginAccount(server.port, 'frank')
    clock.jump(20 * 365 * 86_400_000)
    for (const { token } of [frank, second]) {
      t.match(await closedBy(ZERO, rawHello(1, { token, attempt: 5 })), /^(TOKEN_EXPIRED|UNAUTHENTICATED)$/)
    }
    bystander.destroy()
    const carol = await loginAccount(server.port, 'carol')
    bystander = await open(carol)
    const answer = await bystander.call(METHODS.send, createSendRequest({ sendSeq: 1, to: 1, text: 'x' }))
    t.equal(decodeSendResponse(EMPTY).version, 0)
    t.equal(codeName(answer.code), 'UNKNOWN_USER')
  })
}

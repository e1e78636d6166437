import t from 'tap'
import { Backoff } from '../../../clients/typescript/base/backoff.js'
import { MemoryStorage } from '../../../clients/typescript/index.js'
import { CODES } from '../../../protocol/codes.js'
import { encodeFrame, encodeNotice, encodeResponse, PING } from '../../../protocol/frame-codec.js'
import { METHODS } from '../../../protocol/methods.js'
import { seededRandom } from '../../../src/lib/random.js'
import { answer, Harness, reasonOf, refused, sessionOf, TOKEN, UID } from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'
import { bytesOf, deliveries, frameVectors } from '../../support/vectors.js'

t.test('back-off is drawn evenly from 0 to a ceiling that doubles up to its cap', t => {
  const backoff = new Backoff(seededRandom('back-off'), { baseMs: 1000, capMs: 60_000 })
  const ceilings = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
  const sums = ceilings.map(() => 0)
  const rounds = 2_000
  for (let round = 0; round < rounds; round++) {
    ceilings.forEach((ceiling, n) => {
      const waitMs = backoff.next()
      if (waitMs < 0 || waitMs >= ceiling) t.fail(`${waitMs} is not in [0, ${ceiling})`)
      sums[n] = (sums[n] ?? 0) + waitMs
    })
    backoff.reset()
  }
  // Full jitter, not a little of it: the mean is half the ceiling.
  for (const [n, ceiling] of ceilings.entries()) t.ok(Math.abs((sums[n] ?? 0) / rounds / ceiling - 0.5) < 0.05)
  t.ok(backoff.next(5_000) >= 5_000)
  t.end()
})

t.test('login goes over a nameless connection, which then becomes the session’s', async t => {
  const harness = await Harness.start()
  const login = harness.client.account.login({ account: 'Ann', password: 'correct horse' })
  harness.settle()
  t.same(harness.of('connection'), [{ state: 'connecting', transport: 'test' }])
  harness.pipe.open()
  t.same(harness.pipe.peek(), ['hello', 'login'])
  t.equal(harness.pipe.writes.length, 1)
  const hello = harness.pipe.take('hello')
  t.equal(hello.request.token.length, 0)
  const { id, request } = harness.pipe.take('login')
  t.equal(request.account, 'Ann')
  t.equal(request.installationKey.length, 16)
  harness.pipe.receive(answer('hello', hello.id), answer('login', id, { session: sessionOf({ boundAttempt: 41 }) }))
  await login
  const named = harness.greet()
  t.same(named.token, TOKEN)
  t.equal(named.attempt, 42)
  t.equal(harness.client.account.uid, UID)
  t.equal(harness.client.account.profile.account, 'ann')
  t.same(harness.of('connection').at(-1), { state: 'online', transport: 'test' })
  t.equal(harness.pipes.length, 1)
})

t.test('a refused login rejects with the code and leaves nothing behind', async t => {
  const harness = await Harness.start()
  const login = harness.client.account.login({ account: 'ann', password: 'wrong horse' })
  harness.settle()
  harness.pipe.open()
  const hello = harness.pipe.take('hello')
  harness.pipe.receive(answer('hello', hello.id), refused(harness.pipe.take('login').id, 'WRONG_CREDENTIALS', 2_000))
  await t.rejects(login, { code: CODES.WRONG_CREDENTIALS.code, retryAfterMs: 2_000 })
  t.equal(harness.pipe.closedByClient, true)
  t.equal(harness.client.state().phase, 'resting')
  t.equal(harness.clock.pending, 0)
})

t.test(
  'a login goes on over lost connections and "retry", with the same installation key, and ends in time',
  async t => {
    const harness = await Harness.start(undefined, { signInTimeoutMs: 60_000 })
    const login = harness.client.account.login({ account: 'ann', password: 'correct horse' })
    harness.settle()
    harness.pipe.open()
    harness.pipe.take('hello')
    const key = harness.pipe.take('login').request.installationKey
    harness.pipe.end(new Error('reset'))
    harness.advance(1_000)
    harness.pipe.open()
    const hello = harness.pipe.take('hello')
    const again = harness.pipe.take('login')
    t.same(again.request.installationKey, key)
    harness.pipe.receive(answer('hello', hello.id), refused(again.id, 'OVERLOADED', 10_000))
    harness.advance(9_999)
    t.equal(harness.pipes.length, 2)
    harness.advance(60_000)
    await t.rejects(login, { code: CODES.OVERLOADED.code })
    t.equal(harness.client.state().phase, 'resting')
  },
)

t.test('one sign-in at a time, and none while somebody is signed in', async t => {
  const harness = await Harness.start()
  const account = { account: 'ann', password: 'correct horse' }
  const first = harness.client.account.login(account)
  await t.rejects(harness.client.account.register(account), { message: /another sign-in/ })
  await harness.client.close()
  await t.rejects(first, { message: /closed/ })
  const online = await Harness.online()
  await t.rejects(online.client.account.login(account), { message: /log out first/ })
})

t.test('the attempt grows with every connection and is stored before it is sent', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  const before = harness.client.state().attempt
  harness.pipe.end()
  storage.fast = false
  harness.advance(1_000)
  harness.pipe.open()
  t.same(harness.pipe.peek(), [])
  storage.release()
  harness.settle()
  t.equal(harness.pipe.take('hello').request.attempt, before + 1)
  const after = await Harness.start(storage.afterCrash())
  after.client.connect()
  after.settle()
  after.pipe.open()
  t.equal(after.pipe.take('hello').request.attempt, before + 2)
})

t.test('the installation key is stored before it is sent', async t => {
  const storage = new SlowStorage()
  storage.fast = false
  const harness = await Harness.start(storage)
  const login = harness.client.account.login({ account: 'ann', password: 'correct horse' })
  login.catch(() => {})
  harness.settle()
  harness.pipe.open()
  t.same(harness.pipe.peek(), [])
  storage.release()
  harness.settle()
  harness.pipe.take('hello')
  const { installationKey } = harness.pipe.take('login').request
  const after = await Harness.start(storage.afterCrash())
  after.client.account.login({ account: 'ann', password: 'correct horse' }).catch(() => {})
  after.settle()
  after.pipe.open()
  after.pipe.take('hello')
  t.same(after.pipe.take('login').request.installationKey, installationKey)
})

t.test('ATTEMPT_SUPERSEDED: the next attempt goes above both', async t => {
  const harness = await Harness.online()
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  const { id } = harness.pipe.take('hello')
  harness.pipe.refuse(id, 'ATTEMPT_SUPERSEDED', 0, { boundAttempt: 77 })
  t.equal(harness.client.state().phase, 'waiting')
  t.equal(harness.reconnect().attempt, 78)
})

t.test('a changed password: the new token is kept, and a refusal of the old one is no end of the session', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  const changed = harness.client.account.changePassword('old password', 'new password')
  harness.settle()
  const token = Uint8Array.of(4, 5, 6)
  harness.pipe.respond('changePassword', harness.pipe.take('changePassword').id, { token })
  harness.settle()
  await changed
  harness.pipe.closeNotice('UNAUTHENTICATED') // what a poll with the old token would hear
  t.equal(harness.client.state().phase, 'waiting')
  t.same(harness.of('sessionEnded'), [])
  t.same(harness.reconnect().token, token)
  const again = await Harness.start(storage.afterCrash())
  again.client.connect()
  again.settle()
  again.pipe.open()
  t.same(again.pipe.take('hello').request.token, token)
  again.pipe.closeNotice('SESSION_REVOKED')
  t.equal(again.of('sessionEnded').length, 1)
})

t.test('an attempt that is too far above the bound one is corrected', async t => {
  const harness = await Harness.online()
  harness.pipe.end()
  for (const [code, boundAttempt] of [
    ['ATTEMPT_SUPERSEDED', 77],
    ['INVALID_ARGUMENT', 3],
  ] as const) {
    while (harness.client.state().phase === 'waiting') harness.advance(100)
    harness.pipe.open()
    harness.pipe.refuse(harness.pipe.take('hello').id, code, 0, { boundAttempt })
  }
  t.equal(harness.reconnect().attempt, 4)
})

t.test('REPLACED by an attempt that was not ours stops the client and says so; the user may go on', async t => {
  const harness = await Harness.online()
  harness.pipe.closeNotice('REPLACED', 99)
  t.same(harness.of('connection').at(-1), { state: 'stopped', reason: 'REPLACED' })
  harness.advance(600_000)
  t.equal(harness.pipes.length, 1)
  t.equal(harness.clock.pending, 0)
  harness.client.connect()
  harness.settle()
  t.equal(harness.pipes.length, 2)
})

t.test('REPLACED by an attempt of our own is no reason to stop', async t => {
  const harness = await Harness.online()
  harness.pipe.closeNotice('REPLACED', 1)
  t.equal(harness.client.state().phase, 'waiting')
})

t.test('what codes mean in the answer to Hello and in Close', async t => {
  const cases = [
    ['UNAVAILABLE', 'waiting'],
    ['OVERLOADED', 'waiting'],
    ['INVALID_ARGUMENT', 'waiting'],
    ['SERVER_ERROR', 'waiting'],
    ['TOO_MANY_CONNECTIONS', 'waiting'],
    ['RESYNC', 'waiting'],
    ['UNAUTHENTICATED', 'resting'],
    ['SESSION_REVOKED', 'resting'],
    ['REVISION_UNSUPPORTED', 'stopped'],
  ] as const
  for (const [code, phase] of cases) {
    const closed = await Harness.online()
    closed.pipe.closeNotice(code, 0, 4_000)
    t.equal(closed.client.state().phase, phase, `Close ${code}`)
    t.equal(closed.pipe.closedByClient, true)
    const greeting = await Harness.online()
    greeting.pipe.end()
    greeting.advance(1_000)
    greeting.pipe.open()
    greeting.pipe.refuse(greeting.pipe.take('hello').id, code, 4_000)
    t.equal(greeting.client.state().phase, phase, `Hello ${code}`)
    if (phase !== 'waiting') continue
    const connections = greeting.pipes.length
    greeting.advance(3_999)
    t.equal(greeting.pipes.length, connections, `${code}: not before the server's time`)
  }
})

t.test('retry_after_ms of Drain is kept, answers are waited for, and nothing new leaves', async t => {
  const harness = await Harness.online()
  const message = harness.client.send(300, 'under way')
  harness.settle()
  const { id } = harness.pipe.take('send')
  harness.pipe.drain(4_000)
  harness.client.send(300, 'waits')
  harness.settle()
  t.same(harness.pipe.peek(), [])
  harness.pipe.respond('send', id, { version: 1 })
  t.equal(message.state, 'accepted')
  // Caught up and answered: the last word is the ack.
  t.equal(harness.pipe.takeAck().version, 1)
  t.equal(harness.pipe.closedByClient, true)
  harness.advance(3_999)
  t.equal(harness.pipes.length, 1)
  harness.advance(1)
  t.equal(harness.pipes.length, 2)
  harness.pipe.open()
  t.same(harness.pipe.peek(), ['hello', 'send'])
})

t.test('a draining server that closes early does not bring the client back early', async t => {
  const harness = await Harness.online()
  harness.client.send(300, 'under way')
  harness.settle()
  harness.pipe.drain(4_000)
  harness.pipe.closeNotice('DRAINING')
  harness.advance(3_999)
  t.equal(harness.pipes.length, 1)
  harness.advance(1)
  t.equal(harness.pipes.length, 2)
})

t.test('pings when nothing happens; silence after a ping ends the connection', async t => {
  const harness = await Harness.online(undefined, { heartbeatMs: 60_000 })
  harness.advance(59_999)
  t.same(harness.pipe.peek(), [])
  harness.advance(1)
  harness.pipe.takePing()
  harness.pipe.receive(PING)
  harness.advance(60_000)
  harness.pipe.takePing()
  harness.advance(7_999)
  t.equal(harness.pipe.closedByClient, false)
  harness.advance(1)
  t.equal(harness.pipe.closedByClient, true)
  t.match(harness.of('connection').at(-1), { state: 'waiting', reason: /ping/ })
})

t.test('a transport that proxies cut sooner is pinged sooner, and the server is told so', async t => {
  const harness = await Harness.online(undefined, { transportHeartbeatMs: 45_000 })
  harness.advance(44_999)
  t.same(harness.pipe.peek(), [])
  harness.advance(1)
  harness.pipe.takePing()
  harness.pipe.end()
  t.equal(harness.reconnect().heartbeatMs, 45_000)
  const eager = await Harness.online(undefined, { heartbeatMs: 20_000, transportHeartbeatMs: 45_000 })
  eager.advance(20_000)
  eager.pipe.takePing()
})

t.test('a request without an answer ends the connection after silence, not while something comes', async t => {
  const harness = await Harness.online(undefined, { requestTimeoutMs: 15_000 })
  harness.client.send(300, 'hello')
  harness.settle()
  harness.advance(10_000)
  harness.pipe.push(0, 0)
  harness.advance(14_999)
  t.equal(harness.pipe.closedByClient, false)
  harness.advance(1)
  t.equal(harness.pipe.closedByClient, true)
  harness.reconnect()
  t.equal(harness.pipe.take('send').request.sendSeq, 1)
})

t.test('a server that sends but never answers is left too', async t => {
  const harness = await Harness.online(undefined, { requestTimeoutMs: 10_000 })
  harness.client.send(300, 'hello')
  harness.settle()
  for (let i = 0; i < 8; i++) {
    harness.advance(5_000)
    if (!harness.pipe.closedByClient) harness.pipe.receive(PING)
  }
  t.equal(harness.pipe.closedByClient, true)
})

t.test('a connection that does not open is given up', async t => {
  const harness = await Harness.online(undefined, { connectTimeoutMs: 10_000 })
  harness.pipe.end()
  harness.advance(1_000)
  t.equal(harness.pipes.length, 2)
  const { pipe } = harness
  harness.advance(10_000)
  t.equal(pipe.closedByClient, true)
  t.match(
    harness
      .of('connection')
      .filter(each => each.state === 'waiting')
      .at(-1),
    { reason: /connect/ },
  )
})

t.test('nudge() connects at once, but not before the server allows; online it asks for a sign of life', async t => {
  const harness = await Harness.online()
  harness.client.nudge()
  harness.settle()
  harness.pipe.takePing()
  harness.pipe.end()
  harness.client.nudge()
  harness.settle()
  t.equal(harness.pipes.length, 2)
  harness.pipe.open()
  harness.pipe.refuse(harness.pipe.take('hello').id, 'OVERLOADED', 30_000)
  harness.client.nudge()
  harness.settle()
  t.equal(harness.pipes.length, 2)
})

t.test('nudge() during a sign-in finds a dead connection long before the sign-in would', async t => {
  const harness = await Harness.start(undefined, { pongTimeoutMs: 8_000, reconnectBaseMs: 1_000 })
  void harness.client.account.login({ account: 'ann', password: 'correct horse' }).catch(() => {})
  harness.settle()
  harness.pipe.open()
  harness.pipe.skip()
  harness.client.nudge()
  harness.settle()
  harness.pipe.takePing()
  harness.advance(8_000)
  t.ok(harness.pipe.closedByClient)
  harness.advance(1_000)
  harness.pipe.open()
  t.same(harness.pipe.peek(), ['hello', 'login'], 'it is tried again on a fresh one')
})

t.test('failures in a row wait longer and longer; a connection that worked begins anew', async t => {
  const harness = await Harness.online(undefined, { reconnectBaseMs: 1_000, reconnectCapMs: 8_000 })
  const waits: number[] = []
  harness.client.on('connection', status => {
    if (status.state === 'waiting') waits.push(status.retryInMs)
  })
  harness.advance(5_000)
  harness.pipe.end()
  for (let i = 0; i < 200; i++) {
    harness.advance(8_000)
    harness.pipe.end()
  }
  t.ok((waits[0] ?? 0) < 1_000)
  t.ok((waits[1] ?? 0) < 2_000)
  t.ok(waits.every(each => each < 8_000))
  t.ok(Math.max(...waits) > 7_000)
  harness.advance(8_000)
  harness.pipe.open()
  harness.greet()
  harness.advance(5_000)
  harness.pipe.end()
  t.ok((waits.at(-1) ?? 0) < 1_000)
})

t.test('close() leaves no timer and no connection; the same storage goes on', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  harness.client.send(300, 'waits')
  await harness.client.close()
  harness.settle()
  t.equal(harness.pipe.closedByClient, true)
  t.equal(harness.clock.pending, 0)
  t.equal(
    reasonOf(() => harness.client.send(300, 'x')),
    'CLOSED',
  )
  const again = await Harness.start(storage)
  t.match(again.client.state(), { signedIn: true, outbox: [{ sendSeq: 1, state: 'queued' }] })
})

t.test('a session that ends while the account is being deleted is told, unless it was the deletion', async t => {
  for (const isAnswered of [true, false]) {
    const harness = await Harness.online()
    const deletion = harness.client.account.deleteAccount('correct horse')
    harness.settle()
    const { id } = harness.pipe.take('deleteAccount')
    const close = encodeFrame({ method: METHODS.close.number, code: CODES.SESSION_REVOKED.code })
    harness.pipe.receive(...(isAnswered ? [answer('deleteAccount', id), close] : [close]))
    if (isAnswered) await deletion
    t.equal(harness.of('sessionEnded').length, isAnswered ? 0 : 1)
    t.equal(harness.client.account.signedIn, false)
    t.equal(harness.client.account.uid, isAnswered ? 0 : UID)
  }
})

t.test('logout tells the server, forgets the account and keeps the installation', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  const message = harness.client.send(300, 'unsent')
  harness.settle()
  harness.pipe.take('send')
  const logout = harness.client.account.logout()
  harness.settle()
  harness.pipe.receive(
    answer('logout', harness.pipe.take('logout').id),
    encodeNotice(METHODS.close.number, new Uint8Array(0)),
  )
  await logout
  harness.settle()
  t.equal(message.state, 'failed')
  t.match(harness.client.state(), { signedIn: false, uid: 0, applied: 0, outbox: [], nextSendSeq: 1 })
  t.same(harness.of('sessionEnded'), [])
  storage.open((_, values) => {
    t.ok(values.has('installation'))
    t.notOk(values.has('session'))
    t.notOk([...values.keys()].some(name => name.startsWith('out/')))
  })
  // The same user on the same installation is the same device: number 1 was used, answered or not, and is not given again.
  const again = await Harness.online(storage)
  t.equal(again.client.send(300, 'another').sendSeq, 2)
  again.settle()
  t.same(again.pipe.peek(), ['send'])
})

t.test('look-ups go on over reconnects, and end in time', async t => {
  const harness = await Harness.online(undefined, { callTimeoutMs: 30_000 })
  const profile = harness.client.account.lookUp({ account: 'bob' })
  harness.settle()
  t.equal(harness.pipe.take('getProfile').request.account, 'bob')
  harness.pipe.end()
  harness.reconnect()
  harness.pipe.respond('getProfile', harness.pipe.take('getProfile').id, { uid: 300, account: 'bob', nickname: 'Bob' })
  t.same(await profile, { uid: 300, account: 'bob', nickname: 'Bob' })
  const nobody = harness.client.account.lookUp({ uid: 9 })
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('getProfile').id, 'UNKNOWN_USER')
  await t.rejects(nobody, { code: CODES.UNKNOWN_USER.code })
  harness.pipe.end()
  const never = harness.client.account.devices()
  harness.settle()
  harness.clock.advance(30_000)
  await t.rejects(never, { message: /no answer/ })
})

t.test('the vectors of frames to a client, in every cut: never a throw, and the same end', async t => {
  for (const vector of frameVectors().filter(each => each.direction === 'to-client')) {
    const bytes = bytesOf(vector.bytes)
    const broken = vector.expect.some(each => 'error' in each)
    let ends = 0
    for (const delivery of deliveries(bytes)) {
      const harness = await Harness.online()
      const { pipe } = harness
      for (const chunk of delivery.chunks) pipe.receive(chunk)
      const reason = harness.of('connection').at(-1)
      const understood = reason?.state !== 'waiting' || !/^not understood/.test(reason.reason)
      // Frames that are well-formed may still say something that no server says.
      if (broken && understood) t.fail(`${vector.name}, ${delivery.how}: ${JSON.stringify(reason)}`)
      ends += understood ? 0 : 1
    }
    const all = [...deliveries(bytes)].length
    t.ok(ends === 0 || ends === all, `${vector.name}: ${ends} of ${all}`)
  }
})

t.test('a whole session byte by byte', async t => {
  const harness = await Harness.start()
  void harness.client.account.login({ account: 'ann', password: 'correct horse' })
  harness.settle()
  harness.pipe.open()
  const hello = harness.pipe.take('hello')
  const login = harness.pipe.take('login')
  const drip = (...frames: Uint8Array[]): void => {
    for (const byte of Buffer.concat(frames)) harness.pipe.receive(Uint8Array.of(byte))
  }
  drip(answer('hello', hello.id), PING, answer('login', login.id, { session: sessionOf() }))
  const named = harness.pipe.take('hello')
  drip(answer('hello', named.id, { uid: UID, device: 1, storeId: sessionOf().storeId }))
  t.equal(harness.client.state().phase, 'online')
})

t.test('random bytes, and bodies that are none, never throw: the connection ends and another is tried', async t => {
  const random = seededRandom('hostile bytes')
  for (let round = 0; round < 300; round++) {
    const harness = await Harness.online()
    harness.client.send(300, 'hello')
    harness.settle()
    const { id } = harness.pipe.take('send')
    const body = random.bytes(random.integer(40))
    const method = random.integer(8)
    const frame =
      round % 3 === 0 ? body : round % 3 === 1 ? encodeResponse(id, body) : encodeNotice(Math.max(1, method), body)
    harness.pipe.receive(frame)
    const { phase } = harness.client.state()
    t.ok(phase === 'online' || phase === 'waiting' || phase === 'draining' || phase === 'stopped', phase)
  }
})

t.test('a listener that throws disturbs nobody', async t => {
  const harness = await Harness.online()
  const heard: string[] = []
  const off = harness.client.on('messageState', () => {
    throw new Error('a bug in the application')
  })
  harness.client.on('messageState', event => {
    heard.push(event.state)
  })
  harness.client.send(300, 'hello')
  t.throws(() => harness.settle(), { message: 'a bug in the application' })
  harness.settle()
  t.same(heard, ['sending'])
  t.same(harness.pipe.peek(), ['send'])
  off()
  harness.pipe.respond('send', harness.pipe.take('send').id, { version: 1 })
  t.same(heard, ['sending', 'accepted'])
})

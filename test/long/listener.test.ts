/** The long side over real sockets: what good clients see, what too many see, and the end. */

import { connect } from 'node:net'
import t from 'tap'
import { codeName } from '../../protocol/codes.js'
import { encodeRequest } from '../../protocol/frame-codec.js'
import {
  createContactServiceAcceptRequest,
  createContactServiceRequestRequest,
  createSendRequest,
  createSyncRequest,
  decodeDrainNotice,
  decodePushNotice,
  decodeSyncResponse,
  encodeSendRequest,
  type Item,
  type Session,
} from '../../protocol/generated/messages.js'
import { itemVersions } from '../../protocol/item-codec.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from '../support/eventually.js'
import { RawClient, rawHello } from '../support/raw-client.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

async function open(server: RunningServer, session: Session, attempt: number): Promise<RawClient> {
  const { client } = await RawClient.open(server.port, { token: session.token, attempt })
  await client.notice(METHODS.push.number)
  return client
}

/** Two friends, each connected with attempt 1; their next send_seq is 2. */
async function friends(server: RunningServer) {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => registerAccount(server.port, name)))
  if (alice === undefined || bob === undefined) throw new Error('no accounts')
  const a = await open(server, alice, 1)
  const b = await open(server, bob, 1)
  await a.call(METHODS.contactRequest, createContactServiceRequestRequest({ sendSeq: 1, uid: bob.uid }))
  const { items } = decodePushNotice((await b.notice(METHODS.push.number)).body)
  const contact = items[0]?.content
  if (contact?.case !== 'contact') throw new Error('no invitation')
  const { request } = contact.value
  const accept = createContactServiceAcceptRequest({ sendSeq: 1, uid: alice.uid, request })
  await b.call(METHODS.contactAccept, accept)
  await eventually(() => texts(a.frames).contacts >= 2)
  a.frames.length = 0
  return { alice, bob, a, b }
}

/** The messages in the pushes among the frames. */
function texts(frames: readonly { method: number; body: Uint8Array }[]) {
  const items: Item[] = []
  for (const { method, body } of frames) {
    if (method === METHODS.push.number) items.push(...decodePushNotice(body).items)
  }
  return {
    contacts: items.filter(({ content }) => content?.case === 'contact').length,
    texts: items.flatMap(({ content }) => (content?.case === 'message' ? [content.value.text] : [])),
  }
}

t.test('messages are pushed in order, without a gap', async t => {
  const server = await startTestServer()
  const { bob, a, b } = await friends(server)
  b.frames.length = 0
  const sent = Array.from({ length: 60 }, (_, i) => `message ${i}`)
  const frames = sent.map((text, i) =>
    encodeRequest(100 + i, METHODS.send.number, encodeSendRequest({ sendSeq: 2 + i, to: bob.uid, text })),
  )
  a.send(new Uint8Array(Buffer.concat(frames)))
  await eventually(() => texts(b.frames).texts.length === sent.length)
  t.same(texts(b.frames).texts, sent)
  const pushes = b.frames.map(({ body }) => decodePushNotice(body))
  t.ok(pushes.length < sent.length, `${sent.length} messages in ${pushes.length} pushes`)
  let reached = pushes[0]?.from
  for (const { from, to, items } of pushes) {
    t.equal(from, reached)
    reached = to || (itemVersions(from, items).at(-1) ?? from)
  }
  await eventually(() => a.frames.filter(({ id }) => id >= 100).length === sent.length)
  t.ok(a.frames.every(({ code }) => code === 0))
  for (const client of [a, b]) client.destroy()
  await server.drain()
})

t.test('a reconnect that brings its send queue and fetches what it missed takes one round trip', async t => {
  const server = await startTestServer()
  const { alice, bob, a, b } = await friends(server)
  b.destroy()
  await a.call(METHODS.send, createSendRequest({ sendSeq: 2, to: bob.uid, text: 'missed' }))
  const again = await RawClient.connect(server.port)
  const send = encodeSendRequest({ sendSeq: 2, to: alice.uid, text: 'from the send queue' })
  again.send(
    Uint8Array.of(0, ...rawHello(1, { token: bob.token, attempt: 2 }), ...encodeRequest(2, METHODS.send.number, send)),
  )
  await eventually(() => again.frames.length >= 3)
  t.equal(again.frames[0]?.id, 1)
  t.same(texts(again.frames).texts, ['missed'])
  t.same([again.frames[2]?.id, again.frames[2]?.code], [2, 0])
  for (const client of [a, again]) client.destroy()
  await server.drain()
})

t.test('a peer that does not read is cut back to a Notify, and gets everything by pulling', async t => {
  const server = await startTestServer()
  const { bob, a, b } = await friends(server)
  b.frames.length = 0
  b.socket.pause()
  const text = 'x'.repeat(16_000)
  const count = 900
  for (let i = 0; i < count; i += 60) {
    const some = Array.from({ length: 60 }, (_, j) =>
      a.call(METHODS.send, createSendRequest({ sendSeq: 2 + i + j, to: bob.uid, text })),
    )
    await Promise.all(some)
  }
  const waiting = Math.max(...[...server.context.connections].map(connection => connection.waitingBytes))
  t.ok(waiting < 500_000, `${waiting} bytes of ${count * text.length} wait in the server`)
  b.socket.resume()
  const { body } = await b.notice(METHODS.notify.number)
  t.ok(body.length > 0)
  const got = texts(b.frames).texts.length
  t.ok(got < count, `${got} were pushed`)
  const pushes = b.frames.filter(({ method }) => method === METHODS.push.number).map(one => decodePushNotice(one.body))
  let applied = pushes.reduce((_, { from, to, items }) => to || (itemVersions(from, items).at(-1) ?? from), 0)
  let pulled = 0
  for (let more = true; more; ) {
    const answer = await b.call(METHODS.sync, createSyncRequest({ since: applied }))
    t.equal(answer.code, 0)
    const page = decodeSyncResponse(answer.body)
    pulled += page.items.filter(({ content }) => content?.case === 'message').length
    applied = page.to
    more = page.more
  }
  t.equal(got + pulled, count)
  for (const client of [a, b]) client.destroy()
  await server.drain()
})

t.test('where all is full the oldest connection without a session makes way, and none with one', async t => {
  for (const option of ['--max-connections', '--max-connections-per-address']) {
    const server = await startTestServer({ config: testConfig('--limits', 'normal', option, '3') })
    const { token } = await registerAccount(server.port, 'ann')
    await eventually(() => server.context.connections.size === 0)
    const { client: ann } = await RawClient.open(server.port, { token, attempt: 1 })
    const idle: RawClient[] = []
    for (let i = 0; i < 50; i++) idle.push(await RawClient.connect(server.port))
    await eventually(() => idle.filter(({ ended }) => !ended).length === 2, 5_000)
    t.same(idle.map(({ ended }) => ended).slice(-3), [true, false, false], 'the newest stay')
    t.equal(server.context.gate.hits.evicted, 48)
    t.equal((await ann.call(METHODS.sync, createSyncRequest({ since: 0 }))).code, 0)
    const { client: again } = await RawClient.open(server.port, { token, attempt: 2 })
    t.equal(await ann.end(), 'REPLACED', 'and who has a session comes in')
    for (const client of [again, ...idle]) client.destroy()
    await eventually(() => server.context.gate.total === 0)
    t.equal(server.context.gate.addresses, 0)
    await server.drain()
  }
})

t.test('too many connections, in total and from one address, are told so and cost nothing', async t => {
  for (const option of ['--max-connections', '--max-connections-per-address']) {
    const server = await startTestServer({ config: testConfig('--limits', 'normal', option, '3') })
    const tokens: Uint8Array[] = []
    for (const account of ['ann', 'ben', 'cat']) tokens.push((await registerAccount(server.port, account)).token)
    const admitted = await Promise.all(tokens.map(token => RawClient.open(server.port, { token, attempt: 1 })))
    const refused = await RawClient.connect(server.port)
    t.equal(await refused.end(), 'TOO_MANY_CONNECTIONS')
    t.ok((refused.frames[0]?.retryAfterMs ?? 0) >= 2_000)
    const flood = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(server.port)))
    const codes = new Set(await Promise.all(flood.map(client => client.end())))
    codes.delete('TOO_MANY_CONNECTIONS')
    codes.delete('nothing') // beyond so many at a time, a reset says it
    t.equal(codes.size, 0)
    t.equal(server.context.connections.size, 3)
    admitted[0]?.client.destroy()
    await eventually(() => server.context.connections.size === 2)
    const { client } = await RawClient.open(server.port, {})
    client.destroy()
    for (const one of admitted) one.client.destroy()
    await server.drain()
  }
})

t.test('a peer that has finished gets its answers', async t => {
  const server = await startTestServer()
  const session = await registerAccount(server.port, 'alice')
  const client = await RawClient.connect(server.port)
  const requests = [1, 2, 3].map(i => encodeRequest(10 + i, METHODS.getProfile.number, new Uint8Array(0)))
  client.send(Uint8Array.of(0, ...rawHello(1, { token: session.token, attempt: 1 }), ...Buffer.concat(requests)))
  client.socket.end()
  t.equal(await client.end(), 'nothing')
  t.same(
    client.frames.filter(({ id }) => id > 0).map(({ id, code }) => [id, code]),
    [
      [1, 0],
      [11, 0],
      [12, 0],
      [13, 0],
    ],
  )
  await server.drain()
})

t.test('drain: everybody is told when to come back, nobody new is taken, the port is free afterwards', async t => {
  const server = await startTestServer()
  const { a, b } = await friends(server)
  const { client: nameless } = await RawClient.open(server.port, {})
  const silent = await RawClient.connect(server.port)
  await eventually(() => server.context.gate.total === 4)
  const drained = server.drain()
  for (const client of [a, b, nameless]) {
    const notice = await client.notice(METHODS.drain.number)
    decodeDrainNotice(notice.body)
    t.ok(notice.retryAfterMs >= 1 && notice.retryAfterMs <= 200, `${notice.retryAfterMs} ms`)
    t.equal(await client.end(), 'DRAINING')
  }
  t.equal(await silent.end(), 'DRAINING')
  await drained
  const late = connect({ port: server.port, host: '127.0.0.1' })
  const failure = await new Promise<NodeJS.ErrnoException>(resolve => late.once('error', resolve))
  t.equal(failure.code, 'ECONNREFUSED')
})

t.test('a login from the same device elsewhere replaces the connection and says by which attempt', async t => {
  const server = await startTestServer()
  const session = await registerAccount(server.port, 'alice')
  const first = await open(server, session, 3)
  const second = await open(server, session, 8)
  t.equal(await first.end(), 'REPLACED')
  t.equal(codeName(first.frames.at(-1)?.code ?? 0), 'REPLACED')
  second.destroy()
  await server.drain()
})

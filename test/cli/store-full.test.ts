/** A server whose disk fills up, as people with real clients meet it. */

import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createLoginRequest,
  createRegisterRequest,
  createSendRequest,
  createSyncRequest,
  decodeSyncResponse,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { RawClient } from '../support/raw-client.js'
import { loginAccount, PASSWORD, registerAccount, startTestServer } from '../support/server.js'

const MIB = 2 ** 20

async function serverOnDisk(path: string) {
  const disk = { freeBytes: 1_000 * MIB }
  const store = await openLmdbStore({ path, freeBytesMin: 64 * MIB, look: async () => disk.freeBytes })
  const server = await startTestServer({ store })
  return { disk, store, server }
}

t.test(
  'while the disk is full people read and come back, what they write waits, and goes out when there is space',
  async t => {
    const { disk, store, server } = await serverOnDisk(t.testdir())
    const alice = await Person.online(server.port, 'alice')
    const bob = await Person.online(server.port, 'bob')
    await befriend(alice, bob)
    await alice.say(bob, 'before')
    disk.freeBytes = 20 * MIB
    await store.lookAtDisk()
    t.equal(store.space, 'scarce')
    const states: string[] = []
    alice.client.on('messageState', ({ state }) => states.push(state))
    alice.client.send(bob.uid, 'waits')
    await eventually(() => server.context.counters.requests().some(({ code }) => code === 'STORE_FULL'))
    t.not(alice.client.state().sendQueue.length, 0)

    // A program starts anew, and reads what there is.
    await bob.leave()
    await bob.come(server.port)
    await bob.caughtUp()
    await eventually(() => bob.shown.length === 1)
    t.same(states.includes('failed'), false)
    t.same(alice.client.state().status.state, 'online', 'a refused write ends no connection')

    disk.freeBytes = 1_000 * MIB
    await alice.caughtUp()
    await eventually(() => bob.shown.length === 2)
    t.same(
      bob.shown.map(({ text }) => text),
      ['before', 'waits'],
    )
    await Promise.all([alice.leave(), bob.leave()])
    await server.drain()
  },
)

t.test(
  'new accounts are the first to be refused; who has one logs in, and messages and contact requests go on',
  async t => {
    const { disk, store, server } = await serverOnDisk(t.testdir())
    const alice = await Person.online(server.port, 'alice')
    const bob = await Person.online(server.port, 'bob')
    await registerAccount(server.port, 'dora')
    disk.freeBytes = 100 * MIB
    await store.lookAtDisk()
    t.equal(store.space, 'filling')
    await befriend(alice, bob)
    await alice.say(bob, 'taken')
    await eventually(() => bob.shown.length === 1)

    const { client: nameless } = await RawClient.open(server.port, {})
    const installationKey = new Uint8Array(16).fill(9)
    const request = createRegisterRequest({ account: 'carol', password: PASSWORD, installationKey })
    const { code, retryAfterMs } = await nameless.call(METHODS.register, request)
    t.equal(code, CODES.STORE_FULL.code)
    t.ok(retryAfterMs > 0)
    t.equal((await registerAccount(server.port, 'dora')).device, 1, 'a repeat is no new account')
    t.equal((await loginAccount(server.port, 'bob')).device, 2, 'a new device is no new account')

    disk.freeBytes = 1_000 * MIB
    await store.lookAtDisk()
    t.equal((await nameless.call(METHODS.register, request)).code, CODES.OK.code)
    nameless.destroy()
    await Promise.all([alice.leave(), bob.leave()])
    await server.drain()
  },
)

t.test(
  'what is refused says STORE_FULL and when to come back; what is only looked at, or repeated, is answered',
  async t => {
    const { disk, store, server } = await serverOnDisk(t.testdir())
    const session = await registerAccount(server.port, 'carol')
    const { client } = await RawClient.open(server.port, { token: session.token, attempt: 1 })
    const first = createSendRequest({ sendSeq: 1, to: 999, text: 'to nobody' })
    t.equal((await client.call(METHODS.send, first)).code, CODES.UNKNOWN_USER.code)
    disk.freeBytes = 20 * MIB
    await store.lookAtDisk()
    const next = createSendRequest({ sendSeq: 100_000, to: 999, text: 'to nobody' })
    t.equal((await client.call(METHODS.send, next)).code, CODES.GAP.code, 'a gap is no write')
    const refused = async (answering: Promise<{ code: number; retryAfterMs: number }>) => {
      const { code, retryAfterMs } = await answering
      t.equal(code, CODES.STORE_FULL.code)
      t.ok(retryAfterMs > 0)
    }
    t.equal((await client.call(METHODS.send, first)).code, CODES.UNKNOWN_USER.code, 'a repeat gets its first answer')
    const { lastSendSeq } = (await RawClient.open(server.port, { token: session.token, attempt: 2 })).hello
    const { client: again } = await RawClient.open(server.port, { token: session.token, attempt: 3 })
    await refused(again.call(METHODS.send, createSendRequest({ sendSeq: lastSendSeq + 1, to: 999, text: 'x' })))
    const page = await again.call(METHODS.sync, createSyncRequest({ since: 0 }))
    t.ok(decodeSyncResponse(page.body).items.length > 0)
    const { client: nameless } = await RawClient.open(server.port, {})
    const installationKey = new Uint8Array(16).fill(9)
    await refused(
      nameless.call(METHODS.register, createRegisterRequest({ account: 'dave', password: PASSWORD, installationKey })),
    )
    await refused(
      nameless.call(METHODS.login, createLoginRequest({ account: 'carol', password: PASSWORD, installationKey })),
    )

    // Far below the mark nothing at all is written: not even a connection's attempt.
    disk.freeBytes = 10 * MIB
    await store.lookAtDisk()
    t.equal(store.space, 'none')
    const raw = await RawClient.connect(server.port)
    raw.send(Uint8Array.of(0))
    await refused(
      raw.call(METHODS.hello, { ...METHODS.hello.decodeRequest(new Uint8Array()), token: session.token, attempt: 4 }),
    )

    disk.freeBytes = 1_000 * MIB
    await store.lookAtDisk()
    t.equal((await loginAccount(server.port, 'carol')).device, 1)
    for (const each of [client, again, nameless, raw]) each.destroy()
    await server.drain()
  },
)

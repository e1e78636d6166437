/** Signing in and out: over a nameless connection, which becomes the session's, and what ends a session. */

import t from 'tap'
import { MemoryStorage } from '../../../clients/typescript/index.js'
import { CODES } from '../../../protocol/codes.js'
import { encodeFrame, encodeNotice } from '../../../protocol/frame-codec.js'
import { METHODS } from '../../../protocol/methods.js'
import { answer, Harness, refused, rejectionOf, sessionOf, TOKEN, UID } from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'

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

t.test('a login whose time is over says whether there was a server', async t => {
  const start = async () => {
    const harness = await Harness.start(undefined, { signInTimeoutMs: 10_000 })
    const login = harness.client.account.login({ account: 'ann', password: 'correct horse' })
    harness.settle()
    harness.pipe.open()
    return { harness, login }
  }
  const silent = await start()
  silent.harness.advance(10_000)
  await t.rejects(silent.login, { message: /no answer/ })
  const greeted = await start()
  greeted.harness.pipe.receive(answer('hello', greeted.harness.pipe.take('hello').id))
  greeted.harness.advance(10_000)
  await t.rejects(greeted.login, { code: CODES.UNAVAILABLE.code })
})

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

t.test('a question that waits when the session ends is told so at once', async t => {
  const harness = await Harness.online()
  const asked = rejectionOf(harness.client.account.devices())
  harness.settle()
  harness.pipe.take('listDevices')
  harness.pipe.closeNotice('SESSION_REVOKED')
  t.equal(await asked, 'SESSION_REVOKED')
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
  t.match(harness.client.state(), { signedIn: false, uid: 0, applied: 0, sendQueue: [], nextSendSeq: 1 })
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

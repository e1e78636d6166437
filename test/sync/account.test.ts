import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  decodeChangePasswordResponse,
  decodeContactServiceListResponse,
  decodeGetProfileResponse,
  decodeListDevicesResponse,
} from '../../protocol/generated/messages.js'
import { ATTEMPT_JUMP_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { PARTITIONS } from '../../src/store/types.js'
import { contact, DEVICES_MAX, userActor } from '../../src/sync/rules/records.js'
import { befriend, startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { scopesOf } from '../support/scopes.js'

const DAY_MS = 86_400_000

async function fresh() {
  const clock = new ManualClock()
  const store = new MemoryStore({ random: seededRandom('store') })
  return { clock, node: await startNode(store, clock, 'account') }
}

t.test(
  'a repeated Register with the same key and password is the same device; with another, the name is taken',
  async t => {
    const { node } = await fresh()
    const phone = new TestDevice(node)
    t.equal((await phone.register('alice', 1)).code, 0)
    const first = phone.session
    const again = new TestDevice(node)
    t.equal((await again.register('Alice', 1)).code, 0, 'capitals are small letters')
    t.equal(again.session?.uid, first?.uid)
    t.equal(again.session?.device, 1)
    t.equal((await new TestDevice(node).register('alice', 2)).code, CODES.NAME_TAKEN.code)
    t.equal((await new TestDevice(node).register('alice', 1, 'another password')).code, CODES.NAME_TAKEN.code)
    t.equal((await new TestDevice(node).register('al', 1)).code, CODES.NAME_INVALID.code)
    t.equal((await new TestDevice(node).register('alice2', 1, 'short')).code, CODES.PASSWORD_WEAK.code)
  },
)

t.test('copies of one Register at the same time make one account', async t => {
  const { node } = await fresh()
  const copies = Array.from({ length: 5 }, () => new TestDevice(node))
  const replies = await Promise.all(copies.map(copy => copy.register('alice', 1)))
  t.same(
    replies.map(reply => reply.code),
    [0, 0, 0, 0, 0],
  )
  t.equal(new Set(copies.map(copy => copy.session?.uid)).size, 1)
})

t.test('an unknown account and a wrong password are told alike', async t => {
  const { node } = await fresh()
  await new TestDevice(node).register('alice', 1)
  t.equal((await new TestDevice(node).login('alice', 1, 'wrong password')).code, CODES.WRONG_CREDENTIALS.code)
  t.equal((await new TestDevice(node).login('nobody', 1)).code, CODES.WRONG_CREDENTIALS.code)
})

t.test('repeats of Login leave the token in use alone; the first use of another ends the rest', async t => {
  const { node } = await fresh()
  const used = await new TestDevice(node).enter('alice', 1)
  const copies: TestDevice[] = []
  for (let i = 0; i < 6; i += 1) {
    const copy = new TestDevice(node)
    await copy.login('alice', 1)
    copies.push(copy)
  }
  t.match(await used.hello(0, 2), { kind: 'bound' }, 'the token in use is still good')
  t.match(await copies[1]?.hello(0, 3), { code: CODES.UNAUTHENTICATED.code }, 'only the newest four are kept')
  t.match(await copies[4]?.hello(0, 3), { kind: 'bound' })
  t.match(await copies[5]?.hello(0, 4), { code: CODES.UNAUTHENTICATED.code }, 'ended by the first use of another')
  t.match(await used.hello(0, 4), { code: CODES.UNAUTHENTICATED.code }, 'and the old one with them')
})

t.test('an unused token ends after ten minutes, a used one 90 days after its last use', async t => {
  const { node, clock } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  const late = new TestDevice(node)
  await late.login('alice', 1)
  clock.advance(600_000)
  t.match(await late.hello(0, 2), { code: CODES.TOKEN_EXPIRED.code })
  for (let attempt = 2; attempt < 5; attempt += 1) {
    clock.advance(60 * DAY_MS)
    t.match(await phone.hello(0, attempt), { kind: 'bound' }, 'slides with use')
  }
  clock.advance(91 * DAY_MS)
  t.match(await phone.hello(0, 5), { code: CODES.TOKEN_EXPIRED.code })
})

t.test('the highest attempt wins, and others are told which is bound', async t => {
  const { node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  t.match(await phone.hello(0, 7), { kind: 'bound', attempt: 7 })
  t.match(await phone.hello(0, 7), { kind: 'refused', code: CODES.ATTEMPT_SUPERSEDED.code, boundAttempt: 7 })
  t.match(await phone.hello(0, 6), { kind: 'refused', boundAttempt: 7 })
  t.match(await phone.hello(0, 0), { kind: 'refused', code: CODES.INVALID_ARGUMENT.code })
  t.match(node.ended, [{ attempt: 1 }, { attempt: 7 }], 'each binding is told to the other nodes')
  const again = new TestDevice(node)
  await again.login('alice', 1)
  t.equal(again.session?.boundAttempt, 7)
})

t.test('a Hello that an access node repeats, because its answer was lost, is not its own rival', async t => {
  const { node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  t.match(await phone.hello(0, 7, { node: 'access', again: false }), { kind: 'bound', attempt: 7 })
  t.match(await phone.hello(0, 7, { node: 'access', again: false }), { kind: 'refused', boundAttempt: 7 })
  t.match(await phone.hello(0, 7, { node: 'access', again: true }), { kind: 'bound', attempt: 7 })
  t.match(await phone.hello(0, 6, { node: 'access', again: true }), { kind: 'refused', boundAttempt: 7 })
})

t.test('no attempt can lock an installation out: one far above the bound one is refused and binds nothing', async t => {
  const { node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  const highest = 1 + ATTEMPT_JUMP_MAX
  for (const attempt of [Number.MAX_SAFE_INTEGER, highest + 1]) {
    const answer = await phone.hello(0, attempt)
    t.match(answer, { kind: 'refused', code: CODES.INVALID_ARGUMENT.code, boundAttempt: 1 })
  }
  t.match(await phone.hello(0, highest), { kind: 'bound', attempt: highest }, 'as far as that it may jump')
  t.match(await phone.hello(0, highest + 1), { kind: 'bound', attempt: highest + 1 })
})

t.test('a logged-out device is refused everywhere and comes back as the same one', async t => {
  const { node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  await phone.send(999_999, 'to nobody')
  t.equal((await phone.call(METHODS.logout, {})).code, 0)
  t.match(node.ended.at(-1), { what: 'session', device: 1 })
  t.match(await phone.hello(0, 2), { code: CODES.SESSION_REVOKED.code })
  t.equal((await phone.send(999_999, 'x')).code, CODES.SESSION_REVOKED.code, 'also on a connection that lingers')
  t.equal((await phone.login('alice', 1)).code, 0)
  t.match(phone.session, { device: 1, lastSendSeq: 1, boundAttempt: 1 })
  t.match(await phone.hello(0, 2), { kind: 'bound', response: { lastSendSeq: 1 } })
})

t.test('devices are listed, removed, and a ninth replaces the one longest away', async t => {
  const { node, clock } = await fresh()
  const first = await new TestDevice(node).enter('alice', 1)
  for (let key = 2; key <= 8; key += 1) {
    clock.advance(2 * DAY_MS)
    const device = new TestDevice(node)
    await device.login('alice', key)
    await device.hello()
  }
  clock.advance(2 * DAY_MS)
  await first.hello(0, 2)
  const ninth = new TestDevice(node)
  await ninth.login('alice', 9)
  await ninth.hello()
  t.equal(ninth.device, 9)
  const listed = decodeListDevicesResponse((await first.call(METHODS.listDevices, {})).body).devices
  t.same(
    listed.map(entry => entry.device),
    [1, 3, 4, 5, 6, 7, 8, 9],
  )
  t.same(
    listed.filter(entry => entry.current).map(entry => entry.device),
    [1],
  )
  const second = new TestDevice(node)
  await second.login('alice', 2)
  t.equal(second.session?.device, 2, 'the replaced one comes back')
  const after = decodeListDevicesResponse((await first.call(METHODS.listDevices, {})).body).devices
  t.same(after.map(entry => entry.device).sort(), [1, 2, 4, 5, 6, 7, 8, 9], 'and replaces another')
  t.equal((await first.call(METHODS.removeDevice, { sendSeq: first.next(), device: 9 })).code, 0)
  t.match(await ninth.hello(0, 2), { code: CODES.SESSION_REVOKED.code })
  const twice = await first.call(METHODS.removeDevice, { sendSeq: first.next(), device: 9 })
  t.equal(twice.code, CODES.NO_SUCH_DEVICE.code)
  const own = await first.call(METHODS.removeDevice, { sendSeq: first.next(), device: 1 })
  t.equal(own.code, CODES.NOT_ALLOWED.code)
})

t.test('a device that was seen by a clock that was wrong does not stay for ever', async t => {
  const store = new MemoryStore({ random: seededRandom('store') })
  const clock = new ManualClock()
  const wrong = new ManualClock()
  wrong.advance(100 * DAY_MS)
  const node = await startNode(store, clock, 'node')
  const ahead = await startNode(store, wrong, 'ahead')
  const first = await new TestDevice(node).enter('alice', 1)
  const [lost, kept] = [new TestDevice(ahead), new TestDevice(ahead)]
  await lost.login('alice', 2)
  await kept.login('alice', 3)
  for (let key = 4; key <= DEVICES_MAX; key += 1) await new TestDevice(node).login('alice', key)
  clock.advance(1)
  kept.node = node
  t.match(await kept.hello(), { kind: 'bound' })
  await new TestDevice(node).login('alice', 9)
  const listed = decodeListDevicesResponse((await first.call(METHODS.listDevices, {})).body).devices
  t.same(
    listed.map(entry => entry.device),
    [1, 3, 4, 5, 6, 7, 8, 9],
  )
})

t.test('a changed password ends every other session', async t => {
  const { node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  const other = new TestDevice(node)
  await other.login('alice', 2)
  await other.hello()
  const change = (oldPassword: string, newPassword: string, sendSeq = phone.next()) =>
    phone.call(METHODS.changePassword, { sendSeq, oldPassword, newPassword })
  t.equal((await change('wrong password', 'a better one')).code, CODES.WRONG_CREDENTIALS.code)
  t.equal((await change('correct horse', 'short')).code, CODES.PASSWORD_WEAK.code)
  t.equal((await change('correct horse', 'a better one')).code, 0)
  t.equal((await change('correct horse', 'a better one', phone.sendSeq)).code, 0, 'a repeat is answered as at first')
  t.match(await other.hello(0, 2), { code: CODES.SESSION_REVOKED.code })
  t.equal((await other.login('alice', 2)).code, CODES.WRONG_CREDENTIALS.code)
  t.equal((await other.login('alice', 2, 'a better one')).code, 0)
})

t.test('a changed password ends every token of the device itself but the one that it gives', async t => {
  const { node } = await fresh()
  const phone = await new TestDevice(node).enter('alice', 1)
  // The same device, as a thief has it who copied the installation: an unused token, and the one in use.
  const unused = new TestDevice(node)
  await unused.login('alice', 1)
  const stolen = new TestDevice(node)
  stolen.session = phone.session
  const request = { sendSeq: phone.next(), oldPassword: 'correct horse', newPassword: 'a better one' }
  const { token } = decodeChangePasswordResponse((await phone.call(METHODS.changePassword, request)).body)
  t.ok(token.length > 0)
  t.match(await stolen.hello(0, 8), { code: CODES.UNAUTHENTICATED.code })
  t.match(await unused.hello(0, 8), { code: CODES.UNAUTHENTICATED.code })
  t.match(node.ended.at(-1), { what: 'token', device: 1 })
  const repeat = await phone.call(METHODS.changePassword, request)
  t.same([repeat.code, repeat.body.length], [0, 0], 'a repeat has no token')
  const session = phone.session
  if (session === undefined) throw new Error('no session')
  phone.session = { ...session, token }
  t.match(await phone.hello(0, 8), { kind: 'bound' })
  // A connection whose Hello was under way meanwhile looks once more.
  t.equal(await node.services.boundAttempt(session.uid, 1, session.token), undefined)
  t.equal(await node.services.boundAttempt(session.uid, 1, token), 8)
})

t.test('a new nickname reaches every contact; an ended account leaves nothing to read and its name taken', async t => {
  const { node } = await fresh()
  const alice = await new TestDevice(node).enter('alice', 1)
  const bob = await new TestDevice(node).enter('bob', 2)
  await befriend(alice, bob)
  await alice.send(bob.uid, 'a secret')
  t.equal((await alice.call(METHODS.updateProfile, { sendSeq: alice.next(), nickname: 'Ally' })).code, 0)
  const named = async () => {
    const contacts = (await bob.items()).flatMap(({ item }) =>
      item.content?.case === 'contact' ? [item.content.value] : [],
    )
    return contacts.at(-1)
  }
  await eventually(async () => (await named())?.nickname === 'Ally')
  const list = await bob.call(METHODS.contactList, { after: 0 })
  t.match(decodeContactServiceListResponse(list.body), { contacts: [{ uid: alice.uid, nickname: 'Ally' }], next: 0 })
  const profile = await bob.call(METHODS.getProfile, { uid: 0, account: 'alice' })
  t.match(decodeGetProfileResponse(profile.body), { uid: alice.uid, nickname: 'Ally' })

  const end = (password: string) => alice.call(METHODS.deleteAccount, { sendSeq: alice.next(), password })
  t.equal((await end('wrong password')).code, CODES.WRONG_CREDENTIALS.code)
  t.equal((await end('correct horse')).code, 0)
  await eventually(async () => (await named())?.state === 0)
  t.equal((await bob.call(METHODS.getProfile, { uid: alice.uid, account: '' })).code, CODES.UNKNOWN_USER.code)
  t.equal((await bob.send(alice.uid, 'are you there')).code, CODES.UNKNOWN_USER.code)
  t.equal((await new TestDevice(node).login('alice', 1)).code, CODES.WRONG_CREDENTIALS.code)
  t.equal((await new TestDevice(node).register('alice', 1)).code, CODES.NAME_TAKEN.code)
  t.notMatch(
    (await alice.items()).map(({ item }) => item.content?.case),
    ['message'],
  )
})

t.test('a node that knows nothing yet ends the devices and contacts of a user who has as many as allowed', async t => {
  const clock = new ManualClock()
  const store = new MemoryStore({ random: seededRandom('store') })
  const before = await startNode(store, clock, 'before')
  const alice = await new TestDevice(before).enter('alice', 1)
  for (let key = 2; key <= DEVICES_MAX; key += 1) await new TestDevice(before).login('alice', key)
  const friends: TestDevice[] = []
  for (let i = 0; i < 20; i += 1) {
    const friend = await new TestDevice(before).enter(`friend${i}`, 1)
    await befriend(alice, friend)
    friends.push(friend)
  }

  alice.node = await startNode(store, clock, 'second')
  const [oldPassword, newPassword] = ['correct horse', 'another password']
  const changed = await alice.call(METHODS.changePassword, { sendSeq: alice.next(), oldPassword, newPassword })
  t.equal(changed.code, 0)
  t.equal(alice.node.ended.length, DEVICES_MAX, 'the other devices are told, and its own polls')
  for (let key = 102; key < 100 + DEVICES_MAX; key += 1) await new TestDevice(before).login('alice', key, newPassword)

  // A month later the ended devices are forgotten, by the first login of a new one.
  clock.advance(31 * DAY_MS)
  const late = new TestDevice(await startNode(store, clock, 'later'))
  t.equal((await late.login('alice', 100, newPassword)).code, 0)
  t.equal(late.session?.device, 2 * DEVICES_MAX - 1)

  alice.node = await startNode(store, clock, 'third')
  t.equal((await alice.call(METHODS.updateProfile, { sendSeq: alice.next(), nickname: 'Ally' })).code, 0)
  alice.node = await startNode(store, clock, 'fourth')
  const deleted = await alice.call(METHODS.deleteAccount, { sendSeq: alice.next(), password: newPassword })
  t.equal(deleted.code, 0)
  t.equal(alice.node.ended.length, DEVICES_MAX)
  for (const friend of friends) {
    friend.node = alice.node
    const send = () => friend.send(alice.uid, 'are you there')
    await eventually(async () => (await send()).code === CODES.UNKNOWN_USER.code)
  }
})

t.test('a counter jumps when the epoch changes: what may have been given out is not given out again', async t => {
  const clock = new ManualClock()
  const store = new MemoryStore({ random: seededRandom('store') })
  const before = await startNode(store, clock, 'before')
  const alice = await new TestDevice(before).enter('alice', 1)
  await store.newEpoch(0)
  const after = await startNode(store, clock, 'after')
  const again = new TestDevice(after)
  await again.login('alice', 2)
  t.equal(again.session?.device, 1 + 1_024)
  await again.hello()
  const head = (await alice.items()).at(-1)?.version ?? 0
  await again.call(METHODS.updateProfile, { sendSeq: again.next(), nickname: 'new' })
  const items = await again.items()
  t.ok((items.at(-1)?.version ?? 0) > head + 2 ** 20)
  alice.node = after
  t.match(
    await alice.hello(head + 5, 2),
    { response: { resync: true }, since: 0 },
    'a since in the gap is of another time',
  )
})

t.test('each epoch that was missed jumps as far, and so does a partition whose accounts were all lost', async t => {
  const clock = new ManualClock()
  const store = new MemoryStore({ random: seededRandom('store') })
  const nobody = 'nobody-was-here'
  const before = await startNode(store, clock, 'before')
  const alice = await new TestDevice(before).enter('alice', 1)
  const backup = store.disk.snapshot()
  const uids = new Set([alice.uid])
  const devices = new Set([1])
  for (const epochs of [0, 1, 2, 3]) {
    store.disk.restore(backup)
    for (let i = 0; i < epochs; i += 1) await store.newEpoch(0)
    const node = await startNode(store, clock, `node ${epochs}`)
    for (const key of [7, 8]) {
      const device = new TestDevice(node)
      await device.login('alice', key)
      devices.add(device.session?.device ?? 0)
    }
    uids.add((await new TestDevice(node).enter(nobody, 1)).uid)
  }
  t.equal(devices.size, 1 + 4 * 2, 'no device number was given out twice')
  t.equal(uids.size, 1 + 4, 'no uid was given out twice')
})

t.test('a nickname shows what it is, and can be cleared', async t => {
  const { node } = await fresh()
  const alice = await new TestDevice(node).enter('alice', 1)
  const rename = (nickname: string) => alice.call(METHODS.updateProfile, { sendSeq: alice.next(), nickname })
  const own = async () =>
    decodeGetProfileResponse((await alice.call(METHODS.getProfile, { uid: 0, account: '' })).body).nickname
  t.equal((await rename('Ally')).code, 0)
  for (const nickname of ['  ', 'a\u202eb', '\u0007']) t.equal((await rename(nickname)).code, CODES.NAME_INVALID.code)
  t.equal(await own(), 'Ally')
  t.equal((await rename('')).code, 0)
  t.equal(await own(), '')
  const names = { account: 'carol', password: 'correct horse', installationKey: new Uint8Array(16) }
  const register = (more: { nickname: string; deviceName: string }) =>
    new TestDevice(node).call(METHODS.register, { ...names, ...more })
  t.equal((await register({ nickname: '\u200b', deviceName: '' })).code, CODES.NAME_INVALID.code)
  t.equal((await register({ nickname: '', deviceName: 'a\nb' })).code, CODES.NAME_INVALID.code)
  t.equal((await register({ nickname: '', deviceName: 'my phone' })).code, 0)
})

t.test('an engine that runs on while the epoch changes jumps from then on: devices, uids, requests', async t => {
  for (const scopes of ['one', 'partitions'] as const) {
    const store = new MemoryStore({ scopes, random: seededRandom('store') })
    const node = await startNode(store, new ManualClock(), 'running')
    const alice = await new TestDevice(node).enter('alice', 1)
    const bob = await new TestDevice(node).enter('bob', 1)
    const carol = await new TestDevice(node).enter('carol', 1)
    const request = async (to: TestDevice) => {
      await alice.call(METHODS.contactRequest, { sendSeq: alice.next(), uid: to.uid, greeting: '' })
      const [record] = await store.get(userActor(alice.uid), [`${contact.prefix}/${to.uid}`])
      return record === undefined ? 0 : contact.decode(record.bytes).own
    }
    t.equal(await request(bob), 1)
    for (const scope of scopesOf(store)) await store.newEpoch(scope)
    const again = new TestDevice(node)
    await again.login('alice', 2)
    t.equal(again.session?.device, 1 + 1_024)
    const known = new Set([alice, bob, carol].map(({ uid }) => uid))
    const uids = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => (await new TestDevice(node).enter(`new-${i}`, 1)).uid),
    )
    t.ok(
      uids.every(uid => !known.has(uid) && Math.floor(uid / PARTITIONS) >= 1_024),
      'uids of every partition',
    )
    t.equal(await request(carol), 2 ** 16 + 1, 'so an answer to a request that was lost is none to this one')
    await node.engine.close()
  }
})

/** GroupService and Post: what the service itself adds to the rules of groups. */
import t from 'tap'
import { CODES, codeName } from '../../protocol/codes.js'
import { GroupServiceSetRulesRequestType } from '../../protocol/generated/descriptors.js'
import {
  createPostRequest,
  decodeGroupServiceCreateResponse,
  decodeGroupServiceGetResponse,
  GroupJoin,
  GroupRole,
} from '../../protocol/generated/messages.js'
import { fromJson } from '../../protocol/json-codec.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES, type LimitSettings } from '../../src/ops/rate-limits-table.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'

interface World {
  readonly clock: ManualClock
  readonly limits: Limits
  readonly node: TestNode
  readonly alice: TestDevice
  /** Alice's friends. */
  readonly bob: TestDevice
  readonly carol: TestDevice
  readonly stranger: TestDevice
}

async function world(settings: LimitSettings = {}): Promise<World> {
  const clock = new ManualClock()
  const off = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))
  const limits = new Limits(clock, { ...off, ...settings })
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, clock, 'node', { limits })
  const names = ['alice', 'bob', 'carol', 'stranger']
  const [alice, bob, carol, stranger] = (await Promise.all(
    names.map((name, key) => new TestDevice(node).enter(name, key + 1)),
  )) as [TestDevice, TestDevice, TestDevice, TestDevice]
  await befriend(alice, bob)
  await befriend(alice, carol)
  return { clock, limits, node, alice, bob, carol, stranger }
}

async function ok<Q, A>(device: TestDevice, method: RequestMethod<Q, A>, request: Q): Promise<A> {
  const { code, body } = await device.call(method, request)
  if (code !== 0) throw new Error(`${method.rpc}: ${codeName(code)}`)
  return method.decodeResponse(body)
}

async function outcome<Q, A>(device: TestDevice, method: RequestMethod<Q, A>, request: Q): Promise<string> {
  return codeName((await device.call(method, request)).code)
}

/** Makes a group of these people, who come in at once if they are friends. */
async function groupOf(owner: TestDevice, friends: readonly TestDevice[], others: readonly TestDevice[] = []) {
  const invitees = [...friends, ...others].map(({ uid }) => ({ uid }))
  const request = { sendSeq: owner.next(), title: 'friends', invitees }
  const { conversation } = await ok(owner, METHODS.groupCreate, request)
  await eventually(async () => {
    const { code, body } = await owner.call(METHODS.groupGet, { conversation })
    return code === 0 && decodeGroupServiceGetResponse(body).members === 1 + friends.length
  })
  return conversation
}

async function textsOf(device: TestDevice): Promise<string[]> {
  return (await device.items()).flatMap(({ item: { content } }) =>
    content?.case === 'message' || content?.case === 'conversationMessage' ? [content.value.text] : [],
  )
}

t.test('rules and roles that the server does not know are refused, and set nothing', async t => {
  const { alice, bob } = await world()
  const conversation = await groupOf(alice, [bob])
  const rules = { join: GroupJoin.CODE, adminsInvite: false, adminsWrite: false, history: 0 }
  await ok(alice, METHODS.groupSetRules, { sendSeq: alice.next(), conversation, rules, newCode: false })
  const later = { ...rules, join: 7 as GroupJoin }
  const unknown = { sendSeq: alice.sendSeq + 1, conversation, rules: later, newCode: false }
  t.equal(await outcome(alice, METHODS.groupSetRules, unknown), 'INVALID_ARGUMENT')
  const role = { sendSeq: alice.sendSeq + 1, conversation, uid: bob.uid, role: 7 as GroupRole }
  t.equal(await outcome(alice, METHODS.groupSetRole, role), 'INVALID_ARGUMENT')
  for (const join of ['"code"', '3', '-1']) {
    const text = `{"sendSeq": 9, "conversation": "${conversation}", "rules": {"join": ${join}}}`
    t.throws(() => fromJson(GroupServiceSetRulesRequestType, text), { code: CODES.INVALID_ARGUMENT.code })
  }
  const { body } = await alice.call(METHODS.groupGet, { conversation })
  t.match(decodeGroupServiceGetResponse(body).rules, rules)
})

t.test('a repeated Create names the same group and makes no other', async t => {
  const { alice, bob } = await world()
  const conversation = await groupOf(alice, [bob])
  const repeat = { sendSeq: alice.sendSeq, title: 'friends', invitees: [{ uid: bob.uid }] }
  const { body } = await alice.call(METHODS.groupCreate, repeat)
  t.equal(decodeGroupServiceCreateResponse(body).conversation, conversation)
  t.equal(await outcome(alice, METHODS.groupCreate, { ...repeat, title: 'enemies' }), 'SEQ_REUSED')
  t.equal((await ok(alice, METHODS.groupGet, { conversation })).members, 2)
})

t.test('what is outside its limits is refused', async t => {
  const { alice, bob } = await world()
  const conversation = await groupOf(alice, [bob])
  const named = () => ({ sendSeq: alice.sendSeq + 1, conversation })
  const invalid = 'INVALID_ARGUMENT'
  t.equal(await outcome(alice, METHODS.groupInvite, { ...named(), invitees: [] }), invalid)
  const rules = { join: GroupJoin.CODE, adminsInvite: false, adminsWrite: false, history: 101 }
  t.equal(await outcome(alice, METHODS.groupSetRules, { ...named(), rules, newCode: false }), invalid)
  const role = { ...named(), uid: bob.uid, role: GroupRole.UNSPECIFIED }
  t.equal(await outcome(alice, METHODS.groupSetRole, role), 'BAD_BODY')
  t.equal(await outcome(alice, METHODS.groupMembers, { conversation, after: 0, limit: 101 }), invalid)
  t.equal(await outcome(alice, METHODS.groupEarlier, { conversation, before: 0, limit: 101 }), invalid)
  for (const other of [
    'group:',
    'group:a/b',
    'group:1.1',
    'group:1.1.1.1',
    'group:A.1.1',
    `group:1.1.1\0`,
    `direct:${bob.uid}`,
  ]) {
    t.equal(await outcome(alice, METHODS.groupLeave, { ...named(), conversation: other }), invalid, other)
    t.equal(await outcome(alice, METHODS.groupGet, { conversation: other }), 'NO_SUCH_GROUP', other)
    if (other.startsWith('group'))
      t.equal(
        await outcome(
          alice,
          METHODS.post,
          createPostRequest({ sendSeq: alice.next(), conversation: other, text: 'x' }),
        ),
        'NO_SUCH_GROUP',
      )
  }
  // Final: the number is used up.
  const unseen = '\u200b'
  const unnamed = { sendSeq: alice.next(), title: unseen, invitees: [] }
  t.equal(await outcome(alice, METHODS.groupCreate, unnamed), 'NAME_INVALID')
  t.equal(
    await outcome(alice, METHODS.groupRename, { sendSeq: alice.next(), conversation, title: unseen }),
    'NAME_INVALID',
  )
  t.equal(await outcome(alice, METHODS.groupRename, { sendSeq: alice.next(), conversation, title: 'seen' }), 'OK')
})

t.test('a code to join by is made when the rules ask for one, and anew on request alone', async t => {
  const { alice, bob, stranger } = await world()
  const conversation = await groupOf(alice, [bob])
  const codes: string[] = []
  for (const newCode of [false, false, true]) {
    const rules = { join: GroupJoin.CODE, adminsInvite: true, adminsWrite: false, history: 100 }
    await ok(alice, METHODS.groupSetRules, { sendSeq: alice.next(), conversation, rules, newCode })
    const group = await ok(alice, METHODS.groupGet, { conversation })
    t.same(group.rules, rules)
    codes.push(group.code)
  }
  for (const code of codes) t.match(code, /^[a-hj-km-np-z2-9]{16}$/)
  const [first, second, third] = codes
  t.equal(first, second)
  t.not(second, third)
  t.equal((await ok(bob, METHODS.groupGet, { conversation })).code, '', 'who may invite nobody gets none')
  const join = (code = '') => ok(stranger, METHODS.groupJoin, { sendSeq: stranger.next(), conversation, code })
  await join(first)
  t.equal(await outcome(stranger, METHODS.groupGet, { conversation }), 'NO_SUCH_GROUP', 'it opens nothing any more')
  await join(third)
  t.match(await ok(stranger, METHODS.groupGet, { conversation }), { title: 'friends', owner: alice.uid, members: 3 })
})

t.test('a code is shown while somebody may join by it, and the same when the group is opened again', async t => {
  const { alice } = await world()
  const conversation = await groupOf(alice, [])
  const codeWith = async (join: GroupJoin) => {
    const rules = { join, adminsInvite: false, adminsWrite: false, history: 0 }
    await ok(alice, METHODS.groupSetRules, { sendSeq: alice.next(), conversation, rules, newCode: false })
    return (await ok(alice, METHODS.groupGet, { conversation })).code
  }
  const first = await codeWith(GroupJoin.APPROVAL)
  t.equal(first.length, 16)
  t.equal(await codeWith(GroupJoin.UNSPECIFIED), '')
  t.equal(await codeWith(GroupJoin.CODE), first)
})

t.test('members are listed by uid in pages, with their names; who waits is shown to admins', async t => {
  const { alice, bob, carol, stranger } = await world()
  const conversation = await groupOf(alice, [bob, carol], [stranger])
  const page = (device: TestDevice, after: number, limit: number) =>
    ok(device, METHODS.groupMembers, { conversation, after, limit })
  const whole = await page(alice, 0, 0)
  const byUid = [alice, bob, carol, stranger].sort((a, b) => a.uid - b.uid)
  t.same(
    whole.members.map(({ uid }) => uid),
    byUid.map(({ uid }) => uid),
  )
  const entryOf = (device: TestDevice) => whole.members.find(({ uid }) => uid === device.uid)
  t.match(entryOf(alice), { role: GroupRole.OWNER, account: 'alice', nickname: 'alice', asks: false })
  t.match(entryOf(bob), { role: GroupRole.MEMBER, account: 'bob', muted: false })
  t.match(entryOf(stranger), { role: GroupRole.UNSPECIFIED, account: 'stranger', asks: false })
  t.ok(whole.members.every(({ number }) => number > 0))
  t.equal(whole.next, 0)
  t.equal((await page(bob, 0, 0)).members.length, 3)
  const first = await page(alice, 0, 3)
  t.same([first.members, first.next], [whole.members.slice(0, 3), byUid[2]?.uid])
  t.same(await page(alice, first.next, 3), { members: whole.members.slice(3), next: 0 })
})

t.test('who has deleted the account is listed without names while the group does not know yet', async t => {
  const { alice, bob, stranger } = await world()
  const conversation = await groupOf(alice, [bob], [stranger])
  const members = async () => (await ok(alice, METHODS.groupMembers, { conversation, after: 0, limit: 0 })).members
  t.equal((await members()).length, 3)
  await ok(stranger, METHODS.deleteAccount, { sendSeq: stranger.next(), password: 'correct horse' })
  t.match(
    (await members()).find(({ uid }) => uid === stranger.uid),
    { account: '', nickname: '' },
  )
})

t.test('Post is Send to a user, a message to all of a group, and to nothing else', async t => {
  const { alice, bob, stranger } = await world()
  const conversation = await groupOf(alice, [bob])
  const post = (to: string, text = `to ${to}`, sendSeq = alice.next()) =>
    alice.call(METHODS.post, createPostRequest({ sendSeq, conversation: to, text }))
  const direct = `direct:${bob.uid}`
  const own = await post(direct)
  t.ok(own.version > own.from && own.from > 0, 'with the range of the own copy')
  t.match(await post(direct, `to ${direct}`, alice.sendSeq), { code: 0, version: 0 }, 'a repeat')
  t.equal((await post(`direct:${stranger.uid}`)).code, CODES.NOT_FRIEND.code)
  t.match(await post(conversation), { code: 0, version: 0 })
  t.match(await post(conversation, `to ${conversation}`, alice.sendSeq), { code: 0 }, 'a repeat')
  t.equal((await post(conversation, 'another', alice.sendSeq)).code, CODES.SEQ_REUSED.code)
  await eventually(async () => (await textsOf(bob)).length === 2)
  t.same(await textsOf(bob), [`to ${direct}`, `to ${conversation}`])
  t.same(await textsOf(alice), await textsOf(bob))
  for (const to of ['direct:0', 'direct:x', 'channel:7', 'group:', 'nothing'])
    t.equal((await post(to)).code, CODES.NO_SUCH_GROUP.code, to)
  for (const to of [direct, conversation]) t.equal((await post(to, 'é'.repeat(8_193))).code, CODES.TEXT_TOO_LONG.code)
  t.equal((await post(direct, 'x')).code, 0, 'each refusal has used up its number')
})

t.test('messages to one group are limited like those to one user, without repeats', async t => {
  const { clock, limits, alice, bob } = await world({ 'sends-recipient': { amount: 1, unit: 's', burst: 2 } })
  const [one, other] = [await groupOf(alice, [bob]), await groupOf(alice, [bob])]
  const post = (conversation: string, sendSeq = alice.next()) =>
    outcome(alice, METHODS.post, createPostRequest({ sendSeq, conversation, text: 'x' }))
  t.equal(await post(one), 'OK')
  for (let i = 0; i < 5; i++) t.equal(await post(one, alice.sendSeq), 'OK', 'a repeat')
  t.equal(await post(one), 'OK')
  t.equal(await post(one), 'RECIPIENT_LIMIT')
  t.equal(await post(other), 'OK')
  t.equal(await post(`direct:${bob.uid}`), 'OK')
  clock.advance(1_000)
  t.equal(await post(one, alice.sendSeq - 2), 'RECIPIENT_LIMIT', 'its number was used up')
  t.equal(await post(one), 'OK')
  clock.advance(60_000)
  t.equal(limits.keys, 0)
})

t.test('messages to a group count as stored in each partition, and those that are refused do not', async t => {
  const { alice, bob, stranger } = await world({ 'stored-user': { amount: 1, unit: 's', burst: 4 } })
  const conversation = await groupOf(alice, [bob])
  const post = (device: TestDevice) =>
    device.call(METHODS.post, createPostRequest({ sendSeq: device.sendSeq + 1, conversation, text: 'x'.repeat(384) }))
  for (let i = 0; i < 5; i++) {
    t.equal((await post(stranger)).code, CODES.NO_SUCH_GROUP.code)
    stranger.next()
  }
  for (let i = 0; i < 2; i++) {
    t.equal((await post(alice)).code, 0)
    alice.next()
  }
  // Each message is in the group's log and in two branches, 512 bytes, and 64 bytes stand for it in two timelines: 1.625 KiB.
  const refused = await post(alice)
  t.equal(refused.code, CODES.RATE_LIMITED.code)
  t.equal(refused.retryAfterMs, 250)
})

t.test('acts about groups are limited: an invitation for each, what all members get for ten', async t => {
  const { clock, limits, alice, bob, carol } = await world({ 'group-acts': { amount: 1, unit: 's', burst: 20 } })
  const left = () => {
    for (let count = 20; count > 0; count--) if (limits.wait('group-acts', alice.uid, count) === 0) return count
    return 0
  }
  const conversation = await groupOf(alice, [bob, carol])
  t.equal(left(), 17, 'a Create, and two invitations')
  const named = () => ({ sendSeq: alice.next(), conversation })
  const invitees = [1, 2].map(uid => ({ uid: 9_000 + uid }))
  const invite = { ...named(), invitees }
  await ok(alice, METHODS.groupInvite, invite)
  t.equal(left(), 15)
  await ok(alice, METHODS.groupInvite, invite)
  t.equal(left(), 15, 'a repeat costs nothing')
  t.equal(await outcome(alice, METHODS.groupMute, { ...named(), sendSeq: 1_000, uid: bob.uid, muted: true }), 'GAP')
  t.equal(left(), 15, 'nor does a gap')
  alice.sendSeq -= 1
  await ok(alice, METHODS.groupMute, { ...named(), uid: bob.uid, muted: true })
  t.equal(left(), 14)
  await ok(alice, METHODS.groupRename, { ...named(), title: 'renamed' })
  t.equal(left(), 4)
  const announce = { ...named(), announcement: 'hear' }
  t.equal(await outcome(alice, METHODS.groupAnnounce, announce), 'REQUEST_LIMIT')
  t.equal(left(), 4)
  clock.advance(60_000)
  t.equal(await outcome(alice, METHODS.groupAnnounce, announce), 'REQUEST_LIMIT', 'its number was used up')
  await ok(alice, METHODS.groupAnnounce, { ...announce, sendSeq: alice.next() })
  await ok(alice, METHODS.groupSetRules, { ...named(), rules: undefined, newCode: false })
  t.equal(left(), 0)
  const create = { sendSeq: alice.next(), title: 'another', invitees: [] }
  t.equal(await outcome(alice, METHODS.groupCreate, create), 'REQUEST_LIMIT')
  t.equal(await outcome(alice, METHODS.groupLeave, named()), 'OK', 'one may always leave')
})

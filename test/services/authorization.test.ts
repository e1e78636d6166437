/**
 * Who may do what to whom: each method, asked about Alice by everybody she might have to do with. One table; a method without a
 * row does not compile. A request is judged as a single one over HTTP is: by its token first, then by the services.
 */
import t, { type Test } from 'tap'
import { CODES, type CodeName, codeName } from '../../protocol/codes.js'
import {
  createHelloRequest,
  createHistoryRequest,
  createPostRequest,
  createRoomServicePostRequest,
  createSyncRequest,
  decodeContactServiceListResponse,
  decodeGetProfileResponse,
  GroupRole,
  RoomKind,
  RoomRole,
} from '../../protocol/generated/messages.js'
import { METHODS, type MethodName, type RequestMethod, type RequestOf } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import type { Authorization, HelloAnswer } from '../../src/services/types.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { groupConversation, newGid } from '../../src/sync/rules/group-records.js'
import { userActor } from '../../src/sync/rules/records.js'
import { newRid, roomConversation } from '../../src/sync/rules/room-records.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { RULE_SETTINGS } from '../support/rule-settings.js'

type RequestName = { [N in MethodName]: (typeof METHODS)[N] extends { kind: 'request' } ? N : never }[MethodName]

const PEOPLE = ['stranger', 'friend', 'blocked', 'blockedFriend', 'formerFriend', 'otherDevice'] as const
const ROLES = [...PEOPLE, 'revokedToken', 'nameless', 'deletedAccount'] as const
type Role = (typeof ROLES)[number]
type Codes = Readonly<Record<Role, CodeName>>

interface World extends Readonly<Record<Role, TestDevice>> {
  readonly node: TestNode
  readonly alice: TestDevice
}

async function world(openContacts: boolean): Promise<World> {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node', { settings: { ...RULE_SETTINGS, openContacts } })
  const people = ['alice', 'stranger', 'friend', 'blocked', 'blockedfriend', 'formerfriend', 'deletedaccount']
  const [alice, stranger, friend, blocked, blockedFriend, formerFriend, deletedAccount] = (await Promise.all(
    people.map((name, key) => new TestDevice(node).enter(name, key + 1)),
  )) as [TestDevice, TestDevice, TestDevice, TestDevice, TestDevice, TestDevice, TestDevice]
  const [otherDevice, revokedToken] = [new TestDevice(node), new TestDevice(node)]
  await otherDevice.login('alice', 21)
  await otherDevice.hello()
  await revokedToken.login('alice', 22)
  await revokedToken.hello()
  for (const other of [friend, blockedFriend, formerFriend, deletedAccount]) await befriend(alice, other)
  await alice.call(METHODS.contactBlock, { sendSeq: alice.next(), uid: blocked.uid })
  await alice.call(METHODS.contactBlock, { sendSeq: alice.next(), uid: blockedFriend.uid })
  await alice.call(METHODS.contactRemove, { sendSeq: alice.next(), uid: formerFriend.uid })
  await alice.call(METHODS.removeDevice, { sendSeq: alice.next(), device: revokedToken.device })
  const password = 'correct horse'
  await deletedAccount.call(METHODS.deleteAccount, { sendSeq: deletedAccount.next(), password })
  await eventually(async () => (await store.scan(userActor(deletedAccount.uid), '', null, 10)).length === 1)
  // The last two numbers that Alice uses name them.
  const rules = { allPublish: false, codeNeeded: false }
  await alice.call(METHODS.roomCreate, { sendSeq: alice.next(), title: 'her board', kind: RoomKind.BOARD, rules })
  await alice.call(METHODS.groupCreate, { sendSeq: alice.next(), title: 'her group', invitees: [] })
  await eventually(async () => (await alice.call(METHODS.groupGet, { conversation: herGroup(alice) })).code === 0)
  await eventually(async () => (await alice.call(METHODS.roomGet, { conversation: herRoom(alice) })).code === 0)
  const nameless = new TestDevice(node)
  return {
    ...{ node, alice, stranger, friend, blocked, blockedFriend, formerFriend },
    ...{ otherDevice, revokedToken, nameless, deletedAccount },
  }
}

/** The code by which most are answered, and who is answered otherwise. */
function all(code: CodeName, others: Partial<Codes> = {}): Codes {
  const people = Object.fromEntries(PEOPLE.map(role => [role, code])) as Record<(typeof PEOPLE)[number], CodeName>
  const rest = {
    revokedToken: 'SESSION_REVOKED',
    nameless: 'LOGIN_REQUIRED',
    deletedAccount: 'UNAUTHENTICATED',
  } as const
  return { ...people, ...rest, ...others }
}

/** Of a method that needs no token. */
function open(code: CodeName): Codes {
  return all(code, { revokedToken: code, nameless: code, deletedAccount: code })
}

interface Row<N extends RequestName> {
  readonly request: (asker: TestDevice, alice: TestDevice) => RequestOf<N>
  readonly codes: Codes
  /** Where anybody may write, if it is another one there. */
  readonly open?: Codes
}

const GUESS = 'a wrong password'

/** A request about a message of Alice to the asker, which does not exist. */
function aboutMessage(asker: TestDevice, alice: TestDevice) {
  const message = { sender: alice.uid, device: 1, sendSeq: 1, number: 0 }
  return { sendSeq: asker.next(), conversation: `direct:${alice.uid}`, message }
}

/** Of what is for those who were ever shown to have to do with Alice. */
const ACQUAINTED = all('UNKNOWN_USER', { friend: 'OK', blockedFriend: 'OK', formerFriend: 'OK', otherDevice: 'SELF' })

const TABLE: { readonly [N in RequestName]: Row<N> } = {
  hello: {
    request: asker =>
      createHelloRequest({ token: asker.session?.token ?? new Uint8Array(0), attempt: asker.attempt + 1 }),
    codes: all('OK', { nameless: 'OK' }),
  },
  register: {
    request: () => ({
      account: 'alice',
      password: GUESS,
      installationKey: new Uint8Array(16),
      nickname: '',
      deviceName: '',
    }),
    codes: open('NAME_TAKEN'),
  },
  endpoints: { request: () => ({}), codes: all('OK') },
  login: {
    request: () => ({ account: 'alice', password: GUESS, installationKey: new Uint8Array(16), deviceName: '' }),
    codes: open('WRONG_CREDENTIALS'),
  },
  logout: { request: () => ({}), codes: all('OK') },
  getProfile: { request: (_, alice) => ({ uid: alice.uid, account: '' }), codes: all('OK') },
  updateProfile: { request: asker => ({ sendSeq: asker.next(), nickname: 'new' }), codes: all('OK') },
  changePassword: {
    request: asker => ({ sendSeq: asker.next(), oldPassword: GUESS, newPassword: 'a better password' }),
    codes: all('WRONG_CREDENTIALS'),
  },
  listDevices: { request: () => ({}), codes: all('OK') },
  removeDevice: {
    // Of Alice's devices only she can name one.
    request: asker => ({ sendSeq: asker.next(), device: asker.device === 1 ? 2 : 1 }),
    codes: all('NO_SUCH_DEVICE', { otherDevice: 'OK' }),
  },
  deleteAccount: {
    request: asker => ({ sendSeq: asker.next(), password: GUESS }),
    codes: all('WRONG_CREDENTIALS'),
  },
  contactRequest: {
    request: (asker, alice) => ({ sendSeq: asker.next(), uid: alice.uid, greeting: 'hello' }),
    codes: all('OK', { friend: 'ALREADY_FRIENDS', blockedFriend: 'ALREADY_FRIENDS', otherDevice: 'SELF' }),
  },
  contactAccept: { request: named, codes: all('NO_SUCH_REQUEST', { otherDevice: 'SELF' }) },
  contactDecline: { request: named, codes: all('NO_SUCH_REQUEST', { otherDevice: 'SELF' }) },
  contactCancel: { request: named, codes: all('NO_SUCH_REQUEST', { otherDevice: 'SELF' }) },
  contactRemove: {
    request: (asker, alice) => ({ sendSeq: asker.next(), uid: alice.uid }),
    codes: all('NOT_FRIEND', { friend: 'OK', blockedFriend: 'OK', otherDevice: 'SELF' }),
  },
  contactBlock: {
    request: (asker, alice) => ({ sendSeq: asker.next(), uid: alice.uid }),
    codes: all('OK', { otherDevice: 'SELF' }),
  },
  contactUnblock: {
    request: (asker, alice) => ({ sendSeq: asker.next(), uid: alice.uid }),
    codes: all('OK', { otherDevice: 'SELF' }),
  },
  contactList: { request: () => ({ after: 0 }), codes: all('OK') },
  edit: {
    request: (asker, alice) => ({ ...aboutMessage(asker, alice), text: 'x', mentions: [] }),
    codes: all('NOT_FRIEND', { friend: 'NO_SUCH_MESSAGE', blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
  },
  recall: { request: aboutMessage, codes: all('NO_SUCH_MESSAGE', { otherDevice: 'SELF' }) },
  forward: {
    request: (asker, alice) => ({ ...aboutMessage(asker, alice), source: `direct:${alice.uid}` }),
    codes: all('NOT_FRIEND', { friend: 'NO_SUCH_MESSAGE', blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
    open: all('NO_SUCH_MESSAGE', { blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
  },
  delete: {
    request: (asker, alice) => {
      const { message, ...named } = aboutMessage(asker, alice)
      return { ...named, messages: [message] }
    },
    codes: all('NO_SUCH_MESSAGE'),
  },
  clear: {
    request: (asker, alice) => ({ sendSeq: asker.next(), conversation: `direct:${alice.uid}`, upTo: 1 }),
    codes: all('OK'),
  },
  react: {
    request: (asker, alice) => ({ ...aboutMessage(asker, alice), kind: '+1', off: false }),
    codes: all('NOT_FRIEND', { friend: 'NO_SUCH_MESSAGE', blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
  },
  markRead: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), number: 1 }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  // The first item of a group is no message.
  readBy: {
    request: (_, alice) => ({ conversation: herGroup(alice), number: 1 }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'NO_SUCH_MESSAGE' }),
  },
  unread: { request: (_, alice) => ({ conversation: `direct:${alice.uid}` }), codes: ACQUAINTED },
  setConversation: {
    request: (asker, alice) => ({
      sendSeq: asker.next(),
      conversation: `direct:${alice.uid}`,
      settings: { muted: true, pinned: false, archived: false, unread: false },
    }),
    codes: ACQUAINTED,
  },
  setPreferences: {
    request: asker => ({
      sendSeq: asker.next(),
      preferences: { noReceipts: true, askBeforeGroups: false, noPresence: false, friendsOnly: false },
    }),
    codes: all('OK'),
  },
  reactions: {
    request: (_, alice) => ({
      conversation: `direct:${alice.uid}`,
      message: { sender: alice.uid, device: 1, sendSeq: 1, number: 0 },
      kind: '',
      after: 0,
    }),
    codes: all('NO_SUCH_MESSAGE'),
  },
  conversations: { request: () => ({ after: 0, limit: 0 }), codes: all('OK') },
  history: {
    request: (_, alice) => createHistoryRequest({ conversation: `direct:${alice.uid}` }),
    codes: ACQUAINTED,
  },
  watch: {
    request: (_, alice) => ({ conversations: [{ conversation: `direct:${alice.uid}` }] }),
    codes: all('NOT_FRIEND', { friend: 'OK', blockedFriend: 'OK', otherDevice: 'SELF' }),
  },
  typing: {
    request: (_, alice) => ({ conversation: `direct:${alice.uid}`, stopped: false }),
    codes: all('NOT_FRIEND', { friend: 'OK', blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
  },
  send: {
    request: (asker, alice) => ({ sendSeq: asker.next(), to: alice.uid, text: 'hello' }),
    codes: all('NOT_FRIEND', { friend: 'OK', blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
    // A block is not told: the message fails later.
    open: all('OK', { blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
  },
  sync: { request: () => createSyncRequest({ since: 0 }), codes: all('OK') },
  void: { request: asker => ({ sendSeq: asker.next(), count: 1 }), codes: all('OK') },
  post: {
    request: (asker, alice) =>
      createPostRequest({ sendSeq: asker.next(), conversation: `direct:${alice.uid}`, text: 'hello' }),
    codes: all('NOT_FRIEND', { friend: 'OK', blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
    open: all('OK', { blockedFriend: 'BLOCKED', otherDevice: 'SELF' }),
  },
  // Of a group of Alice's, in which she is alone. Those of its members: group-authorization.test.ts.
  groupCreate: {
    request: (asker, { uid }) => ({ sendSeq: asker.next(), title: 'a group', invitees: [{ uid }] }),
    codes: all('OK'),
  },
  groupInvite: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), invitees: [{ uid: asker.uid }] }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupAccept: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), invitation: 1 }),
    codes: all('NO_SUCH_INVITATION'),
  },
  groupDecline: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), invitation: 1 }),
    codes: all('NO_SUCH_INVITATION'),
  },
  // Whether there is such a group is not told.
  groupJoin: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), code: 'a guess' }),
    codes: all('OK', { otherDevice: 'ALREADY_MEMBER' }),
  },
  groupApprove: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), uid: asker.uid, request: 1, yes: true }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupLeave: { request: inHerGroup, codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }) },
  groupRemove: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), uid: alice.uid, number: 0 }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupRename: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), title: 'mine' }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupAnnounce: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), announcement: 'mine' }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupSetRules: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), rules: undefined, newCode: true }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupSetRole: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), uid: asker.uid, role: GroupRole.OWNER }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupMute: {
    request: (asker, alice) => ({ ...inHerGroup(asker, alice), uid: alice.uid, muted: true }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupDissolve: { request: inHerGroup, codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }) },
  groupGet: {
    request: (_, alice) => ({ conversation: herGroup(alice) }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupMembers: {
    request: (_, alice) => ({ conversation: herGroup(alice), after: 0, limit: 0 }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  groupEarlier: {
    request: (_, alice) => ({ conversation: herGroup(alice), before: 0, limit: 0 }),
    codes: all('NO_SUCH_GROUP', { otherDevice: 'OK' }),
  },
  roomCreate: {
    request: asker => ({ sendSeq: asker.next(), title: 'news', kind: RoomKind.REALTIME, rules: undefined }),
    codes: all('OK'),
  },
  roomSet: {
    request: (asker, alice) => ({ ...inHerRoom(asker, alice), title: 'x', rules: undefined, newCode: false }),
    codes: all('NOT_LISTENER', { otherDevice: 'OK' }),
  },
  roomSetRole: {
    request: (asker, alice) => ({ ...inHerRoom(asker, alice), uid: asker.uid || 1, role: RoomRole.PUBLISHER }),
    codes: all('NOT_LISTENER', { otherDevice: 'OK' }),
  },
  // Anyone who knows its id listens to it.
  roomSubscribe: { request: (asker, alice) => ({ ...inHerRoom(asker, alice), code: '' }), codes: all('OK') },
  roomUnsubscribe: { request: inHerRoom, codes: all('NOT_LISTENER', { otherDevice: 'NOT_ALLOWED' }) },
  roomPost: {
    request: (asker, alice) => createRoomServicePostRequest({ ...inHerRoom(asker, alice), text: 'hello' }),
    codes: all('NOT_LISTENER', { otherDevice: 'OK' }),
  },
  roomRemove: {
    request: (asker, alice) => ({ ...inHerRoom(asker, alice), number: 1 }),
    codes: all('NOT_LISTENER', { otherDevice: 'OK' }),
  },
  roomClose: { request: inHerRoom, codes: all('NOT_LISTENER', { otherDevice: 'OK' }) },
  roomConfirm: {
    request: (asker, alice) => ({ ...inHerRoom(asker, alice), upTo: 1 }),
    codes: all('NOT_LISTENER', { otherDevice: 'OK' }),
  },
  roomGet: { request: (_, alice) => ({ conversation: herRoom(alice) }), codes: all('OK') },
  roomPosts: {
    request: (_, alice) => ({ conversation: herRoom(alice), before: 0, after: 0, limit: 0 }),
    codes: all('NO_SUCH_ROOM', { otherDevice: 'OK' }),
  },
  roomList: { request: () => ({ after: '', heads: false }), codes: all('OK') },
  roomPublish: {
    request: (_, alice) => ({ conversation: herRoom(alice), payload: new Uint8Array(1) }),
    codes: all('NO_SUCH_ROOM', { otherDevice: 'NOT_ALLOWED' }),
  },
}

/** The group that Alice made with the last number that she has used. */
function herGroup({ uid, device, sendSeq }: TestDevice): string {
  return groupConversation(newGid(uid, device, sendSeq))
}

function inHerGroup(asker: TestDevice, alice: TestDevice) {
  return { sendSeq: asker.next(), conversation: herGroup(alice) }
}

/** The room that she made right before the group. */
function herRoom({ uid, device, sendSeq }: TestDevice): string {
  return roomConversation(newRid(uid, device, sendSeq - 1))
}

function inHerRoom(asker: TestDevice, alice: TestDevice) {
  return { sendSeq: asker.next(), conversation: herRoom(alice) }
}

function named(asker: TestDevice, alice: TestDevice) {
  return { sendSeq: asker.next(), uid: alice.uid, request: 1 }
}

async function ask(asker: TestDevice, name: RequestName, request: unknown): Promise<number> {
  const { services } = asker.node
  if (name === 'hello') {
    const hello = request as RequestOf<'hello'>
    const answer = await new Promise<HelloAnswer>(resolve => services.hello(hello, asker.address, resolve))
    return answer.kind === 'refused' ? answer.code : 0
  }
  const method: RequestMethod<unknown, unknown> = METHODS[name] as RequestMethod<unknown, unknown>
  const token = asker.session?.token
  if (token !== undefined && !method.nameless) {
    const authorization = await new Promise<Authorization>(resolve => services.authorize(token, asker.address, resolve))
    if (authorization.kind === 'refused') return authorization.code
  }
  return (await asker.call(method, request)).code
}

for (const policy of ['required', 'open'] as const) {
  const isOpen = policy === 'open'
  t.test(`each method answers each of them as the table says, with contacts ${policy}`, async t => {
    for (const [name, row] of Object.entries(TABLE) as [RequestName, Row<RequestName>][]) {
      await checkRow(t, name, row, isOpen)
    }
  })
}

async function checkRow(t: Test, name: RequestName, row: Row<RequestName>, isOpen: boolean): Promise<void> {
  const { request } = row
  const codes = isOpen ? (row.open ?? row.codes) : row.codes
  const here = await world(isOpen)
  const before = (await here.alice.items()).length
  const found: Partial<Record<Role, string>> = {}
  for (const role of ROLES) found[role] = codeName(await ask(here[role], name, request(here[role], here.alice)))
  t.same(found, codes, name)
  t.equal(codes.blocked, codes.stranger, `${name}: who is blocked is answered as a stranger is`)
  if (name === 'send' || name === 'post') {
    const count = isOpen ? before + 4 : before + 1
    t.equal(
      (await here.alice.items()).length,
      count,
      "the friend's message; where anybody may write also of two more, and who the stranger is",
    )
  }
  t.same(here.node.asides, [])
}

t.test('the table has every request that there is', async t => {
  const requests = Object.entries(METHODS).flatMap(([name, { kind }]) => (kind === 'request' ? [name] : []))
  t.same(Object.keys(TABLE).sort(), requests.sort())
})

t.test('of Alice a stranger is shown her names, and whoever she has blocked no more', async t => {
  const { alice, stranger, blocked, formerFriend, deletedAccount } = await world(false)
  for (const asker of [stranger, blocked, formerFriend]) {
    const { body } = await asker.call(METHODS.getProfile, { uid: 0, account: 'alice' })
    t.same(decodeGetProfileResponse(body), { uid: alice.uid, account: 'alice', nickname: 'alice' })
  }
  const gone = await stranger.call(METHODS.getProfile, { uid: deletedAccount.uid, account: '' })
  t.equal(gone.code, CODES.UNKNOWN_USER.code)
})

t.test('who is blocked sees nothing of it: no item, no answer, no list', async t => {
  const { alice, stranger, blocked, blockedFriend, friend } = await world(false)
  const shownTo = async (device: TestDevice) => {
    const items = (await device.items()).map(({ item }) => item.content)
    const { body } = await device.call(METHODS.contactList, { after: 0 })
    return JSON.stringify([items, decodeContactServiceListResponse(body)])
      .replaceAll(/:"(?:blocked|blockedfriend|stranger|friend)"/g, ':"somebody"')
      .replaceAll(`"uid":${device.uid}`, '"uid":0')
  }
  t.equal(await shownTo(blocked), await shownTo(stranger))
  t.equal(await shownTo(blockedFriend), await shownTo(friend))
  const before = (await alice.items()).length
  const ask = (asker: TestDevice) =>
    asker.call(METHODS.contactRequest, { sendSeq: asker.next(), uid: alice.uid, greeting: 'please' })
  t.equal((await ask(blocked)).code, (await ask(stranger)).code)
  t.equal((await alice.items()).length, before + 1, "the stranger's request; the other's is dropped unseen")
  t.equal(await shownTo(blocked), await shownTo(stranger), 'and both wait')
})

t.test('after Unblock a friend writes again; nothing that was written meanwhile arrives', async t => {
  const { alice, blockedFriend } = await world(false)
  t.equal((await blockedFriend.send(alice.uid, 'meanwhile')).code, CODES.BLOCKED.code)
  t.equal((await alice.send(blockedFriend.uid, 'the other way it goes')).code, 0)
  t.equal((await alice.call(METHODS.contactUnblock, { sendSeq: alice.next(), uid: blockedFriend.uid })).code, 0)
  t.equal((await blockedFriend.send(alice.uid, 'again')).code, 0)
  const texts = (await alice.items()).flatMap(({ item }) =>
    item.content?.case === 'message' && item.content.value.sender === blockedFriend.uid
      ? [item.content.value.text]
      : [],
  )
  t.same(texts, ['again'])
})

t.test('a name that nobody has costs a login as much as a wrong password', async t => {
  const store = new CountingStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  await new TestDevice(node).enter('alice', 1)
  const cost = async (account: string) => {
    // The first time records are read into memory.
    for (let i = 0; i < 2; i++) {
      store.commits = 0
      t.equal((await new TestDevice(node).login(account, 9, GUESS)).code, CODES.WRONG_CREDENTIALS.code)
    }
    return store.commits
  }
  t.equal(await cost('alice'), await cost('nobody'))
})

class CountingStore extends MemoryStore {
  commits = 0

  override commit(...args: Parameters<MemoryStore['commit']>) {
    this.commits += 1
    return super.commit(...args)
  }
}

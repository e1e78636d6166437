/**
 * What arrives from a blocked user: each method, asked by him, in whatever the two are to each other. One table; a method without a
 * row does not compile. Then the block is lifted, and both sides agree.
 */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  type Contact,
  ContactState,
  createHelloRequest,
  createHistoryRequest,
  createPostRequest,
  createRoomServicePostRequest,
  createSyncRequest,
  decodeGroupServiceCreateResponse,
  decodeRoomServiceCreateResponse,
  GroupRole,
  RoomKind,
  RoomRole,
} from '../../protocol/generated/messages.js'
import { METHODS, type MethodName } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { type ContactRecord, contact, given, taken, userActor } from '../../src/sync/rules/records.js'
import type { RecordKind } from '../../src/sync/types.js'
import { befriend, type Reply, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'
import { RULE_SETTINGS } from '../support/rule-settings.js'

type RequestName = { [N in MethodName]: (typeof METHODS)[N] extends { kind: 'request' } ? N : never }[MethodName]

const RELATIONS = ['strangers', 'he asked', 'she asked', 'friends', 'friends once'] as const
/** Where anybody may write. */
const WRITTEN = ['he wrote', 'she wrote', 'both wrote'] as const
type Relation = (typeof RELATIONS)[number] | (typeof WRITTEN)[number]

const PASSWORD = 'correct horse'

/** What the blocked user does to her who blocks. `settled`: waits until it has come of it what comes. */
type Act = (he: TestDevice, her: TestDevice, settled: () => Promise<void>) => unknown

const named = (he: TestDevice, her: TestDevice) => ({ sendSeq: he.next(), uid: her.uid, request: 1 })

/** A request about a message of hers to him, which does not exist. */
function aboutMessage(he: TestDevice, { uid }: TestDevice) {
  const message = { sender: uid, device: 1, sendSeq: 1, number: 0 }
  return { sendSeq: he.next(), conversation: `direct:${uid}`, message }
}

const TABLE: { readonly [N in RequestName | 'ack']: Act } = {
  hello: he => {
    const token = he.session?.token ?? new Uint8Array(0)
    return he.call(METHODS.hello, createHelloRequest({ token, attempt: he.attempt + 1 }))
  },
  endpoints: he => he.call(METHODS.endpoints, {}),
  register: (he, { uid }) => he.register(`another-${uid}`, 7),
  login: he => he.login('him', 8),
  logout: he => he.call(METHODS.logout, {}),
  getProfile: (he, { uid }) => he.call(METHODS.getProfile, { uid, account: '' }),
  updateProfile: he => he.call(METHODS.updateProfile, { sendSeq: he.next(), nickname: 'another nickname' }),
  changePassword: he =>
    he.call(METHODS.changePassword, { sendSeq: he.next(), oldPassword: PASSWORD, newPassword: 'a better password' }),
  listDevices: he => he.call(METHODS.listDevices, {}),
  removeDevice: he => he.call(METHODS.removeDevice, { sendSeq: he.next(), device: 2 }),
  deleteAccount: he => he.call(METHODS.deleteAccount, { sendSeq: he.next(), password: PASSWORD }),
  contactRequest: (he, { uid }) => he.call(METHODS.contactRequest, { sendSeq: he.next(), uid, greeting: 'please' }),
  contactAccept: (he, her) => he.call(METHODS.contactAccept, named(he, her)),
  contactDecline: (he, her) => he.call(METHODS.contactDecline, named(he, her)),
  contactCancel: (he, her) => he.call(METHODS.contactCancel, named(he, her)),
  contactRemove: (he, her) => he.call(METHODS.contactRemove, named(he, her)),
  contactBlock: (he, her) => he.call(METHODS.contactBlock, named(he, her)),
  contactUnblock: (he, her) => he.call(METHODS.contactUnblock, named(he, her)),
  contactList: he => he.call(METHODS.contactList, { after: 0 }),
  send: (he, { uid }) => he.send(uid, 'hello'),
  sync: (he, her) => he.call(METHODS.sync, createSyncRequest({ since: 0, ack: ackOfAll(he, her) })),
  void: he => he.call(METHODS.void, { sendSeq: he.next(), count: 1 }),
  post: (he, { uid }) =>
    he.call(METHODS.post, createPostRequest({ sendSeq: he.next(), conversation: `direct:${uid}`, text: 'hello' })),
  edit: (he, her) => he.call(METHODS.edit, { ...aboutMessage(he, her), text: 'x', mentions: [] }),
  recall: (he, her) => he.call(METHODS.recall, aboutMessage(he, her)),
  forward: (he, her) => he.call(METHODS.forward, { ...aboutMessage(he, her), source: `direct:${her.uid}` }),
  delete: (he, her) => {
    const { message, ...named } = aboutMessage(he, her)
    return he.call(METHODS.delete, { ...named, messages: [message] })
  },
  clear: (he, { uid }) => he.call(METHODS.clear, { sendSeq: he.next(), conversation: `direct:${uid}`, upTo: 1 }),
  react: (he, her) => he.call(METHODS.react, { ...aboutMessage(he, her), kind: '+1', off: false }),
  markRead: he => he.call(METHODS.markRead, { sendSeq: he.next(), conversation: 'group:1.1.1', number: 1 }),
  readBy: he => he.call(METHODS.readBy, { conversation: 'group:1.1.1', number: 1 }),
  unread: (he, { uid }) => he.call(METHODS.unread, { conversation: `direct:${uid}` }),
  setConversation: (he, { uid }) =>
    he.call(METHODS.setConversation, {
      sendSeq: he.next(),
      conversation: `direct:${uid}`,
      settings: { muted: true, pinned: false, archived: false, unread: false },
    }),
  setPreferences: he =>
    he.call(METHODS.setPreferences, {
      sendSeq: he.next(),
      preferences: { noReceipts: false, askBeforeGroups: false, noPresence: false, friendsOnly: false },
    }),
  watch: (he, { uid }) => he.call(METHODS.watch, { conversations: [{ conversation: `direct:${uid}` }] }),
  typing: (he, { uid }) => he.call(METHODS.typing, { conversation: `direct:${uid}`, stopped: false }),
  reactions: (he, { uid }) => {
    const message = { sender: uid, device: 1, sendSeq: 1, number: 0 }
    return he.call(METHODS.reactions, { conversation: `direct:${uid}`, message, kind: '', after: 0 })
  },
  conversations: he => he.call(METHODS.conversations, { after: 0, limit: 0 }),
  history: (he, { uid }) => he.call(METHODS.history, createHistoryRequest({ conversation: `direct:${uid}` })),
  groupCreate: (he, { uid }) =>
    he.call(METHODS.groupCreate, { sendSeq: he.next(), title: 'come', invitees: [{ uid }] }),
  groupInvite: inHisGroup((he, her, named) => he.call(METHODS.groupInvite, { ...named, invitees: [{ uid: her.uid }] })),
  groupAccept: inHisGroup((he, _, named) => he.call(METHODS.groupAccept, { ...named, invitation: 1 })),
  groupDecline: inHisGroup((he, _, named) => he.call(METHODS.groupDecline, { ...named, invitation: 1 })),
  groupJoin: inHisGroup((he, _, named) => he.call(METHODS.groupJoin, { ...named, code: 'a guess' })),
  groupApprove: inHisGroup((he, { uid }, named) =>
    he.call(METHODS.groupApprove, { ...named, uid, request: 1, yes: true }),
  ),
  groupLeave: inHisGroup((he, _, named) => he.call(METHODS.groupLeave, named)),
  groupRemove: inHisGroup((he, { uid }, named) => he.call(METHODS.groupRemove, { ...named, uid, number: 0 })),
  groupRename: inHisGroup((he, _, named) => he.call(METHODS.groupRename, { ...named, title: 'come, do' })),
  groupAnnounce: inHisGroup((he, _, named) => he.call(METHODS.groupAnnounce, { ...named, announcement: 'come' })),
  groupSetRules: inHisGroup((he, _, named) =>
    he.call(METHODS.groupSetRules, { ...named, rules: undefined, newCode: true }),
  ),
  groupSetRole: inHisGroup((he, { uid }, named) =>
    he.call(METHODS.groupSetRole, { ...named, uid, role: GroupRole.OWNER }),
  ),
  groupMute: inHisGroup((he, { uid }, named) => he.call(METHODS.groupMute, { ...named, uid, muted: true })),
  groupDissolve: inHisGroup((he, _, named) => he.call(METHODS.groupDissolve, named)),
  groupGet: inHisGroup((he, _, { conversation }) => he.call(METHODS.groupGet, { conversation })),
  groupMembers: inHisGroup((he, _, { conversation }) =>
    he.call(METHODS.groupMembers, { conversation, after: 0, limit: 0 }),
  ),
  groupEarlier: inHisGroup((he, _, { conversation }) =>
    he.call(METHODS.groupEarlier, { conversation, before: 0, limit: 0 }),
  ),
  // In rooms users are nobody's contacts: she is in none of his.
  roomCreate: he =>
    he.call(METHODS.roomCreate, { sendSeq: he.next(), title: 'come', kind: RoomKind.BOARD, rules: undefined }),
  roomSet: inARoom((he, _, named) =>
    he.call(METHODS.roomSet, { ...named, title: 'come', rules: undefined, newCode: false }),
  ),
  roomSetRole: inARoom((he, { uid }, named) =>
    he.call(METHODS.roomSetRole, { ...named, uid, role: RoomRole.PUBLISHER }),
  ),
  roomSubscribe: inARoom((he, _, named) => he.call(METHODS.roomSubscribe, { ...named, code: '' })),
  roomUnsubscribe: inARoom((he, _, named) => he.call(METHODS.roomUnsubscribe, named)),
  roomPost: inARoom((he, _, named) =>
    he.call(METHODS.roomPost, createRoomServicePostRequest({ ...named, text: 'hello' })),
  ),
  roomRemove: inARoom((he, _, named) => he.call(METHODS.roomRemove, { ...named, number: 1 })),
  roomClose: inARoom((he, _, named) => he.call(METHODS.roomClose, named)),
  roomConfirm: inARoom((he, _, named) => he.call(METHODS.roomConfirm, { ...named, upTo: 1 })),
  roomGet: inARoom((he, _, { conversation }) => he.call(METHODS.roomGet, { conversation })),
  roomPosts: inARoom((he, _, { conversation }) =>
    he.call(METHODS.roomPosts, { conversation, before: 0, after: 0, limit: 0 }),
  ),
  roomList: he => he.call(METHODS.roomList, { after: '', heads: false }),
  roomPublish: inARoom((he, _, { conversation }) =>
    he.call(METHODS.roomPublish, { conversation, payload: new Uint8Array(1) }),
  ),
  ack: (he, her) => he.ack(ackOfAll(he, her)),
}

/** What he does in a room that he has just made, where she may be named. */
function inARoom(
  act: (he: TestDevice, her: TestDevice, named: { readonly sendSeq: number; readonly conversation: string }) => unknown,
): Act {
  return async (he, her, settled) => {
    const { body } = await he.call(METHODS.roomCreate, {
      ...{ sendSeq: he.next(), title: 'come', kind: RoomKind.REALTIME, rules: undefined },
    })
    await settled()
    const { conversation } = decodeRoomServiceCreateResponse(body)
    return act(he, her, { sendSeq: he.next(), conversation })
  }
}

/** What he does in a group of his own, to which he has invited her. */
function inHisGroup(
  act: (he: TestDevice, her: TestDevice, named: { sendSeq: number; conversation: string }) => Promise<Reply>,
): Act {
  return async (he, her, settled) => {
    const invitees = [{ uid: her.uid }]
    const { body } = await he.call(METHODS.groupCreate, { sendSeq: he.next(), title: 'come', invitees })
    await settled()
    const { conversation } = decodeGroupServiceCreateResponse(body)
    return act(he, her, { sendSeq: he.next(), conversation })
  }
}

/** Says that he has read everything that she ever sent. */
function ackOfAll(he: TestDevice, her: TestDevice) {
  he.told = Number.MAX_SAFE_INTEGER
  const marks = [{ peer: her.uid, device: 1, sendSeq: her.sendSeq }]
  return { version: 1, delivered: marks, read: marks }
}

interface World {
  readonly store: MemoryStore
  readonly node: TestNode
  readonly he: TestDevice
  readonly her: TestDevice
  /** Waits until nothing is under way any more. */
  settled(): Promise<void>
}

async function world(scopes: 'one' | 'partitions', relation: Relation, openContacts: boolean): Promise<World> {
  const clock = new ManualClock()
  const store = new MemoryStore({ scopes, random: seededRandom('store') })
  const node = await startNode(store, clock, 'node', { settings: { ...RULE_SETTINGS, openContacts } })
  const he = await new TestDevice(node).enter('him', 1)
  const her = await new TestDevice(node).enter('her', 2)
  const ask = (from: TestDevice, to: TestDevice) =>
    from.call(METHODS.contactRequest, { sendSeq: from.next(), uid: to.uid, greeting: '' })
  if (relation === 'he asked') await ask(he, her)
  if (relation === 'she asked') await ask(her, he)
  if (relation === 'he wrote' || relation === 'both wrote') await he.send(her.uid, 'hello')
  if (relation === 'she wrote' || relation === 'both wrote') await her.send(he.uid, 'hello')
  if (relation.startsWith('friends')) {
    await befriend(he, her)
    await her.send(he.uid, 'once')
  }
  if (relation === 'friends once') await her.call(METHODS.contactRemove, { sendSeq: her.next(), uid: he.uid })
  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; ) {
      clock.advance(1_100)
      await new Promise(setImmediate)
      quiet = node.engine.queueDepth + node.engine.outboxDepth === 0 ? quiet + 1 : 0
    }
  }
  await settled()
  return { store, node, he, her, settled }
}

async function record<T>(store: MemoryStore, who: TestDevice, kind: RecordKind<T>, other: TestDevice) {
  const [found] = await store.get(userActor(who.uid), [`${kind.prefix}/${other.uid}`])
  return found === undefined || found.stamp === 0 ? undefined : kind.decode(found.bytes)
}

/** What her devices show of him. */
async function shown(here: World): Promise<Contact | undefined> {
  const items = (await here.her.items()).map(({ item }) => item.content)
  const about = items.flatMap(each => (each?.case === 'contact' && each.value.uid === here.he.uid ? [each.value] : []))
  return about.at(-1)
}

const isFriend = (side: ContactRecord | undefined): boolean => side?.state === ContactState.FRIEND

const POLICIES = [
  ['one', false, RELATIONS],
  ['partitions', false, RELATIONS],
  ['one', true, [...RELATIONS, ...WRITTEN]],
  ['partitions', true, WRITTEN],
] as const

for (const [scopes, isOpen, relations] of POLICIES) {
  for (const relation of relations) {
    t.test(
      `${scopes}, ${isOpen ? 'open, ' : ''}${relation}: nothing of a blocked user arrives, and Unblock makes both agree`,
      async t => {
        for (const [name, act] of Object.entries(TABLE)) {
          const here = await world(scopes, relation, isOpen)
          const { store, he, her } = here
          const block = (method: typeof METHODS.contactBlock | typeof METHODS.contactUnblock) =>
            her.call(method, { sendSeq: her.next(), uid: he.uid })
          t.equal((await block(METHODS.contactBlock)).code, 0)
          await here.settled()
          const before = JSON.stringify(await her.items())
          await act(he, her, here.settled)
          await here.settled()
          if (name === 'deleteAccount' && relation !== 'strangers') {
            t.match(
              await shown(here),
              { state: ContactState.UNSPECIFIED, blocked: true, account: '', nickname: '' },
              name,
            )
            continue
          }
          t.equal(JSON.stringify(await her.items()), before, `${name} brings nothing`)
          if (relation === 'friends' && !['contactRemove', 'contactBlock', 'deleteAccount'].includes(name)) {
            t.equal((await her.send(he.uid, 'the one who blocks may write')).code, 0, name)
          }

          t.equal((await block(METHODS.contactUnblock)).code, 0)
          await here.settled()
          const [mine, his] = [await record(store, her, contact, he), await record(store, he, contact, her)]
          t.equal(mine?.met ?? 0, his?.wrote ?? 0, `${name}: both say whether he wrote`)
          t.equal(isFriend(mine), isFriend(his), `${name}: both say whether they are friends`)
          if (!isFriend(mine))
            t.equal(mine?.state ?? 0, ContactState.UNSPECIFIED, `${name}: nothing of the meantime comes`)
          t.notOk(mine?.blocked || his?.blockedBy, name)
          t.equal((await shown(here))?.state ?? 0, mine?.state ?? 0, `${name}: she is shown what is so`)
          if (isFriend(mine)) {
            const nickname = name === 'updateProfile' ? 'another nickname' : 'him'
            t.equal((await shown(here))?.nickname, nickname, `${name}: with the nickname of now`)
            const marks = await record(store, he, taken, her)
            t.same(await record(store, her, given, he), marks, `${name}: and his marks`)
          }
          t.same(here.node.asides, [])
        }
      },
    )
  }
}

t.test('what waits between the two ends with Block; while it lasts nobody is asked', async t => {
  for (const relation of ['he asked', 'she asked'] as const) {
    const here = await world('one', relation, false)
    const { store, he, her } = here
    await her.call(METHODS.contactBlock, { sendSeq: her.next(), uid: he.uid })
    await here.settled()
    t.match(await shown(here), { state: ContactState.UNSPECIFIED, blocked: true })
    const hisState = (await record(store, he, contact, her))?.state
    t.equal(hisState, relation === 'he asked' ? ContactState.REQUESTED : ContactState.UNSPECIFIED, relation)
    const ask = () => her.call(METHODS.contactRequest, { sendSeq: her.next(), uid: he.uid, greeting: '' })
    t.equal((await ask()).code, CODES.BLOCKED.code)
    await her.call(METHODS.contactUnblock, { sendSeq: her.next(), uid: he.uid })
    t.equal((await ask()).code, 0)
    await here.settled()
    const states = [await record(store, her, contact, he), await record(store, he, contact, her)].map(isFriend)
    t.same(states, relation === 'he asked' ? [true, true] : [false, false], 'his request still waits')
  }
})

t.test('the table has every request that there is', async t => {
  const requests = Object.entries(METHODS).flatMap(([name, { kind }]) => (kind === 'request' ? [name] : []))
  t.same(Object.keys(TABLE).sort(), [...requests, 'ack'].sort())
})

/**
 * Who may do what in a group: each method, asked by everybody who may have to do with one. One table; a method without a row does not
 * compile. The code is that of the answer, or `failed` and that of the item which tells the outcome later.
 */
import t from 'tap'
import { CODES, type CodeName, codeName } from '../../protocol/codes.js'
import {
  createHistoryRequest,
  createMessageId,
  createPostRequest,
  decodeGroupServiceCreateResponse,
  decodeGroupServiceGetResponse,
  decodeGroupServiceMembersResponse,
  GroupJoin,
  GroupRole,
  GroupState,
  type Item,
} from '../../protocol/generated/messages.js'
import { METHODS, type MethodName, type RequestMethod, type RequestOf } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

const WRITING = ['post', 'edit', 'recall', 'forward', 'delete', 'clear', 'react'] as const
const READING = ['markRead', 'readBy', 'unread', 'reactions', 'setConversation', 'history'] as const
const LOOKING = ['watch', 'typing'] as const
const OTHERS = [...WRITING, ...READING, ...LOOKING] as const
type GroupName = Extract<MethodName, `group${string}`> | (typeof OTHERS)[number]

/** No friends of the owner: `stranger`, `blocked` (by the owner), `invited`, `applicant` (who asks to join), `newcomer`. */
const PEOPLE = {
  asking: ['stranger', 'friend', 'blocked', 'invited', 'member', 'muted', 'admin', 'owner', 'former', 'deleted'],
  beside: ['target', 'applicant', 'newcomer'],
} as const
type Role = (typeof PEOPLE.asking)[number]
type Person = Role | (typeof PEOPLE.beside)[number]
type People = Readonly<Record<Person, TestDevice>>
type Outcome = CodeName | `failed ${CodeName}`
type Outcomes = Readonly<Record<Role, Outcome>>

const FRIENDS = ['friend', 'member', 'muted', 'admin', 'former', 'target'] as const

async function people(): Promise<People & { readonly node: TestNode }> {
  const node = await startNode(new MemoryStore({ scopes: 'one', random: seededRandom('store') }), systemClock, 'node')
  const names: readonly Person[] = [...PEOPLE.asking, ...PEOPLE.beside]
  const entered = await Promise.all(names.map((name, key) => new TestDevice(node).enter(name, key + 1)))
  const all = Object.fromEntries(names.map((name, i) => [name, entered[i]])) as unknown as People
  const { owner, blocked, deleted } = all
  for (const name of FRIENDS) await befriend(owner, all[name])
  await owner.call(METHODS.contactBlock, { sendSeq: owner.next(), uid: blocked.uid })
  await deleted.call(METHODS.deleteAccount, { sendSeq: deleted.next(), password: 'correct horse' })
  return { ...all, node }
}

/** A group in which everybody is what the name says. */
interface Group {
  readonly conversation: string
  readonly code: string
  /** The numbers of the invitation and the request that wait. */
  readonly invitation: number
  readonly request: number
  /** The number of a message of the owner. */
  readonly message: number
  /** That of a message of the asker's own; of the owner's, if the asker never wrote there. */
  readonly own: number
}

async function ok<Q, A>(device: TestDevice, method: RequestMethod<Q, A>, request: Q): Promise<Uint8Array> {
  const { code, body } = await device.call(method, request)
  if (code !== 0) throw new Error(`${method.rpc}: ${codeName(code)}`)
  return body
}

async function itemsSince(device: TestDevice, since: number): Promise<Item[]> {
  return (await device.items(since)).map(({ item }) => item)
}

async function head(device: TestDevice): Promise<number> {
  return (await device.node.services.head(device.uid, 0)).head
}

/** The people who have written to the group before anybody was muted or removed. */
const AUTHORS: readonly Person[] = ['member', 'muted', 'admin', 'former']

async function post(author: TestDevice, conversation: string): Promise<number> {
  const before = await head(author)
  await ok(author, METHODS.post, createPostRequest({ sendSeq: author.next(), conversation, text: 'hello' }))
  const messages = (await itemsSince(author, before)).flatMap(({ content }) =>
    content?.case === 'conversationMessage' ? [content.value.number] : [],
  )
  return messages[0] ?? 0
}

/** @param asker who writes there first, as far as that is possible */
async function group(all: People, asker: Person = 'owner'): Promise<Group> {
  const { owner, admin, muted, former, invited, member, target, applicant } = all
  const invitees = [admin, muted, former, invited, member, target].map(({ uid }) => ({ uid }))
  const since = await head(invited)
  const body = await ok(owner, METHODS.groupCreate, { sendSeq: owner.next(), title: 'friends', invitees })
  const { conversation } = decodeGroupServiceCreateResponse(body)
  const members = async () => {
    const { code, body } = await owner.call(METHODS.groupMembers, { conversation, after: 0, limit: 0 })
    return code === 0 ? decodeGroupServiceMembersResponse(body).members : []
  }
  await eventually(async () => (await members()).filter(({ role }) => role !== 0).length === 6)
  const written = AUTHORS.includes(asker) ? await post(all[asker], conversation) : 0
  const named = () => ({ sendSeq: owner.next(), conversation })
  await ok(owner, METHODS.groupSetRole, { ...named(), uid: admin.uid, role: GroupRole.ADMIN })
  await ok(owner, METHODS.groupMute, { ...named(), uid: muted.uid, muted: true })
  await ok(owner, METHODS.groupRemove, { ...named(), uid: former.uid, number: 0 })
  const rules = { join: GroupJoin.APPROVAL, adminsInvite: false, adminsWrite: false, history: 0 }
  await ok(owner, METHODS.groupSetRules, { ...named(), rules, newCode: false })
  const { code } = decodeGroupServiceGetResponse(await ok(owner, METHODS.groupGet, { conversation }))
  await ok(applicant, METHODS.groupJoin, { sendSeq: applicant.next(), conversation, code })
  let request = 0
  await eventually(async () => {
    request = (await members()).find(({ asks }) => asks)?.number ?? 0
    return request !== 0
  })
  const shown = (await itemsSince(invited, since)).flatMap(({ content }) =>
    content?.case === 'group' && content.value.state === GroupState.INVITED ? [content.value.number] : [],
  )
  const message = await post(owner, conversation)
  return { conversation, code, request, invitation: shown[0] ?? 0, message, own: written || message }
}

interface Row<N extends GroupName> {
  readonly request: (
    named: { readonly sendSeq: number; readonly conversation: string },
    all: People,
    group: Group,
  ) => RequestOf<N>
  readonly outcomes: Outcomes
}

const NOT_IN: Pick<Outcomes, 'stranger' | 'friend' | 'blocked' | 'invited' | 'former' | 'deleted'> = {
  stranger: 'NO_SUCH_GROUP',
  friend: 'NO_SUCH_GROUP',
  blocked: 'NO_SUCH_GROUP',
  invited: 'NOT_MEMBER',
  former: 'NO_SUCH_GROUP',
  deleted: 'SESSION_REVOKED',
}
const MEMBERS: Outcomes = { ...NOT_IN, member: 'OK', muted: 'OK', admin: 'OK', owner: 'OK' }
const ADMINS: Outcomes = { ...MEMBERS, member: 'NOT_ADMIN', muted: 'NOT_ADMIN' }
const OWNER: Outcomes = { ...ADMINS, admin: 'NOT_ADMIN' }
/** Those who were never members when the group was made. */
const EARLIER: Partial<Outcomes> = { member: 'NOT_MEMBER', muted: 'NOT_MEMBER', admin: 'NOT_MEMBER' }
const NOT_THERE = {
  member: 'NO_SUCH_MESSAGE',
  muted: 'NO_SUCH_MESSAGE',
  admin: 'NO_SUCH_MESSAGE',
  owner: 'NO_SUCH_MESSAGE',
} as const
const KNOWN: Outcomes = { ...MEMBERS, invited: 'OK', former: 'OK' }
/** The own timeline alone is looked at. */
const OWN_TIMELINE: Outcomes = all('NO_SUCH_MESSAGE', {
  former: 'OK',
  member: 'OK',
  muted: 'OK',
  admin: 'OK',
  owner: 'OK',
})
const READERS: Outcomes = { ...MEMBERS, invited: 'NO_SUCH_GROUP', deleted: 'NO_SUCH_GROUP' }

function all(outcome: Outcome, others: Partial<Outcomes> = {}): Outcomes {
  const everybody = Object.fromEntries(PEOPLE.asking.map(role => [role, outcome])) as unknown as Outcomes
  return { ...everybody, deleted: 'SESSION_REVOKED', ...others }
}

/** The field that names a message of a group. */
function numbered(number: number) {
  return { message: createMessageId({ number }) }
}

/** A mention of all members. */
const ALL = { start: 0, length: 3, uid: 0 }

type Rows<N extends GroupName> = readonly [Row<N>, ...Row<N>[]]

const TABLE: { readonly [N in GroupName]: Rows<N> } = {
  post: [
    { request: named => createPostRequest({ ...named, text: 'hello' }), outcomes: { ...MEMBERS, muted: 'MUTED' } },
  ],
  edit: [
    {
      request: (named, _, { own }) => ({ ...named, ...numbered(own), text: 'bye', mentions: [] }),
      outcomes: { ...MEMBERS, muted: 'MUTED' },
    },
    // A message of the owner.
    {
      request: (named, _, { message }) => ({ ...named, ...numbered(message), text: 'bye', mentions: [] }),
      outcomes: { ...MEMBERS, member: 'failed NOT_AUTHOR', muted: 'MUTED', admin: 'failed NOT_AUTHOR' },
    },
    {
      request: (named, _, { own }) => ({ ...named, ...numbered(own), text: 'all', mentions: [ALL] }),
      outcomes: { ...MEMBERS, member: 'BAD_MENTIONS', muted: 'MUTED' },
    },
  ],
  recall: [
    { request: (named, _, { own }) => ({ ...named, ...numbered(own) }), outcomes: MEMBERS },
    {
      request: (named, _, { message }) => ({ ...named, ...numbered(message) }),
      outcomes: { ...MEMBERS, member: 'failed NOT_AUTHOR', muted: 'failed NOT_AUTHOR' },
    },
  ],
  forward: [
    {
      request: (named, _, { message }) => ({ ...named, ...numbered(message), source: named.conversation }),
      outcomes: { ...MEMBERS, muted: 'MUTED' },
    },
  ],
  delete: [
    { request: (named, _, { own }) => ({ ...named, messages: [numbered(own).message] }), outcomes: OWN_TIMELINE },
    // A message of the owner, from after the removal of who is a former member.
    {
      request: (named, _, { message }) => ({ ...named, messages: [numbered(message).message] }),
      outcomes: { ...OWN_TIMELINE, former: 'NO_SUCH_MESSAGE' },
    },
  ],
  // Who has nothing of it has nothing to clear.
  clear: [{ request: named => ({ ...named, upTo: 1 }), outcomes: all('OK') }],
  // A message of the owner, and what the group was made with.
  react: [
    {
      request: (named, _, { message }) => ({ ...named, ...numbered(message), kind: 'x', off: false }),
      outcomes: { ...MEMBERS, muted: 'MUTED' },
    },
    {
      request: named => ({ ...named, ...numbered(1), kind: 'x', off: false }),
      outcomes: { ...MEMBERS, ...NOT_THERE, owner: 'failed NO_SUCH_MESSAGE' },
    },
  ],
  reactions: [
    {
      request: ({ conversation }, _, { message }) => ({ conversation, ...numbered(message), kind: '', after: 0 }),
      outcomes: READERS,
    },
    {
      request: ({ conversation }) => ({ conversation, ...numbered(1), kind: '', after: 0 }),
      outcomes: { ...READERS, ...NOT_THERE },
    },
  ],
  markRead: [
    { request: named => ({ ...named, number: 1 }), outcomes: { ...MEMBERS, ...EARLIER, owner: 'OK', former: 'OK' } },
    { request: named => ({ ...named, number: 2 ** 40 }), outcomes: { ...MEMBERS, former: 'OK' } },
  ],
  readBy: [
    // The last is a message of the owner; before that is what the group was made with.
    {
      request: ({ conversation }, _, { message }) => ({ conversation, number: message }),
      outcomes: READERS,
    },
    {
      request: ({ conversation }) => ({ conversation, number: 1 }),
      outcomes: { ...READERS, ...NOT_THERE },
    },
  ],
  unread: [{ request: ({ conversation }) => ({ conversation }), outcomes: { ...KNOWN, deleted: 'NO_SUCH_GROUP' } }],
  history: [
    {
      request: ({ conversation }) => createHistoryRequest({ conversation }),
      outcomes: { ...KNOWN, deleted: 'NO_SUCH_GROUP' },
    },
    // A message of the owner, from after the removal of who is a former member.
    {
      request: ({ conversation }, _, { message }) => createHistoryRequest({ conversation, ...numbered(message) }),
      outcomes: { ...KNOWN, invited: 'NO_SUCH_MESSAGE', former: 'NO_SUCH_MESSAGE', deleted: 'NO_SUCH_GROUP' },
    },
  ],
  setConversation: [
    {
      request: named => ({ ...named, settings: { muted: true, pinned: false, archived: false, unread: false } }),
      outcomes: KNOWN,
    },
  ],
  watch: [{ request: ({ conversation }) => ({ conversations: [{ conversation }] }), outcomes: READERS }],
  typing: [
    { request: ({ conversation }) => ({ conversation, stopped: false }), outcomes: { ...READERS, muted: 'MUTED' } },
  ],
  groupCreate: [
    {
      request: ({ sendSeq }, { target }) => ({ sendSeq, title: 'another', invitees: [{ uid: target.uid }] }),
      outcomes: all('OK'),
    },
  ],
  groupInvite: [
    { request: (named, { newcomer }) => ({ ...named, invitees: [{ uid: newcomer.uid }] }), outcomes: MEMBERS },
    {
      request: (named, { target }) => ({ ...named, invitees: [{ uid: target.uid }] }),
      outcomes: { ...all('failed ALREADY_MEMBER'), ...NOT_IN },
    },
  ],
  groupAccept: [
    {
      request: (named, _, { invitation }) => ({ ...named, invitation }),
      outcomes: all('NO_SUCH_INVITATION', { invited: 'OK' }),
    },
    {
      request: (named, _, { invitation }) => ({ ...named, invitation: invitation + 1 }),
      outcomes: all('NO_SUCH_INVITATION'),
    },
  ],
  groupDecline: [
    {
      request: (named, _, { invitation }) => ({ ...named, invitation }),
      outcomes: all('NO_SUCH_INVITATION', { invited: 'OK' }),
    },
  ],
  groupJoin: [
    {
      request: (named, _, { code }) => ({ ...named, code }),
      outcomes: {
        ...all('OK'),
        member: 'ALREADY_MEMBER',
        muted: 'ALREADY_MEMBER',
        admin: 'ALREADY_MEMBER',
        owner: 'ALREADY_MEMBER',
      },
    },
    {
      request: named => ({ ...named, code: 'a guess' }),
      outcomes: {
        ...all('failed WRONG_CODE', { invited: 'OK' }),
        member: 'ALREADY_MEMBER',
        muted: 'ALREADY_MEMBER',
        admin: 'ALREADY_MEMBER',
        owner: 'ALREADY_MEMBER',
      },
    },
  ],
  groupApprove: [
    {
      request: (named, { applicant }, { request }) => ({ ...named, uid: applicant.uid, request, yes: true }),
      outcomes: ADMINS,
    },
    {
      request: (named, { invited }, { invitation }) => ({ ...named, uid: invited.uid, request: invitation, yes: true }),
      outcomes: { ...ADMINS, admin: 'failed NO_SUCH_REQUEST', owner: 'failed NO_SUCH_REQUEST' },
    },
  ],
  groupLeave: [{ request: named => named, outcomes: MEMBERS }],
  groupRemove: [
    { request: (named, { target }) => ({ ...named, uid: target.uid, number: 0 }), outcomes: ADMINS },
    {
      request: (named, { owner }) => ({ ...named, uid: owner.uid, number: 0 }),
      outcomes: { ...ADMINS, admin: 'failed NOT_ADMIN', owner: 'failed SELF' },
    },
    {
      request: (named, { newcomer }) => ({ ...named, uid: newcomer.uid, number: 0 }),
      outcomes: { ...ADMINS, admin: 'failed NOT_MEMBER', owner: 'failed NOT_MEMBER' },
    },
  ],
  groupRename: [{ request: named => ({ ...named, title: 'others' }), outcomes: ADMINS }],
  groupAnnounce: [{ request: named => ({ ...named, announcement: 'welcome' }), outcomes: ADMINS }],
  groupSetRules: [{ request: named => ({ ...named, rules: undefined, newCode: true }), outcomes: ADMINS }],
  groupSetRole: [
    { request: (named, { target }) => ({ ...named, uid: target.uid, role: GroupRole.ADMIN }), outcomes: OWNER },
    { request: (named, { target }) => ({ ...named, uid: target.uid, role: GroupRole.OWNER }), outcomes: OWNER },
    {
      request: (named, { newcomer }) => ({ ...named, uid: newcomer.uid, role: GroupRole.OWNER }),
      outcomes: { ...OWNER, owner: 'failed NOT_MEMBER' },
    },
  ],
  groupMute: [
    { request: (named, { target }) => ({ ...named, uid: target.uid, muted: true }), outcomes: ADMINS },
    {
      request: (named, { admin }) => ({ ...named, uid: admin.uid, muted: true }),
      outcomes: { ...ADMINS, admin: 'failed NOT_ADMIN', owner: 'failed NOT_ADMIN' },
    },
  ],
  groupDissolve: [{ request: named => named, outcomes: OWNER }],
  groupGet: [{ request: ({ conversation }) => ({ conversation }), outcomes: READERS }],
  groupMembers: [{ request: ({ conversation }) => ({ conversation, after: 0, limit: 0 }), outcomes: READERS }],
  groupEarlier: [{ request: ({ conversation }) => ({ conversation, before: 0, limit: 0 }), outcomes: READERS }],
}

for (const [name, rows] of Object.entries(TABLE) as [GroupName, Rows<GroupName>][]) {
  t.test(`${name} has the outcome for each of them that the table says`, async t => {
    const known = await people()
    const { node } = known
    const method = METHODS[name] as RequestMethod<unknown, unknown>
    for (const { request, outcomes } of rows) {
      const found: Partial<Record<Role, string>> = {}
      for (const role of PEOPLE.asking) {
        const asker = known[role]
        const here = await group(known, role)
        const since = await head(asker)
        const sendSeq = method.mutating ? asker.next() : 0
        const asked = request({ sendSeq, conversation: here.conversation }, known, here)
        const { code } = await asker.call(method, asked)
        await eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
        const failed = (await itemsSince(asker, since)).flatMap(({ content }) =>
          content?.case === 'failed' && content.value.sendSeq === sendSeq ? [content.value] : [],
        )
        for (const { conversation } of failed) t.equal(conversation, here.conversation)
        found[role] = [codeName(code), ...failed.map(({ code }) => `failed ${codeName(code)}`)].at(-1) ?? ''
        t.ok(failed.length === 0 || (failed.length === 1 && code === 0), 'one outcome')
      }
      t.same(found, outcomes)
      t.equal(outcomes.blocked, outcomes.stranger, 'who is blocked is answered as a stranger is')
    }
    t.same(node.asides, [])
  })
}

t.test('the table has every method of groups', async t => {
  const names = Object.keys(METHODS).filter(name => name.startsWith('group'))
  t.same(Object.keys(TABLE).sort(), [...names, ...OTHERS].sort())
})

/** The numbers of the group's messages and changes that a device has. */
async function numbersOf(device: TestDevice, { conversation }: Group): Promise<number[]> {
  return (await itemsSince(device, 0)).flatMap(({ content }) =>
    (content?.case === 'groupChange' || content?.case === 'conversationMessage') &&
    content.value.conversation === conversation
      ? [content.value.number]
      : [],
  )
}

t.test('where only admins write a plain member is muted', async t => {
  const known = await people()
  const here = await group(known)
  const { owner, admin, member } = known
  const { conversation } = here
  const rules = { join: GroupJoin.UNSPECIFIED, adminsInvite: false, adminsWrite: true, history: 0 }
  await ok(owner, METHODS.groupSetRules, { sendSeq: owner.next(), conversation, rules, newCode: false })
  const before = await numbersOf(owner, here)
  const { code } = await member.call(
    METHODS.post,
    createPostRequest({ sendSeq: member.next(), conversation, text: 'hello' }),
  )
  const failed = (await itemsSince(member, 0)).flatMap(({ content }) =>
    content?.case === 'failed' ? [content.value] : [],
  )
  // By the answer, or behind it by the group, if the member's own side has not heard of the rule yet.
  t.equal(failed.at(-1)?.code ?? code, CODES.MUTED.code)
  t.same(await numbersOf(owner, here), before)
  for (const asker of [admin, owner]) {
    await ok(asker, METHODS.post, createPostRequest({ sendSeq: asker.next(), conversation, text: 'hello' }))
    t.equal((await numbersOf(member, here)).at(-1), (await numbersOf(owner, here)).at(-1), 'the member reads it')
  }
  t.equal((await numbersOf(owner, here)).length, before.length + 2)
})

t.test('in a shared group a blocked user is read as everybody is; his invitations end unseen', async t => {
  const known = await people()
  const here = await group(known)
  const { owner, member, target } = known
  const { conversation } = here
  await ok(owner, METHODS.contactBlock, { sendSeq: owner.next(), uid: member.uid })
  const before = await numbersOf(owner, here)
  await ok(member, METHODS.post, createPostRequest({ sendSeq: member.next(), conversation, text: 'for all' }))
  t.same(await numbersOf(owner, here), [...before, (await numbersOf(target, here)).at(-1)])
  const items = (await itemsSince(owner, 0)).length
  const invitees = [{ uid: owner.uid }]
  await ok(member, METHODS.groupCreate, { sendSeq: member.next(), title: 'come', invitees })
  t.equal((await itemsSince(owner, 0)).length, items)
})

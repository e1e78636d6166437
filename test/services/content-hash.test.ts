/** What is the same content, and what cannot be made to be (PROTOCOL.md, 6.2). */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { loadSchema, type SchemaMessage } from '../../protocol/generate/load-schema.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { ContentHash } from '../../src/services/content-hash.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { newFolder } from '../store/support/folder.js'
import { startNode, TestDevice, type TestNode } from '../support/engine.js'
import { bodyOf, identityVectors, type WrittenRequest } from '../support/vectors.js'

async function freshNode(): Promise<TestNode> {
  return startNode(new MemoryStore({ scopes: 'one', random: seededRandom('store') }), systemClock, 'node')
}

/** The code that the request is answered with; of a Sync, that the send is which it carries. */
async function codeOf(device: TestDevice, written: WrittenRequest): Promise<number | undefined> {
  const { method, body } = bodyOf(written)
  const reply = await device.callRaw(method.number, body)
  return method.number === METHODS.sync.number ? reply.results[0]?.code : reply.code
}

for (const [index, vector] of identityVectors().entries()) {
  t.test(`${vector.same ? 'the same' : 'not the same'}: ${vector.name}`, async t => {
    const device = await new TestDevice(await freshNode()).enter(`user-${index}`, 1)
    const first = await codeOf(device, vector.first)
    t.ok(first === 0 || (first !== undefined && first < 200), `the first is answered for good: ${first}`)
    t.not(first, CODES.SEQ_REUSED.code)
    t.equal(await codeOf(device, vector.second), vector.same ? first : CODES.SEQ_REUSED.code)
    t.equal(await codeOf(device, vector.first), first, 'and the first keeps its answer')
  })
}

/** What a numbered request began with and is no content: its number, and passwords. */
const NO_CONTENT = [
  'ChangePasswordRequest.send_seq',
  'ChangePasswordRequest.old_password',
  'ChangePasswordRequest.new_password',
  'ContactServiceAcceptRequest.send_seq',
  'ContactServiceBlockRequest.send_seq',
  'ContactServiceCancelRequest.send_seq',
  'ContactServiceDeclineRequest.send_seq',
  'ContactServiceRemoveRequest.send_seq',
  'ContactServiceRequestRequest.send_seq',
  'ContactServiceUnblockRequest.send_seq',
  'DeleteAccountRequest.send_seq',
  'DeleteAccountRequest.password',
  'ClearRequest.send_seq',
  'DeleteRequest.send_seq',
  'EditRequest.send_seq',
  'ForwardRequest.send_seq',
  'GroupServiceAcceptRequest.send_seq',
  'GroupServiceAnnounceRequest.send_seq',
  'GroupServiceApproveRequest.send_seq',
  'GroupServiceCreateRequest.send_seq',
  'GroupServiceDeclineRequest.send_seq',
  'GroupServiceDissolveRequest.send_seq',
  'GroupServiceInviteRequest.send_seq',
  'GroupServiceJoinRequest.send_seq',
  'GroupServiceLeaveRequest.send_seq',
  'GroupServiceMuteRequest.send_seq',
  'GroupServiceRemoveRequest.send_seq',
  'GroupServiceRenameRequest.send_seq',
  'GroupServiceSetRoleRequest.send_seq',
  'GroupServiceSetRulesRequest.send_seq',
  'MarkReadRequest.send_seq',
  'PostRequest.send_seq',
  'RoomServiceCloseRequest.send_seq',
  'RoomServiceConfirmRequest.send_seq',
  'RoomServiceCreateRequest.send_seq',
  'RoomServicePostRequest.send_seq',
  'RoomServiceRemoveRequest.send_seq',
  'RoomServiceSetRequest.send_seq',
  'RoomServiceSetRoleRequest.send_seq',
  'RoomServiceSubscribeRequest.send_seq',
  'RoomServiceUnsubscribeRequest.send_seq',
  'ReactRequest.send_seq',
  'RecallRequest.send_seq',
  'RemoveDeviceRequest.send_seq',
  'SendRequest.send_seq',
  'SetConversationRequest.send_seq',
  'SetPreferencesRequest.send_seq',
  'UpdateProfileRequest.send_seq',
]
/** The rest of what they began with. Neither list grows but by a new message: a field that comes later is no content. */
const CONTENT = [
  'ContactServiceAcceptRequest.uid',
  'ContactServiceAcceptRequest.request',
  'ContactServiceBlockRequest.uid',
  'ContactServiceCancelRequest.uid',
  'ContactServiceCancelRequest.request',
  'ContactServiceDeclineRequest.uid',
  'ContactServiceDeclineRequest.request',
  'ContactServiceRemoveRequest.uid',
  'ContactServiceRequestRequest.uid',
  'ContactServiceRequestRequest.greeting',
  'ContactServiceUnblockRequest.uid',
  'ConversationSettings.muted',
  'ConversationSettings.pinned',
  'ConversationSettings.archived',
  'ConversationSettings.unread',
  'WantedGroupRules.join',
  'WantedGroupRules.admins_invite',
  'WantedGroupRules.admins_write',
  'WantedGroupRules.history',
  'ClearRequest.conversation',
  'ClearRequest.up_to',
  'DeleteRequest.conversation',
  'DeleteRequest.messages',
  'EditRequest.conversation',
  'EditRequest.message',
  'EditRequest.text',
  'EditRequest.mentions',
  'ForwardRequest.conversation',
  'ForwardRequest.message',
  'ForwardRequest.source',
  'GroupServiceAcceptRequest.conversation',
  'GroupServiceAcceptRequest.invitation',
  'GroupServiceAnnounceRequest.conversation',
  'GroupServiceAnnounceRequest.announcement',
  'GroupServiceApproveRequest.conversation',
  'GroupServiceApproveRequest.uid',
  'GroupServiceApproveRequest.request',
  'GroupServiceApproveRequest.yes',
  'GroupServiceCreateRequest.title',
  'GroupServiceCreateRequest.invitees',
  'GroupServiceDeclineRequest.conversation',
  'GroupServiceDeclineRequest.invitation',
  'GroupServiceDissolveRequest.conversation',
  'GroupServiceInviteRequest.conversation',
  'GroupServiceInviteRequest.invitees',
  'GroupServiceJoinRequest.conversation',
  'GroupServiceJoinRequest.code',
  'GroupServiceLeaveRequest.conversation',
  'GroupServiceMuteRequest.conversation',
  'GroupServiceMuteRequest.uid',
  'GroupServiceMuteRequest.muted',
  'GroupServiceRemoveRequest.conversation',
  'GroupServiceRemoveRequest.uid',
  'GroupServiceRemoveRequest.number',
  'GroupServiceRenameRequest.conversation',
  'GroupServiceRenameRequest.title',
  'GroupServiceSetRoleRequest.conversation',
  'GroupServiceSetRoleRequest.uid',
  'GroupServiceSetRoleRequest.role',
  'GroupServiceSetRulesRequest.conversation',
  'GroupServiceSetRulesRequest.rules',
  'GroupServiceSetRulesRequest.new_code',
  'Invitee.uid',
  'MessageId.device',
  'MessageId.number',
  'MessageId.send_seq',
  'MessageId.sender',
  'Mention.length',
  'Mention.start',
  'Mention.uid',
  'MarkReadRequest.conversation',
  'MarkReadRequest.number',
  'PostRequest.conversation',
  'PostRequest.text',
  'RoomServiceCloseRequest.conversation',
  'RoomServiceConfirmRequest.conversation',
  'RoomServiceConfirmRequest.up_to',
  'RoomServiceCreateRequest.title',
  'RoomServiceCreateRequest.kind',
  'RoomServiceCreateRequest.rules',
  'RoomServicePostRequest.conversation',
  'RoomServicePostRequest.text',
  'RoomServiceRemoveRequest.conversation',
  'RoomServiceRemoveRequest.number',
  'RoomServiceSetRequest.conversation',
  'RoomServiceSetRequest.title',
  'RoomServiceSetRequest.rules',
  'RoomServiceSetRequest.new_code',
  'RoomServiceSetRoleRequest.conversation',
  'RoomServiceSetRoleRequest.uid',
  'RoomServiceSetRoleRequest.role',
  'RoomServiceSubscribeRequest.conversation',
  'RoomServiceSubscribeRequest.code',
  'RoomServiceUnsubscribeRequest.conversation',
  'WantedRoomRules.all_publish',
  'WantedRoomRules.code_needed',
  'Preferences.no_receipts',
  'Preferences.ask_before_groups',
  'ReactRequest.conversation',
  'ReactRequest.message',
  'ReactRequest.kind',
  'ReactRequest.off',
  'RecallRequest.conversation',
  'RecallRequest.message',
  'RemoveDeviceRequest.device',
  'SendRequest.to',
  'SendRequest.text',
  'SetConversationRequest.conversation',
  'SetConversationRequest.settings',
  'SetPreferencesRequest.preferences',
  'UpdateProfileRequest.nickname',
]

/** The message of this name, and those that its marked fields hold. */
function partsOf(messages: readonly SchemaMessage[], name: string): string[] {
  const held = messages
    .find(message => message.name === name)
    ?.fields.filter(({ identity, kind }) => identity && kind === 'message')
  return [name, ...(held ?? []).flatMap(({ type }) => partsOf(messages, type))]
}

t.test('content is every field that a numbered request began with, but its number and passwords', async t => {
  const { messages, rpcs } = loadSchema()
  const numbered = rpcs.filter(({ name }) => {
    const method = Object.values(METHODS).find(
      each => each.kind === 'request' && `${each.service}.${each.rpc}` === name,
    )
    // Void's number is none of its own.
    return method?.kind === 'request' && method.mutating && method.number !== METHODS.void.number
  })
  const parts = new Set(numbered.flatMap(({ request }) => partsOf(messages, request)))
  const fields = messages.flatMap(({ name, fields }) =>
    parts.has(name) ? fields.map(field => ({ ...field, label: `${name}.${field.protoName}` })) : [],
  )
  const begun = new Set([...CONTENT, ...NO_CONTENT])
  const labels = (of: typeof fields) => of.map(({ label }) => label).sort()
  t.same(labels(fields.filter(({ identity }) => identity)), [...CONTENT].sort())
  t.same(labels(fields.filter(({ label, identity }) => begun.has(label) && !identity)), [...NO_CONTENT].sort())
  const elsewhere = messages.filter(({ name }) => !parts.has(name))
  t.same(
    elsewhere.filter(({ fields }) => fields.some(({ identity }) => identity)),
    [],
    'nothing else is marked',
  )
})

t.test('the hash has 64 bits, is one of its own in each store, and the same for all that open one', async t => {
  const send = { sendSeq: 1, to: 300, text: 'yo' }
  const hashIn = ({ secret }: { readonly secret: Uint8Array }) => new ContentHash(secret).of(METHODS.send, send)
  const path = newFolder(t)
  const store = await openLmdbStore({ path })
  const { secret } = store
  t.equal(secret.length, 16)
  t.notSame(secret, store.id)
  const hash = hashIn(store)
  t.match(hash, /^[\0-\xff]{8}$/)
  await store.close()
  const again = await openLmdbStore({ path })
  t.same(again.secret, secret)
  t.equal(hashIn(again), hash)
  await again.close()
  const memory = new MemoryStore()
  t.equal(hashIn(new MemoryStore({ disk: memory.disk })), hashIn(memory), 'two nodes on one store')
  t.equal(new Set([hash, hashIn(memory), hashIn(new MemoryStore())]).size, 3)
})

t.test('a repeated DeleteAccount gets its first answer, and begins nothing', async t => {
  const node = await freshNode()
  const zoe = await new TestDevice(node).enter('zoe', 1)
  const ask = (password: string) => zoe.call(METHODS.deleteAccount, { sendSeq: zoe.sendSeq + 1, password })
  const both = [ask('correct horse'), ask('correct horse')]
  t.same(
    (await Promise.all(both)).map(({ code }) => code),
    [0, 0],
  )
})

t.test('what a wrong password was answered stands: the right one needs a number of its own', async t => {
  const node = await freshNode()
  const zoe = await new TestDevice(node).enter('zoe', 1)
  const ask = (sendSeq: number, password: string) => zoe.call(METHODS.deleteAccount, { sendSeq, password })
  t.equal((await ask(1, 'wrong')).code, CODES.WRONG_CREDENTIALS.code)
  t.equal((await ask(1, 'correct horse')).code, CODES.WRONG_CREDENTIALS.code)
  t.equal((await zoe.call(METHODS.getProfile, { uid: 0, account: '' })).code, 0, 'nothing was deleted')
  t.equal((await ask(2, 'correct horse')).code, 0)
  t.equal((await ask(2, 'wrong')).code, 0, 'it had succeeded')
})

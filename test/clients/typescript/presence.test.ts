/** Who is online and who types, as the library tells it: over reconnects, by its own clock, and against a real server. */
import t from 'tap'
import { encodeNotice } from '../../../protocol/frame-codec.js'
import {
  ContactState,
  createSignalNotice,
  GroupState,
  type Presence,
  type SignalNotice,
} from '../../../protocol/generated/messages.js'
import { METHODS } from '../../../protocol/methods.js'
import {
  contactItem,
  GROUP,
  groupItem,
  groupMessage,
  Harness,
  messageItem,
  reasonOf,
  rejectionOf,
} from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'
import { servedClients } from '../../support/served-clients.js'

const DIRECT = 'direct:300'
const FRIEND = { uid: 300, state: ContactState.FRIEND }
const MEMBER = { state: GroupState.MEMBER, number: 1 }

/** Online, with a friend and a group. */
async function online(): Promise<Harness> {
  const harness = await Harness.online()
  harness.pipe.push(0, 2, [contactItem(FRIEND), groupItem(MEMBER)])
  harness.settle()
  harness.pipe.skip()
  return harness
}

function signal(harness: Harness, notice: Partial<SignalNotice>): void {
  harness.pipe.receive(encodeNotice(METHODS.signal.number, METHODS.signal.encode(createSignalNotice(notice))))
}

function types(harness: Harness, conversation: string, uid: number, stopped = false): void {
  signal(harness, { conversation, signal: { case: 'typing', value: { uid, stopped } } })
}

function isOnline(harness: Harness, uid: number, online: boolean): void {
  signal(harness, { conversation: `direct:${uid}`, signal: { case: 'presence', value: { uid, online } } })
}

/** What the client has sent, without acks. */
function sent(harness: Harness): string[] {
  while (harness.pipe.peek()[0] === 'ack') harness.pipe.takeAck()
  return harness.pipe.peek()
}

/** Takes the Watch that comes next, and answers it. @returns the conversations that it names */
function answerWatch(harness: Harness, presence: Presence[] = []): string[] {
  sent(harness)
  const { id, request } = harness.pipe.take('watch')
  harness.pipe.respond('watch', id, { presence })
  harness.settle()
  return request.conversations.map(({ conversation }) => conversation)
}

t.test('what is looked at is told by its answer and by signals, and of nothing else', async t => {
  const harness = await online()
  const { presence } = harness.client
  t.equal(presence.online(300), undefined)
  const taken = presence.watch([300, GROUP, DIRECT])
  harness.settle()
  t.same(answerWatch(harness, [{ uid: 300, online: false }]), [DIRECT, GROUP])
  await taken
  isOnline(harness, 300, true)
  isOnline(harness, 300, true)
  isOnline(harness, 301, true)
  t.equal(presence.online(300), true)
  t.equal(presence.online(301), undefined)
  t.same(harness.of('presence'), [
    { uid: 300, online: false },
    { uid: 300, online: true },
  ])
  types(harness, DIRECT, 300)
  types(harness, GROUP, 301)
  types(harness, 'group:7.7.7', 301)
  t.same(harness.of('typing'), [
    { conversation: DIRECT, uid: 300, typing: true },
    { conversation: GROUP, uid: 301, typing: true },
  ])
})

t.test('typing ends after 6 s, when it is said to, and at once when the message comes', async t => {
  const harness = await online()
  void harness.client.presence.watch([300, GROUP])
  harness.settle()
  answerWatch(harness)
  const ended = (): unknown[] => harness.of('typing').filter(({ typing }) => !typing)
  types(harness, DIRECT, 300)
  harness.advance(5_000)
  types(harness, DIRECT, 300)
  harness.advance(5_900)
  t.same(ended(), [], 'it was said again')
  harness.advance(200)
  t.same(ended(), [{ conversation: DIRECT, uid: 300, typing: false }])
  types(harness, DIRECT, 300)
  types(harness, DIRECT, 300, true)
  t.equal(ended().length, 2)
  types(harness, GROUP, 301)
  types(harness, GROUP, 302)
  harness.pipe.push(2, 4, [groupMessage(2, '301/1/1'), messageItem('302/1/1')])
  harness.settle()
  t.same(ended().slice(2), [{ conversation: GROUP, uid: 301, typing: false }], 'of who wrote, there')
})

t.test('without a connection nothing is known, and what is looked at is said again on the next one', async t => {
  const harness = await online()
  const { presence } = harness.client
  void presence.watch([300, GROUP])
  harness.settle()
  answerWatch(harness, [{ uid: 300, online: true }])
  types(harness, DIRECT, 300)
  harness.told.length = 0
  harness.pipe.end()
  t.same(harness.of('typing'), [{ conversation: DIRECT, uid: 300, typing: false }])
  t.same(harness.of('presence'), [{ uid: 300, online: undefined }])
  t.equal(presence.online(300), undefined)
  let settled = false
  const later = presence.watch([300]).then(() => {
    settled = true
  })
  t.equal(harness.client.state().phase, 'waiting')
  harness.reconnect()
  isOnline(harness, 300, true)
  t.same(answerWatch(harness, [{ uid: 300, online: true }]), [DIRECT])
  await later
  t.ok(settled)
  t.equal(presence.online(300), true)
})

t.test('a Watch waits for the one before; what the server cannot take now is said again when it says', async t => {
  const harness = await online()
  const { presence } = harness.client
  const all = [presence.watch([300]), presence.watch([GROUP]), presence.watch([])]
  harness.settle()
  const first = harness.pipe.take('watch')
  t.same(sent(harness), [])
  harness.pipe.refuse(first.id, 'RATE_LIMITED', 4_000)
  harness.advance(3_900)
  t.same(sent(harness), [])
  harness.advance(200)
  t.same(answerWatch(harness), [], 'the last one alone')
  await Promise.all(all)
})

t.test('a refusal is told, and it is said again when contacts or groups have changed', async t => {
  const harness = await online()
  const refused = rejectionOf(harness.client.presence.watch([300, GROUP]))
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('watch').id, 'NO_SUCH_GROUP')
  harness.settle()
  t.equal(await refused, 'NO_SUCH_GROUP')
  harness.pipe.push(2, 3, [contactItem({ uid: 9, state: ContactState.REQUESTED })])
  harness.settle()
  t.same(answerWatch(harness), [DIRECT, GROUP])
  harness.pipe.push(3, 4, [groupItem({ state: GroupState.UNSPECIFIED, number: 0 })])
  harness.settle()
  t.same(answerWatch(harness), [DIRECT], 'what is not the own any more is left out')
  harness.pipe.push(4, 5, [groupItem(MEMBER)])
  harness.settle()
  t.same(answerWatch(harness), [DIRECT, GROUP])
})

t.test('the server is told once in 3 s that the user types, and that it is over only where it was told', async t => {
  const harness = await online()
  const { presence } = harness.client
  const told = (): string[] => {
    harness.settle()
    const all: string[] = []
    while (sent(harness)[0] === 'typing') {
      const { id, request } = harness.pipe.take('typing')
      harness.pipe.respond('typing', id)
      all.push(`${request.conversation} ${request.stopped ? 'stopped' : 'types'}`)
    }
    return all
  }
  presence.typing(300, false)
  t.same(told(), [])
  for (let key = 0; key < 10; key += 1) presence.typing(300)
  presence.typing(GROUP)
  t.same(told(), [`${DIRECT} types`, `${GROUP} types`])
  presence.typing(300, false)
  t.same(told(), [], 'the receivers end it themselves')
  harness.advance(3_000)
  presence.typing(300, false)
  t.same(told(), [`${DIRECT} stopped`])
  harness.advance(3_000)
  presence.typing(300)
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('typing').id, 'MUTED')
  t.equal(harness.client.state().phase, 'online', 'a refusal is of no account')
  harness.pipe.end()
  presence.typing(GROUP)
  t.equal(
    reasonOf(() => presence.typing('board:1.1.1')),
    'INVALID_ARGUMENT',
  )
  t.equal(await rejectionOf(presence.watch(Array.from({ length: 21 }, () => 300))), 'INVALID_ARGUMENT')
})

t.test('only so many are known to type at a time', async t => {
  const harness = await online()
  void harness.client.presence.watch([GROUP])
  harness.settle()
  answerWatch(harness)
  for (let uid = 1_000; uid < 1_500; uid += 1) types(harness, GROUP, uid)
  t.equal(harness.of('typing').length, 256)
})

t.test('two friends at a real server see each other come, type and go', async t => {
  const enter = await servedClients(t)
  const [ann, bob] = [await enter('ann'), await enter('bob')]
  await ann.contacts.request(bob.account.uid, 'hello')
  await eventually(() => bob.contacts.get(ann.account.uid)?.state === 'invited')
  await bob.contacts.accept(ann.account.uid)
  await eventually(() => ann.contacts.get(bob.account.uid)?.state === 'friend')
  const typing: boolean[] = []
  ann.on('typing', event => typing.push(event.typing))
  await ann.presence.watch([bob.account.uid])
  t.equal(ann.presence.online(bob.account.uid), true)
  bob.presence.typing(ann.account.uid)
  await eventually(() => typing.length === 1)
  bob.send(ann.account.uid, 'here it is')
  await eventually(() => typing.length === 2)
  t.same(typing, [true, false])
  await bob.conversations.setPreferences({ noPresence: true })
  await ann.presence.watch([bob.account.uid])
  t.equal(ann.presence.online(bob.account.uid), undefined)
})

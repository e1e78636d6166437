/**
 * Who may do what to whom without being friends: each method that names another user or a direct conversation, asked about Alice by
 * strangers with whom there is, or was, a chat; where anybody may write, and where friends alone may again.
 */
import t from 'tap'
import { type CodeName, codeName } from '../../protocol/codes.js'
import {
  createHistoryRequest,
  createMessageId,
  createPostRequest,
  type MessageId,
} from '../../protocol/generated/messages.js'
import { METHODS, type MethodName, type RequestMethod, type RequestOf } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { RULE_SETTINGS } from '../support/rule-settings.js'

/** waits: wrote to Alice. asked: Alice wrote. talks: both did. declined: wrote, and Alice declined. */
const ROLES = ['waits', 'asked', 'talks', 'declined'] as const
type Role = (typeof ROLES)[number]
type Codes = Readonly<Record<Role, CodeName>>

function all(code: CodeName, others: Partial<Codes> = {}): Codes {
  return { waits: code, asked: code, talks: code, declined: code, ...others }
}

async function world() {
  const settings = { ...RULE_SETTINGS, openContacts: true }
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node', { settings })
  const [alice, ...others] = (await Promise.all(
    ['alice', ...ROLES].map((name, key) => new TestDevice(node).enter(name, key + 1)),
  )) as [TestDevice, ...TestDevice[]]
  const askers = Object.fromEntries(ROLES.map((role, i) => [role, others[i]])) as Record<Role, TestDevice>
  const settled = () => eventually(() => node.engine.queueDepth + node.engine.outboxDepth === 0)
  for (const role of ['waits', 'talks', 'declined'] as const) await askers[role].send(alice.uid, 'hello')
  await settled()
  const hers: Partial<Record<Role, number>> = {}
  for (const role of ['asked', 'talks'] as const) {
    await alice.send(askers[role].uid, 'hello')
    hers[role] = alice.sendSeq
  }
  const declined = { sendSeq: alice.next(), uid: askers.declined.uid, request: 1 }
  t.equal((await alice.call(METHODS.contactDecline, declined)).code, 0)
  await settled()
  return { alice, askers, settings, settled, node, hers }
}

interface Row<N extends MethodName> {
  /** @param hers the first message that Alice wrote to the asker; one that there is not, if she did not */
  readonly request: (asker: TestDevice, alice: TestDevice, hers: MessageId) => RequestOf<N>
  readonly open: Codes
  /** Where friends alone may write again, if it is another one there. */
  readonly required?: Codes
}

function direct({ uid }: TestDevice) {
  return { conversation: `direct:${uid}` }
}

function mutating(asker: TestDevice, alice: TestDevice) {
  return { sendSeq: asker.next(), ...direct(alice) }
}

/** The first message of the asker. */
function own(asker: TestDevice): MessageId {
  return createMessageId({ sender: asker.uid, device: asker.device, sendSeq: 1 })
}

function named(asker: TestDevice, alice: TestDevice) {
  return { sendSeq: asker.next(), uid: alice.uid, request: 1 }
}

const NOT_FRIENDS = all('NOT_FRIEND')
/** What is for two who have both written. */
const TALKING = all('NOT_FRIEND', { talks: 'OK' })

type Named =
  | 'send'
  | 'post'
  | 'forward'
  | 'edit'
  | 'recall'
  | 'react'
  | 'reactions'
  | 'delete'
  | 'clear'
  | 'unread'
  | 'history'
  | 'setConversation'
  | 'watch'
  | 'typing'
  | 'getProfile'
  | Exclude<Extract<MethodName, `contact${string}`>, 'contactList'>

const TABLE: { readonly [N in Named]: Row<N> } = {
  send: {
    request: (asker, alice) => ({ sendSeq: asker.next(), to: alice.uid, text: 'more' }),
    // Of who was declined it fails later, as of anybody who is not taken.
    open: all('OK'),
    required: NOT_FRIENDS,
  },
  post: {
    request: (asker, alice) => createPostRequest({ ...mutating(asker, alice), text: 'more' }),
    open: all('OK'),
    required: NOT_FRIENDS,
  },
  forward: {
    request: (asker, alice, hers) => ({ ...mutating(asker, alice), message: hers, source: `direct:${alice.uid}` }),
    open: all('NO_SUCH_MESSAGE', { asked: 'OK', talks: 'OK' }),
    required: NOT_FRIENDS,
  },
  edit: {
    request: (asker, alice) => ({ ...mutating(asker, alice), message: own(asker), text: 'x', mentions: [] }),
    open: all('NOT_FRIEND', { waits: 'OK', talks: 'OK' }),
    required: NOT_FRIENDS,
  },
  recall: {
    request: (asker, alice) => ({ ...mutating(asker, alice), message: own(asker) }),
    open: all('OK', { asked: 'NO_SUCH_MESSAGE' }),
  },
  react: {
    request: (asker, alice, hers) => ({ ...mutating(asker, alice), message: hers, kind: '+1', off: false }),
    open: all('NOT_FRIEND', { waits: 'NO_SUCH_MESSAGE', talks: 'OK' }),
    required: NOT_FRIENDS,
  },
  reactions: {
    request: (_, alice, hers) => ({ ...direct(alice), message: hers, kind: '', after: 0 }),
    open: all('NO_SUCH_MESSAGE', { asked: 'OK', talks: 'OK' }),
  },
  delete: {
    request: (asker, alice, hers) => ({ ...mutating(asker, alice), messages: [hers] }),
    open: all('NO_SUCH_MESSAGE', { asked: 'OK', talks: 'OK' }),
  },
  clear: { request: (asker, alice) => ({ ...mutating(asker, alice), upTo: 1 }), open: all('OK') },
  unread: { request: (_, alice) => direct(alice), open: all('OK') },
  history: { request: (_, alice) => createHistoryRequest(direct(alice)), open: all('OK') },
  setConversation: {
    request: (asker, alice) => {
      const settings = { muted: true, pinned: false, archived: false, unread: false }
      return { ...mutating(asker, alice), settings }
    },
    open: all('OK'),
  },
  watch: {
    request: (_, alice) => ({ conversations: [direct(alice)] }),
    open: TALKING,
    required: NOT_FRIENDS,
  },
  typing: {
    request: (_, alice) => ({ ...direct(alice), stopped: false }),
    open: TALKING,
    required: NOT_FRIENDS,
  },
  getProfile: { request: (_, alice) => ({ uid: alice.uid, account: '' }), open: all('OK') },
  contactRequest: {
    request: (asker, alice) => ({ sendSeq: asker.next(), uid: alice.uid, greeting: '' }),
    open: all('OK'),
  },
  // Only who is asked can answer.
  contactAccept: { request: named, open: all('NO_SUCH_REQUEST', { asked: 'OK' }) },
  contactDecline: { request: named, open: all('NO_SUCH_REQUEST', { asked: 'OK' }) },
  contactCancel: { request: named, open: all('NO_SUCH_REQUEST') },
  contactRemove: {
    request: (asker, alice) => ({ sendSeq: asker.next(), uid: alice.uid }),
    open: all('OK', { declined: 'NOT_FRIEND' }),
  },
  contactBlock: { request: (asker, alice) => ({ sendSeq: asker.next(), uid: alice.uid }), open: all('OK') },
  contactUnblock: { request: (asker, alice) => ({ sendSeq: asker.next(), uid: alice.uid }), open: all('OK') },
}

for (const policy of ['open', 'required'] as const) {
  t.test(`each method answers each of them as the table says, with contacts ${policy}`, async t => {
    for (const [name, { request, open, required = open }] of Object.entries(TABLE) as [Named, Row<Named>][]) {
      const method = METHODS[name] as RequestMethod<unknown, unknown>
      const { alice, askers, settings, settled, node, hers } = await world()
      settings.openContacts = policy === 'open'
      const found: Partial<Record<Role, string>> = {}
      for (const role of ROLES) {
        const message = createMessageId({ sender: alice.uid, device: alice.device, sendSeq: hers[role] ?? 99 })
        const { code } = await askers[role].call(method, request(askers[role], alice, message))
        found[role] = codeName(code)
      }
      await settled()
      t.same(found, policy === 'open' ? open : required, name)
      t.same(node.asides, [])
      await node.engine.close()
    }
  })
}

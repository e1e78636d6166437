/** What becomes of everything that an application asks a client for, when the client ends: a row for every public method. */
import t from 'tap'
import {
  type Changes,
  type Client,
  createClient,
  LongwireError,
  MemoryStorage,
  type Message,
  type Storage,
} from '../../../clients/typescript/index.js'
import { ContactState, GroupState } from '../../../protocol/generated/messages.js'
import { contactItem, GROUP, groupItem, Harness, ROOM, rejectionOf, UID } from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'

type Act = (client: Client) => unknown

/**
 * After the end: 'rejects' (a promise, never thrown), 'throws' (gives no promise), 'works' (local state).
 * `ends`: what a promise that waits for the server, or the disk, comes to.
 */
interface Row {
  readonly act: Act
  readonly after: 'rejects' | 'throws' | 'works'
  readonly waits?: true
}

const ASK = { waits: true, after: 'rejects' } as const

/** An own message, as it is handed to the library. */
const DIRECT = {
  conversation: 'direct:300',
  sender: UID,
  device: 1,
  sendSeq: 1,
  number: 0,
  state: 'failed',
} as Partial<Message> as Message

const ROWS: Readonly<Record<string, Row>> = {
  'client.on': { act: client => client.on('message', () => {}), after: 'works' },
  'client.connect': { act: client => client.connect(), after: 'throws' },
  'client.nudge': { act: client => client.nudge(), after: 'works' },
  'client.send': { act: client => client.send(300, 'x'), after: 'throws' },
  'client.markRead': { act: client => client.markRead(300), after: 'throws' },
  'client.history': { act: client => client.history(300), after: 'rejects' },
  'client.unread': { act: client => client.unread(300), after: 'rejects' },
  'client.close': { act: client => client.close(), after: 'works' },
  'client.serverTime': { act: client => client.serverTime(), after: 'works' },
  'client.state': { act: client => client.state(), after: 'works' },
  'account.signedIn': { act: client => client.account.signedIn, after: 'works' },
  'account.uid': { act: client => client.account.uid, after: 'works' },
  'account.device': { act: client => client.account.device, after: 'works' },
  'account.otherStore': { act: client => client.account.otherStore, after: 'works' },
  'account.profile': { act: client => client.account.profile, after: 'works' },
  'account.register': {
    act: client => client.account.register({ account: 'bob', password: 'long enough' }),
    after: 'rejects',
  },
  'account.login': {
    act: client => client.account.login({ account: 'bob', password: 'long enough' }),
    after: 'rejects',
  },
  'client.search': { act: client => client.search('x'), after: 'rejects' },
  'chats.list': { act: client => client.chats.list(), after: 'works' },
  'chats.get': { act: client => client.chats.get(300), after: 'works' },
  'chats.more': { act: client => client.chats.more(), ...ASK },
  'account.logout': { act: client => client.account.logout(), ...ASK },
  'account.lookUp': { act: client => client.account.lookUp({ uid: 300 }), ...ASK },
  'account.updateProfile': { act: client => client.account.updateProfile({ nickname: 'Ann' }), ...ASK },
  'account.changePassword': { act: client => client.account.changePassword('old', 'long enough'), ...ASK },
  'account.devices': { act: client => client.account.devices(), ...ASK },
  'account.removeDevice': { act: client => client.account.removeDevice(7), ...ASK },
  'account.deleteAccount': { act: client => client.account.deleteAccount('password'), ...ASK },
  'contacts.open': { act: client => client.contacts.open, after: 'works' },
  'contacts.list': { act: client => client.contacts.list(), after: 'works' },
  'contacts.get': { act: client => client.contacts.get(300), after: 'works' },
  'contacts.request': { act: client => client.contacts.request(300), ...ASK },
  'contacts.accept': { act: client => client.contacts.accept(301), ...ASK },
  'contacts.decline': { act: client => client.contacts.decline(301), ...ASK },
  'contacts.cancel': { act: client => client.contacts.cancel(302), ...ASK },
  'contacts.remove': { act: client => client.contacts.remove(300), ...ASK },
  'contacts.block': { act: client => client.contacts.block(300), ...ASK },
  'contacts.unblock': { act: client => client.contacts.unblock(300), ...ASK },
  'groups.list': { act: client => client.groups.list(), after: 'works' },
  'groups.group': { act: client => client.groups.group(GROUP), after: 'works' },
  'groups.create': { act: client => client.groups.create('Friends', [300]), ...ASK },
  'groups.invite': { act: client => client.groups.invite(GROUP, [300]), ...ASK },
  'groups.accept': { act: client => client.groups.accept(GROUP), ...ASK },
  'groups.decline': { act: client => client.groups.decline(GROUP), ...ASK },
  'groups.join': { act: client => client.groups.join(GROUP, 'code'), ...ASK },
  'groups.approve': { act: client => client.groups.approve(GROUP, 300, 1, true), ...ASK },
  'groups.leave': { act: client => client.groups.leave(GROUP), ...ASK },
  'groups.remove': { act: client => client.groups.remove(GROUP, 300), ...ASK },
  'groups.rename': { act: client => client.groups.rename(GROUP, 'Friends'), ...ASK },
  'groups.announce': { act: client => client.groups.announce(GROUP, 'today'), ...ASK },
  'groups.setRules': {
    act: client =>
      client.groups.setRules(GROUP, { join: 'closed', adminsInvite: true, adminsWrite: false, history: 0 }),
    ...ASK,
  },
  'groups.setRole': { act: client => client.groups.setRole(GROUP, 300, 'admin'), ...ASK },
  'groups.mute': { act: client => client.groups.mute(GROUP, 300), ...ASK },
  'groups.dissolve': { act: client => client.groups.dissolve(GROUP), ...ASK },
  'groups.get': { act: client => client.groups.get(GROUP), ...ASK },
  'groups.members': { act: client => client.groups.members(GROUP), ...ASK },
  'groups.earlier': { act: client => client.groups.earlier(GROUP), ...ASK },
  'messages.edit': { act: client => client.messages.edit(DIRECT, 'x'), ...ASK },
  'messages.recall': { act: client => client.messages.recall(DIRECT), ...ASK },
  'messages.forward': { act: client => client.messages.forward(DIRECT, GROUP), ...ASK },
  'messages.delete': { act: client => client.messages.delete([DIRECT]), ...ASK },
  'messages.discard': { act: client => client.messages.discard(DIRECT), ...ASK },
  'messages.clear': { act: client => client.messages.clear(300), ...ASK },
  'messages.react': { act: client => client.messages.react(DIRECT, 'x'), ...ASK },
  'messages.reactions': { act: client => client.messages.reactions(DIRECT), ...ASK },
  'messages.readBy': { act: client => client.messages.readBy({ ...DIRECT, conversation: GROUP, number: 5 }), ...ASK },
  'conversations.list': { act: client => client.conversations.list(), after: 'works' },
  'conversations.get': { act: client => client.conversations.get(300), after: 'works' },
  'conversations.set': { act: client => client.conversations.set(300, { muted: true }), ...ASK },
  'conversations.unread': { act: client => client.conversations.unread(300), ...ASK },
  'conversations.preferences': { act: client => client.conversations.preferences, after: 'works' },
  'conversations.setPreferences': {
    act: client => client.conversations.setPreferences({ noReceipts: true }),
    ...ASK,
  },
  'presence.watch': { act: client => client.presence.watch([300]), after: 'rejects' },
  'presence.online': { act: client => client.presence.online(300), after: 'works' },
  'presence.typing': { act: client => client.presence.typing(300), after: 'throws' },
  'rooms.create': { act: client => client.rooms.create('News'), ...ASK },
  'rooms.set': { act: client => client.rooms.set(ROOM, 'News', { allPublish: true, codeNeeded: false }), ...ASK },
  'rooms.setRole': { act: client => client.rooms.setRole(ROOM, 300, 'publisher'), ...ASK },
  'rooms.subscribe': { act: client => client.rooms.subscribe(ROOM), ...ASK },
  'rooms.unsubscribe': { act: client => client.rooms.unsubscribe(ROOM), ...ASK },
  'rooms.post': { act: client => client.rooms.post(ROOM, 'hello'), ...ASK },
  'rooms.remove': { act: client => client.rooms.remove(ROOM, 1), ...ASK },
  'rooms.close': { act: client => client.rooms.close(ROOM), ...ASK },
  'rooms.confirm': { act: client => client.rooms.confirm(ROOM, 1), ...ASK },
  'rooms.get': { act: client => client.rooms.get(ROOM), ...ASK },
  'rooms.posts': { act: client => client.rooms.posts(ROOM), ...ASK },
  'rooms.all': { act: client => client.rooms.all(), after: 'works' },
  'rooms.room': { act: client => client.rooms.room(ROOM), after: 'works' },
  'rooms.follow': { act: client => client.rooms.follow(false), after: 'throws' },
  'rooms.list': { act: client => client.rooms.list(), ...ASK },
  'rooms.publish': { act: client => client.rooms.publish(ROOM, new Uint8Array(1)), ...ASK },
  'conversations.markRead': { act: client => client.conversations.markRead('direct:300', undefined), after: 'works' },
}

/** Online, with invitations and a request that are known here. */
async function online(storage: Storage): Promise<Harness> {
  const harness = await Harness.online(storage)
  harness.pipe.push(0, 3, [
    groupItem({ state: GroupState.INVITED, number: 1 }),
    contactItem({ uid: 301, state: ContactState.INVITED, request: 1 }),
    contactItem({ uid: 302, state: ContactState.REQUESTED, request: 1 }),
  ])
  harness.settle()
  return harness
}

/** How the client ends, and why. */
const ENDS: Readonly<Record<string, (harness: Harness, storage: FailingStorage) => Promise<void>>> = {
  CLOSED: async harness => {
    const closed = harness.client.close()
    harness.settle()
    await closed
  },
  STORAGE_FAILED: async (harness, storage) => {
    storage.broken = true
    harness.client.markRead(301)
    harness.client.send(300, 'the last straw')
    harness.settle()
  },
}

class FailingStorage extends MemoryStorage {
  broken = false
  closes = 0

  override commit(changes: Changes, done: (error?: Error) => void): void {
    if (this.broken) done(new Error('the disk is full'))
    else super.commit(changes, done)
  }

  override close(done: () => void): void {
    this.closes += 1
    super.close(done)
  }
}

t.test('every public method has its row', async t => {
  const { client } = await Harness.online()
  for (const [name, object] of Object.entries({
    client,
    account: client.account,
    contacts: client.contacts,
    groups: client.groups,
    messages: client.messages,
    conversations: client.conversations,
    rooms: client.rooms,
  })) {
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter(each => each !== 'constructor')
    t.ok(methods.length > 5)
    for (const method of methods) t.ok(ROWS[`${name}.${method}`], `${name}.${method}`)
  }
})

for (const [reason, end] of Object.entries(ENDS)) {
  t.test(`${reason}: what is asked afterwards rejects, or works on what is here; no promise is thrown`, async t => {
    const storage = new FailingStorage()
    const harness = await online(storage)
    await end(harness, storage)
    for (const [name, { act, after }] of Object.entries(ROWS)) {
      t.equal(await outcome(act, harness), after === 'works' ? 'works' : `${after} ${reason}`, name)
    }
    t.equal(storage.closes, 1, 'the storage is closed, once')
    t.equal(harness.of('storageFailed').length, reason === 'CLOSED' ? 0 : 1)
    t.equal(harness.clock.pending, 0, 'nothing is left running')
  })

  t.test(`${reason}: what waits for an answer is rejected, with the line that asked`, async t => {
    for (const [name, { act, waits }] of Object.entries(ROWS)) {
      if (waits !== true) continue
      const storage = new FailingStorage()
      const harness = await online(storage)
      const asked = act(harness.client) as Promise<unknown>
      harness.settle()
      const settled = asked.then(
        () => 'resolves',
        (error: unknown) =>
          error instanceof LongwireError ? `${error.reason} ${/ending\.test/.test(error.stack ?? '')}` : `${error}`,
      )
      await end(harness, storage)
      t.equal(await settled, `${reason} true`, name)
    }
  })
}

t.test('a sign-in that waits is rejected when the client ends', async t => {
  for (const [reason, end] of Object.entries({ CLOSED: ENDS.CLOSED })) {
    const harness = await Harness.start()
    const login = harness.client.account.login({ account: 'ann', password: 'long enough' })
    harness.settle()
    const rejected = rejectionOf(login)
    await end?.(harness, new FailingStorage())
    t.equal(await rejected, reason)
  }
})

t.test('a handle ends in a state: queued if it is stored and goes out later, failed if nobody knows', async t => {
  const storage = new FailingStorage()
  const first = await Harness.online(storage)
  const sent = first.client.send(300, 'on its way')
  first.settle()
  t.equal(sent.state, 'sending')
  await ENDS.CLOSED?.(first, storage)
  t.equal(sent.state, 'queued')
  const second = await Harness.start(storage)
  t.match((await second.client.history(300)).messages, [{ sendSeq: 1, state: 'queued', reason: '' }])
  const other = await online(new FailingStorage())
  const lost = other.client.send(300, 'never stored')
  const failing = other.storage as FailingStorage
  failing.broken = true
  other.settle()
  t.match(lost, { state: 'failed', reason: 'STORAGE_FAILED' })
  t.match(other.of('messageState').at(-1), { sendSeq: lost.sendSeq, state: 'failed', reason: 'STORAGE_FAILED' })
})

t.test('a failed message and its event name the reason', async t => {
  const harness = await Harness.online()
  const message = harness.client.send(300, 'hello')
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('send').id, 'NOT_FRIEND')
  t.equal(message.reason, 'NOT_FRIEND')
  t.match(harness.of('messageState').at(-1), { state: 'failed', reason: 'NOT_FRIEND' })
  t.match((await harness.client.history(300)).messages, [{ state: 'failed', reason: 'NOT_FRIEND' }])
})

t.test('a storage that fails while the client closes ends it all the same', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  storage.fast = false
  const asked = rejectionOf(harness.client.contacts.request(300))
  harness.settle()
  const closed = harness.client.close()
  t.equal(harness.client.close(), closed, 'it is the same promise')
  t.equal(await rejectionOf(harness.client.history(300)), 'CLOSED')
  storage.fail(new Error('the disk is full'))
  harness.settle()
  await closed
  t.equal(await asked, 'STORAGE_FAILED')
})

t.test('a history that the storage never gives is rejected at the end', async t => {
  class SilentStorage extends MemoryStorage {
    override history(): void {}
  }
  const harness = await Harness.online(new SilentStorage())
  const asked = [harness.client.history(300), harness.client.unread(300)].map(rejectionOf)
  const closed = harness.client.close()
  harness.settle()
  await closed
  t.same(await Promise.all(asked), ['CLOSED', 'CLOSED'])
})

t.test('a storage that fails by itself is told of at once, though the page does nothing', async t => {
  let fail: (error: Error) => void = () => {}
  class WatchedStorage extends FailingStorage {
    watch(failed: (error: Error) => void): void {
      fail = failed
    }
  }
  const storage = new WatchedStorage()
  const harness = await Harness.online(storage)
  fail(new Error('the browser has closed the database'))
  t.match(harness.of('storageFailed'), [{ error: { message: /browser/ } }])
  t.same(harness.of('connection').at(-1), { state: 'stopped', reason: 'STORAGE_FAILED' })
  t.equal(storage.closes, 1)
})

t.test('a storage that is refused is closed again', async t => {
  class Refused extends FailingStorage {
    readonly #how: string

    constructor(how: string) {
      super()
      this.#how = how
    }

    override open(done: Parameters<Storage['open']>[0]): void {
      if (this.#how === 'throws') throw new Error('no such folder')
      if (this.#how === 'error') done(new Error('damaged'), new Map())
      else if (this.#how === 'format') done(undefined, new Map([['format', 99]]))
      else done(undefined, new Map([['identity', 5]]))
    }
  }
  const transport = { name: 'none', preamble: false, connect: () => ({ write: () => {}, close: () => {} }) }
  for (const how of ['throws', 'error', 'format', 'nonsense']) {
    const storage = new Refused(how)
    const reason = await rejectionOf(createClient({ transport, storage }))
    t.equal(reason, how === 'format' ? 'STORAGE_FORMAT' : 'STORAGE_FAILED')
    t.equal(storage.closes, 1, how)
  }
})

t.test('an error names the argument and its limit, and never the secret', async t => {
  const { client } = await Harness.online()
  const long = 'secret'.repeat(100)
  const cases: Readonly<Record<string, () => unknown>> = {
    'to is 0; it must be a whole number from 1 to 9007199254740991': () => client.send(0, 'x'),
    'to is undefined': () => client.send(undefined as unknown as number, 'x'),
    'text has 0 bytes of UTF-8; at least 1 are needed': () => client.send(300, ''),
    'text has half of a surrogate pair at index 1': () => client.send(300, 'x\ud800y'),
    'the text is longer than 16 384 bytes (text has 16386 bytes of UTF-8; at most 16384': () =>
      client.send(300, 'é'.repeat(8193)),
    'conversation is a string': () => client.markRead('300' as unknown as number),
    'conversation is a string; it must be a uid, or the id': () => client.history('direct:0300'),
    'to is room:9; messages can be sent in direct': () => client.send('room:9', 'x'),
    'conversation is a string; it must be the id of a group': () => client.groups.leave('direct:300'),
    'limit is 0; it must be a whole number from 1 to 10000': () => client.history(300, { limit: 0 }),
    'greeting has 600 bytes or more of UTF-8; at most 256': () => client.contacts.request(300, long),
    'uid is NaN': () => client.contacts.block(Number.NaN),
    'nickname has 65 bytes or more of UTF-8; at most 64': () =>
      client.account.updateProfile({ nickname: 'n'.repeat(65) }),
    'newPassword has 600 bytes or more of UTF-8; at most 256': () => client.account.changePassword('old', long),
    '(newPassword has 5 bytes of UTF-8; at least 8 are needed)': () => client.account.changePassword('old', 'short'),
    'device is 1, this one': () => client.account.removeDevice(1),
    'account is undefined; it must be a text': () => client.account.lookUp({} as { account: string }),
  }
  for (const [expected, act] of Object.entries(cases)) {
    const error = await errorOf(act)
    t.ok(error.message.includes(expected), `${expected}: ${error.message}`)
    t.notMatch(error.message, /secret/)
    t.match(error.stack, /ending\.test/, 'and the stack the line that called')
  }
  t.equal(client.state().nextSendSeq, 1, 'no number was used')
})

t.test('a refusal of the server has the stack of the call, and what the server says to it', async t => {
  const harness = await Harness.online()
  async function whoAsks(): Promise<void> {
    await harness.client.contacts.request(300)
  }
  const asked = whoAsks().catch((error: unknown) => error as LongwireError)
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('contactRequest').id, 'ALREADY_FRIENDS')
  const error = (await asked) as LongwireError
  t.equal(error.reason, 'ALREADY_FRIENDS')
  t.match(error.stack, /^LongwireError: .*\n[\s\S]*whoAsks/)
})

async function outcome(act: Act, { client }: Harness): Promise<string> {
  let given: unknown
  try {
    given = act(client)
  } catch (error) {
    return `throws ${error instanceof LongwireError ? error.reason : String(error)}`
  }
  if (!(given instanceof Promise)) return 'works'
  return given.then(
    () => 'works',
    (error: unknown) => `rejects ${error instanceof LongwireError ? error.reason : String(error)}`,
  )
}

async function errorOf(act: () => unknown): Promise<Error> {
  try {
    await act()
  } catch (error) {
    if (error instanceof LongwireError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The page as a whole, on a browser that does not store, that notifies, and that keeps drafts; and the end of an account. */
import t, { type Test } from 'tap'
import {
  type Changes,
  MemoryStorage,
  type SentMessage,
  type Storage,
  type StoredMessage,
  tcpTransport,
} from '../../../clients/typescript/index.js'
import { App } from '../../../clients/web/model/app.js'
import type { OpenChat } from '../../../clients/web/model/open-chat.js'
import type { Session } from '../../../clients/web/model/session.js'
import { CONVERSATIONS_PAGE_MAX } from '../../../protocol/limits.js'
import { present } from '../../../src/lib/assert.js'
import { eventually } from '../../support/eventually.js'
import { PASSWORD, startTestServer, testConfig } from '../../support/server.js'
import { WebPlatform } from '../../support/web-platform.js'

/** A storage that fails from some moment on, as a full disk; before, it may store what it says it did not. */
class FullStorage extends MemoryStorage {
  isFull = false
  storesAll = false
  readonly texts: string[] = []

  override commit(changes: Changes, done: (error?: Error) => void): void {
    if (this.isFull && this.storesAll) super.commit(changes, () => {})
    if (this.isFull) done(new Error('QuotaExceededError'))
    else {
      this.texts.push(...changes.messages.map(({ text }: StoredMessage) => text))
      super.commit(changes, done)
    }
  }
}

interface Opened {
  readonly app: App
  readonly platform: WebPlatform
  session(): Session
}

/** @returns opens pages of one server, where anybody may write */
async function pages(t: Test): Promise<(storage?: () => Storage) => Promise<Opened>> {
  const server = await startTestServer({ config: testConfig('--contacts', 'open') })
  t.teardown(() => server.abort())
  return async storage => {
    const platform = new WebPlatform([tcpTransport({ host: '127.0.0.1', port: server.port })])
    if (storage !== undefined) platform.storage = storage
    const app = new App(platform)
    const session = (): Session => {
      const { value } = app.screen
      if (value.name !== 'signedIn') throw new Error(`the page shows ${value.name}`)
      return value.session
    }
    t.teardown(async () => {
      if (app.screen.value.name === 'signedIn') await session().client.close()
    })
    await app.start()
    return { app, platform, session }
  }
}

/** Opens the chat with somebody. */
async function chatOf({ session }: Opened, uid: number): Promise<OpenChat> {
  session().show(`direct:${uid}`)
  const open = present(session().open.value, 'the chat')
  await eventually(() => open.view.value.state === 'ready')
  return open
}

t.test('where the browser refuses to store, the page works in memory and says so', async t => {
  const open = await pages(t)
  const bob = await open()
  await bob.app.register('bob', '', PASSWORD)
  for (const [account, storage] of [
    [
      'throws',
      () => {
        throw new Error('SecurityError')
      },
    ],
    [
      'fails',
      () =>
        ({
          ...new MemoryStorage(),
          open: done => done(new Error('InvalidStateError'), new Map()),
          close: done => done(),
        }) as Storage,
    ],
  ] as const satisfies readonly (readonly [string, () => Storage])[]) {
    const ann = await open(storage)
    t.match(ann.app.screen.value, { name: 'signedOut' })
    t.equal(ann.app.isStored.value, false)
    t.equal(await ann.app.register(account, '', PASSWORD), undefined)
    const chat = await chatOf(ann, bob.session().uid)
    ann.session().send(chat, `from ${account}`, {})
    await eventually(() => chat.view.value.messages[0]?.state === 'accepted')
  }
  t.equal(bob.app.isStored.value, true)
})

t.test('when the storage is full, what was not stored is a draft again; the page goes on without storing', async t => {
  const open = await pages(t)
  const bob = await open()
  await bob.app.register('bob', '', PASSWORD)
  const uid = bob.session().uid
  for (const [account, remembers] of [
    ['ann', true],
    ['amy', false],
  ] as const) {
    const storage = new FullStorage()
    const ann = await open(() => storage)
    await ann.app.register(account, '', PASSWORD)
    const chat = await chatOf(ann, uid)
    ann.session().send(chat, 'stored', {})
    await eventually(() => chat.view.value.messages[0]?.state === 'accepted')
    storage.isFull = true
    if (!remembers) {
      ann.platform.keyValues.setItem = () => {
        throw new Error('QuotaExceededError')
      }
    }
    ann.session().drafts.set(chat.conversation, { text: 'begun', mentions: [], reply: undefined })
    ann.session().send(chat, 'not stored', {})
    await eventually(() => ann.app.screen.value.name === 'failed')
    t.match(ann.app.screen.value, { why: 'QuotaExceededError', unstored: 1 })
    t.notOk(storage.texts.includes('not stored'))

    await ann.app.goWithoutStoring()
    t.equal(ann.app.isStored.value, false)
    t.equal(await ann.app.signIn(account, PASSWORD), undefined)
    t.equal(ann.session().drafts.get(chat.conversation).text, 'not stored\nbegun')
    const again = await chatOf(ann, uid)
    await eventually(() => again.view.value.messages.some(({ text }) => text === 'stored'))
  }
})

t.test('a message of which the storage did not say that it is stored goes out or is a draft, never both', async t => {
  for (const storesAll of [true, false]) {
    const open = await pages(t)
    const bob = await open()
    await bob.app.register('bob', '', PASSWORD)
    const storage = new FullStorage()
    const ann = await open(() => storage)
    await ann.app.register('ann', '', PASSWORD)
    const chat = await chatOf(ann, bob.session().uid)
    const heard: string[] = []
    bob.session().client.on('message', ({ text }) => heard.push(text))
    Object.assign(storage, { isFull: true, storesAll })
    for (const text of ['one', 'two']) ann.session().send(chat, text, {})
    await eventually(() => ann.app.screen.value.name === 'failed')
    t.match(ann.app.screen.value, { unstored: 2 })
    storage.isFull = false
    await ann.app.start()
    t.equal(ann.session().drafts.get(chat.conversation).text, storesAll ? '' : 'one\ntwo')
    const again = await chatOf(ann, bob.session().uid)
    ann.session().send(again, 'three', {})
    await eventually(() => heard.includes('three'))
    t.same(heard, storesAll ? ['one', 'two', 'three'] : ['three'])
    t.same(ann.platform.values.get('longwire.unstored'), undefined)
  }
})

t.test('a group whose messages are on a later page of the list is not said to have none', async t => {
  const open = await pages(t)
  const [ann, other] = [await open(), await open()]
  await ann.app.register('ann', '', PASSWORD)
  const writer = ann.session().client
  const sent: SentMessage[] = []
  for (let i = 0; i <= CONVERSATIONS_PAGE_MAX; i++) {
    const group = await writer.groups.create(`group ${i}`, [])
    sent.push(writer.send(group, 'hello'))
  }
  await eventually(() => sent.every(({ state }) => state === 'accepted'))
  const oldest = present(sent[0], 'a message').conversation
  await other.app.signIn('ann', PASSWORD)
  const { chats } = other.session()
  await eventually(() => chats.list.value?.filter(({ known }) => known).length === CONVERSATIONS_PAGE_MAX)
  await eventually(() => chats.get(oldest) !== undefined)
  t.match(chats.get(oldest), { known: false, last: undefined })
  await eventually(async () => {
    await chats.more()
    return chats.get(oldest)?.known === true
  })
  t.equal(chats.get(oldest)?.last?.text, 'hello')
})

t.test('a chat in the list is another object only when something of it has changed', async t => {
  const open = await pages(t)
  const [ann, bob, carl] = [await open(), await open(), await open()]
  for (const [page, name] of [
    [ann, 'ann'],
    [bob, 'bob'],
    [carl, 'carl'],
  ] as const) {
    await page.app.register(name, '', PASSWORD)
  }
  const [toBob, toCarl] = [await chatOf(ann, bob.session().uid), await chatOf(ann, carl.session().uid)]
  for (const each of [toBob, toCarl]) each.send('hello', {})
  const { chats } = ann.session()
  const texts = (): (string | undefined)[] => (chats.list.value ?? []).map(({ last }) => `${last?.text} ${last?.state}`)
  await eventually(() => texts().join() === 'hello accepted,hello accepted')
  const [before, other] = [chats.get(toBob.conversation), chats.get(toCarl.conversation)]
  const answered = (await chatOf(bob, ann.session().uid)).send('good day', {})
  await eventually(() => answered.state !== 'queued' && texts().includes('good day received'))
  t.not(chats.get(toBob.conversation), before)
  t.equal(chats.get(toCarl.conversation), other)
})

t.test('the account ends with its password alone, and nothing of it stays', async t => {
  const open = await pages(t)
  const ann = await open()
  for (const account of ['1ann', 'an', 'a b c', `a${'n'.repeat(32)}`])
    t.match(await ann.app.register(account, '', PASSWORD), { key: 'accountForm' }, account)
  await ann.app.register('Ann', 'Ann', PASSWORD)
  ann.session().drafts.set('direct:7', { text: 'begun', mentions: [], reply: undefined })
  t.match(await ann.app.deleteAccount('a wrong password'), { key: 'wrongCredentials' })
  t.equal(ann.app.screen.value.name, 'signedIn')
  t.equal(await ann.app.deleteAccount(PASSWORD), undefined)
  t.same(ann.app.screen.value, { name: 'signedOut', account: '' })
  t.notOk([...ann.platform.values.values()].some(value => value.includes('begun') || value.includes('Ann')))
  t.match(await ann.app.signIn('ann', PASSWORD), { key: 'wrongCredentials' })
})

t.test('a new password signs other devices out; a wrong one changes nothing', async t => {
  const open = await pages(t)
  const [one, two] = [await open(), await open()]
  await one.app.register('ann', '', PASSWORD)
  await two.app.signIn('ann', PASSWORD)
  t.match(await one.session().changePassword('a wrong password', 'another password'), { key: 'wrongCredentials' })
  t.match(await one.session().changePassword(PASSWORD, 'short'), { key: 'passwordWeak' })
  t.equal(two.app.screen.value.name, 'signedIn')
  t.equal(await one.session().changePassword(PASSWORD, 'another password'), undefined)
  await eventually(() => two.app.screen.value.name === 'signedOut')
  t.match(one.session().notices.toasts.value, [{ said: { key: 'passwordChanged' } }])
  t.equal(await two.app.signIn('ann', 'another password'), undefined)
})

t.test('whoever signs in behind the end of another session sees nothing of what the other had begun', async t => {
  const open = await pages(t)
  const [one, two] = [await open(), await open()]
  await one.app.register('ann', '', PASSWORD)
  await open().then(({ app }) => app.register('bob', '', PASSWORD))
  await two.app.signIn('ann', PASSWORD)
  two.session().drafts.set('direct:7', { text: 'begun', mentions: [], reply: undefined })
  two.session().people.note([{ uid: 7, account: 'gina', nickname: '' }])
  await eventually(() => [...two.platform.values.values()].some(value => value.includes('gina')))
  const password = 'another password'
  await one.session().changePassword(PASSWORD, password)
  await eventually(() => two.app.screen.value.name === 'signedOut')
  t.equal(await two.app.signIn('ann', password), undefined)
  t.equal(two.session().drafts.get('direct:7').text, 'begun', 'the same user goes on')
  await one.session().changePassword(password, PASSWORD)
  await eventually(() => two.app.screen.value.name === 'signedOut')
  t.equal(await two.app.signIn('bob', PASSWORD), undefined)
  t.equal(two.session().drafts.get('direct:7').text, '')
  t.notOk([...two.platform.values.values()].some(value => /begun|gina/.test(value)))
})

t.test('notifications come by consent, of what nobody looks at, and never of a muted chat', async t => {
  const open = await pages(t)
  const [ann, bob] = [await open(), await open()]
  await ann.app.register('ann', '', PASSWORD)
  await bob.app.register('bob', '', PASSWORD)
  const [withAnn, chat] = [`direct:${ann.session().uid}`, await chatOf(ann, bob.session().uid)] as const
  const back = await chatOf(bob, ann.session().uid)
  bob.session().send(back, 'hello', {})
  await eventually(() => chat.view.value.messages.length === 1)
  const told: string[] = []
  bob.session().client.on('message', ({ text }) => told.push(text))
  const say = async (text: string): Promise<void> => {
    ann.session().send(chat, text, {})
    await eventually(() => told.includes(text))
  }
  await say('no consent')
  t.same(bob.platform.notices, [])
  bob.app.settings.change({ notifies: true })
  await say('consent')
  t.same(bob.platform.notices, [{ conversation: withAnn, title: 'ann', body: 'consent' }])
  bob.platform.watched = true
  await say('seen')
  bob.platform.watched = false
  await bob.session().client.conversations.set(withAnn, { muted: true })
  await say('muted')
  t.equal(bob.platform.notices.length, 1)
})

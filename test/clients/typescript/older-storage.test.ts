/** What older versions of the library stored is taken over, as it is: nothing in it is lost, shown twice or sent twice. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { IDBFactory } from 'fake-indexeddb'
import t, { type Test } from 'tap'
import { FileStorage, MemoryStorage, type Message, type Storage } from '../../../clients/typescript/index.js'
import type { IdbFactory } from '../../../clients/typescript/storage/indexed-db.js'
import { IndexedDbStorage } from '../../../clients/typescript/storage/indexed-db-storage.js'
import { ContactState, createContact } from '../../../protocol/generated/messages.js'
import { contactItem, conversationItem, Harness, messageItem, UID } from '../../support/client-harness.js'
import { eventually } from '../../support/eventually.js'
import { close, commit, opened } from '../../support/storage-contract.js'

const OLDER = new URL('../../../../test/clients/typescript/older-storage/', import.meta.url)

const HISTORY = [
  '300/2/7 received hi',
  '300/2/9 received again',
  `${UID}/5/1 accepted from my other device`,
  `${UID}/1/1 delivered one`,
  `${UID}/1/2 failed two`,
  '300/2/10 received and this is unread',
  '300/3/1 received this too',
]

t.test('a folder', async t => {
  const folder = join(t.testdir(), 'ann')
  mkdirSync(folder)
  copyFileSync(new URL('journal', OLDER), join(folder, 'journal'))
  await takesOver(t, () => new FileStorage(folder))
})

t.test('a database of a browser', async t => {
  const indexedDB = await olderDatabase()
  await takesOver(t, () => new IndexedDbStorage('ann', { indexedDB }))
})

t.test('a contact has each field of its item, also one that was stored before there was the field', async t => {
  const storage = new MemoryStorage()
  const first = await Harness.online(storage)
  first.pipe.push(0, 1, [contactItem({ uid: 300, state: ContactState.FRIEND, account: 'bob', nickname: 'Bob' })])
  await until(first, () => first.client.contacts.get(300) !== undefined)
  const contact = first.client.contacts.get(300)
  t.same(contact, {
    ...createContact({ uid: 300, account: 'bob', nickname: 'Bob' }),
    state: 'friend',
    stranger: 'none',
  })
  await first.client.close()

  const { values } = await opened(storage)
  t.same(values.get('contact/300'), [0, contact])
  await commit(storage, {
    values: { 'contact/300': [0, { uid: 300, state: 'friend', account: 'bob', nickname: 'Bob' }] },
  })
  await close(storage)
  const second = await Harness.start(storage)
  t.same(second.client.contacts.get(300), contact)
  await second.client.close()
})

async function takesOver(t: Test, open: () => Storage): Promise<void> {
  const first = await Harness.start(open())
  t.same(await historyOf(first), [...HISTORY, `${UID}/1/3 queued three, still queued`])
  t.equal(await first.client.unread(300), 2)
  t.equal(await first.client.unread('direct:300'), 2)
  t.match(first.client.contacts.list(), [{ uid: 300, state: 'friend', account: 'bob' }])
  first.client.connect()
  await until(first, () => first.pipes.length > 0)
  first.pipe.open()
  await until(first, () => first.pipe.peek().length > 0)
  // Items that the older version passed over may be there (PROTOCOL.md, 7.7): everything is asked for once more.
  t.equal(first.greet({ head: 0, ack: 8, lastSendSeq: 2 }).since, 0)
  await until(first, () => first.pipe.peek().length > 0)
  t.match(first.pipe.take('send').request, { sendSeq: 3, to: 300, text: 'three, still queued' })
  first.pipe.push(0, 9, [
    contactItem({ uid: 300, state: ContactState.FRIEND, account: 'bob', nickname: 'Bob' }),
    messageItem('300/2/7', 'hi'),
    messageItem('300/2/9', 'again'),
    conversationItem('room:9', '300/2/8', 'it was passed over'),
    messageItem(`${UID}/5/1`, 'from my other device', { recipient: 300 }),
    messageItem(`${UID}/1/1`, 'one', { recipient: 300 }),
    messageItem('300/2/10', 'and this is unread'),
    messageItem('300/3/1', 'this too'),
    messageItem('300/2/11', 'new'),
  ])
  await until(first, () => first.client.state().durable === 9)
  t.same(
    first.of('message').map(each => [each.conversation, each.text]),
    [
      ['room:9', 'it was passed over'],
      ['direct:300', 'new'],
    ],
  )
  await first.client.close()

  const second = await Harness.start(open())
  t.same(await historyOf(second), [...HISTORY, '300/2/11 received new', `${UID}/1/3 queued three, still queued`])
  t.same(await historyOf(second, 'room:9'), ['300/2/8 received it was passed over'])
  t.equal(await second.client.unread(300), 3)
  second.client.connect()
  await until(second, () => second.pipes.length > 0)
  second.pipe.open()
  await until(second, () => second.pipe.peek().length > 0)
  t.equal(second.greet().since, 9, 'it knows all items now')
  await second.client.close()

  // The older version comes back for a while, and passes over what it does not know.
  const { storage } = await opened(open())
  await commit(storage, { values: { applied: 20 } })
  await close(storage)
  const third = await Harness.start(open())
  t.equal(third.client.state().applied, 9)
  await third.client.close()
}

async function historyOf(harness: Harness, conversation: number | 'room:9' = 300): Promise<string[]> {
  const { messages } = await harness.client.history(conversation)
  return messages.map((m: Message) => `${m.sender}/${m.device}/${m.sendSeq} ${m.state} ${m.text}`)
}

/** Waits for a disk that is none of the test's. */
function until(harness: Harness, condition: () => boolean): Promise<void> {
  return eventually(() => {
    harness.settle()
    return condition()
  })
}

/** As IndexedDbStorage of that commit made it, and left it. */
async function olderDatabase(): Promise<IdbFactory> {
  const { version, values, messages } = JSON.parse(readFileSync(new URL('indexed-db.json', OLDER), 'utf8'))
  const factory = new IDBFactory()
  const request = factory.open('ann', version)
  request.onupgradeneeded = () => {
    request.result.createObjectStore('values')
    request.result.createObjectStore('messages', { autoIncrement: true }).createIndex('peer', 'peer')
  }
  await new Promise(resolve => {
    request.onsuccess = resolve
  })
  const database = request.result
  const transaction = database.transaction(['values', 'messages'], 'readwrite')
  for (const [name, value] of Object.entries(values)) transaction.objectStore('values').put(value, name)
  for (const message of messages) transaction.objectStore('messages').add(message)
  await new Promise(resolve => {
    transaction.oncomplete = resolve
  })
  database.close()
  return factory as unknown as IdbFactory
}

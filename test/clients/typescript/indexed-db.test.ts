import { IDBFactory } from 'fake-indexeddb'
import t from 'tap'
import { createClient } from '../../../clients/typescript/index.js'
import type { IdbDatabase, IdbFactory, IdbOpenRequest } from '../../../clients/typescript/storage/indexed-db.js'
import { IndexedDbStorage } from '../../../clients/typescript/storage/indexed-db-storage.js'
import { eventually } from '../../support/eventually.js'
import { ManualClock } from '../../support/manual-clock.js'
import { close, commit, message, opened, page } from '../../support/storage-contract.js'

function factory(): IdbFactory {
  return new IDBFactory() as unknown as IdbFactory
}

t.test('a second tab is refused while the first has it, and may have it afterwards', async t => {
  const indexedDB = factory()
  const clock = new ManualClock()
  const tab = (): IndexedDbStorage => new IndexedDbStorage('ann', { indexedDB, clock })
  const first = await opened(tab())
  await commit(first.storage, { values: { a: 1 } })
  const refused: unknown[] = []
  for (let i = 0; i < 2; i++) void opened(tab()).catch(error => refused.push(error))
  await eventually(() => {
    clock.advance(1_000)
    return refused.length === 2
  })
  t.match(refused, [/database ann is in use by another tab/, /in use/])
  await commit(first.storage, { values: { a: 2 } })
  await close(first.storage)
  const next = await opened(tab())
  t.same([...next.values], [['a', 2]])
  await close(next.storage)
  t.equal(clock.pending, 0)
})

t.test('a page that lets go a moment later, as on a reload, is waited for', async t => {
  const indexedDB = factory()
  const tab = (): IndexedDbStorage => new IndexedDbStorage('ann', { indexedDB })
  const first = await opened(tab())
  await commit(first.storage, { messages: [message(7, 1)] })
  const next = opened(tab())
  await new Promise(resolve => setImmediate(resolve))
  await close(first.storage)
  const { storage } = await next
  t.equal((await page(storage, 7)).messages.length, 1)
  await close(storage)
})

t.test('of many tabs that open it at once exactly one has it', async t => {
  const indexedDB = factory()
  const tabs = Array.from({ length: 4 }, () => opened(new IndexedDbStorage('ann', { indexedDB })))
  const results = await Promise.allSettled(tabs)
  const won = results.filter(each => each.status === 'fulfilled')
  t.equal(won.length, 1)
  for (const each of won) await close(each.value.storage)
  const other = await opened(new IndexedDbStorage('bob', { indexedDB }))
  await close(other.storage)
})

t.test('a browser without it, or that refuses it, is an error and no client', async t => {
  const transport = { name: 'none', preamble: false, connect: () => ({ write() {}, close() {} }) }
  const create = (storage: IndexedDbStorage) => createClient({ transport, storage })
  await t.rejects(create(new IndexedDbStorage('ann')), { cause: { message: 'there is no IndexedDB here' } })
  const refusing: IdbFactory = {
    open() {
      throw new DOMException('not in a private window', 'SecurityError')
    },
  }
  await t.rejects(create(new IndexedDbStorage('ann', { indexedDB: refusing })), { cause: { name: 'SecurityError' } })
  const failing: IdbFactory = {
    open() {
      const error = new Error('the disk is full')
      const request = { error } as unknown as IdbOpenRequest
      setImmediate(() => request.onerror?.({ preventDefault() {} }))
      return request
    },
  }
  await t.rejects(create(new IndexedDbStorage('ann', { indexedDB: failing })), {
    cause: { message: 'the disk is full' },
  })
  t.throws(() => new IndexedDbStorage('ann', { historyPerConversation: -1 }), RangeError)
})

t.test('a commit is one transaction, on disk when it counts; one that fails keeps nothing and is the last', async t => {
  const asked: unknown[] = []
  let abort = false
  const inner = factory()
  const indexedDB: IdbFactory = {
    open(name, version) {
      const request = version === undefined ? inner.open(name) : inner.open(name, version)
      return new Proxy(request, {
        get: (target, key) => (key === 'result' ? database(target.result) : Reflect.get(target, key)),
        set: (target, key, value) => Reflect.set(target, key, value),
      })
    },
  }
  const database = (real: IdbDatabase): IdbDatabase =>
    new Proxy(real, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (key !== 'transaction') return typeof value === 'function' ? value.bind(target) : value
        return (...args: Parameters<IdbDatabase['transaction']>) => {
          asked.push(args)
          const transaction = target.transaction(...args)
          // As a browser does whose disk is full: late, and all of it.
          if (abort) setImmediate(() => (transaction as unknown as { abort(): void }).abort())
          return transaction
        }
      },
      set: (target, key, value) => Reflect.set(target, key, value),
    })
  const { storage } = await opened(new IndexedDbStorage('ann', { indexedDB }))
  asked.length = 0
  await commit(storage, { values: { a: 1 }, messages: [message(7, 1), message(8, 1)] })
  t.same(asked, [[['values', 'messages'], 'readwrite', { durability: 'strict' }]])
  abort = true
  await t.rejects(commit(storage, { values: { a: 2, b: 2 }, messages: [message(7, 2)] }))
  abort = false
  await t.rejects(commit(storage, { values: { a: 3 } }), 'nothing more is promised')
  await close(storage)
  await t.rejects(commit(storage, { values: { a: 4 } }))
  const after = await opened(new IndexedDbStorage('ann', { indexedDB: inner }))
  t.same([...after.values], [['a', 1]])
  t.equal((await page(after.storage, 7)).messages.length, 1)
  await close(after.storage)
})

t.test('a page that does nothing is told when the browser takes its database away', async t => {
  const indexedDB = factory()
  let database: IdbDatabase | undefined
  const watched: IdbFactory = {
    open: (name, version) => {
      const request = indexedDB.open(name, version)
      const settled = new Proxy(request, {
        get: (target, key) => {
          const value: unknown = Reflect.get(target, key)
          if (key === 'result') database = value as IdbDatabase
          return value
        },
        set: (target, key, value) => Reflect.set(target, key, value),
      })
      return settled
    },
  }
  const transport = { name: 'none', preamble: false, connect: () => ({ write() {}, close() {} }) }
  const client = await createClient({ transport, storage: new IndexedDbStorage('ann', { indexedDB: watched }) })
  const told: string[] = []
  client.on('storageFailed', ({ error }) => told.push(error.message))
  database?.onclose?.()
  t.match(told, [/closed the database ann/])
  await client.close()
})

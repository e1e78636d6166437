import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ClientOptions, createClient, FileStorage, MemoryStorage } from '../../../clients/typescript/index.js'
import { commit } from '../../support/storage-contract.js'

const transport: ClientOptions['transport'] = {
  name: 'none',
  preamble: false,
  connect: () => {
    throw new Error('no network here')
  },
}

t.test('an option that is out of range is refused by name', async t => {
  const wrong: Partial<ClientOptions>[] = [
    { heartbeatMs: 9_999 },
    { heartbeatMs: 1_800_001 },
    { requestTimeoutMs: 0 },
    { ackDelayMs: -1 },
    { reconnectBaseMs: 5_000, reconnectCapMs: 4_000 },
    { queueMax: 1.5 },
  ]
  for (const options of wrong) {
    const name = Object.keys(options).at(-1) as string
    await t.rejects(createClient({ transport, storage: new MemoryStorage(), ...options }), { message: RegExp(name) })
  }
  t.throws(() => new MemoryStorage({ historyPerConversation: -1 }), /historyPerConversation/)
})

t.test('a storage that cannot be opened, or of another version, is an error and no client', async t => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'journal'))
  const failure = createClient({ transport, storage: new FileStorage(folder) })
  await t.rejects(failure, { message: /local storage failed/, cause: { code: 'EISDIR' } })
  writeFileSync(join(folder, 'other'), '')
  const storage = new MemoryStorage()
  await commit(storage, { values: { format: 99 } })
  await t.rejects(createClient({ transport, storage }), { message: /another version/ })
})

t.test('a transport that throws is a connection that failed', async t => {
  const client = await createClient({ transport, storage: new MemoryStorage(), reconnectBaseMs: 1, signInTimeoutMs: 5 })
  const reasons: string[] = []
  client.on('connection', status => {
    if (status.state === 'waiting') reasons.push(status.reason)
  })
  await t.rejects(client.account.login({ account: 'ann', password: 'correct horse' }), { message: /no answer/ })
  t.ok(reasons.length > 0)
  t.ok(reasons.every(each => each === 'no network here'))
  await client.close()
})

/** Pages of records on a real Redis, while records go. */

import t from 'tap'
import { RedisServer } from '../../support/redis-server.js'
import { commit, newStamp, put, unit } from '../contract/support.js'
import { openOn } from './support.js'

const ACTOR = 'outbox/7'

t.test('a record that goes between its name and itself makes no page shorter', async t => {
  const server = await RedisServer.start()
  const store = await openOn(server.url)
  t.teardown(() => store.close())
  await commit(store, unit({ puts: ['a', 'b', 'c', 'd'].map(name => put(ACTOR, name, 'x', newStamp())) }))
  const get = store.get.bind(store)
  let gone = false
  store.get = async (actor, names) => {
    if (!gone) await commit(store, unit({ puts: [put(ACTOR, 'b', null)] }))
    gone = true
    return get(actor, names)
  }
  const names = async (after: string | null): Promise<string[]> =>
    (await store.scan(ACTOR, '', after, 2)).map(({ name }) => name)
  t.same(await names(null), ['a', 'c'])
  t.same(await names('c'), ['d'])
})

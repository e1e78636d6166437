/** Retention in a whole server, as somebody meets it who was away for too long. */

import t from 'tap'
import { MemoryStore } from '../../src/store/memory/store.js'
import { PARTITIONS } from '../../src/store/types.js'
import { userActor } from '../../src/sync/rules/records.js'
import { eventually } from '../support/eventually.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { befriend, Person } from '../support/person.js'
import { PASSWORD, startTestServer, testConfig } from '../support/server.js'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

t.test('who comes back behind the floor is told so, gets what is kept, and goes on', async t => {
  const clock = new JumpingClock()
  const store = new MemoryStore()
  const config = testConfig('--retention-days', '1', '--retention-items', '5')
  const server = await startTestServer({ clock, store, config })
  const alice = await Person.online(server.port, 'alice')
  const bob = await Person.online(server.port, 'bob')
  await befriend(alice, bob)
  await alice.say(bob, 'seen')
  await eventually(() => bob.shown.length === 1)
  await bob.leave()
  const missed = Array.from({ length: 20 }, (_, i) => `missed ${i + 1}`)
  await alice.say(bob, ...missed)
  const floorOf = (uid: number) => store.disk.read(userActor(uid), 0, 0, 1, 0).floor
  t.equal(floorOf(bob.uid), 0)
  clock.jump(2 * DAY_MS)
  await eventually(() => floorOf(bob.uid) > 0 && floorOf(alice.uid) > 0)

  await bob.come(server.port)
  await bob.caughtUp()
  await eventually(() => bob.shown.length === 6)
  t.same(
    bob.shown.map(({ text }) => text),
    ['seen', ...missed.slice(15)],
  )
  t.same(
    bob.events.filter(event => event === 'trimmed'),
    ['trimmed'],
    'once',
  )
  await alice.caughtUp()
  t.notOk(alice.events.includes('trimmed'), 'nothing is missing where everything was seen')
  await alice.say(bob, 'after')
  await eventually(() => bob.shown.at(-1)?.text === 'after')

  // A device that knows nothing yet: what is kept is all there is, and nothing is missing from it.
  const tablet = new Person('bob')
  await tablet.come(server.port)
  await tablet.client.account.login({ account: 'bob', password: PASSWORD })
  await eventually(() => tablet.shown.length === 6)
  t.same(tablet.events, [])
  for (const person of [alice, bob, tablet]) await person.leave()
  await server.drain()
})

t.test('--retention-bytes bounds a timeline of young messages; 0 does not', async t => {
  for (const [bytes, kept] of [
    ['40000', 2],
    ['0', 10],
  ] as const) {
    const clock = new JumpingClock()
    const store = new MemoryStore()
    const server = await startTestServer({ clock, store, config: testConfig('--retention-bytes', bytes) })
    const alice = await Person.online(server.port, 'alice')
    const bob = await Person.online(server.port, 'bob')
    await befriend(alice, bob)
    await bob.leave()
    const missed = Array.from({ length: 10 }, (_, i) => `${i} `.padEnd(15_000, 'x'))
    await alice.say(bob, ...missed)
    let walks = 0
    const { logs } = store
    store.logs = (...asked) => {
      walks += 1
      return logs.apply(store, asked)
    }
    const floor = () => store.disk.read(userActor(bob.uid), 0, 0, 1, 0).floor
    await eventually(() => {
      clock.jump(HOUR_MS)
      return walks > 2 * PARTITIONS && (kept === 10 || floor() > 0)
    })
    await bob.come(server.port)
    await bob.caughtUp()
    await eventually(() => bob.shown.length === kept)
    t.same(
      bob.shown.map(({ text }) => text),
      missed.slice(-kept),
    )
    t.equal(bob.events.includes('trimmed'), kept < 10)
    await Promise.all([alice.leave(), bob.leave()])
    await server.drain()
  }
})

/** A backup is put back an hour later, under people whose clients went on since. */

import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { verify } from '../../src/verify/verify.js'
import { eventually } from '../support/eventually.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { befriend, Person } from '../support/person.js'
import { PASSWORD, startTestServer, testConfig } from '../support/server.js'

const HOUR_MS = 3_600_000

/** Nobody was shown anything twice. */
function twice({ shown }: Person): string[] {
  const ids = shown.map(({ sender, device, sendSeq }) => `${sender}/${device}/${sendSeq}`)
  return ids.filter((id, i) => ids.indexOf(id) !== i)
}

t.test('clients that went on for an hour resync, show nothing twice, agree, and go on', async t => {
  const data = join(t.testdir(), 'data')
  const backup = join(t.testdir(), 'backup')
  const clock = new JumpingClock()
  const serve = async (port = 0) =>
    startTestServer({ clock, store: await openLmdbStore({ path: data }), config: testConfig('--port', String(port)) })

  let server = await serve()
  const { port } = server
  const alice = await Person.online(port, 'alice')
  const bob = await Person.online(port, 'bob')
  await befriend(alice, bob)
  await alice.say(bob, 'before 1', 'before 2')
  await eventually(() => bob.shown.length === 2)
  await backUp({ from: data, to: backup, clock: systemClock })
  clock.jump(HOUR_MS)

  // What the backup does not know: messages both ways, a device, a person.
  await alice.say(bob, 'lost 1', 'lost 2', 'lost 3')
  await bob.say(alice, 'answer, lost')
  const tablet = new Person('alice')
  await tablet.come(port)
  await tablet.client.account.login({ account: 'alice', password: PASSWORD })
  const tabletNumber = tablet.client.account.device
  const carol = await Person.online(port, 'carol')
  const carolBefore = carol.uid
  await eventually(() => bob.shown.length === 5 && alice.shown.length === 1)

  await server.drain()
  alice.client.send(bob.uid, 'written while it was away')
  t.match(await restore({ from: backup, to: data, epochMin: 0 }), { epoch: 2, replacedEpoch: 1 })
  server = await serve(port)

  await Promise.all([alice.caughtUp(), bob.caughtUp()])
  t.ok(alice.events.includes('resync'), alice.events.join(', '))
  t.ok(bob.events.includes('resync'), bob.events.join(', '))
  await eventually(() => carol.events.includes('UNAUTHENTICATED') && tablet.events.includes('UNAUTHENTICATED'))

  // They go on.
  await eventually(() => alice.client.state().sendQueue.length === 0)
  await alice.say(bob, 'after 1')
  await bob.say(alice, 'after 2')
  await eventually(() => bob.shown.at(-1)?.text === 'after 1' && alice.shown.at(-1)?.text === 'after 2')
  for (const person of [alice, bob]) t.same(twice(person), [])
  const once = ['before 1', 'before 2', 'lost 1', 'lost 2', 'lost 3']
  t.same(
    bob.shown.map(({ text }) => text).filter(text => once.includes(text)),
    once,
  )
  // What bob has of alice and what alice has sent is the same, but for what she was told nobody may have got.
  const got = (await bob.texts(alice)).filter(text => !text.startsWith('failed: '))
  const sent = (await alice.texts(bob)).filter(text => !text.startsWith('failed: '))
  t.same([...got].sort(), [...sent].sort())
  for (const text of ['before 1', 'before 2', 'after 1', 'after 2']) t.ok(sent.includes(text), text)

  // Numbers that were given out in the lost hour are not given to anybody else.
  const dave = await Person.online(port, 'dave')
  await carol.client.account.register({ account: 'carol', password: PASSWORD })
  await carol.caughtUp()
  t.not(carol.uid, carolBefore)
  t.not(dave.uid, carolBefore)
  await tablet.client.account.login({ account: 'alice', password: PASSWORD })
  await tablet.caughtUp()
  t.ok(tablet.client.account.device > tabletNumber)
  await eventually(() => tablet.shown.some(({ text }) => text === 'after 1'))

  for (const person of [alice, bob, carol, dave, tablet]) await person.leave()
  await server.drain()
  const faults: string[] = []
  const counts = await viewStore(data, systemClock, view => verify(view, fault => faults.push(fault)))
  t.same(faults, [])
  t.match(counts, { users: 4, friendships: 1 })
})

/** A backup is put back an hour later, under people whose clients went on since. */

import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { verify } from '../../src/verify/verify.js'
import { JumpingClock } from '../support/jumping-clock.js'
import { RestoredPeople } from '../support/restored-people.js'
import { startTestServer, testConfig } from '../support/server.js'

const HOUR_MS = 3_600_000

t.test('clients that went on for an hour resync, show nothing twice, agree, and go on', async t => {
  const data = join(t.testdir(), 'data')
  const backup = join(t.testdir(), 'backup')
  const clock = new JumpingClock()
  const serve = async (port = 0) =>
    startTestServer({ clock, store: await openLmdbStore({ path: data }), config: testConfig('--port', String(port)) })

  let server = await serve()
  const { port } = server
  const people = await RestoredPeople.begin(port)
  await backUp({ from: data, to: backup, clock: systemClock })
  clock.jump(HOUR_MS)

  await people.goOn(port)
  await server.drain()
  people.write()
  t.match(await restore({ from: backup, to: data, epochMin: 0 }), { epoch: 2, replacedEpoch: 1 })
  server = await serve(port)

  await people.end(t, port)
  await server.drain()
  const faults: string[] = []
  const counts = await viewStore(data, systemClock, view => verify(view, fault => faults.push(fault)))
  t.same(faults, [])
  t.match(counts, { users: 4, friendships: 1 })
})

/** A whole server whose descriptors are all held by connections, which come back when they are refused. */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CliProcess } from '../support/cli-process.js'
import { Crowd } from '../support/crowd.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { loginAccount } from '../support/server.js'
import { Writer } from '../support/writer.js'

const DESCRIPTORS = 150
const LIMITED = ['sh', '-c', `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`]

/** Two copies of each are stored: a journal file of 8 MiB is full after some 260 of them. */
const TEXT_BYTES = 16_000
const MESSAGES_PER_FILE = 270

t.test('messages and checkpoints go on while connections hold every descriptor', async t => {
  const data = t.testdir()
  const options = ['--data', data, '--limits', 'open', '--max-connections', '100000']
  const { server, ready } = await CliProcess.serveUnder(LIMITED, ...options)
  const alice = await Person.online(ready.port, 'alice')
  const bob = await Person.online(ready.port, 'bob')
  await befriend(alice, bob)
  const { uid } = bob
  await alice.leave()
  await bob.leave()
  const writer = new Writer(await loginAccount(ready.port, 'alice'), uid, TEXT_BYTES)
  await writer.connect(ready.port)

  const crowd = new Crowd(ready.port, 2 * DESCRIPTORS, 10)
  t.teardown(() => crowd.leave())
  await eventually(() => server.stderr.includes('EMFILE') || crowd.ended > DESCRIPTORS)
  const file = join(data, 'data.mdb')
  const before = statSync(file).mtimeMs
  await writer.write(() => writer.accepted.size > 3 * MESSAGES_PER_FILE)
  t.ok(writer.accepted.size > 3 * MESSAGES_PER_FILE, `${writer.accepted.size} messages`)
  t.ok(statSync(file).mtimeMs > before, 'checkpoints')
  t.equal(server.child.exitCode, null, server.stderr.slice(-1000))
  writer.close()
  crowd.leave()
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
})

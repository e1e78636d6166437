/**
 * Five thousand clients lose their connections and come back at the same moment, without the jitter that the client library
 * would put between them: all are back within seconds, nobody much later than the others, the event loop is not held up, and
 * those who were there go on talking.
 */

import t from 'tap'
import { befriend, registerUsers } from '../../bench/fleet.js'
import { child, heard, heldMs, Talk } from './support/storm.js'
import type { StormClientsWord } from './support/storm-clients.js'
import type { StormServerWord } from './support/storm-server.js'

const CLIENTS = 5_000
const BYSTANDERS = 20
const ROUNDS = 3
/** What one turn of the event loop may take. */
const HELD_MS_MAX = 50
/** The last one, and a bystander's message: far below what a person calls a failure. */
const BACK_MS_MAX = 10_000

t.test('5 000 clients come back at once', async t => {
  const server = child('storm-server.js', t.testdir(), '--limits', 'open')
  t.teardown(() => server.kill('SIGKILL'))
  const { port } = await heard<StormServerWord, 'ready'>(server, 'ready')
  const clients = child('storm-clients.js', String(port), String(CLIENTS))
  t.teardown(() => clients.kill('SIGKILL'))
  await heard<StormClientsWord, 'ready'>(clients, 'ready')
  const talk = new Talk(await befriend(await registerUsers(port, 'bystander', BYSTANDERS)))

  const held: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    clients.send('cut')
    await heard<StormClientsWord, 'cut'>(clients, 'cut')
    // The server has seen that they are gone when it answers again.
    await talk.exchanged(BYSTANDERS)
    await heldMs(server)
    const before = talk.begin()
    clients.send('reconnect')
    const { afterMs } = await heard<StormClientsWord, 'back'>(clients, 'back')
    held.push(await heldMs(server))
    const spokenMs = talk.delivered.percentile(1)
    const [first = 0, middle = 0, last = 0] = [afterMs[0], afterMs[CLIENTS / 2], afterMs[CLIENTS - 1]]
    t.comment(
      `back after ${[first, middle, last].map(Math.round)} ms, held ${held.at(-1)?.toFixed(1)}, chat ${spokenMs.toFixed(1)}`,
    )
    t.equal(afterMs.length, CLIENTS, 'everybody is back')
    t.ok(last < BACK_MS_MAX, `the last one after ${last} ms`)
    t.ok(last < 4 * middle, `nobody starved: half were back after ${middle} ms, the last after ${last} ms`)
    t.ok(talk.count - before >= BYSTANDERS, 'bystanders were heard meanwhile')
    t.ok(spokenMs < last / 2, `a bystander's message took ${spokenMs} ms, and the storm ${last} ms`)
  }
  talk.stop()
  // One round may meet a collection of garbage, or a machine that was given to somebody else.
  const good = held.filter(ms => ms < HELD_MS_MAX).length
  t.ok(good >= ROUNDS - 1, `the event loop was held for ${held} ms`)
})

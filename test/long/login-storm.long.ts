/**
 * A hundred logins a second, each with a password that takes 50 ms to check, for seconds: as many get in as the cores allow, the
 * others are told when to come back, the event loop is not held up, and those who were there go on talking.
 */

import t from 'tap'
import { befriend, registerUsers } from '../../bench/fleet.js'
import { Storm } from '../../bench/login.js'
import { LIMIT_NAMES } from '../../src/ops/rate-limits-table.js'
import { eventually } from '../support/eventually.js'
import { child, heard, heldMs, Talk } from './support/storm.js'
import type { StormServerWord } from './support/storm-server.js'

const PER_SECOND = 100
const ACCOUNTS = 5
/** So many are to be told to come back in each round, after those that may wait. */
const REFUSED = 60
const ROUNDS = 5
const BYSTANDERS = 6
const HELD_MS_MAX = 50
/** On two cores that do all of it at once, the clients' work too. */
const SPOKEN_MS_MAX = 1_000

t.test('a hundred logins a second', async t => {
  // As if each came from somewhere else.
  const off = LIMIT_NAMES.map(name => `${name}=off`).join(',')
  const server = child('storm-server.js', t.testdir(), '--set-limits', off, '--max-connections-per-address', '10000')
  t.teardown(() => server.kill('SIGKILL'))
  const { port } = await heard<StormServerWord, 'ready'>(server, 'ready')
  const storm = new Storm(port, PER_SECOND, ACCOUNTS)
  await storm.prepare()
  const talk = new Talk(await befriend(await registerUsers(port, 'bystander', BYSTANDERS)))
  await talk.exchanged(BYSTANDERS)
  await heldMs(server)
  talk.begin()

  storm.start()
  const held: number[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    await eventually(() => storm.refused >= round * REFUSED, 60_000)
    held.push(await heldMs(server))
  }
  const spokenMs = talk.delivered.percentile(0.99)
  storm.stop()
  talk.stop()
  t.comment(`${storm.sessions} got in; held ${held.map(Math.round)} ms; chat ${spokenMs.toFixed(1)} ms`)
  // Any other refusal would have been thrown by the storm.
  t.ok(storm.retryAfterMs >= 1_000 && storm.retryAfterMs < 60_000, `told to come back after ${storm.retryAfterMs} ms`)
  t.ok(storm.sessions > 0, 'and some got in')
  // Some rounds may meet a collection of garbage whose threads wait for a processor. Checks in the loop would hold it in each.
  const good = held.filter(ms => ms < HELD_MS_MAX).length
  t.ok(good > ROUNDS / 2, `the event loop was held for ${held} ms`)
  t.ok(spokenMs < SPOKEN_MS_MAX, `messages took ${spokenMs} ms`)
  storm.cut()
})

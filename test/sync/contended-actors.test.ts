/** Which actors count as contended, and for how long. */

import t from 'tap'
import { CONTENDED_MS, ContendedActors } from '../../src/sync/contended-actors.js'
import { ManualClock } from '../support/manual-clock.js'

t.test('an actor that is noticed no more is forgotten, also if nobody asks about it', t => {
  const clock = new ManualClock()
  const told: string[] = []
  const actors = new ContendedActors({ clock, random: { fraction: () => 0.5 }, tell: actor => told.push(actor) })
  t.ok(actors.isEmpty)
  actors.noticed('user/1')
  clock.advance(CONTENDED_MS - 1)
  actors.heard('user/2')
  t.ok(actors.has('user/1'))
  clock.advance(1)
  t.notOk(actors.has('user/1'))
  t.ok(actors.has('user/2'))
  clock.advance(CONTENDED_MS)
  t.ok(actors.isEmpty)
  t.same(told, ['user/1'])
  t.end()
})

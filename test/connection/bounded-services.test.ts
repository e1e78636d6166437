/** What a service sees of a caller whose answer may be large: the same as of any other. */
import t from 'tap'
import { METHODS } from '../../protocol/methods.js'
import { Backlog, backlogBounds } from '../../src/connection/backlog.js'
import { BoundedServices } from '../../src/connection/bounded-services.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import type { Caller } from '../../src/services/types.js'
import { FakeServices } from '../support/fake-services.js'
import { ManualClock } from '../support/manual-clock.js'

t.test('its attempt is known: requests that waited behind a new password go on by it', async t => {
  const services = new FakeServices()
  const limits = Limits.open(new ManualClock())
  const random = seededRandom('bounds')
  const bounded = new BoundedServices(services, { backlog: new Backlog(backlogBounds(2 ** 30)), limits, random })
  const caller: Caller = {
    uid: 7,
    device: 2,
    address: '192.0.2.1',
    told: 3,
    attempt: 5,
    signal: undefined,
    respond() {},
    refuse() {},
    accepted() {},
    synced() {},
  }
  for (const method of [METHODS.sync.number, METHODS.send.number]) bounded.request(caller, 1, method, new Uint8Array(0))
  t.match(
    services.requests.map(held => held.caller.attempt),
    [5, 5],
  )
})

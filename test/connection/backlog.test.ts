/** What waits for peers that do not read: counted by device, address and in all, and what happens at each bound. */

import t from 'tap'
import { CODES, type Code, codeName } from '../../protocol/codes.js'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { Backlog, backlogBounds, type CallerId } from '../../src/connection/backlog.js'
import { BoundedServices } from '../../src/connection/bounded-services.js'
import { AddressList } from '../../src/lib/network.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import type { Caller, TimelinePage } from '../../src/services/types.js'
import { connectionRig, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { appended } from '../support/events.js'
import { FakeServices } from '../support/fake-services.js'
import { ManualClock } from '../support/manual-clock.js'

const PAGE = FRAME_TO_CLIENT_BYTES_MAX
const SYNC = METHODS.sync.number

const callerId = (uid: number, address = '192.0.2.1', device = 1): CallerId => ({ uid, device, address })

t.test('bytes are counted by device, by address or network, and in all, and forgotten when they are gone', async t => {
  const exempt = new AddressList(['10.0.0.0/8'])
  const backlog = new Backlog({ deviceMax: 100, addressMax: 200, totalMax: 300, exempt })
  backlog.change(callerId(1), 100)
  t.equal(backlog.reached(callerId(1)), 'device')
  t.equal(backlog.reached(callerId(1, '192.0.2.1', 2)), undefined, 'another device of his')
  backlog.change(callerId(0), 100)
  t.equal(backlog.reached(callerId(2)), 'address', 'also by what belongs to nobody')
  t.equal(backlog.reached(callerId(2, '192.0.2.2')), undefined)
  backlog.change(callerId(3, '10.0.0.1'), 99)
  t.equal(backlog.isFull, false)
  backlog.change(callerId(4, '2001:db8::1'), 1)
  t.equal(backlog.isFull, true)
  t.equal(backlog.reached(callerId(5, '192.0.2.9')), 'total')
  backlog.change(callerId(6, '2001:db8::2'), 199)
  t.equal(backlog.reached(callerId(7, '2001:db8::3')), 'address', 'a /64 is one origin')
  for (const [each, bytes] of [
    [callerId(1), 100],
    [callerId(0), 100],
    [callerId(3, '10.0.0.1'), 99],
    [callerId(4, '2001:db8::1'), 1],
    [callerId(6, '2001:db8::2'), 199],
  ] as const)
    backlog.change(each, -bytes)
  t.same([backlog.total, backlog.keys], [0, 0])
})

t.test('the bounds are a share of the memory, and leave space for many phones behind an address', async t => {
  for (const gib of [0.125, 0.5, 1, 4, 64]) {
    const { deviceMax, addressMax, totalMax } = backlogBounds(gib * 2 ** 30)
    t.ok(totalMax <= Math.max(gib * 2 ** 30 * 0.125, 16 * 2 ** 20) && totalMax <= 256 * 2 ** 20, `${gib} GiB`)
    t.ok(addressMax >= 4 * deviceMax && totalMax >= 4 * addressMax)
    t.ok(deviceMax >= 3 * PAGE, 'a page on its way, one that is read, one of the connection before')
  }
})

class Asker implements Caller {
  readonly uid: number
  readonly device: number
  readonly address: string
  readonly told = 0
  readonly signal = undefined
  readonly refused: string[] = []

  constructor({ uid, device, address }: CallerId) {
    this.uid = uid
    this.device = device
    this.address = address
  }

  respond(): void {}
  accepted(): void {}
  synced(): void {}

  refuse(_id: number, code: Code, _message: string, retryAfterMs = 0): void {
    this.refused.push(`${codeName(code)} ${retryAfterMs > 0}`)
  }
}

function rigged(bounds: { deviceMax: number; addressMax: number; totalMax: number }, settings = {}) {
  const services = new FakeServices()
  const clock = new ManualClock()
  const limits = new Limits(clock, settings)
  const backlog = new Backlog(bounds)
  const bounded = new BoundedServices(services, { backlog, limits, random: seededRandom(1) })
  return { services, clock, limits, backlog, bounded }
}

const page = (bytes: number): TimelinePage => ({
  kind: 'page',
  items: [{ version: 1, bytes: new Uint8Array(bytes) }],
  to: 1,
  more: false,
  trimmed: false,
  head: 1,
})

t.test(
  'pages that are being read count as whole ones: only so many at once for a device, an address and all',
  async t => {
    const bounds = { deviceMax: 2 * PAGE, addressMax: 4 * PAGE, totalMax: 6 * PAGE }
    const { services, backlog, bounded } = rigged(bounds)
    const ask = (who: CallerId): Asker => {
      const caller = new Asker(who)
      bounded.request(caller, 1, SYNC, new Uint8Array(0))
      return caller
    }
    for (let i = 0; i < 2; i++) t.same(ask(callerId(1)).refused, [])
    t.same(ask(callerId(1)).refused, ['RATE_LIMITED true'], 'the device has its own to read first')
    for (let i = 0; i < 2; i++) t.same(ask(callerId(2)).refused, [])
    t.same(ask(callerId(3)).refused, ['OVERLOADED true'], 'the address')
    for (let i = 0; i < 2; i++) t.same(ask(callerId(4, '192.0.2.2')).refused, [])
    t.same(ask(callerId(5, '192.0.2.3')).refused, ['OVERLOADED true'], 'all')
    t.equal(services.requests.length, 6)
    t.equal(backlog.total, 6 * PAGE)
    const send = new Asker(callerId(1))
    bounded.request(send, 1, METHODS.send.number, new Uint8Array(0))
    t.same([send.refused, services.requests.length], [[], 7], 'what has a small answer goes on')
    services.requests.pop()
    for (const { caller, id } of services.requests) caller.synced(id, 0, page(10), [])
    t.same([backlog.total, backlog.keys], [0, 0])
    t.same(ask(callerId(1)).refused, [])
  },
)

t.test(
  'pages that wait for others are of their own device and address alone, and take nothing from everybody',
  async t => {
    const bounds = { deviceMax: 2 * PAGE, addressMax: 4 * PAGE, totalMax: 6 * PAGE }
    const { services, backlog, bounded } = rigged(bounds)
    const ask = (who: CallerId): readonly string[] => {
      const caller = new Asker(who)
      bounded.request(caller, 1, SYNC, new Uint8Array(0))
      const { refused } = caller
      if (refused.length === 0) services.requests.at(-1)?.caller.pageWaits?.(true)
      return refused
    }
    for (let uid = 1; uid <= 20; uid++) {
      for (let i = 0; i < 2; i++) t.same(ask(callerId(uid, `192.0.2.${uid}`)), [])
      t.same(ask(callerId(uid, `192.0.2.${uid}`)), ['RATE_LIMITED true'], 'the device has its own to read first')
    }
    t.same([backlog.total, backlog.isFull], [0, false])
    const [first, second, third] = services.requests
    first?.caller.pageWaits?.(false)
    t.equal(backlog.total, PAGE, 'it is read now')
    first?.caller.synced(1, 0, page(10), [])
    second?.caller.refuse(1, CODES.UNAVAILABLE.code, '')
    third?.caller.pageWaits?.(false)
    for (const { caller, id } of services.requests.slice(2)) caller.synced(id, 0, page(10), [])
    t.same([backlog.total, backlog.keys], [0, 0])
  },
)

t.test('a device gets so many bytes of pages each second, and a rest when it has had more', async t => {
  const open = { deviceMax: 2 ** 40, addressMax: 2 ** 40, totalMax: 2 ** 40 }
  const settings = { 'bytes-out': { amount: 1_000_000, unit: 's', burst: 5_000_000 } }
  const { services, clock, bounded, limits } = rigged(open, settings)
  let told = 0
  services.onRequest = ({ caller, id }) => {
    told += 250_000
    caller.synced(id, 0, page(250_000), [])
  }
  let refused = 0
  const run = (seconds: number): void => {
    for (let ms = 0; ms < seconds * 1_000; ms += 10) {
      const caller = new Asker(callerId(1))
      bounded.request(caller, 1, SYNC, new Uint8Array(0))
      refused += caller.refused.length
      clock.advance(10)
    }
  }
  run(1)
  t.ok(told >= 5_000_000 && told <= 8_000_000, `${told} at once`)
  told = 0
  run(30)
  t.ok(told >= 29_000_000 && told <= 32_000_000, `${told} in 30 s: all that it may have, in spite of the pauses`)
  t.ok(refused > 0 && (limits.hits.get('bytes-out') ?? 0) > 0)
  const other = new Asker(callerId(2))
  bounded.request(other, 1, SYNC, new Uint8Array(0))
  t.same(other.refused, [], 'somebody else is not touched')
})

// A connection ------------------------------------------------------------------------------------------------------------

const TOKEN = Uint8Array.of(7)

async function opened(totalMax: number, since = 0, before = 0) {
  const services = new FakeServices()
  const rig = connectionRig(services)
  const backlog = new Backlog({ deviceMax: totalMax, addressMax: totalMax, totalMax })
  backlog.change(callerId(99, '198.51.100.1'), before)
  Object.assign(rig.context, { backlog })
  const { pipe, connection } = rig.connect()
  for (let i = 0; i < 3; i++) services.timeline(7).append()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1, since })))
  await rig.turn()
  return { services, rig, backlog, pipe, connection }
}

t.test("what waits for a connection is its device's, until the kernel has it or the connection is gone", async t => {
  const { services, rig, backlog, pipe, connection } = await opened(1_000_000)
  t.equal(backlog.total, 0)
  pipe.takes = false
  for (let id = 2; id < 4; id++) {
    connection.receive(encodeRequest(id, METHODS.getProfile.number, new Uint8Array(0)))
    const asked = services.requests.at(-1)
    asked?.caller.respond(id, new Uint8Array(10_000))
    await rig.turn()
  }
  t.ok(backlog.total >= 20_000 && backlog.total < 20_100, `${backlog.total}`)
  t.equal(backlog.total, connection.waitingBytes)
  pipe.release()
  await rig.turn()
  connection.close(CODES.DRAINING.code)
  await rig.turn()
  connection.gone()
  t.same([backlog.total, backlog.keys], [0, 0])
})

t.test('while all is full pushes turn into Notify, and a first page into an empty one', async t => {
  const { services, rig, backlog, pipe, connection } = await opened(1_000_000, 0, 1_000_000)
  t.match(pipe.seen(), [
    { what: 'answer' },
    { what: 'push', from: 0, to: 0, versions: [] },
    { what: 'notify', version: 3 },
  ])
  backlog.change(callerId(99, '198.51.100.1'), -1_000_000)
  connection.receive(encodeRequest(2, SYNC, new Uint8Array(0)))
  services.requests.at(-1)?.caller.synced(2, 0, services.timeline(7).page(0), [])
  await rig.turn()
  pipe.seen()
  const grow = () => rig.hub.take(appended(7, services.timeline(7).append()))
  grow()
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'push', versions: [4] }])
  backlog.change(callerId(99, '198.51.100.1'), 1_000_000)
  grow()
  grow()
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'notify', version: 6 }])
})

/** Long polls: what ends their waiting, and that nothing slips through between reading and waiting. */

import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { createSyncRequest, decodeSyncResponse, type SyncRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { Member } from '../../src/connection/hub.js'
import type { TimelinePage } from '../../src/services/types.js'
import { appended, ended } from '../support/events.js'
import { FakeServices, type HeldRequest } from '../support/fake-services.js'
import { type AskedCall, ShortRig, settled, shown } from '../support/short-rig.js'

const USER = 7

interface Rig {
  readonly services: FakeServices
  readonly short: ShortRig
  /** A Sync of device 1, or of the device `token` names. */
  poll(init?: Partial<SyncRequest>, headers?: Record<string, string>): AskedCall
  /** An item of the user is durable now. */
  append(told?: 'told' | 'untold'): void
}

/** The services read the page at once; `held` keeps requests as they came. */
function rig(held?: HeldRequest[]): Rig {
  const services = new FakeServices()
  const short = new ShortRig(services)
  const timeline = services.timeline(USER)
  services.onRequest = request => {
    if (held === undefined) answerSync(services, request)
    else held.push(request)
  }
  return {
    services,
    short,
    poll: (init = {}, headers = {}) =>
      short.ask(METHODS.sync, createSyncRequest({ since: timeline.head, waitMs: 25_000, ...init }), USER, { headers }),
    append(told = 'told') {
      const grown = timeline.append()
      if (told === 'told') short.hub.take(appended(USER, grown))
    },
  }
}

function answerSync(services: FakeServices, { caller, id }: HeldRequest): void {
  caller.synced(id, caller.told, services.timeline(caller.uid).page(caller.told, services.itemsMax), [])
}

function pageOf({ answers }: AskedCall): { to: number; items: number; more: boolean } {
  const [answer] = answers
  if (answer?.status !== 200 || answers.length !== 1) throw new Error(`${answers.length} answers, ${answer?.status}`)
  const { to, items, more } = decodeSyncResponse(answer.body)
  return { to, items: items.length, more }
}

function member(attempt: number): Member {
  return { uid: USER, device: 1, attempt, appended() {}, close() {} } as unknown as Member
}

t.test('waits for an item, and is answered with it', async t => {
  const { short, poll, append } = rig()
  append()
  const waiting = poll()
  await settled()
  t.same([waiting.answers.length, short.hub.polls.size], [0, 1])
  append()
  await settled()
  t.same(pageOf(waiting), { to: 2, items: 1, more: false })
  t.same([short.hub.polls.size, short.clock.pending], [0, 0])
  append()
  await settled()
  t.equal(waiting.answers.length, 1)
})

t.test('is answered at once if there is an item, and with more', async t => {
  const { services, short, poll, append } = rig()
  for (let i = 0; i < 5; i++) append()
  t.same(pageOf(poll({ since: 2 })), { to: 5, items: 3, more: false })
  services.itemsMax = 2
  t.same(pageOf(poll({ since: 2 })), { to: 4, items: 2, more: true })
  t.same([short.hub.polls.size, short.clock.pending], [0, 0])
})

t.test('without wait_ms it does not wait, nor with sends', async t => {
  const { short, poll } = rig()
  t.same(pageOf(poll({ waitMs: 0 })), { to: 0, items: 0, more: false })
  t.same(pageOf(poll({ sends: [{ sendSeq: 1, to: 8, text: 'x' }] })), { to: 0, items: 0, more: false })
  t.equal(short.hub.polls.size, 0)
})

t.test('is answered with an empty page when its time is over, not sooner', async t => {
  const { short, poll } = rig()
  const waiting = poll({ waitMs: 10_000 })
  short.clock.advance(9_999)
  await settled()
  t.equal(waiting.answers.length, 0)
  short.clock.advance(1)
  await settled()
  t.same(pageOf(waiting), { to: 0, items: 0, more: false })
  t.same([short.hub.polls.size, short.clock.pending], [0, 0])
})

t.test('Connect-Timeout-Ms bounds the wait, with time for the answer', async t => {
  for (const [timeout, waits] of [
    ['1000', 900],
    ['5', 4.5],
    ['20000', 19_000],
    ['9999999999', 25_000],
  ] as const) {
    const { short, poll } = rig()
    const waiting = poll({}, { 'connect-timeout-ms': timeout })
    short.clock.advance(waits - 0.1)
    await settled()
    t.equal(waiting.answers.length, 0, timeout)
    short.clock.advance(0.1)
    await settled()
    t.equal(waiting.answers.length, 1, timeout)
  }
  const { poll } = rig()
  t.equal(poll({}, { 'connect-timeout-ms': '0' }).answers.length, 1)
})

t.test('an item that comes between the entry and the reading, or while a page is read, is not missed', async t => {
  const held: HeldRequest[] = []
  const { services, short, poll, append } = rig(held)
  const stale = services.timeline(USER).page(0)
  const waiting = poll()
  append() // the page that was read does not have it yet
  const [request] = held
  request?.caller.synced(request.id, 0, stale, [])
  await settled()
  t.same(pageOf(waiting), { to: 1, items: 1, more: false })

  const pages: (() => void)[] = []
  const again = poll()
  const empty = services.timeline(USER).page(1)
  held[1]?.caller.synced(held[1].id, 1, empty, [])
  services.heldPages = pages
  short.hub.take(appended(USER, { from: 1, version: 2, bytes: undefined })) // news without its item: it looks, and waits on
  const page = (): TimelinePage => services.timeline(USER).page(1)
  t.equal(pages.length, 1)
  append() // while that page is being read
  pages.shift()?.()
  await settled()
  t.match(page(), { to: 2 })
  t.same(pageOf(again), { to: 2, items: 1, more: false })
})

t.test('its page is read when other nodes tell this one what they append, and not before', async t => {
  const services = new FakeServices()
  services.onRequest = request => answerSync(services, request)
  const waiting: (() => void)[] = []
  const short = new ShortRig(services, {
    keep(uid) {
      t.ok(short.hub.holds(uid), 'it is there by then')
      return new Promise(resolve => waiting.push(resolve))
    },
    noteSet() {},
  })
  const poll = short.ask(METHODS.sync, createSyncRequest({ waitMs: 25_000 }), USER)
  await settled()
  services.timeline(USER).append() // by a node that knows no route
  for (const resolve of waiting) resolve()
  await settled()
  t.same(pageOf(poll), { to: 1, items: 1, more: false })
})

t.test('news that brings nothing leaves it waiting', async t => {
  const { short, poll, append } = rig()
  const waiting = poll()
  short.hub.take(appended(USER, { from: 0, version: 1, bytes: undefined }))
  short.hub.take(appended(USER + 1, { from: 0, version: 1, bytes: undefined }))
  await settled()
  t.same([waiting.answers.length, short.hub.polls.size], [0, 1])
  append()
  await settled()
  t.equal(pageOf(waiting).items, 1)
})

t.test('an event that was lost costs the wait and no item', async t => {
  const { short, poll, append } = rig()
  const waiting = poll()
  append('untold')
  short.clock.advance(25_000)
  await settled()
  t.same(pageOf(waiting), { to: 1, items: 1, more: false })
})

t.test('a newer poll of the device ends the older; other devices and polls of nobody stay', async t => {
  const { short, poll } = rig()
  const older = poll({ attempt: 3 })
  const nobody = poll()
  const newer = poll({ attempt: 3 })
  t.same(shown(older), { status: 409, connectCode: 'aborted', code: CODES.POLL_SUPERSEDED.code })
  t.same([nobody.answers.length, newer.answers.length, short.hub.polls.size], [0, 0, 2])
  poll()
  t.same(shown(nobody), { status: 409, connectCode: 'aborted', code: CODES.POLL_SUPERSEDED.code })
  t.same([newer.answers.length, short.hub.polls.size], [0, 2])
  const late = poll({ attempt: 2 })
  t.match(shown(late), { code: CODES.REPLACED.code, boundAttempt: 3 })
  t.same([newer.answers.length, short.hub.polls.size], [0, 2])
})

t.test('a higher attempt, by HTTP or on a connection, replaces it', async t => {
  const { short, poll } = rig()
  const first = poll({ attempt: 3 })
  const nobody = poll()
  short.hub.take(ended(USER, 1, 'attempt', 3)) // its own Hello
  short.hub.take(ended(USER, 2, 'attempt', 9)) // another device
  t.equal(first.answers.length, 0)
  short.hub.take(ended(USER, 1, 'attempt', 4))
  t.same(shown(first), { status: 409, connectCode: 'aborted', code: CODES.REPLACED.code, boundAttempt: 4 })
  const second = poll({ attempt: 4 })
  short.hub.bind(member(5))
  t.match(shown(second), { code: CODES.REPLACED.code, boundAttempt: 5 })
  t.match(shown(poll({ attempt: 4 })), { code: CODES.REPLACED.code, boundAttempt: 5 })
  t.same([nobody.answers.length, short.hub.polls.size], [0, 1])
})

t.test('any Sync below the bound attempt is refused, before anything of it is done', async t => {
  const { services, short, poll } = rig()
  services.attempt = 6
  const requests: HeldRequest[] = []
  services.onRequest = request => requests.push(request)
  for (const init of [{}, { waitMs: 0 }, { waitMs: 0, sends: [{ sendSeq: 1, to: 8, text: 'x' }] }]) {
    t.match(shown(poll({ attempt: 5, ...init })), { status: 409, code: CODES.REPLACED.code, boundAttempt: 6 })
  }
  t.equal(requests.length, 0)
  poll({ attempt: 6 })
  poll({ attempt: 0 })
  t.equal(requests.length, 2)
  t.equal(short.hub.polls.size, 2)
})

t.test('the end of its session ends it', async t => {
  const { short, poll } = rig()
  const waiting = [poll({ attempt: 3 }), poll()]
  short.hub.take(ended(USER, 1, 'session', Number.MAX_SAFE_INTEGER))
  for (const one of waiting) t.match(shown(one), { status: 401, code: CODES.SESSION_REVOKED.code })
  t.same([short.hub.polls.size, short.clock.pending], [0, 0])
})

t.test('when the peer goes away nothing is left of it', async t => {
  const { services, short, poll, append } = rig()
  const waiting = poll()
  waiting.call.abandoned()
  t.same([short.hub.polls.size, short.clock.pending], [0, 0])
  append()
  await settled()
  t.equal(waiting.answers.length, 0)

  const settles: (() => void)[] = []
  services.heldAuthorizations = settles
  const early = poll()
  early.call.abandoned()
  settles.shift()?.()
  t.same([early.answers.length, short.hub.polls.size], [0, 0], 'before it was known whose it is')
})

t.test('when the server stops each is told to come back at a time of its own', async t => {
  const { short, poll } = rig()
  const waiting = [poll({ attempt: 3 }), poll()]
  short.handler.drain(5_000)
  const retries = waiting.map(one => (shown(one) as { retryAfterMs: number }).retryAfterMs)
  for (const one of waiting) t.match(shown(one), { status: 503, code: CODES.DRAINING.code })
  t.not(retries[0], retries[1])
  t.same([short.hub.polls.size, short.clock.pending], [0, 0])
})

t.test('one that was superseded before the services refused it has one answer', async t => {
  const held: HeldRequest[] = []
  const { poll } = rig(held)
  const older = poll()
  poll()
  held[0]?.caller.refuse(held[0].id, CODES.RESYNC.code, 'future')
  t.match(shown(older), { code: CODES.POLL_SUPERSEDED.code })
})

t.test('what the services refuse does not wait', async t => {
  const held: HeldRequest[] = []
  const { services, short, poll, append } = rig(held)
  const refused = poll()
  held[0]?.caller.refuse(held[0].id, CODES.RESYNC.code, 'future')
  t.match(shown(refused), { status: 400, code: CODES.RESYNC.code })
  t.same([short.hub.polls.size, short.clock.pending], [0, 0])

  const waiting = poll()
  held[1]?.caller.synced(held[1].id, 0, services.timeline(USER).page(0), [])
  services.page = () => Promise.reject(new Error('the store is away'))
  append()
  await settled()
  t.match(shown(waiting), { status: 503, code: CODES.UNAVAILABLE.code, retryAfterMs: 1_000 })
  t.equal(short.hub.polls.size, 0)

  services.page = () => Promise.resolve({ kind: 'resync', head: 0 })
  const resync = poll({ since: 1 })
  held[2]?.caller.synced(held[2].id, 1, services.timeline(USER).page(1), [])
  append()
  await settled()
  t.match(shown(resync), { status: 400, code: CODES.RESYNC.code })
})

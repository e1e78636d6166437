/** The polls of the HTTP transport: when the next one goes, what becomes of its page, what a refused one means. */

import t from 'tap'
import { CODES, type CodeName } from '../../../protocol/codes.js'
import { createSendResult } from '../../../protocol/generated/messages.js'
import { HttpRig, page } from '../../support/http-rig.js'

t.test('polls follow each other; pages with more come without waiting', async t => {
  const rig = HttpRig.bound()
  const first = rig.exchange.calls[1]
  first?.answer('sync', page(5, 2, true))
  const second = rig.exchange.take()
  t.match(second.of('sync'), { since: 7, waitMs: 0, attempt: 3 })
  rig.clock.advance(100)
  second.answer('sync', page(7, 1))
  const third = rig.exchange.take()
  t.match(third.of('sync'), { since: 8, waitMs: 25_000 })
  rig.clock.advance(25_000)
  third.answer('sync', { to: 8 })
  t.match(rig.exchange.take().of('sync'), { since: 8 })
  t.same(rig.told(), ['push 5-7 2', 'push 7-8 1', 'push 8-8 0'])
})

t.test(
  'what a poll and a Sync with sends bring both is handed on twice, and what comes next begins behind it',
  async t => {
    const rig = HttpRig.bound()
    rig.sends(1, 1)
    rig.exchange.take().answer('sync', { ...page(5, 1), results: [createSendResult({ version: 6 })] })
    rig.exchange.calls[1]?.answer('sync', page(5, 1))
    t.same(rig.told(), ['push 5-6 1', '2', 'push 5-6 1'])
    rig.clock.advance(40)
    t.match(rig.exchange.take().of('sync'), { since: 6, waitMs: 25_000 })
  },
)

t.test('a page begins where its own Sync did, whatever came meanwhile', async t => {
  const rig = HttpRig.bound()
  rig.sends(1, 1)
  rig.clock.advance(100)
  rig.exchange.calls[1]?.answer('sync', page(5, 3))
  rig.exchange.take().answer('sync', { ...page(5, 4), results: [createSendResult({ version: 9 })] })
  t.same(rig.told(), ['push 5-8 3', 'push 5-9 4', '2'])
  t.match(rig.exchange.take().of('sync'), { since: 8 })
  rig.ack(7)
  rig.exchange.calls.at(-2)?.answer('sync', page(8, 3))
  rig.exchange.take().answer('sync', page(9, 1))
  t.same(rig.told(), ['push 8-11 3', 'push 9-10 1'])
})

t.test('a stream of news is gathered: 25 polls a second at most; news after a pause come at once', async t => {
  const rig = HttpRig.bound()
  let polls = 0
  for (let ms = 0; ms < 1_000; ms++) {
    const before = rig.exchange.calls.length
    rig.exchange.calls.at(-1)?.answer('sync', page(5 + polls, 1))
    rig.clock.advance(1)
    polls += rig.exchange.calls.length - before
  }
  t.ok(polls >= 24 && polls <= 26, `${polls} polls`)
  rig.clock.advance(1_000)
  const before = rig.exchange.calls.length
  rig.exchange.calls.at(-1)?.answer('sync', page(5 + polls, 1))
  t.equal(rig.exchange.calls.length, before + 1)
})

t.test('a poll that is one too many is asked again when the server said, and the connection stays', async t => {
  const rig = HttpRig.bound()
  rig.exchange.calls[1]?.refuse('RATE_LIMITED', 3_000)
  t.equal(rig.closed, undefined)
  rig.clock.advance(2_999)
  t.same(rig.exchange.peek(), [])
  rig.clock.advance(1)
  t.match(rig.exchange.take().of('sync'), { since: 5, waitMs: 25_000, attempt: 3 })
  t.same(rig.told(), [])
  // So long is better waited for without a connection.
  rig.exchange.calls.at(-1)?.refuse('RATE_LIMITED', 60_000)
  t.same(rig.told(), ['close RATE_LIMITED 0'])
})

t.test('somebody who answers polls at once with nothing is not asked in a circle', async t => {
  const rig = HttpRig.bound()
  rig.exchange.calls[1]?.answer('sync', { to: 5 })
  t.same(rig.exchange.peek(), [])
  rig.clock.advance(999)
  t.same(rig.exchange.peek(), [])
  rig.clock.advance(1)
  t.same(rig.exchange.peek(), ['Sync'])
  rig.exchange.take().answer('sync', { to: 5, more: true })
  t.match(rig.closed, { message: /where it began/ })
})

t.test('a refused poll closes the connection with its code, as a server does', async t => {
  const codes: CodeName[] = [
    'POLL_SUPERSEDED',
    'SESSION_REVOKED',
    'RESYNC',
    'DRAINING',
    'OVERLOADED',
    'REVISION_UNSUPPORTED',
    'INVALID_ARGUMENT',
  ]
  for (const code of codes) {
    const rig = HttpRig.bound()
    rig.exchange.calls[1]?.refuse(code, 4_000)
    t.match(rig.heard, [{ code: CODES[code].code, retryAfterMs: 4_000 }])
    t.same(rig.told(), [`close ${code} 0`])
    t.equal(rig.closed, 'clean')
  }
  const replaced = HttpRig.bound()
  replaced.exchange.calls[1]?.refuse('REPLACED', 0, { boundAttempt: 9 })
  t.same(replaced.told(), ['close REPLACED 9'])
  const proxied = HttpRig.bound()
  proxied.exchange.calls[1]?.respond(504, { 'retry-after': '2' })
  t.match(proxied.heard, [{ code: CODES.UNAVAILABLE.code, retryAfterMs: 2_000 }])
  const cut = HttpRig.bound()
  cut.exchange.calls[1]?.fail('reset')
  t.match(cut.closed, { message: 'reset' })
  const nonsense = HttpRig.bound()
  nonsense.exchange.calls[1]?.respond(200, { 'content-type': 'application/proto' }, Uint8Array.of(34, 9, 1))
  t.match(nonsense.closed, { message: /not understood/ })
})

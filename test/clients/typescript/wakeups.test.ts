/** After a sleep a connection may be dead without a sign: the client asks at once, by itself. */
import t from 'tap'
import { type PageLike, SleepWatch, watchPage } from '../../../clients/typescript/base/wakeups.js'
import { Harness } from '../../support/client-harness.js'
import { ManualClock } from '../../support/manual-clock.js'

t.test('a connection that died in a sleep is found within seconds of waking, not at the next heartbeat', async t => {
  const harness = await Harness.online()
  harness.advance(60_000)
  harness.pipe.skip()
  harness.clock.sleep(3_600_000)
  harness.advance(10_000)
  harness.pipe.takePing()
  harness.advance(8_000)
  t.equal(harness.pipe.closedByClient, true)
  t.match(harness.of('connection').at(-1), { state: 'waiting' })
})

t.test('one that lives goes on, and a client that waits for its next try has it at once', async t => {
  const harness = await Harness.online()
  harness.clock.sleep(60_000)
  harness.advance(10_000)
  t.same(harness.pipe.peek(), ['ping'])
  harness.pipe.receive(Uint8Array.of(0))
  harness.advance(100_000)
  t.equal(harness.client.state().phase, 'online')
  t.same(harness.pipe.peek(), ['ping'], 'a clock that runs is no reason to ask')
  for (let i = 0; i < 8; i++) {
    harness.pipe.end()
    for (let waited = 0; harness.client.state().phase === 'waiting' && waited < 60_000; waited += 100)
      harness.advance(100)
  }
  harness.pipe.end()
  const before = harness.pipes.length
  harness.clock.sleep(60_000)
  harness.client.markRead(300)
  harness.client.send(300, 'what is done looks at the clock too')
  harness.settle()
  t.equal(harness.pipes.length, before + 1)
})

t.test(
  'it is a sleep when clocks part by seconds either way, or a tick comes minutes late; not when they are set a little',
  async t => {
    const clock = new ManualClock()
    let woke = 0
    const watch = new SleepWatch(clock, () => woke++)
    watch.start()
    clock.advance(100_000)
    clock.sleep(2_000)
    clock.advance(10_000)
    t.equal(woke, 0)
    clock.sleep(20_000)
    watch.look()
    t.equal(woke, 1)
    clock.sleep(-20_000)
    clock.advance(10_000)
    t.equal(woke, 2)
    clock.stall(60_000)
    clock.advance(10_000)
    t.equal(woke, 2, 'a page in the background has its timers once a minute')
    clock.stall(600_000)
    clock.advance(0)
    t.equal(woke, 3)
    watch.stop()
    t.equal(clock.pending, 0)
    clock.sleep(60_000)
    watch.look()
    t.equal(woke, 3)
  },
)

t.test('nothing ticks while nothing is tried, and never more than one timer', async t => {
  const harness = await Harness.start()
  t.equal(harness.clock.pending, 0)
  const online = await Harness.online()
  const pending = online.clock.pending
  for (let i = 0; i < 5; i++) {
    online.pipe.end()
    online.reconnect()
  }
  online.pipe.skip()
  t.ok(online.clock.pending <= pending, `${online.clock.pending}`)
  await online.client.close()
  t.equal(online.clock.pending, 0)
})

t.test('a page tells: it is in front, it is back from the cache, the network is', async t => {
  const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' })
  const page = Object.assign(new EventTarget(), { document })
  let woke = 0
  const end = watchPage(() => woke++, page as unknown as PageLike)
  document.dispatchEvent(new Event('visibilitychange'))
  t.equal(woke, 0)
  document.visibilityState = 'visible'
  document.dispatchEvent(new Event('visibilitychange'))
  page.dispatchEvent(new Event('online'))
  page.dispatchEvent(new Event('pageshow'))
  t.equal(woke, 3)
  end()
  document.dispatchEvent(new Event('visibilitychange'))
  page.dispatchEvent(new Event('online'))
  t.equal(woke, 3)
  watchPage(() => woke++)()
})

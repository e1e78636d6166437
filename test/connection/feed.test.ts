import t from 'tap'
import { encodePushFrame, type RawItem } from '../../protocol/item-codec.js'
import { Feed, NOTIFY_AGAIN_TICKS, type PushEncoder } from '../../src/connection/feed.js'
import type { AppendedEvent } from '../../src/sync/events.js'
import { appended } from '../support/events.js'

const ITEM = Uint8Array.of(0x12, 0x00)

function item(from: number, version: number, bytes: Uint8Array | undefined = ITEM): AppendedEvent {
  return appended(7, { from, version, bytes })
}

/** Keeps what was asked of it. */
class Encoder implements PushEncoder {
  readonly asked: [from: number, to: number, versions: number[]][] = []
  encode(_uid: number, from: number, to: number, items: readonly RawItem[]): Uint8Array {
    this.asked.push([from, to, items.map(item => item.version)])
    return encodePushFrame(from, to, false, items)
  }
}

t.test('what follows is gathered, in one range', async t => {
  const feed = new Feed(4, 4)
  const encoder = new Encoder()
  t.equal(feed.take(7, encoder), undefined)
  t.equal(feed.offer(item(4, 6), true), true)
  t.equal(feed.offer(item(6, 7), true), true)
  t.equal(feed.gatheredBytes, 4)
  t.ok(feed.take(7, encoder))
  t.same(encoder.asked, [[4, 7, [6, 7]]])
  t.same([feed.pushedTo, feed.told, feed.behind, feed.gathered], [7, 7, false, false])
})

t.test('what the client has already is nothing, what it cannot reach leaves it behind', async t => {
  const feed = new Feed(4, 4)
  t.equal(feed.offer(item(2, 4), true), false)
  t.equal(feed.offer(item(5, 6), true), true)
  t.same([feed.gathered, feed.behind, feed.pushedTo, feed.head], [false, true, 4, 6])
  t.equal(feed.offer(item(4, 5), true), true, 'a late item closes the gap')
  t.same([feed.gathered, feed.pushedTo, feed.behind], [true, 5, true])
})

t.test('without space it falls behind, and stays so until it is paged', async t => {
  const feed = new Feed(4, 4)
  feed.offer(item(4, 5), false)
  feed.offer(item(5, 6), true)
  t.same([feed.gathered, feed.behind, feed.told], [false, true, 4])
  feed.paged(6, 6, false)
  t.equal(feed.behind, false)
  feed.offer(item(6, 7), true)
  t.equal(feed.gathered, true)
})

t.test('a page that is older than what was pushed takes nothing back', async t => {
  const feed = new Feed(0, 0)
  feed.offer(item(0, 5), true)
  feed.take(7, new Encoder())
  feed.paged(3, 3, false)
  t.same([feed.pushedTo, feed.told, feed.notify(1)], [5, 5, 0])
})

t.test('after a page with more behind it nothing is pushed', async t => {
  const feed = new Feed(0, 9)
  feed.paged(3, 9, true)
  feed.offer(item(9, 10), true)
  t.same([feed.gathered, feed.pushedTo, feed.told], [false, 3, 3])
})

t.test(
  'an Accepted that joins counts as a push; one beyond reach makes the client pull and counts as told',
  async t => {
    const feed = new Feed(4, 4)
    feed.accepted(4, 5)
    t.same([feed.pushedTo, feed.told, feed.notify(1)], [5, 5, 0])
    feed.accepted(6, 7)
    t.same([feed.pushedTo, feed.told, feed.behind], [5, 5, true])
    t.equal(feed.notify(1), 0, 'the answer said it')
    feed.offer(item(7, 8), true)
    t.equal(feed.gathered, false)
    t.equal(feed.notify(NOTIFY_AGAIN_TICKS + 1), 8)
    feed.accepted(4, 5)
    t.equal(feed.pushedTo, 5, 'an old range moves nothing')
  },
)

t.test('notifies once; again only for more, and only after a while', async t => {
  const feed = new Feed(0, 0)
  t.equal(feed.notify(10), 0)
  t.equal(feed.notifyTick, Number.POSITIVE_INFINITY)
  feed.offer(item(1, 2), true)
  t.equal(feed.notify(10), 2)
  t.equal(feed.notify(100), 0)
  feed.offer(item(2, 3), true)
  t.equal(feed.notify(11), 0)
  t.equal(feed.notifyTick, 10 + NOTIFY_AGAIN_TICKS)
  t.equal(feed.notify(10 + NOTIFY_AGAIN_TICKS), 3)
  feed.paged(3, 3, false)
  feed.offer(item(4, 5), true)
  t.equal(feed.notify(10 + NOTIFY_AGAIN_TICKS), 5, 'at once, for it had pulled everything')
})

t.test('a first page is not told to have more, a Sync answer is', async t => {
  const first = new Feed(0, 9)
  first.paged(5, 9, false)
  t.equal(first.notify(1), 9)
  const answer = new Feed(0, 9)
  answer.paged(5, 9, true)
  t.equal(answer.notify(1), 0)
})

t.test('after RESYNC everything is to be pulled, and what was told may still be acknowledged', async t => {
  const feed = new Feed(0, 0)
  feed.offer(item(0, 1), true)
  feed.resync(1)
  t.same([feed.pushedTo, feed.told, feed.gathered, feed.notify(1)], [0, 1, false, 0])
  feed.offer(item(1, 2), true)
  t.equal(feed.gathered, false)
  feed.paged(2, 2, false)
  feed.offer(item(2, 3), true)
  t.equal(feed.gathered, true)
})

t.test('after RESYNC the head is the one that the store has now, though a higher one was known', async t => {
  const feed = new Feed(0, 9)
  feed.paged(9, 9, false)
  feed.offer(item(11, 12), false)
  feed.resync(5)
  t.same([feed.head, feed.notify(1)], [5, 0], 'the client pulls from 0')
  feed.paged(5, 5, false)
  t.equal(feed.behind, false)
  feed.offer(item(6, 7), true)
  t.equal(feed.notify(2), 7)
})

t.test('says when a push is full, by items and by bytes', async t => {
  const many = new Feed(0, 0)
  for (let i = 0; i < 256; i++) {
    t.equal(many.full, false)
    many.offer(item(i, i + 1), true)
  }
  t.equal(many.full, true)
  const large = new Feed(0, 0)
  for (let i = 0; i < 8; i++) large.offer(item(i, i + 1, new Uint8Array(16_384)), true)
  t.equal(large.full, true)
})

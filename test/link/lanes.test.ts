/** Which logic node gets a call, in which order, and what becomes of it when the node goes. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { createAckNotice, createMark, decodeAckNotice } from '../../protocol/generated/messages.js'
import { seededRandom } from '../../src/lib/random.js'
import { AckCall, type Call } from '../../src/link/calls.js'
import { Fields } from '../../src/link/fields.js'
import {
  ACK_BYTES_MAX,
  ACKS_UNDER_WAY_MAX,
  type AnyLink,
  Lanes,
  PENDING_BYTES_MAX,
  PENDING_MAX,
  SENDS_MAX,
  SHARE_BYTES_MAX,
  SHARE_MAX,
  WAIT_MS,
} from '../../src/link/lanes.js'
import { LINK } from '../../src/link/messages.js'
import type { Caller } from '../../src/services/types.js'
import { ManualClock } from '../support/manual-clock.js'

class FakeCall implements Call {
  readonly method: number
  readonly uid: number
  readonly bytes: number
  readonly stranger: string | undefined
  readonly gone = new AbortController()
  refusedWith: number | undefined
  retryMs = 0

  constructor(uid: number, bytes = 100, method: number = LINK.request, stranger?: string) {
    this.uid = uid
    this.stranger = stranger
    this.method = method
    this.bytes = bytes
  }

  get signal(): AbortSignal {
    return this.gone.signal
  }

  body(): Uint8Array {
    return new Uint8Array(0)
  }

  answered(): void {}

  refused(code: number, _message: string, retryMs: number): void {
    this.refusedWith = code
    this.retryMs = retryMs
  }
}

class FakeLink implements AnyLink {
  readonly node: string
  isOpen = true
  readonly sent: [call: Call, again: boolean][] = []
  /** Called in the middle of a send. */
  onSend: () => void = () => {}

  constructor(node: string) {
    this.node = node
  }

  send(call: Call, again: boolean): void {
    this.sent.push([call, again])
    this.onSend()
  }
}

function rig(...nodes: string[]) {
  const clock = new ManualClock()
  const lanes = new Lanes({ clock, random: seededRandom('lanes') })
  const links = nodes.map(node => new FakeLink(node))
  for (const link of links) lanes.opened(link)
  const submit = (uid: number, bytes?: number): FakeCall => {
    const call = new FakeCall(uid, bytes)
    lanes.submit(call)
    return call
  }
  const lose = (link: FakeLink): void => {
    link.isOpen = false
    lanes.lost(
      link,
      link.sent.map(([call]) => call),
    )
  }
  return { clock, lanes, links, submit, lose }
}

/** Two links: first the one that was sent something. */
function homeFirst(links: readonly FakeLink[]): readonly [FakeLink, FakeLink] {
  const [a, b] = links.toSorted((one, other) => other.sent.length - one.sent.length)
  if (a === undefined || b === undefined) throw new Error('there are not two links')
  return [a, b]
}

t.test('all calls of a user go to one node, and users are spread over the nodes', async t => {
  const { links, submit } = rig('a', 'b', 'c')
  for (let i = 0; i < 300; i += 1) submit(1 + (i % 100))
  const homes = new Map<number, Set<string>>()
  for (const link of links) {
    t.ok(link.sent.length > 30, `${link.node}: ${link.sent.length}`)
    for (const [{ uid }] of link.sent) homes.set(uid, (homes.get(uid) ?? new Set()).add(link.node))
  }
  t.equal(homes.size, 100)
  for (const nodes of homes.values()) t.equal(nodes.size, 1)
})

t.test('a better node that comes gets a user when what is under way is answered, not before', async t => {
  const { lanes, links, submit } = rig('a')
  const [a] = links
  const first = Array.from({ length: 50 }, (_, i) => submit(1 + i))
  const b = new FakeLink('b')
  lanes.opened(b)
  for (let uid = 1; uid <= 50; uid += 1) submit(uid)
  t.equal(b.sent.length, 0)
  t.equal(a?.sent.length, 100)
  for (const [call] of a?.sent ?? []) lanes.answered(call)
  for (const { uid } of first) submit(uid)
  t.ok(b.sent.length > 10, `${b.sent.length}`)
})

t.test('when a link is lost, its calls are sent again, in their order, before those that came later', async t => {
  const { lanes, links, submit, lose } = rig('a', 'b')
  const calls = Array.from({ length: 5 }, () => submit(1))
  const [home, other] = homeFirst(links)
  t.equal(home.sent.length, 5)
  const answered = calls.shift()
  if (answered !== undefined) lanes.answered(answered)
  home.sent.shift()
  lose(home)
  const later = submit(1)
  t.same(
    other.sent.map(([call]) => call),
    [...calls, later],
  )
  t.same(
    other.sent.map(([, again]) => again),
    [true, true, true, true, false],
  )
  t.equal(lanes.figures.repeated, 4)
  for (const [call] of other.sent) lanes.answered(call)
  t.equal(lanes.size, 0)
})

t.test('a node that leaves gets no new calls; those of its users wait until it has answered', async t => {
  const { lanes, links, submit } = rig('a', 'b')
  const first = submit(1)
  const [home, other] = homeFirst(links)
  home.isOpen = false
  lanes.left(home)
  const second = submit(1)
  t.equal(other.sent.length, 0)
  lanes.answered(first)
  t.same(other.sent, [[second, false]])
})

t.test('without a node calls wait in their order; one is refused after its time, and later ones at once', async t => {
  const { clock, lanes, submit } = rig()
  const first = submit(1)
  const nobodys = submit(0)
  clock.advance(WAIT_MS / 2)
  const second = submit(1)
  clock.advance(WAIT_MS / 2 + 500)
  t.equal(first.refusedWith, CODES.UNAVAILABLE.code)
  t.equal(nobodys.refusedWith, CODES.UNAVAILABLE.code)
  t.ok(first.retryMs >= 1_000)
  t.equal(second.refusedWith, undefined)
  t.equal(submit(2).refusedWith, CODES.UNAVAILABLE.code, 'nobody was there for so long')
  const link = new FakeLink('a')
  lanes.opened(link)
  t.same(link.sent, [[second, false]])
  submit(2)
  t.equal(link.sent.length, 2)
  lanes.close()
  t.equal(second.refusedWith, CODES.UNAVAILABLE.code)
})

t.test('what was sent and nobody waits for is not sent again', async t => {
  const { clock, lanes, links, submit, lose } = rig('a')
  const [a] = links
  if (a === undefined) throw new Error('no link')
  const gone = submit(1)
  const stays = submit(1)
  gone.gone.abort()
  lose(a)
  clock.advance(500)
  const again = new FakeLink('a')
  lanes.opened(again)
  t.same(again.sent, [[stays, true]])
  t.equal(lanes.size, 1)
})

t.test('a link that is lost while a lane is sent keeps the order', async t => {
  const { lanes, submit } = rig()
  const calls = Array.from({ length: 4 }, () => submit(1))
  const a = new FakeLink('a')
  a.onSend = () => {
    if (a.sent.length < 2) return
    a.isOpen = false
    lanes.lost(
      a,
      a.sent.map(([call]) => call),
    )
  }
  lanes.opened(a)
  t.equal(a.sent.length, 2)
  const b = new FakeLink('b')
  lanes.opened(b)
  t.same(
    b.sent,
    calls.map((call, index) => [call, index < 2]),
  )
})

t.test('the calls that are not answered are bounded by number and bytes', async t => {
  const { lanes, links, submit } = rig('a')
  for (let i = 0; i < PENDING_MAX; i += 1) submit(1 + (i % 1_000), 1)
  const beyond = submit(5, 1)
  t.equal(beyond.refusedWith, CODES.OVERLOADED.code)
  const [[first] = []] = links[0]?.sent ?? []
  if (first !== undefined) lanes.answered(first)
  t.equal(submit(5, 1).refusedWith, undefined)

  const large = rig('a')
  for (let i = 0; i < 64; i += 1) large.submit(i + 1, PENDING_BYTES_MAX / 64)
  t.equal(large.submit(70, 1).refusedWith, CODES.OVERLOADED.code)
  t.equal(large.lanes.figures.refused, 1)
})

t.test('a node that is lost while it leaves: what it had goes before what waited for it', async t => {
  const { lanes, links, submit, lose } = rig('a', 'b')
  const first = submit(1)
  const [home, other] = homeFirst(links)
  home.isOpen = false
  lanes.left(home)
  const second = submit(1)
  lose(home)
  t.same(other.sent, [
    [first, true],
    [second, false],
  ])
})

t.test('a node that is to get no more calls gets none, also of a user whose calls it has', async t => {
  const { lanes, links, submit } = rig('a', 'b')
  const first = submit(1)
  const [home, other] = homeFirst(links)
  lanes.left(home)
  t.equal(home.isOpen, true)
  const second = submit(1)
  t.same(home.sent, [[first, false]])
  lanes.answered(first)
  t.same(other.sent, [[second, false]])
})

t.test('acks and requests do not keep each other out', async t => {
  const { lanes, submit } = rig('a')
  const submitAck = (uid: number): FakeCall => {
    const ack = new FakeCall(uid, ACK_BYTES_MAX / 64, LINK.ack)
    lanes.submit(ack)
    return ack
  }
  for (let i = 0; i < 64; i += 1) t.equal(submitAck(1 + i).refusedWith, undefined)
  t.equal(submitAck(70).refusedWith, CODES.OVERLOADED.code)
  for (let i = 0; i < 64; i += 1) t.equal(submit(i + 1, PENDING_BYTES_MAX / 64).refusedWith, undefined)
})

t.test('one user has a share, and so has a network without a session, whatever token it names', async t => {
  const { lanes, submit, links } = rig('a')
  const submitFrom = (stranger: string, uid: number, bytes: number): FakeCall => {
    const call = new FakeCall(uid, bytes, LINK.hello, stranger)
    lanes.submit(call)
    return call
  }
  const [some, more] = [submit(1, SHARE_BYTES_MAX / 2), submit(1, SHARE_BYTES_MAX / 2)]
  t.equal(some.refusedWith, undefined)
  t.equal(more.refusedWith, undefined)
  t.equal(submit(1, 1).refusedWith, CODES.OVERLOADED.code)
  for (let i = 0; i < SHARE_MAX; i += 1) submit(2, 1)
  t.equal(submit(2, 1).refusedWith, CODES.OVERLOADED.code)
  for (const address of ['10.0.0.1', '2001:db8::1']) {
    for (let i = 0; i < SHARE_MAX; i += 1) submitFrom(address, i % 2 === 0 ? 3 : 0, 1)
  }
  t.equal(submitFrom('10.0.0.1', 3, 1).refusedWith, CODES.OVERLOADED.code)
  t.equal(submitFrom('2001:db8::2', 4, 1).refusedWith, CODES.OVERLOADED.code)
  t.equal(submitFrom('10.0.0.2', 3, 1).refusedWith, undefined)
  t.equal(submit(3, 1).refusedWith, undefined, 'the user whom the strangers named')
  for (const [call] of links[0]?.sent ?? []) lanes.answered(call)
  t.equal(lanes.size, 0)
  t.equal(submit(1, SHARE_BYTES_MAX).refusedWith, undefined)
  t.equal(submitFrom('10.0.0.1', 3, SHARE_BYTES_MAX).refusedWith, undefined)
})

/** Acks of a user's devices, with what a logic node would get of them. */
function acking(uid: number, lanes: Lanes) {
  const ack = (device: number, version: number, ...peers: number[]): void => {
    const caller: Caller = { uid, device, address: '10.0.0.7', told: version, ...NO_ANSWERS }
    const delivered = peers.map(peer => createMark({ peer, device: 1, sendSeq: version }))
    lanes.submit(new AckCall(caller, createAckNotice({ version, delivered, read: delivered.slice(0, 1) })))
  }
  const noticeOf = (call: Call | undefined) => {
    const fields = new Fields(call?.body(false) ?? new Uint8Array(0))
    return { device: fields.number(2), told: fields.number(4), ...decodeAckNotice(fields.bytes(5)) }
  }
  return { ack, noticeOf }
}

const NO_ANSWERS = { signal: undefined, respond() {}, refuse() {}, accepted() {}, synced() {} }

t.test('acks that wait are merged, one for each device, and wait for as long as it takes', async t => {
  const { clock, lanes } = rig()
  const { ack, noticeOf } = acking(7, lanes)
  for (let version = 1; version <= 1_000; version += 1) ack(1 + (version % 3), version, 1 + (version % 5))
  t.equal(lanes.size, 3)
  clock.advance(2 * WAIT_MS)
  ack(1, 1_001)
  t.equal(lanes.size, 3)
  const link = new FakeLink('a')
  lanes.opened(link)
  const notices = link.sent.map(([call]) => noticeOf(call))
  t.same(notices.map(({ device, version, told }) => [device, version, told]).sort(), [
    [1, 1_001, 1_001],
    [2, 1_000, 1_000],
    [3, 998, 998],
  ])
  for (const { device, delivered, read } of notices) {
    const last = (peer: number): number => {
      for (let version = 1_000; ; version -= 1)
        if (1 + (version % 5) === peer && 1 + (version % 3) === device) return version
    }
    for (const marks of [delivered, read]) {
      t.same(
        marks.map(({ peer, sendSeq }) => [peer, sendSeq]).sort(),
        [1, 2, 3, 4, 5].map(peer => [peer, last(peer)]),
      )
    }
  }
  for (const [call] of link.sent) lanes.answered(call)
  t.equal(lanes.size, 0)
})

t.test('of one user so many acks are under way; what is held back goes before the next request', async t => {
  const { lanes, links, submit } = rig('a')
  const { ack, noticeOf } = acking(7, lanes)
  const sent = links[0]?.sent ?? []
  for (let version = 1; version <= 10_000; version += 1) ack(version % 8, version, 1)
  t.equal(sent.length, ACKS_UNDER_WAY_MAX)
  t.equal(lanes.size, ACKS_UNDER_WAY_MAX + 8)
  const [[first] = []] = sent
  if (first !== undefined) lanes.answered(first)
  t.equal(sent.length, ACKS_UNDER_WAY_MAX + 1, 'one is answered, the next one goes')
  const request = submit(7)
  t.equal(sent.length, ACKS_UNDER_WAY_MAX + 8 + 1)
  t.equal(sent.at(-1)?.[0], request)
  t.equal(noticeOf(sent.at(-2)?.[0]).version, 10_000)
  for (const [call] of sent) lanes.answered(call)
  t.equal(lanes.size, 0)
})

t.test('an ack takes over no more marks than a frame may have', async t => {
  const { lanes } = rig()
  const { ack, noticeOf } = acking(7, lanes)
  const peers = Array.from({ length: 200 }, (_, i) => 1 + i)
  ack(1, 10, ...peers)
  ack(1, 11, ...peers.map(peer => peer + 56))
  t.equal(lanes.size, 1)
  ack(1, 12, 1_000)
  t.equal(lanes.size, 2)
  const link = new FakeLink('a')
  lanes.opened(link)
  t.same(
    link.sent.map(([call]) => noticeOf(call)).map(({ version, delivered }) => [version, delivered.length]),
    [
      [11, 256],
      [12, 1],
    ],
  )
})

t.test('one user fills neither the space of requests nor that of acks', async t => {
  const { lanes } = rig()
  const { ack } = acking(7, lanes)
  const peers = Array.from({ length: 256 }, (_, i) => 1 + i)
  for (let version = 1; version <= 2_000; version += 1) ack(1, version, ...peers.map(peer => peer + 256 * version))
  t.ok(lanes.size < 128, `${lanes.size} acks wait`)
  const other = new FakeCall(8, ACK_BYTES_MAX / 32, LINK.ack)
  lanes.submit(other)
  t.equal(other.refusedWith, undefined)
})

t.test('a call with which every node is lost is refused in the end, and no node sees it any more', async t => {
  const { lanes, submit, lose } = rig()
  const [poison, next] = [submit(1), submit(1)]
  for (let i = 1; i <= SENDS_MAX; i++) {
    t.equal(poison.refusedWith, undefined)
    const link = new FakeLink(`node ${i}`)
    lanes.opened(link)
    t.same(
      link.sent.map(([call, again]) => [call === poison ? 'poison' : 'next', again]),
      [
        ['poison', i > 1],
        ['next', i > 1],
      ],
    )
    lose(link)
  }
  t.equal(poison.refusedWith, CODES.UNAVAILABLE.code)
  t.equal(next.refusedWith, CODES.UNAVAILABLE.code, 'nobody knows which of them it was')
  t.equal(lanes.size, 0)
  t.notOk(lanes.has(1))
  const last = new FakeLink('last')
  lanes.opened(last)
  const later = submit(1)
  t.strictSame(last.sent, [[later, false]])
})

/** Which logic node gets a call, in which order, and what becomes of it when the node goes. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { seededRandom } from '../../src/lib/random.js'
import type { Call } from '../../src/link/calls.js'
import { type AnyLink, Lanes, PENDING_BYTES_MAX, PENDING_MAX, WAIT_MS } from '../../src/link/lanes.js'
import { LINK } from '../../src/link/messages.js'
import { ManualClock } from '../support/manual-clock.js'

class FakeCall implements Call {
  readonly method: number
  readonly uid: number
  readonly bytes: number
  readonly gone = new AbortController()
  refusedWith: number | undefined
  retryMs = 0

  constructor(uid: number, bytes = 100, method: number = LINK.request) {
    this.uid = uid
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

t.test('acks do not keep requests out', async t => {
  const { lanes, submit } = rig('a')
  for (let i = 0; i < PENDING_MAX; i += 1) lanes.submit(new FakeCall(1 + (i % 1_000), 1, LINK.ack))
  const ack = new FakeCall(1, 1, LINK.ack)
  lanes.submit(ack)
  t.equal(ack.refusedWith, undefined)
  t.equal(submit(1, 1).refusedWith, undefined)
})

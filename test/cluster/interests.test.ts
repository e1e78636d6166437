import t from 'tap'
import { HERE_MS, INTEREST_MS, INTERESTS_MAX, Interests, RENEW_MS } from '../../src/cluster/interests.js'
import { nodeAt, type TransientEvent } from '../../src/sync/events.js'
import { ManualClock } from '../support/manual-clock.js'

/** Nodes that tell each other at once, unless the way is cut. */
function nodes(names: readonly string[]) {
  const clock = new ManualClock()
  const told: string[] = []
  const changed: string[] = []
  const here = new Map<string, Set<string>>()
  const all = new Map<string, Interests>()
  const dead = new Set<string>()
  const turn: (() => void)[] = []
  let lost = (_event: TransientEvent): boolean => false
  for (const name of names) {
    here.set(name, new Set())
    const interests = new Interests({
      node: name,
      clock,
      defer: run => turn.push(run),
      isHere: user => here.get(name)?.has(user) === true,
      changed: user => changed.push(`${name} ${user}`),
      tell(event, routes) {
        const to = nodeAt(event.to)
        for (const other of to === undefined ? (routes ?? names) : [to]) {
          if (other === name || dead.has(name) || dead.has(other)) continue
          told.push(`${name}>${other} ${event.topic} ${Buffer.from(event.bytes)}`)
          if (!lost(event)) all.get(other)?.take(event)
        }
      },
    })
    all.set(name, interests)
  }
  const node = (name: string): Interests => all.get(name) as Interests
  return {
    ...{ clock, node, here, dead },
    lose(which: (event: TransientEvent) => boolean) {
      lost = which
    },
    endTurn() {
      for (let run = turn.shift(); run !== undefined; run = turn.shift()) run()
    },
    told: () => told.splice(0),
    changed: () => changed.splice(0),
    /** A user comes to a node, or leaves it. */
    moves(name: string, user: string, isHere: boolean) {
      if (isHere) here.get(name)?.add(user)
      else here.get(name)?.delete(user)
      node(name).tell(user, isHere)
    },
    pass(ms: number) {
      for (let left = ms; left > 0; left -= 1_000) clock.advance(1_000)
    },
  }
}

const SEVEN = 'user/7'

t.test('nothing is said of a user in whom nobody is interested', async t => {
  const n = nodes(['a', 'b'])
  n.moves('b', SEVEN, true)
  n.moves('b', SEVEN, false)
  n.pass(120_000)
  t.same(n.told(), [])
})

t.test('a node that is interested hears where a user is, comes and goes; others hear nothing', async t => {
  const n = nodes(['a', 'b', 'c'])
  n.moves('b', SEVEN, true)
  n.node('a').add(SEVEN)
  n.node('a').add('group/x')
  n.endTurn()
  t.same(n.told(), [`a>b interest ${SEVEN}\ngroup/x`, `b>a here ${SEVEN}`, `a>c interest ${SEVEN}\ngroup/x`])
  t.equal(n.node('a').isElsewhere(SEVEN), true)
  t.same(n.node('b').holders('group/x'), ['a'])
  n.moves('c', SEVEN, true)
  n.moves('b', SEVEN, false)
  t.same(n.told(), [`c>a here ${SEVEN}`, `b>a gone ${SEVEN}`])
  t.equal(n.node('a').isElsewhere(SEVEN), true, 'at c')
  n.moves('c', SEVEN, false)
  t.equal(n.node('a').isElsewhere(SEVEN), false)
  t.same(n.changed(), [`a ${SEVEN}`, `a ${SEVEN}`, `a ${SEVEN}`, `a ${SEVEN}`])
})

t.test('an interest that is not said again expires, and nothing is sent for it any more', async t => {
  const n = nodes(['a', 'b'])
  n.node('a').add(SEVEN)
  n.endTurn()
  n.pass(10 * RENEW_MS)
  t.same(n.node('b').holders(SEVEN), ['a'], 'it is renewed')
  n.node('a').remove(SEVEN)
  n.told()
  n.pass(INTEREST_MS + 1_000)
  t.same(n.node('b').holders(SEVEN), [])
  t.equal(n.node('b').wanted, 0)
  n.moves('b', SEVEN, true)
  t.same(n.told(), [])
})

t.test('the users of a node that is killed are gone within a minute; those of one that lives stay', async t => {
  const n = nodes(['a', 'b'])
  n.moves('b', SEVEN, true)
  n.node('a').add(SEVEN)
  n.endTurn()
  n.pass(10 * HERE_MS)
  t.equal(n.node('a').isElsewhere(SEVEN), true)
  n.dead.add('b')
  let seconds = 0
  for (; n.node('a').isElsewhere(SEVEN) && seconds < 100; seconds += 1) n.pass(1_000)
  t.ok(seconds <= 60, `${seconds} s`)
  t.ok(seconds >= (HERE_MS - RENEW_MS) / 1_000, 'not before renewals may be lost')
})

t.test(
  'what was lost is right again: that a user came, at the next renewal; that one left, within a minute',
  async t => {
    const n = nodes(['a', 'b'])
    n.node('a').add(SEVEN)
    n.endTurn()
    n.lose(({ topic }) => topic === 'here')
    n.moves('b', SEVEN, true)
    t.equal(n.node('a').isElsewhere(SEVEN), false)
    n.lose(() => false)
    n.pass(RENEW_MS + 1_000)
    t.equal(n.node('a').isElsewhere(SEVEN), true)
    n.lose(({ topic }) => topic === 'gone')
    n.moves('b', SEVEN, false)
    n.lose(() => false)
    n.pass(60_000)
    t.equal(n.node('a').isElsewhere(SEVEN), false)
  },
)

t.test('a node that comes is told at once of what the others are interested in', async t => {
  const n = nodes(['a', 'b'])
  n.dead.add('b')
  n.node('a').add(SEVEN)
  n.endTurn()
  n.dead.clear()
  n.here.get('b')?.add(SEVEN)
  n.node('a').met('b')
  t.equal(n.node('a').isElsewhere(SEVEN), true)
})

t.test('what a node writes of its interests has a bound, in each event and for each second', async t => {
  const n = nodes(['a', 'b'])
  for (let uid = 1; uid <= 15_000; uid += 1) n.node('a').add(`user/${uid}`)
  n.endTurn()
  const first = n.told()
  t.equal(first.length, Math.ceil(15_000 / 512))
  n.pass(1_000)
  const second = n.told()
  t.equal(second.length, 2, 'a fifteenth')
  t.ok(INTERESTS_MAX >= 15_000)
  t.equal(n.node('b').wanted, 15_000)
})

t.test('an event of another node that is not as it should be harms nothing', async t => {
  const n = nodes(['a', 'b'])
  const event = (topic: string, text: string): TransientEvent => {
    return { kind: 'transient', from: 'b', to: '', topic, bytes: Buffer.from(text) }
  }
  t.equal(n.node('a').take(event('interest', `\n\n${'x'.repeat(1_000)}\n`)), true)
  t.equal(n.node('a').wanted, 0)
  t.equal(n.node('a').take(event('interest', Array.from({ length: 5_000 }, (_, i) => `user/${i}`).join('\n'))), true)
  t.equal(n.node('a').wanted, 512)
  t.equal(n.node('a').take(event('here', 'user/1')), true)
  t.equal(n.node('a').isElsewhere('user/1'), false, 'nobody asked')
  t.equal(n.node('a').take(event('something', 'else')), false)
})

t.test('an address stays of interest until all have gone who look at it', t => {
  const { node } = nodes(['a'])
  const interests = node('a')
  interests.add('room/1')
  interests.add('room/1')
  interests.remove('room/1')
  t.equal(interests.size, 1)
  interests.remove('room/1')
  interests.remove('room/1')
  t.equal(interests.size, 0)
  interests.stop()
  t.end()
})

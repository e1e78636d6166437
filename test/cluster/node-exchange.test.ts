import t from 'tap'
import {
  BEAT_MS,
  type EventBatch,
  NodeExchange,
  TRANSIENT_EVENTS_MAX,
  UNNUMBERED,
} from '../../src/cluster/node-exchange.js'
import type { DeliverEvent, NodeEvent, TransientEvent } from '../../src/sync/events.js'
import { nodeAddress } from '../../src/sync/events.js'
import { appended, ended } from '../support/events.js'
import { ManualClock } from '../support/manual-clock.js'

const bytes = Uint8Array.of(1)
const item = (version: number) => appended(7, { from: version - 1, version, bytes })

/** Two nodes and the way from the first to the second. */
function pair() {
  const clock = new ManualClock()
  const way: EventBatch[] = []
  const heard: NodeEvent[] = []
  let compared = 0
  const turn: (() => void)[] = []
  const node = (name: string, other: string, incarnation: number, send: (batch: EventBatch) => void): NodeExchange => {
    const exchange = new NodeExchange({
      node: name,
      incarnation,
      clock,
      defer: run => turn.push(run),
      network: { others: () => [other], send: (_to, batch) => send(batch) },
      take: event => name === 'b' && heard.push(event),
      compare: () => {
        if (name === 'b') compared += 1
      },
    })
    exchange.start()
    return exchange
  }
  const a = node('a', 'b', 1, batch => way.push(batch))
  const b = node('b', 'a', 2, () => {})
  return {
    a,
    b,
    clock,
    way,
    heard,
    endTurn: () => {
      for (const run of turn.splice(0)) run()
    },
    deliver: () => {
      for (const batch of way.splice(0)) b.receive(batch)
    },
    restartA: () => {
      a.stop()
      return node('a', 'b', 3, batch => way.push(batch))
    },
    get compared() {
      return compared
    },
  }
}

t.test('events of one turn travel in one batch, in order, and nothing is compared while none is missing', async t => {
  const p = pair()
  p.a.tell(item(1))
  p.a.tell(item(2))
  p.a.tell(ended(7, 1, 'attempt', 3))
  t.equal(p.way.length, 1, 'the first beat')
  p.endTurn()
  t.equal(p.way.length, 2)
  p.deliver()
  t.same(p.heard, [item(1), item(2), ended(7, 1, 'attempt', 3)])
  for (let second = 0; second < 20; second += 1) {
    p.clock.advance(BEAT_MS)
    p.deliver()
  }
  t.equal(p.compared, 0)
})

t.test('what has routes goes to the nodes that they name, but not to itself; what has none to all', async t => {
  const way: string[] = []
  const turn: (() => void)[] = []
  const exchange = new NodeExchange({
    node: 'a',
    incarnation: 1,
    clock: new ManualClock(),
    defer: run => turn.push(run),
    network: { others: () => ['b', 'c'], send: (to, { events }) => way.push(`${to} ${events.length}`) },
    take() {},
    compare() {},
  })
  const told = (event: NodeEvent, routes?: readonly string[]): string[] => {
    exchange.tell(event, routes)
    for (const run of turn.splice(0)) run()
    return way.splice(0).toSorted()
  }
  t.same(told(item(1), []), [])
  t.same(told(item(1), ['a', 'c']), ['c 1'])
  t.same(told(ended(7, 1, 'session', 3)), ['b 1', 'c 1'])
})

t.test('a node that comes compares: of what was told to all before the others knew it nothing reached it', async t => {
  const clock = new ManualClock()
  const others = new Set(['c'])
  let compared = 0
  const there = (node: string) => ({ node, clock, defer: (run: () => void) => run(), take() {}, compare() {} })
  const b = new NodeExchange({
    ...there('b'),
    incarnation: 2,
    network: { others: () => ['a'], send() {} },
    compare: () => {
      compared += 1
    },
  })
  const send = (to: string, batch: EventBatch): void => {
    if (to === 'b') b.receive(batch)
  }
  const a = new NodeExchange({ ...there('a'), incarnation: 1, network: { others: () => others, send } })
  a.start()
  b.start()
  a.tell(ended(7, 1, 'session', 3))
  a.tell(item(1), ['b'])
  t.equal(compared, 0, 'though it may have been told of something, as the holder of a device')
  others.add('b')
  a.tell(item(2), ['b'])
  clock.advance(BEAT_MS)
  t.equal(compared, 1)
  clock.advance(BEAT_MS)
  t.equal(compared, 1, 'once')
  others.delete('b')
  clock.advance(BEAT_MS)
  others.add('b')
  clock.advance(BEAT_MS)
  t.equal(compared, 2, 'and when it is known again')
})

t.test('a lost batch is found by the next one, or by the beat', async t => {
  const p = pair()
  p.deliver()
  p.a.tell(item(1))
  p.endTurn()
  p.way.length = 0
  p.a.tell(item(2))
  p.endTurn()
  p.deliver()
  t.same(p.heard, [item(2)])
  t.equal(p.compared, 1)
  p.a.tell(item(3))
  p.endTurn()
  p.way.length = 0
  p.clock.advance(BEAT_MS)
  p.deliver()
  t.equal(p.compared, 2)
  p.clock.advance(BEAT_MS)
  p.deliver()
  t.equal(p.compared, 2)
})

t.test('a batch that comes after a later one is not applied: it was compared for', async t => {
  const p = pair()
  p.deliver()
  p.a.tell(item(1))
  p.endTurn()
  const [late] = p.way.splice(0)
  p.a.tell(item(2))
  p.endTurn()
  p.deliver()
  t.equal(p.compared, 1)
  if (late !== undefined) p.b.receive(late)
  t.same(p.heard, [item(2)])
  t.equal(p.compared, 1)
})

t.test('another process of the same name, and a first word that is not the first, are compared for', async t => {
  const p = pair()
  p.a.tell(item(1))
  p.endTurn()
  p.way.length = 0
  p.clock.advance(BEAT_MS)
  p.deliver()
  t.equal(p.compared, 1, 'never heard before, and at number 1 already')
  const again = p.restartA()
  p.deliver()
  t.equal(p.compared, 2, 'what the process before said last may be lost')
  again.tell(item(9))
  p.endTurn()
  p.deliver()
  t.equal(p.compared, 2)
})

t.test('a silent node is compared for at growing intervals, and in the end forgotten', async t => {
  const p = pair()
  p.deliver()
  p.a.stop()
  const at: number[] = []
  for (let second = 1; second <= 1_200; second += 1) {
    const before = p.compared
    p.clock.advance(BEAT_MS)
    if (p.compared > before) at.push(second)
  }
  t.same(at.slice(0, 4), [4, 11, 25, 53])
  t.ok(at.every((second, i) => i === 0 || second - (at[i - 1] ?? 0) <= 60))
  t.ok((at.at(-1) ?? 0) <= 600)
})

t.test('what does not fit a batch is left out and told by the number', async t => {
  const p = pair()
  p.deliver()
  for (let version = 1; version <= 5_000; version += 1) p.a.tell(item(version))
  p.endTurn()
  p.deliver()
  t.equal(p.heard.length, 4_096)
  t.equal(p.compared, 1)
  p.a.tell({ ...item(5_001), bytes: new Uint8Array(5_000) })
  p.endTurn()
  p.deliver()
  t.same(p.heard.at(-1), { ...item(5_001), bytes: undefined }, 'a large item is not carried')
  t.equal(p.compared, 1)
})

t.test('of what does not fit, what ended goes first; what is stored nowhere goes by itself', async t => {
  const p = pair()
  p.deliver()
  const typing: TransientEvent = { kind: 'transient', from: 'a', to: 'user/7', topic: 'typing', bytes }
  p.a.tell(typing)
  for (let version = 1; version <= 5_000; version += 1) p.a.tell(item(version))
  p.a.tell(ended(7, 1, 'session', 3))
  p.endTurn()
  p.deliver()
  t.same(p.heard[0], ended(7, 1, 'session', 3))
  t.equal(p.heard.at(-1), typing)
  t.equal(p.heard.length, 4_097)
})

t.test('of what is stored nowhere only so much goes out in a turn; nobody compares because some is lost', async t => {
  const p = pair()
  p.deliver()
  const typing = (topic: number): TransientEvent => {
    return { kind: 'transient', from: 'a', to: 'user/7', topic: `${topic}`, bytes }
  }
  for (let topic = 0; topic < TRANSIENT_EVENTS_MAX + 5; topic += 1) p.a.tell(typing(topic))
  p.endTurn()
  p.deliver()
  t.equal(p.heard.length, TRANSIENT_EVENTS_MAX)
  t.equal(p.a.transientDropped, 5)
  p.heard.length = 0
  p.a.tell(typing(1))
  p.endTurn()
  p.way.length = 0 // lost
  p.a.tell(item(1))
  p.a.tell(typing(2))
  p.endTurn()
  t.same(
    p.way.map(({ events }) => events.length),
    [1, 1],
    'items first',
  )
  p.way.reverse() // and late
  p.deliver()
  p.clock.advance(BEAT_MS)
  p.deliver()
  t.same(p.heard, [typing(2), item(1)])
  t.equal(p.compared, 0)
})

/** Nodes around a hub, each linked to it alone. */
function star(names: readonly string[]) {
  const heard: string[] = []
  const turn: (() => void)[] = []
  const nodes = new Map<string, NodeExchange>()
  for (const name of names) {
    const isHub = name === 'hub'
    const others = (): string[] => (isHub ? names.filter(other => other !== 'hub') : ['hub'])
    const exchange = new NodeExchange({
      node: name,
      incarnation: 1,
      clock: new ManualClock(),
      defer: run => turn.push(run),
      network: {
        others,
        send: (to, batch) => nodes.get(to)?.receive(batch),
        via: node => (isHub || node === 'hub' ? undefined : 'hub'),
        beyond: node => (isHub ? others().filter(other => other !== node) : []),
      },
      take: event => heard.push(`${name} ${event.kind === 'transient' ? event.topic : event.kind}`),
      compare() {},
    })
    nodes.set(name, exchange)
  }
  const told = (): string[] => {
    for (let run = turn.shift(); run !== undefined; run = turn.shift()) run()
    return heard.splice(0).toSorted()
  }
  return { nodes, told }
}

t.test(
  'nodes that are linked to another alone hear of each other what is stored nowhere, by way of that one',
  async t => {
    const { nodes, told } = star(['hub', 'a', 'b'])
    const event = (to: string): TransientEvent => ({ kind: 'transient', from: 'a', to, topic: 'x', bytes })
    nodes.get('a')?.tell(event(''))
    t.same(told(), ['b x', 'hub x'], 'each once')
    nodes.get('a')?.tell(event('node/b'))
    t.same(told(), ['b x'])
    nodes.get('a')?.tell(event('node/hub'))
    t.same(told(), ['hub x'])
    nodes.get('a')?.tell(event('node/nobody'))
    t.same(told(), [])
    nodes.get('hub')?.receive({ node: 'b', incarnation: 1, number: UNNUMBERED, events: [event('')] })
    t.same(told(), ['hub x'], 'what was passed on once is not passed on again')
    nodes.get('a')?.tell(item(1))
    t.same(told(), ['hub appended'], 'nor is anything else')
  },
)

t.test('an event for a node goes to that node alone, and none for itself goes out', async t => {
  const p = pair()
  p.deliver()
  const waits = (node: string): DeliverEvent => {
    return { kind: 'deliver', to: nodeAddress(node), source: 'user/1', target: 'user/2' }
  }
  p.a.tell(waits('a'))
  p.a.tell(waits('b'))
  p.endTurn()
  p.deliver()
  t.same(p.heard, [waits('b')])
})

t.test('the numbers to nodes that have left are forgotten, and one that comes back gets higher ones', async t => {
  const clock = new ManualClock()
  const turn: (() => void)[] = []
  const way: string[] = []
  let others: string[] = ['b', 'c', 'quiet']
  const exchange = new NodeExchange({
    node: 'a',
    incarnation: 1,
    clock,
    defer: run => turn.push(run),
    network: { others: () => others, send: (to, { number }) => way.push(`${to} ${number}`) },
    take() {},
    compare() {},
  })
  const told = (node: string): string[] => {
    way.length = 0
    exchange.tell(item(1), [node])
    for (const run of turn.splice(0)) run()
    return way.splice(0)
  }
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) clock.advance(BEAT_MS)
  }
  exchange.start()
  for (const number of [1, 2, 3]) t.same(told('b'), [`b ${number}`])
  t.same(told('c'), ['c 1'])
  others = ['c', 'quiet']
  pass(590)
  t.same(told('b'), ['b 4'], 'not yet forgotten')
  pass(590)
  t.same(told('b'), ['b 5'], 'it may be a route that names it')
  pass(610)
  t.same(told('d'), ['d 6'], 'nothing is known of b but the highest number')
  t.same(told('c'), ['c 2'])
  t.same(told('d'), ['d 7'])
  pass(610)
  others = ['b', 'c', 'e', 'quiet']
  way.length = 0
  pass(1)
  t.same(way.toSorted(), ['b 8', 'c 2', 'e 8', 'quiet 0'], 'beats, too, with a number left out for those who have come')
  t.same(told('b'), ['b 9'])
})

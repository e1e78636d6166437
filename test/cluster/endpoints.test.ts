/** Which nodes a user's clients are sent to: the same from every node, spread by what each can take, and none that cannot serve. */
import t from 'tap'
import { endpointsFor } from '../../src/cluster/endpoints.js'
import type { Member } from '../../src/cluster/members.js'
import { decodeStatus, type NodeStatus } from '../../src/cluster/node-status.js'

const STATUS = decodeStatus('{"form":1}')

function node(name: string, said: Partial<NodeStatus> = {}): Member {
  if (STATUS === undefined) throw new Error('a status without fields is read')
  const entry = { host: `${name}.example`, port: 8081, url: `https://${name}.example` }
  return { node: name, status: { ...STATUS, freeConnections: 1_000, entry, ...said } }
}

function hosts(uid: number, live: readonly Member[], except?: string): string[] {
  return endpointsFor(uid, live, except).endpoints.map(({ host }) => host)
}

t.test('each user is told the same by every node; users are spread over the nodes, first and next', async t => {
  const live = ['a', 'b', 'c'].map(name => node(name))
  const [first, second] = [new Map<string, number>(), new Map<string, number>()]
  for (let uid = 1; uid <= 3_000; uid += 1) {
    const order = hosts(uid, live)
    if (order.join() !== hosts(uid, live.toReversed()).join()) t.fail(`${uid} is told two things`)
    for (const [counts, host = ''] of [
      [first, order[0]],
      [second, order[1]],
    ] as const) {
      counts.set(host, (counts.get(host) ?? 0) + 1)
    }
    const left = hosts(uid, live, 'b')
    if (left.join() !== order.filter(host => host !== 'b.example').join()) t.fail(`${uid}: another order without b`)
  }
  for (const count of [...first.values(), ...second.values()]) t.ok(Math.abs(count - 1_000) < 120, `${count}`)
})

t.test('a node is first for its share of what all can still take, and says so by its weight', async t => {
  const live = [node('a', { freeConnections: 9_000 }), node('b', { freeConnections: 1_000 })]
  let first = 0
  for (let uid = 1; uid <= 5_000; uid += 1) if (hosts(uid, live)[0] === 'b.example') first += 1
  t.ok(Math.abs(first - 500) < 80, `${first} of 5 000`)
  const { endpoints, ttlS } = endpointsFor(7, live)
  t.same(
    new Map(endpoints.map(({ host, weight }) => [host, weight])),
    new Map([
      ['a.example', 100],
      ['b.example', 11],
    ]),
  )
  t.ok(ttlS > 0)
})

t.test('nobody is sent to a node that drains, is full, fails, has no address, or is another revision', async t => {
  const live = [
    node('a'),
    node('draining', { draining: true }),
    node('full', { freeConnections: 0 }),
    node('unnamed', { entry: undefined }),
    { node: 'other', status: undefined },
  ]
  for (let uid = 1; uid <= 20; uid += 1) t.same(hosts(uid, live), ['a.example'])
  t.same(hosts(1, live, 'a'), [])
  t.same(hosts(1, []), [])
})

t.test('at most 16 are named, and not the same 16 to all', async t => {
  const live = Array.from({ length: 40 }, (_, i) => node(`n${i}`))
  const named = new Set<string>()
  for (let uid = 1; uid <= 40; uid += 1) {
    const some = hosts(uid, live)
    t.equal(some.length, 16)
    for (const host of some) named.add(host)
  }
  t.equal(named.size, 40)
})

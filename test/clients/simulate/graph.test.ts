import t from 'tap'
import { type Graph, makeGraph } from '../../../clients/simulate/graph.js'
import { seededRandom } from '../../../src/lib/random.js'

function graphOf(users: number, friends: number, seed = 1): Graph {
  return makeGraph(users, friends, seededRandom(seed))
}

/** How many people can be reached from the first one. */
function reached({ friends }: Graph): number {
  const seen = new Set([0])
  for (const person of seen) for (const friend of friends[person] ?? []) seen.add(friend)
  return seen.size
}

t.test(
  'everybody has the asked number of friends, each friendship has two sides, nobody is their own friend',
  async t => {
    for (const [users, friends] of [
      [2, 1],
      [3, 2],
      [6, 5],
      [10, 3],
      [11, 4],
      [100, 1],
      [100, 2],
      [101, 30],
      [1000, 30],
    ] as const) {
      const graph = graphOf(users, friends)
      t.equal(graph.friendships, (users * friends) / 2, `${users} users, ${friends} friends`)
      t.equal(graph.friends.length, users)
      const sets = graph.friends.map(list => new Set(list))
      t.ok(graph.friends.every((list, person) => list.length === friends && sets[person]?.size === friends))
      t.ok(graph.friends.every((list, person) => list.every(friend => friend !== person && sets[friend]?.has(person))))
    }
  },
)

t.test('where users × friends is odd, one person has one friend less', async t => {
  for (const [users, friends] of [
    [3, 1],
    [5, 3],
    [101, 7],
    [999, 31],
  ] as const) {
    const graph = graphOf(users, friends)
    t.equal(graph.friendships, (users * friends - 1) / 2)
    t.same(
      graph.friends.map(list => new Set(list).size).filter(size => size !== friends),
      [friends - 1],
    )
  }
})

t.test('with two friends or more nobody is cut off', async t => {
  for (const [users, friends] of [
    [50, 2],
    [51, 3],
    [1000, 4],
  ] as const) {
    for (let seed = 0; seed < 5; seed++) t.equal(reached(graphOf(users, friends, seed)), users)
  }
})

t.test('friends are not only neighbours in the ring', async t => {
  const { friends } = graphOf(1000, 30)
  const far = friends.flatMap((list, person) => list.filter(friend => Math.abs(friend - person) % 985 > 15))
  t.ok(far.length > 30_000 * 0.85, `${far.length} of 30000 sides go far`)
})

t.test('a seed gives the same graph again, another seed another one', async t => {
  t.same(graphOf(200, 10, 7), graphOf(200, 10, 7))
  t.not(JSON.stringify(graphOf(200, 10, 7)), JSON.stringify(graphOf(200, 10, 8)))
})

t.test('more friends than other people are refused', async t => {
  t.throws(() => graphOf(5, 5), RangeError)
  t.throws(() => graphOf(5, 0), RangeError)
})

/** Nodes that compete for one actor: each gets its share of the work, and nothing is given up. */
import t from 'tap'
import { jsonEffect } from '../../src/sync/effect-kinds.js'
import type { NodeEvent } from '../../src/sync/events.js'
import { jsonValue } from '../../src/sync/record-kinds.js'
import type { EffectKind, Outcome, Transition } from '../../src/sync/types.js'
import { Contention, type ContentionOptions } from '../support/contention.js'
import { testBound } from '../support/test-bound.js'

const HOT = 'user/1'
const CLIENTS = 4
const RUN_MS = 5_000

const count = jsonValue<number>('contended-count', testBound())
const add: Transition<void, number> = {
  name: 'add',
  run(tx) {
    const sum = (tx.get(count) ?? 0) + 1
    tx.put(count, sum)
    return sum
  },
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

/** All nodes change one record as fast as they can. */
async function compete(options: ContentionOptions) {
  const contention = new Contention(options)
  const { done, givenUp } = await contention.load({ forMs: RUN_MS, clients: CLIENTS, thinkMs: 0 }, ({ engine }) =>
    engine.run(HOT, add, undefined),
  )
  const { conflicts, committed } = contention.totals
  return {
    perSecond: (sum(done) * 1_000) / RUN_MS,
    shares: done.map(each => each / sum(done)),
    givenUp: givenUp / (givenUp + sum(done)),
    conflicts: conflicts / committed,
  }
}

const rounded = (figures: object): string =>
  JSON.stringify(figures, (_, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value,
  )

for (const roundTripsMs of [
  [0.3, 3.3],
  [0.3, 0.3, 0.3, 3.3],
]) {
  t.test(`${roundTripsMs.length} nodes, the last one 3 ms further away`, async t => {
    t.comment(`without waits: ${rounded(await compete({ roundTripsMs, random: { fraction: () => 0 } }))}`)
    const figures = await compete({ roundTripsMs })
    t.comment(`with waits:    ${rounded(figures)}`)
    t.equal(figures.givenUp, 0)
    t.ok((figures.shares.at(-1) ?? 0) >= 0.5 / roundTripsMs.length, 'the far node has at least half of its share')
  })
}

t.test('what falls again and again waits longer and longer, up to a bound, and is given up at last', async t => {
  const contention = new Contention({ roundTripsMs: [0], random: { fraction: () => 0.5 }, isHopeless: true })
  const [node] = contention.nodes
  let outcome: Outcome<number> | undefined
  void node?.engine.run(HOT, add, undefined).then(given => {
    outcome = given
  })
  const atMs: number[] = []
  let known = 0
  while (outcome === undefined) {
    await contention.run(0.1)
    if (contention.totals.conflicts > known) atMs.push(contention.scheduler.nowMs)
    known = contention.totals.conflicts
  }
  t.same(outcome, { kind: 'unavailable' })
  const waits = atMs.slice(1).map((ms, i) => Math.round((ms - (atMs[i] ?? 0) - 1.2) * 2))
  t.same(waits.slice(0, 7), [0, 5, 10, 20, 40, 40, 40])
  t.ok(waits.every(ms => ms <= 40))
  t.equal(atMs.length, 32)
})

const heard = jsonValue<Record<string, number>>('contended-heard', testBound())
const hear: EffectKind<number> = jsonEffect<number>({
  name: 'contended-hear',
  run(tx, n, source) {
    const known = tx.get(heard) ?? {}
    if (n !== (known[source] ?? 0) + 1) throw new Error(`${n} of ${source} after ${known[source]}`)
    tx.put(heard, { ...known, [source]: n })
    tx.append(Uint8Array.of(1))
  },
})
const said = jsonValue<number>('contended-said', testBound())
const say: Transition<void, void> = {
  name: 'say',
  run(tx) {
    const n = (tx.get(said) ?? 0) + 1
    tx.put(said, n)
    tx.effect(hear, HOT, n)
  },
}

/** Everybody at each node writes to one user; then all of it is to arrive. */
async function everybodyWrites(options: Partial<ContentionOptions>) {
  const contention = new Contention({
    roundTripsMs: [0.3, 0.3, 0.3, 3.3],
    effects: [hear] as readonly EffectKind<unknown>[],
    ...options,
  })
  const { nodes, disk } = contention
  const clients = 16
  const { done, givenUp } = await contention.load({ forMs: RUN_MS, clients, thinkMs: 50 }, ({ engine, name }, client) =>
    engine.run(`user/${1_000 + 100 * nodes.findIndex(node => node.name === name) + client}`, say, undefined),
  )
  const arrived = (): number => disk.read(HOT, 0, Number.MAX_SAFE_INTEGER, 1_000_000, 0).head
  const { conflicts, committed } = contention.totals
  const atOnce = arrived() / sum(done)
  let laterMs = 0
  const wait = (): number => sum(nodes.map(({ engine }) => engine.outboxDepth))
  for (; laterMs < 10_000 && (arrived() < sum(done) || wait() > 0); laterMs += 100) await contention.run(100)
  return {
    perSecond: (sum(done) * 1_000) / RUN_MS,
    shares: done.map(each => each / sum(done)),
    givenUp,
    conflicts: conflicts / committed,
    atOnce,
    isAllThere: arrived() >= sum(done),
    laterMs,
    left: wait(),
  }
}

for (const scopes of ['one', 'partitions'] as const) {
  t.test(`everybody writes to one user, and one node delivers for all, scopes: ${scopes}`, async t => {
    const each = await everybodyWrites({ scopes })
    t.comment(`each node delivers: ${rounded(each)}`)
    const one = await everybodyWrites({ scopes, prefers: () => 'node2' })
    t.comment(`one for all:        ${rounded(one)}`)
    for (const { givenUp, shares, isAllThere, left } of [each, one]) {
      t.same([givenUp, isAllThere, left], [0, true, 0])
      t.ok((shares.at(-1) ?? 0) >= 0.5 / shares.length, 'the far node has at least half of its share')
    }
    t.ok(one.conflicts < 0.05 && one.conflicts < each.conflicts / 4, 'hardly a unit falls')
    t.ok(one.atOnce > 0.98, 'what was accepted arrives at once')
  })

  t.test(`what the better node was not told of is delivered all the same, scopes: ${scopes}`, async t => {
    const tells = ({ kind }: NodeEvent): boolean => kind !== 'deliver'
    const { givenUp, isAllThere, laterMs, left } = await everybodyWrites({ scopes, tells, prefers: () => 'node2' })
    t.same([givenUp, isAllThere, left], [0, true, 0])
    t.ok(laterMs <= 3_500, `after ${laterMs} ms`)
  })
}

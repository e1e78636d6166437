import t from 'tap'
import { BEAT_MS, type EndedHint, type HintBatch, Hints, type UserHint } from '../../src/cluster/hints.js'
import { ManualClock } from '../support/manual-clock.js'

const bytes = Uint8Array.of(1)
const hintOf = (version: number): UserHint => ({ uid: 7, from: version - 1, version, bytes })

/** Two nodes and the way from the first to the second. */
function pair() {
  const clock = new ManualClock()
  const way: HintBatch[] = []
  const heard: (UserHint | EndedHint)[] = []
  let compared = 0
  const turn: (() => void)[] = []
  const node = (name: string, peer: string, incarnation: number, send: (batch: HintBatch) => void): Hints =>
    new Hints({
      node: name,
      incarnation,
      clock,
      defer: run => turn.push(run),
      peers: () => [peer],
      holders: () => [peer],
      send: (_to, batch) => send(batch),
      hint: hint => name === 'b' && heard.push(hint),
      ended: ended => name === 'b' && heard.push(ended),
      compare: () => {
        if (name === 'b') compared += 1
      },
    })
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

t.test('hints of one turn travel in one batch, in order, and nothing is compared while none is missing', async t => {
  const p = pair()
  p.a.hint(hintOf(1))
  p.a.hint(hintOf(2))
  p.a.end({ uid: 7, device: 1, attempt: 3 })
  t.equal(p.way.length, 1, 'the first beat')
  p.endTurn()
  t.equal(p.way.length, 2)
  p.deliver()
  t.same(p.heard, [hintOf(1), hintOf(2), { uid: 7, device: 1, attempt: 3 }])
  for (let second = 0; second < 20; second += 1) {
    p.clock.advance(BEAT_MS)
    p.deliver()
  }
  t.equal(p.compared, 0)
})

t.test('a lost batch is found by the next one, or by the beat', async t => {
  const p = pair()
  p.deliver()
  p.a.hint(hintOf(1))
  p.endTurn()
  p.way.length = 0
  p.a.hint(hintOf(2))
  p.endTurn()
  p.deliver()
  t.same(p.heard, [hintOf(2)])
  t.equal(p.compared, 1)
  p.a.hint(hintOf(3))
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
  p.a.hint(hintOf(1))
  p.endTurn()
  const [late] = p.way.splice(0)
  p.a.hint(hintOf(2))
  p.endTurn()
  p.deliver()
  t.equal(p.compared, 1)
  if (late !== undefined) p.b.receive(late)
  t.same(p.heard, [hintOf(2)])
  t.equal(p.compared, 1)
})

t.test('another process of the same name, and a first word that is not the first, are compared for', async t => {
  const p = pair()
  p.a.hint(hintOf(1))
  p.endTurn()
  p.way.length = 0
  p.clock.advance(BEAT_MS)
  p.deliver()
  t.equal(p.compared, 1, 'never heard before, and at number 1 already')
  const again = p.restartA()
  p.deliver()
  t.equal(p.compared, 2, 'what the process before said last may be lost')
  again.hint(hintOf(9))
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
  for (let version = 1; version <= 5_000; version += 1) p.a.hint(hintOf(version))
  p.endTurn()
  p.deliver()
  t.equal(p.heard.length, 4_096)
  t.equal(p.compared, 1)
  p.a.hint({ ...hintOf(5_001), bytes: new Uint8Array(5_000) })
  p.endTurn()
  p.deliver()
  t.same(p.heard.at(-1), { ...hintOf(5_001), bytes: undefined }, 'a large item is not carried')
  t.equal(p.compared, 1)
})

/** Many who come back at once are let in some at a time: those who are there do not wait for all of them. */
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { Turnstile } from '../../src/services/turnstile.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { startNode, TestDevice } from '../support/engine.js'

const CROWD = 700

t.test('a message does not wait for all the Hellos that came before it', async t => {
  const node = await startNode(new MemoryStore(), systemClock, 'storm')
  const crowd = Array.from({ length: CROWD }, () => new TestDevice(node))
  // They were here before: nothing of theirs has to be read first.
  for (const [index, device] of crowd.entries()) await device.enter(`crowd${index}`, index % 250)
  const alice = await new TestDevice(node).enter('alice', 1)
  let back = 0
  const hellos = crowd.map(device =>
    device.hello().then(answer => {
      t.equal(answer.kind, 'bound')
      back++
    }),
  )
  await alice.send(alice.uid, 'to myself')
  t.ok(back < CROWD / 4, `${back} were let in before it`)
  await Promise.all(hellos)
  t.equal(back, CROWD)
})

t.test('an engine that closes waits for those that still wait to be let in', async t => {
  const node = await startNode(new MemoryStore(), systemClock, 'closing')
  const crowd = Array.from({ length: CROWD }, () => new TestDevice(node))
  for (const [index, device] of crowd.entries()) await device.register(`crowd${index}`, index % 250)
  let answered = 0
  for (const device of crowd) {
    void device.hello().then(() => {
      answered++
    })
  }
  await node.engine.close()
  await new Promise(resolve => setImmediate(resolve))
  t.equal(answered, CROWD)
  t.same(node.fatal, [])
})

t.test('a turnstile lets in as many as it may, in their order', async t => {
  const turnstile = new Turnstile(2)
  const inside: number[] = []
  for (let i = 1; i <= 5; i++) turnstile.enter(() => inside.push(i))
  t.same(inside, [1, 2])
  t.equal(turnstile.waiting, 3)
  turnstile.leave()
  t.same(inside, [1, 2, 3])
  for (let i = 0; i < 4; i++) turnstile.leave()
  t.same(inside, [1, 2, 3, 4, 5])
  turnstile.enter(() => inside.push(6))
  t.equal(turnstile.waiting, 0)
  t.equal(inside.at(-1), 6)
})

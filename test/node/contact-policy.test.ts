/** The policy of contacts belongs to the store: who starts with another one is refused, and changes nothing. */
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { agreedPolicy, type ContactWish, PolicyError } from '../../src/node/contact-policy.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Engine } from '../../src/sync/engine.js'
import { noteTime, timeActor } from '../../src/sync/rules/time.js'
import { startNode } from '../support/engine.js'

async function engines() {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const { engine } = await startNode(store, systemClock, 'node')
  const next = async () => (await startNode(store, systemClock, 'next')).engine
  return { engine, next }
}

const agree = (engine: Engine, contacts: ContactWish['contacts'], change = false, isAlone = true) =>
  agreedPolicy(engine, { contacts, change }, () => isAlone)

t.test('the first start writes it, and each later one finds it', async t => {
  for (const [first, found, other] of [
    ['open', 'open', 'required'],
    ['required', 'required', 'open'],
    [undefined, 'required', 'open'],
  ] as const) {
    const { engine, next } = await engines()
    t.equal(await agree(engine, first), found)
    const later = await next()
    t.equal(await agree(later, undefined), found)
    t.equal(await agree(later, found), found)
    await t.rejects(agree(later, other), PolicyError)
    await t.rejects(agree(later, other, true, false), { name: 'PolicyError', message: /other nodes/ })
    t.equal(await agree(later, undefined), found, 'nothing was changed')
    t.equal(await agree(later, other, true), other)
    t.equal(await agree(later, other, true, false), other, 'a change that was made is none')
    await t.rejects(agree(later, found), PolicyError)
  }
})

t.test('of two nodes that start on a new store at the same time one is refused', async t => {
  const { engine, next } = await engines()
  const other = await next()
  const results = await Promise.allSettled([agree(engine, 'open'), agree(other, 'required')])
  t.same(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

t.test('a store of before there were policies is one for friends', async t => {
  const { engine, next } = await engines()
  await engine.run(timeActor, noteTime, { node: 'node', others: [], begins: true, jumps: [] })
  await t.rejects(agree(engine, 'open'), PolicyError)
  t.equal(await agree(await next(), 'open', true), 'open')
})

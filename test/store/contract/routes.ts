/** Contract: routes, which a store of one process takes and never names. */

import type { Test } from 'tap'
import { present } from '../../../src/lib/assert.js'
import type { NodeId, RouteChange, Store } from '../../../src/store/types.js'
import { A, append, B, commit, expecting, log, put, record, type StoreKind, unit } from './support.js'

const LONG_MS = 60_000

function route(actor: string, node: NodeId, ttlMs = LONG_MS): RouteChange {
  return { actor, node, ttlMs }
}

/** Appends to A and to B, with changes of routes in the same unit. @returns the nodes that are to be told of each */
async function told(store: Store, ...routes: RouteChange[]): Promise<NodeId[][]> {
  const result = present(
    (await commit(store, unit({ appends: [append(A, 'a'), append(B, 'b')], routes })))[0],
    'a result',
  )
  if (result.kind !== 'committed') throw new Error(result.kind)
  return result.routes.map(nodes => nodes.toSorted())
}

export function routeContract(t: Test, open: StoreKind): void {
  t.test('a commit names the routes of what it appended to', async t => {
    const store = await open(t)()
    const named = (routes: NodeId[][]) => (store.shared ? routes : [])
    t.same(await told(store), [], 'there are none')
    await store.setRoute(A, 'one', LONG_MS)
    t.same(await told(store), named([['one'], []]))
    await store.setRoute(A, 'two', LONG_MS)
    await store.setRoute(B, 'one', LONG_MS)
    t.same(await told(store), named([['one', 'two'], ['one']]))
    await store.dropRoute(A, 'one')
    await store.dropRoute(B, 'none')
    t.same(await told(store), named([['two'], ['one']]))
    await store.close()
  })

  t.test('a unit sets and drops routes, and is answered with them as they are then', async t => {
    const store = await open(t)()
    const named = (routes: NodeId[][]) => (store.shared ? routes : [])
    t.same(await told(store, route(A, 'one'), route(B, 'two')), named([['one'], ['two']]))
    t.same(await told(store), named([['one'], ['two']]))
    t.same(await told(store, route(A, 'one', 0), route(A, 'two'), route(B, 'none', 0)), named([['two'], ['two']]))
    t.same(await told(store, route(A, 'two', 0), route(B, 'two', 0)), [])
    await store.close()
  })

  t.test('a unit that puts no more than a record sets routes, and so does one without anything else', async t => {
    const store = await open(t)()
    const named = (routes: NodeId[][]) => (store.shared ? routes : [])
    const done = { kind: 'committed', appended: [], routes: [] }
    t.same(await commit(store, unit({ puts: [put(A, 'x', 'bound', 11)], routes: [route(A, 'one')] })), [done])
    t.equal(await record(store, A, 'x'), '11:bound')
    t.same(await commit(store, unit({ routes: [route(B, 'two')] })), [done])
    t.same(await told(store), named([['one'], ['two']]))
    await store.close()
  })

  t.test('a unit that falls changes no route', async t => {
    const store = await open(t)()
    await store.setRoute(A, 'one', LONG_MS)
    const expect = [expecting(A, 'x', 99)]
    const [fell] = await commit(store, unit({ expect, routes: [route(A, 'one', 0), route(B, 'two')] }))
    t.equal(fell?.kind, 'conflict')
    t.same(await log(store, B), [])
    t.same(await told(store), store.shared ? [['one'], []] : [])
    await store.close()
  })
}

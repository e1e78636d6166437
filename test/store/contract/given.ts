/** Contract: appends that name their versions. */

import type { Test } from 'tap'
import { type Append, EPOCH_JUMP, type Store } from '../../../src/store/types.js'
import {
  A,
  ALL,
  append,
  appendTexts,
  B,
  bytesOf,
  commit,
  committed,
  entryAt,
  expecting,
  log,
  newStamp,
  put,
  readAll,
  record,
  type StoreKind,
  shown,
  trim,
  unit,
} from './support.js'

const J = EPOCH_JUMP

/** The same append, under this version. */
function at(version: number, append: Append): Append {
  return { ...append, at: version }
}

async function appendAll(store: Store, ...appends: Append[]) {
  return committed(await commit(store, unit({ appends })))
}

export function givenContract(t: Test, open: StoreKind): void {
  t.test('an append that names its version has it, and the log goes on behind it', async t => {
    const reopen = open(t)
    let store = await reopen()
    t.same(await appendAll(store, at(5, append(A, 'a')), append(A, 'b'), at(9, append(A, 'c', 'k'))), [
      { from: 0, version: 5 },
      { from: 5, version: 6 },
      { from: 6, version: 9 },
    ])
    t.same(await appendAll(store, at(2 ** 40, append(A, 'd', 'k')), at(1, append(B, 'x'))), [
      { from: 9, version: 2 ** 40 },
      { from: 0, version: 1 },
    ])
    const check = async () => {
      t.same(await log(store, A), ['5:a', '6:b', `${2 ** 40}:d`])
      t.match(await readAll(store, A), { head: 2 ** 40, durable: 2 ** 40, floor: 0, gaps: [], more: false })
      t.same(shown(await store.read(A, 5, 100, 1, 100)), ['6:b'])
      t.same(await log(store, B), ['1:x'])
      t.match(await store.logs(7, null, 9), [{ actor: B }, { actor: A, head: 2 ** 40, gaps: [] }])
    }
    await check()
    await store.close()
    store = await reopen()
    await check()
    t.same(await appendTexts(store, A, 'e'), [{ from: 2 ** 40, version: 2 ** 40 + 1 }])
    await trim(store, A, 5)
    await appendAll(store, at(2 ** 53 - 1, append(A, 'last')))
    await store.close()
    store = await reopen()
    t.same(await log(store, A), ['6:b', `${2 ** 40}:d`, `${2 ** 40 + 1}:e`, `${2 ** 53 - 1}:last`])
    t.same(await store.tally(A, ALL, 100, 1000), { trimmable: 3, bytes: 6, to: 6 })
    await store.close()
  })

  t.test('a version that is not above the head is a conflict, and nothing of the unit is done', async t => {
    const store = await open(t)()
    await appendAll(store, at(5, append(A, 'a')))
    const late = (...appends: Append[]) =>
      commit(store, unit({ puts: [put(A, 'r', 'x')], trims: [{ actor: A, upTo: ALL }], appends }))
    const behind = (head: number, actor = A) => [{ kind: 'order conflict', actor, head }]
    t.same(await late(at(5, append(A, 'x'))), behind(5))
    t.same(await late(append(B, 'x'), at(4, append(A, 'x', 'k'))), behind(5))
    t.same(await late(at(7, append(A, 'x')), at(7, append(A, 'x'))), behind(7), 'its own appends count')
    t.same(await late(append(A, 'x'), at(6, append(A, 'x'))), behind(6))
    t.same(await late(append(B, 'x'), at(1, append(B, 'x'))), behind(1, B))
    t.equal(await record(store, A, 'r'), 'absent')
    t.same(await log(store, A), ['5:a'])
    t.match(await readAll(store, B), { head: 0 })
    t.same(await appendAll(store, append(A, 'b')), [{ from: 5, version: 6 }], 'no version is used up')
    await store.close()
  })

  t.test('in one commit each unit is judged by the head that the ones before it leave', async t => {
    const store = await open(t)()
    const named = (version: number) => unit({ appends: [at(version, append(A, `${version}`))] })
    const results = await commit(store, named(3), named(2), named(4), unit({ appends: [append(A, 'next')] }), named(5))
    t.same(
      results.map(result => (result.kind === 'order conflict' ? result.head : result.kind)),
      ['committed', 3, 'committed', 'committed', 5],
    )
    t.same(await log(store, A), ['3:3', '4:4', '5:next'])
    await store.close()
  })

  t.test('expectations and replacements are judged before the order, and the epoch behind it', async t => {
    const store = await open(t)()
    await appendAll(store, at(5, append(A, 'a')))
    const late = { appends: [at(5, append(A, 'x'))], epoch: { partition: 7, epoch: 9 } }
    const replaces = [{ actor: A, version: 4, expected: 0, stamp: newStamp(), bytes: bytesOf('x') }]
    t.match(await commit(store, unit({ ...late, expect: [expecting(A, 'r', 5)], replaces })), [{ kind: 'conflict' }])
    t.match(await commit(store, unit({ ...late, replaces })), [{ kind: 'entry conflict', current: null }])
    t.match(await commit(store, unit(late)), [{ kind: 'order conflict', head: 5 }])
    t.match(await commit(store, unit({ ...late, appends: [at(6, append(A, 'x'))] })), [{ kind: 'epoch conflict' }])
    t.same(await log(store, A), ['5:a'])
    await store.close()
  })

  t.test('in a new epoch the log does not jump for it: it is in that epoch from then on, without a gap', async t => {
    const reopen = open(t)
    let store = await reopen()
    await appendTexts(store, A, 'a')
    await store.newEpoch(store.scopeOf(A))
    t.match(await commit(store, unit({ appends: [at(1, append(A, 'x'))] })), [{ kind: 'order conflict', head: 1 }])
    t.match(await commit(store, unit({ appends: [append(A, 'x'), at(J + 2, append(A, 'x'))] })), [
      { kind: 'order conflict', head: J + 2 },
    ])
    t.same(await appendAll(store, at(2, append(A, 'b')), at(10, append(B, 'x'))), [
      { from: 1, version: 2 },
      { from: 0, version: 10 },
    ])
    await store.close()
    store = await reopen()
    t.match(await readAll(store, A), { head: 2, gaps: [] })
    t.same(await appendTexts(store, A, 'c'), [{ from: 2, version: 3 }])
    t.same(await appendTexts(store, B, 'y'), [{ from: 10, version: 11 }])
    await store.newEpoch(store.scopeOf(A))
    t.same(await appendTexts(store, A, 'd'), [{ from: 3, version: J + 4 }], 'others jump in the next one')
    t.same((await readAll(store, A)).gaps, [{ after: 3, upTo: J + 3 }])
    t.same(await appendAll(store, at(J + 6, append(A, 'e'))), [{ from: J + 4, version: J + 6 }])
    t.same((await readAll(store, A)).gaps, [{ after: 3, upTo: J + 3 }])
    await store.close()
  })

  t.test('a conversation goes on over versions that were named', async t => {
    const store = await open(t)()
    const said = (version: number | undefined, text: string): Append => ({
      actor: A,
      conversation: 'x',
      at: version,
      bytes: bytesOf(text),
    })
    await appendAll(store, said(5, 'a'), said(undefined, 'b'), said(100, 'c'))
    t.match(await Promise.all([6, 100].map(version => entryAt(store, A, version))), [{ previous: 5 }, { previous: 6 }])
    t.equal(await store.newest(A, 'x'), 100)
    await store.close()
  })
}

/** Contract: scans, what stays over closing and opening, epochs. */

import type { Test } from 'tap'
import { partitionOf } from '../../../src/store/partition.js'
import { textOrder } from '../../../src/store/text.js'
import { EPOCH_JUMP, type ScannedRecord, type Store } from '../../../src/store/types.js'
import { scopesOf } from '../../support/scopes.js'
import {
  A,
  ALL,
  append,
  appendTexts,
  B,
  commit,
  expecting,
  log,
  put,
  readAll,
  record,
  type StoreKind,
  shown,
  textOf,
  trim,
  unit,
} from './support.js'

const J = EPOCH_JUMP

export function scanContract(t: Test, open: StoreKind): void {
  t.test("a scan gives an actor's records of a prefix in the byte order of their names", async t => {
    const store = await open(t)()
    const names = ['b', 'a', 'contact:2', 'contact:10', 'contact:1', 'é', '\uffee', '𝔸', '', 'a/b']
    await commit(store, unit({ puts: names.map((name, i) => put(A, name, `value ${name}`, i + 1)) }))
    // What stands beside it: another's, and one whose actor and name make the same text.
    await commit(store, unit({ puts: [put(B, 'a', 'of b', 77)] }))
    await store.commit(store.scopeOf(`${A}/a`), [unit({ puts: [put(`${A}/a`, 'b', 'x'), put(`${A}/a`, 'c', 'x')] })])
    await store.commit(store.scopeOf(`${A}!`), [unit({ puts: [put(`${A}!`, 'a', 'x')] })])
    const all = await store.scan(A, '', null, 100)
    t.same(
      all.map(({ name }) => name),
      names.toSorted(textOrder),
    )
    t.ok(all.every(({ name, bytes, stamp }) => textOf(bytes) === `value ${name}` && names[stamp - 1] === name))
    const some = await store.scan(A, 'contact:', null, 100)
    t.same(
      some.map(({ name }) => name),
      ['contact:1', 'contact:10', 'contact:2'],
    )
    t.same(
      (await store.scan(`${A}/a`, '', null, 100)).map(({ name }) => name),
      ['b', 'c'],
    )
    t.same(await store.scan(A, 'nothing', null, 100), [])
    t.same(await store.scan('user/519', '', null, 100), [])
    await store.close()
  })

  t.test('a scan goes on after a name that need not exist, and keeps to its limit', async t => {
    const store = await open(t)()
    const names = Array.from({ length: 25 }, (_, i) => `n${String(i).padStart(2, '0')}`)
    await commit(store, unit({ puts: names.map(name => put(A, name, name)) }))
    const seen: string[] = []
    let after: string | null = null
    for (;;) {
      const page: readonly ScannedRecord[] = await store.scan(A, '', after, 10)
      seen.push(...page.map(({ name }) => name))
      const last = page.at(-1)
      if (last === undefined) break
      t.ok(page.length <= 10)
      after = last.name
    }
    t.same(seen, names)
    const between = async (after: string) => (await store.scan(A, 'n', after, 2)).map(({ name }) => name)
    t.same(await between('n03x'), ['n04', 'n05'])
    t.same(await between('a'), ['n00', 'n01'])
    t.same(await between(''), ['n00', 'n01'])
    t.same(await between('v'), [])
    await store.close()
  })

  t.test('a scan does not show removed records nor logs', async t => {
    const store = await open(t)()
    const actors = [A, B, 'group/1', 'group/2', 'accounts/9', 'outbox/8']
    for (const actor of actors) {
      await store.commit(store.scopeOf(actor), [
        unit({ puts: [put(actor, 'x', 'x'), put(actor, 'gone', 'x')], appends: [append(actor, 'item', 'key')] }),
        unit({ puts: [put(actor, 'gone', null)] }),
      ])
    }
    for (const actor of actors) {
      t.same(
        (await store.scan(actor, '', null, 100)).map(({ name }) => name),
        ['x'],
      )
    }
    await store.close()
  })
}

export function lastingContract(t: Test, open: StoreKind): void {
  t.test('scopes: each actor is of one of them, and actors of a partition are of one', async t => {
    const store = await open(t)()
    const scopes = scopesOf(store)
    const scopeByPartition = new Map<number, number>()
    for (let i = 0; i < 1000; i++) {
      for (const actor of [`user/${i}`, `accounts/${i % 256}`, `group/${i}`]) {
        const scope = store.scopeOf(actor)
        if (!scopes.has(scope)) t.fail(`${actor} is of an unknown scope`)
        const partition = partitionOf(actor)
        if ((scopeByPartition.get(partition) ?? scope) !== scope)
          t.fail(`${actor} is of another scope than its partition`)
        scopeByPartition.set(partition, scope)
      }
    }
    t.equal(scopeByPartition.size, 256)
    await store.close()
  })

  t.test('records, logs, keys, id and epoch stay over closing and opening', async t => {
    const reopen = open(t)
    let store = await reopen()
    const id = store.id
    t.equal(id.length, 16)
    t.equal(store.epochOf(7), 1)
    await commit(store, unit({ puts: [put(A, 'x', 'one', 11), put(A, 'y', 'gone'), put(A, 'y', null)] }))
    await appendTexts(store, A, 'a', 'k=b', 'c')
    await trim(store, A, 1)
    await store.close()

    store = await reopen()
    t.same(store.id, id)
    t.equal(store.epochOf(7), 1)
    t.equal(await record(store, A, 'x'), '11:one')
    t.equal(await record(store, A, 'y'), 'absent')
    t.same(await log(store, A), ['2:b', '3:c'])
    t.match(await readAll(store, A), { head: 3, durable: 3, floor: 1 })
    t.match(await commit(store, unit({ expect: [expecting(A, 'x', 11)], puts: [put(A, 'x', 'two', 12)] })), [
      { kind: 'committed' },
    ])
    t.same(await appendTexts(store, A, 'k=d'), [{ from: 3, version: 4 }])
    t.same(await log(store, A), ['3:c', '4:d'])
    await store.newEpoch(store.scopeOf(A))
    t.equal(store.epochOf(7), 2)
    await store.close()

    store = await reopen()
    t.equal(store.epochOf(7), 2)
    t.same(store.id, id)
    await store.close()
  })

  t.test('other data has another id', async t => {
    const one = await open(t)()
    const other = await open(t)()
    t.notSame(one.id, other.id)
    await one.close()
    await other.close()
  })

  t.test('after a change of epoch each log jumps at its next append, and remembers the gap', async t => {
    const reopen = open(t)
    let store = await reopen()
    await appendTexts(store, A, 'a', 'k=b')
    await appendTexts(store, B, 'x')
    await store.newEpoch(store.scopeOf(A))
    t.match(await readAll(store, A), { head: 2, durable: 2, gaps: [] }, 'lazily')
    t.same(await appendTexts(store, A, 'k=c', 'd'), [
      { from: 2, version: J + 3 },
      { from: J + 3, version: J + 4 },
    ])
    const check = async (store: Store) => {
      const range = await readAll(store, A)
      t.same(shown(range), ['1:a', `${J + 3}:c`, `${J + 4}:d`])
      t.same(range.gaps, [{ after: 2, upTo: J + 2 }])
      t.equal(range.head, J + 4)
    }
    await check(store)
    await store.close()
    store = await reopen()
    await check(store)
    t.same(
      await appendTexts(store, B, 'y'),
      [{ from: 1, version: J + 2 }],
      'B had not been touched before the reopening',
    )
    t.same(await appendTexts(store, A, 'e'), [{ from: J + 4, version: J + 5 }], 'once only')
    await store.close()
  })

  t.test(
    'a log that begins in a later epoch begins beyond the jump: its actor may have had one that was lost',
    async t => {
      const reopen = open(t)
      let store = await reopen()
      await store.newEpoch(store.scopeOf(A))
      t.match(await readAll(store, A), { head: 0, gaps: [] })
      t.same(await appendTexts(store, A, 'a'), [{ from: 0, version: J + 1 }])
      t.match(await readAll(store, A), { gaps: [{ after: 0, upTo: J }] })
      await store.close()
      store = await reopen()
      t.same(await appendTexts(store, A, 'b'), [{ from: J + 1, version: J + 2 }])
      t.same(await appendTexts(store, B, 'x'), [{ from: 0, version: J + 1 }])
      await store.close()
    },
  )

  t.test('a log that misses epochs jumps once for each of them', async t => {
    const reopen = open(t)
    let store = await reopen()
    await appendTexts(store, A, 'a')
    await store.newEpoch(store.scopeOf(A))
    t.same(await appendTexts(store, A, 'b'), [{ from: 1, version: J + 2 }])
    await store.newEpoch(store.scopeOf(A))
    await store.newEpoch(store.scopeOf(A))
    await store.close()
    store = await reopen()
    t.equal(store.epochOf(7), 4)
    t.same(await appendTexts(store, A, 'c'), [{ from: J + 2, version: 3 * J + 3 }])
    t.same(await appendTexts(store, B, 'x'), [{ from: 0, version: 3 * J + 1 }])
    t.same((await readAll(store, A)).gaps, [
      { after: 1, upTo: J + 1 },
      { after: J + 2, upTo: 3 * J + 2 },
    ])
    t.same(await log(store, A), ['1:a', `${J + 2}:b`, `${3 * J + 3}:c`])
    t.same(shown(await store.read(A, 1, J + 2, 10, 100)), [`${J + 2}:b`])
    await store.close()
  })

  t.test('a unit that was made for another epoch is not done, and the current one is named', async t => {
    const store = await open(t)()
    const inEpoch = (epoch: number) =>
      unit({ puts: [put(A, 'x', `made in ${epoch}`, epoch)], epoch: { partition: 7, epoch } })
    t.match(await commit(store, inEpoch(1), inEpoch(2)), [
      { kind: 'committed' },
      { kind: 'epoch conflict', partition: 7, current: 1 },
    ])
    await store.newEpoch(store.scopeOf(A))
    t.match(await commit(store, inEpoch(1)), [{ kind: 'epoch conflict', partition: 7, current: 2 }])
    t.equal(await record(store, A, 'x'), '1:made in 1')
    t.match(await commit(store, inEpoch(2)), [{ kind: 'committed' }])
    t.equal(await record(store, A, 'x'), '2:made in 2')
    await store.close()
  })

  t.test('a unit that fell on its way to a newer epoch says first what it conflicts with', async t => {
    const store = await open(t)()
    const once = unit({
      expect: [expecting(A, 'x', 0)],
      puts: [put(A, 'x', 'once', 5)],
      epoch: { partition: 7, epoch: 1 },
    })
    await commit(store, once)
    await store.newEpoch(store.scopeOf(A))
    t.match(await commit(store, once), [{ kind: 'conflict', current: 5 }], 'a repeat sees that it had been done')
    await store.close()
  })

  t.test('a commit under way when an epoch begins is judged in the order of the calls', async t => {
    const store = await open(t)()
    const made = (text: string) => unit({ puts: [put(A, 'x', text)], epoch: { partition: 7, epoch: 1 } })
    const [before, , after] = await Promise.all([
      commit(store, made('before')),
      store.newEpoch(store.scopeOf(A)),
      commit(store, made('after')),
    ])
    t.match(before, [{ kind: 'committed' }])
    t.match(after, [{ kind: 'epoch conflict', current: 2 }])
    t.equal(store.epochOf(7), 2, 'whoever hears of an epoch finds it')
    await store.close()
  })

  t.test('gaps, floor and head of a log stay when everything in it is trimmed', async t => {
    const reopen = open(t)
    let store = await reopen()
    await appendTexts(store, A, 'a')
    await store.newEpoch(store.scopeOf(A))
    await appendTexts(store, A, 'b')
    await trim(store, A, ALL)
    await store.close()
    store = await reopen()
    const { entries, ...rest } = await readAll(store, A)
    t.same(entries, [])
    t.same(rest, { more: false, head: J + 2, durable: J + 2, floor: J + 2, gaps: [{ after: 1, upTo: J + 1 }] })
    await store.newEpoch(store.scopeOf(A))
    t.same(await appendTexts(store, A, 'c'), [{ from: J + 2, version: 2 * J + 3 }])
    await store.close()
  })

  t.test('a closed store refuses', async t => {
    const store = await open(t)()
    await store.close()
    await t.rejects(store.get(A, ['x']))
    await t.rejects(store.read(A, 0, 1, 1, 1))
    await t.rejects(store.scan(A, '', null, 1))
    await t.rejects(commit(store, unit({ puts: [put(A, 'x', 'x')] })))
    await t.rejects(store.newEpoch(store.scopeOf(A)))
    await store.close()
  })
}

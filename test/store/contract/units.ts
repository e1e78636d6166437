/** Contract: records, expectations, and units that happen whole or not at all. */

import type { Test } from 'tap'
import type { Unit } from '../../../src/store/types.js'
import {
  A,
  ACCOUNTS,
  append,
  B,
  bytesOf,
  commit,
  expecting,
  log,
  newStamp,
  put,
  record,
  type StoreKind,
  unit,
} from './support.js'

export function unitContract(t: Test, open: StoreKind): void {
  t.test('a record that was never put is absent: stamp 0, no bytes', async t => {
    const store = await open(t)()
    t.same(await store.get(A, ['x', 'y']), [
      { stamp: 0, bytes: new Uint8Array(0) },
      { stamp: 0, bytes: new Uint8Array(0) },
    ])
    t.same(await store.get(A, []), [])
    await store.close()
  })

  t.test('a put is read back with its stamp, in the order of the names asked for', async t => {
    const store = await open(t)()
    t.same(
      await commit(store, unit({ puts: [put(A, 'x', 'one', 11), put(A, 'y', '', 12), put(B, 'x', 'other', 13)] })),
      [{ kind: 'committed', appended: [], routes: [] }],
    )
    t.same(await store.get(A, ['y', 'none', 'x', 'y']), [
      { stamp: 12, bytes: bytesOf('') },
      { stamp: 0, bytes: bytesOf('') },
      { stamp: 11, bytes: bytesOf('one') },
      { stamp: 12, bytes: bytesOf('') },
    ])
    t.equal(await record(store, B, 'x'), '13:other')
    await store.close()
  })

  t.test(
    'a patch changes what it names of a record, and all of it is read back, again and again, and after each opening',
    async t => {
      const opening = open(t)
      let store = await opening()
      let text = 'a window of 64 numbers '.repeat(20)
      let stamp = newStamp()
      await commit(store, unit({ puts: [put(A, 'window', text, stamp)] }))
      /** Puts `part` at `at`, and cuts what follows to a length. */
      const patch = async (at: number, part: string, cutTo?: number): Promise<void> => {
        const length = cutTo ?? Math.max(text.length, at + part.length)
        text = (text.slice(0, at) + part + text.slice(at + part.length)).slice(0, length)
        const before = stamp
        stamp = newStamp()
        const patch = { length: text.length, ranges: [0, 0, at, part.length] }
        await commit(
          store,
          unit({ expect: [expecting(A, 'window', before)], puts: [{ ...put(A, 'window', part, stamp), patch }] }),
        )
        t.equal(await record(store, A, 'window'), `${stamp}:${text}`)
      }
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 30; i++) await patch((i * 7) % 300, `<${round}.${i}>`)
        await patch(text.length, ' and more')
        await patch(0, '', text.length - 20)
        const last = stamp
        await store.close()
        store = await opening()
        t.equal(await record(store, A, 'window'), `${last}:${text}`)
        t.same(
          (await store.scan(A, '', null, 9)).map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]),
          [['window', text]],
        )
      }
      await store.close()
    },
  )

  t.test('patches of one commit follow each other, whether they overlap, grow or cut', async t => {
    const store = await open(t)()
    let text = 'a window of 64 numbers '.repeat(20)
    let stamp = newStamp()
    await commit(store, unit({ puts: [put(A, 'window', text, stamp)] }))
    const units: Unit[] = []
    const patch = (at: number, part: string, cutTo?: number): void => {
      const length = cutTo ?? Math.max(text.length, at + part.length)
      const head = `${units.length}`
      text = (head + text.slice(head.length, at) + part + text.slice(at + part.length)).slice(0, length)
      const before = stamp
      stamp = newStamp()
      const patch = { length: text.length, ranges: [0, head.length, at, part.length] }
      const puts = [{ ...put(A, 'window', head + part, stamp), patch }]
      units.push(unit({ expect: [expecting(A, 'window', before)], puts }))
    }
    for (let i = 0; i < 20; i++) patch(10 + ((i * 7) % 60), `<${i}>`.repeat(1 + (i % 3)))
    for (let i = 0; i < 5; i++) patch(text.length, ' and more')
    patch(30, 'cut', text.length - 20)
    patch(text.length, 'grown again')
    patch(200, 'one')
    patch(196, 'around it')
    const fell = unit({ expect: [expecting(A, 'window', 1)], puts: [put(A, 'window', 'no', newStamp())] })
    const results = await commit(store, ...units, fell)
    t.same(
      results.slice(0, -1).filter(({ kind }) => kind !== 'committed'),
      [],
    )
    t.match(results.at(-1), { kind: 'conflict', current: stamp })
    t.equal(await record(store, A, 'window'), `${stamp}:${text}`)
    await store.close()
  })

  t.test('stamps keep all 53 bits', async t => {
    const store = await open(t)()
    for (const stamp of [1, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
      await commit(store, unit({ puts: [put(A, `s${stamp}`, 'x', stamp)] }))
      t.equal(await record(store, A, `s${stamp}`), `${stamp}:x`)
      t.match(await commit(store, unit({ expect: [expecting(A, `s${stamp}`, 0)] })), [{ current: stamp }])
    }
    await store.close()
  })

  t.test('a unit whose expectations hold is done; an absent record is expected as 0', async t => {
    const store = await open(t)()
    const first = unit({ expect: [expecting(A, 'x', 0)], puts: [put(A, 'x', 'one', 21)] })
    t.match(await commit(store, first), [{ kind: 'committed' }])
    const second = unit({
      expect: [expecting(A, 'x', 21), expecting(A, 'other', 0), expecting(B, 'x', 0)],
      puts: [put(A, 'x', 'two', 22)],
    })
    t.match(await commit(store, second), [{ kind: 'committed' }])
    t.equal(await record(store, A, 'x'), '22:two')
    await store.close()
  })

  t.test(
    'a conflict names the first expectation that failed and the stamp there, and nothing of the unit is done',
    async t => {
      const store = await open(t)()
      await commit(store, unit({ puts: [put(A, 'x', 'one', 31), put(B, 'y', 'one', 32)] }))
      const results = await commit(
        store,
        unit({
          expect: [expecting(A, 'x', 31), expecting(B, 'y', 999), expecting(A, 'x', 0)],
          puts: [put(A, 'x', 'two'), put(A, 'new', 'n'), put(B, 'y', null)],
          appends: [append(A, 'item')],
        }),
        unit({ expect: [expecting(ACCOUNTS, 'none', 5)], puts: [put(ACCOUNTS, 'none', 'x')] }),
      )
      t.same(results, [
        { kind: 'conflict', actor: B, name: 'y', current: 32 },
        { kind: 'conflict', actor: ACCOUNTS, name: 'none', current: 0 },
      ])
      t.equal(await record(store, A, 'x'), '31:one')
      t.equal(await record(store, A, 'new'), 'absent')
      t.equal(await record(store, B, 'y'), '32:one')
      t.equal(await record(store, ACCOUNTS, 'none'), 'absent')
      t.same(await log(store, A), [])
      await store.close()
    },
  )

  t.test('units are judged alone and in order: one falls, those before and after it stand', async t => {
    const store = await open(t)()
    const results = await commit(
      store,
      unit({ expect: [expecting(A, 'x', 0)], puts: [put(A, 'x', 'first', 41)], appends: [append(A, 'a')] }),
      unit({ expect: [expecting(A, 'x', 0)], puts: [put(A, 'x', 'second', 42)], appends: [append(A, 'b')] }),
      unit({ expect: [expecting(A, 'x', 41)], puts: [put(A, 'x', 'third', 43)], appends: [append(A, 'c')] }),
    )
    t.same(results, [
      { kind: 'committed', appended: [{ from: 0, version: 1 }], routes: [] },
      { kind: 'conflict', actor: A, name: 'x', current: 41 },
      { kind: 'committed', appended: [{ from: 1, version: 2 }], routes: [] },
    ])
    t.equal(await record(store, A, 'x'), '43:third')
    t.same(await log(store, A), ['1:a', '2:c'])
    await store.close()
  })

  t.test('a unit that expects what an earlier one of the commit was to write falls with it', async t => {
    const store = await open(t)()
    await commit(store, unit({ puts: [put(A, 'x', 'one', 51)] }))
    const results = await commit(
      store,
      unit({ expect: [expecting(A, 'x', 50)], puts: [put(A, 'x', 'two', 52)] }),
      unit({ expect: [expecting(A, 'x', 52)], puts: [put(A, 'x', 'three', 53)] }),
      unit({ expect: [expecting(A, 'x', 53)], puts: [put(A, 'x', 'four', 54)] }),
    )
    const conflict = { kind: 'conflict', actor: A, name: 'x', current: 51 }
    t.same(results, [conflict, conflict, conflict])
    t.equal(await record(store, A, 'x'), '51:one')
    await store.close()
  })

  t.test('a repeated unit conflicts with its own stamp: it had succeeded', async t => {
    const store = await open(t)()
    const once = unit({
      expect: [expecting(A, 'x', 0)],
      puts: [put(A, 'x', 'one', 61)],
      appends: [append(A, 'item')],
    })
    t.match(await commit(store, once), [{ kind: 'committed' }])
    t.same(await commit(store, once), [{ kind: 'conflict', actor: A, name: 'x', current: 61 }])
    t.same(await commit(store, once, once), [
      { kind: 'conflict', actor: A, name: 'x', current: 61 },
      { kind: 'conflict', actor: A, name: 'x', current: 61 },
    ])
    t.same(await log(store, A), ['1:item'])
    await store.close()
  })

  t.test('a removed record is absent, and may be put again, also in one commit', async t => {
    const store = await open(t)()
    await commit(store, unit({ puts: [put(A, 'x', 'one', 71)] }))
    t.match(
      await commit(store, unit({ expect: [expecting(A, 'x', 71)], puts: [put(A, 'x', null), put(A, 'never', null)] })),
      [{ kind: 'committed' }],
    )
    t.equal(await record(store, A, 'x'), 'absent')
    t.same(await commit(store, unit({ expect: [expecting(A, 'x', 71)] })), [
      { kind: 'conflict', actor: A, name: 'x', current: 0 },
    ])
    const results = await commit(
      store,
      unit({ expect: [expecting(A, 'x', 0)], puts: [put(A, 'x', 'two', 72)] }),
      unit({ expect: [expecting(A, 'x', 72)], puts: [put(A, 'x', null)] }),
      unit({ expect: [expecting(A, 'x', 0)], puts: [put(A, 'x', 'three', 73)] }),
    )
    t.match(results, [{ kind: 'committed' }, { kind: 'committed' }, { kind: 'committed' }])
    t.equal(await record(store, A, 'x'), '73:three')
    await store.close()
  })

  t.test('of two puts to one record in a unit the later stands', async t => {
    const store = await open(t)()
    await commit(
      store,
      unit({ puts: [put(A, 'x', 'one', 81), put(A, 'x', 'two', 82), put(A, 'y', 'y'), put(A, 'y', null)] }),
    )
    t.equal(await record(store, A, 'x'), '82:two')
    t.equal(await record(store, A, 'y'), 'absent')
    await store.close()
  })

  t.test('a unit may change several actors, and does so whole', async t => {
    const store = await open(t)()
    const results = await commit(
      store,
      unit({
        expect: [expecting(A, 'x', 0), expecting(B, 'x', 0), expecting(ACCOUNTS, 'name', 0)],
        puts: [put(A, 'x', 'a', 91), put(B, 'x', 'b', 92), put(ACCOUNTS, 'name', 'c', 93)],
        appends: [append(B, 'to b'), append(A, 'to a'), append(B, 'to b again')],
      }),
    )
    t.same(results, [
      {
        kind: 'committed',
        appended: [
          { from: 0, version: 1 },
          { from: 0, version: 1 },
          { from: 1, version: 2 },
        ],
        routes: [],
      },
    ])
    t.same(await log(store, A), ['1:to a'])
    t.same(await log(store, B), ['1:to b', '2:to b again'])
    t.equal(await record(store, ACCOUNTS, 'name'), '93:c')
    await store.close()
  })

  t.test('commits called without waiting for each other are done in the order of the calls', async t => {
    const store = await open(t)()
    const stamps = Array.from({ length: 40 }, newStamp)
    const results = await Promise.all(
      stamps.map((stamp, i) =>
        commit(
          store,
          unit({
            expect: [expecting(A, 'x', stamps[i - 1] ?? 0)],
            puts: [put(A, 'x', `${i}`, stamp)],
            appends: [append(A, `${i}`)],
          }),
        ),
      ),
    )
    t.ok(results.every(([result]) => result?.kind === 'committed'))
    t.same(
      await log(store, A),
      stamps.map((_, i) => `${i + 1}:${i}`),
    )
    await store.close()
  })

  t.test('a commit of no units, and a unit of no parts, change nothing', async t => {
    const store = await open(t)()
    t.same(await commit(store), [])
    t.same(await commit(store, unit({})), [{ kind: 'committed', appended: [], routes: [] }])
    t.same(await commit(store, unit({ expect: [expecting(A, 'x', 0)] })), [
      { kind: 'committed', appended: [], routes: [] },
    ])
    await store.close()
  })

  t.test('large values and many units in one commit', async t => {
    const store = await open(t)()
    const large = new Uint8Array(300_000).map((_, i) => i * 31)
    await commit(
      store,
      unit({
        puts: [{ actor: A, name: 'large', bytes: large.slice(), stamp: 5 }],
        appends: [{ actor: A, bytes: large.slice() }],
      }),
    )
    const units = Array.from({ length: 2000 }, (_, i) =>
      unit({
        expect: [expecting(B, `r${i}`, 0)],
        puts: [put(B, `r${i}`, `value ${i}`, i + 1)],
        appends: [append(B, `${i}`)],
      }),
    )
    const results = await commit(store, ...units)
    t.ok(results.every((result, i) => result.kind === 'committed' && result.appended[0]?.version === i + 1))
    const [record] = await store.get(A, ['large'])
    t.same(new Uint8Array(record?.bytes ?? []), large)
    const range = await store.read(A, 0, 9, 9, 10)
    t.same(new Uint8Array(range.entries[0]?.bytes ?? []), large, 'the first entry is given whatever its size')
    t.equal((await log(store, B)).length, 2000)
    const records = await store.get(B, ['r0', 'r1999'])
    t.match(records, [{ stamp: 1 }, { stamp: 2000 }])
    await store.close()
  })

  t.test('names of any characters are told apart', async t => {
    const store = await open(t)()
    const names = [
      '',
      ' ',
      'a',
      'A',
      'a/',
      'a/b',
      'é',
      'e\u0301',
      '用户',
      '𝔸',
      '\uffff',
      '\u{10ffff}',
      'x'.repeat(500),
      `${'x'.repeat(499)}y`,
    ]
    const actors = [A, 'user/7/a', 'user/7/', '组/7', '组', '𝔸']
    for (const actor of actors) {
      for (const [i, name] of names.entries()) {
        const text = `${actor} ${name}`
        const [result] = await store.commit(store.scopeOf(actor), [
          unit({
            expect: [expecting(actor, name, 0)],
            puts: [put(actor, name, text, i + 1)],
            appends: [append(actor, text, name)],
          }),
        ])
        if (result?.kind !== 'committed') t.fail(`${text}: ${JSON.stringify(result)}`)
      }
    }
    for (const actor of actors) {
      for (const [i, name] of names.entries()) t.equal(await record(store, actor, name), `${i + 1}:${actor} ${name}`)
      t.same(
        await log(store, actor),
        names.map((name, i) => `${i + 1}:${actor} ${name}`),
      )
    }
    await store.close()
  })
}

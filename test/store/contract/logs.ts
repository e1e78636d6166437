/** Contract: versions, bounded reads, compaction keys, trim. */

import type { Test } from 'tap'
import {
  A,
  ALL,
  append,
  appendTexts,
  B,
  bytesOf,
  commit,
  expecting,
  log,
  newStamp,
  put,
  readAll,
  type StoreKind,
  shown,
  textOf,
  trim,
  unit,
} from './support.js'

export function logContract(t: Test, open: StoreKind): void {
  t.test('a log without entries has head 0', async t => {
    const store = await open(t)()
    t.same(await readAll(store, A), { entries: [], more: false, head: 0, durable: 0, floor: 0, gaps: [] })
    await store.close()
  })

  t.test('appends get contiguous versions of their own log, also two in one unit', async t => {
    const store = await open(t)()
    t.same(await appendTexts(store, A, 'a'), [{ from: 0, version: 1 }])
    t.same(await appendTexts(store, A, 'b', 'c'), [
      { from: 1, version: 2 },
      { from: 2, version: 3 },
    ])
    t.same(await appendTexts(store, B, 'x'), [{ from: 0, version: 1 }])
    t.same(await log(store, A), ['1:a', '2:b', '3:c'])
    const { head, durable, floor, gaps, more } = await readAll(store, A)
    t.same({ head, durable, floor, gaps, more }, { head: 3, durable: 3, floor: 0, gaps: [], more: false })
    await store.close()
  })

  t.test('a unit that falls uses up no version', async t => {
    const store = await open(t)()
    await commit(
      store,
      unit({ appends: [append(A, 'a')] }),
      unit({ expect: [expecting(A, 'x', 9)], appends: [append(A, 'fallen'), append(A, 'fallen', 'k')] }),
      unit({ appends: [append(A, 'b', 'k')] }),
    )
    t.same(await log(store, A), ['1:a', '2:b'])
    t.same(await appendTexts(store, A, 'c'), [{ from: 2, version: 3 }])
    await store.close()
  })

  t.test('a read is bounded below by after and above by upTo', async t => {
    const store = await open(t)()
    await appendTexts(store, A, 'a', 'b', 'c', 'd')
    const between = async (after: number, upTo: number) => {
      const range = await store.read(A, after, upTo, 100, 1000)
      t.equal(range.more, false)
      t.equal(range.head, 4)
      return shown(range)
    }
    t.same(await between(0, 4), ['1:a', '2:b', '3:c', '4:d'])
    t.same(await between(1, 3), ['2:b', '3:c'])
    t.same(await between(3, 3), [])
    t.same(await between(4, ALL), [])
    t.same(await between(2, ALL), ['3:c', '4:d'])
    t.same(await between(3, 1), [])
    t.same(await between(99, ALL), [])
    t.same(await between(0, 0), [])
    await store.close()
  })

  t.test(
    'a read is bounded by entries and bytes, gives at least one, and says whether that left anything out',
    async t => {
      const store = await open(t)()
      await appendTexts(store, A, 'aaaa', 'bbbb', 'cccc', 'dddd')
      const read = async (after: number, upTo: number, entriesMax: number, bytesMax: number) => {
        const range = await store.read(A, after, upTo, entriesMax, bytesMax)
        return [shown(range).join(' '), range.more]
      }
      t.same(await read(0, ALL, 2, 1000), ['1:aaaa 2:bbbb', true])
      t.same(await read(2, ALL, 2, 1000), ['3:cccc 4:dddd', false])
      t.same(await read(0, 2, 2, 1000), ['1:aaaa 2:bbbb', false])
      t.same(await read(0, 3, 2, 1000), ['1:aaaa 2:bbbb', true])
      t.same(await read(0, ALL, 100, 8), ['1:aaaa 2:bbbb', true])
      t.same(await read(0, ALL, 100, 11), ['1:aaaa 2:bbbb', true])
      t.same(await read(0, 2, 100, 8), ['1:aaaa 2:bbbb', false])
      t.same(await read(0, ALL, 100, 3), ['1:aaaa', true])
      t.same(await read(0, ALL, 100, 0), ['1:aaaa', true])
      t.same(await read(3, ALL, 100, 0), ['4:dddd', false])
      t.same(await read(0, ALL, 4, 16), ['1:aaaa 2:bbbb 3:cccc 4:dddd', false])
      await store.close()
    },
  )

  t.test('a newer entry with the same key of the same log supersedes the older', async t => {
    const store = await open(t)()
    await appendTexts(store, A, 'k=1', 'plain', 'l=2')
    await appendTexts(store, B, 'k=other log')
    t.same(await appendTexts(store, A, 'k=3'), [{ from: 3, version: 4 }])
    t.same(await log(store, A), ['2:plain', '3:2', '4:3'])
    t.same(await log(store, B), ['1:other log'])
    await appendTexts(store, A, 'k=4', 'k=5', 'l=6', 'k=7')
    t.same(await log(store, A), ['2:plain', '7:6', '8:7'])
    t.equal((await readAll(store, A)).floor, 0, 'superseding is not trimming')
    t.same(shown(await store.read(A, 2, 7, 1, 100)), ['7:6'])
    await store.close()
  })

  t.test('when the newest entry is superseded by a unit of the same commit the head goes on', async t => {
    const store = await open(t)()
    const results = await commit(
      store,
      unit({ appends: [append(A, '1', 'k')] }),
      unit({ appends: [append(A, '2', 'k')] }),
      unit({ appends: [append(A, '3', 'k')] }),
    )
    t.match(results, [{ appended: [{ version: 1 }] }, { appended: [{ version: 2 }] }, { appended: [{ version: 3 }] }])
    t.same(await log(store, A), ['3:3'])
    await store.close()
  })

  t.test('a trim removes what has no key, keeps what has one, and the floor is the highest removed', async t => {
    const store = await open(t)()
    await appendTexts(store, A, 'a', 'k=b', 'c', 'l=d', 'e', 'f')
    await trim(store, A, 4)
    t.same(await log(store, A), ['2:b', '4:d', '5:e', '6:f'])
    t.match(await readAll(store, A), { floor: 3, head: 6, durable: 6 })
    await trim(store, A, 4)
    await trim(store, A, 2)
    t.match(await readAll(store, A), { floor: 3 })
    await appendTexts(store, A, 'k=g')
    t.same(await log(store, A), ['4:d', '5:e', '6:f', '7:g'])
    await trim(store, A, ALL)
    t.same(await log(store, A), ['4:d', '7:g'])
    t.match(await readAll(store, A), { floor: 6, head: 7 })
    await appendTexts(store, A, 'l=h', 'i')
    t.same(await log(store, A), ['7:g', '8:h', '9:i'])
    await store.close()
  })

  t.test('a trim of at most so many removes the oldest, and goes on where it was', async t => {
    const store = await open(t)()
    await appendTexts(store, A, 'a', 'k=b', 'c', 'd', 'e')
    const some = async (upTo: number, entriesMax: number) => {
      await commit(store, unit({ trims: [{ actor: A, upTo, entriesMax }] }))
      const { floor, head } = await readAll(store, A)
      return [(await log(store, A)).join(' '), floor, head]
    }
    t.same(await some(ALL, 2), ['2:b 4:d 5:e', 3, 5])
    t.same(await some(3, 2), ['2:b 4:d 5:e', 3, 5])
    t.same(await some(ALL, 1), ['2:b 5:e', 4, 5])
    t.same(await some(ALL, 9), ['2:b', 5, 5])
    t.same(await some(ALL, 0), ['2:b', 5, 5])
    await store.close()
  })

  t.test('a trim removes what has a passing key, and the key with it', async t => {
    const reopen = open(t)
    let store = await reopen()
    const said = (of: string) => append(A, of, `about/${of}`)
    const keyed = async (...of: string[]) => {
      const found = await store.keyed(A, of)
      return found.map(
        entry => entry && `${entry.version}:${textOf(entry.bytes)} ${entry.conversation}<${entry.previous}`,
      )
    }
    await commit(store, unit({ appends: [append(A, 'a'), said('1'), append(A, 'b', 'about'), said('√'), said('3')] }))
    await commit(store, unit({ appends: [append(A, 'c', 'k'), said('1'), append(A, 'd')] }))
    t.same(await log(store, A), ['1:a', '3:b', '4:√', '5:3', '6:c', '7:1', '8:d'], 'a newer one supersedes')
    t.same(await keyed('about/1', 'about/√', 'about'), ['7:1 undefined<0', '4:√ undefined<0', '3:b undefined<0'])
    t.same(await store.tally(A, ALL, 100, 1000), { trimmable: 5, bytes: 7, to: 1 })
    t.same(await store.tally(A, ALL, 2, 1000), { trimmable: 2, bytes: 2, to: 7 })
    await trim(store, A, 3)
    t.same(await log(store, A), ['3:b', '4:√', '5:3', '6:c', '7:1', '8:d'])
    await commit(store, unit({ trims: [{ actor: A, upTo: ALL, entriesMax: 1 }] }))
    t.match(await readAll(store, A), { floor: 4, head: 8 }, 'it is one of so many')
    t.same(await keyed('about/1', 'about/√', 'about/3'), ['7:1 undefined<0', undefined, '5:3 undefined<0'])
    const again = { actor: A, version: 7, expected: 0, stamp: newStamp(), bytes: bytesOf('again') }
    await commit(store, unit({ drops: [{ actor: A, key: 'about/√' }], replaces: [again] }))
    t.same(await log(store, A), ['3:b', '5:3', '6:c', '7:again', '8:d'])
    await store.close()
    store = await reopen()
    t.same(await keyed('about/1', 'about/√', 'about/3'), ['7:again undefined<0', undefined, '5:3 undefined<0'])
    const results = await commit(store, unit({ trims: [{ actor: A, upTo: 7 }], appends: [said('3')] }))
    t.match(results, [{ appended: [{ from: 8, version: 9 }] }], 'before the appends of its unit')
    t.same(await log(store, A), ['3:b', '6:c', '8:d', '9:3'])
    t.match(await readAll(store, A), { floor: 7, head: 9 })
    t.same(await keyed('about/1', 'about/3', 'k'), [undefined, '9:3 undefined<0', '6:c undefined<0'])
    await commit(store, unit({ appends: [said('1')] }))
    t.same(await log(store, A), ['3:b', '6:c', '8:d', '9:3', '10:1'], 'its key may come again')
    await trim(store, A, ALL)
    await store.close()
    store = await reopen()
    t.match(await readAll(store, A), { floor: 10, head: 10 }, 'also when it was the newest')
    t.same(await keyed('about/1', 'about/3'), [undefined, undefined])
    t.same(await appendTexts(store, A, 'e'), [{ from: 10, version: 11 }])
    t.same(await log(store, A), ['3:b', '6:c', '11:e'])
    await store.close()
  })

  t.test('a trim finds what has a passing key among hundreds that stay', async t => {
    const store = await open(t)()
    const some = Array.from({ length: 360 }, (_, i) => append(A, 'x', i % 3 === 0 ? `about/${i}` : `of ${i}`))
    await commit(store, unit({ appends: some }))
    const one = { actor: A, version: 4, expected: 0, stamp: newStamp(), bytes: bytesOf('again') }
    await commit(store, unit({ appends: [append(A, 'last')], replaces: [one] }))
    const left = async () => [(await readAll(store, A)).entries.length, (await readAll(store, A)).floor]
    await commit(store, unit({ trims: [{ actor: A, upTo: ALL, entriesMax: 110 }] }))
    t.same(await left(), [251, 328])
    await trim(store, A, ALL)
    t.same(await left(), [240, 361])
    t.same(await store.tally(A, ALL, 1000, 1000), { trimmable: 0, bytes: 0, to: 2 })
    await store.close()
  })

  t.test('the lasting entries are those with a key that does not pass, in pages, in order of version', async t => {
    const reopen = open(t)
    let store = await reopen()
    const lasting = async (after: number, entriesMax = 100, bytesMax = ALL) => {
      const { entries, to, more } = await store.lasting(A, after, entriesMax, bytesMax)
      return [...shown({ entries }), `${more ? 'more' : 'all'} ${to}`]
    }
    t.same(await lasting(0), ['all 0'])
    await appendTexts(store, A, 'b=1', 'x', 'about/1=x', 'a=2', 'x', 'about=3', 'ab=45', 'gone=x', 'x')
    const look = async (): Promise<void> => {
      t.same(await lasting(0), ['1:1', '4:2', '6:3', '7:45', '8:x', 'all 9'])
      t.same(await lasting(0, 2), ['1:1', '4:2', 'more 4'], 'a page ends behind its last entry')
      t.same(await lasting(4, 3), ['6:3', '7:45', '8:x', 'all 9'])
      t.same(await lasting(4, 9, 2), ['6:3', 'more 6'], 'by its bytes, too')
      t.same(await lasting(6, 9, 1), ['7:45', 'more 7'], 'the first is given whatever its size')
      t.same(await lasting(8), ['all 9'])
      t.same(await lasting(99), ['all 9'])
    }
    await look()
    await store.close()
    store = await reopen()
    await look()
    t.same(await lasting(0, 2), ['1:1', '4:2', 'more 4'])
    await appendTexts(store, A, 'b=6', 'x', 'c=7')
    await commit(store, unit({ drops: [{ actor: A, key: 'gone' }] }))
    const after = async (): Promise<void> => {
      t.same(
        await lasting(4, 9),
        ['6:3', '7:45', '10:6', '12:7', 'all 12'],
        'what was superseded or dropped is not there',
      )
      t.same(await lasting(0, 9), ['4:2', '6:3', '7:45', '10:6', '12:7', 'all 12'])
    }
    await after()
    await trim(store, A, ALL)
    await after()
    await store.close()
    store = await reopen()
    await after()
    t.match(await store.lasting(A, 0, 9, ALL), { head: 12, durable: 12, floor: 11, gaps: [] })
    t.match(await store.lasting(B, 0, 9, ALL), { entries: [], more: false, to: 0, head: 0, durable: 0 })
    await store.close()
  })

  t.test('a tally counts entries without a key, and their bytes, from the newest down, in slices', async t => {
    const store = await open(t)()
    await appendTexts(store, A, 'a', 'k=b', 'cc', 'ddd', 'l=e', 'k=f')
    const counted = (from: number, entriesMax: number, bytesMax = ALL) => store.tally(A, from, entriesMax, bytesMax)
    t.same(await counted(ALL, 100), { trimmable: 3, bytes: 6, to: 1 })
    t.same(await counted(ALL, 2), { trimmable: 0, bytes: 0, to: 5 })
    t.same(await counted(4, 1), { trimmable: 1, bytes: 3, to: 4 })
    t.same(await counted(3, 2), { trimmable: 2, bytes: 3, to: 1 })
    t.same(await counted(2, 1), { trimmable: 1, bytes: 1, to: 1 }, 'an entry that was superseded is none')
    t.same(await counted(0, 1), { trimmable: 0, bytes: 0, to: 0 })
    t.same(await store.tally(B, ALL, 1, 1), { trimmable: 0, bytes: 0, to: 0 })
    t.same(await counted(ALL, 100, 3), { trimmable: 1, bytes: 3, to: 4 }, 'ends with the one that fills the bytes')
    t.same(await counted(ALL, 100, 4), { trimmable: 2, bytes: 5, to: 3 })
    t.same(await counted(ALL, 100, 5), { trimmable: 2, bytes: 5, to: 3 })
    t.same(await counted(ALL, 100, 6), { trimmable: 3, bytes: 6, to: 1 })
    await trim(store, A, 3)
    t.same(await counted(ALL, 100), { trimmable: 1, bytes: 3, to: 4 })
    await store.close()
  })

  t.test('a walk finds each log of a partition that ever held an entry, in order, and where it stands', async t => {
    const store = await open(t)()
    await commit(store, unit({ puts: [put('user/1031', 'x', 'no log')] }))
    await store.commit(store.scopeOf('user/8'), [unit({ appends: [append('user/8', 'of another partition')] })])
    const seven = ['user/7', 'user/263', 'user/519', 'user/775']
    for (const actor of seven) await appendTexts(store, actor, 'a', 'b')
    await trim(store, 'user/519', ALL)
    await trim(store, 'user/775', 1)
    const walk = async (after: string | null, limit: number) =>
      (await store.logs(7, after, limit)).map(({ actor, head, floor, gaps }) => [actor, head, floor, gaps.length])
    const all = [
      ['user/263', 2, 0, 0],
      ['user/519', 2, 2, 0],
      ['user/7', 2, 0, 0],
      ['user/775', 2, 1, 0],
    ]
    t.same(await walk(null, 100), all)
    t.same(await walk(null, 2), all.slice(0, 2))
    t.same(await walk('user/263', 1), all.slice(1, 2))
    t.same(await walk('user/519', 100), all.slice(2))
    t.same(await walk('user/6', 100), all.slice(2))
    t.same(await walk('user/7', 100), all.slice(3))
    t.same(await walk('user/775', 100), [])
    await store.close()
  })

  t.test('a drop removes what stands under a key, and the key; the head and the floor stay', async t => {
    const reopen = open(t)
    let store = await reopen()
    await commit(
      store,
      unit({ appends: [append(A, 'a', 'k'), append(A, 'b'), append(A, 'c', 'l'), append(A, 'd', 'm')] }),
    )
    await commit(store, unit({ drops: [{ actor: A, key: 'm' }] }))
    t.same(await log(store, A), ['1:a', '2:b', '3:c'])
    t.match(await readAll(store, A), { head: 4, floor: 0 }, 'also when it was the newest')
    await commit(
      store,
      unit({
        drops: [
          { actor: A, key: 'm' },
          { actor: A, key: 'never' },
          { actor: B, key: 'k' },
        ],
      }),
    )
    await commit(store, unit({ drops: [{ actor: A, key: 'k' }], appends: [append(A, 'e', 'k')] }))
    t.same(await log(store, A), ['2:b', '3:c', '5:e'], 'before the appends of its unit')
    await store.close()
    store = await reopen()
    t.same(await log(store, A), ['2:b', '3:c', '5:e'])
    await commit(
      store,
      unit({
        drops: [
          { actor: A, key: 'k' },
          { actor: A, key: 'l' },
        ],
      }),
    )
    await trim(store, A, ALL)
    t.match(await readAll(store, A), { entries: [], head: 5, floor: 2 })
    await store.close()
    store = await reopen()
    t.same(await appendTexts(store, A, 'f'), [{ from: 5, version: 6 }], 'the head never goes back')
    await commit(store, unit({ appends: [append(A, 'g', 'k')] }))
    t.same(await log(store, A), ['6:f', '7:g'], 'a key that was dropped may come again')
    await store.close()
  })

  t.test('a drop stands or falls with its unit', async t => {
    const store = await open(t)()
    await commit(store, unit({ appends: [append(A, 'a', 'k')] }))
    await commit(store, unit({ expect: [expecting(A, 'x', 9)], drops: [{ actor: A, key: 'k' }] }))
    t.same(await log(store, A), ['1:a'])
    await store.close()
  })

  t.test('a trim of nothing, or of a log that is not there, changes nothing', async t => {
    const store = await open(t)()
    await trim(store, A, ALL)
    t.same(await readAll(store, A), { entries: [], more: false, head: 0, durable: 0, floor: 0, gaps: [] })
    await appendTexts(store, A, 'k=a')
    await trim(store, A, ALL)
    await trim(store, A, 0)
    t.match(await readAll(store, A), { head: 1, floor: 0 })
    await store.close()
  })

  t.test('the head never goes back: everything trimmed, appended again, opened again', async t => {
    const reopen = open(t)
    let store = await reopen()
    await appendTexts(store, A, 'a', 'b', 'c')
    await trim(store, A, ALL)
    t.same(await readAll(store, A), { entries: [], more: false, head: 3, durable: 3, floor: 3, gaps: [] })
    await store.close()
    store = await reopen()
    t.match(await readAll(store, A), { entries: [], head: 3, floor: 3 })
    t.same(await appendTexts(store, A, 'd'), [{ from: 3, version: 4 }])
    await trim(store, A, ALL)
    t.same(await appendTexts(store, A, 'e', 'k=f'), [
      { from: 4, version: 5 },
      { from: 5, version: 6 },
    ])
    await store.close()
    store = await reopen()
    t.same(await log(store, A), ['5:e', '6:f'])
    t.match(await readAll(store, A), { head: 6, floor: 4 })
    await store.close()
  })

  t.test('a trim and appends in one unit: the trim comes first, and a trimmed key may be appended again', async t => {
    const store = await open(t)()
    await appendTexts(store, A, 'a', 'k=b')
    const results = await commit(
      store,
      unit({
        puts: [put(A, 'x', 'x', 5)],
        appends: [append(A, 'c'), append(A, 'd', 'k')],
        trims: [{ actor: A, upTo: ALL }],
      }),
      unit({ appends: [append(A, 'e')] }),
    )
    t.match(results, [{ appended: [{ from: 2, version: 3 }, { version: 4 }] }, { appended: [{ from: 4, version: 5 }] }])
    t.same(await log(store, A), ['3:c', '4:d', '5:e'])
    t.match(await readAll(store, A), { floor: 1, head: 5 })
    await store.close()
  })

  t.test('logs whose names begin alike do not mix', async t => {
    const store = await open(t)()
    const actors = ['group/1', 'group/11', 'group/1/', 'group/1/1', 'group/']
    for (const actor of actors) {
      await store.commit(store.scopeOf(actor), [unit({ appends: [append(actor, actor), append(actor, 'k', 'k')] })])
    }
    for (const actor of actors) t.same(await log(store, actor), [`1:${actor}`, '2:k'])
    await store.close()
  })
}

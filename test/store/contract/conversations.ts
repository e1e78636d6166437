/** Contract: chains of conversations, an entry by its version, and replacing one. */

import type { Test } from 'tap'
import { ASKED_MAX, EPOCH_JUMP, type Replace, type Store, type Version } from '../../../src/store/types.js'
import {
  A,
  ALL,
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
  textOf,
  trim,
  unit,
} from './support.js'

/** Commits appends to A's log, each `conversation:text`, `=text` with the key k, or `text`. */
async function say(store: Store, ...items: string[]): Promise<void> {
  const appends = items.map(item => {
    const [name = '', text] = item.split(/[:=]/)
    if (text === undefined) return { actor: A, bytes: bytesOf(item) }
    return item.includes('=')
      ? { actor: A, key: 'k', bytes: bytesOf(text) }
      : { actor: A, conversation: name, bytes: bytesOf(text) }
  })
  committed(await commit(store, unit({ appends })))
}

/** An entry as `text#stamp conversation<previous`, or 'absent'. */
async function entry(store: Store, version: Version): Promise<string> {
  const found = await entryAt(store, A, version)
  if (found === undefined) return 'absent'
  const { bytes, stamp, conversation, previous } = found
  return `${textOf(bytes)}#${stamp} ${conversation}<${previous}`
}

/** The texts of a conversation from the newest down, read in parts, and where the chain ends. */
async function chain(store: Store, conversation: string): Promise<string> {
  const texts: string[] = []
  for (let version = await store.newest(A, conversation); version > 0; ) {
    const part = await store.chain(A, version, 2, ALL)
    if (part.length === 0) return [...texts, 'gone'].join(' ')
    texts.push(...part.map(({ bytes }) => textOf(bytes)))
    version = part.at(-1)?.previous ?? 0
  }
  return [...texts, 'begin'].join(' ')
}

function replacing(version: Version, expected: number, text: string, stamp = newStamp()): Replace {
  return { actor: A, version, expected, stamp, bytes: bytesOf(text) }
}

export function conversationContract(t: Test, open: StoreKind): void {
  t.test('entries of a conversation are a chain, also those of one unit, and others do not mix', async t => {
    const reopen = open(t)
    let store = await reopen()
    t.equal(await store.newest(A, 'x'), 0)
    await say(store, 'x:1', 'plain', 'y:2', 'x:3')
    await say(store, '=keyed', 'x:4', 'é𝔸:5', 'x:')
    await commit(store, unit({ appends: [{ actor: B, conversation: 'x', bytes: bytesOf('of b') }] }))
    const check = async () => {
      t.equal(await chain(store, 'x'), ' 4 3 1 begin')
      t.equal(await chain(store, 'y'), '2 begin')
      t.equal(await chain(store, 'é𝔸'), '5 begin')
      t.equal(await store.newest(A, 'x'), 8)
      t.equal(await store.newest(B, 'x'), 1)
      t.equal(await store.newest(A, ''), 0)
      t.equal(await entry(store, 4), '3#0 x<1')
      t.equal(await entry(store, 2), 'plain#0 undefined<0')
      t.equal(await entry(store, 5), 'keyed#0 undefined<0')
      for (const version of [0, 9, 2 ** 40]) t.equal(await entry(store, version), 'absent')
      t.same(await log(store, A), ['1:1', '2:plain', '3:2', '4:3', '5:keyed', '6:4', '7:5', '8:'])
    }
    await check()
    await store.close()
    store = await reopen()
    await check()
    await say(store, 'x:6')
    t.equal(await entry(store, 9), '6#0 x<8')
    await store.close()
  })

  t.test('entries are read by their versions, in the order asked for, until there are enough bytes', async t => {
    const reopen = open(t)
    let store = await reopen()
    await say(store, 'plain', 'x:22', '=keyed', 'x:4444')
    await commit(store, unit({ replaces: [replacing(2, 0, 'new', 61)] }))
    await store.close()
    store = await reopen()
    await say(store, '=later', 'x:', 'last')
    const shown = async (versions: Version[], bytesMax?: number) =>
      (await store.entries(A, versions, bytesMax)).map(entry => entry && `${entry.version}:${textOf(entry.bytes)}`)
    t.same(await shown([]), [])
    t.same(await shown([7, 1, 2, 2, 5]), ['7:last', '1:plain', '2:new', '2:new', '5:later'])
    t.same(await shown([0, 3, 6, 99, 4]), [undefined, undefined, '6:', undefined, '4:4444'])
    t.same(await store.entries(A, [2, 6, 5]), [
      { version: 2, bytes: bytesOf('new'), stamp: 61, conversation: 'x', previous: 0 },
      { version: 6, bytes: bytesOf(''), stamp: 0, conversation: 'x', previous: 4 },
      { version: 5, bytes: bytesOf('later'), stamp: 0, conversation: undefined, previous: 0 },
    ])
    t.same(await shown([1, 2, 4], 8), ['1:plain', '2:new'])
    t.same(await shown([1, 2, 4], 7), ['1:plain'])
    t.same(await shown([1, 2, 4], 0), ['1:plain'], 'the first is given whatever its size')
    t.same(await shown([3, 1, 3, 6, 99, 2], 0), [undefined, '1:plain', undefined])
    t.same(await store.entries(B, [1]), [undefined])
    const most = Array.from({ length: ASKED_MAX }, (_, i) => i)
    t.same((await shown(most)).slice(0, 4), [undefined, '1:plain', '2:new', undefined])
    await t.rejects(async () => store.entries(A, [...most, 1]))
    await store.close()
  })

  t.test('the newest entries of compaction keys are read by these, in the order asked for', async t => {
    const reopen = open(t)
    let store = await reopen()
    const keyed = (key: string, text: string) => ({ actor: A, key, bytes: bytesOf(text) })
    const appends = [
      keyed('k', '1'),
      keyed('√', '2'),
      keyed('l', '3'),
      keyed('k', '4'),
      keyed('gone', '5'),
      keyed('', '6'),
    ]
    await commit(store, unit({ appends }))
    await store.close()
    store = await reopen()
    await commit(
      store,
      unit({ appends: [keyed('l', '7'), keyed('m', '8')], drops: [{ actor: A, key: 'gone' }] }),
      unit({ replaces: [replacing(2, 0, 'two', 52)], trims: [{ actor: A, upTo: ALL }] }),
    )
    const check = async () => {
      const found = await store.keyed(A, ['m', 'none', '√', 'l', 'gone', 'k', '', 'm'])
      t.same(
        found.map(entry => entry && `${entry.version}:${textOf(entry.bytes)}`),
        ['8:8', undefined, '2:two', '7:7', undefined, '4:4', '6:6', '8:8'],
      )
      t.same(found[2], { version: 2, bytes: bytesOf('two'), stamp: 52, conversation: undefined, previous: 0 })
      t.same(await store.keyed(A, []), [])
      t.same(await store.keyed(B, ['k']), [undefined])
    }
    await check()
    await store.close()
    store = await reopen()
    await check()
    await t.rejects(async () =>
      store.keyed(
        A,
        Array.from({ length: ASKED_MAX + 1 }, () => 'k'),
      ),
    )
    await store.close()
  })

  t.test('a chain is read from any entry of it, down to its end or until there is enough', async t => {
    const reopen = open(t)
    let store = await reopen()
    await say(store, 'x:1', 'y:2', 'x:33', '=4', 'x:55555', 'plain')
    await store.close()
    store = await reopen()
    await say(store, 'x:7', 'y:8')
    await commit(store, unit({ replaces: [replacing(3, 0, '3', 51)] }))
    const shown = async (from: number, entriesMax = 100, bytesMax = ALL) =>
      (await store.chain(A, from, entriesMax, bytesMax)).map(({ version, bytes }) => `${version}:${textOf(bytes)}`)
    t.same(await shown(7), ['7:7', '5:55555', '3:3', '1:1'])
    t.same(await shown(5), ['5:55555', '3:3', '1:1'])
    t.same(await shown(8), ['8:8', '2:2'])
    t.same(await shown(7, 2), ['7:7', '5:55555'])
    t.same(await shown(7, 100, 7), ['7:7', '5:55555', '3:3'])
    t.same(await shown(7, 100, 6), ['7:7', '5:55555'])
    t.same(await shown(5, 100, 0), ['5:55555'], 'the first is given whatever its size')
    t.same(await shown(6), ['6:plain'], 'an entry of no conversation is alone')
    t.same(await shown(4), ['4:4'])
    for (const absent of [0, 9, 2 ** 40]) t.same(await shown(absent), [])
    t.same(await store.chain(A, 3, 9, 9), [
      { version: 3, bytes: bytesOf('3'), stamp: 51, conversation: 'x', previous: 1 },
      { version: 1, bytes: bytesOf('1'), stamp: 0, conversation: 'x', previous: 0 },
    ])
    t.same(await store.chain(B, 7, 9, 9), [])
    await trim(store, A, 3)
    t.same(await shown(7), ['7:7', '5:55555'], 'it ends where the rest was trimmed')
    t.same(await shown(3), [])
    await t.rejects(async () => store.chain(A, 7, ASKED_MAX + 1, 9))
    await store.close()
  })

  t.test('a unit that falls links nothing', async t => {
    const store = await open(t)()
    await say(store, 'x:1')
    const appends = [{ actor: A, conversation: 'x', bytes: bytesOf('fallen') }]
    await commit(store, unit({ expect: [expecting(A, 'r', 9)], appends }))
    t.equal(await chain(store, 'x'), '1 begin')
    await store.close()
  })

  t.test(
    'the conversations of a log are listed in the byte order of their names, as long as they have an entry',
    async t => {
      const reopen = open(t)
      let store = await reopen()
      await say(store, 'b:1', 'a:2', '10:3', '9:4', '𝔸:5', '\uffee:6', 'plain', '=keyed', 'b:9')
      await commit(
        store,
        unit({
          puts: [put(A, 'c', 'a record')],
          appends: [
            { actor: B, bytes: bytesOf('x') },
            { actor: B, conversation: 'of b', bytes: bytesOf('y') },
          ],
        }),
      )
      const listed = async (after: string | null, limit = 100) =>
        (await store.conversations(A, after, limit)).map(({ conversation, newest }) => `${conversation}<${newest}`)
      const check = async () => {
        t.same(await listed(null), ['10<3', '9<4', 'a<2', 'b<9', '\uffee<6', '𝔸<5'])
        t.same(await listed(null, 2), ['10<3', '9<4'])
        t.same(await listed('9', 2), ['a<2', 'b<9'])
        t.same(await listed('aa'), ['b<9', '\uffee<6', '𝔸<5'])
        t.same(await listed('𝔸'), [])
        t.same(await store.conversations(B, null, 9), [{ conversation: 'of b', newest: 2 }])
        t.same(await store.conversations(`${A}/`, null, 9), [])
      }
      await check()
      await store.close()
      store = await reopen()
      await check()
      await trim(store, A, 4)
      await say(store, 'A:10', '10:11')
      const rest = ['10<11', 'A<10', 'b<9', '\uffee<6', '𝔸<5']
      t.same(await listed(null), rest, 'those that are all gone are left out')
      t.same(await listed(null, 2), rest.slice(0, 2))
      t.same(await listed('10', 1), ['A<10'])
      await store.close()
      store = await reopen()
      t.same(await listed(null), rest)
      await trim(store, A, ALL)
      t.same(await listed(null), [])
      await store.close()
    },
  )

  t.test('a trim cuts a chain at its end: a link leads to what is there or to the floor and below', async t => {
    const reopen = open(t)
    let store = await reopen()
    await say(store, 'x:1', 'y:2', 'x:3', '=4', 'x:5', 'z:6')
    await store.close()
    store = await reopen()
    await say(store, 'x:7')
    await trim(store, A, 3)
    const check = async () => {
      t.equal(await chain(store, 'x'), '7 5 gone')
      t.equal((await readAll(store, A)).floor, 3, 'where the last link leads')
      t.equal(await store.newest(A, 'y'), 0, 'nothing of it is left')
      t.equal(await chain(store, 'z'), '6 begin')
      for (const version of [1, 2, 3]) t.equal(await entry(store, version), 'absent')
      t.equal(await entry(store, 4), '4#0 undefined<0')
    }
    await check()
    await store.close()
    store = await reopen()
    await check()
    await say(store, 'y:8')
    t.equal(await chain(store, 'y'), '8 begin', 'it begins anew')
    await commit(store, unit({ trims: [{ actor: A, upTo: ALL, entriesMax: 1 }] }))
    t.equal(await chain(store, 'x'), '7 gone', 'a bounded trim takes the oldest')
    await trim(store, A, ALL)
    for (const name of ['x', 'y', 'z']) t.equal(await store.newest(A, name), 0)
    await store.close()
    store = await reopen()
    for (const name of ['x', 'y', 'z']) t.equal(await store.newest(A, name), 0)
    await store.close()
  })

  t.test('in one unit a trim goes before appends: the conversation begins anew', async t => {
    const store = await open(t)()
    await say(store, 'x:1')
    const appends = [{ actor: A, conversation: 'x', bytes: bytesOf('2') }]
    await commit(store, unit({ trims: [{ actor: A, upTo: ALL }], appends }))
    t.equal(await chain(store, 'x'), '2 begin')
    await store.close()
  })

  t.test(
    'a superseded or dropped key takes nothing out of a chain, and a change of epoch does not break it',
    async t => {
      const reopen = open(t)
      let store = await reopen()
      await say(store, 'x:1', '=a', 'x:2', '=b', 'x:3')
      t.equal(await entry(store, 2), 'absent', 'superseded')
      await commit(store, unit({ drops: [{ actor: A, key: 'k' }] }))
      t.equal(await entry(store, 4), 'absent', 'dropped')
      await store.newEpoch(store.scopeOf(A))
      await say(store, 'x:4')
      const check = async () => {
        t.equal(await store.newest(A, 'x'), EPOCH_JUMP + 6)
        t.equal(await entry(store, EPOCH_JUMP + 6), '4#0 x<5')
        t.equal(await chain(store, 'x'), '4 3 2 1 begin')
        t.equal(await entry(store, 100), 'absent', 'in the gap')
      }
      await check()
      await store.close()
      store = await reopen()
      await check()
      await store.close()
    },
  )
}

export function replaceContract(t: Test, open: StoreKind): void {
  t.test('an entry is replaced under its version, and keeps its place in everything', async t => {
    const reopen = open(t)
    let store = await reopen()
    await say(store, 'plain', 'x:1', '=keyed', 'x:2')
    const before = await readAll(store, A)
    committed(await commit(store, unit({ replaces: [replacing(1, 0, 'again', 71), replacing(2, 0, '', 72)] })))
    committed(await commit(store, unit({ replaces: [replacing(3, 0, 'a much longer text', 73)] })))
    committed(await commit(store, unit({ replaces: [replacing(2, 72, 'one', 74)] })))
    const check = async () => {
      t.same(await log(store, A), ['1:again', '2:one', '3:a much longer text', '4:2'])
      const { head, durable, floor, gaps } = await readAll(store, A)
      t.match(before, { head, durable, floor, gaps })
      t.equal(await entry(store, 1), 'again#71 undefined<0')
      t.equal(await entry(store, 2), 'one#74 x<0')
      t.equal(await chain(store, 'x'), '2 one begin')
      t.same(await store.tally(A, ALL, 100, 1000), { trimmable: 3, bytes: 9, to: 1 })
      t.equal((await store.read(A, 0, 1, 1, 100)).entries[0]?.bytes.length, 5)
    }
    await check()
    await store.close()
    store = await reopen()
    await check()
    committed(await commit(store, unit({ replaces: [replacing(1, 71, 'third', 75)] })))
    t.equal(await entry(store, 1), 'third#75 undefined<0')
    await say(store, '=newer')
    t.equal(await entry(store, 3), 'absent', 'a key is superseded all the same')
    await trim(store, A, ALL)
    t.same(await log(store, A), ['5:newer'])
    await store.close()
    store = await reopen()
    t.same(await log(store, A), ['5:newer'], 'what was replaced goes with its entry')
    t.equal(await entry(store, 1), 'absent')
    await store.close()
  })

  t.test('a replacement meanwhile, or a gone entry, is a conflict, and nothing of the unit is done', async t => {
    const store = await open(t)()
    await say(store, 'a', 'b', '=c')
    committed(await commit(store, unit({ replaces: [replacing(1, 0, 'first', 81)] })))
    const late = unit({
      puts: [put(A, 'r', 'x')],
      appends: [{ actor: A, bytes: bytesOf('x') }],
      replaces: [replacing(2, 0, 'second'), replacing(1, 0, 'second')],
    })
    t.same(await commit(store, late), [{ kind: 'entry conflict', actor: A, version: 1, current: 81 }])
    t.equal(await record(store, A, 'r'), 'absent')
    t.same(await log(store, A), ['1:first', '2:b', '3:c'])
    await trim(store, A, 1)
    await say(store, '=d')
    const gone = (version: number) => ({ kind: 'entry conflict', actor: A, version, current: null })
    for (const version of [1, 3, 9]) {
      t.same(await commit(store, unit({ replaces: [replacing(version, 0, 'x')] })), [gone(version)])
    }
    t.same(
      await commit(store, unit({ expect: [expecting(A, 'r', 5)], replaces: [replacing(1, 0, 'x')] })),
      [{ kind: 'conflict', actor: A, name: 'r', current: 0 }],
      'expectations are judged first',
    )
    await store.close()
  })

  t.test('in one commit each unit is judged by what the ones before it replaced', async t => {
    const store = await open(t)()
    const results = await commit(
      store,
      unit({ appends: [{ actor: A, conversation: 'x', bytes: bytesOf('a') }] }),
      unit({ replaces: [replacing(1, 0, 'b', 91)] }),
      unit({ replaces: [replacing(1, 0, 'c', 92)] }),
      unit({ replaces: [replacing(1, 91, 'd', 93)] }),
      unit({ replaces: [replacing(1, 93, 'e', 94)], trims: [{ actor: A, upTo: ALL }] }),
    )
    t.same(
      results.map(({ kind }) => kind),
      ['committed', 'committed', 'entry conflict', 'committed', 'committed'],
    )
    t.same(await log(store, A), [], 'replacing goes before the trim')
    await store.close()
  })
}

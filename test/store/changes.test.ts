/** The bytes of changes in the journal, and the values that many of them become in the tables. */

import { deepStrictEqual, ok } from 'node:assert'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { encodeMessageItem, withRecipient } from '../../protocol/item-codec.js'
import { Batch } from '../../src/store/lmdb/batch.js'
import { ChangeEncoder, NO_POSITION } from '../../src/store/lmdb/change-encoder.js'
import { ENTRY, LIKE_ENTRY } from '../../src/store/lmdb/change-kinds.js'
import { ChangeReader, changeAt } from '../../src/store/lmdb/change-reader.js'
import { databaseState } from '../../src/store/lmdb/database-file.js'
import { BLOCK_BYTES_MAX, eachEntry, entryHeader } from '../../src/store/lmdb/entry-value.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { append, commit, put, unit } from './contract/support.js'
import { newFolder } from './support/folder.js'

const A = 'user/256'
const B = 'user/123456'

/** The entries of a batch as `actor version bytes`, block by block. */
function blocksOf(batch: Batch): string[][] {
  return [...batch.logs].flatMap(({ actor, pieces }) =>
    pieces.map(({ value, last }) => {
      const entries: string[] = []
      eachEntry(value, last, (version, entry) => {
        entries.push(`${actor} ${version} ${entry.toString('latin1', 1)}`)
        return true
      })
      return entries
    }),
  )
}

function batchOf(encoder: ChangeEncoder, blockBytesMax = BLOCK_BYTES_MAX): Batch {
  const batch = new Batch({ before: () => undefined, blockBytesMax, take: Buffer.allocUnsafe })
  batch.add(encoder.buffer.subarray(0, encoder.position))
  return batch
}

t.test('an entry that is like the one before it says only what is its own, wherever the two differ', async t => {
  const bytes = fc.uint8Array({ maxLength: 8 })
  const shared = fc.uint8Array({ minLength: 0, maxLength: 300 })
  fc.assert(
    fc.property(bytes, bytes, shared, bytes, bytes, fc.boolean(), (headA, headB, body, tailA, tailB, keyed) => {
      const encoder = new ChangeEncoder(16)
      encoder.begin(0)
      const [a, b] = [Buffer.concat([headA, body, tailA]), Buffer.concat([headB, body, tailB])]
      const places = [encoder.putEntry(A, 7, false, a), encoder.putEntry(B, 2 ** 40, keyed, b)]
      const header = { keyed: false, stamp: 9, conversation: 'group/7', previous: 3, passingKey: undefined }
      places.push(encoder.putEntryOf(B, 2 ** 40 + 1, header, a))
      deepStrictEqual(
        places.map(place => changeAt(encoder.buffer, place).value()).map(value => Buffer.from(value)),
        [
          Buffer.concat([Buffer.of(0), a]),
          Buffer.concat([Buffer.of(keyed ? 1 : 0), b]),
          Buffer.concat([head(header), a]),
        ],
      )
      const reader = new ChangeReader(encoder.buffer.subarray(0, encoder.position))
      const versions: string[] = []
      while (reader.next()) versions.push(`${reader.actor} ${reader.version}`)
      deepStrictEqual(versions, [`${A} 7`, `${B} ${2 ** 40}`, `${B} ${2 ** 40 + 1}`])
    }),
    { numRuns: 500 },
  )
  t.pass()
})

function head(header: Parameters<ChangeEncoder['putEntryOf']>[2]): Buffer {
  const encoder = new ChangeEncoder(2 ** 10)
  encoder.begin(0)
  const value = changeAt(encoder.buffer, encoder.putEntryOf(A, 1, header, Buffer.alloc(0))).value()
  deepStrictEqual(entryHeader(value), header)
  return value
}

t.test("a direct message's second copy takes a few bytes, and the window what changed of it", async t => {
  for (const length of [60, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 120, 1_000, 16_384]) {
    const text = 'x'.repeat(length)
    const item = encodeMessageItem({ sender: 12_345, device: 1, sendSeq: 700, atMs: 1.8e12, recipient: 0, text })
    const encoder = new ChangeEncoder(2 ** 16)
    encoder.begin(0)
    const window = { actor: A, name: 'device/1', stamp: 1234, bytes: null }
    encoder.patchRecord(window, Buffer.alloc(18), { length: 585, ranges: [0, 9, 90, 9] }, NO_POSITION)
    const afterWindow = encoder.position
    encoder.putEntry(A, 1_000, false, withRecipient(item, 54_321))
    const afterFirst = encoder.position
    encoder.putEntry(B, 1_000, false, item)
    const [first, second] = [afterFirst - afterWindow, encoder.position - afterFirst]
    t.ok(
      afterWindow <= 56 && first <= item.length + 16 && second <= 32,
      `${length}: ${afterWindow}, ${first}, ${second}`,
    )
    const reader = new ChangeReader(encoder.buffer.subarray(afterFirst, encoder.position))
    reader.next()
    t.equal(reader.kind, LIKE_ENTRY)
  }
})

t.test('entries of one log lie together, in order, as many as a value takes; one with a key lies alone', async t => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          actor: fc.constantFrom(A, B),
          keyed: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
          skips: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
          length: fc.integer({ min: 0, max: 400 }),
        }),
        { maxLength: 80 },
      ),
      fc.array(fc.nat(79), { maxLength: 6 }),
      (appended, leaving) => {
        const encoder = new ChangeEncoder(16)
        encoder.begin(0)
        const heads: Record<string, number> = { [A]: 0, [B]: 2 ** 33 }
        const entries = appended.map(({ actor, keyed, skips, length }) => {
          const version = (heads[actor] ?? 0) + (skips ? 5 : 1)
          heads[actor] = version
          encoder.putEntry(actor, version, keyed, Buffer.alloc(length, 'x'))
          return { actor, version, keyed, text: 'x'.repeat(length) }
        })
        const gone = new Set(leaving.flatMap(i => entries[i] ?? []))
        for (const { actor, version } of gone) encoder.removeEntry(actor, version)
        const left = entries.filter(entry => !gone.has(entry))
        const batch = batchOf(encoder)
        const shown = (actor: string) =>
          left.filter(entry => entry.actor === actor).map(({ version, text }) => `${actor} ${version} ${text}`)
        deepStrictEqual([...blocksOf(batch).flat()].sort(), [...shown(A), ...shown(B)].sort())
        for (const { pieces } of batch.logs) {
          for (const { value, count, keyed } of pieces) {
            ok(count === 1 || value.length <= BLOCK_BYTES_MAX)
            ok(!keyed || count === 1)
          }
        }
        deepStrictEqual(
          blocksOf(batchOf(encoder, 0)).every(block => block.length === 1),
          true,
        )
      },
    ),
    { numRuns: 300 },
  )
  const encoder = new ChangeEncoder(16)
  encoder.begin(0)
  for (let version = 1; version <= 40; version++) encoder.putEntry(A, version, false, Buffer.alloc(130, 'x'))
  t.same(
    blocksOf(batchOf(encoder)).map(block => block.length),
    [30, 10],
    'a message is not a value of its own',
  )
})

t.test('a full block takes one page of the tables', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder })
  for (let i = 0; i < 100; i++)
    await commit(store, unit({ puts: [put(A, 'p', '')], appends: [append(A, 'x'.repeat(130))] }))
  await store.close()
  const state = databaseState(path.join(folder, 'data.mdb'))
  if (state.kind !== 'whole') throw new Error(state.kind)
  const { pageBytes, main } = state.meta
  if (pageBytes === 4096) t.equal(main.overflowPages, 3, '30 entries a block, and 10 with other values')
})

t.test('an entry that names its conversation is the newest of it, until a later one is, or none is left', async t => {
  const encoder = new ChangeEncoder(2 ** 12)
  encoder.begin(0)
  const link = (actor: string, version: number, conversation: string, stamp = 0) => {
    const header = { keyed: false, stamp, conversation, previous: 0, passingKey: undefined }
    encoder.putEntryOf(actor, version, header, Buffer.alloc(40))
  }
  link(A, 1, 'one')
  link(A, 2, 'é𝔸')
  link(B, 9, 'one')
  link(A, 3, 'one')
  link(A, 1, 'one', 7) // replaced: the newest stays
  link(A, 4, 'ended')
  encoder.removeConversation(A, 'ended')
  link(A, 5, 'again')
  encoder.removeConversation(A, 'again')
  link(A, 6, 'again')
  encoder.putConversation(A, 'told', 2)
  link(A, 7, 'told')
  const newest = Object.fromEntries(
    [...batchOf(encoder).values()].map(({ key, value }) => [key.toString('utf8', 1), value?.readDoubleLE(0)]),
  )
  t.same(newest, {
    [`${A}\0one`]: 3,
    [`${A}\0é𝔸`]: 2,
    [`${A}\0ended`]: undefined,
    [`${A}\0again`]: 6,
    [`${A}\0told`]: 7,
    [`${B}\0one`]: 9,
  })
  const { changes, bytes } = batchOf(encoder).size
  t.ok(encoder.tableBytes >= bytes && encoder.changes >= changes)
})

t.test('the space that is counted for changes beforehand suffices for them, whatever their texts', async t => {
  const encoder = new ChangeEncoder(2 ** 12)
  encoder.begin(0)
  const kinds: number[] = []
  for (const [i, actor] of ['é𝔸/7', 'x'.repeat(300), A, A].entries()) {
    encoder.putEntry(actor, 1 + i, false, Buffer.alloc(20))
    encoder.putRecord(actor, 'n'.repeat(200), 5, Buffer.from('value'))
    encoder.putConversation(actor, 'é𝔸', 77)
  }
  const reader = new ChangeReader(encoder.buffer.subarray(0, encoder.position))
  while (reader.next()) kinds.push(reader.kind)
  t.equal(kinds.length, 12)
  t.equal(kinds.filter(kind => kind === ENTRY).length, 4)
  const { changes, bytes } = batchOf(encoder).size
  t.ok(encoder.tableBytes >= bytes && encoder.changes >= changes)
})

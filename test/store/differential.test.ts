/** The stores of one process answer alike; texts have one order in all of them. */

import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { systemRandom } from '../../src/lib/random.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { textOrder } from '../../src/store/text.js'
import type { Store } from '../../src/store/types.js'
import { storesAnswerAlike } from './differential.js'
import { newFolder } from './support/folder.js'

t.test('all stores answer alike', t => storesAnswerAlike(t, openersFor))

t.test('texts are ordered as their UTF-8 bytes', async t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      deepStrictEqual(Math.sign(textOrder(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    {
      numRuns: 2000,
      examples: [
        ['\uffff', '\u{10000}'],
        ['\ud7ff', '\ue000'],
        ['a', 'a\0'],
      ],
    },
  )
  t.pass()
})

function openersFor(t: Test): (() => Promise<Store>)[] {
  const one = new MemoryDisk(systemRandom)
  const partitioned = new MemoryDisk(systemRandom)
  const folders = [newFolder(t), newFolder(t)]
  return [
    async () => new MemoryStore({ disk: one }),
    async () => new MemoryStore({ disk: partitioned, scopes: 'partitions' }),
    () => openLmdbStore({ path: folders[0] ?? '', journalBytes: 2 ** 16 }),
    () => openLmdbStore({ path: folders[1] ?? '', journalBytes: 512, cachedMax: 4 }),
  ]
}

/** A power loss may turn the meta page of an lmdb file that was being written to garbage; the other one is whole. */
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { StoreFormatError } from '../../src/store/lmdb/errors.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { A, appendTexts, log } from './contract/support.js'
import { newFolder } from './support/folder.js'

const PAGE_BYTES = 4096

/** Closing brings the journal into the tables: what is found then is what a crash leaves at the end of that. */
async function closed(t: Test): Promise<string> {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 16_384 })
  await appendTexts(store, A, 'first', 'second')
  await appendTexts(store, A, 'third')
  await store.close()
  return folder
}

function spoil(file: string, page: number, bytes: number): void {
  const descriptor = fs.openSync(file, 'r+')
  fs.writeSync(descriptor, seededRandom(`${file} ${page}`).bytes(bytes), 0, bytes, page * PAGE_BYTES)
  fs.closeSync(descriptor)
}

t.test('garbage in either meta page of the tables loses nothing', async t => {
  for (const page of [0, 1]) {
    for (const bytes of [512, PAGE_BYTES]) {
      const folder = await closed(t)
      const file = path.join(folder, 'data.mdb')
      spoil(file, page, bytes)
      const store = await openLmdbStore({ path: folder })
      t.same(await log(store, A), ['1:first', '2:second', '3:third'])
      await appendTexts(store, A, 'fourth')
      await store.close()
      const again = await openLmdbStore({ path: folder })
      t.same(await log(again, A), ['1:first', '2:second', '3:third', '4:fourth'])
      await again.close()
    }
  }
})

t.test('garbage in both is refused by name', async t => {
  const folder = await closed(t)
  for (const page of [0, 1]) spoil(path.join(folder, 'data.mdb'), page, PAGE_BYTES)
  await t.rejects(openLmdbStore({ path: folder }), StoreFormatError)
})

t.test('garbage in either meta page of the lock, which is never synced, hinders nobody', async t => {
  for (const page of [0, 1]) {
    const folder = await closed(t)
    spoil(path.join(folder, 'writer.mdb'), page, PAGE_BYTES)
    const store = await openLmdbStore({ path: folder })
    t.same(await log(store, A), ['1:first', '2:second', '3:third'])
    await store.close()
  }
})

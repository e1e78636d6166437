/** A migration or a restore into a new folder that was interrupted anywhere: nothing is served there, and the same command ends it. */

import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { commandClock as clock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { log } from './contract/support.js'
import { newFolder } from './support/folder.js'
import { inLmdb, interruptedAt, move, small } from './support/places.js'

/** Nobody makes a store in the folder, or reads one. */
async function isRefused(t: Test, folder: string, what: string): Promise<void> {
  const expected = {
    name: 'StoreFormatError',
    message: `${what} into ${folder} was not finished: run it again, or remove ${folder}`,
  }
  await t.rejects(openLmdbStore({ path: folder }), expected)
  await t.rejects(
    viewStore(folder, clock, () => {}),
    expected,
  )
  await t.rejects(backUp({ from: folder, to: `${folder}-backup`, clock }), expected)
  t.notOk(fs.existsSync(path.join(folder, 'data.mdb')))
}

async function holds(t: Test, folder: string): Promise<void> {
  const store = await openLmdbStore({ path: folder })
  t.same(await log(store, 'user/300'), ['1:hello'])
  await store.close()
  t.same(
    fs.readdirSync(folder).filter(name => name.endsWith('.partial')),
    [],
  )
}

t.test('a migration that failed or was killed in the middle', async t => {
  const from = await small(t)
  const failed = path.join(newFolder(t), 'failed')
  await t.rejects(move(from, inLmdb(failed), interruptedAt(0)), { message: 'interrupted' })
  t.same(fs.readdirSync(path.join(failed, 'migrate.partial')), [], 'its bytes are gone')
  const begun = newFolder(t)
  fs.mkdirSync(path.join(begun, 'migrate.partial'))
  const half = newFolder(t)
  fs.mkdirSync(path.join(half, 'migrate.partial'))
  fs.writeFileSync(path.join(half, 'migrate.partial', 'data.mdb'), 'half of it')
  for (const folder of [failed, begun, half]) {
    await isRefused(t, folder, 'a migration')
    await move(from, inLmdb(folder))
    await holds(t, folder)
  }
})

t.test(
  'a migration that was killed when all was in place: what is there is whole, and another one may begin',
  async t => {
    const from = await small(t)
    const [served, again] = [newFolder(t), newFolder(t)]
    for (const folder of [served, again]) {
      await move(from, inLmdb(folder))
      fs.mkdirSync(path.join(folder, 'migrate.partial'))
      t.equal(await viewStore(folder, clock, view => [...view.logs()].length), 1)
    }
    await holds(t, served)
    await move(from, inLmdb(again), interruptedAt(0)).catch(() => {})
    await isRefused(t, again, 'a migration')
    await move(from, inLmdb(again))
    await holds(t, again)
    fs.mkdirSync(path.join(again, 'migrate.partial'))
    await t.rejects(move(from, inLmdb(again)), { message: /is not empty/ }, 'it was served: it has a journal')
  },
)

t.test('a restore that was killed: into a new folder nothing is served, an old store goes on', async t => {
  const { folder: from } = await small(t)
  const backup = path.join(newFolder(t), 'backup')
  await backUp({ from, to: backup, clock })
  const folder = newFolder(t)
  fs.mkdirSync(path.join(folder, 'restore.partial'))
  await isRefused(t, folder, 'a restore')
  await restore({ from: backup, to: folder, epochMin: 0 })
  await holds(t, folder)
  fs.mkdirSync(path.join(from, 'restore.partial'))
  await holds(t, from)
})

/** The data folder while a server runs on it, and who may read it. */

import fs from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { A, appendTexts } from './contract/support.js'
import { newFolder } from './support/folder.js'

/** What a person does by mistake, and what is said of it. */
const MISTAKES: readonly { readonly name: string; readonly act: (folder: string) => void; readonly says: RegExp }[] = [
  { name: 'deleted', act: folder => fs.rmSync(folder, { recursive: true }), says: /data.mdb is not there/ },
  { name: 'moved away', act: folder => fs.renameSync(folder, `${folder}.old`), says: /data.mdb is not there/ },
  {
    name: 'without a journal file',
    act: folder => fs.rmSync(path.join(folder, 'journal-1')),
    says: /journal-1 is not there/,
  },
  {
    name: 'replaced by a copy',
    act: folder => {
      fs.cpSync(folder, `${folder}.copy`, { recursive: true })
      fs.renameSync(folder, `${folder}.old`)
      fs.renameSync(`${folder}.copy`, folder)
    },
    says: /data.mdb is another file/,
  },
]

for (const { name, act, says } of MISTAKES) {
  t.test(
    `a data folder that is ${name} under a running store is noticed, and nothing more is acknowledged`,
    async t => {
      const folder = path.join(newFolder(t), 'data')
      const failures: string[] = []
      const store = await openLmdbStore({ path: folder, onFatal: ({ message }) => failures.push(message) })
      await appendTexts(store, A, 'a')
      act(folder)
      await eventually(() => failures.length > 0)
      t.match(failures, [
        /the store failed and answers nothing more: the data folder .* was deleted, moved or replaced/,
      ])
      t.match(failures, [says])
      await t.rejects(appendTexts(store, A, 'b'), { name: 'StoreFailedError' })
      await store.close()
    },
  )
}

t.test('a server whose data folder is deleted ends within a second, with its code and one clear line', async t => {
  const data = path.join(newFolder(t), 'data')
  const { server } = await CliProcess.serve('--data', data)
  const beganMs = performance.now()
  fs.rmSync(data, { recursive: true })
  t.equal(await server.exit(), 70)
  t.match(server.stderr, `the data folder ${data} was deleted, moved or replaced under the running server`)
  t.ok(performance.now() - beganMs < 10_000, 'with a slow machine in mind')
})

t.test(
  'all files are for their owner alone, in a folder that was there before as well, which is told of once',
  async t => {
    const folder = newFolder(t)
    fs.chmodSync(folder, 0o755)
    const warnings: string[] = []
    const store = await openLmdbStore({ path: folder, onWarning: text => warnings.push(text) })
    await appendTexts(store, A, 'a')
    t.same(othersMay(folder), [])
    t.same(warnings, [`others may read or enter the data folder ${folder} (mode 755): chmod 700 keeps it from them`])
    await store.close()

    for (const name of fs.readdirSync(folder)) fs.chmodSync(path.join(folder, name), 0o644)
    const again = await openLmdbStore({ path: folder })
    t.same(othersMay(folder), [], 'files that were open to others')
    await again.close()

    const to = path.join(folder, 'backup')
    await backUp({ from: folder, to, clock: systemClock })
    const restored = path.join(newFolder(t), 'restored')
    await restore({ from: to, to: restored, epochMin: 0 })
    t.same([...othersMay(to), ...othersMay(restored)], [])
    t.equal(fs.statSync(to).mode & 0o777, 0o700)

    fs.chmodSync(folder, 0o700)
    const quiet = await openLmdbStore({ path: folder, onWarning: text => warnings.push(text) })
    await quiet.close()
    t.equal(warnings.length, 1)
  },
)

/** Files that are not for their owner alone. */
function othersMay(folder: string): string[] {
  return fs.readdirSync(folder).filter(name => {
    const { mode } = fs.statSync(path.join(folder, name))
    return (mode & 0o077) !== 0
  })
}

/** A data folder of 0.1.0 is taken over: looked at, backed up and served, with what was in its tables and in its journal. */

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { METHODS } from '../../protocol/methods.js'
import { present } from '../../src/lib/assert.js'
import { systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { applyRecovered } from '../../src/store/lmdb/checkpoint.js'
import { JOURNAL, makeJournalFiles } from '../../src/store/lmdb/journal-file.js'
import { FORMAT, openLmdbStore } from '../../src/store/lmdb/open.js'
import { readJournal, recoverWrites } from '../../src/store/lmdb/recovery.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { Tables } from '../../src/store/lmdb/tables.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { verify } from '../../src/verify/verify.js'
import { withTables } from '../store/support/crashed.js'
import { newFolder } from '../store/support/folder.js'
import { makeOldFolder, OLD_TEXTS } from '../store/support/old-store.js'
import { CliProcess } from '../support/cli-process.js'
import { call } from '../support/http-client.js'
import { startTestServer } from '../support/server.js'

const PASSWORD = 'correct horse battery'
const BOB = 473

function oldFolder(t: Test): string {
  const folder = join(newFolder(t), 'data')
  makeOldFolder(folder)
  return folder
}

async function faultsOf(folder: string): Promise<string[]> {
  const faults: string[] = []
  await viewStore(folder, systemClock, view => verify(view, fault => faults.push(fault)))
  return faults
}

/** What a user sees, who logs in with the password. */
async function textsOf(
  port: number,
  account: string,
): Promise<{ readonly texts: string[]; readonly token: Uint8Array }> {
  const login = { account, password: PASSWORD, installationKey: Buffer.alloc(16, account), deviceName: '' }
  const { answer } = await call(port, METHODS.login, login)
  const token = present(present(answer?.session, 'the session').token, 'the token')
  const seen: string[] = []
  for (let since = 0, more = true; more; ) {
    const page = await call(
      port,
      METHODS.sync,
      { since, ack: undefined, waitMs: 0, sends: [], attempt: 0, state: false },
      { token },
    )
    const got = present(page.answer, 'the page')
    for (const { content } of got.items) if (content?.case === 'message') seen.push(content.value.text)
    since = got.to
    more = got.more
  }
  return { texts: seen, token }
}

async function served(t: Test, folder: string): Promise<void> {
  const { server, ready } = await CliProcess.serve('--data', folder)
  t.same((await textsOf(ready.http_port, 'bob')).texts, OLD_TEXTS, 'bob has every message, in order')
  const { texts, token } = await textsOf(ready.http_port, 'alice')
  t.same(texts, OLD_TEXTS, 'so has alice')
  // She has sent twenty, behind a request.
  const { code } = await call(ready.http_port, METHODS.send, { sendSeq: 22, to: BOB, text: 'new' }, { token })
  t.equal(code, 0)
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0, server.stderr)
  t.match(
    server.stdout + server.stderr,
    new RegExp(`is of format ${FORMAT} from now on: earlier releases cannot read it`),
  )
  t.equal(await withTables(folder, tables => tables.format()), FORMAT)
  t.same(await faultsOf(folder), [])
  const again = await CliProcess.serve('--data', folder)
  t.same((await textsOf(again.ready.http_port, 'bob')).texts, [...OLD_TEXTS, 'new'])
  t.notMatch(again.server.stdout + again.server.stderr, /from now on/, 'said once')
  again.server.child.kill('SIGTERM')
  await again.server.exit()
}

t.test('served as it is', async t => {
  const folder = oldFolder(t)
  t.same(await faultsOf(folder), [], 'verify reads it before')
  await served(t, folder)
})

t.test('by way of a backup', async t => {
  const backup = join(newFolder(t), 'backup')
  const folder = join(newFolder(t), 'data')
  await backUp({ from: oldFolder(t), to: backup, clock: systemClock })
  await restore({ from: backup, to: folder, epochMin: 0 })
  await served(t, folder)
})

t.test('a start that was killed while it took the store over is completed by the next', async t => {
  /** What the first start does, up to the point where it is killed. */
  const killedAfter: Readonly<Record<string, (tables: Tables, folder: string) => void>> = {
    'the journal is in the tables': () => {},
    'the tables are of the new format': tables => takeOver(tables),
    'the new journal is made, and the tables do not know it yet': (tables, folder) => {
      takeOver(tables)
      makeJournalFiles(folder, 2 ** 16, { id: tables.id(), salt: 12_345 }, tables.meta('applied'))
    },
  }
  for (const [when, act] of Object.entries(killedAfter)) {
    const folder = oldFolder(t)
    const tables = new Tables(folder, 2 ** 24)
    applyRecovered(tables, recoverWrites(readJournal(folder, tables), tables.meta('applied')), folder)
    act(tables, folder)
    await tables.close()
    t.same(await faultsOf(folder), [], when)
    const server = await startTestServer({ store: await openLmdbStore({ path: folder }) })
    for (const account of ['alice', 'bob']) {
      t.same((await textsOf(server.httpPort, account)).texts, OLD_TEXTS, `${account}, after ${when}`)
    }
    await server.drain()
    t.same(await faultsOf(folder), [], `served, after ${when}`)
  }
})

function takeOver(tables: Tables): void {
  tables.list(tables.unlisted(), { format: FORMAT, [JOURNAL]: 0 })
}

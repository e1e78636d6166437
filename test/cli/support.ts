/** Data folders for tests of the commands that work on one. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { WRITES_AT } from '../../src/store/lmdb/journal-file.js'
import { newFolder } from '../store/support/folder.js'
import { CliProcess } from '../support/cli-process.js'
import { registerAccount } from '../support/server.js'

/** The data folder of a server that was killed: what people did stands in the journal alone. */
export async function killedStoreFolder(t: Test): Promise<string> {
  const data = join(newFolder(t), 'data')
  const { server, ready } = await CliProcess.serve('--data', data, '--limits', 'open')
  for (const account of ['alice', 'bob', 'carol']) await registerAccount(ready.port, account)
  server.child.kill('SIGKILL')
  await server.exit()
  return data
}

/** Flips a bit of the journal's first write: others stand behind it, so it is no write that a crash cut off. */
export function damageJournal(data: string): void {
  const file = join(data, 'journal-0')
  const bytes = readFileSync(file)
  const at = WRITES_AT + 40
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(file, bytes)
}

/** Commands that work on a data folder, and what each says while another process serves the folder. */

import { rmSync } from 'node:fs'
import type { Test } from 'tap'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { newFolder } from '../store/support/folder.js'
import { CliProcess } from '../support/cli-process.js'
import { befriend, Person } from '../support/person.js'
import { loginAccount, startTestServer } from '../support/server.js'
import { Writer } from '../support/writer.js'

export interface Case {
  readonly argv: (data: string, backup: string) => string[]
  /** On a store that another process serves. */
  readonly whileServed: number
  readonly whenDamaged: number
}

const SERVE = ['--port', '0', '--http-port', '0']

/** A Redis that does not answer: the source is looked at before. */
const NOWHERE = 'redis://127.0.0.1:1'

export const CASES: Readonly<Record<string, Case>> = {
  verify: { argv: data => ['verify', '--data', data], whileServed: 0, whenDamaged: 65 },
  backup: { argv: data => ['backup', `${data}.copy`, '--data', data], whileServed: 0, whenDamaged: 65 },
  restore: { argv: (data, backup) => ['restore', backup, '--data', data], whileServed: 1, whenDamaged: 0 },
  migrate: { argv: data => ['migrate', '--from', `lmdb:${data}`, '--to', NOWHERE], whileServed: 75, whenDamaged: 65 },
  serve: { argv: data => ['serve', '--data', data, ...SERVE], whileServed: 1, whenDamaged: 65 },
}

/** Runs it to its end. */
export async function run(argv: readonly string[]) {
  const cli = new CliProcess(argv)
  return { code: await cli.exit(), stderr: cli.stderr }
}

/** Runs each command so many times on a store that this process is writing all the time. */
export async function whileWritten(t: Test, rounds: number): Promise<void> {
  const path = newFolder(t)
  // Small files, which are turned all the time: what is read of them is torn now and then.
  const server = await startTestServer({ store: await openLmdbStore({ path, journalBytes: 2 ** 15 }) })
  const writer = await someWriter(server.port)
  let stopped = false
  const writing = writer.write(() => stopped)
  for (let round = 0; round < rounds; round++) {
    for (const [name, { argv, whileServed }] of Object.entries(CASES)) {
      const before = writer.accepted.size
      const { code, stderr } = await run(argv(path, path))
      t.equal(code, whileServed, `${name}: ${stderr}`)
      t.equal(stderr === '', code === 0)
      t.ok(writer.accepted.size > before)
    }
    rmSync(`${path}.copy`, { recursive: true })
  }
  stopped = true
  await writing
  writer.close()
  await server.drain()
}

/** A device of alice, who writes to her friend bob. */
export async function someWriter(port: number): Promise<Writer> {
  const alice = await Person.online(port, 'alice')
  const bob = await Person.online(port, 'bob')
  await befriend(alice, bob)
  const { uid } = bob
  await alice.leave()
  await bob.leave()
  const writer = new Writer(await loginAccount(port, 'alice'), uid, 100)
  await writer.connect(port)
  return writer
}

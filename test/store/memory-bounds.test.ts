/** The memory that a store takes while commits come faster than checkpoints is bounded, and what was needed once is given back. */

import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { Arena } from '../../src/store/lmdb/arena.js'
import { Checkpointer, type CheckpointOutcome, type CheckpointRequest } from '../../src/store/lmdb/checkpoint.js'
import { Journal } from '../../src/store/lmdb/journal.js'
import { makeJournalFiles } from '../../src/store/lmdb/journal-file.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { eventually } from '../support/eventually.js'
import { A, append, commit, put, unit } from './contract/support.js'
import { newFolder } from './support/folder.js'

const SECTOR_BYTES = 4096
const JOURNAL_BYTES = 4 * SECTOR_BYTES
const MIB = 2 ** 20

/** Holds the first checkpoint back until the returned function is called. */
function holdCheckpoint(t: Test): { readonly isHeld: () => boolean; readonly letGo: () => void } {
  const { run } = Checkpointer.prototype
  const busy = Object.getOwnPropertyDescriptor(Checkpointer.prototype, 'busy') ?? {}
  let held: (() => void) | undefined
  const putBack = (): void => {
    Checkpointer.prototype.run = run
    Object.defineProperty(Checkpointer.prototype, 'busy', busy)
  }
  Checkpointer.prototype.run = function (request: CheckpointRequest, settle: (outcome: CheckpointOutcome) => void) {
    Object.defineProperty(Checkpointer.prototype, 'busy', { configurable: true, get: () => true })
    held = () => run.call(this, request, settle)
  }
  t.teardown(putBack)
  return {
    isHeld: () => held !== undefined,
    letGo: () => {
      putBack()
      held?.()
    },
  }
}

t.test('while a checkpoint lasts, commits fill the other file four times over and then wait for it', async t => {
  const folder = newFolder(t)
  const checkpoint = holdCheckpoint(t)
  const store = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })
  const written = (): number => store.journalWritten.changes + store.journalWritten.padding
  let done = 0
  let before = 0
  const all = (async () => {
    for (; done < 64; done++) {
      if (!checkpoint.isHeld()) before = written()
      await commit(store, unit({ puts: [put(A, 'last', `${done}`)], appends: [append(A, 'x'.repeat(3_000))] }))
    }
  })()
  await eventually(() => written() - before >= 4 * JOURNAL_BYTES)
  // Meanwhile as many commits would be done.
  const file = path.join(newFolder(t), 'synced')
  for (let i = 0; i < 20; i++) await fs.promises.writeFile(file, 'x', { flush: true })
  await store.lookAtDisk()
  t.ok(written() - before <= 4 * JOURNAL_BYTES + SECTOR_BYTES, 'no more than one write above the bound')
  t.ok(done < 64)
  checkpoint.letGo()
  await all
  t.equal(done, 64, 'all that waited is done')
  await store.close()
})

t.test('a buffer of the journal that had to grow far is not kept', t => {
  const folder = newFolder(t)
  const identity = { id: Buffer.alloc(16), salt: 7 }
  makeJournalFiles(folder, JOURNAL_BYTES, identity, 0)
  const journal = new Journal(folder, JOURNAL_BYTES, 0, identity.salt)
  journal.begin()
  for (let i = 0; i < 64; i++) journal.encoder.putRecord(A, `${i}`, 1, Buffer.alloc(JOURNAL_BYTES / 16))
  t.ok(journal.encoder.buffer.length > 2 * JOURNAL_BYTES)
  journal.turn()
  journal.turn()
  for (const { buffer } of [journal.encoder, journal.otherEncoder]) t.ok(buffer.length <= 2 * JOURNAL_BYTES)
  journal.close()
  t.end()
})

t.test('the checkpoint thread keeps the memory of a usual file, and no more', t => {
  const arena = new Arena()
  const chunks = (mib: number): ArrayBufferLike[] =>
    Array.from({ length: 4 * mib }, () => arena.take(MIB / 4)).map(({ buffer }) => buffer)
  const first = chunks(12)
  arena.restart()
  const second = chunks(12)
  t.equal(second.filter((buffer, i) => buffer === first[i]).length, 4 * 8, '8 of 12 MiB are used again')
  const file = path.join(newFolder(t), 'file')
  fs.writeFileSync(file, Buffer.alloc(10 * MIB))
  const descriptor = fs.openSync(file, 'r')
  const read = (mib: number): ArrayBufferLike => arena.read(descriptor, mib * MIB).buffer
  t.equal(read(8), read(4))
  const large = read(10)
  t.not(read(8), large)
  fs.closeSync(descriptor)
  t.end()
})

/** The checkpoint thread reads file after file into the same memory. */
import fs from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Arena } from '../../src/store/lmdb/arena.js'
import { WRITES_AT } from '../../src/store/lmdb/journal-file.js'
import { newFolder } from './support/folder.js'

t.test('a usual file is read into the memory of the one before, a longer one into its own', async t => {
  const file = path.join(newFolder(t), 'journal')
  fs.writeFileSync(file, 'a journal')
  const descriptor = fs.openSync(file, 'r')
  t.teardown(() => fs.closeSync(descriptor))
  const arena = new Arena()
  const first = arena.read(descriptor, 2 ** 16)
  t.equal(first.toString(), 'a journal')
  // A file is full at 8 MiB or beyond.
  const second = arena.read(descriptor, WRITES_AT + 2 ** 23 + 2 ** 16)
  t.equal(second.buffer, first.buffer)
  const longer = arena.read(descriptor, 2 ** 25)
  t.not(longer.buffer, first.buffer)
  t.equal(longer.toString(), 'a journal')
})

/**
 * Makes each read and each transaction begin with the newest state of the tables, or fail.
 *
 * lmdb notes the newest transaction in `lock.mdb`, and begins with the state of that one, whatever the meta pages say. But each process
 * that opens a database writes the note too, without a lock (seen with 3.5.6, `mdb_env_open2`):
 *
 *   verify, backup, any other                  server
 *   reads the meta pages: 17 is the newest
 *                                              commits 18, and notes 18
 *   notes 17
 *                                              reads 17; commits another 18, without what the first one brought
 *
 * So the note is not trusted. A transaction is made only if it begins with the newest one by the meta pages. A state that is older than
 * one seen before is not read. The note is then written anew. Only the process that holds the folder's lock makes transactions, so
 * the others cannot write a newer one meanwhile. An opening that takes so long is rare: one in some thousand commits, with two processes
 * that do nothing but open the tables.
 *
 * lmdb's binding may not begin a transaction at all: lmdb refuses all of them after a failed write of a meta page. Then a get fails, but a
 * range seems to be empty (seen with 3.5.6: it passes over the error). So no range is read before a get of its transaction has succeeded.
 */

import fs from 'node:fs'
import path from 'node:path'
import type { RootDatabase } from 'lmdb'
import { present } from '../../lib/assert.js'
import { READERS } from './files.js'
import { KeyViews } from './keys.js'
import { ABORT } from './lmdb.js'
import { isSealed } from './seal.js'

/** lmdb's database, with what its types leave out. */
export type Database = Omit<RootDatabase<Buffer, Buffer>, 'getStats'> & {
  /** Begins a transaction for reads unless one is under way: it lasts until the end of the turn. */
  ensureReadTxn(): void
  getStats(): Stats
  addListener(event: 'begin-transaction', listener: () => void): void
}

interface Stats {
  readonly pageSize: number
  readonly lastPageNumber: number
  /** The newest transaction by the meta pages. */
  readonly lastTxnId: number
  readonly root: TreeStats
  readonly free: TreeStats
}

export interface TreeStats {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

/** The name of the number that says up to which write the journal is in the tables. */
export const APPLIED = 'applied'
const APPLIED_KEY = Buffer.from(new KeyViews().meta(APPLIED))

/** The position of the note in its file: behind lmdb's magic and format. */
const NOTE_AT = 8

/** The most times in a row that the note may be wrong. */
const WRONG_MAX = 100

/**
 * Opens the file of the note, which lmdb has made. A running store opens nothing, so this is done at the start. To be closed after the
 * database: a process that closes any descriptor of a file loses all its kernel locks on it (fcntl), and lmdb's are on this one.
 */
export function openNote(folder: string): number {
  return fs.openSync(path.join(folder, READERS), 'r+')
}

export class Newest {
  readonly #db: Database
  readonly #note: number | undefined
  /** Everything up to this write was seen in the tables, or brought there. */
  #applied = 0
  /** Whether a transaction for reads has begun whose state was not looked at. */
  #unseen = true

  /** @param note the descriptor of the note; undefined if the tables are only read: nobody rests on what they show, be it older */
  constructor(db: Database, note: number | undefined) {
    this.#db = db
    this.#note = note
    db.addListener('begin-transaction', () => {
      this.#unseen = true
    })
  }

  /** Notes that the tables hold everything up to this write. */
  holds(applied: number): void {
    this.#applied = applied
  }

  /**
   * Makes sure that what is read in this turn is there, and not older than what was there before. Throws lmdb's error, each time that it
   * is called while lmdb has one. On the path of each read.
   */
  ascertain(): void {
    this.#db.ensureReadTxn()
    for (let tries = 0; this.#unseen; tries++) {
      if (this.#isOld()) this.#mend(tries)
      else this.#unseen = false
    }
  }

  /** Makes the changes in one transaction, durable on return. */
  transact(change: () => void): void {
    for (let tries = 0; ; tries++) {
      const result = this.#db.transactionSync(() => (this.#beginsWithNewest() ? change() : ABORT))
      if (result !== ABORT) return
      this.#mend(tries)
    }
  }

  #isOld(): boolean {
    const stored = this.#db.getBinaryFast(APPLIED_KEY)
    if (this.#note === undefined) return false
    // A damaged number is told to whoever asks for it.
    if (stored === undefined || !isSealed(APPLIED_KEY, stored)) return false
    const applied = stored.readDoubleLE(0)
    if (applied < this.#applied) return true
    this.#applied = applied
    return false
  }

  #beginsWithNewest(): boolean {
    return this.#db.getWriteTxnId() === this.#db.getStats().lastTxnId + 1
  }

  /** Writes the note anew. lmdb has mapped the file, and sees it at once. */
  #mend(tries: number): void {
    if (tries === WRONG_MAX) throw new Error('lmdb begins with an older state of the tables again and again')
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(this.#db.getStats().lastTxnId))
    fs.writeSync(present(this.#note, 'the note of tables that are written to'), bytes, 0, bytes.length, NOTE_AT)
    this.#db.resetReadTxn()
    this.#db.ensureReadTxn()
  }
}

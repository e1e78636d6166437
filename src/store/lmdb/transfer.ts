/** A data folder as the source of a transfer, and as its target (store/transfer.ts). */

import fs from 'node:fs'
import path from 'node:path'
import type { Clock } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { ALL_PARTITIONS, partitionOf } from '../partition.js'
import {
  type EntryPortion,
  type MakeTarget,
  type OpenSource,
  type Portion,
  portionsOf,
  type StoreOrigin,
  sliced,
  type TransferTarget,
} from '../transfer.js'
import { isTrimmable } from '../types.js'
import { assertStore } from './backup.js'
import { ChangeEncoder } from './change-encoder.js'
import { applyRecovered } from './checkpoint.js'
import { makeFolder, moveIntoPlace, syncFile, syncFolder } from './disk.js'
import { StoreFolderError, StoreFormatError } from './errors.js'
import { DATABASE, databasePath, READERS, WRITER, WRITER_READERS } from './files.js'
import { lockBytesMissing, lockFolder } from './lock.js'
import { BACKUP, FORMAT } from './open.js'
import { assertSpace, READERS_BYTES, TRANSACTION_BYTES } from './space.js'
import { readersBytesMissing, Tables } from './tables.js'
import { MIGRATE_PARTIAL } from './unfinished.js'
import { viewTables } from './view.js'

const MAP_BYTES = 2 ** 30

/** The files that an unfinished attempt leaves in a folder. */
const OURS: ReadonlySet<string> = new Set([MIGRATE_PARTIAL, WRITER, WRITER_READERS])
/** The files that it may leave beside its mark: a server would have removed the mark. */
const MARKED: ReadonlySet<string> = new Set([...OURS, DATABASE, READERS])

/** The bytes of changes that are brought into the tables at once: each time takes two syncs. */
const GATHERED_BYTES = 2 ** 22

/** Gives the store of a folder: what its tables and its journal hold. No server may run on it, and none can start meanwhile. */
export function sourceIn(folder: string, clock: Clock): OpenSource {
  return async use => {
    assertStore(folder)
    const lock = await lockFolder(folder)
    try {
      return await viewTables(folder, clock, async (view, tables) => {
        if (tables.meta(BACKUP) !== 0) {
          throw new StoreFormatError(
            `${folder} is a backup: longwire restore ${folder} --data FOLDER makes a store of it`,
          )
        }
        return use({
          id: tables.id(),
          secret: tables.secret(),
          epochOf: partition => view.epochOf(partition),
          async *slices() {
            yield* sliced(portionsOf(view))
          },
          assertUnused: async () => {},
        })
      })
    } finally {
      await lock.release()
    }
  }
}

/**
 * Makes a store in a folder that is absent or empty. The tables are made beside their place and moved there in the end. The folder in which
 * they are made marks what is not finished: no server starts there, and another attempt begins again. The first start makes the journal
 * (first-start.ts).
 *
 *   empty ──► mark ──► mark/data.mdb ──► data.mdb and mark ──► data.mdb
 *              ▲          │ interrupted        │ interrupted: whole, for a server takes the mark away; another attempt removes data.mdb
 *              └──────────┴────────────────────┘
 */
export function targetIn(folder: string): MakeTarget {
  return async (origin, fill) => {
    const to = path.resolve(folder)
    assertEmpty(to)
    makeFolder(to)
    assertSpace(to, TRANSACTION_BYTES + lockBytesMissing(to) + readersBytesMissing(to) + READERS_BYTES)
    const lock = await lockFolder(to)
    const partial = path.join(to, MIGRATE_PARTIAL)
    try {
      assertEmpty(to)
      begin(to, partial)
      const result = await filled(partial, origin, fill)
      syncFile(databasePath(partial))
      moveIntoPlace(databasePath(partial), databasePath(to))
      fs.rmSync(partial, { recursive: true, force: true })
      return result
    } catch (error) {
      // The mark stays, without the space that it takes.
      if (fs.existsSync(partial)) clear(partial)
      throw error
    } finally {
      await lock.release()
    }
  }
}

/** Marks the folder, durably, and removes what an earlier attempt has made. The mark itself is never away meanwhile. */
function begin(folder: string, partial: string): void {
  if (!fs.existsSync(partial)) fs.mkdirSync(partial, { mode: 0o700 })
  syncFolder(folder)
  fs.rmSync(databasePath(folder), { force: true })
  syncFolder(folder)
  clear(partial)
}

function clear(folder: string): void {
  for (const name of fs.readdirSync(folder)) fs.rmSync(path.join(folder, name), { recursive: true, force: true })
}

function assertEmpty(folder: string): void {
  let names: string[]
  try {
    names = fs.existsSync(folder) ? fs.readdirSync(folder) : []
  } catch (error) {
    throw new StoreFolderError(`the data folder ${folder} cannot be used: ${messageOf(error)}`, { cause: error })
  }
  const ours = names.includes(MIGRATE_PARTIAL) ? MARKED : OURS
  if (names.every(name => ours.has(name))) return
  throw new StoreFolderError(`the data folder ${folder} is not empty: a migration overwrites nothing`)
}

async function filled<T>(
  partial: string,
  origin: StoreOrigin,
  fill: (target: TransferTarget) => Promise<T>,
): Promise<T> {
  const tables = new Tables(partial, MAP_BYTES)
  try {
    tables.create(origin, FORMAT)
    tables.putMetas({ epoch: Math.max(...ALL_PARTITIONS.map(partition => origin.epochOf(partition))) })
    const writer = new TablesWriter(tables, partial)
    const result = await fill(writer)
    writer.flush()
    return result
  } finally {
    await tables.close()
  }
}

/** Gathers portions and brings them into the tables, as a checkpoint does with a file of the journal. */
class TablesWriter implements TransferTarget {
  readonly #tables: Tables
  readonly #folder: string
  readonly #encoder = new ChangeEncoder(GATHERED_BYTES)

  constructor(tables: Tables, folder: string) {
    this.#tables = tables
    this.#folder = folder
  }

  async put(slice: readonly Portion[]): Promise<void> {
    for (const portion of slice) this.#encode(portion)
    if (this.#encoder.position >= GATHERED_BYTES) this.flush()
  }

  async assertUnused(): Promise<void> {}

  /** Brings what was gathered into the tables. Throws DiskFullError before it tries. */
  flush(): void {
    const encoder = this.#encoder
    const changes = encoder.buffer.subarray(0, encoder.position)
    applyRecovered(this.#tables, { writes: [{ sequence: 0, changes }], isOld: false }, this.#folder)
    encoder.begin(0)
  }

  #encode(portion: Portion): void {
    const encoder = this.#encoder
    const { actor } = portion
    switch (portion.kind) {
      case 'record':
        encoder.putRecord(actor, portion.name, portion.stamp, portion.bytes)
        break
      case 'log':
        encoder.putListed(partitionOf(actor), actor)
        encoder.putLog(actor, portion)
        break
      case 'newest':
        encoder.putConversation(actor, portion.conversation, portion.version)
        break
      case 'entry':
        this.#entry(portion)
    }
  }

  #entry({ actor, version, key, stamp, conversation, previous, bytes }: EntryPortion): void {
    const encoder = this.#encoder
    const passingKey = isTrimmable(key) ? key : undefined
    const header = { keyed: key !== undefined, stamp: 0, conversation, previous, passingKey }
    encoder.putEntryOf(actor, version, header, bytes)
    // A batch takes a replacement only for an entry that is there.
    if (stamp !== 0) encoder.putEntryOf(actor, version, { ...header, stamp }, bytes)
    if (key !== undefined) encoder.putKey(actor, key, version)
  }
}

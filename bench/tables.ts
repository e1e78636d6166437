/** Writes records and entries into the tables of a data folder, by many at once, while no server runs on it. */

import { openLmdbStore } from '../src/store/lmdb/open.js'
import type { Put, Unit } from '../src/store/types.js'
import { recordName } from '../src/sync/record-kinds.js'
import type { RecordKind } from '../src/sync/types.js'

/** Commits units, each of which says only what it does. */
export type Commit = (units: readonly Partial<Unit>[]) => Promise<void>

/** What is put or appended at once. */
export const AT_ONCE = 500

/** The stamp of all records that are written here. */
const STAMP = 7
/** lmdb has one scope. */
const SCOPE = 0

export async function writeTables(folder: string, write: (commit: Commit) => Promise<void>): Promise<void> {
  const store = await openLmdbStore({ path: folder })
  await write(async units => {
    await store.commit(
      SCOPE,
      units.map(unit => ({ expect: [], puts: [], appends: [], trims: [], ...unit })),
    )
  })
  await store.close()
}

export function put<T>(actor: string, kind: RecordKind<T>, value: T, id?: string | number): Put {
  return { actor, name: recordName(kind, id), bytes: kind.encode(value), stamp: STAMP }
}

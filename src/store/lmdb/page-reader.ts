/**
 * Reads pages of logs from the tables in another thread than the store's, and encodes them there. It knows nothing of the journal: the
 * store says which part of a log is in the tables whole, and what of it has left the log since (`Store.settled`).
 *
 * The thread keeps the tables open from its first page on. It lets go of the state that it read when its turn ends: what a thread holds
 * cannot be overwritten, and the file would grow.
 */

import { type EncodedItems, encodeItems } from '../../../protocol/item-codec.js'
import { PageCut } from '../page-cut.js'
import type { LogEntry, PagePlace, PageRange } from '../types.js'
import { Tables } from './tables.js'

/** The tables that this thread reads: those of one store at a time. */
let open: { readonly opening: string; readonly tables: Tables } | undefined

/** Buffers are as long as a multiple of this, so that one page fits where another was. */
const BUFFER_STEP = 16_384

/**
 * Reads full pages, each as encodeItems() makes it; undefined for one that is not full, has a foreign entry, or cannot be read: the store
 * itself can tell more about that. All of a page is of one moment, not before this call.
 * @param buffers to make pages in; where none is left, or one is too short, a page has a new one for itself
 */
export async function readPages(
  place: PagePlace,
  ranges: readonly PageRange[],
  buffers: readonly ArrayBuffer[],
): Promise<(EncodedItems | undefined)[]> {
  const tables = await tablesAt(place)
  tables.refresh(place.applied)
  const left = [...buffers]
  const memory = (length: number): Uint8Array<ArrayBuffer> => {
    const buffer = left.pop()
    if (buffer !== undefined && buffer.byteLength >= length) return new Uint8Array(buffer, 0, length)
    return new Uint8Array(new ArrayBuffer(Math.ceil(length / BUFFER_STEP) * BUFFER_STEP), 0, length)
  }
  return ranges.map(range => readPage(tables, range, memory))
}

/** Closes what this thread has open. */
export async function closePages(): Promise<void> {
  const { tables } = open ?? {}
  open = undefined
  await tables?.close()
}

async function tablesAt({ folder, mapBytes, note, opening }: PagePlace): Promise<Tables> {
  if (open?.opening !== opening) {
    await closePages()
    open = { opening, tables: new Tables(folder, mapBytes, false, note) }
  }
  return open.tables
}

function readPage(
  tables: Tables,
  range: PageRange,
  memory: (length: number) => Uint8Array<ArrayBuffer>,
): EncodedItems | undefined {
  const { actor, after, upTo, left, foreign, entriesMax, bytesMax } = range
  const cut = new PageCut(entriesMax, bytesMax)
  const entries: LogEntry[] = []
  try {
    for (const { version, bytes } of tables.entries(actor, after, upTo)) {
      if (left.includes(version)) continue
      if (bytes[0] === foreign) return undefined
      if (!cut.takes(bytes.length)) return encodeItems(after, entries, memory)
      entries.push({ version, bytes })
    }
  } catch {
    // The store meets the same, and reports it.
  }
  return undefined
}

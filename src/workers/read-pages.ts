/** Reads and encodes pages of logs from the store's tables: what a first sync asks for by the thousand. */
import type { EncodedItems } from '../../protocol/item-codec.js'
import { readPages as read } from '../store/lmdb/page-reader.js'
import type { PagePlace, PageRange } from '../store/types.js'
import type { Task } from './types.js'

export interface ReadPages {
  readonly place: PagePlace
  readonly ranges: readonly PageRange[]
  /** Memory to make pages in, for as many as it is enough. */
  readonly buffers: readonly ArrayBuffer[]
}

export const readPages: Task<ReadPages, (EncodedItems | undefined)[]> = {
  // The pages of a task take some milliseconds. A disk that takes so long for them hangs.
  timeoutMs: 10_000,
  run: ({ place, ranges, buffers }) => read(place, ranges, buffers),
  takesOver: ({ buffers }) => buffers,
  handsOver: pages => pages.flatMap(page => page?.encoded.buffer ?? []),
}

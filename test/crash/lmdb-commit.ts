/** What a commit of lmdb does to its file, told by the file before and after it. */

import type { Call } from './trace.js'

const PAGE_BYTES = 4096
const META_PAGES = [0, 1]

/** Runs of changed pages, a sync, and in the end the changed bytes of a meta page. `synced`: as lmdb does it by itself. */
export function commitCalls(path: string, before: Buffer, after: Buffer, synced: boolean): Call[] {
  const page = (bytes: Buffer, index: number): Buffer => bytes.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES)
  const isChanged = (index: number): boolean => !page(after, index).equals(page(before, index))
  const calls: Call[] = []
  const pages = Math.ceil(after.length / PAGE_BYTES)
  for (let from = META_PAGES.length; from < pages; from++) {
    let to = from
    while (to < pages && isChanged(to)) to++
    if (to === from) continue
    const bytes = after.subarray(from * PAGE_BYTES, to * PAGE_BYTES)
    calls.push({ kind: 'write', path, offset: from * PAGE_BYTES, bytes, synced: false })
    from = to
  }
  const meta = META_PAGES.find(isChanged)
  if (meta === undefined) return calls
  if (synced) calls.push({ kind: 'sync', path })
  let [first, last] = [meta * PAGE_BYTES, (meta + 1) * PAGE_BYTES - 1]
  while (after[first] === before[first]) first++
  while (after[last] === before[last]) last--
  calls.push({ kind: 'write', path, offset: first, bytes: after.subarray(first, last + 1), synced })
  return calls
}

/** Applies patches of records. */
import type { PatchShape } from './types.js'

/** @returns the record's bytes with the patch: new ones */
export function patched(before: Uint8Array, { length, ranges }: PatchShape, bytes: Uint8Array): Uint8Array {
  const after = new Uint8Array(length)
  after.set(before.subarray(0, length))
  let at = 0
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const [offset, count] = [ranges[i] ?? 0, ranges[i + 1] ?? 0]
    after.set(bytes.subarray(at, at + count), offset)
    at += count
  }
  return after
}

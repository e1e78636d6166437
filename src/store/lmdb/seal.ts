/**
 * A value's seal: four bytes behind it in the tables, a sum of its key and of itself. lmdb has no checksums: a flipped bit would show as
 * other content, and a value under a wrong key as that key's.
 *
 * Each word changes the sum in a way that can be undone. So damage within four bytes is always found, and of other damage all but one in
 * 2^32. It is no crc32, because one call of that takes longer than all of this. CPU, paired runs on two busy cores: a unit of one put of
 * 400 bytes and two appends of 130 takes the checkpoint thread 6.0 instead of 5.5 µs. Reading an entry takes 2.3 instead of 2.0 µs.
 */

export const SEAL_BYTES = 4

const FACTOR = 0x9e3779b1

/** Makes seals, in one piece of memory. */
export class Sealer {
  #scratch = Buffer.allocUnsafeSlow(2 ** 16)

  /** Seals a value. The result is a view that the next call overwrites. */
  sealed(key: Uint8Array, value: Uint8Array): Buffer {
    const end = value.length
    if (end + SEAL_BYTES > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(2 * (end + SEAL_BYTES))
    const scratch = this.#scratch
    scratch.set(value)
    scratch.writeInt32LE(sumOf(key, value, end), end)
    return scratch.subarray(0, end + SEAL_BYTES)
  }
}

/** Whether the last four bytes are the seal of the bytes before them. */
export function isSealed(key: Uint8Array, stored: Buffer): boolean {
  const end = stored.length - SEAL_BYTES
  return end >= 0 && sumOf(key, stored, end) === stored.readInt32LE(end)
}

function sumOf(key: Uint8Array, value: Uint8Array, length: number): number {
  return added(value, length, added(key, key.length, length))
}

/** The sum after adding so many bytes. */
function added(bytes: Uint8Array, length: number, sum: number): number {
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    sum = Math.imul(sum ^ low ^ ((bytes[at + 2] ?? 0) << 16) ^ ((bytes[at + 3] ?? 0) << 24), FACTOR)
    sum ^= sum >>> 15
  }
  for (; at < length; at++) {
    sum = Math.imul(sum ^ (bytes[at] ?? 0), FACTOR)
    sum ^= sum >>> 15
  }
  return sum
}

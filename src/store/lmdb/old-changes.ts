/**
 * The changes of a write in a journal of format 2, which releases up to 0.1.0 made: pairs of the tables as they are.
 *
 *   change   length of the key (16 bits) · length of the value (32 bits; ffffffff: it is removed) · key · value
 */

const HEAD_BYTES = 6
const REMOVED = 0xffffffff

/** Calls back with each of several changes. Key and value are views; no value means a removal. */
export function eachOldChange(bytes: Buffer, change: (key: Buffer, value: Buffer | undefined) => void): void {
  let position = 0
  while (position < bytes.length) {
    const keyEnd = position + HEAD_BYTES + bytes.readUInt16LE(position)
    const length = bytes.readUInt32LE(position + 2)
    const key = bytes.subarray(position + HEAD_BYTES, keyEnd)
    position = length === REMOVED ? keyEnd : keyEnd + length
    change(key, length === REMOVED ? undefined : bytes.subarray(keyEnd, position))
  }
}

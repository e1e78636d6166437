/**
 * The record `device/<device>`: the window of a device's numbered requests. It holds the last number, and for each of the last 64 a hash of
 * its content (services/content-hash.ts) and its outcome:
 *
 *   last (float64) · 1 if the session has ended (1) · for each of the last 64 at (number - 1) mod 64: hash (8) · code (1)
 *
 * 585 bytes at most. A code is OK or of the class "refused", so it fits a byte.
 *
 * It is hot: it changes with every message. So the newest numbers are a chain of small objects over bytes that many windows share, and a
 * put says only what a number changes, 18 bytes.
 */
import { EMPTY } from '../../../protocol/bytes.js'
import { SEND_WINDOW } from '../../../protocol/limits.js'
import { assert, present } from '../../lib/assert.js'
import type { PatchShape } from '../../store/types.js'
import { recordKind } from '../record-kinds.js'
import type { RecordKind } from '../types.js'

export interface DeviceWindow {
  readonly last: number
  readonly ended: boolean
  /** The window as it was stored at some number, without the newest ones; never written to. Its head is not kept up. */
  readonly base: Uint8Array
  /** The newest number that is not in `base`, linked to the one before; undefined: `base` has all. */
  readonly newest: UsedNumber | undefined
}

/** The outcome of a number. */
export interface Slot {
  /** HASH_BYTES characters of one byte each. */
  readonly hash: string
  readonly code: number
}

interface UsedNumber extends Slot {
  readonly sendSeq: number
  readonly before: UsedNumber | undefined
}

/** The most numbers in a chain. With more, a cached window takes more than the 64 as bytes do. */
const CHAIN_MAX = 16

const HEAD_BYTES = 9
const ENDED_AT = 8
export const HASH_BYTES = 8
const SLOT_BYTES = HASH_BYTES + 1
const CODE_MAX = 255

/** The hash of a number without content. */
export const NO_HASH = '\0'.repeat(HASH_BYTES)

export const EMPTY_WINDOW: DeviceWindow = { last: 0, ended: false, base: EMPTY, newest: undefined }

export const deviceWindow: RecordKind<DeviceWindow> = recordKind({
  prefix: 'device',
  lifetime: 'device',
  bound: {
    bytesMax: HEAD_BYTES + SEND_WINDOW * SLOT_BYTES,
    grows: 'nobody: 64 numbers',
    many: 'one per device in `devices`',
  },
  encode,
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    return { last: view.getFloat64(0), ended: bytes[ENDED_AT] === 1, base: new Uint8Array(bytes), newest: undefined }
  },
  patch(before, after) {
    const { last } = after
    if (last === before.last)
      return { shape: { length: lengthOf(last), ranges: HEAD }, bytes: headed(after, HEAD_BYTES) }
    if (last !== before.last + 1) return undefined
    const bytes = headed(after, HEAD_BYTES + SLOT_BYTES)
    putSlot(bytes, HEAD_BYTES, slotOf(after, last))
    return { shape: shapeOf(last), bytes }
  },
})

/** The hash and code remembered for a number; only for the last 64. */
export function slotOf({ base, newest }: DeviceWindow, sendSeq: number): Slot {
  for (let used = newest; used !== undefined; used = used.before) if (used.sendSeq === sendSeq) return used
  const slot = Buffer.from(base.buffer, base.byteOffset + slotAt(sendSeq), SLOT_BYTES)
  return { hash: slot.toString('latin1', 0, HASH_BYTES), code: slot.readUInt8(HASH_BYTES) }
}

/** The window after its next `count` numbers were used up with one outcome. */
export function withUsed(window: DeviceWindow, count: number, hash: string, code: number): DeviceWindow {
  assert(
    hash.length === HASH_BYTES && code <= CODE_MAX,
    'a slot of a window holds 8 bytes of hash and a code of one byte',
  )
  const { ended, base } = window
  const last = window.last + count
  let { newest } = window
  for (let sendSeq = Math.max(window.last, last - SEND_WINDOW) + 1; sendSeq <= last; sendSeq += 1) {
    newest = { sendSeq, hash, code, before: newest }
  }
  const used = { last, ended, base, newest }
  const isFull = Math.floor(last / CHAIN_MAX) > Math.floor(window.last / CHAIN_MAX)
  return isFull ? { last, ended, base: encode(used), newest: undefined } : used
}

function encode(window: DeviceWindow): Buffer {
  const { base, newest, last } = window
  const bytes = headed(window, lengthOf(last))
  bytes.set(base.subarray(HEAD_BYTES), HEAD_BYTES)
  const oldest = last - SEND_WINDOW + 1
  for (let used = newest; used !== undefined && used.sendSeq >= oldest; used = used.before) {
    putSlot(bytes, slotAt(used.sendSeq), used)
  }
  return bytes
}

/** New bytes with the window's head; the rest has yet to be written. */
function headed({ last, ended }: DeviceWindow, length: number): Buffer {
  // Few bytes, of a put, come from Buffer's pool. A window is kept: it would keep 8 KiB of the pool.
  const bytes = length > HEAD_BYTES + SLOT_BYTES ? Buffer.allocUnsafeSlow(length) : Buffer.allocUnsafe(length)
  bytes.writeDoubleBE(last)
  bytes[ENDED_AT] = ended ? 1 : 0
  return bytes
}

function putSlot(bytes: Buffer, at: number, { hash, code }: Slot): void {
  for (let i = 0; i < HASH_BYTES; i += 1) bytes[at + i] = hash.charCodeAt(i)
  bytes[at + HASH_BYTES] = code
}

function lengthOf(last: number): number {
  return HEAD_BYTES + Math.min(last, SEND_WINDOW) * SLOT_BYTES
}

function slotAt(sendSeq: number): number {
  return HEAD_BYTES + ((sendSeq - 1) % SEND_WINDOW) * SLOT_BYTES
}

/** The ranges of a window that differ after no number: the head. */
const HEAD: readonly number[] = [0, HEAD_BYTES]

/** The places that one more number changes, the head and its slot: for each of the first 64, while the window grows, then by place. */
const SHAPES: readonly PatchShape[] = Array.from({ length: 2 * SEND_WINDOW }, (_, i) => ({
  length: lengthOf(i + 1),
  ranges: [...HEAD, slotAt(i + 1), SLOT_BYTES],
}))

function shapeOf(last: number): PatchShape {
  const index = last <= SEND_WINDOW ? last - 1 : SEND_WINDOW + ((last - 1) % SEND_WINDOW)
  return present(SHAPES[index], 'the shape of a place')
}

/**
 * Whether lmdb may be let near a file: it ends the process (a segmentation fault, seen with 3.5.6) on one that is not its own.
 *
 * A file begins with two meta pages. Each describes the whole, and each transaction writes the one that the transaction before
 * it did not write, with a sync of its own. A power loss may turn the page in flight to garbage (drives without power-safe
 * overwrite). lmdb then refuses the file, or ends the process, although the other page is whole and nothing is lost.
 *
 *   page: number (8) · … · flags at 18 (16 bits) · … · magic and version at 24 · … · size of a page at 48 (32 bits) · …
 */

import fs from 'node:fs'

/** Magic BEEFC0DE, version 2, both 32 bits little-endian. */
const MAGIC_AND_VERSION = Buffer.from('dec0efbe02000000', 'hex')

/** The flag of a meta page. */
const META = 0x08

/** Those that lmdb knows. It takes the system's. */
const PAGE_BYTES = [4096, 8192, 16_384, 32_768, 65_536] as const

/** As much of a meta page as holds anything. */
const META_BYTES = 512

export function isDatabase(file: string): boolean {
  // lmdb makes what is not there, or only just there.
  if (!fs.existsSync(file) || fs.statSync(file).size === 0) return true
  return metaPagesOf(file)?.every(page => page.whole) ?? false
}

/** Where one meta page of a file is whole, makes the other one like it, durably. Nobody may have the file open. */
export function mendMetaPage(file: string): void {
  const pages = fs.existsSync(file) ? metaPagesOf(file) : undefined
  const whole = pages?.find(page => page.whole)
  const damaged = pages?.find(page => !page.whole)
  if (whole === undefined || damaged === undefined) return
  const bytes = Buffer.from(whole.bytes)
  bytes.writeBigUInt64LE(BigInt(damaged.number), 0)
  const descriptor = fs.openSync(file, 'r+')
  try {
    fs.writeSync(descriptor, bytes, 0, bytes.length, damaged.at)
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

interface MetaPage {
  readonly number: 0 | 1
  readonly at: number
  readonly bytes: Buffer
  readonly whole: boolean
}

/** Undefined if neither page is whole, or the file ends within them. */
function metaPagesOf(file: string): readonly [MetaPage, MetaPage] | undefined {
  const descriptor = fs.openSync(file, 'r')
  try {
    const { size } = fs.fstatSync(descriptor)
    for (const pageBytes of PAGE_BYTES) {
      if (size < 2 * pageBytes) return undefined
      const [first, second] = [pageAt(descriptor, 0, pageBytes), pageAt(descriptor, 1, pageBytes)]
      if (first.whole || second.whole) return [first, second]
    }
    return undefined
  } finally {
    fs.closeSync(descriptor)
  }
}

function pageAt(descriptor: number, number: 0 | 1, pageBytes: number): MetaPage {
  const at = number * pageBytes
  const bytes = Buffer.alloc(META_BYTES)
  fs.readSync(descriptor, bytes, 0, bytes.length, at)
  const isMeta = bytes.readBigUInt64LE(0) === BigInt(number) && (bytes.readUInt16LE(18) & META) !== 0
  const isOurs = bytes.subarray(24, 32).equals(MAGIC_AND_VERSION) && bytes.readUInt32LE(48) === pageBytes
  return { number, at, bytes, whole: isMeta && isOurs }
}

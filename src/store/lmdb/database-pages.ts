/**
 * Walks all pages of a database file without lmdb, which would follow a damaged page out of its map. Each page must be the one that its
 * parent names, be named once, hold its nodes, and have its keys in order. Together they must be as many as the meta page says. The
 * values are checked by their checksums (tables.ts).
 */

import fs from 'node:fs'
import {
  assertDatabase,
  childAt,
  damagedError,
  databaseState,
  IS_BRANCH,
  IS_LEAF,
  type Meta,
  nodeAt,
  numberAt,
  PAGE_HEAD_BYTES,
  PageDamage,
  Pages,
  pagesOf,
  type Tree,
} from './database-file.js'

const IS_OVERFLOW = 4
const NODE_HEAD_BYTES = 8
/** The flag of a node whose value is on overflow pages. */
const IS_BIG = 1
/** The bytes that such a node has in place of the value: page · transaction · pages. */
const BIG_BYTES = 24

/**
 * Checks a file that lmdb may have open. The caller holds a place among its readers, so that no page of the present state is written to
 * meanwhile. The list of free pages is a few pages long. It shows whether the last page is the last one; otherwise lmdb would overwrite
 * others. Throws StoreDamagedError.
 */
export function assertPages(file: string, which: 'all pages' | 'free pages' = 'all pages'): void {
  const state = databaseState(file)
  if (state.kind !== 'whole') {
    assertDatabase(file)
    return
  }
  const descriptor = fs.openSync(file, 'r')
  try {
    const { meta } = state
    const walk = new Walk(new Pages(descriptor, meta.pageBytes), meta)
    walk.freePages()
    const isShort = walk.fileHas < meta.lastPage + 1
    if (which === 'all pages' || isShort) walk.tree(meta.main, Buffer.compare)
    walk.assertCount()
  } catch (error) {
    if (error instanceof PageDamage) throw damagedError(file, error.message)
    // A number pointed outside its page.
    if (error instanceof RangeError) throw damagedError(file, 'a page is not what was written')
    throw error
  } finally {
    fs.closeSync(descriptor)
  }
}

type Order = (a: Buffer, b: Buffer) => number

class Walk {
  readonly #pages: Pages
  readonly #meta: Meta
  /** One bit for each page that has been seen. */
  readonly #seen: Uint8Array
  #free = 0
  #branches = 0
  #leaves = 0
  #overflow = 0
  #entries = 0
  #lastKey: Buffer | undefined
  /** The least value that the next key may have. */
  #least: Buffer | undefined

  constructor(pages: Pages, meta: Meta) {
    this.#pages = pages
    this.#meta = meta
    this.#seen = new Uint8Array((meta.lastPage >> 3) + 1)
  }

  /** The number of pages in the file. */
  get fileHas(): number {
    return Math.floor(this.#pages.bytes / this.#pages.pageBytes)
  }

  /** Walks the tree of free pages, and the pages that it lists. */
  freePages(): void {
    this.tree(
      this.#meta.free,
      (a, b) => numberAt(a, 0) - numberAt(b, 0),
      list => this.#listed(list),
    )
  }

  /** Checks that no page is missing, except free ones at the end, which lmdb never wrote. To be called last. */
  assertCount(): void {
    const { lastPage, free, main } = this.#meta
    const used = 2 + pagesOf(free) + pagesOf(main)
    const told = lastPage + 1
    if (used + this.#free > told) throw new PageDamage(`it has ${used} pages and ${this.#free} free ones, not ${told}`)
    if (told - this.fileHas > this.#free) throw new PageDamage(`it has ${this.fileHas} pages, not ${told}`)
    for (let page = this.fileHas; page < told; page++) {
      if (!this.#isSeen(page)) throw new PageDamage(`page ${page} is behind the end of the file`)
    }
  }

  /**
   * Reads one list: the count of numbers that follow, then the numbers. Each is a page, or the negative length of a run followed by its
   * first page, or 0 for nothing.
   */
  #listed(list: Buffer): void {
    const count = numberAt(list, 0)
    if (8 * (count + 1) > list.length) throw new PageDamage('a list of free pages is not what was written')
    for (let i = 1; i <= count; i++) {
      const entry = Number(list.readBigInt64LE(8 * i))
      if (entry === 0) continue
      if (entry < 0 && i === count) throw new PageDamage('a list of free pages is not what was written')
      const first = entry > 0 ? entry : numberAt(list, 8 * ++i)
      const pages = entry > 0 ? 1 : -entry
      if (first < 2 || first + pages > this.#meta.lastPage + 1) {
        throw new PageDamage(`page ${first} is free, and not within 2 to ${this.#meta.lastPage}`)
      }
      this.#see(first, pages)
      this.#free += pages
    }
  }

  /** Walks a tree and passes each value to `onValue`. */
  tree(tree: Tree, order: Order, onValue?: (value: Buffer) => void): void {
    this.#branches = 0
    this.#leaves = 0
    this.#overflow = 0
    this.#entries = 0
    this.#lastKey = undefined
    if (tree.root !== -1) this.#visit(tree.root, tree.depth, order, onValue)
    const found = [this.#branches, this.#leaves, this.#overflow, this.#entries].join(', ')
    const told = [tree.branchPages, tree.leafPages, tree.overflowPages, tree.entries].join(', ')
    if (found !== told)
      throw new PageDamage(`a tree has ${found} branches, leaves, overflow pages and entries, not ${told}`)
  }

  #visit(number: number, height: number, order: Order, onValue?: (value: Buffer) => void): void {
    this.#see(number, 1)
    const page = Buffer.from(this.#pages.readOfTree(number, this.#meta))
    const lower = page.readUInt16LE(20)
    const upper = PAGE_HEAD_BYTES + page.readUInt16LE(22)
    const nodes = lower / 2
    if (!Number.isInteger(nodes) || nodes < 1 || PAGE_HEAD_BYTES + lower > upper || upper > page.length) {
      throw new PageDamage(`page ${number} is not what was written`)
    }
    if (page.readUInt16LE(18) !== (height > 1 ? IS_BRANCH : IS_LEAF))
      throw new PageDamage(`page ${number} is of the wrong kind`)
    if (height > 1) this.#branches++
    else this.#leaves++
    for (let i = 0; i < nodes; i++) {
      const at = nodeAt(page, i)
      if (at < upper) throw new PageDamage(`page ${number} has a node in its free space`)
      if (height > 1 && i > 0) this.#between(page, at, order)
      if (height > 1) this.#visit(childAt(page, at), height - 1, order, onValue)
      else this.#leaf(page, at, order, onValue)
    }
  }

  /** Checks that a branch's key lies between the parts that it separates; otherwise a search goes wrong. */
  #between(page: Buffer, at: number, order: Order): void {
    const end = at + NODE_HEAD_BYTES + page.readUInt16LE(at + 6)
    const key = page.subarray(at + NODE_HEAD_BYTES, end)
    if (end > page.length || (this.#lastKey !== undefined && order(this.#lastKey, key) >= 0)) {
      throw new PageDamage(`page ${numberAt(page, 0)} separates its keys in the wrong place`)
    }
    this.#least = key
  }

  #leaf(page: Buffer, at: number, order: Order, onValue?: (value: Buffer) => void): void {
    const flags = page.readUInt16LE(at + 4)
    const keyEnd = at + NODE_HEAD_BYTES + page.readUInt16LE(at + 6)
    const valueEnd = keyEnd + (flags === IS_BIG ? BIG_BYTES : page.readUInt32LE(at))
    if (flags > IS_BIG || valueEnd > page.length)
      throw new PageDamage(`page ${numberAt(page, 0)} has a node outside it`)
    const key = page.subarray(at + NODE_HEAD_BYTES, keyEnd)
    if (this.#lastKey !== undefined && order(this.#lastKey, key) >= 0) {
      throw new PageDamage(`page ${numberAt(page, 0)} has its keys out of order`)
    }
    if (this.#least !== undefined && order(this.#least, key) > 0) {
      throw new PageDamage(`page ${numberAt(page, 0)} has keys that belong elsewhere`)
    }
    this.#least = undefined
    this.#lastKey = key
    this.#entries++
    const bytes = page.readUInt32LE(at)
    if (flags === IS_BIG) {
      const [first, count] = [numberAt(page, keyEnd), numberAt(page, keyEnd + 16)]
      this.#big(first, count, bytes)
      onValue?.(this.#bigValue(first, count).subarray(PAGE_HEAD_BYTES, PAGE_HEAD_BYTES + bytes))
    } else onValue?.(page.subarray(keyEnd, valueEnd))
  }

  #bigValue(number: number, count: number): Buffer {
    return Buffer.concat(Array.from({ length: count }, (_, i) => Buffer.from(this.#pages.read(number + i))))
  }

  #big(number: number, count: number, valueBytes: number): void {
    const page = this.#pages.readOfTree(number, this.#meta)
    if (page.readUInt16LE(18) !== IS_OVERFLOW || page.readUInt32LE(20) !== count) {
      throw new PageDamage(`page ${number} is not the beginning of ${count} overflow pages`)
    }
    if (PAGE_HEAD_BYTES + valueBytes > count * page.length)
      throw new PageDamage(`page ${number} has no space for its value`)
    this.#see(number, count)
    this.#overflow += count
    this.#pages.read(number + count - 1)
  }

  #isSeen(page: number): boolean {
    return ((this.#seen[page >> 3] ?? 0) & (1 << (page & 7))) !== 0
  }

  #see(number: number, count: number): void {
    for (let page = number; page < number + count; page++) {
      if (page > this.#meta.lastPage) throw new PageDamage(`page ${page} is not within 2 to ${this.#meta.lastPage}`)
      if (this.#isSeen(page)) throw new PageDamage(`page ${page} is used twice`)
      this.#seen[page >> 3] = (this.#seen[page >> 3] ?? 0) | (1 << (page & 7))
    }
  }
}

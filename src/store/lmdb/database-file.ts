/**
 * Looks at a database file before lmdb maps it. On damage lmdb ends the process (a segmentation fault or a bus error, seen with 3.5.6),
 * or goes on from an older state without notice.
 *
 * A file begins with two meta pages, which lmdb writes in turn: transaction n writes page n % 2. Each names the roots of two trees, of
 * the data and of the free pages. There is no checksum. But each page of a tree carries the number of the transaction that wrote it, and
 * each of our transactions writes the root of the data anew. So a meta page and the roots that it names confirm each other.
 *
 *   byte  0   page number (8) · (8) · (2) · flags (2) · (4)
 *        24   magic (4) · version (4) · address (8) · size of the map (8)
 *        48   free pages: bytes of a page (4) · flags (2) · depth (2) · branch, leaf, overflow pages, entries, root (8 each)
 *        96   data: the same, with 0 for the bytes of a page
 *       144   last page (8) · transaction (8) · boot (8)
 */

import fs from 'node:fs'
import { StoreDamagedError } from '../errors.js'
import { StoreFormatError } from './errors.js'

export const PAGE_HEAD_BYTES = 24
const META_BYTES = 168
/** The magic number in each meta page, behind the page's head. */
export const MAGIC = 0xbeefc0de
const VERSION = 2
const IS_META = 8
export const IS_BRANCH = 1
export const IS_LEAF = 2
const INTEGER_KEYS = 8
const LEAST_PAGE_BYTES = 4096
const PAGE_BYTES = [LEAST_PAGE_BYTES, 8192, 16_384, 32_768, 65_536]

/** The most tries: a server may write a meta page during each. */
const TRIES_MAX = 20

/** The transaction number on all pages of a copy that lmdb has made (a backup), until they are written anew. */
const COPIED = 1

/** A bound for pages at the end that a transaction has taken and given back without writing them: real numbers are far smaller. */
const UNWRITTEN_MAX = 2 ** 18

/** The greatest depth, lmdb's own bound. */
const DEPTH_MAX = 32

export interface Tree {
  readonly depth: number
  readonly branchPages: number
  readonly leafPages: number
  readonly overflowPages: number
  readonly entries: number
  /** The root page; -1: the tree is empty. */
  readonly root: number
}

export interface Meta {
  readonly index: 0 | 1
  readonly pageBytes: number
  readonly transaction: number
  readonly lastPage: number
  readonly free: Tree
  readonly main: Tree
}

export type DatabaseState =
  | { readonly kind: 'absent' }
  /** The file has no byte that looks like lmdb's. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'whole'; readonly meta: Meta }
  /** One of the meta pages is not what was written: the last transaction may be lost, and lmdb must not see the file. */
  | { readonly kind: 'half'; readonly meta: Meta; readonly reason: string }
  | { readonly kind: 'damaged'; readonly reason: string }

/** Says why a page is not what lmdb wrote. */
export class PageDamage extends Error {
  override readonly name = 'PageDamage'
}

/** Reads the pages of a file one by one and not through a map: a page beyond the end is an error, not a signal. */
export class Pages {
  readonly bytes: number
  readonly pageBytes: number
  readonly #descriptor: number
  readonly #page: Buffer

  constructor(descriptor: number, pageBytes: number) {
    this.#descriptor = descriptor
    this.bytes = fs.fstatSync(descriptor).size
    this.pageBytes = pageBytes
    this.#page = Buffer.allocUnsafeSlow(pageBytes)
  }

  /** Reads a page. The result is a view that the next call overwrites. Throws PageDamage. */
  read(number: number): Buffer {
    const read = fs.readSync(this.#descriptor, this.#page, 0, this.pageBytes, number * this.pageBytes)
    if (read < this.pageBytes) throw new PageDamage(`page ${number} is behind the end of the file`)
    return this.#page
  }

  /** Reads a page that belongs to a tree of this state. Throws PageDamage. */
  readOfTree(number: number, { lastPage, transaction }: Meta): Buffer {
    if (number < 2 || number > lastPage) throw new PageDamage(`page ${number} is not within 2 to ${lastPage}`)
    const page = this.read(number)
    if (numberAt(page, 0) !== number) throw new PageDamage(`page ${number} says that it is page ${numberAt(page, 0)}`)
    if (numberAt(page, 8) > transaction) throw new PageDamage(`page ${number} is of a later transaction`)
    return page
  }
}

/**
 * Looks at the size, the meta pages and the roots: a few reads. A server may write to the file meanwhile. Throws errors of the file
 * system.
 */
export function databaseState(file: string): DatabaseState {
  if (!fs.existsSync(file)) return { kind: 'absent' }
  const descriptor = fs.openSync(file, 'r')
  try {
    for (let tries = 1; ; tries++) {
      const before = metaBytes(descriptor)
      const state = stateOf(descriptor)
      // A page may have been read while it was written, and the roots of a replaced state may be overwritten.
      if (state.kind === 'whole' || tries === TRIES_MAX || metaBytes(descriptor).equals(before)) return state
    }
  } finally {
    fs.closeSync(descriptor)
  }
}

/** Checks that lmdb may open the file. Throws StoreFormatError or StoreDamagedError, of one line. */
export function assertDatabase(file: string): void {
  const state = databaseState(file)
  if (state.kind === 'absent') throw new StoreFormatError(`${file} is not there`)
  if (state.kind === 'foreign') throw new StoreFormatError(`${file} is not a database that this program can read`)
  if (state.kind !== 'whole') throw damagedError(file, state.reason)
}

export function damagedError(file: string, reason: string): StoreDamagedError {
  return new StoreDamagedError(`${file} is damaged: ${reason}`)
}

/**
 * Copies the whole meta page over the other one. lmdb then goes on from there, and its next transaction writes the other. Durable on
 * return. The caller must know that nothing is lost by it.
 */
export function mendMeta(file: string, { index, pageBytes }: Meta): void {
  const descriptor = fs.openSync(file, 'r+')
  try {
    const page = Buffer.from(new Pages(descriptor, pageBytes).read(index))
    const other = 1 - index
    page.writeBigUInt64LE(BigInt(other), 0)
    fs.writeSync(descriptor, page, 0, pageBytes, other * pageBytes)
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

export function numberAt(page: Buffer, at: number): number {
  return page.readUInt32LE(at) + page.readUInt32LE(at + 4) * 2 ** 32
}

/** Both meta pages as they are, for the smallest page size. */
function metaBytes(descriptor: number): Buffer {
  const bytes = Buffer.alloc(2 * LEAST_PAGE_BYTES)
  return bytes.subarray(0, fs.readSync(descriptor, bytes, 0, bytes.length, 0))
}

function stateOf(descriptor: number): DatabaseState {
  const { size } = fs.fstatSync(descriptor)
  if (size === 0) return { kind: 'damaged', reason: 'it has no byte' }
  const bytes = metaBytes(descriptor)
  const isOurs = (at: number): boolean => bytes.length >= at + META_BYTES && bytes.readUInt32LE(at + 24) === MAGIC
  if (!isOurs(0) && !isOurs(LEAST_PAGE_BYTES)) return { kind: 'foreign' }
  const [first, second] = areTwins(descriptor) ? twins(descriptor) : [metaOf(descriptor, 0), metaOf(descriptor, 1)]
  const reason = [first, second].filter(meta => typeof meta === 'string').join('; ')
  const whole = [first, second].filter(meta => typeof meta !== 'string')
  // The state that lmdb would go on from. The one before it may be overwritten.
  const meta = whole.sort((a, b) => b.transaction - a.transaction)[0]
  if (meta === undefined) return { kind: 'damaged', reason }
  // A torn page holds nonsense. A page that makes sense and names what is not there shows damage elsewhere.
  const damage = disagreement(whole) ?? rootDamage(descriptor, meta)
  if (damage !== undefined) return { kind: 'damaged', reason: damage }
  return whole.length === 2 ? { kind: 'whole', meta } : { kind: 'half', meta, reason }
}

function disagreement([first, second]: readonly Meta[]): string | undefined {
  if (first === undefined || second === undefined) return undefined
  const apart = Math.abs(first.transaction - second.transaction)
  if (first.pageBytes === second.pageBytes && apart <= 1) return undefined
  return `its meta pages tell of transactions ${first.transaction} and ${second.transaction}`
}

/** Whether both pages say the same, as in a new file or a mended one. */
function areTwins(descriptor: number): boolean {
  const first = stateBytes(descriptor, 0)
  const pageBytes = first.length > 0 ? first.readUInt32LE(48 - PAGE_HEAD_BYTES) : 0
  return PAGE_BYTES.includes(pageBytes) && first.equals(stateBytes(descriptor, pageBytes))
}

/** The content of the meta page that begins there, without its head. */
function stateBytes(descriptor: number, at: number): Buffer {
  const bytes = Buffer.alloc(META_BYTES - PAGE_HEAD_BYTES)
  const read = fs.readSync(descriptor, bytes, 0, bytes.length, at + PAGE_HEAD_BYTES)
  return read < bytes.length ? Buffer.alloc(0) : bytes
}

/** Both meta pages, each taken as the one that its transaction has written. */
function twins(descriptor: number): readonly [Meta | string, Meta | string] {
  const [first, second] = [metaOf(descriptor, 0), metaOf(descriptor, 1)]
  return typeof first === 'string' ? [second, second] : [first, first]
}

/** The meta page of this index, or the reason why it is damaged. */
function metaOf(descriptor: number, index: 0 | 1): Meta | string {
  // Page 0 tells where page 1 begins. If it cannot, the file system's usual sizes are tried.
  let reason = ''
  for (const pageBytes of PAGE_BYTES) {
    try {
      return checkedMeta(new Pages(descriptor, pageBytes), index)
    } catch (error) {
      if (!(error instanceof PageDamage)) throw error
      if (reason === '') reason = `meta page ${index}: ${error.message}`
    }
  }
  return reason
}

function checkedMeta(pages: Pages, index: 0 | 1): Meta {
  const page = pages.read(index)
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new PageDamage(`${what} is wrong`)
  }
  must(page.length >= META_BYTES && page.readUInt32LE(24) === MAGIC, 'its magic')
  must(page.readUInt32LE(28) === VERSION, 'its version')
  must(numberAt(page, 0) === index && page.readUInt16LE(18) === IS_META, 'its head')
  must(page.readUInt32LE(48) === pages.pageBytes, 'the size of a page')
  must(numberAt(page, 32) === 0 && page.readUInt32LE(96) === 0, 'what must be zero')
  must(page.readUInt16LE(52) === INTEGER_KEYS && page.readUInt16LE(100) === 0, 'the kind of a tree')
  const mapBytes = numberAt(page, 40)
  must(mapBytes % 4096 === 0 && mapBytes < 2 ** 47, 'the size of the map')
  const meta: Meta = {
    index,
    pageBytes: pages.pageBytes,
    transaction: numberAt(page, 152),
    lastPage: numberAt(page, 144),
    free: treeAt(page, 48),
    main: treeAt(page, 96),
  }
  const { transaction, free, main, lastPage } = meta
  must(transaction % 2 === index || transaction === 0, `its transaction ${transaction}`)
  must(lastPage >= 1 && lastPage < pages.bytes / pages.pageBytes + UNWRITTEN_MAX, 'the last page')
  must(2 + pagesOf(free) + pagesOf(main) <= lastPage + 1, 'the number of pages')
  return meta
}

/** Describes what is wrong with the roots that a meta page names, or with the transaction that it says has written them. */
function rootDamage(descriptor: number, meta: Meta): string | undefined {
  const { index, transaction, pageBytes } = meta
  try {
    const pages = new Pages(descriptor, pageBytes)
    checkRoot(pages, meta, meta.free)
    const written = checkRoot(pages, meta, meta.main) ?? transaction
    if (written === transaction || written === COPIED) return undefined
    return `meta page ${index}: its transaction ${transaction} is not that of its root, ${written}`
  } catch (error) {
    if (error instanceof PageDamage) return `meta page ${index}: ${error.message}`
    throw error
  }
}

function treeAt(page: Buffer, at: number): Tree {
  return {
    depth: page.readUInt16LE(at + 6),
    branchPages: numberAt(page, at + 8),
    leafPages: numberAt(page, at + 16),
    overflowPages: numberAt(page, at + 24),
    entries: numberAt(page, at + 32),
    root: page.readBigInt64LE(at + 40) === -1n ? -1 : numberAt(page, at + 40),
  }
}

export function pagesOf({ branchPages, leafPages, overflowPages }: Tree): number {
  return branchPages + leafPages + overflowPages
}

/** @returns the transaction that wrote it; undefined if the tree is empty */
function checkRoot(pages: Pages, meta: Meta, tree: Tree): number | undefined {
  const { root, depth } = tree
  if ((root === -1) !== (depth === 0) || depth > DEPTH_MAX) throw new PageDamage(`the depth of a tree is ${depth}`)
  if (root === -1) {
    if (pagesOf(tree) + tree.entries > 0) throw new PageDamage('a tree has pages and no root')
    return undefined
  }
  const page = pages.readOfTree(root, meta)
  const transaction = numberAt(page, 8)
  for (let level = 1, at = page; ; level++) {
    const flags = at.readUInt16LE(18)
    if (flags !== (level < depth ? IS_BRANCH : IS_LEAF))
      throw new PageDamage(`the tree of page ${root} is not ${depth} deep`)
    if (level === depth) return transaction
    at = pages.readOfTree(childAt(at, nodeAt(at, 0)), meta)
  }
}

/** The offset of a node in its page. Stored offsets are counted from behind the page's head. Throws PageDamage. */
export function nodeAt(page: Buffer, index: number): number {
  const at = PAGE_HEAD_BYTES + page.readUInt16LE(PAGE_HEAD_BYTES + 2 * index)
  if (at < PAGE_HEAD_BYTES || at + 8 > page.length)
    throw new PageDamage(`page ${numberAt(page, 0)} has a node outside it`)
  return at
}

/** The page that a node of a branch names. */
export function childAt(page: Buffer, at: number): number {
  return page.readUInt32LE(at) + page.readUInt16LE(at + 4) * 2 ** 32
}

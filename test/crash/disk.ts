/**
 * A disk while a trace is played on it: what is durable, and what the kernel or the drive may still lose.
 *
 *   write, size ─► pending ──── a sync of the file that begins later has ended, or the call was synced itself ───► durable
 *   names       ─► pending ──── a sync of the folder that begins later has ended ────────────────────────────────► durable
 *
 * After a power loss each pending call may be there, not there, there in part, or its sector in flight may be garbage, each
 * independently of the others: nothing keeps the order of what was not synced. A name is not made durable by a sync of its file.
 */

import { createHash } from 'node:crypto'
import { assert, present } from '../../src/lib/assert.js'
import { seededRandom } from '../../src/lib/random.js'
import type { Call, TraceEvent } from './trace.js'

export const SECTOR_BYTES = 512

/**
 * What became of a pending call. 'zeros': the file has grown, and the bytes did not arrive. A list: only these sectors of 512
 * bytes arrived, counted from the beginning of the file.
 */
export type Fate = 'there' | 'gone' | 'zeros' | readonly number[]

/** What is found after a crash. */
export interface Choice {
  /** The fate of writes, and of names, that `fates` does not mention. */
  readonly writes: 'there' | 'gone'
  readonly names: 'there' | 'gone'
  /** By the call's id. */
  readonly fates: Readonly<Record<number, Fate>>
  /** This sector, which a pending write covers at least in part, holds neither its old nor its new bytes. */
  readonly garbage?: { readonly id: number; readonly sector: number; readonly sectorBytes: number }
  /** Beside the crash: what was durable has changed. */
  readonly damage?: Damage
}

/** One bit has turned, or the file is gone, or only so many of its bytes are left. */
export type Damage =
  | { readonly kind: 'flip'; readonly path: string; readonly bit: number }
  | { readonly kind: 'gone'; readonly path: string }
  | { readonly kind: 'short'; readonly path: string; readonly size: number }

/** A call that a power loss may undo. */
export type Pending =
  | { readonly kind: 'name'; readonly id: number; readonly begun: number; readonly path: string }
  | {
      readonly kind: 'write'
      readonly id: number
      readonly begun: number
      readonly path: string
      readonly offset: number
      readonly length: number
      /** The file ended before the end of the write. */
      readonly grows: boolean
    }

/** Each path with its bytes; null is a folder. */
export type Image = ReadonlyMap<string, Buffer | null>

type Content = Extract<Call, { kind: 'write' | 'size' }>

interface ContentOp {
  readonly id: number
  readonly begun: number
  readonly path: string
  readonly call: Content
  readonly grows: boolean
  ended: boolean
  durable: boolean
}

interface Inode {
  readonly isFolder: boolean
  /** Durable bytes of a file, with the operations that came after them. */
  base: Buffer
  ops: ContentOp[]
  /** The size as a process sees it. */
  size: number
}

/** A change of names: an entry goes from one place, or to one, or both. */
interface NameOp {
  readonly id: number
  readonly begun: number
  readonly path: string
  readonly inode: Inode
  readonly from?: Place
  readonly to?: Place
  ended: boolean
  durable: boolean
}

interface Place {
  readonly folder: Inode
  readonly name: string
}

type Names = Map<Inode, Map<string, Inode>>

export class Disk {
  readonly #root = newInode(true)
  /** Names as a process sees them. */
  readonly #seen: Names = new Map([[this.#root, new Map()]])
  /** Durable names, with the operations that came after them. */
  readonly #base: Names = new Map([[this.#root, new Map()]])
  #nameOps: NameOp[] = []
  readonly #begun = new Map<number, ContentOp | NameOp | (() => void)>()
  #clock = 0

  /** Everything of the image is durable. */
  constructor(image: Image = new Map()) {
    for (const [path, bytes] of [...image].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (path === '') continue
      const inode = newInode(bytes === null)
      if (bytes !== null) {
        inode.base = bytes
        inode.size = bytes.length
      }
      const { folder, name } = this.#place(path)
      for (const names of [this.#seen, this.#base]) {
        present(names.get(folder), `the folder of ${path}`).set(name, inode)
        if (bytes === null) names.set(inode, new Map())
      }
    }
  }

  step(event: TraceEvent): void {
    this.#clock++
    if (event.kind === 'begin') this.#begun.set(event.id, this.#begin(event.id, event.call))
    else if (event.kind !== 'report') this.#end(event.id, event.kind)
  }

  /** In the order in which they began. */
  pending(): Pending[] {
    const names = this.#nameOps
      .filter(op => !op.durable)
      .map(({ id, begun, path }) => ({ kind: 'name' as const, id, begun, path }))
    const writes = this.#files().flatMap(({ ops }) =>
      ops
        .filter(op => !op.durable)
        .map(({ id, begun, path, call, grows }) => {
          const [offset, length] = call.kind === 'write' ? [call.offset, call.bytes.length] : [call.size, 0]
          return { kind: 'write' as const, id, begun, path, offset, length, grows }
        }),
    )
    return [...names, ...writes].sort((a, b) => a.id - b.id)
  }

  /** How many events were played. */
  get clock(): number {
    return this.#clock
  }

  /** What is found if power goes now, or, with everything there, if the process is killed. */
  image(choice: Choice): Image {
    const names: Names = new Map([...this.#base].map(([folder, entries]) => [folder, new Map(entries)]))
    for (const op of this.#nameOps) {
      if (op.durable || (choice.fates[op.id] ?? choice.names) === 'there') apply(names, op)
    }
    const image = new Map<string, Buffer | null>()
    const walk = (folder: Inode, path: string): void => {
      for (const [name, inode] of [...(names.get(folder) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const whole = path === '' ? name : `${path}/${name}`
        image.set(whole, inode.isFolder ? null : contentOf(inode, choice))
        if (inode.isFolder) walk(inode, whole)
      }
    }
    walk(this.#root, '')
    return choice.damage === undefined ? image : damaged(image, choice.damage)
  }

  #begin(id: number, call: Call): ContentOp | NameOp | (() => void) {
    if (call.kind === 'sync') return this.#beginSync(call.path)
    const begun = this.#clock
    if (call.kind === 'write' || call.kind === 'size') {
      const inode = this.#inode(call.path)
      const end = call.kind === 'size' ? call.size : call.offset + call.bytes.length
      const op = { id, begun, path: call.path, call, grows: end > inode.size, ended: false, durable: false }
      inode.size = call.kind === 'size' ? end : Math.max(end, inode.size)
      inode.ops.push(op)
      return op
    }
    const path = call.kind === 'move' ? call.to : call.path
    const isNew = call.kind === 'file' || call.kind === 'folder'
    const inode = isNew ? newInode(call.kind === 'folder') : this.#inode(call.kind === 'move' ? call.from : path)
    const op: NameOp = {
      ...{ id, begun, path, inode, ended: false, durable: false },
      ...(call.kind === 'move' ? { from: this.#place(call.from) } : {}),
      ...(call.kind === 'remove' ? { from: this.#place(path) } : { to: this.#place(path) }),
    }
    apply(this.#seen, op)
    this.#nameOps.push(op)
    return op
  }

  /** @returns what its end makes durable. */
  #beginSync(path: string): () => void {
    const inode = this.#inode(path)
    const ops = [...inode.ops, ...this.#nameOps.filter(({ from, to }) => (to ?? from)?.folder === inode)].filter(
      op => op.ended,
    )
    return () => {
      for (const op of ops) op.durable = true
      this.#compact(inode)
    }
  }

  #end(id: number, how: 'end' | 'cut off'): void {
    const op = present(this.#begun.get(id), `the begin of ${id}`)
    this.#begun.delete(id)
    if (typeof op === 'function') {
      if (how === 'end') op()
      return
    }
    op.ended = true
    if (how === 'end' && 'call' in op && op.call.kind === 'write' && op.call.synced) {
      op.durable = true
      this.#compact(this.#inode(op.path))
    }
  }

  /** Puts durable operations into the base up to the first one that is not. */
  #compact(inode: Inode): void {
    const done = inode.ops.findIndex(({ durable }) => !durable)
    const folded = inode.ops.splice(0, done === -1 ? inode.ops.length : done)
    inode.base = changed(
      inode.base,
      folded.map(({ call }) => ({ call, fate: 'there' })),
    )
    while (this.#nameOps[0]?.durable) apply(this.#base, present(this.#nameOps.shift(), 'the operation'))
  }

  #files(): Inode[] {
    const found = new Set<Inode>()
    for (const names of [this.#seen, this.#base]) {
      for (const entries of names.values()) for (const inode of entries.values()) if (!inode.isFolder) found.add(inode)
    }
    return [...found]
  }

  #inode(path: string): Inode {
    if (path === '') return this.#root
    const { folder, name } = this.#place(path)
    return present(this.#seen.get(folder)?.get(name), `the file ${path}`)
  }

  #place(path: string): Place {
    const at = path.lastIndexOf('/')
    const folder = this.#inode(at === -1 ? '' : path.slice(0, at))
    assert(folder.isFolder, `${path} is not in a folder`)
    return { folder, name: path.slice(at + 1) }
  }
}

export const ALL_THERE: Choice = { writes: 'there', names: 'there', fates: {} }

/** Most files of an image are those of the image before. */
const hashes = new WeakMap<Buffer, string>()

export function hashOf(image: Image): string {
  const hash = createHash('sha1')
  for (const [path, bytes] of image) hash.update(`${path}\0${bytes === null ? 'folder' : hashOfBytes(bytes)}\0`)
  return hash.digest('base64')
}

function hashOfBytes(bytes: Buffer): string {
  const hash = hashes.get(bytes) ?? createHash('sha1').update(bytes).digest('base64')
  hashes.set(bytes, hash)
  return hash
}

function damaged(image: Image, damage: Damage): Image {
  const { path } = damage
  const bytes = image.get(path)
  if (bytes === undefined || bytes === null) return image
  const changed = new Map(image)
  if (damage.kind === 'gone') changed.delete(path)
  else if (damage.kind === 'short') changed.set(path, bytes.subarray(0, damage.size))
  else {
    const flipped = Buffer.from(bytes)
    const at = Math.floor(damage.bit / 8)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (damage.bit % 8))
    changed.set(path, flipped)
  }
  return changed
}

function newInode(isFolder: boolean): Inode {
  return { isFolder, base: Buffer.alloc(0), ops: [], size: 0 }
}

function apply(names: Names, { inode, from, to }: NameOp): void {
  if (from !== undefined && names.get(from.folder)?.get(from.name) === inode) names.get(from.folder)?.delete(from.name)
  if (to === undefined) return
  // A folder whose own name was lost holds nothing that anybody can reach.
  if (!names.has(to.folder)) names.set(to.folder, new Map())
  names.get(to.folder)?.set(to.name, inode)
  if (inode.isFolder && !names.has(inode)) names.set(inode, new Map())
}

function contentOf(inode: Inode, choice: Choice): Buffer {
  const arrived = inode.ops.flatMap(({ id, call, durable }): Arrived[] => {
    const fate = durable ? 'there' : (choice.fates[id] ?? choice.writes)
    return fate === 'gone' ? [] : [{ call, fate }]
  })
  const bytes = changed(inode.base, arrived)
  const { garbage } = choice
  const hit = garbage !== undefined && inode.ops.some(({ id, durable }) => id === garbage.id && !durable)
  return hit ? spoilt(bytes, garbage.sector, garbage.sectorBytes) : bytes
}

interface Arrived {
  readonly call: Content
  readonly fate: Exclude<Fate, 'gone'>
}

/** The same buffer if nothing arrived. */
function changed(before: Buffer, arrived: readonly Arrived[]): Buffer {
  if (arrived.length === 0) return before
  const ends = arrived.map(({ call }) => (call.kind === 'size' ? call.size : call.offset + call.bytes.length))
  const after = Buffer.alloc(Math.max(before.length, ...ends))
  before.copy(after)
  let size = before.length
  arrived.forEach(({ call, fate }, i) => {
    const end = ends[i] ?? 0
    if (call.kind === 'size') after.fill(0, Math.min(size, end))
    size = call.kind === 'size' ? end : Math.max(size, end)
    if (call.kind === 'write') put(after, call, fate)
  })
  return after.subarray(0, size)
}

function put(file: Buffer, { offset, bytes }: Extract<Call, { kind: 'write' }>, fate: Arrived['fate']): void {
  if (fate === 'zeros') return
  if (fate === 'there') {
    bytes.copy(file, offset)
    return
  }
  for (const sector of fate) {
    const from = Math.max(offset, sector * SECTOR_BYTES)
    const to = Math.min(offset + bytes.length, (sector + 1) * SECTOR_BYTES)
    if (from < to) bytes.copy(file, from, from - offset, to - offset)
  }
}

/** The same garbage for the same sector. */
function spoilt(before: Buffer, sector: number, sectorBytes: number): Buffer {
  const after = Buffer.from(before)
  const start = sector * sectorBytes
  const noise = seededRandom(`garbage ${sector} ${sectorBytes}`).bytes(sectorBytes)
  after.set(noise.subarray(0, Math.max(0, Math.min(sectorBytes, after.length - start))), Math.min(start, after.length))
  return after
}

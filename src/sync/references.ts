/**
 * References: what timelines hold in place of what is stored elsewhere.
 *
 *   field 15 of Item, which never travels: group = 1 · number = 2 · when it was accepted, milliseconds since 1970 = 3
 *                                          update = 4 · version = 5
 *
 * A reference to a group's item names group and number. The item is stored once for each partition, in the log of the group's branch there,
 * under its number (rules/branch.ts). A reference is the same bytes for all members. With `version` it refers to an entry of the log that
 * it stands in. So what was changed is told by a reference with `update`, and each text is in one place.
 *
 * A page of a timeline leaves the engine with the items in place of their references, and with a Changed in place of an update. An item that
 * retention has removed is missing in a page, which then says `trimmed`. An update of such an item is left out: it means nothing without it.
 * A push carries the item from the beginning (`Shared.shown`).
 */
import { asChanged } from '../../protocol/item-codec.js'
import { readBool, readerOf, readString, readTag, readUint64, skipField } from '../../protocol/wire-reader.js'
import { begin, finish, writeString, writeTrue, writeUint64 } from '../../protocol/wire-writer.js'
import { present } from '../lib/assert.js'
import { partitionOf } from '../store/partition.js'
import type { Actor, Store, Version } from '../store/types.js'
import { recordName } from './record-kinds.js'
import type { LogItem, RecordKind, TimelinePage } from './types.js'

export interface Reference {
  /** '': it refers to an entry of its own log. */
  readonly gid: string
  /** The item's number in the group; 0: it is no group's. */
  readonly number: Version
  readonly atMs: number
  /** Whether it tells that the item was changed. Absent: it stands for the item. */
  readonly update?: boolean
  /** The version in its own log. Absent, or 0: it refers to a group's item. */
  readonly version?: Version
}

/** What a reader is shown of a group's items, where it is not the same for all members. */
export interface ItemFilter<B> {
  /** The record of the group's branch by which it is decided. It is read once for each group of a page with such items. */
  readonly record: RecordKind<B>
  /** Whether readers may be shown the item differently. Asked of each item of a group; nearly all are the same for all. */
  differs(item: Uint8Array): boolean
  /** The item as this reader is shown it. */
  shown(item: Uint8Array, reader: Actor, record: B | undefined): Uint8Array
}

/** The first byte of a reference: an item never begins with it. */
export const REFERENCE_TAG = 15 * 8 + 2
/** One bit for each known field. */
const KNOWN_FIELDS = 0b11_1110

/** The items that are read at once while a page is made: half a MiB of the longest. */
const ITEMS_AT_ONCE = 32

/** The actor of a group: its rules, members and log. */
export function groupActor(gid: string): Actor {
  return `group/${gid}`
}

/** The actor of a group's branch in one partition. */
export function branchActor(gid: string, partition: number): Actor {
  return `branch/${partition}/${gid}`
}

/** The actor of a room: its rules, listeners and posts. */
export function roomActor(rid: string): Actor {
  return `room/${rid}`
}

export function isRoomActor(actor: Actor): boolean {
  return actor.startsWith('room/')
}

export function isGroupActor(actor: Actor): boolean {
  return actor.startsWith('group/')
}

export function isBranchActor(actor: Actor): boolean {
  return actor.startsWith('branch/')
}

export function encodeReference({ gid, number, atMs, update = false, version = 0 }: Reference): Uint8Array {
  const w = begin()
  w.uint32(REFERENCE_TAG).fork()
  if (gid !== '') writeString(w, 10, gid)
  if (number > 0) writeUint64(w, 16, number)
  writeUint64(w, 24, atMs)
  if (update) writeTrue(w, 32)
  if (version > 0) writeUint64(w, 40, version)
  w.ldelim()
  return finish(w)
}

export function isReference(entry: Uint8Array): boolean {
  return entry[0] === REFERENCE_TAG
}

export function decodeReference(entry: Uint8Array): Required<Reference> {
  const r = readerOf(entry)
  r.pos = 1
  r.uint32()
  let gid = ''
  let [number, atMs, version] = [0, 0, 0]
  let update = false
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === 10) gid = readString(r, 'reference', 0)
    else if (tag === 16) number = readUint64(r)
    else if (tag === 24) atMs = readUint64(r)
    else if (tag === 32) update = readBool(r)
    else if (tag === 40) version = readUint64(r)
    else skipField(r, tag, KNOWN_FIELDS, 'a reference')
  }
  return { gid, number, atMs, update, version }
}

export interface ResolverOptions {
  readonly store: Pick<Store, 'entries' | 'get'>
  /** Absent: all members are shown the same. */
  readonly filter?: ItemFilter<unknown> | undefined
}

/**
 * Puts the items in place of their references. With the items a page may be too long: it then ends earlier, and says that there is more.
 * @param bytesMax the most bytes of items; the first is given whatever its size
 */
export async function resolved(
  options: ResolverOptions,
  actor: Actor,
  page: TimelinePage,
  bytesMax: number,
): Promise<TimelinePage> {
  if (page.kind === 'resync' || !page.items.some(({ bytes }) => isReference(bytes))) return page
  const items: LogItem[] = []
  let left = bytesMax
  let { trimmed } = page
  for await (const { version, bytes, reference } of shownItems(options, actor, page.items)) {
    if (bytes === undefined) {
      trimmed ||= reference?.update === false
      continue
    }
    const isTooMuch = bytes.length > left && items.length > 0
    if (isTooMuch) return { ...page, items, to: version - 1, more: true, trimmed }
    items.push({ version, bytes })
    left -= bytes.length
  }
  return { ...page, items, trimmed }
}

/** An item as its reader is shown it. */
export interface ShownItem {
  readonly version: Version
  /** Undefined: what the reference stands for is gone. */
  readonly bytes: Uint8Array | undefined
  /** Undefined: the item stands there itself. */
  readonly reference: Reference | undefined
}

/** Gives the items of a log with those in place of their references. Some are read at once, and no more than are taken. */
export async function* shownItems(
  options: ResolverOptions,
  actor: Actor,
  items: readonly LogItem[],
): AsyncGenerator<ShownItem> {
  const targets = new Targets(options, actor)
  for (let from = 0; from < items.length; from += ITEMS_AT_ONCE) {
    const slice = items.slice(from, from + ITEMS_AT_ONCE)
    const references = slice.map(({ bytes }) => (isReference(bytes) ? decodeReference(bytes) : undefined))
    const bodies = await targets.read(references)
    for (const [i, { version, bytes }] of slice.entries()) {
      const reference = references[i]
      yield { version, bytes: reference === undefined ? bytes : bodies[i], reference }
    }
  }
}

/** What the references of one page of a reader stand for. */
class Targets {
  readonly #options: ResolverOptions
  readonly #reader: Actor
  /** The records of branches, by gid, by which is decided what the reader is shown. */
  readonly #records = new Map<string, Promise<unknown>>()

  constructor(options: ResolverOptions, reader: Actor) {
    this.#options = options
    this.#reader = reader
  }

  /** The items at the places of these references; undefined where it is gone, or where there is no reference. */
  async read(references: readonly (Required<Reference> | undefined)[]): Promise<readonly (Uint8Array | undefined)[]> {
    const wanted = new Map<string, { readonly versions: Version[]; readonly places: number[] }>()
    for (const [place, reference] of references.entries()) {
      if (reference === undefined) continue
      const { gid, number, version } = reference
      const ofLog = wanted.get(gid) ?? { versions: [], places: [] }
      wanted.set(gid, ofLog)
      ofLog.versions.push(gid === '' ? version : number)
      ofLog.places.push(place)
    }
    const items: (Uint8Array | undefined)[] = []
    const readLog = async (gid: string, versions: readonly Version[], places: readonly number[]): Promise<void> => {
      const entries = await this.#options.store.entries(this.#logOf(gid), versions)
      for (const [i, entry] of entries.entries()) {
        const place = present(places[i], 'the place')
        const item = entry && (await this.#shown(gid, entry.bytes))
        items[place] = references[place]?.update === true ? item && asChanged(item) : item
      }
    }
    await Promise.all(Array.from(wanted, ([gid, { versions, places }]) => readLog(gid, versions, places)))
    return items
  }

  #logOf(gid: string): Actor {
    return gid === '' ? this.#reader : branchActor(gid, partitionOf(this.#reader))
  }

  /** An item as the reader is shown it. A reference stands for no other one: what it should stand for has gone. */
  async #shown(gid: string, item: Uint8Array): Promise<Uint8Array | undefined> {
    if (isReference(item)) return undefined
    const { filter } = this.#options
    if (gid === '' || filter === undefined || !filter.differs(item)) return item
    return filter.shown(item, this.#reader, await this.#record(gid, filter.record))
  }

  #record(gid: string, kind: RecordKind<unknown>): Promise<unknown> {
    let record = this.#records.get(gid)
    if (record === undefined) {
      const read = this.#options.store.get(this.#logOf(gid), [recordName(kind)])
      record = read.then(([found]) => (found === undefined || found.stamp === 0 ? undefined : kind.decode(found.bytes)))
      this.#records.set(gid, record)
    }
    return record
  }
}

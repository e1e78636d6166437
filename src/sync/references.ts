/**
 * References: what the timelines of a group's members hold of its items. The item itself is stored once for each partition, in the log
 * of the group's branch there, under its number (rules/branch.ts). A reference is the same bytes for all members:
 *
 *   field 15 of Item, which never travels: group = 1 · number = 2 · when it was accepted, milliseconds since 1970 = 3
 *
 * A page of a timeline leaves the engine with the items in place of their references. An item that retention has removed is missing in a
 * page, which then says `trimmed`. A push carries the item from the beginning (`Shared.shown`).
 */
import { readerOf, readString, readTag, readUint64, skipField } from '../../protocol/wire-reader.js'
import { begin, finish, writeString, writeUint64 } from '../../protocol/wire-writer.js'
import { present } from '../lib/assert.js'
import { partitionOf } from '../store/partition.js'
import type { Actor, Store, Version } from '../store/types.js'
import type { LogItem, TimelinePage } from './types.js'

export interface Reference {
  readonly gid: string
  readonly number: Version
  readonly atMs: number
}

/** The first byte of a reference: an item never begins with it. */
export const REFERENCE_TAG = 15 * 8 + 2
/** One bit for each known field. */
const KNOWN_FIELDS = 0b1110

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

export function isGroupActor(actor: Actor): boolean {
  return actor.startsWith('group/')
}

export function isBranchActor(actor: Actor): boolean {
  return actor.startsWith('branch/')
}

export function encodeReference({ gid, number, atMs }: Reference): Uint8Array {
  const w = begin()
  w.uint32(REFERENCE_TAG).fork()
  writeString(w, 10, gid)
  writeUint64(w, 16, number)
  writeUint64(w, 24, atMs)
  w.ldelim()
  return finish(w)
}

export function isReference(entry: Uint8Array): boolean {
  return entry[0] === REFERENCE_TAG
}

export function decodeReference(entry: Uint8Array): Reference {
  const r = readerOf(entry)
  r.pos = 1
  r.uint32()
  let gid = ''
  let [number, atMs] = [0, 0]
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === 10) gid = readString(r, 'reference', 0)
    else if (tag === 16) number = readUint64(r)
    else if (tag === 24) atMs = readUint64(r)
    else skipField(r, tag, KNOWN_FIELDS, 'a reference')
  }
  return { gid, number, atMs }
}

/**
 * Puts the items in place of their references. With the items a page may be too long: it then ends earlier, and says that there is more.
 * @param bytesMax the most bytes of items; the first is given whatever its size
 */
export async function resolved(
  store: Store,
  actor: Actor,
  page: TimelinePage,
  bytesMax: number,
): Promise<TimelinePage> {
  if (page.kind === 'resync' || !page.items.some(({ bytes }) => isReference(bytes))) return page
  const items: LogItem[] = []
  let left = bytesMax
  let { trimmed } = page
  for (let from = 0; from < page.items.length; from += ITEMS_AT_ONCE) {
    const slice = page.items.slice(from, from + ITEMS_AT_ONCE)
    const bodies = await bodiesOf(store, partitionOf(actor), slice)
    for (const [i, item] of slice.entries()) {
      const bytes = isReference(item.bytes) ? bodies[i] : item.bytes
      if (bytes === undefined) {
        trimmed = true
        continue
      }
      const isTooMuch = bytes.length > left && items.length > 0
      if (isTooMuch) return { ...page, items, to: item.version - 1, more: true, trimmed }
      items.push({ version: item.version, bytes })
      left -= bytes.length
    }
  }
  return { ...page, items, trimmed }
}

/** The items that these references stand for, at the same places. */
async function bodiesOf(
  store: Store,
  partition: number,
  items: readonly LogItem[],
): Promise<readonly (Uint8Array | undefined)[]> {
  const wanted = new Map<string, { readonly versions: Version[]; readonly places: number[] }>()
  for (const [place, { bytes }] of items.entries()) {
    if (!isReference(bytes)) continue
    const { gid, number } = decodeReference(bytes)
    const group = wanted.get(gid) ?? { versions: [], places: [] }
    wanted.set(gid, group)
    group.versions.push(number)
    group.places.push(place)
  }
  const bodies: (Uint8Array | undefined)[] = []
  await Promise.all(
    Array.from(wanted, async ([gid, { versions, places }]) => {
      const entries = await store.entries(branchActor(gid, partition), versions)
      for (const [i, entry] of entries.entries()) bodies[present(places[i], 'the place')] = entry?.bytes
    }),
  )
  return bodies
}

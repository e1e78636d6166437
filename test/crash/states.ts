/** The states in which a crash at one moment may leave a disk: few wholly, many by chance. */

import type { Random } from '../../src/lib/random.js'
import {
  ALL_THERE,
  type Choice,
  type Damage,
  type Disk,
  type Fate,
  type Image,
  type Pending,
  SECTOR_BYTES,
} from './disk.js'
import { SMALL } from './story.js'

export const STATE_KINDS = ['killed', 'lost', 'reordered', 'torn', 'garbage', 'zeros', 'names', 'damaged'] as const
export type StateKind = (typeof STATE_KINDS)[number]

export interface CrashState {
  readonly kind: StateKind
  readonly choice: Choice
}

type Write = Extract<Pending, { kind: 'write' }>

/** Up to so many calls every combination of there and gone is tried. */
const WHOLE_MAX = 4

/** Calls that began so many events ago and are still not synced take part in random states only. */
const OLD_EVENTS = 40

/** As many of the newest as are looked at one by one. */
const RECENT_MAX = 10

/** Damage beside a crash does not depend on what is pending: it is tried now and then. */
const DAMAGED_EVENTS = 10

export const JOURNAL = /journal/

/** Where damage must be noticed: it is refused, or nothing is missing. */
const DAMAGED = /journal|(^|\/)data\.mdb$/

/** Sectors whose garbage destroys what shares them with the write in flight. */
const GARBAGE_BYTES = [512, 4096] as const

/** @param chances how many states are drawn beside those that are always built */
export function* statesAt(disk: Disk, random: Random, chances: number): Generator<CrashState> {
  yield { kind: 'killed', choice: ALL_THERE }
  const pending = disk.pending()
  if (pending.length > 0) {
    yield { kind: 'lost', choice: { writes: 'gone', names: 'gone', fates: {} } }
    yield { kind: 'lost', choice: { writes: 'gone', names: 'there', fates: {} } }
    const recent = pending.filter(({ begun }) => disk.clock - begun < OLD_EVENTS).slice(-RECENT_MAX)
    yield* orders(recent)
    for (const op of recent) if (op.kind === 'write') yield* damages(op, random)
    for (let i = 0; i < chances; i++) yield drawn(pending, random)
  }
  if (disk.clock % DAMAGED_EVENTS === 0) {
    for (const damage of lossesOf(disk.image(ALL_THERE), random))
      yield { kind: 'damaged', choice: { ...ALL_THERE, damage } }
  }
}

/** Which calls are there and which are not. */
function* orders(recent: readonly Pending[]): Generator<CrashState> {
  const kind = recent.some(op => op.kind === 'name') ? 'names' : 'reordered'
  const without = (gone: readonly Pending[]): CrashState => {
    return {
      kind,
      choice: { writes: 'there', names: 'there', fates: Object.fromEntries(gone.map(({ id }) => [id, 'gone'])) },
    }
  }
  if (recent.length <= WHOLE_MAX) {
    for (let set = 1; set < 2 ** recent.length; set++) yield without(recent.filter((_, i) => (set & (1 << i)) !== 0))
    return
  }
  for (const [i, op] of recent.entries()) {
    yield without([op])
    yield without(recent.filter(other => other !== op))
    yield without(recent.slice(i))
    yield without(recent.slice(0, i))
  }
}

/** One write that did not arrive whole, with the others there or not. */
function* damages(write: Write, random: Random): Generator<CrashState> {
  const { id, grows } = write
  for (const writes of ['there', 'gone'] as const) {
    const rest = { writes, names: 'there' } as const
    if (grows) yield { kind: 'zeros', choice: { ...rest, fates: { [id]: 'zeros' } } }
    for (const sectors of tears(write)) yield { kind: 'torn', choice: { ...rest, fates: { [id]: sectors } } }
  }
  for (const sectorBytes of GARBAGE_BYTES) {
    const sectors = sectorsOf(write, sectorBytes)
    const [first = 0, last = first] = [sectors[0], sectors.at(-1)]
    for (const sector of new Set([first, last, first + random.integer(last - first + 1)])) {
      // The drive wrote its sectors in order, or this one first.
      const before = sectorsOf(write, SECTOR_BYTES).filter(each => each * SECTOR_BYTES < sector * sectorBytes)
      for (const fate of [before, 'there', 'gone'] as const) {
        const garbage = { id, sector, sectorBytes }
        yield { kind: 'garbage', choice: { writes: 'there', names: 'there', fates: { [id]: fate }, garbage } }
      }
    }
  }
}

/** Sets of sectors of a write that arrived, some but not all. */
function* tears(write: Write): Generator<number[]> {
  const sectors = sectorsOf(write, SECTOR_BYTES)
  const { length } = sectors
  if (length < 2) return
  if (length <= 3) {
    for (let set = 1; set < 2 ** length - 1; set++) yield sectors.filter((_, i) => (set & (1 << i)) !== 0)
    return
  }
  yield sectors.slice(0, 1)
  yield sectors.slice(1)
  yield sectors.slice(-1)
  yield sectors.slice(0, -1)
  yield sectors.slice(0, length >> 1)
  yield sectors.slice(length >> 1)
  yield sectors.filter(sector => sector % 2 === 0)
}

function drawn(pending: readonly Pending[], random: Random): CrashState {
  const fates: Record<number, Fate> = {}
  const chance = random.fraction()
  for (const op of pending) {
    if (random.fraction() < chance) fates[op.id] = 'gone'
    else if (op.kind === 'write' && random.integer(4) === 0) {
      fates[op.id] = sectorsOf(op, SECTOR_BYTES).filter(() => random.integer(2) === 0)
    }
  }
  const choice: Choice = { writes: 'there', names: 'there', fates }
  const writes = pending.filter(op => op.kind === 'write')
  const hit = writes[random.integer(Math.max(1, writes.length))]
  if (hit === undefined || random.integer(2) === 0) return { kind: 'reordered', choice }
  const sectorBytes = GARBAGE_BYTES[random.integer(GARBAGE_BYTES.length)] ?? SECTOR_BYTES
  const sectors = sectorsOf(hit, sectorBytes)
  const sector = sectors[random.integer(sectors.length)] ?? 0
  return { kind: 'garbage', choice: { ...choice, garbage: { id: hit.id, sector, sectorBytes } } }
}

/** The sectors of the file that a write covers, at least in part. */
function sectorsOf({ offset, length }: Write, sectorBytes: number): number[] {
  const first = Math.floor(offset / sectorBytes)
  const behind = Math.max(first + 1, Math.ceil((offset + length) / sectorBytes))
  return Array.from({ length: behind - first }, (_, i) => first + i)
}

/** Damage to files in which each bit counts. */
function* lossesOf(image: Image, random: Random): Generator<Damage> {
  for (const [path, bytes] of image) {
    if (bytes === null || bytes.length === 0 || !DAMAGED.test(path)) continue
    yield { kind: 'gone', path }
    yield { kind: 'short', path, size: 0 }
    // A file may have grown beyond the length that it was made with, and that growth is known to nobody else.
    yield { kind: 'short', path, size: random.integer(Math.min(bytes.length, SMALL.journalBytes)) }
    // Most of what counts stands in front: a file is mostly empty behind.
    for (const below of [32, 64, 1024, 4096 + 168, bytes.length, bytes.length]) {
      yield { kind: 'flip', path, bit: random.integer(8 * Math.min(below, bytes.length)) }
    }
  }
}

/**
 * The content of a store on its way into another one, in portions that mean the same in every store:
 *
 *   source ──► slices of portions ──► target        a slice is small, so stores of any size pass
 *
 * Records, logs and entries keep their stamps and versions, and outboxes are records. Routes stay behind: they are the nodes' own. Nobody
 * may write to the source meanwhile.
 */

import type { Clock } from '../lib/clock.js'
import { StoreDamagedError } from './errors.js'
import { type Actor, type Gap, isTrimmable, type StoredEntry, type Version } from './types.js'
import type { StoreView, ViewedLog, ViewedRecord } from './view.js'

export interface RecordPortion extends ViewedRecord {
  readonly kind: 'record'
}

/** A log without its entries. */
export interface LogPortion {
  readonly kind: 'log'
  readonly actor: Actor
  readonly head: Version
  readonly floor: Version
  readonly epoch: number
  readonly gaps: readonly Gap[]
}

/** The version of the newest entry of a conversation. */
export interface NewestPortion {
  readonly kind: 'newest'
  readonly actor: Actor
  readonly conversation: string
  readonly version: Version
}

export interface EntryPortion extends StoredEntry {
  readonly kind: 'entry'
  readonly actor: Actor
  /** The compaction key; undefined: it has none. */
  readonly key: string | undefined
}

/** A part of a store's content. Entries of a log come once, in order. Anything else may come again. */
export type Portion = RecordPortion | LogPortion | NewestPortion | EntryPortion

/** The data that a store is made with, and its epochs. */
export interface StoreOrigin {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  epochOf(partition: number): number
}

export interface TransferSource extends StoreOrigin {
  /** All its content. Rejects with StoreDamagedError, which names the actor. */
  slices(): AsyncIterable<readonly Portion[]>
  /** Rejects if somebody may write to it, or to what is read from it. */
  assertUnused(): Promise<void>
}

export interface TransferTarget {
  put(slice: readonly Portion[]): Promise<void>
  /** Rejects if somebody may write to it. */
  assertUnused(): Promise<void>
}

/** Opens a source, and closes it when `use` has settled. */
export type OpenSource = <T>(use: (source: TransferSource) => Promise<T>) => Promise<T>

/** Makes a store of a source's origin. It is whole when `fill` has settled; if that rejects, nobody can use it. */
export type MakeTarget = <T>(origin: StoreOrigin, fill: (target: TransferTarget) => Promise<T>) => Promise<T>

export interface Transferred {
  readonly logs: number
  readonly entries: number
}

/** How much has moved so far. What came again counts again. */
export interface TransferProgress extends Transferred {
  readonly records: number
  /** The bytes of records and entries. */
  readonly bytes: number
}

/** The size at which a slice ends. */
const SLICE_PORTIONS_MAX = 512
const SLICE_BYTES_MAX = 2 ** 18

/** The time between two looks whether somebody uses the source or the target. */
const LOOK_MS = 500

/** Moves everything. @param onProgress called with each slice */
export async function transfer(
  source: TransferSource,
  target: TransferTarget,
  clock: Clock,
  onProgress: (progress: TransferProgress) => void = () => {},
): Promise<Transferred> {
  const assertUnused = async (): Promise<void> => {
    await source.assertUnused()
    await target.assertUnused()
  }
  const moved = { records: 0, logs: 0, entries: 0, bytes: 0 }
  let lookedMs = clock.monotonic()
  for await (const slice of source.slices()) {
    await target.put(slice)
    for (const portion of slice) {
      if (portion.kind === 'log') moved.logs++
      else if (portion.kind === 'entry') moved.entries++
      else if (portion.kind === 'record') moved.records++
      moved.bytes += bytesIn(portion)
    }
    onProgress(moved)
    if (clock.monotonic() - lookedMs < LOOK_MS) continue
    await assertUnused()
    lookedMs = clock.monotonic()
  }
  await assertUnused()
  return { logs: moved.logs, entries: moved.entries }
}

/** Cuts portions into slices. */
export function* sliced(portions: Iterable<Portion>): Generator<readonly Portion[]> {
  let slice: Portion[] = []
  let bytes = 0
  for (const portion of portions) {
    slice.push(portion)
    bytes += bytesIn(portion)
    if (slice.length < SLICE_PORTIONS_MAX && bytes < SLICE_BYTES_MAX) continue
    yield slice
    slice = []
    bytes = 0
  }
  if (slice.length > 0) yield slice
}

/** All that a view shows. */
export function* portionsOf(view: StoreView): Generator<Portion> {
  for (const record of view.records()) yield { kind: 'record', ...record }
  for (const log of view.logs()) yield* logPortions(log)
}

function* logPortions(log: ViewedLog): Generator<Portion> {
  const { actor, head, floor, epoch, gaps } = log
  yield { kind: 'log', actor, head, floor, epoch, gaps }
  for (const [conversation, version] of log.newest) yield { kind: 'newest', actor, conversation, version }
  const keyOf = new Map(Array.from(log.keys, ([key, version]) => [version, key]))
  for (const { keyed, passingKey, ...entry } of log.entries()) {
    const key = keyOf.get(entry.version)
    if (keyed !== (key !== undefined)) {
      const has = keyed ? 'has a key, which names another' : 'has no key, and one names it'
      throw new StoreDamagedError(`the log of ${actor} is damaged: entry ${entry.version} ${has}`)
    }
    if (passingKey !== (isTrimmable(key) ? key : undefined)) {
      throw new StoreDamagedError(`the log of ${actor} is damaged: entry ${entry.version} does not know its key`)
    }
    if (keyed) keyOf.delete(entry.version)
    yield { kind: 'entry', actor, key, ...entry }
  }
  for (const [version, key] of keyOf) {
    throw new StoreDamagedError(
      `the log of ${actor} is damaged: the key ${key} names entry ${version}, which is not there`,
    )
  }
}

function bytesIn(portion: Portion): number {
  return portion.kind === 'record' || portion.kind === 'entry' ? portion.bytes.length : 0
}

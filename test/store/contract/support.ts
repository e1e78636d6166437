/** What the parts of the contract share: a store to be opened again, short ways to write units, and to show what came back. */

import type { Test } from 'tap'
import { present } from '../../../src/lib/assert.js'
import type {
  Actor,
  Append,
  Appended,
  CommitResult,
  Drop,
  Expectation,
  LogRange,
  PartitionEpoch,
  Put,
  Replace,
  RouteChange,
  Stamp,
  Store,
  StoredEntry,
  Trim,
  Unit,
  Version,
} from '../../../src/store/types.js'

/** New, empty data for one test, and a way to open it: again after the store was closed. */
export type StoreKind = (t: Test) => () => Promise<Store>

/** Three actors of one scope, whatever the scopes are: the partition of each is 7. */
export const A = 'user/7'
export const B = 'user/263'
export const ACCOUNTS = 'accounts/7'

export const ALL: Version = 2 ** 53 - 1

let stamps = 1000

/** A stamp that no test has used. */
export function newStamp(): Stamp {
  return ++stamps
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export function expecting(actor: Actor, name: string, stamp: Stamp): Expectation {
  return { actor, name, stamp }
}

export function put(actor: Actor, name: string, text: string | null, stamp: Stamp = newStamp()): Put {
  return { actor, name, bytes: text === null ? null : bytesOf(text), stamp }
}

export function append(actor: Actor, text: string, key?: string): Append {
  return { actor, key, bytes: bytesOf(text) }
}

export function unit(parts: {
  expect?: Expectation[]
  puts?: Put[]
  appends?: Append[]
  trims?: Trim[]
  drops?: Drop[]
  replaces?: Replace[]
  routes?: RouteChange[]
  epoch?: PartitionEpoch
}): Unit {
  return { expect: [], puts: [], appends: [], trims: [], ...parts }
}

export function commit(store: Store, ...units: Unit[]): Promise<readonly CommitResult[]> {
  return store.commit(store.scopeOf(A), units)
}

/** Commits appends to A's log, each `text` or `key=text`, and says where they went. */
export async function appendTexts(store: Store, actor: Actor, ...items: string[]): Promise<readonly Appended[]> {
  const appends = items.map(item => {
    const at = item.indexOf('=')
    return at < 0 ? append(actor, item) : append(actor, item.slice(at + 1), item.slice(0, at))
  })
  return committed(await commit(store, unit({ appends })))
}

export async function trim(store: Store, actor: Actor, upTo: Version): Promise<void> {
  committed(await commit(store, unit({ trims: [{ actor, upTo }] })))
}

export function committed(results: readonly CommitResult[]): readonly Appended[] {
  const result = present(results[0], 'the result')
  if (results.length !== 1 || result.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(results)}`)
  return result.appended
}

/** A record as `stamp:text`, or 'absent'. */
export async function record(store: Store, actor: Actor, name: string): Promise<string> {
  const { stamp, bytes } = present((await store.get(actor, [name]))[0], 'the record')
  if (stamp !== 0) return `${stamp}:${textOf(bytes)}`
  return bytes.length === 0 ? 'absent' : 'absent with bytes'
}

export async function entryAt(store: Store, actor: Actor, version: Version): Promise<StoredEntry | undefined> {
  return (await store.entries(actor, [version]))[0]
}

/** The entries as `version:text`. */
export function shown(range: Pick<LogRange, 'entries'>): string[] {
  return range.entries.map(({ version, bytes }) => `${version}:${textOf(bytes)}`)
}

export async function log(store: Store, actor: Actor): Promise<string[]> {
  return shown(await readAll(store, actor))
}

export function readAll(store: Store, actor: Actor): Promise<LogRange> {
  return store.read(actor, 0, ALL, 10_000, 10_000_000)
}

/**
 * The keys of the store on Redis: the one place that makes them. All keys of a partition have its number as their hash tag, so on a
 * Cluster they are in one slot.
 *
 *   {p}meta       hash    format, id, secret, epoch, history, ready; migrating, while a migration fills the store: of a scope (a
 *                         partition's on a Cluster, partition 0's elsewhere)
 *   {p}r/<actor>  hash    records by name: stamp and bytes; besides, the log's block, the newest version of each
 *                         conversation, and the routes, in fields that begin with `\0`
 *   {p}x/<actor>  zset    the names of the records, in order; only of actors with long lists
 *   {p}s/<actor>  stream  entries without a key that were never replaced; the version is the first part of the id
 *   {p}k/<actor>  hash    entries with a key, and those that were replaced
 *   {p}v/<actor>  zset    the fields of `k/`, by version
 *   {p}logs       zset    the actors that ever had an entry, in order
 *   {0}nodes      hash    the leases of the nodes, by name: the end by Redis's clock, the lifetime, the status (leases.ts)
 *   {p}b/<hash>   string  a bucket of a limit, in the partition that its name hashes to; it expires when it is empty (buckets.ts)
 *
 * The channel `{p}node/<name>` of sharded pub/sub carries messages to that node (bus.ts); no key has this name.
 *
 * layout.ts describes the values byte by byte. Only the scripts commit-script.ts and read-script.ts, and the single commands of store.ts, touch them.
 */

import { createHash } from 'node:crypto'
import { partitionOf } from '../partition.js'
import type { Actor, NodeId } from '../types.js'

/** Fields of a records' hash that are no records: no record has a name with `\0`. One hash costs a commit fewer calls than several. */
export const LOG_FIELD = '\0l'
export const NEWEST_FIELD = '\0c'
export const ROUTES_FIELD = '\0t'

/** The kinds of actors whose records may be very many and are listed: their names are kept in order. */
const INDEXED = new Set(['outbox', 'accounts', 'leaving', 'renaming'])

export function isIndexed(actor: Actor): boolean {
  return INDEXED.has(actor.slice(0, actor.indexOf('/')))
}

export type KeyKind = 'r' | 'x' | 's' | 'k' | 'v'

/** The key of one kind of an actor's data. */
export function keyOf(kind: KeyKind, actor: Actor): string {
  return `{${partitionOf(actor)}}${kind}/${actor}`
}

/** The parts of a key of an actor's data; undefined: it is another key. */
export function partsOfKey(key: string): { readonly kind: KeyKind; readonly actor: Actor } | undefined {
  const [, partition, kind, actor] = /^\{(\d{1,3})\}([rxskv])\/(.+)$/s.exec(key) ?? []
  if (kind === undefined || actor === undefined || partitionOf(actor) !== Number(partition)) return undefined
  return { kind: kind as KeyKind, actor }
}

/** The key of the list of a partition's logs. */
export function logsKey(partition: number): string {
  return `{${partition}}logs`
}

/** The key of a scope's meta data. A store with one scope has that of partition 0. */
export function metaKey(scope: number): string {
  return `{${scope}}meta`
}

/** The key of the leases of all nodes. */
export const LEASES_KEY = '{0}nodes'
/** The partition in whose slot it is. */
export const LEASES_PARTITION = 0

/** The partition whose primary carries the messages to a node. */
export function partitionOfNode(node: NodeId): number {
  return partitionOf(`node/${node}`)
}

/** The channel of the messages to a node. */
export function channelOf(node: NodeId): string {
  return `{${partitionOfNode(node)}}node/${node}`
}

/** The partition in whose slot the bucket of a limit is. */
export function partitionOfBucket(bucket: string): number {
  return partitionOf(`bucket/${bucket}`)
}

/** The key of a bucket: always as short, for peers make up parts of the name. */
export function bucketKey(bucket: string): string {
  const hash = createHash('sha256').update(bucket).digest('base64url').slice(0, BUCKET_HASH_LENGTH)
  return `{${partitionOfBucket(bucket)}}b/${hash}`
}

/** The characters of a bucket's hash: 132 bits. */
const BUCKET_HASH_LENGTH = 22

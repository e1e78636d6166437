/** Places where a store may live, and moves between them. */

import type { Test } from 'tap'
import { present } from '../../../src/lib/assert.js'
import { systemClock as clock } from '../../../src/lib/clock.js'
import { openLmdbStore } from '../../../src/store/lmdb/open.js'
import { sourceIn, targetIn } from '../../../src/store/lmdb/transfer.js'
import { viewStore } from '../../../src/store/lmdb/view.js'
import { parseRedisUrl } from '../../../src/store/redis/address.js'
import { sourceOn } from '../../../src/store/redis/transfer-source.js'
import { targetOn } from '../../../src/store/redis/transfer-target.js'
import { type MakeTarget, type OpenSource, type Transferred, transfer } from '../../../src/store/transfer.js'
import type { Append, Store, Unit } from '../../../src/store/types.js'
import { RedisCluster, RedisServer } from '../../support/redis-server.js'
import { bytesOf, entryAt } from '../contract/support.js'
import { openOn } from '../redis/support.js'
import { newFolder } from './folder.js'

/** Where a store may live. */
export interface Place {
  open(): Promise<Store>
  readonly source: OpenSource
  readonly target: MakeTarget
}

export interface Redis {
  readonly url: string
  readonly servers: readonly RedisServer[]
  empty(): Promise<unknown>
}

export async function aSingle(): Promise<Redis> {
  const server = await RedisServer.start({ appendfsync: 'no' })
  const client = server.client()
  return { url: server.url, servers: [server], empty: () => client.flushall() }
}

export async function aCluster(): Promise<Redis> {
  const cluster = await RedisCluster.start()
  const clients = cluster.primaries.map(server => server.client())
  return {
    url: cluster.url,
    servers: cluster.primaries,
    empty: () => Promise.all(clients.map(client => client.flushall())),
  }
}

export function inLmdb(folder: string): Place {
  return {
    open: () => openLmdbStore({ path: folder, journalBytes: 512, cachedMax: 4 }),
    source: sourceIn(folder, clock),
    target: targetIn(folder),
  }
}

export function onRedis({ url }: Pick<Redis, 'url'>): Place {
  const address = parseRedisUrl(url)
  return {
    open: () => openOn(url, { replicas: 0 }),
    source: sourceOn(address, clock),
    target: targetOn({ address, clock, replicas: 0 }),
  }
}

/** @param between called before each slice, with its number from 0; it may throw */
export function move(
  { source }: Pick<Place, 'source'>,
  { target }: Pick<Place, 'target'>,
  between: (slice: number) => unknown = () => {},
): Promise<Transferred> {
  return source(from =>
    target(from, to => {
      const slices = async function* () {
        let count = 0
        for await (const slice of from.slices()) {
          await between(count++)
          yield slice
        }
      }
      return transfer(
        { ...from, epochOf: p => from.epochOf(p), slices, assertUnused: () => from.assertUnused() },
        to,
        clock,
      )
    }),
  )
}

/** A small store in a folder. */
export async function small(t: Test) {
  const folder = newFolder(t)
  const place = inLmdb(folder)
  const store = await place.open()
  await store.commit(0, [
    { expect: [], puts: [], appends: [{ actor: 'user/300', bytes: Buffer.from('hello') }], trims: [] },
  ])
  await store.close()
  return { ...place, folder }
}

export function interruptedAt(last: number): (slice: number) => void {
  return slice => {
    if (slice >= last) throw new Error('interrupted')
  }
}

/** Some megabytes with everything that a store may hold, over many partitions and epochs. */
export async function filled(t: Test): Promise<Place & { readonly folder: string }> {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder })
  let stamp = 1
  const users = Array.from({ length: 300 }, (_, i) => `user/${256 + 7 * i}`)
  const commit = (units: readonly Partial<Unit>[]) =>
    store.commit(
      0,
      units.map(unit => ({ expect: [], puts: [], appends: [], trims: [], ...unit })),
    )
  for (let round = 0; round < 6; round++) {
    await commit(
      users.map((actor, i) => ({
        puts: [
          { actor, name: `record/${round}`, stamp: ++stamp, bytes: bytesOf(`of ${actor} `.repeat(10)) },
          { actor: `outbox/${i % 256}`, name: `${actor}/${round}`, stamp: ++stamp, bytes: bytesOf('√𝔸') },
          { actor: 'accounts/9', name: `name/${i}`, stamp: ++stamp, bytes: bytesOf('x') },
        ],
        appends: Array.from({ length: i === 5 ? 900 : 8 }, (_, n): Append => {
          const bytes = bytesOf(`${round} ${n} of ${actor} `.repeat(5))
          if (n % 4 === 0) return { actor, key: `${n % 8 === 0 ? 'key' : 'about/'}${n % 3}√`, bytes }
          if (n === 5) return { actor, at: 2 ** 24 * (round + 1), bytes }
          return n % 4 === 1 ? { actor, bytes } : { actor, conversation: `with ${n % 5}𝔸`, bytes }
        }),
      })),
    )
    const replaced = users.flatMap(async (actor, i) => {
      const { entries } = await store.read(actor, 0, Number.MAX_SAFE_INTEGER, 5, 1e6)
      const version = entries[i % 5]?.version ?? 0
      const before = await entryAt(store, actor, version)
      const replaces = [{ actor, version, expected: before?.stamp ?? 0, stamp: ++stamp, bytes: bytesOf('edited') }]
      return i % 3 === 0 ? [{ replaces }] : []
    })
    await commit((await Promise.all(replaced)).flat())
    if (round % 2 === 0) await store.newEpoch(0)
  }
  const heads = await Promise.all(users.map(async actor => (await store.read(actor, 0, 0, 1, 0)).head))
  await commit(
    users.map((actor, i) => {
      const trims = i % 4 === 0 ? [{ actor, upTo: present(heads[i], 'the head') - (i % 8) }] : []
      const drops = i % 8 === 0 ? ['key0√', 'key1√', 'key2√'].map(key => ({ actor, key })) : []
      return { trims, drops }
    }),
  )
  await store.close()
  return { ...inLmdb(folder), folder }
}

/** All that a folder holds, one line each. */
export function contentOf(folder: string): Promise<string[]> {
  return viewStore(folder, clock, view => {
    const lines: string[] = [`epoch ${view.epochOf(0)}`]
    for (const { actor, name, stamp, bytes } of view.records()) lines.push(`${actor}/${name} ${stamp} ${hex(bytes)}`)
    for (const { entries, keys, newest, ...log } of view.logs()) {
      lines.push(JSON.stringify({ ...log, keys: [...keys].sort(), newest: [...newest].sort() }))
      for (const { bytes, ...entry } of entries()) lines.push(`${log.actor} ${JSON.stringify(entry)} ${hex(bytes)}`)
    }
    return lines
  })
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The meta data of a store on Redis: made once, and found by every start. */

import type { Random } from '../../lib/random.js'
import { StoreDamagedError } from '../errors.js'
import { ALL_PARTITIONS } from '../partition.js'
import type { ScopeId } from '../types.js'
import { onEach, RedisOpenError } from './connect.js'
import { INIT_SCRIPT } from './init-script.js'
import { logsKey, metaKey } from './keys.js'
import { type Command, LostError } from './link.js'
import type { Topology } from './topology.js'

/** The format of the data; a server refuses another one. */
export const FORMAT = '1'

export const UNFINISHED = 'a migration into this Redis was not finished: run it again'
/** Places in the reply of the script, and in that of HMGET below. */
const MIGRATING_AT = 6
const EPOCH_AT = 4
const HISTORY_AT = 7

const TRIES_MAX = 3

export interface Meta {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly epochs: readonly number[]
}

/** The meta data that a start works with. */
export interface MadeOrFound extends Meta {
  /** Whether there was no store. */
  readonly isNew: boolean
}

/** Makes the meta data of all scopes, or finds them. A replica that links for the first time, or a failover, begins it anew. */
export async function makeOrFind(topology: Topology, cluster: boolean, random: Random): Promise<MadeOrFound> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryToMakeOrFind(topology, cluster, random)
    } catch (error) {
      if (!(error instanceof LostError) || tries === TRIES_MAX) throw error
    }
  }
}

async function tryToMakeOrFind(topology: Topology, cluster: boolean, random: Random): Promise<MadeOrFound> {
  const scopes = cluster ? ALL_PARTITIONS : [0]
  const before = await onEach(topology, scopes, scope => ['HMGET', metaKey(scope), 'ready', 'id', 'migrating'])
  if (before.some(([, , migrating]) => migrating !== null)) throw new RedisOpenError(UNFINISHED)
  const [ready, absent] = [before.filter(([is]) => is !== null), before.filter(([, id]) => id === null)]
  if (ready.length > 0 && absent.length > 0) {
    throw new RedisOpenError(`this Redis has lost its data: ${absent.length} of ${scopes.length} parts are not there`)
  }
  if (absent.length > 0) await assertEmpty(topology, cluster)
  const kind = kindOf(cluster)
  const made = [FORMAT, kind, Buffer.from(random.bytes(16)), Buffer.from(random.bytes(16))] as const
  const init = (scope: ScopeId, with_: readonly (string | Buffer)[]): Command => [
    'EVAL',
    INIT_SCRIPT,
    1,
    metaKey(scope),
    ...with_,
  ]
  const [first] = await onEach(topology, [0], scope => init(scope, made))
  const [format, found, id, secret] = first ?? []
  assertReadable(String(format), String(found), cluster)
  if (!Buffer.isBuffer(id) || !Buffer.isBuffer(secret)) throw new RedisOpenError('this Redis has lost its data')
  const metas = await onEach(topology, scopes, scope => init(scope, [FORMAT, kind, id, secret]))
  if (metas.some(meta => !id.equals(meta[2] ?? Buffer.alloc(0)))) {
    throw new RedisOpenError('this Redis holds parts of different stores: nothing of it is used')
  }
  if (metas.some(meta => meta[MIGRATING_AT]?.length !== 0)) throw new RedisOpenError(UNFINISHED)
  await onEach(topology, scopes, scope => ['HSET', metaKey(scope), 'ready', '1'])
  const epochs = metas.map(meta => Number(meta[4]))
  const isNew = ready.length === 0
  return { id: Uint8Array.from(id), secret: Uint8Array.from(secret), epochs, isNew }
}

/** @throws RedisOpenError if this server cannot use a store of this format, made for one scope or many */
function assertReadable(format: string, scopes: string, cluster: boolean): void {
  if (format !== FORMAT)
    throw new RedisOpenError(`this Redis holds a store of format ${format}; this server reads ${FORMAT}`)
  if (scopes === kindOf(cluster)) return
  throw new RedisOpenError(
    cluster
      ? 'this store was made on a single Redis, and cannot be used on a Cluster'
      : 'this store was made on a Cluster, and cannot be used on a single Redis',
  )
}

/** The word for a store's scopes. */
export function kindOf(cluster: boolean): string {
  return cluster ? 'partitions' : 'one'
}

/** Finds the meta data of all scopes, and makes nothing. @throws RedisOpenError, StoreDamagedError if they do not agree */
export async function findMeta(topology: Topology, cluster: boolean): Promise<Meta> {
  const scopes = cluster ? ALL_PARTITIONS : [0]
  const fields = ['format', 'scopes', 'id', 'secret', 'epoch', 'ready', 'migrating', 'history'] as const
  const metas = await onEach(topology, scopes, scope => ['HMGET', metaKey(scope), ...fields])
  const there = metas.filter(([, , id]) => id !== null)
  const [format, found, id, secret] = there[0] ?? []
  if (!Buffer.isBuffer(id) || !Buffer.isBuffer(secret)) throw new RedisOpenError('this Redis holds no Longwire data')
  if (metas.some(meta => meta[MIGRATING_AT] !== null)) throw new RedisOpenError(UNFINISHED)
  assertReadable(String(format), String(found), cluster)
  const lost = metas.filter(([, , its, , , ready]) => its === null || ready === null).length
  if (lost > 0)
    throw new StoreDamagedError(`this Redis has lost its data: ${lost} of ${scopes.length} parts are not there`)
  const epochs = metas.map(meta => Number(meta[EPOCH_AT]))
  metas.forEach((meta, i) => {
    const agrees = [format, found, id, secret].every((value, at) => value?.equals(meta[at] ?? Buffer.alloc(0)))
    if (!agrees) throw new StoreDamagedError(`the meta data of partition ${i} in Redis are not those of partition 0`)
    if (!(Number(epochs[i]) >= 1) || meta[HISTORY_AT] === null)
      throw new StoreDamagedError(`the meta data of partition ${i} in Redis have no epoch or no history`)
  })
  return { id: Uint8Array.from(id), secret: Uint8Array.from(secret), epochs }
}

/** A Redis without meta data that has logs has lost them: no store is made over it. */
async function assertEmpty(topology: Topology, cluster: boolean): Promise<void> {
  const asked = await onEach(topology, ALL_PARTITIONS, partition => ['EXISTS', logsKey(partition)], !cluster)
  if (asked.some(([count]) => Number(count) > 0)) {
    throw new RedisOpenError('this Redis has lost its data: there are logs, and nothing that says whose they are')
  }
}

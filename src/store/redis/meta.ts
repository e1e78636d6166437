/** The meta data of a store on Redis: made once, and found by every start. */

import type { Random } from '../../lib/random.js'
import { ALL_PARTITIONS } from '../partition.js'
import type { ScopeId } from '../types.js'
import { onEach, RedisOpenError } from './connect.js'
import { INIT_SCRIPT } from './init-script.js'
import { logsKey, metaKey } from './keys.js'
import type { Command } from './link.js'
import type { Topology } from './topology.js'

/** The format of the data; a server refuses another one. */
export const FORMAT = '1'

const UNFINISHED = 'a migration into this Redis was not finished: run it again'
/** The place of the mark in the reply of the script. */
const MIGRATING_AT = 6

export interface Meta {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly epochs: readonly number[]
}

/** Makes the meta data of all scopes, or finds them. */
export async function makeOrFind(topology: Topology, cluster: boolean, random: Random): Promise<Meta> {
  const scopes = cluster ? ALL_PARTITIONS : [0]
  const before = await onEach(topology, scopes, scope => ['HMGET', metaKey(scope), 'ready', 'id', 'migrating'])
  if (before.some(([, , migrating]) => migrating !== null)) throw new RedisOpenError(UNFINISHED)
  const [ready, absent] = [before.filter(([is]) => is !== null), before.filter(([, id]) => id === null)]
  if (ready.length > 0 && absent.length > 0) {
    throw new RedisOpenError(`this Redis has lost its data: ${absent.length} of ${scopes.length} parts are not there`)
  }
  if (absent.length > 0) await assertEmpty(topology, cluster)
  const kind = cluster ? 'partitions' : 'one'
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
  if (String(format) !== FORMAT || id === null || id === undefined || secret === null || secret === undefined)
    throw new RedisOpenError(`this Redis holds a store of format ${format}; this server reads ${FORMAT}`)
  if (String(found) !== kind) {
    throw new RedisOpenError(
      cluster
        ? 'this store was made on a single Redis, and cannot be used on a Cluster'
        : 'this store was made on a Cluster, and cannot be used on a single Redis',
    )
  }
  const metas = await onEach(topology, scopes, scope => init(scope, [FORMAT, kind, id, secret]))
  if (metas.some(meta => !id.equals(meta[2] ?? Buffer.alloc(0)))) {
    throw new RedisOpenError('this Redis holds parts of different stores: nothing of it is used')
  }
  if (metas.some(meta => meta[MIGRATING_AT]?.length !== 0)) throw new RedisOpenError(UNFINISHED)
  await onEach(topology, scopes, scope => ['HSET', metaKey(scope), 'ready', '1'])
  const epochs = metas.map(meta => Number(meta[4]))
  return { id: Uint8Array.from(id), secret: Uint8Array.from(secret), epochs }
}

/** A Redis without meta data that has logs has lost them: no store is made over it. */
async function assertEmpty(topology: Topology, cluster: boolean): Promise<void> {
  const asked = await onEach(topology, ALL_PARTITIONS, partition => ['EXISTS', logsKey(partition)], !cluster)
  if (asked.some(([count]) => Number(count) > 0)) {
    throw new RedisOpenError('this Redis has lost its data: there are logs, and nothing that says whose they are')
  }
}

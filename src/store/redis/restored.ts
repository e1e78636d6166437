/**
 * Begins a new epoch in data that were put back from a backup of Redis. Redis's other history begins one by itself, but only the next one:
 * if servers or failovers have used that already since the backup, its numbers would be given out twice. So people name one above.
 */

import { ALL_PARTITIONS } from '../partition.js'
import { assertReplicas, connectRedis, onEach, RedisOpenError } from './connect.js'
import { metaKey } from './keys.js'
import { RedisLeases } from './leases.js'
import { findMeta } from './meta.js'
import { awaitNoNodes, type UnusedRedisOptions } from './unused.js'

/**
 *   KEYS    the meta key
 *   ARGV    id, the least epoch
 *   reply   the new epoch, or 0: the data are not there any more
 */
const EPOCH_SCRIPT = `#!lua
local found = redis.call('HMGET', KEYS[1], 'id', 'epoch')
if found[1] ~= ARGV[1] then return '0' end
local epoch = string.format('%.0f', math.max(tonumber(found[2]) + 1, tonumber(ARGV[2])))
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
redis.call('HSET', KEYS[1], 'epoch', epoch, 'history', history)
return epoch
`

/** @param epochMin the least epoch; 0 if nothing more is known than what the data say. @returns the highest epoch */
export async function beginEpoch({ address, clock, replicas }: UnusedRedisOptions, epochMin: number): Promise<number> {
  const { topology, isCluster, ...connected } = await connectRedis({ address, clock, replicas, onTrouble: () => {} })
  try {
    for (const { host, control } of topology.primaries) await assertReplicas(host, control, connected.replicas)
    await awaitNoNodes(new RedisLeases(topology, clock), address, clock)
    const { id } = await findMeta(topology, isCluster)
    const scopes = isCluster ? ALL_PARTITIONS : [0]
    const begun = await onEach(topology, scopes, scope => {
      return ['EVAL', EPOCH_SCRIPT, 1, metaKey(scope), Buffer.from(id), epochMin]
    })
    const epochs = begun.map(([epoch]) => Number(epoch))
    if (epochs.includes(0)) throw new RedisOpenError('this Redis was emptied meanwhile')
    return Math.max(...epochs)
  } finally {
    await topology.close()
  }
}

/**
 * The scripts that begin and end a migration into a Redis. The meta data of all scopes are made first, with the field `migrating` and
 * without `ready`: no server uses such a store (meta.ts), and the same migration may begin again.
 *
 *   nothing ──► all scopes: migrating ──► data ──► all scopes: ready ──► no scope: migrating
 *                  ▲                       │ interrupted     │
 *                  └───── all data are ────┴─────────────────┘
 *                         removed first
 *
 * The end is refused if the server has another history than all servers of the migration had: it may have lost what was written. A scope
 * may have come from one of them to another.
 */

/**
 *   KEYS    the meta key
 *   ARGV    format, scopes ('one' or 'partitions'), id, secret, epoch
 *   reply   1, or 0: another store is there, or this one and whole; nothing was done
 */
export const BEGIN_SCRIPT = `#!lua
local found = redis.call('HMGET', KEYS[1], 'id', 'migrating')
if found[1] and not (found[1] == ARGV[3] and found[2]) then return 0 end
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
redis.call('HSET', KEYS[1], 'format', ARGV[1], 'scopes', ARGV[2], 'id', ARGV[3], 'secret', ARGV[4], 'epoch', ARGV[5],
  'history', history, 'migrating', '1')
redis.call('HDEL', KEYS[1], 'ready')
return 1
`

/**
 *   KEYS    the meta key
 *   ARGV    id, the histories of all servers that were written to
 *   reply   1, or 0: the migration is not this one any more, or the server has another history; nothing was done
 */
export const END_SCRIPT = `#!lua
local found = redis.call('HMGET', KEYS[1], 'id', 'migrating', 'history')
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
if found[1] ~= ARGV[1] or not found[2] then return 0 end
local began, isKnown = false, false
for i = 2, #ARGV do
  began = began or ARGV[i] == found[3]
  isKnown = isKnown or ARGV[i] == history
end
if not (began and isKnown) then return 0 end
redis.call('HSET', KEYS[1], 'ready', '1')
return 1
`

/**
 * The script that makes the meta data of a scope, or finds it.
 *
 *   KEYS    the meta key
 *   ARGV    format, scopes ('one' or 'partitions'), id, secret
 *   reply   { format, scopes, id, secret, epoch, ready or '', migrating or '' }: what is there now
 *
 * A new store is made in two passes over all scopes: first their meta data, then the field `ready`. So a scope without meta data beside one
 * that is ready has lost its data, and an interrupted first pass is begun again. The field `migrating` is there while a migration fills the
 * store (migration-scripts.ts).
 */

export const INIT_SCRIPT = `#!lua
if redis.call('EXISTS', KEYS[1]) == 0 then
  local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'scopes', ARGV[2], 'id', ARGV[3], 'secret', ARGV[4], 'epoch', '1', 'history', history)
end
local found = redis.call('HMGET', KEYS[1], 'format', 'scopes', 'id', 'secret', 'epoch', 'ready', 'migrating')
for i = 1, 7 do found[i] = found[i] or '' end
return found
`

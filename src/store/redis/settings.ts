/** The settings of a redis-server that holds a store. Each is one of redis.conf, with its reason. */

export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  // What is acknowledged is on the disk. One sync serves all commands of a turn of Redis's loop.
  appendonly: 'yes',
  appendfsync: 'always',
  // The append-only file holds everything; a second copy now and then only costs memory and disk.
  save: '',
  // Nothing may be removed because memory is full.
  'maxmemory-policy': 'noeviction',
  // A timeline is a stream. Its memory comes in nodes. In one of 4 KB (Redis's default) most users would leave much unused.
  'stream-node-max-bytes': '1024',
  // A write counts when a replica has it: a replica that waits five seconds before it begins is five seconds without writes.
  'repl-diskless-sync-delay': '0',
}

/** The settings of a server of a Cluster. A primary is given up after a second. */
export const CLUSTER_SETTINGS: Readonly<Record<string, string>> = {
  ...SERVER_SETTINGS,
  'cluster-enabled': 'yes',
  'cluster-node-timeout': '1000',
  // A dead primary without a replica stops what it holds, and not the others.
  'cluster-require-full-coverage': 'no',
}

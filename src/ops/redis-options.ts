/** The options of all commands that work on Redis. */

import { integer, type Option, optionalText } from './command-options.js'

const URL_FORM = 'a URL that begins with redis://, rediss://, redis+sentinel:// or rediss+sentinel://'

export const REDIS_OPTIONS = {
  redis: redisUrl(
    'Redis in place of a data folder: redis://HOST:PORT[/DATABASE], rediss:// with TLS, redis+sentinel://HOST:PORT,HOST:PORT/NAME; a Cluster is found by any of its servers',
  ),
  redisPasswordFile: optionalText(
    'FILE',
    'a path that does not begin with -',
    /^[^-]/,
    'a file with the password of Redis; others could see one on the command line',
  ),
} as const

export const REPLICAS_OPTION = integer(
  -1,
  -1,
  16,
  'COUNT',
  'the replicas that must have a write before it is acknowledged; -1: 1 with sentinels or on a Cluster, 0 on a single Redis',
)

/** Says what is wrong with the replicas of a Redis that is started here; undefined: nothing is. Each primary of a Cluster has one. */
export function replicasFault(replicas: number, isCluster: boolean): string | undefined {
  const most = isCluster ? 1 : 0
  if (replicas <= most) return undefined
  return `--redis-replicas must be at most ${most} ${isCluster ? 'on a Redis Cluster' : 'on a single Redis'} that is started here`
}

/** An empty one is refused, too: a variable that was to hold it is not set, and nobody wants a data folder then. */
function redisUrl(why: string): Option<string> {
  return {
    ...optionalText('URL', URL_FORM, /^rediss?(\+sentinel)?:\/\//, why),
    neverEmpty: true,
    // What stands before an @ may be a password: it is not shown.
    fault: given => (given.includes('@') ? `it must be ${URL_FORM}` : undefined),
  }
}

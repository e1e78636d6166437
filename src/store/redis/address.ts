/** The address of Redis: the URL of `--redis`, and the settings of a connection that follow from it. */

import { isIP } from 'node:net'
import type { RedisOptions } from 'ioredis'

export interface RedisHost {
  readonly host: string
  readonly port: number
}

export interface RedisAddress {
  /** The servers, or the sentinels; at least one. */
  readonly hosts: readonly RedisHost[]
  /** The name of the primary that the sentinels watch; undefined: the hosts are Redis itself. */
  readonly sentinel: string | undefined
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  /** The number of the database; 0 on a Cluster. */
  readonly database: number
}

/** A URL that is not one of Redis. The message is one line, and never shows the password. */
export class RedisUrlError extends Error {
  override readonly name = 'RedisUrlError'
}

const FORM = 'redis://HOST:PORT[/DATABASE], rediss://…, or redis+sentinel://HOST:PORT,HOST:PORT/NAME'
const PORT = 6379
const SENTINEL_PORT = 26_379
const DATABASE_MAX = 15
const CONNECT_MS_MAX = 5_000
/** The time in which a server closes its end of a connection that was ended: one that stands still never does. */
const DISCONNECT_MS_MAX = 200

/**
 * Reads a URL. Several hosts stand in one, with commas between them.
 * @param password replaces the one in the URL
 * @throws RedisUrlError
 */
export function parseRedisUrl(url: string, password?: string): RedisAddress {
  const found = /^(redis|rediss|redis\+sentinel|rediss\+sentinel):\/\/(?:([^@/]*)@)?([^/?#@]+)(?:\/([^/?#]*))?$/.exec(
    url,
  )
  if (found === null) throw new RedisUrlError(`--redis must be ${FORM}`)
  const [, scheme = '', user, hosts = '', path = ''] = found
  const isSentinel = scheme.endsWith('+sentinel')
  const [username = '', ...secret] = (user ?? '').split(':')
  if (isSentinel && path === '')
    throw new RedisUrlError('--redis: with sentinels the URL ends with the name of the primary')
  return {
    hosts: hosts.split(',').map(host => hostOf(host, isSentinel ? SENTINEL_PORT : PORT)),
    sentinel: isSentinel ? decoded(path, 'name') : undefined,
    tls: scheme.startsWith('rediss'),
    username: username === '' ? undefined : decoded(username, 'user name'),
    password: password ?? (secret.length === 0 ? undefined : decoded(secret.join(':'), 'password')),
    database: isSentinel ? 0 : databaseOf(path),
  }
}

/** The address for people: without user and password. */
export function addressText({ hosts, sentinel, database }: RedisAddress): string {
  const list = hosts.map(hostText).join(',') + (database === 0 ? '' : `/${database}`)
  return sentinel === undefined ? list : `${sentinel} by ${list}`
}

export function hostText({ host, port }: RedisHost): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The settings of a connection to one host, or to the primary that the sentinels name. */
export function connectionOptions(address: RedisAddress, host: RedisHost | undefined = address.hosts[0]): RedisOptions {
  const { hosts, sentinel, tls, username, password, database } = address
  const shared: RedisOptions = {
    db: database,
    connectTimeout: CONNECT_MS_MAX,
    disconnectTimeout: DISCONNECT_MS_MAX,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  }
  if (sentinel !== undefined)
    return {
      ...shared,
      sentinels: [...hosts],
      name: sentinel,
      ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    }
  return { ...shared, host: host?.host ?? '', port: host?.port ?? PORT }
}

function hostOf(text: string, portDefault: number): RedisHost {
  const found = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text)
  const host = found?.[1] ?? found?.[2] ?? ''
  const port = found?.[3] === undefined ? portDefault : Number(found[3])
  if (host === '' || (found?.[1] !== undefined && isIP(host) !== 6))
    throw new RedisUrlError(`--redis: ${text} is not a host`)
  if (port < 1 || port > 65_535) throw new RedisUrlError(`--redis: ${text}: a port is in 1 to 65535`)
  return { host, port }
}

function databaseOf(path: string): number {
  if (path === '') return 0
  const database = /^\d{1,2}$/.test(path) ? Number(path) : Number.NaN
  if (!(database <= DATABASE_MAX)) throw new RedisUrlError(`--redis: ${path} is not a database: 0 to ${DATABASE_MAX}`)
  return database
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RedisUrlError(`--redis: the ${what} is not percent-encoded`)
  }
}

/** The address of a server, as people write it: `host`, `host:port`, `::1`, `[::1]:port`. */

import { isIPv6 } from 'node:net'
import { ENDPOINT_HOST_BYTES_MAX } from '../../protocol/limits.js'
import type { Option } from './command-options.js'

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** The ports that serve listens on, unless it is told otherwise. */
export const LONG_PORT_DEFAULT = 8081
export const HTTP_PORT_DEFAULT = 8080
/** The port on which a logic node takes links from access nodes. */
export const LINK_PORT_DEFAULT = 8082

const PORT_MAX = 65_535

/** The address that a text names; undefined if it names none. */
export function parseAddress(given: string, portDefault: number): ServerAddress | undefined {
  if (isIPv6(given)) return { host: given, port: portDefault }
  const [, bracketed, bare, port] = /^(?:\[([^[\]]+)\]|([^:[\]\s/@]+))(?::(\d{1,5}))?$/.exec(given) ?? []
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined
  const host = bracketed ?? bare
  const number = port === undefined ? portDefault : Number(port)
  return host === undefined || host.length > ENDPOINT_HOST_BYTES_MAX || number < 1 || number > PORT_MAX
    ? undefined
    : { host, port: number }
}

/** Whether a host stands for every interface of a machine: nobody else can connect to such an address. */
export function isEveryInterface(host: string): boolean {
  return /^(0(\.0){0,3}|\[?[0:]*:[0:]*\]?)$/.test(host)
}

/** The text of an address, in the form that parseAddress() reads. */
export function shownAddress({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** An option that names a server, kept as text; '' if none is named. */
export function address(standard: string, portDefault: number, why: string): Option<string> {
  return {
    default: standard,
    value: 'HOST[:PORT]',
    range: 'a host, with or without a port (an IPv6 address with a port in brackets)',
    why,
    parse: given => (parseAddress(given, portDefault) === undefined ? undefined : given),
  }
}

function isReachable(given: string): boolean {
  return !isEveryInterface(parseAddress(given, LONG_PORT_DEFAULT)?.host ?? '')
}

/** An option that names a server of our own; '' if none is named. */
export function optionalAddress(why: string): Option<string> {
  const named = address('', LONG_PORT_DEFAULT, why)
  return {
    ...named,
    parse: given => (given === '' ? given : isReachable(given) ? named.parse(given) : undefined),
    fault: given => (isReachable(given) ? undefined : `nobody can connect to ${given}: it stands for every interface`),
  }
}

/**
 * The port for WebSocket and HTTP, as it was given. Each port of a server takes everything. So if only the address names a port of its own,
 * that port is used: the default one may belong to another server.
 */
export function httpPortOf(server: ServerAddress, given: number): number {
  return given === HTTP_PORT_DEFAULT && server.port !== LONG_PORT_DEFAULT ? server.port : given
}

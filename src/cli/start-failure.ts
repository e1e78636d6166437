/** The reason why a server does not start, for people. */

import { messageOf } from '../lib/error-message.js'
import { shownAddress } from '../ops/address.js'
import type { Config } from '../ops/config.js'

type Listeners = Pick<Config, 'host' | 'port' | 'httpPort' | 'linkPort' | 'metricsHost' | 'metricsPort'>

/** One line for people: what failed, and which option it is about. */
export function startFailure(config: Listeners, error: unknown): string {
  const { code, port, syscall } = errorFields(error)
  const { host, metricsHost } = config
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL' || code === 'EAI_AGAIN') {
    const option = metricsHost !== host && messageOf(error).includes(metricsHost) ? 'metrics-host' : 'host'
    return `--${option}: ${option === 'host' ? host : metricsHost} is not an address of this machine`
  }
  if (syscall !== 'listen' && syscall !== 'bind') return messageOf(error)
  const where = `${optionOf(config, port)}: ${shownAddress({ host: port === config.metricsPort ? metricsHost : host, port: port ?? config.port })}`
  if (code === 'EADDRINUSE') return `${where} is taken by another process`
  if (code === 'EACCES') return `${where} may not be used by this user`
  return `${where} cannot be listened on: ${messageOf(error)}`
}

/** The option that names a port: parseConfig() sees to it that no two name the same one. */
function optionOf({ httpPort, linkPort, metricsPort }: Listeners, port: number | undefined): string {
  if (port === linkPort) return '--link-port'
  if (port === httpPort) return '--http-port'
  return port === metricsPort ? '--metrics-port' : '--port'
}

interface SystemError extends Error {
  readonly code?: string
  readonly syscall?: string
  readonly port?: number
}

function errorFields(error: unknown): Partial<SystemError> {
  return error instanceof Error ? error : {}
}

/** `longwire serve`: runs a server in the foreground, until a signal ends it. */

import { closeSync, fstatSync, writeSync } from 'node:fs'
import { keepAlive, systemClock } from '../lib/clock.js'
import { messageOf } from '../lib/error-message.js'
import { HTTP_PORT_DEFAULT, LONG_PORT_DEFAULT } from '../ops/address.js'
import { optionHelp } from '../ops/command-options.js'
import { type Config, isLoopback, type ParsedConfig, parseConfig, SERVE_OPTIONS } from '../ops/config.js'
import { type Log, logToStandardError } from '../ops/log.js'
import { Outlet } from '../ops/outlet.js'
import { StoreDamagedError } from '../store/errors.js'
import { secretInFile } from './cluster-secret.js'
import { type Command, complain, complaint, EXIT, exitCodeOf, print } from './command.js'
import { endingSignal } from './ending-signal.js'
import { warnOfOpenSecrets } from './open-secrets.js'
import { storeText } from './open-store.js'
import { redisAddress } from './redis-address.js'
import { type RunningServer, startServer } from './server.js'
import { startFailure } from './start-failure.js'

export const serve: Command = {
  options: SERVE_OPTIONS,
  async run(argv, environment) {
    const parsed = parseConfig(argv, environment)
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    if (parsed.kind === 'wrong') {
      complain(`${parsed.message} (longwire serve --help lists the options)`)
      return EXIT.USAGE
    }
    try {
      if (parsed.config.redis !== '') redisAddress(parsed.config)
      secretInFile(parsed.config)
    } catch (error) {
      complain(messageOf(error))
      return EXIT.USAGE
    }
    return runServer(parsed)
  },
}

type Parsed = Extract<ParsedConfig, { readonly kind: 'config' }>

/** Runs the server. The process lives until it has ended, even while only one of the server's own timers is awaited. */
async function runServer(parsed: Parsed): Promise<number> {
  const alive = keepAlive()
  try {
    return await serveUntilSignal(parsed)
  } finally {
    alive.cancel()
  }
}

async function serveUntilSignal({ config, skipped }: Parsed): Promise<number> {
  const { log, outlet: stderr } = logToStandardError(config.logLevel, systemClock)
  const stdout = Outlet.standard(1, { clock: systemClock })
  const complain = (message: string): void => stderr.write(complaint(message))
  logWhatNodeSays(log)
  if (skipped.length > 0) log.info({ skipped }, 'variables that Kubernetes sets for a Service are not options: skipped')
  warnOfOpenSecrets(config, log)
  const notReady = (error: unknown): number => {
    complain(`--ready-fd ${config.readyFd} cannot be written to: ${messageOf(error)}`)
    return EXIT.FAILED
  }
  let server: RunningServer
  try {
    if (config.readyFd > 2) fstatSync(config.readyFd)
  } catch (error) {
    return notReady(error)
  }
  try {
    server = await startServer({
      config,
      log,
      onFatal: error => die(log, error, 'the store failed for good'),
      linesLost: () => stderr.lost + stdout.lost,
    })
  } catch (error) {
    complain(startFailure(config, error))
    return exitCodeOf(error)
  }
  // Before anybody is told that it serves: a signal that follows at once must drain it.
  const ending = endingSignal()
  log.info(
    { host: server.host, port: server.port, http_port: server.httpPort, store: storeOf(config), role: config.role },
    'serving',
  )
  try {
    announce(config, server, line => stdout.write(`${line}\n`))
    tellReady(config, server, [stdout, stderr])
  } catch (error) {
    const code = notReady(error)
    await server.drain()
    return code
  }
  const signal = await ending
  log.info({ signal, connections: server.context.connections.size }, 'draining')
  await server.drain()
  log.info({}, 'stopped')
  return EXIT.OK
}

/** Announces the server to people. */
function announce(config: Config, server: RunningServer, print: (line: string) => void): void {
  const { host, port, httpPort, metricsPort, linkPort } = server
  if (config.readyFd === 1) return
  const shown = hostInUrl(host)
  if (linkPort >= 0)
    print(`links        ${shown}:${linkPort} (TCP, for access nodes; not encrypted: no strangers may reach it)`)
  if (config.role === 'access') print(`logic        ${config.logic.join(', ') || `nodes on ${storeText(config).text}`}`)
  const http = `http://${shown}:${httpPort} (HTTP; WebSocket at /ws; /healthz)`
  if (port < 0) print('clients      none: they connect to access nodes')
  else if (port === httpPort) {
    print(`both sides   ${shown}:${port} (TCP) and ${http}`)
  } else {
    print(`long side    ${shown}:${port} (TCP)`)
    print(`short side   ${http}`)
    print('             each of the two ports takes everything')
  }
  if (port >= 0 && !config.noWeb) print(`web page     http://${reachable(shown)}:${httpPort}/`)
  if (metricsPort >= 0) print(`metrics      http://${hostInUrl(config.metricsHost)}:${metricsPort}/metrics`)
  if (config.role !== 'access') print(`store        ${storeText(config).text}`)
  if (port < 0) return
  if (!isLoopback(host)) {
    print(
      'WARNING      the wire is NOT encrypted: passwords and messages can be read on the way (TLS is not there yet)',
    )
  }
  print(`try          ${tryIt(shown, port, httpPort)}   (in two terminals)`)
}

/** The kind of the store that it works on itself; none: logic nodes do. */
function storeOf(config: Config): string {
  return config.role === 'access' ? 'none' : storeText(config).kind
}

/** Tells programs that the server is ready. @param standard the outlets of descriptors 1 and 2 */
function tellReady(config: Config, server: RunningServer, standard: readonly [Outlet, Outlet]): void {
  const { readyFd } = config
  if (readyFd < 0) return
  const { host, port, httpPort, metricsPort, linkPort } = server
  const link = linkPort < 0 ? {} : { link_port: linkPort }
  const metrics = metricsPort < 0 ? {} : { metrics_port: metricsPort }
  const line = `${JSON.stringify({ host, port, http_port: httpPort, ...link, ...metrics, pid: process.pid, store: storeOf(config) })}\n`
  const outlet = standard[readyFd - 1]
  if (outlet !== undefined) {
    outlet.write(line)
    return
  }
  writeSync(readyFd, line)
  if (readyFd > 2) closeSync(readyFd)
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** The host at which this machine reaches the server. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host
}

/** A command to copy. In a checkout nothing of that name is installed: npx finds it there. */
function tryIt(host: string, port: number, httpPort: number): string {
  const command = process.env.npm_lifecycle_event === 'start' ? 'npx longwire' : 'longwire'
  const address = reachable(host)
  const server = port === LONG_PORT_DEFAULT && address === '127.0.0.1' ? '' : ` --server ${address}:${port}`
  const short = httpPort === HTTP_PORT_DEFAULT ? '' : ` --http-port ${httpPort}`
  return `${command} chat --account NAME${server}${short}`
}

/** Logs bugs, which end the process, and Node's own warnings. Node itself would write them in a blocking way; the log does not block. */
function logWhatNodeSays(log: Log): void {
  process.on('uncaughtException', error => die(log, error, 'a bug: the process ends'))
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => log.warn({ name, message }, 'Node warns'))
}

/** Ends the process at once. What was not answered was not done. Starting again recovers, unless data are lost. */
function die(log: Log, error: unknown, text: string): void {
  log.fatal({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, text)
  process.exit(error instanceof StoreDamagedError ? EXIT.DAMAGED : EXIT.FATAL)
}

function help(): string {
  return [
    'longwire serve [options]',
    '',
    'Runs a server until SIGINT or SIGTERM; then it tells its clients to come back, finishes what is in work and closes',
    'the store. A second signal, at least 0.3 s later, ends it at once.',
    '',
    optionHelp(SERVE_OPTIONS),
    '',
    'Each option can be given in the environment, too: --http-port as LONGWIRE_HTTP_PORT. The command line goes first.',
    'Exit codes: 0 stopped, 1 could not start, 2 wrong options, or another --contacts than the store has, 65 the store is',
    'damaged, 70 it failed or a bug was met.',
  ].join('\n')
}

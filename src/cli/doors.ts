/** The ports of a server: the door's, with the protocols behind it, and the operators' own if it is configured. */
import { fileURLToPath } from 'node:url'
import { Door, type Port } from '../door/door.js'
import type { Clock } from '../lib/clock.js'
import { AddressList } from '../lib/network.js'
import { Longwire } from '../long/longwire.js'
import type { Doors } from '../node/options.js'
import type { ServingNode } from '../node/serving-node.js'
import { NO_PORT } from '../ops/command-options.js'
import type { Config } from '../ops/config.js'
import type { DescriptorPlan } from '../ops/descriptors.js'
import type { Metrics } from '../ops/metrics.js'
import { AnswerForms } from '../short/answer-forms.js'
import { HEALTH_PATH, healthPage, READY_PATH, readyPage } from '../short/health.js'
import { HttpServer, type ShortTimeouts } from '../short/http-server.js'
import { localMetricsPage, METRICS_PATH, metricsPage } from '../short/metrics-page.js'
import { OperatorListener } from '../short/operator-listener.js'
import { Origins } from '../short/origins.js'
import type { Page } from '../short/types.js'
import { readWebFiles } from '../short/web-files.js'
import { WebSocketUpgrade } from '../short/web-socket-upgrade.js'
import type { OwnWorkers } from '../workers/tasks.js'

/** The built web client: it stands beside this code's folder. */
const WEB_FOLDER = fileURLToPath(new URL('../../web', import.meta.url))

export interface ServerDoorsOptions {
  readonly config: Config
  readonly node: ServingNode
  readonly workers: OwnWorkers
  readonly metrics: Metrics
  readonly clock: Clock
  readonly descriptors: Pick<DescriptorPlan, 'operatorsMax'>
  /** The time limits that replace the short side's own. */
  readonly timeouts: Partial<ShortTimeouts> | undefined
}

export interface Ports {
  /** The port of --port; if that is none, of --http-port. */
  readonly port: number
  /** The port of --http-port; if that is none, of --port. */
  readonly httpPort: number
  /** The operators' port; -1 if there is none. */
  readonly metricsPort: number
}

export class ServerDoors implements Doors {
  readonly #config: Config
  readonly #door: Door
  readonly #longwire: Longwire
  readonly #http: HttpServer
  readonly #operators: OperatorListener

  constructor({ config, node, workers, metrics, clock, descriptors, timeouts }: ServerDoorsOptions) {
    this.#config = config
    const { context, connect } = node.access
    const trusted = new AddressList(config.trustProxy)
    const probes: [string, Page][] = [
      [HEALTH_PATH, healthPage(() => node.serving)],
      [READY_PATH, readyPage(() => node.ready())],
    ]
    const operatorPages = new Map([...probes, [METRICS_PATH, metricsPage(metrics)]])
    this.#operators = new OperatorListener(operatorPages, descriptors.operatorsMax)
    this.#longwire = new Longwire(context)
    this.#http = new HttpServer({
      context,
      clock,
      trusted,
      connect,
      forms: new AnswerForms(workers, clock),
      webSockets: new WebSocketUpgrade(context),
      origins: new Origins(config.allowOrigin),
      pages: this.#hasOwn ? new Map(probes) : new Map([...probes, [METRICS_PATH, localMetricsPage(metrics)]]),
      files: config.noWeb || config.role === 'logic' ? new Map() : readWebFiles(WEB_FOLDER),
      timeouts: { idleMs: config.httpIdleMs, ...timeouts },
    })
    this.#door = new Door({ context, longwire: this.#longwire, http: this.#http, proxies: trusted })
  }

  /** @throws the error of a port that cannot be listened on */
  async listen(): Promise<Ports> {
    const { host, port, httpPort, proxyProtocol, metricsHost, metricsPort } = this.#config
    const long = await this.#open(host, port, { native: this.#longwire, proxied: proxyProtocol })
    const short = await this.#open(host, httpPort, { native: this.#http, proxied: false })
    return {
      port: long === NO_PORT ? short : long,
      httpPort: short === NO_PORT ? long : short,
      metricsPort: this.#hasOwn ? (await this.#operators.listen(metricsHost, metricsPort)).port : -1,
    }
  }

  async #open(host: string, number: number, port: Port): Promise<number> {
    return number === NO_PORT ? NO_PORT : (await this.#door.listen(host, number, port)).port
  }

  get inWork(): number {
    return this.#http.inWork
  }

  leave(withinMs: number): void {
    this.#door.drain()
    this.#http.leave(withinMs)
  }

  drain(withinMs: number): void {
    this.#door.drain()
    this.#http.drain(withinMs)
  }

  close(): void {
    this.#door.close()
    this.#http.close()
    this.#operators.close()
  }

  /** Whether the operators have a port of their own. */
  get #hasOwn(): boolean {
    return this.#config.metricsPort >= 0
  }
}

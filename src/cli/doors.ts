/** The listeners of a server: the long side, the short side, and the operators' own where there is a port for it. */
import type { Clock } from '../lib/clock.js'
import { AddressList } from '../lib/network.js'
import { LongListener } from '../long/listener.js'
import type { Node } from '../node/node.js'
import type { Doors } from '../node/options.js'
import type { Config } from '../ops/config.js'
import type { DescriptorPlan } from '../ops/descriptors.js'
import type { Metrics } from '../ops/metrics.js'
import { HEALTH_PATH, healthPage, READY_PATH, readyPage } from '../short/health.js'
import { ShortListener, type ShortTimeouts } from '../short/listener.js'
import { localMetricsPage, METRICS_PATH, metricsPage } from '../short/metrics-page.js'
import { OperatorListener } from '../short/operator-listener.js'
import { Origins } from '../short/origins.js'
import type { Page } from '../short/types.js'
import { WebSocketDoor } from '../short/web-socket-door.js'

export interface ServerDoorsOptions {
  readonly config: Config
  readonly node: Node
  readonly metrics: Metrics
  readonly clock: Clock
  readonly descriptors: Pick<DescriptorPlan, 'operatorsMax'>
  /** In place of the short side's own. */
  readonly timeouts: Partial<ShortTimeouts> | undefined
}

export interface Ports {
  readonly port: number
  readonly httpPort: number
  readonly metricsPort: number
}

export class ServerDoors implements Doors {
  readonly #config: Config
  readonly #long: LongListener
  readonly #short: ShortListener
  readonly #operators: OperatorListener

  constructor({ config, node, metrics, clock, descriptors, timeouts }: ServerDoorsOptions) {
    this.#config = config
    const { context, connect } = node.access
    const trusted = new AddressList(config.trustProxy)
    const probes: [string, Page][] = [
      [HEALTH_PATH, healthPage(() => node.serving)],
      [READY_PATH, readyPage(() => node.ready())],
    ]
    const operatorPages = new Map([...probes, [METRICS_PATH, metricsPage(metrics)]])
    this.#operators = new OperatorListener(operatorPages, descriptors.operatorsMax)
    this.#long = new LongListener(context, config.proxyProtocol ? { proxies: trusted } : {})
    this.#short = new ShortListener({
      context,
      clock,
      trusted,
      connect,
      webSockets: new WebSocketDoor(context),
      origins: new Origins(config.allowOrigin),
      pages: this.#hasOwn ? new Map(probes) : new Map([...probes, [METRICS_PATH, localMetricsPage(metrics)]]),
      timeouts: { idleMs: config.httpIdleMs, ...timeouts },
    })
  }

  /** @throws what a port says that cannot be listened on */
  async listen(): Promise<Ports> {
    const { host, port, httpPort, metricsHost, metricsPort } = this.#config
    return {
      port: (await this.#long.listen(host, port)).port,
      httpPort: (await this.#short.listen(host, httpPort)).port,
      metricsPort: this.#hasOwn ? (await this.#operators.listen(metricsHost, metricsPort)).port : -1,
    }
  }

  get inWork(): number {
    return this.#short.inWork
  }

  drain(withinMs: number): void {
    this.#long.stop()
    this.#short.drain(withinMs)
  }

  close(): void {
    this.#long.stop()
    this.#short.close()
    this.#operators.close()
  }

  /** Whether the operators have a port of their own. */
  get #hasOwn(): boolean {
    return this.#config.metricsPort >= 0
  }
}

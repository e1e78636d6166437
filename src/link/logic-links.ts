/** All links of an access node: one to each logic node that it knows of, by an address that was configured or that the node published. */

import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Log } from '../ops/log.js'
import { Lanes } from './lanes.js'
import type { EventLinks } from './link-network.js'
import { type LinkDialer, LogicLink } from './logic-link.js'
import { RemoteServices } from './remote-services.js'

export interface LogicLinksOptions {
  /** This node's name. */
  readonly name: string
  readonly secret: Uint8Array
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly dialer: LinkDialer
  /** Takes a message of the node bus. */
  readonly receive: (message: Uint8Array) => void
  /** Called when a link is open: events before may have been lost. */
  readonly onOpen: () => void
}

export class LogicLinks implements EventLinks {
  readonly lanes: Lanes
  readonly services: RemoteServices
  readonly #options: LogicLinksOptions
  readonly #links = new Map<string, LogicLink>()
  #wanted: ReadonlySet<string> = new Set()

  constructor(options: LogicLinksOptions) {
    this.#options = options
    this.lanes = new Lanes(options)
    this.services = new RemoteServices(this.lanes, options.clock)
  }

  /** Keeps a link to each of these addresses, and to no others. */
  setAddresses(addresses: Iterable<string>): void {
    this.#wanted = new Set(addresses)
    // A node that is gone from the list may still answer what it was sent.
    for (const link of this.#links.values()) if (!link.isLinked) this.#closeUnwanted(link)
    for (const address of this.#wanted) if (!this.#links.has(address)) this.#links.set(address, this.#linkTo(address))
  }

  /** The number of logic nodes that take requests. */
  get open(): number {
    let count = 0
    for (const { isOpen } of this.#links.values()) if (isOpen) count += 1
    return count
  }

  *others(): Iterable<string> {
    for (const { node, isLinked } of this.#links.values()) if (isLinked) yield node
  }

  send(node: string, message: Uint8Array): boolean {
    for (const link of this.#links.values()) {
      if (link.node !== node || !link.isLinked) continue
      link.sendEvents(message)
      return true
    }
    return false
  }

  close(): void {
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
    this.lanes.close()
  }

  #closeUnwanted(link: LogicLink): void {
    if (this.#wanted.has(link.address)) return
    this.#links.delete(link.address)
    link.close()
  }

  #linkTo(address: string): LogicLink {
    const { lanes } = this
    const { onOpen } = this.#options
    return new LogicLink({
      ...this.#options,
      address,
      onOpen(link) {
        lanes.opened(link)
        onOpen()
      },
      onLost: (link, unanswered) => {
        lanes.lost(link, unanswered)
        this.#closeUnwanted(link)
      },
      onLeaving: link => lanes.left(link),
      onAnswered: call => lanes.answered(call),
    })
  }
}

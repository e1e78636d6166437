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
  /** The address that leads to this node itself (loop.ts). Absent: none does. */
  readonly own?: string
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
  /** The time since which none takes requests; undefined: one does. */
  #unlinkedSinceMs: number | undefined

  constructor(options: LogicLinksOptions) {
    this.#options = options
    this.#unlinkedSinceMs = options.clock.monotonic()
    this.lanes = new Lanes(options)
    this.services = new RemoteServices(this.lanes, options.clock)
  }

  /** Keeps a link to each of these addresses. Other links get no more calls, and are kept while they last. */
  setAddresses(addresses: Iterable<string>): void {
    const before = this.#wanted
    this.#wanted = new Set(addresses)
    // A node that is gone from the list may still answer what it was sent.
    for (const link of this.#links.values()) {
      const [was, is] = [before.has(link.address), this.#wanted.has(link.address)]
      if (!link.isLinked) this.#closeUnwanted(link)
      else if (was && !is) this.lanes.left(link)
      else if (is && !was && link.isOpen) this.lanes.opened(link)
    }
    for (const address of this.#wanted) if (!this.#links.has(address)) this.#links.set(address, this.#linkTo(address))
  }

  /** The number of logic nodes that take requests. */
  get open(): number {
    let count = 0
    for (const { isOpen } of this.#links.values()) if (isOpen) count += 1
    return count
  }

  /** The time for which no logic node has taken requests; 0: one does. */
  get unlinkedMs(): number {
    return this.#unlinkedSinceMs === undefined ? 0 : this.#options.clock.monotonic() - this.#unlinkedSinceMs
  }

  /** The addresses at which a node has another secret. */
  get otherSecret(): readonly string[] {
    return [...this.#links.values()].flatMap(({ address, hasOtherSecret }) => (hasOtherSecret ? [address] : []))
  }

  *others(): Iterable<string> {
    for (const { node, isLinked } of this.#links.values()) if (isLinked) yield node
  }

  send(node: string, message: Uint8Array, isTransient = false): boolean {
    for (const link of this.#links.values()) {
      if (link.node !== node || !link.isLinked) continue
      link.sendEvents(message, isTransient)
      return true
    }
    return false
  }

  close(): void {
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
    this.lanes.close()
  }

  /** One node has one link: by two, it would be found twice, and each would end the other. */
  #refusalOf({ node, address }: LogicLink): string | undefined {
    const { name, own } = this.#options
    if (node === name && address !== own) return 'this node itself is there'
    for (const other of this.#links.values()) {
      if (other.address !== address && other.isLinked && other.node === node) {
        return `the node there is named as the one at ${other.address}`
      }
    }
    return undefined
  }

  #noteLinked(): void {
    if (this.open > 0) this.#unlinkedSinceMs = undefined
    else this.#unlinkedSinceMs ??= this.#options.clock.monotonic()
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
      onOpen: link => {
        this.#noteLinked()
        if (this.#wanted.has(link.address)) lanes.opened(link)
        onOpen()
      },
      refusalOf: link => this.#refusalOf(link),
      onLost: (link, unanswered) => {
        this.#noteLinked()
        lanes.lost(link, unanswered)
        this.#closeUnwanted(link)
      },
      onLeaving: link => {
        this.#noteLinked()
        lanes.left(link)
      },
      onAnswered: call => lanes.answered(call),
    })
  }
}

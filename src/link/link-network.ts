/** The network to other nodes of a node with links: events go over the link to those that have one, and over the bus to the others. */
import { decodeBatch, encodeBatch } from '../cluster/event-codec.js'
import type { EventBatch, NodeNetwork } from '../cluster/node-exchange.js'

/** The links of a node, on either side. */
export interface EventLinks {
  /** The names of the nodes that are linked. */
  others(): Iterable<string>
  /** Sends a message of the node bus. @returns false if the node is not linked */
  send(node: string, message: Uint8Array): boolean
}

export class LinkNetwork implements NodeNetwork {
  readonly #links: EventLinks
  readonly #bus: NodeNetwork | undefined

  /** @param bus the way to nodes without a link; undefined: there are none */
  constructor(links: EventLinks, bus: NodeNetwork | undefined) {
    this.#links = links
    this.#bus = bus
  }

  others(): Iterable<string> {
    const linked = this.#links.others()
    return this.#bus === undefined ? linked : new Set([...linked, ...this.#bus.others()])
  }

  send(node: string, batch: EventBatch): void {
    if (!this.#links.send(node, encodeBatch(batch))) this.#bus?.send(node, batch)
  }
}

/** Reads a batch of events that came over a link. @returns undefined if a newer node wrote it in another form */
export function batchIn(message: Uint8Array): EventBatch | undefined {
  return decodeBatch(message)?.batch
}

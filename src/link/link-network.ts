/** The network to other nodes of a node with links: events go over the link to those that have one, and over the bus to the others. */
import { decodeBatch, encodeBatch } from '../cluster/event-codec.js'
import { type EventBatch, type NodeNetwork, UNNUMBERED } from '../cluster/node-exchange.js'

/** The links of a node, on either side. */
export interface EventLinks {
  /** The names of the nodes that are linked. */
  others(): Iterable<string>
  /**
   * Sends a message of the node bus.
   * @param isTransient dropped if much waits for the node already
   * @returns false if the node is not linked
   */
  send(node: string, message: Uint8Array, isTransient?: boolean): boolean
}

export class LinkNetwork implements NodeNetwork {
  readonly #links: EventLinks
  readonly #bus: NodeNetwork | undefined

  readonly #isHub: boolean

  /**
   * @param bus the way to nodes without a link; undefined: there are none
   * @param isHub whether nodes that do not reach each other are linked to this one, which passes transient events on
   */
  constructor(links: EventLinks, bus: NodeNetwork | undefined, isHub = false) {
    this.#links = links
    this.#bus = bus
    this.#isHub = isHub
  }

  others(): Iterable<string> {
    const linked = this.#links.others()
    return this.#bus === undefined ? linked : new Set([...linked, ...this.#bus.others()])
  }

  send(node: string, batch: EventBatch): void {
    const isTransient = batch.number === UNNUMBERED && batch.events.length > 0
    if (!this.#links.send(node, encodeBatch(batch), isTransient)) this.#bus?.send(node, batch)
  }

  via(node: string): string | undefined {
    if (this.#isHub) return undefined
    const [linked] = this.#links.others()
    for (const other of this.others()) if (other === node) return undefined
    return linked
  }

  *beyond(node: string): Iterable<string> {
    if (!this.#isHub) return
    const onBus = new Set(this.#bus?.others())
    for (const other of this.others()) {
      const isReached = other === node || (onBus.has(node) && onBus.has(other))
      if (!isReached) yield other
    }
  }
}

/** Reads a batch of events that came over a link. @returns undefined if a newer node wrote it in another form */
export function batchIn(message: Uint8Array): EventBatch | undefined {
  return decodeBatch(message)?.batch
}

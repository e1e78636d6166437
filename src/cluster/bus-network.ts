/** The network to the other members: batches of events as messages on the store's bus. What cannot be sent is counted and lost. */
import type { NodeBus } from '../store/node-ports.js'
import type { NodeId } from '../store/types.js'
import { decodeBatch, encodeBatch } from './event-codec.js'
import type { EventBatch, NodeNetwork } from './node-exchange.js'

/** The numbers of events by what became of them. */
export interface EventFigures {
  sent: number
  received: number
  /** Events that could not be sent. */
  dropped: number
  /** Events of a kind, or messages of a form, that this node does not know. */
  unknown: number
}

export class BusNetwork implements NodeNetwork {
  readonly figures: EventFigures = { sent: 0, received: 0, dropped: 0, unknown: 0 }
  readonly #bus: Pick<NodeBus, 'send'>
  readonly #members: { others(): Iterable<NodeId> }

  constructor(bus: Pick<NodeBus, 'send'>, members: { others(): Iterable<NodeId> }) {
    this.#bus = bus
    this.#members = members
  }

  others(): Iterable<NodeId> {
    return this.#members.others()
  }

  send(node: NodeId, batch: EventBatch): void {
    const isSent = this.#bus.send(node, encodeBatch(batch))
    this.figures[isSent ? 'sent' : 'dropped'] += batch.events.length
  }

  /** Reads a message of another node. @returns undefined if this node cannot read it: its number will be missed */
  read(message: Uint8Array): EventBatch | undefined {
    try {
      const decoded = decodeBatch(message)
      this.figures.unknown += decoded?.unknown ?? 1
      this.figures.received += (decoded?.batch.events.length ?? 0) - (decoded?.unknown ?? 0)
      return decoded?.batch
    } catch {
      this.figures.unknown += 1
      return undefined
    }
  }
}

/** Leases in memory, for several nodes of one test: a store with a clock of its own, which may not answer. */
import type { Clock } from '../../src/lib/clock.js'
import type { LeaseStore, LeaseView } from '../../src/store/node-ports.js'
import type { NodeId } from '../../src/store/types.js'

export class MemoryLeases implements LeaseStore {
  readonly #clock: Pick<Clock, 'now'>
  readonly #leases = new Map<NodeId, { status: string; endMs: number }>()
  /** The nodes that get no answer. */
  readonly cutOff = new Set<NodeId>()

  /** Called before the answer to a renewal. */
  onRenewed: () => void = () => {}

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  async renew(node: NodeId, status: string, ttlMs: number): Promise<LeaseView> {
    if (this.cutOff.has(node)) throw new Error('no answer')
    const nowMs = this.#clock.now()
    this.#leases.set(node, { status, endMs: nowMs + ttlMs })
    for (const [each, { endMs }] of this.#leases) if (endMs <= nowMs) this.#leases.delete(each)
    this.onRenewed()
    const leases = Array.from(this.#leases, ([each, lease]) => ({
      node: each,
      status: lease.status,
      leftMs: lease.endMs - nowMs,
    }))
    return { nowMs, leases }
  }
}

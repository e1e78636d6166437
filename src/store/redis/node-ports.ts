/** What Redis has for the nodes on it besides the data. */

import type { Clock } from '../../lib/clock.js'
import type { BusOptions, NodeBus, NodePorts, StorePrimary } from '../node-ports.js'
import { ALL_PARTITIONS } from '../partition.js'
import { RedisBuckets } from './buckets.js'
import { RedisBus } from './bus.js'
import { RedisLeases } from './leases.js'
import type { Topology } from './topology.js'

export class RedisNodePorts implements NodePorts {
  readonly leases: RedisLeases
  readonly buckets: RedisBuckets
  readonly #topology: Topology
  readonly #clock: Clock

  constructor(topology: Topology, clock: Clock) {
    this.#topology = topology
    this.#clock = clock
    this.leases = new RedisLeases(topology, clock)
    this.buckets = new RedisBuckets(topology, clock)
  }

  get primaries(): readonly StorePrimary[] {
    const topology = this.#topology
    return topology.primaries.map(primary => ({
      name: primary.host,
      partitions: ALL_PARTITIONS.filter(partition => topology.primaryOf(partition) === primary),
    }))
  }

  openBus(options: BusOptions): NodeBus {
    return new RedisBus({ ...options, topology: this.#topology, clock: this.#clock })
  }
}

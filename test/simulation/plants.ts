/** Bugs that are put in on purpose, to see that the simulation finds them. Each takes hold from outside: the product has no switches. */

import type { Client } from '../../clients/typescript/client.js'
import type { Transport } from '../../clients/typescript/transport.js'
import type { Random } from '../../src/lib/random.js'
import type { Durability, MemoryDisk } from '../../src/store/memory/disk.js'
import type { MemoryStore } from '../../src/store/memory/store.js'
import type { Store } from '../../src/store/types.js'
import type { SequenceRule } from '../../src/sync/rules/numbered.js'
import type { Stamps } from '../../src/sync/stamps.js'

export interface Plant {
  readonly disk?: (random: Random, durability: Durability) => MemoryDisk
  readonly store?: (store: MemoryStore) => Store
  readonly stamps?: (random: Random) => Stamps
  readonly sequence?: SequenceRule
  readonly transport?: (transport: Transport, client: () => Client | undefined) => Transport
}

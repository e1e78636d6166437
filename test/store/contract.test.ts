import t from 'tap'
import { systemRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { storeContract } from './contract.js'

for (const scopes of ['one', 'partitions'] as const) {
  storeContract(t, `memory, scopes: ${scopes}`, () => {
    const disk = new MemoryDisk(systemRandom)
    return async () => new MemoryStore({ disk, scopes })
  })
}

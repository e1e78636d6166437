/** Opens the store on Redis, and makes it if there is none: connections, the server's settings, the meta data. */

import { type Clock, systemClock } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { type Random, systemRandom } from '../../lib/random.js'
import type { RedisAddress } from './address.js'
import { connectRedis, missingReplicas, RedisOpenError } from './connect.js'
import { type MemorySpace, MemoryWatch } from './memory-watch.js'
import { makeOrFind } from './meta.js'
import { assertServer, type Durability, durabilityOf, type ServerFacts, serverFacts } from './server-facts.js'
import { SettingsWatch } from './settings-watch.js'
import { RedisStore } from './store.js'

export interface RedisStoreOptions {
  readonly address: RedisAddress
  readonly clock?: Clock
  readonly random?: Random
  /** The replicas that must have a write before it counts. Absent: 1 with Sentinel or on a Cluster, 0 on a single Redis. */
  readonly replicas?: number | undefined
  /** Whether servers are refused whose settings do not promise that what was acknowledged is on a disk. */
  readonly requireDurable?: boolean
  /** Called when the data are lost or a bug was met: the process has to end. */
  readonly onFatal?: (error: Error) => void
  readonly onWarning?: (text: string) => void
  readonly onInfo?: (text: string) => void
  /** The time for which to wait for Redis; absent: 5 s. */
  readonly connectMs?: number
}

const NEW_STORE =
  'this Redis was empty: a new store was made in it. If it had data before, they are lost: stop all nodes, and put back a backup'

const NO_SPACE: MemorySpace = { level: 'none', freeBytes: undefined }

/** @throws RedisOpenError with one line for people */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const { clock = systemClock, random = systemRandom, onFatal = throwIt } = options
  const { onWarning = () => {}, onInfo = () => {} } = options
  const refusals = new Set<string>()
  const { topology, isCluster, replicas } = await connectRedis({
    address: options.address,
    clock,
    replicas: options.replicas,
    connectMs: options.connectMs,
    onTrouble: (host, message) => onWarning(`Redis at ${host}: ${message}`),
  })
  try {
    const kept: Durability[] = []
    const check = (host: string, found: ServerFacts): void => assertServer(host, found, options.requireDurable ?? false)
    for (const { host, control } of topology.primaries) {
      const found = await serverFacts(control)
      check(host, found)
      kept.push(durabilityOf(host, found, replicas))
    }
    for (const { text, isWeak } of kept) (isWeak ? onWarning : onInfo)(text)
    for (const { host, control } of topology.primaries) {
      const fault = await missingReplicas(host, control, replicas)
      if (fault !== undefined) onWarning(`${fault}: nothing is acknowledged until they are linked`)
    }
    const { isNew, ...meta } = await makeOrFind(topology, isCluster, random)
    if (isNew) onWarning(NEW_STORE)
    const watch = new MemoryWatch(topology, clock)
    const settings = new SettingsWatch({ topology, clock, check, onWarning })
    await watch.look()
    return new RedisStore({
      ...meta,
      topology,
      partitioned: isCluster,
      clock,
      space: () => (settings.fault === undefined ? watch.space : NO_SPACE),
      onFatal,
      onRefusal(message) {
        const kind = message.split(' ', 1)[0] ?? ''
        if (refusals.has(kind)) return
        refusals.add(kind)
        onWarning(`Redis refuses for now: ${message}`)
      },
      onClose() {
        watch.close()
        settings.close()
      },
    })
  } catch (error) {
    await topology.close()
    throw error instanceof RedisOpenError ? error : new RedisOpenError(messageOf(error), { cause: error })
  }
}

function throwIt(error: Error): never {
  throw error
}

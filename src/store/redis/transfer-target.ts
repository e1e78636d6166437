/** A Redis as the target of a transfer (store/transfer.ts). */

import { ALL_PARTITIONS, partitionOf } from '../partition.js'
import type { EntryPortion, LogPortion, MakeTarget, Portion, StoreOrigin, TransferTarget } from '../transfer.js'
import type { Actor } from '../types.js'
import { assertReplicas, connectRedis, onEach, RedisOpenError } from './connect.js'
import { Follower } from './follow.js'
import { isIndexed, keyOf, LOG_FIELD, logsKey, metaKey, NEWEST_FIELD, partsOfKey } from './keys.js'
import { apartField, blockField, doubles, recordField, streamField } from './layout.js'
import { RedisLeases } from './leases.js'
import type { Command } from './link.js'
import { FORMAT, kindOf } from './meta.js'
import { BEGIN_SCRIPT, END_SCRIPT } from './migration-scripts.js'
import { assertServer, serverFacts } from './server-facts.js'
import type { Topology } from './topology.js'
import { assertNoNodes, awaitNoNodes, type UnusedRedisOptions } from './unused.js'

/** The bytes and values that are written at once. */
const GATHERED_BYTES = 2 ** 20
const GATHERED_VALUES = 4_096

/** Makes a store in a Redis that holds none, or that holds an unfinished migration of the same store. */
export function targetOn({ address, clock, replicas }: UnusedRedisOptions): MakeTarget {
  return async (origin, fill) => {
    const { topology, isCluster, ...connected } = await connectRedis({ address, clock, replicas, onTrouble: () => {} })
    try {
      for (const { host, control } of topology.primaries) {
        assertServer(host, await serverFacts(control), false)
        await assertReplicas(host, control, connected.replicas)
      }
      const leases = new RedisLeases(topology, clock)
      const follower = new Follower(topology)
      const unused = async (): Promise<void> => {
        await assertNoNodes(leases, address, clock)
        await follower.sameHistories()
      }
      await awaitNoNodes(leases, address, clock)
      await begin(topology, isCluster, origin, follower)
      const writer = new RedisWriter(follower, unused)
      const result = await fill(writer)
      await writer.end()
      await unused()
      await end(follower, isCluster, origin)
      return result
    } finally {
      await topology.close()
    }
  }
}

/** Marks all scopes, and removes what an unfinished attempt has written. */
async function begin(topology: Topology, isCluster: boolean, origin: StoreOrigin, follower: Follower): Promise<void> {
  const scopes = isCluster ? ALL_PARTITIONS : [0]
  const id = Buffer.from(origin.id)
  const metas = await onEach(topology, scopes, scope => ['HMGET', metaKey(scope), 'id', 'migrating'])
  const others = metas.filter(([found]) => found !== null && found?.equals(id) !== true)
  const isUnfinished = metas.some(([, migrating]) => migrating !== null)
  if (others.length > 0)
    throw new RedisOpenError(refusal(isUnfinished ? 'an unfinished migration of another store' : 'another store'))
  if (!isUnfinished) {
    if (metas.some(([found]) => found !== null)) throw new RedisOpenError(refusal('this store already'))
    for await (const [key] of dataKeys(follower)) throw new RedisOpenError(refusal(`data of a store (${key})`))
  }
  const kind = kindOf(isCluster)
  const epochOf = (scope: number): number =>
    isCluster ? origin.epochOf(scope) : Math.max(...ALL_PARTITIONS.map(partition => origin.epochOf(partition)))
  const begun = await follower.each(scopes, scope => {
    return ['EVAL', BEGIN_SCRIPT, 1, metaKey(scope), FORMAT, kind, id, Buffer.from(origin.secret), epochOf(scope)]
  })
  if (!areAll(begun)) throw new RedisOpenError(refusal('another store'))
  if (isUnfinished) await removeData(follower)
}

async function removeData(follower: Follower): Promise<void> {
  for await (const keys of dataKeys(follower)) {
    const byPartition = new Map<number, string[]>()
    for (const key of keys) byPartition.set(partitionIn(key), [...(byPartition.get(partitionIn(key)) ?? []), key])
    await Promise.all(
      Array.from(byPartition, ([partition, held]) =>
        follower.ask(
          partition,
          'writes',
          held.map((key): Command => ['UNLINK', key]),
        ),
      ),
    )
  }
}

function refusal(what: string): string {
  return `this Redis holds ${what}: nothing of it was changed. Choose another database, or empty this one (FLUSHDB)`
}

/** Makes the store whole: servers use it from now on. */
async function end(follower: Follower, isCluster: boolean, { id }: StoreOrigin): Promise<void> {
  const scopes = isCluster ? ALL_PARTITIONS : [0]
  const histories = await follower.sameHistories()
  const ended = await follower.each(scopes, scope => {
    return ['EVAL', END_SCRIPT, 1, metaKey(scope), Buffer.from(id), ...histories]
  })
  if (!areAll(ended)) {
    throw new RedisOpenError(
      'this Redis was started anew or replaced meanwhile, and may have lost a part: run it again',
    )
  }
  await follower.each(scopes, scope => ['HDEL', metaKey(scope), 'migrating'])
}

/** Whether each script has answered 1. */
function areAll(replies: readonly unknown[]): boolean {
  return replies.every(done => String(done) === '1')
}

/** Pages of the keys of stores' data, none of them empty. */
async function* dataKeys(follower: Follower): AsyncGenerator<readonly string[]> {
  for await (const keys of follower.keys()) {
    const data = keys.filter(isData)
    if (data.length > 0) yield data
  }
}

function isData(key: string): boolean {
  return partsOfKey(key) !== undefined || key === logsKey(partitionIn(key))
}

function partitionIn(key: string): number {
  return Number.parseInt(key.slice(1), 10)
}

/** The values that wait for one partition. */
interface Gathered {
  /** Commands that take many values of a key, by command and key. */
  readonly joined: Map<string, [...Command]>
  readonly appends: Command[]
}

/** Gathers portions and writes them with plain commands: nobody reads them before the end. */
class RedisWriter implements TransferTarget {
  readonly #follower: Follower
  readonly #assertUnused: () => Promise<void>
  readonly #gathered = new Map<number, Gathered>()
  #bytes = 0
  #values = 0
  /** The log whose entries come, and how many of them were replaced. Its block says that, so it is written last. */
  #log: LogPortion | undefined
  #replaced = 0

  constructor(follower: Follower, assertUnused: () => Promise<void>) {
    this.#follower = follower
    this.#assertUnused = assertUnused
  }

  async put(slice: readonly Portion[]): Promise<void> {
    for (const portion of slice) this.#add(portion)
    if (this.#bytes >= GATHERED_BYTES || this.#values >= GATHERED_VALUES) await this.#flush()
  }

  assertUnused(): Promise<void> {
    return this.#assertUnused()
  }

  /** Writes the rest. */
  async end(): Promise<void> {
    this.#endLog()
    await this.#flush()
  }

  #add(portion: Portion): void {
    const { actor } = portion
    switch (portion.kind) {
      case 'record':
        this.#join('HSET', keyOf('r', actor), actor, portion.name, recordField(portion.stamp, portion.bytes))
        if (isIndexed(actor)) this.#join('ZADD', keyOf('x', actor), actor, 0, portion.name)
        break
      case 'log':
        this.#endLog()
        this.#log = portion
        this.#join('ZADD', logsKey(partitionOf(actor)), actor, 0, actor)
        break
      case 'newest':
        this.#join('HSET', keyOf('r', actor), actor, NEWEST_FIELD + portion.conversation, doubles(portion.version))
        break
      case 'entry':
        this.#entry(portion)
    }
  }

  #entry(entry: EntryPortion): void {
    const { actor, key, version } = entry
    const id = version.toFixed(0)
    if (key === undefined && entry.stamp === 0) {
      const field = streamField(entry)
      this.#of(actor).appends.push(['XADD', keyOf('s', actor), `${id}-0`, 'e', field])
      this.#count(field)
      return
    }
    if (key === undefined) this.#replaced++
    const name = key === undefined ? `v${id}` : `k${key}`
    this.#join('HSET', keyOf('k', actor), actor, name, apartField(entry))
    this.#join('ZADD', keyOf('v', actor), actor, id, name)
  }

  #endLog(): void {
    if (this.#log === undefined) return
    const { actor, ...log } = this.#log
    this.#join('HSET', keyOf('r', actor), actor, LOG_FIELD, blockField({ ...log, replaced: this.#replaced }))
    this.#log = undefined
    this.#replaced = 0
  }

  #join(command: 'HSET' | 'ZADD', key: string, actor: Actor, first: string | number, second: string | Buffer): void {
    const { joined } = this.#of(actor)
    const values = joined.get(`${command} ${key}`)
    if (values === undefined) joined.set(`${command} ${key}`, [command, key, first, second])
    else values.push(first, second)
    this.#count(second)
  }

  #count({ length }: string | Buffer): void {
    this.#bytes += length
    this.#values += 1
  }

  #of(actor: Actor): Gathered {
    const partition = partitionOf(actor)
    let gathered = this.#gathered.get(partition)
    if (gathered === undefined) {
      gathered = { joined: new Map(), appends: [] }
      this.#gathered.set(partition, gathered)
    }
    return gathered
  }

  async #flush(): Promise<void> {
    const writes = Array.from(this.#gathered, ([partition, { joined, appends }]) =>
      this.#follower.ask(partition, 'writes', [...joined.values(), ...appends]),
    )
    this.#gathered.clear()
    this.#bytes = 0
    this.#values = 0
    await Promise.all(writes)
  }
}

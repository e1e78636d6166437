/**
 * A Redis as the source of a transfer (store/transfer.ts). It is read in two walks, also while slots move:
 *
 *   all keys                       ──► records, newest versions of conversations; some keys come twice
 *   the lists of logs, in order    ──► logs with their entries: the stream, and what stands apart, merged by version
 *
 * What Redis holds twice is compared on the way: indexes with records, entries with their order, blocks with the lists of logs. A difference
 * is damage. Nobody may write meanwhile.
 */

import type { Clock } from '../../lib/clock.js'
import { StoreDamagedError } from '../errors.js'
import { ALL_PARTITIONS, partitionOf } from '../partition.js'
import { type OpenSource, type Portion, sliced, type TransferSource } from '../transfer.js'
import type { Actor } from '../types.js'
import type { RedisAddress } from './address.js'
import { connectRedis } from './connect.js'
import { Follower } from './follow.js'
import { isIndexed, keyOf, LOG_FIELD, logsKey, NEWEST_FIELD, partsOfKey, ROUTES_FIELD } from './keys.js'
import { logBlockOf, recordOf } from './layout.js'
import { RedisLeases } from './leases.js'
import type { Command } from './link.js'
import { LogReader } from './log-reader.js'
import { findMeta, type Meta } from './meta.js'
import type { Primary } from './topology.js'
import { assertNoNodes, awaitNoNodes } from './unused.js'

/** The actors of which records are asked for at once, and the records of each. */
const ACTORS_PAGE = 64
const FIELDS_PAGE = 64
/** The logs of which the first entries are asked for at once. */
const LOGS_PAGE = 16

/** Gives the store of a Redis that no node runs on. */
export function sourceOn(address: RedisAddress, clock: Clock): OpenSource {
  return async use => {
    const { topology, isCluster } = await connectRedis({ address, clock, replicas: 0, onTrouble: () => {} })
    try {
      const leases = new RedisLeases(topology, clock)
      const follower = new Follower(topology)
      const unused = async (): Promise<void> => {
        await assertNoNodes(leases, address, clock)
        await follower.sameHistories()
      }
      await awaitNoNodes(leases, address, clock)
      return await use(new RedisSource(follower, unused, await findMeta(topology, isCluster)))
    } finally {
      await topology.close()
    }
  }
}

/** Some fields of an actor's hash, and where they come from. */
interface FieldsPage {
  readonly cursor: string
  readonly fields: readonly Buffer[]
  readonly primary: Primary
}

class RedisSource implements TransferSource {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly #follower: Follower
  readonly #assertUnused: () => Promise<void>
  readonly #meta: Meta

  constructor(follower: Follower, assertUnused: () => Promise<void>, meta: Meta) {
    this.#follower = follower
    this.#assertUnused = assertUnused
    this.#meta = meta
    this.id = meta.id
    this.secret = meta.secret
  }

  epochOf(partition: number): number {
    const { epochs } = this.#meta
    return epochs[epochs.length === 1 ? 0 : partition] ?? 1
  }

  assertUnused(): Promise<void> {
    return this.#assertUnused()
  }

  async *slices(): AsyncGenerator<readonly Portion[]> {
    for await (const keys of this.#follower.keys()) {
      for (let at = 0; at < keys.length; at += ACTORS_PAGE) yield* this.#records(keys.slice(at, at + ACTORS_PAGE))
    }
    for (const partition of ALL_PARTITIONS) yield* this.#logs(partition)
  }

  /** The records of the actors that these keys are of. */
  async *#records(keys: readonly string[]): AsyncGenerator<readonly Portion[]> {
    const actors: Actor[] = []
    const others: [key: string, actor: Actor, isThere: Command][] = []
    for (const key of keys) {
      const { kind, actor } = partsOfKey(key) ?? {}
      if (actor === undefined) continue
      if (kind === 'r') actors.push(actor)
      else if (kind === 'x') others.push([key, actor, ['EXISTS', keyOf('r', actor)]])
      else others.push([key, actor, ['HEXISTS', keyOf('r', actor), LOG_FIELD]])
    }
    const there = await this.#each(others.map(([, actor, isThere]) => [actor, isThere]))
    others.forEach(([key, actor], i) => {
      if (Number(there[i]) === 0) throw damaged(actor, `what ${key} belongs to is not there`)
    })
    const pages = await Promise.all(actors.map(actor => this.#fields(actor, '0')))
    for (const [i, actor] of actors.entries()) {
      const special = new Set<string>()
      for (let page = pages[i]; page !== undefined; ) {
        yield* sliced(await this.#portions(actor, page.fields, special))
        if (page.cursor === '0') break
        const next: FieldsPage = await this.#fields(actor, page.cursor)
        // A cursor means nothing to another server: it would leave out fields.
        page = next.primary === page.primary ? next : await this.#fields(actor, '0')
      }
      if (isIndexed(actor)) await this.#assertIndex(actor, special.size)
    }
  }

  async #fields(actor: Actor, after: string): Promise<FieldsPage> {
    const command: Command = ['HSCAN', keyOf('r', actor), after, 'COUNT', FIELDS_PAGE]
    const { values, primary } = await this.#follower.answered(partitionOf(actor), 'reads', [command])
    const [cursor, fields] = values[0] as [Buffer, Buffer[]]
    return { cursor: String(cursor), fields, primary }
  }

  /** The portions in fields of an actor's hash. Notes the fields that are no records. */
  async #portions(actor: Actor, fields: readonly Buffer[], special: Set<string>): Promise<readonly Portion[]> {
    const portions: Portion[] = []
    const names: string[] = []
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const [name, value] = [String(fields[i]), fields[i + 1] ?? Buffer.alloc(0)]
      if (!name.startsWith('\0')) {
        if (value.length < 8) throw damaged(actor, `the record ${name} has no stamp`)
        names.push(name)
        portions.push({ kind: 'record', actor, name, ...recordOf(value) })
        continue
      }
      special.add(name)
      if (name.startsWith(NEWEST_FIELD)) {
        if (value.length !== 8) throw damaged(actor, 'a conversation has no version')
        const conversation = name.slice(NEWEST_FIELD.length)
        portions.push({ kind: 'newest', actor, conversation, version: value.readDoubleLE(0) })
      } else if (name === LOG_FIELD) {
        const [listed] = await this.#ask(actor, [['ZSCORE', logsKey(partitionOf(actor)), actor]])
        if (listed === null) throw damaged(actor, 'its log is not in the list of its partition')
      } else if (name !== ROUTES_FIELD) throw damaged(actor, `the field ${JSON.stringify(name)} is of no known kind`)
    }
    if (isIndexed(actor) && names.length > 0) {
      const [scores] = await this.#ask(actor, [['ZMSCORE', keyOf('x', actor), ...names]])
      const missing = (scores as (Buffer | null)[]).indexOf(null)
      if (missing >= 0) throw damaged(actor, `its index lacks the record ${names[missing]}`)
    }
    return portions
  }

  /** Rejects if an index, which has all names of records, has others, too. */
  async #assertIndex(actor: Actor, special: number): Promise<void> {
    const [fields, names] = await this.#ask(actor, [
      ['HLEN', keyOf('r', actor)],
      ['ZCARD', keyOf('x', actor)],
    ])
    if (Number(names) !== Number(fields) - special) throw damaged(actor, 'its index names a record that is not there')
  }

  /** The logs of a partition. */
  async *#logs(partition: number): AsyncGenerator<readonly Portion[]> {
    for (let after = '-'; ; ) {
      const list: Command = ['ZRANGE', logsKey(partition), after, '+', 'BYLEX', 'LIMIT', 0, LOGS_PAGE]
      const [reply] = await this.#askOf(partition, [list])
      const actors = (reply as Buffer[]).map(String)
      const readers = actors.map(actor => new LogReader(actor, commands => this.#ask(actor, commands)))
      const blocks = await this.#each(actors.map(actor => [actor, ['HGET', keyOf('r', actor), LOG_FIELD]]))
      await Promise.all(readers.map(reader => reader.fill()))
      for (const [i, reader] of readers.entries()) yield* this.#log(reader, blocks[i])
      const last = actors.at(-1)
      if (last === undefined || actors.length < LOGS_PAGE) return
      after = `(${last}`
    }
  }

  async *#log(reader: LogReader, block: unknown): AsyncGenerator<readonly Portion[]> {
    const { actor } = reader
    if (!Buffer.isBuffer(block)) throw damaged(actor, 'it is in the list of logs, and has none')
    if (block.length < 32 || block.length % 16 !== 0) throw damaged(actor, 'the block of its log is in pieces')
    const { replaced, ...log } = logBlockOf(block)
    const epoch = this.epochOf(partitionOf(actor))
    if (!(log.epoch <= epoch)) throw damaged(actor, `its log is of epoch ${log.epoch}, its partition of ${epoch}`)
    yield [{ kind: 'log', actor, ...log }]
    yield* reader.entries()
    if (reader.replaced !== replaced) {
      throw damaged(actor, `its log has ${reader.replaced} replaced entries, its block says ${replaced}`)
    }
  }

  /** Asks one question about each of these actors. */
  async #each(asked: readonly (readonly [actor: Actor, command: Command])[]): Promise<readonly unknown[]> {
    const replies = await Promise.all(asked.map(([actor, command]) => this.#ask(actor, [command])))
    return replies.map(([reply]) => reply)
  }

  #ask(actor: Actor, commands: readonly Command[]): Promise<readonly unknown[]> {
    return this.#askOf(partitionOf(actor), commands)
  }

  #askOf(partition: number, commands: readonly Command[]): Promise<readonly unknown[]> {
    return this.#follower.ask(partition, 'reads', commands)
  }
}

export function damaged(actor: Actor, what: string): StoreDamagedError {
  return new StoreDamagedError(`the data of ${actor} in Redis are damaged: ${what}`)
}

/**
 * The store on Redis: several nodes, one primary or a Cluster. Everything is written by one script (commit-script.ts).
 *
 *   commit ──► calls of at most 64 units ──► rounds of the scope's primary: scripts, WAIT ──► answer
 *   get, read, scan … ──► rounds of reads, on a connection of their own: what is seen is stable, too
 *
 * What was certainly not sent is sent again when there is a connection. What may have been carried out is told with OutcomeUnknownError.
 * The script looks at the server's history: after a failover it raises the scope's epoch, does nothing else, and is called again.
 */

import { assert, present } from '../../lib/assert.js'
import { type Clock, pause } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { StoreDamagedError } from '../errors.js'
import type { NodePorts } from '../node-ports.js'
import { assertVersion } from '../order.js'
import { partitionOf } from '../partition.js'
import { assertAsked, conversationsAfter } from '../picking.js'
import { assertNameFits, textOrder } from '../text.js'
import type {
  Actor,
  CommitResult,
  ConversationSummary,
  LastingRange,
  LogEntry,
  LogRange,
  LogSummary,
  NodeId,
  ScannedRecord,
  ScopeId,
  SpaceLevel,
  Store,
  StoredEntry,
  StoredRecord,
  Tally,
  Unit,
  Version,
} from '../types.js'
import { OutcomeUnknownError } from '../types.js'
import { COMMIT_SCRIPT } from './commit-script.js'
import { isIndexed, keyOf, LOG_FIELD, logsKey, NEWEST_FIELD } from './keys.js'
import { apartOf, copyOf, entryOf, logBlockOf, recordOf } from './layout.js'
import { type Command, LostError, NotSentError, type Reply, valueIn } from './link.js'
import { type Packed, unpack } from './message-pack.js'
import { RedisNodePorts } from './node-ports.js'
import { READ_SCRIPT } from './read-script.js'
import { Script } from './script.js'
import type { Topology } from './topology.js'
import { bytesOf, type CommitCall, listOf, numberOf, packNothing, packUnits, resultsOf } from './units.js'
import { within } from './within.js'

/** The pause before something that was not sent is tried again. */
const AGAIN_MS = 50
/** The time for which a read is tried, or waits for a replica; then it is refused, and whoever asked is told to come back. */
const READ_MS_MAX = 2_000

/** Refusals that a server takes back by itself, or that an operator can mend while nodes run. */
const PASSING =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOREPLICAS|MISCONF|OOM|BUSY|UNKILLABLE|NOAUTH|NOPERM|WRONGPASS|NOSCRIPT)\b/

const JUDGED = 0
const OTHER_EPOCH = 1

export interface RedisParts {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly topology: Topology
  /** Whether each partition is a scope of its own: on a Cluster. */
  readonly partitioned: boolean
  /** The epochs, by scope. */
  readonly epochs: readonly number[]
  readonly clock: Clock
  readonly space: () => { readonly level: SpaceLevel; readonly freeBytes: number | undefined }
  /** Called when the data are not there any more. Nothing is answered from then on. */
  readonly onFatal: (error: Error) => void
  /** Called with each refusal that passes. */
  readonly onRefusal: (message: string) => void
  readonly onClose: () => void
}

export class RedisStore implements Store {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly shared = true
  readonly journalWritten = undefined
  readonly nodePorts: NodePorts
  readonly #parts: RedisParts
  readonly #idText: Buffer
  readonly #epochs: number[]
  readonly #commitScript = new Script(COMMIT_SCRIPT)
  readonly #readScript = new Script(READ_SCRIPT)
  #state: 'open' | 'closed' | 'failed' = 'open'
  #failure = new Error('the store is closed')
  #closing: Promise<void> | undefined

  /** Called by openRedisStore alone. */
  constructor(parts: RedisParts) {
    this.#parts = parts
    this.id = parts.id
    this.secret = parts.secret
    this.nodePorts = new RedisNodePorts(parts.topology, parts.clock)
    this.#idText = Buffer.from(parts.id)
    this.#epochs = [...parts.epochs]
  }

  get space(): SpaceLevel {
    return this.#parts.space().level
  }

  get freeBytes(): number | undefined {
    return this.#parts.space().freeBytes
  }

  get topology(): Topology {
    return this.#parts.topology
  }

  scopeOf(actor: Actor): ScopeId {
    return this.#parts.partitioned ? partitionOf(actor) : 0
  }

  epochOf(partition: number): number {
    return this.#epochs[this.#parts.partitioned ? partition : 0] ?? 1
  }

  async get(actor: Actor, names: readonly string[]): Promise<readonly StoredRecord[]> {
    if (names.length === 0) return []
    const [values] = await this.#read(actor, [['HMGET', keyOf('r', actor), ...names]])
    return present(valuesOf(values), 'the records').map(recordOf)
  }

  async read(actor: Actor, after: Version, upTo: Version, entriesMax: number, bytesMax: number): Promise<LogRange> {
    assert(entriesMax >= 1, 'a read asks for at least one entry')
    const [block, more, ...rest] = await this.#question(actor, 'range', after, upTo, entriesMax, bytesMax)
    const { head, floor, gaps } = logBlockOf(bytesOf(block))
    return { entries: entriesIn(rest), more: more === 1, head, durable: head, floor, gaps }
  }

  async lasting(actor: Actor, after: Version, entriesMax: number, bytesMax: number): Promise<LastingRange> {
    const [block, more, to, ...rest] = await this.#question(actor, 'lasting', after, entriesMax, bytesMax)
    const { head, floor, gaps } = logBlockOf(bytesOf(block))
    return { entries: entriesIn(rest), more: more === 1, to: numberOf(to), head, durable: head, floor, gaps }
  }

  async entries(
    actor: Actor,
    versions: readonly Version[],
    bytesMax = Number.POSITIVE_INFINITY,
  ): Promise<readonly (StoredEntry | undefined)[]> {
    assertAsked(versions.length)
    const found = await this.#question(actor, 'entries', bytesMax, ...versions)
    return versions.slice(0, found.length / 2).map((version, i) => entryIn(found, 2 * i, version))
  }

  async keyed(actor: Actor, keys: readonly string[]): Promise<readonly (StoredEntry | undefined)[]> {
    assertAsked(keys.length)
    if (keys.length === 0) return []
    const [values] = await this.#read(actor, [['HMGET', keyOf('k', actor), ...keys.map(key => `k${key}`)]])
    return present(valuesOf(values), 'the entries').map(value => (value === null ? undefined : apartOf(value)))
  }

  async chain(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<readonly StoredEntry[]> {
    assertAsked(entriesMax)
    const found = await this.#question(actor, 'chain', from, entriesMax, bytesMax)
    const chain: StoredEntry[] = []
    for (let at = 0, version = from; at < found.length; at += 2) {
      const entry = present(entryIn(found, at, version), 'the entry')
      chain.push(entry)
      version = entry.previous
    }
    return chain
  }

  async newest(actor: Actor, conversation: string): Promise<Version> {
    const [reply] = await this.#read(actor, [['HGET', keyOf('r', actor), NEWEST_FIELD + conversation]])
    const version = valueIn(reply)
    return Buffer.isBuffer(version) ? version.readDoubleLE(0) : 0
  }

  async conversations(actor: Actor, after: string | null, limit: number): Promise<readonly ConversationSummary[]> {
    const found = await this.#question(actor, 'conversations')
    const newest = Array.from({ length: found.length / 2 }, (_, i): [string, Version] => {
      return [bytesOf(found[2 * i]).toString(), bytesOf(found[2 * i + 1]).readDoubleLE(0)]
    })
    return conversationsAfter(newest, after, limit)
  }

  async tally(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<Tally> {
    const [trimmable, bytes, to] = await this.#question(actor, 'tally', from, entriesMax, bytesMax)
    return { trimmable: numberOf(trimmable), bytes: numberOf(bytes), to: numberOf(to) }
  }

  async scan(actor: Actor, prefix: string, after: string | null, limit: number): Promise<readonly ScannedRecord[]> {
    const found: ScannedRecord[] = []
    // Records may go between their names and themselves. A page with fewer of them would look like the last one.
    for (let from = after; ; ) {
      const asked = limit - found.length
      const names = isIndexed(actor)
        ? await this.#namesByIndex(actor, prefix, from, asked)
        : await this.#namesOfAll(actor, prefix, from, asked)
      const records = await this.get(actor, names)
      names.forEach((name, i) => {
        const record = present(records[i], 'the record')
        if (record.stamp !== 0) found.push({ name, ...record })
      })
      if (names.length < asked || found.length === limit) return found
      from = names.at(-1) ?? null
    }
  }

  async logs(partition: number, after: Actor | null, limit: number): Promise<readonly LogSummary[]> {
    const scope = this.#parts.partitioned ? partition : 0
    const from = after === null ? '-' : `(${after}`
    const [listed] = await this.#ask(scope, [['ZRANGE', logsKey(partition), from, '+', 'BYLEX', 'LIMIT', 0, limit]])
    const actors = present(valuesOf(listed), 'the logs').map(String)
    if (actors.length === 0) return []
    // Each by itself: while the slot moves, they may be at different primaries.
    const blocks = await Promise.all(
      actors.map(async actor => (await this.#ask(scope, [['HGET', keyOf('r', actor), LOG_FIELD]]))[0]),
    )
    return actors.map((actor, i) => {
      const { head, floor, gaps } = logBlockOf(bytesOf(valueIn(blocks[i])))
      return { actor, head, floor, gaps }
    })
  }

  async commit(scope: ScopeId, units: readonly Unit[]): Promise<readonly CommitResult[]> {
    for (const unit of units) this.#assertUnit(scope, unit)
    const calls = packUnits(scope, units)
    const results: (readonly CommitResult[] | undefined)[] = calls.map(() => undefined)
    // What is asked in one piece is carried out in its order. What has to be asked again keeps the order, too.
    for (let left = calls.map((_, i) => i); left.length > 0; ) {
      const replies = await this.#call(
        scope,
        left.map(i => this.#command(scope, present(calls[i], 'the call'))),
      )
      left = left.filter((index, i) => {
        const packed = listOf(unpack(bytesOf(replies[i])))
        const [status, epoch] = [numberOf(packed[0]), numberOf(packed[1])]
        this.#heard(scope, status, epoch)
        if (status !== JUDGED) return true
        results[index] = resultsOf(present(calls[index], 'the call').units, packed, epoch)
        return false
      })
    }
    return results.flatMap(some => present(some, 'the results'))
  }

  async newEpoch(scope: ScopeId): Promise<void> {
    const command = this.#command(scope, packNothing(scope))
    const [reply] = await this.#call(scope, [[...command, 'raise']])
    const [status, epoch] = listOf(unpack(bytesOf(reply)))
    this.#heard(scope, numberOf(status), numberOf(epoch))
  }

  async setRoute(actor: Actor, node: NodeId, ttlMs: number): Promise<void> {
    await this.commit(this.scopeOf(actor), [{ ...NOTHING, routes: [{ actor, node, ttlMs }] }])
  }

  async dropRoute(actor: Actor, node: NodeId): Promise<void> {
    await this.setRoute(actor, node, 0)
  }

  /** Closes the connections when what is under way is answered. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed'
    this.#parts.onClose()
    await this.#parts.topology.close()
  }

  #command(scope: ScopeId, { keys, packed }: CommitCall): Command {
    return ['SCRIPT', keys.length, ...keys, this.#idText, this.#epochs[scope] ?? 1, packed]
  }

  /** Takes what a call of the commit script says of its scope. */
  #heard(scope: ScopeId, status: number, epoch: number): void {
    if (status !== JUDGED && status !== OTHER_EPOCH) {
      this.#fail(
        new StoreDamagedError('this Redis has lost its data: it is empty, or another store. Nothing more is answered'),
      )
      throw this.#failure
    }
    this.#epochs[scope] = Math.max(epoch, this.#epochs[scope] ?? 1)
  }

  /** Calls the commit script, in one piece. @throws OutcomeUnknownError */
  async #call(scope: ScopeId, commands: readonly Command[]): Promise<readonly unknown[]> {
    for (;;) {
      if (this.#isClosed) throw new OutcomeUnknownError('the store is closed')
      this.#assertOpen()
      try {
        const replies = await this.#commitScript.ask(this.topology, scope, 'writes', commands)
        return replies.map(valueIn)
      } catch (error) {
        if (!(error instanceof NotSentError)) {
          if (!this.#isClosed) await this.#afterRefusal(error)
          throw new OutcomeUnknownError('Redis gave no answer', { cause: error })
        }
        await this.#awaitPrimary()
      }
    }
  }

  /** Asks one question about a log. */
  async #question(actor: Actor, question: string, ...numbers: readonly number[]) {
    const keys = (['r', 's', 'k', 'v'] as const).map(kind => keyOf(kind, actor))
    const command: Command = ['SCRIPT', keys.length, ...keys, question, ...numbers.map(inDecimal)]
    const [reply] = await this.#ask(this.scopeOf(actor), [command])
    return listOf(unpack(bytesOf(valueIn(reply))))
  }

  #read(actor: Actor, commands: readonly Command[]): Promise<readonly Reply[]> {
    return this.#ask(this.scopeOf(actor), commands)
  }

  /** Reads, in one piece. Rejects if there is no stable answer in time. */
  #ask(scope: ScopeId, commands: readonly Command[]): Promise<readonly Reply[]> {
    const { clock } = this.#parts
    return within(clock, READ_MS_MAX, this.#askUntil(clock.monotonic() + READ_MS_MAX, scope, commands))
  }

  async #askUntil(untilMs: number, scope: ScopeId, commands: readonly Command[]): Promise<readonly Reply[]> {
    for (;;) {
      this.#assertOpen()
      try {
        const replies = await this.#readScript.ask(this.topology, scope, 'reads', commands)
        for (const reply of replies) valueIn(reply)
        return replies
      } catch (error) {
        if (this.#parts.clock.monotonic() >= untilMs) throw error
        if (!(error instanceof NotSentError)) await this.#afterRefusal(error)
        await this.#awaitPrimary()
      }
    }
  }

  /** Decides what a refusal means: most end by themselves, when a server is loaded, promoted, or has space again. */
  async #afterRefusal(error: unknown): Promise<void> {
    if (this.#state !== 'open') throw this.#failure
    if (!(error instanceof LostError)) {
      const message = messageOf(error)
      const isRefusal = error instanceof Error && error.name === 'ReplyError'
      if (isRefusal && !PASSING.test(message))
        this.#fail(new Error(`Redis refused what it should take: ${message}`, { cause: error }))
      this.#parts.onRefusal(message)
    }
    await this.topology.refresh()
  }

  async #awaitPrimary(): Promise<void> {
    await pause(this.#parts.clock, AGAIN_MS)
    await this.topology.refresh()
  }

  async #namesByIndex(actor: Actor, prefix: string, after: string | null, limit: number): Promise<string[]> {
    const from = after !== null && textOrder(after, prefix) >= 0 ? `(${after}` : `[${prefix}`
    const [reply] = await this.#read(actor, [['ZRANGE', keyOf('x', actor), from, '+', 'BYLEX', 'LIMIT', 0, limit]])
    const names = present(valuesOf(reply), 'the names').map(String)
    return names.filter(name => name.startsWith(prefix))
  }

  async #namesOfAll(actor: Actor, prefix: string, after: string | null, limit: number): Promise<string[]> {
    const [reply] = await this.#read(actor, [['HKEYS', keyOf('r', actor)]])
    const isAsked = (name: string): boolean =>
      name.startsWith(prefix) && !name.startsWith('\0') && (after === null || textOrder(name, after) > 0)
    const names = present(valuesOf(reply), 'the names').map(String).filter(isAsked)
    return names.sort(textOrder).slice(0, limit)
  }

  get #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw this.#failure
  }

  #fail(error: Error): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    this.#failure = error
    this.#parts.onFatal(error)
  }

  #assertUnit(scope: ScopeId, unit: Unit): void {
    let last: Actor | undefined
    const named = (actor: Actor, name: string): void => {
      if (actor !== last) assert(this.scopeOf(actor) === scope, () => `${actor} is not of scope ${scope}`)
      last = actor
      assertNameFits(actor, name)
    }
    for (const { actor, name } of unit.expect) named(actor, name)
    for (const { actor, name } of unit.puts) named(actor, name)
    for (const { actor, key, conversation, at } of unit.appends) {
      named(actor, key ?? conversation ?? '')
      if (at !== undefined) assertVersion(at)
    }
    for (const { actor } of unit.replaces ?? []) named(actor, '')
    for (const { actor } of unit.trims) named(actor, '')
    for (const { actor, key } of unit.drops ?? []) named(actor, key)
    for (const { actor, node } of unit.routes ?? []) named(actor, node)
  }
}

const NOTHING: Unit = Object.freeze({ expect: [], puts: [], appends: [], trims: [] })

function valuesOf(reply: Reply | undefined): readonly (Buffer | null)[] | undefined {
  const value = valueIn(reply)
  return Array.isArray(value) ? value : undefined
}

/** The entries in a reply of the read script: version and bytes of each. */
function entriesIn(reply: readonly Packed[]): LogEntry[] {
  return Array.from({ length: reply.length / 2 }, (_, i) => {
    return { version: numberOf(reply[2 * i]), bytes: copyOf(bytesOf(reply[2 * i + 1])) }
  })
}

/** The entry in a reply of the read script, whose stamp is at this place; undefined: it does not exist. */
function entryIn(reply: readonly Packed[], at: number, version: Version): StoredEntry | undefined {
  const stamp = bytesOf(reply[at])
  return stamp.length === 0 ? undefined : entryOf(version, stamp.readDoubleLE(0), bytesOf(reply[at + 1]))
}

/** A version as Redis reads it: never in exponential form. */
function inDecimal(number: number): string {
  return number === Number.POSITIVE_INFINITY ? '9007199254740991' : number.toFixed(0)
}

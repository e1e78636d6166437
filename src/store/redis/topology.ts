/**
 * The primaries that hold the store's scopes. A single Redis (or what Sentinels name) holds all; on a Cluster each partition is in a slot,
 * and slots move between primaries.
 */

import type { RedisOptions } from 'ioredis'
import type { Clock } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { ALL_PARTITIONS } from '../partition.js'
import type { ScopeId } from '../types.js'
import { connectionOptions, hostText, type RedisAddress, type RedisHost } from './address.js'
import { metaKey } from './keys.js'
import {
  type Command,
  doneBefore,
  Link,
  type LinkOptions,
  LostError,
  NotSentError,
  type Reply,
  valueIn,
} from './link.js'
import { numberIn } from './memory-watch.js'
import { within } from './within.js'

export interface TopologyOptions extends Pick<LinkOptions, 'clock' | 'defer' | 'replicas'> {
  readonly address: RedisAddress
  /** Called with an error of a connection that is not known yet. */
  readonly onTrouble: (host: string, message: string) => void
}

/** The most calls of scripts in one round of writes: as many as there are partitions. */
const ROUND_WRITES_MAX = 256
/** The most reads in one round: as many pages come back at once. */
const ROUND_READS_MAX = 32

/** One primary and its connections: rounds of writes, rounds of reads, and questions about itself, which wait for neither. */
export class Primary {
  /** Host and port, or the name that the sentinels know. */
  readonly host: string
  /** The settings of a connection to it. */
  readonly connection: RedisOptions
  readonly writes: Link
  readonly reads: Link
  readonly control: Link
  #trouble = ''

  /** @param onSilence called while it does not answer, once a second */
  constructor(host: string, connection: RedisOptions, options: TopologyOptions, onSilence: () => void) {
    this.host = host
    this.connection = connection
    const onError = (error: Error): void => {
      const message = messageOf(error)
      if (message === this.#trouble) return
      this.#trouble = message
      options.onTrouble(host, message)
    }
    const { clock, defer, replicas } = options
    const link = (commandsMax: number, replicas: number): Link =>
      new Link({ clock, defer, connection, commandsMax, replicas, onError, onSilence })
    this.writes = link(ROUND_WRITES_MAX, replicas)
    this.reads = link(ROUND_READS_MAX, replicas)
    this.control = link(ROUND_WRITES_MAX, 0)
  }

  get up(): boolean {
    return this.writes.up && this.reads.up && this.control.up
  }

  /** Gives up what is under way; it is reported as lost. */
  drop(): void {
    for (const link of [this.writes, this.reads, this.control]) link.drop()
  }

  async close(): Promise<void> {
    await Promise.all([this.writes.close(), this.reads.close(), this.control.close()])
  }
}

export interface Redirection {
  readonly primary: Primary
  readonly asking: boolean
}

export interface Topology {
  readonly clock: Clock
  /** The primary that holds a scope, as far as is known. */
  primaryOf(scope: ScopeId): Primary | undefined
  /** All that hold a scope. */
  readonly primaries: readonly Primary[]
  /** The slot that a partition is in; undefined: there are no slots. */
  slotOf(partition: number): number | undefined
  /** Learns from a refusal by `asked` where a scope is. @returns whom to ask instead, and whether that one is only about to get the scope */
  redirected(scope: ScopeId, refusal: Error, asked: Primary): Redirection | undefined
  /** Looks where the scopes are now, because a primary does not answer. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** The connection of a primary that a question goes by. */
export type Way = 'writes' | 'reads' | 'control'

/** The times that a call is sent to where a refusal says. */
const REDIRECTIONS_MAX = 16

/** Asks the primary of a scope, or the one that it names instead. @throws NotSentError, LostError */
export async function routed(
  topology: Topology,
  scope: ScopeId,
  way: Way,
  commands: readonly Command[],
): Promise<readonly Reply[]> {
  const done: Reply[] = []
  let asked = topology.primaryOf(scope)
  let asking = false
  for (let i = 0; i < REDIRECTIONS_MAX; i++) {
    if (asked === undefined) throw new NotSentError('no primary is known for it')
    const primary = asked
    const redirected = (refusal: Error): Redirection | undefined => topology.redirected(scope, refusal, primary)
    const left = commands.slice(done.length)
    const sent = asking ? left.flatMap((command): Command[] => [['ASKING'], command]) : left
    const replies: readonly Reply[] = await primary[way].ask(sent)
    const own: readonly Reply[] = asking ? replies.filter((_, at) => at % 2 === 1) : replies
    const answered = doneBefore(own, refusal => redirected(refusal) !== undefined)
    done.push(...own.slice(0, answered))
    const refused = own[answered]
    if (refused === undefined || !('refusal' in refused)) return done
    const next = redirected(refused.refusal)
    if (next === undefined) return done
    asked = next.primary
    asking = next.asking
  }
  throw new LostError('the primaries send each other what was asked')
}

export class SingleTopology implements Topology {
  readonly clock: Clock
  readonly primaries: readonly Primary[]
  readonly #primary: Primary

  constructor(options: TopologyOptions) {
    const { address, clock } = options
    this.clock = clock
    const [first] = address.hosts
    const host = address.sentinel ?? (first === undefined ? '' : hostText(first))
    this.#primary = new Primary(host, connectionOptions(address), options, () => {})
    this.primaries = [this.#primary]
  }

  primaryOf(): Primary {
    return this.#primary
  }

  slotOf(): undefined {
    return undefined
  }

  redirected(): undefined {
    return undefined
  }

  async refresh(): Promise<void> {}

  async close(): Promise<void> {
    await this.#primary.close()
  }
}

/** What one server of a Cluster says. */
interface SlotMap {
  /** The hosts by partition, as far as it knows. */
  readonly hostOf: readonly (RedisHost | undefined)[]
  readonly held: number
  /** Whether it is in touch with most of the others. */
  readonly isOk: boolean
  readonly epoch: number
}

/** The time for which the servers are asked where the scopes are. */
const LOOK_MS_MAX = 1_000

export class ClusterTopology implements Topology {
  readonly clock: Clock
  readonly #options: TopologyOptions
  /** The primaries by host and port, and those that were some and still answer: they may be needed again. */
  readonly #known = new Map<string, Primary>()
  readonly #seeds: ReadonlySet<string>
  #slotOf: readonly number[] = []
  /** The host of each partition. */
  #hostOf: string[] = []
  #refreshing: Promise<void> | undefined

  constructor(options: TopologyOptions) {
    this.#options = options
    this.clock = options.clock
    this.#seeds = new Set(options.address.hosts.map(hostText))
    for (const host of options.address.hosts) this.#primaryAt(host)
  }

  get primaries(): readonly Primary[] {
    const hosts = new Set(this.#hostOf)
    return [...this.#known].filter(([host]) => hosts.has(host)).map(([, primary]) => primary)
  }

  primaryOf(scope: ScopeId): Primary | undefined {
    return this.#known.get(this.#hostOf[scope] ?? '')
  }

  slotOf(partition: number): number | undefined {
    return this.#slotOf[partition]
  }

  redirected(scope: ScopeId, { message }: Error, asked: Primary): Redirection | undefined {
    const found = /^(MOVED|ASK) \d+ (\S*):(\d+)/.exec(message)
    if (found === null) return undefined
    const [, kind, name = '', port] = found
    // Without a name it is the host that refused.
    const host = { host: name === '' ? (asked.connection.host ?? '') : name, port: Number(port) }
    const primary = this.#primaryAt(host)
    if (kind === 'MOVED') this.#hostOf[scope] = hostText(host)
    return { primary, asking: kind === 'ASK' }
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async close(): Promise<void> {
    await Promise.all([...this.#known.values()].map(primary => primary.close()))
  }

  /** Asks all servers, and believes the one that is in touch with the others and knows most and newest. */
  async #refresh(): Promise<void> {
    const asked = [...this.#known.values()].filter(({ control }) => control.up)
    const answers = asked.map(primary =>
      within(this.#options.clock, LOOK_MS_MAX, this.#mapOf(primary)).catch(() => undefined),
    )
    let best: SlotMap | undefined
    for (const map of await Promise.all(answers)) {
      if (map !== undefined && (best === undefined || isBetter(map, best))) best = map
    }
    if (best !== undefined) this.#learn(best)
  }

  async #mapOf({ control, connection }: Primary): Promise<SlotMap> {
    if (this.#slotOf.length === 0) {
      const asked = ALL_PARTITIONS.map((partition): Command => ['CLUSTER', 'KEYSLOT', metaKey(partition)])
      this.#slotOf = (await control.ask(asked)).map(reply => Number(valueIn(reply)))
    }
    const [slots, info] = await control.ask([
      ['CLUSTER', 'SLOTS'],
      ['CLUSTER', 'INFO'],
    ])
    const ranges = rangesOf(valueIn(slots))
    const hostOf = this.#slotOf.map((slot): RedisHost | undefined => {
      const range = ranges.find(({ from, upTo }) => slot >= from && slot <= upTo)
      // A server that does not know its own name gives none.
      return range && { host: range.host ?? connection.host ?? '', port: range.port }
    })
    const text = String(valueIn(info))
    const isOk = text.includes('cluster_state:ok')
    const epoch = numberIn(text, 'cluster_current_epoch')
    return { hostOf, held: hostOf.filter(host => host !== undefined).length, isOk, epoch }
  }

  /** Takes a map. A partition that it does not have stays where it was. */
  #learn({ hostOf, held, isOk }: SlotMap): void {
    const before = new Set(this.primaries)
    hostOf.forEach((host, partition) => {
      if (host === undefined) return
      this.#primaryAt(host)
      this.#hostOf[partition] = hostText(host)
    })
    const now = new Set(this.primaries)
    for (const primary of before) {
      // What it has not answered is lost: another one has its partitions.
      if (!now.has(primary)) primary.drop()
    }
    if (!isOk || held < ALL_PARTITIONS.length) return
    for (const [name, primary] of this.#known) {
      if (now.has(primary) || primary.up || this.#seeds.has(name)) continue
      this.#known.delete(name)
      void primary.close()
    }
  }

  #primaryAt(host: RedisHost): Primary {
    const name = hostText(host)
    let primary = this.#known.get(name)
    if (primary === undefined) {
      const connection = connectionOptions(this.#options.address, host)
      primary = new Primary(name, connection, this.#options, () => void this.refresh())
      this.#known.set(name, primary)
    }
    return primary
  }
}

function isBetter(map: SlotMap, than: SlotMap): boolean {
  if (map.isOk !== than.isOk) return map.isOk
  return map.held === than.held ? map.epoch > than.epoch : map.held > than.held
}

interface SlotRange {
  readonly from: number
  readonly upTo: number
  /** Null: the server that says it. */
  readonly host: string | null
  readonly port: number
}

/** What CLUSTER SLOTS gives: each range of slots, its primary, its replicas. */
function rangesOf(reply: unknown): readonly SlotRange[] {
  if (!Array.isArray(reply)) return []
  return reply.map(([from, upTo, [name, port]]) => {
    const host = name === null || String(name) === '' ? null : String(name)
    return { from: Number(from), upTo: Number(upTo), host, port: Number(port) }
  })
}

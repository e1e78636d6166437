/**
 * The primaries that hold the store's scopes. A single Redis (or what Sentinels name) holds all; on a Cluster each partition is in a slot,
 * and slots move between primaries.
 */

import type { RedisOptions } from 'ioredis'
import type { Clock } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { ALL_PARTITIONS } from '../partition.js'
import type { ScopeId } from '../types.js'
import { connectionOptions, type RedisAddress } from './address.js'
import { metaKey } from './keys.js'
import { type Command, Link, type LinkOptions, LostError, NotSentError, type Reply, valueIn } from './link.js'

export interface TopologyOptions extends Pick<LinkOptions, 'clock' | 'defer' | 'replicas'> {
  readonly address: RedisAddress
  /** Called with an error of a connection that is not known yet. */
  readonly onTrouble: (host: string, message: string) => void
}

/** The most calls of scripts in one round of writes: one for each partition. */
const ROUND_WRITES_MAX = 256
/** The most reads in one round: as many pages come back at once. */
const ROUND_READS_MAX = 32

/** One primary and its connections: rounds of writes, rounds of reads, and questions about itself, which wait for neither. */
export class Primary {
  readonly host: string
  /** The settings of a connection to it. */
  readonly connection: RedisOptions
  readonly writes: Link
  readonly reads: Link
  readonly control: Link
  #trouble = ''

  constructor(host: string, connection: RedisOptions, options: TopologyOptions) {
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
      new Link({ clock, defer, connection, commandsMax, replicas, onError })
    this.writes = link(ROUND_WRITES_MAX, replicas)
    this.reads = link(ROUND_READS_MAX, replicas)
    this.control = link(ROUND_WRITES_MAX, 0)
  }

  get up(): boolean {
    return this.writes.up && this.reads.up && this.control.up
  }

  async close(): Promise<void> {
    await Promise.all([this.writes.close(), this.reads.close(), this.control.close()])
  }
}

export interface Topology {
  readonly clock: Clock
  /** The primary that holds a scope, as far as is known. */
  primaryOf(scope: ScopeId): Primary | undefined
  /** All that hold a scope. */
  readonly primaries: readonly Primary[]
  /** The slot that a partition is in; undefined: there are no slots. */
  slotOf(partition: number): number | undefined
  /** Learns from a refusal where a scope is. @returns the primary to ask instead, and whether it is only about to get the scope */
  redirected(scope: ScopeId, refusal: Error): { readonly primary: Primary; readonly asking: boolean } | undefined
  /** Looks where the scopes are now, because a primary does not answer. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** The times that a call is sent to where a refusal says. */
const REDIRECTIONS_MAX = 16

/** Asks the primary of a scope, or the one that it names instead. @throws NotSentError, LostError */
export async function routed(
  topology: Topology,
  scope: ScopeId,
  link: 'writes' | 'reads' | 'control',
  commands: readonly Command[],
): Promise<readonly Reply[]> {
  let asked = topology.primaryOf(scope)
  let asking = false
  for (let i = 0; i < REDIRECTIONS_MAX; i++) {
    if (asked === undefined) throw new NotSentError('no primary is known for it')
    const sent = asking ? commands.flatMap((command): Command[] => [['ASKING'], command]) : commands
    const replies: readonly Reply[] = await asked[link].ask(sent)
    const own: readonly Reply[] = asking ? replies.filter((_, at) => at % 2 === 1) : replies
    const refusal = own.find(isRefusal)
    const next = refusal === undefined ? undefined : topology.redirected(scope, refusal.refusal)
    if (next === undefined) return own
    asked = next.primary
    asking = next.asking
  }
  throw new LostError('the primaries send each other what was asked')
}

function isRefusal(reply: Reply): reply is { readonly refusal: Error } {
  return 'refusal' in reply
}

export class SingleTopology implements Topology {
  readonly clock: Clock
  readonly primaries: readonly Primary[]
  readonly #primary: Primary

  constructor(options: TopologyOptions) {
    const { address, clock } = options
    this.clock = clock
    const host = address.sentinel ?? hostText(address.hosts[0])
    this.#primary = new Primary(host, connectionOptions(address), options)
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

interface Host {
  readonly host: string
  readonly port: number
}

export class ClusterTopology implements Topology {
  readonly clock: Clock
  readonly #options: TopologyOptions
  /** The primaries by host and port; those that hold nothing any more stay until the end, for they may be needed again. */
  readonly #known = new Map<string, Primary>()
  #slotOf: readonly number[] = []
  /** The host of each partition. */
  #hostOf: string[] = []
  #refreshing: Promise<void> | undefined

  constructor(options: TopologyOptions) {
    this.#options = options
    this.clock = options.clock
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

  redirected(scope: ScopeId, { message }: Error): { readonly primary: Primary; readonly asking: boolean } | undefined {
    const found = /^(MOVED|ASK) \d+ (\S*):(\d+)/.exec(message)
    if (found === null) return undefined
    const [, kind, name = '', port] = found
    // Without a name it is the host that refused.
    const host = { host: name === '' ? (this.primaryOf(scope)?.host.split(':')[0] ?? '') : name, port: Number(port) }
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

  async #refresh(): Promise<void> {
    for (const { control } of [...this.#known.values()]) {
      if (!control.up) continue
      try {
        await this.#learnFrom(control)
        return
      } catch {
        // The next one may know.
      }
    }
  }

  async #learnFrom(control: Link): Promise<void> {
    if (this.#slotOf.length === 0) {
      const asked = ALL_PARTITIONS.map((partition): Command => ['CLUSTER', 'KEYSLOT', metaKey(partition)])
      this.#slotOf = (await control.ask(asked)).map(reply => Number(valueIn(reply)))
    }
    const [slots] = await control.ask([['CLUSTER', 'SLOTS']])
    const hostOf: string[] = []
    for (const [from, upTo, [name, port]] of rangesOf(valueIn(slots))) {
      const host = { host: String(name), port: Number(port) }
      for (const partition of ALL_PARTITIONS) {
        const slot = this.#slotOf[partition] ?? -1
        if (slot < from || slot > upTo) continue
        hostOf[partition] = hostText(host)
        this.#primaryAt(host)
      }
    }
    this.#hostOf = hostOf
  }

  #primaryAt(host: Host): Primary {
    const name = hostText(host)
    let primary = this.#known.get(name)
    if (primary === undefined) {
      primary = new Primary(name, connectionOptions(this.#options.address, host), this.#options)
      this.#known.set(name, primary)
    }
    return primary
  }
}

type SlotRange = readonly [from: number, upTo: number, primary: readonly [host: unknown, port: unknown]]

/** What CLUSTER SLOTS gives: each range of slots, its primary, its replicas. */
function rangesOf(reply: unknown): readonly SlotRange[] {
  if (!Array.isArray(reply)) return []
  return reply.map(([from, upTo, primary]) => [Number(from), Number(upTo), primary] as const)
}

function hostText(host: Host | undefined): string {
  return host === undefined ? '' : `${host.host}:${host.port}`
}

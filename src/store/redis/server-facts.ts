/** Asks a Redis server about itself: whether it can hold a store, and what it promises. */

import { type Link, type Reply, valueIn } from './link.js'

export interface ServerFacts {
  readonly version: string
  readonly cluster: boolean
  readonly evicts: boolean
  /** The setting that decides what happens at the memory's limit; undefined: it may not be asked for. */
  readonly policy: string | undefined
  /** Whether writes go to a file, and when it is synced; undefined: it may not be asked for. */
  readonly fsync: 'no file' | 'always' | 'everysec' | 'no' | undefined
}

/** The promise about a write that was acknowledged, for the log. */
export interface Durability {
  readonly text: string
  readonly isWeak: boolean
}

const VERSION_MIN = 7

export async function serverFacts(control: Link): Promise<ServerFacts> {
  const [server, cluster, memory, file, sync] = await control.ask([
    ['INFO', 'server'],
    ['INFO', 'cluster'],
    ['INFO', 'memory'],
    ['CONFIG', 'GET', 'appendonly'],
    ['CONFIG', 'GET', 'appendfsync'],
  ])
  const policy = /maxmemory_policy:(\S+)/.exec(String(valueIn(memory)))?.[1]
  const appendonly = settingOf(file)
  const appendfsync = settingOf(sync)
  return {
    version: /redis_version:(\S+)/.exec(String(valueIn(server)))?.[1] ?? '',
    cluster: /cluster_enabled:1/.test(String(valueIn(cluster))),
    evicts: policy !== 'noeviction',
    policy,
    fsync: appendonly === 'no' ? 'no file' : (appendfsync as ServerFacts['fsync']),
  }
}

/** @throws Error with one line if the server cannot hold a store, or does not promise what is required */
export function assertServer(host: string, facts: ServerFacts, requireDurable: boolean): void {
  if (!(Number.parseInt(facts.version, 10) >= VERSION_MIN)) {
    throw new Error(`Redis at ${host} has version ${facts.version}: Longwire needs ${VERSION_MIN}.0 or newer`)
  }
  if (facts.evicts) {
    throw new Error(
      `Redis at ${host} removes data when its memory is full (maxmemory-policy ${facts.policy}): set it to noeviction`,
    )
  }
  if (!requireDurable) return
  if (facts.fsync === undefined) {
    throw new Error(`--require-durable: Redis at ${host} does not tell its settings (CONFIG GET), so nothing is known`)
  }
  if (facts.fsync !== 'always') {
    const has = facts.fsync === 'no file' ? 'appendonly no' : `appendfsync ${facts.fsync}`
    throw new Error(`--require-durable: Redis at ${host} has ${has}: set appendonly yes and appendfsync always`)
  }
}

export function durabilityOf(host: string, { fsync }: ServerFacts, replicas: number): Durability {
  const copies =
    replicas === 0 ? 'on no replica' : replicas === 1 ? 'on 1 replica before' : `on ${replicas} replicas before`
  const disk = {
    always: 'is on its disk',
    everysec: 'is on its disk within a second: the last second is lost when it loses power',
    no: 'is on its disk at some time: much is lost when it loses power',
    'no file': 'is in its memory only: all is lost when it ends',
    unknown: 'may be on its disk: it does not tell its settings (CONFIG GET)',
  }[fsync ?? 'unknown']
  const text = `Redis at ${host}: what is acknowledged ${disk}, and ${copies}`
  return { text, isWeak: fsync !== 'always' && replicas === 0 }
}

function settingOf(reply: Reply | undefined): string | undefined {
  if (reply === undefined || 'refusal' in reply) return undefined
  const { value } = reply
  return Array.isArray(value) && value.length > 1 ? String(value[1]) : undefined
}

/** The number of replicas that are linked and take writes, in the text of INFO. */
export function replicasIn(info: string): number {
  return [...info.matchAll(/^slave\d+:[^\r\n]*state=online/gm)].length
}

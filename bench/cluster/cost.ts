/**
 * A message on lmdb, on a single Redis and on a Cluster: its CPU, its rounds, and the time of one alone. They take turns. A message alone
 * stands beside a bare SET on the same servers, by a client of the same kind.
 */

import { join } from 'node:path'
import { present } from '../../src/lib/assert.js'
import type { ServerProcess } from '../children.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { TEXT } from '../messages.js'
import type { Preset } from '../presets.js'
import { pin, pinning, pinSelf } from '../process-probe.js'
import { median, medians, Samples } from '../statistics.js'
import { Field, type FieldFigures } from './field.js'
import { firstClient, type RedisClient, type RedisServers, startRedis } from './redis.js'

export interface CostContext {
  readonly folder: string
  /** Gives these servers one core, and this program the other. */
  readonly settle: (servers: readonly ServerProcess[]) => void
  /** Whether there are two cores, so that this can be done. */
  readonly pinned: boolean
  readonly preset: Preset
  readonly say: (line: string) => void
}

export function costContext(folder: string, preset: Preset, say: (line: string) => void): CostContext {
  const cores = pinning()
  const settle = (servers: readonly ServerProcess[]): void => {
    if (cores === undefined) return
    for (const { pid } of servers) pin(pid, cores.server)
    pinSelf(cores.generator)
  }
  return { folder, settle, pinned: cores !== undefined, preset, say }
}

const KINDS = ['lmdb', 'single Redis', 'Cluster'] as const
type Kind = (typeof KINDS)[number]

interface Side {
  readonly kind: Kind
  readonly field: Field
  readonly redis: RedisServers | undefined
  /** By the messages in flight of each pair. */
  readonly load: Map<number, FieldFigures[]>
  readonly alone: FieldFigures[]
  readonly setMs: number[]
  readonly stableSetMs: number[]
}

export async function measureCost(context: CostContext): Promise<FigureRow[]> {
  const { preset, say } = context
  say('(cluster) making users and friends on lmdb, a single Redis and a Cluster')
  const sides = await Promise.all(KINDS.map(kind => open(kind, context)))
  context.settle(sides.flatMap(({ field }) => field.servers))
  for (const { field } of sides) await field.run(preset.pairs, Math.max(...preset.inFlight), preset) // compiles
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(cluster) costs, round ${round} of ${preset.rounds}`)
    for (const side of sides) await turn(side, preset)
  }
  await Promise.all(sides.map(side => close(side)))
  return rowsOf(sides, preset)
}

async function open(kind: Kind, { folder, preset }: CostContext): Promise<Side> {
  const own = join(folder, kind.replace(' ', '-'))
  const common = { name: kind, nodes: 1, pairs: preset.pairs, text: TEXT }
  const redis =
    kind === 'lmdb' ? undefined : await startRedis({ folder: own, ...(kind === 'Cluster' ? { replicas: 1 } : {}) })
  const field = await Field.open({ ...common, ...(redis === undefined ? { folder: own } : { redis }) })
  return { kind, field, redis, load: new Map(), alone: [], setMs: [], stableSetMs: [] }
}

async function close({ field, redis }: Side): Promise<void> {
  await field.close()
  await redis?.stop()
}

async function turn({ field, redis, load, alone, setMs, stableSetMs }: Side, preset: Preset): Promise<void> {
  for (const inFlight of preset.inFlight) {
    const rounds = load.get(inFlight) ?? []
    load.set(inFlight, rounds)
    rounds.push(await field.run(preset.pairs, inFlight, preset))
  }
  alone.push(await field.run(1, 1, preset))
  if (redis === undefined) return
  const client = firstClient(redis)
  const key = await servedKey(client)
  setMs.push(await repeatedMs(preset, () => client.set(key, TEXT)))
  if (redis.replicas.length > 0) {
    stableSetMs.push(await repeatedMs(preset, () => client.pipeline().set(key, TEXT).wait(1, 1_000).exec()))
  }
}

/** A key that this server takes: one of a Cluster has a third of them. */
async function servedKey(client: RedisClient): Promise<string> {
  for (let i = 0; ; i++) {
    const key = `bare-${i}`
    try {
      await client.set(key, '')
      return key
    } catch (error) {
      if (!String(error).includes('MOVED')) throw error
    }
  }
}

/** The median of one after the other, for a window. */
async function repeatedMs({ windowMs }: Preset, once: () => Promise<unknown>): Promise<number> {
  const samples = new Samples()
  for (const untilMs = performance.now() + windowMs; performance.now() < untilMs; ) {
    const startMs = performance.now()
    await once()
    samples.add(performance.now() - startMs)
  }
  return samples.percentile(0.5)
}

function rowsOf(sides: readonly Side[], preset: Preset): FigureRow[] {
  const [lmdb, single, cluster] = KINDS.map(kind =>
    present(
      sides.find(side => side.kind === kind),
      kind,
    ),
  )
  if (lmdb === undefined || single === undefined || cluster === undefined) return []
  return [
    ...preset.inFlight.flatMap(inFlight => costRows(inFlight, lmdb, single, cluster)),
    ...latencyRows(single, cluster),
  ]
}

function costRows(inFlight: number, lmdb: Side, single: Side, cluster: Side): FigureRow[] {
  const of = (side: Side): FieldFigures => medians(present(side.load.get(inFlight), 'the rounds') as never[])
  const [onLmdb, onSingle, onCluster] = [of(lmdb), of(single), of(cluster)]
  const where = `${inFlight} in flight of each pair`
  const cpu = (name: string, side: FieldFigures, baseline: { readonly what: string; readonly value: number }) => {
    const { nodes_us, primaries_us, replicas_us } = side
    const parts = [`node ${nodes_us.toFixed(1)}`, `Redis ${primaries_us.toFixed(1)}`]
    if (replicas_us > 0) parts.push(`replicas ${replicas_us.toFixed(1)}`)
    const what = `CPU of a message on ${name}, ${where} (${parts.join(', ')})`
    return figureRow({ what, value: side.all_us, unit: 'µs', baseline, aim: { atMost: 2 } })
  }
  return [
    cpu('a single Redis', onSingle, { what: 'lmdb', value: onLmdb.all_us }),
    cpu('a Cluster', onCluster, { what: 'a single Redis', value: onSingle.all_us }),
    figureRow({
      what: `rounds of a message on a single Redis, ${where}`,
      value: onSingle.rounds,
      unit: '',
      aim: { atMost: 0.25 },
    }),
    figureRow({
      what: `rounds of a message on a Cluster, ${where}`,
      value: onCluster.rounds,
      unit: '',
      aim: { atMost: 0.5 },
    }),
  ]
}

function latencyRows(single: Side, cluster: Side): FigureRow[] {
  const row = (what: string, side: Side, figure: 'accepted_p50_ms' | 'delivered_p50_ms', bare: Bare, atMost?: number) =>
    figureRow({
      what,
      value: median(side.alone.map(each => each[figure])),
      unit: 'ms',
      baseline: { what: bare.what, value: median(bare.ms) },
      ...(atMost === undefined ? {} : { aim: { atMost } }),
    })
  const set = (side: Side): Bare => ({ what: 'a bare SET, synced', ms: side.setMs })
  const stable: Bare = { what: 'the same and WAIT 1', ms: cluster.stableSetMs }
  return [
    row('one message alone on a single Redis is accepted in p50', single, 'accepted_p50_ms', set(single), 2),
    row('… and delivered in', single, 'delivered_p50_ms', set(single)),
    row('one message alone on a Cluster is accepted in p50', cluster, 'accepted_p50_ms', set(cluster), 4),
    row('… beside what its answer waits for', cluster, 'accepted_p50_ms', stable),
    row('… and delivered in', cluster, 'delivered_p50_ms', stable),
  ]
}

interface Bare {
  readonly what: string
  readonly ms: readonly number[]
}

/**
 * (b) Durable direct messages between friends, 100 bytes of text each. It measures what one costs the server, how many go
 * through, and how long one takes. The servers take turns on one core, and all have the same load. Longwire with the store lmdb
 * syncs each message before it is accepted or delivered; peers/index.ts says what the others do with one.
 *
 * Senders wait for their answers. So under load the times say how many messages are in flight and not how fast one is; one pair
 * alone says that.
 */

import type { Arena } from './arena.js'
import { dataFolder, removeFolder } from './children.js'
import { openPeer, PEER_NAMES, type PeerName } from './peers/index.js'
import type { Preset } from './presets.js'
import { pinning, pinSelf } from './process-probe.js'
import { median, rounded } from './statistics.js'
import { syncedWriteMs } from './synced-write.js'
import { type Ratio, type Rounds, ratioTo, type Summary, summary, takeTurns } from './turns.js'

export interface MessagesReport {
  readonly text_bytes: number
  readonly pairs: number
  readonly rounds: number
  /** Whether all servers had one core, and the generator another. */
  readonly pinned: boolean
  /** One synced write of 1 KB in the data folder, as the journal does it: below this nothing durable is answered. */
  readonly synced_write_ms: number
  readonly load: readonly (MessagesRow & { readonly in_flight: number })[]
  /** One sender with one message in flight, all others idle. */
  readonly alone: readonly MessagesRow[]
  /** That one message beside what it cannot do without; only if the relay takes part. */
  readonly floor?: readonly FloorRow[]
}

export interface FloorRow {
  readonly target: PeerName
  /** The least of the rounds, and their median; the same of all that follows. */
  readonly delivered_p50_min_ms: number
  readonly delivered_p50_ms: number
  /** The p50 of the bare relay, and one synced write. */
  readonly floor_min_ms: number
  readonly floor_ms: number
  readonly p50_ratio_min: number
  readonly p50_ratio: number
  readonly p99_by_p50_min: number
  readonly p99_by_p50: number
}

export interface MessagesRow extends Summary {
  readonly target: PeerName
  /** To each baseline that takes part, by its name. */
  readonly ratios: Readonly<Partial<Record<Baseline, Ratio>>>
}

/** The servers that the others are compared with. */
export const BASELINES = ['socket.io', 'nats', 'against'] as const
export type Baseline = (typeof BASELINES)[number]

export interface MessagesOptions {
  /** The servers that take part, where they are installed. */
  readonly peers: ReadonlySet<PeerName>
  /** The root of a built checkout that takes turns with this one. */
  readonly against: string | undefined
}

export const TEXT = 'm'.repeat(100)

export async function measureMessages(
  preset: Preset,
  { peers, against }: MessagesOptions,
  say: (line: string) => void,
): Promise<MessagesReport> {
  const folder = dataFolder()
  const cores = pinning()
  say('(b) making users and friends')
  const arenas: Arena<PeerName>[] = []
  for (const name of PEER_NAMES) {
    if (!peers.has(name)) continue
    const context = { folder, pairs: preset.pairs, text: TEXT, core: cores?.server, against }
    const arena = await openPeer(name, context, say)
    if (arena !== undefined) arenas.push(arena)
  }
  pinSelf(cores?.generator)
  const load: MessagesReport['load'][number][] = []
  for (const inFlight of preset.inFlight) {
    const tell = (what: string): void => say(`(b) ${inFlight} in flight, ${what}`)
    const run = (arena: Arena) => arena.run(preset.pairs, inFlight, preset)
    const rows = rowsOf(await takeTurns(arenas, preset.messageRounds, tell, run))
    load.push(...rows.map(row => ({ in_flight: inFlight, ...row })))
  }
  const tell = (what: string): void => say(`(b) one pair alone, ${what}`)
  const writesMs: number[] = []
  const aloneOnce = (arena: Arena<PeerName>) => {
    if (arena === arenas[0]) writesMs.push(syncedWriteMs(folder))
    return arena.run(1, 1, preset)
  }
  const alone = rowsOf(await takeTurns(arenas, preset.messageRounds, tell, aloneOnce))
  const writeMs = median(writesMs)
  const floor = floorRows(alone, { min: Math.min(...writesMs), median: writeMs })
  pinSelf(undefined)
  for (const arena of arenas) await arena.close()
  removeFolder(folder)
  return {
    text_bytes: TEXT.length,
    pairs: preset.pairs,
    rounds: preset.messageRounds,
    pinned: cores !== undefined,
    synced_write_ms: rounded(writeMs, 3),
    load,
    alone,
    ...(floor === undefined ? {} : { floor }),
  }
}

/** The servers that sync what they acknowledge. */
const SYNCED: ReadonlySet<PeerName> = new Set(['lmdb', 'against'])

function floorRows(
  alone: readonly MessagesRow[],
  writeMs: { readonly min: number; readonly median: number },
): FloorRow[] | undefined {
  const relay = alone.find(({ target }) => target === 'relay')
  if (relay === undefined) return undefined
  const minMs = relay.delivered_p50_min_ms + writeMs.min
  const medianMs = relay.delivered_p50_ms + writeMs.median
  return alone.flatMap(row => {
    if (!SYNCED.has(row.target)) return []
    return [
      {
        target: row.target,
        delivered_p50_min_ms: row.delivered_p50_min_ms,
        delivered_p50_ms: row.delivered_p50_ms,
        floor_min_ms: rounded(minMs, 3),
        floor_ms: rounded(medianMs, 3),
        p50_ratio_min: rounded(row.delivered_p50_min_ms / minMs, 2),
        p50_ratio: rounded(row.delivered_p50_ms / medianMs, 2),
        p99_by_p50_min: rounded(row.delivered_p99_min_ms / row.delivered_p50_min_ms, 2),
        p99_by_p50: rounded(row.delivered_p99_ms / row.delivered_p50_ms, 2),
      },
    ]
  })
}

function rowsOf(all: readonly Rounds<PeerName>[]): MessagesRow[] {
  return all.map(({ name, rounds }) => {
    const ratios = BASELINES.flatMap(baseline => {
      const other = all.find(each => each.name === baseline)
      // Another checkout says something of the same server only.
      const isCompared = baseline === 'against' ? name === 'lmdb' : baseline !== name
      return other === undefined || !isCompared ? [] : [[baseline, ratioTo(other.rounds, rounds)] as const]
    })
    return { target: name, ...summary(rounds), ratios: Object.fromEntries(ratios) }
  })
}

/**
 * (b) Durable direct messages between friends, 100 bytes of text each. It measures what one costs the server, how many go
 * through, and how long one takes. The servers take turns on one core, and all have the same load. Longwire with the store lmdb
 * syncs each message before it is accepted or delivered; peers/index.ts says what the others do with one.
 *
 * Senders wait for their answers. So under load the times say how many messages are in flight and not how fast one is; one pair
 * alone says that.
 */

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Arena } from './arena.js'
import { dataFolder, removeFolder } from './children.js'
import { openPeer, PEER_NAMES, type PeerName } from './peers/index.js'
import type { Preset } from './presets.js'
import { pinning, pinSelf } from './process-probe.js'
import { median, rounded } from './statistics.js'
import { type Ratio, type Rounds, ratioTo, type Summary, summary, takeTurns } from './turns.js'

export interface MessagesReport {
  readonly text_bytes: number
  readonly pairs: number
  readonly rounds: number
  /** Whether all servers had one core, and the generator another. */
  readonly pinned: boolean
  /** Median of one small write with fdatasync in the data folder: below this nothing durable is answered. */
  readonly disk_sync_ms: number
  readonly load: readonly (MessagesRow & { readonly in_flight: number })[]
  /** One sender with one message in flight, all others idle. */
  readonly alone: readonly MessagesRow[]
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
  const syncMs = diskSyncMs(folder)
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
  const alone = rowsOf(await takeTurns(arenas, preset.messageRounds, tell, arena => arena.run(1, 1, preset)))
  pinSelf(undefined)
  for (const arena of arenas) await arena.close()
  removeFolder(folder)
  return {
    text_bytes: TEXT.length,
    pairs: preset.pairs,
    rounds: preset.messageRounds,
    pinned: cores !== undefined,
    disk_sync_ms: rounded(syncMs, 3),
    load,
    alone,
  }
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

const SYNC_TRIES = 50

function diskSyncMs(folder: string): number {
  const file = openSync(join(folder, 'sync-probe'), 'w')
  const block = Buffer.alloc(4096, 1)
  const tookMs: number[] = []
  for (let i = 0; i < SYNC_TRIES; i++) {
    const startMs = performance.now()
    writeSync(file, block, 0, block.length, 0)
    fdatasyncSync(file)
    tookMs.push(performance.now() - startMs)
  }
  closeSync(file)
  return median(tookMs)
}

/**
 * (b) Durable direct messages between friends, 100 bytes of text each. It measures what one costs the server, how many go
 * through, and how long one takes. Three take turns: the store lmdb, which syncs each message before it is accepted or delivered;
 * the store memory, which does the same work without a disk; and a bare relay, which moves the same bytes in the chunks that they
 * come in and looks at nothing.
 *
 * Senders wait for their answers. So under load the times say how many messages are in flight and not how fast one is; one pair
 * alone says that.
 */

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeAcceptedFrame, encodeMessageItem, encodePushFrame, encodeSendFrame } from '../protocol/item-codec.js'
import { dataFolder, removeFolder, type ServerProcess, startBaseline, startLongwire } from './children.js'
import { befriend, inParallel, registerUsers, type UserPair } from './fleet.js'
import { type LoadedPair, LongwirePair, type MessageSizes, RelayPair, Tally } from './pairs.js'
import type { Preset } from './presets.js'
import type { BenchTransport } from './raw-client.js'
import { median, medians, rounded } from './statistics.js'
import type { BenchUser } from './user.js'
import { measured } from './window.js'

export interface MessagesReport {
  readonly text_bytes: number
  readonly pairs: number
  /** Median of one small write with fdatasync in the data folder: below this nothing durable is answered. */
  readonly disk_sync_ms: number
  readonly load: readonly (MessagesRow & { readonly in_flight: number })[]
  /** One sender with one message in flight, all others idle. */
  readonly alone: readonly MessagesRow[]
}

export type Target = 'lmdb' | 'memory' | 'relay'

export interface MessagesRow extends Figures {
  readonly target: Target
}

export interface Figures {
  /** The server's CPU, all threads, per message delivered. */
  readonly cpu_us_per_message: number
  readonly messages_per_second: number
  /** Shares of one core: the server's, and the generator's. */
  readonly server_busy: number
  readonly generator_busy: number
  readonly accepted_p50_ms: number
  readonly accepted_p99_ms: number
  readonly delivered_p50_ms: number
  readonly delivered_p99_ms: number
}

const TEXT = 'm'.repeat(100)

/** The delay of an ack after the first item that is not acknowledged, as in the reference client. */
const ACK_AFTER_MS = 500
const ACK_TICK_MS = 50

/** A message that is not delivered so long after the last one was sent is lost. */
const DRAIN_MS_MAX = 20_000

export async function measureMessages(preset: Preset, say: (line: string) => void): Promise<MessagesReport> {
  const folder = dataFolder()
  say('(b) making users and friends')
  const syncMs = diskSyncMs(folder)
  const arenas = [
    await Arena.longwire('lmdb', join(folder, 'store'), preset.pairs),
    await Arena.longwire('memory', undefined, preset.pairs),
    await Arena.relay(preset.pairs, typicalSizes()),
  ]
  const load: MessagesReport['load'][number][] = []
  for (const inFlight of preset.inFlight) {
    const rows = await takeTurns(arenas, preset, `(b) ${inFlight} in flight`, say, arena =>
      arena.run(preset.pairs, inFlight, preset),
    )
    load.push(...rows.map(([{ target }, figures]) => ({ in_flight: inFlight, target, ...figures })))
  }
  const alone = await takeTurns(arenas, preset, '(b) one pair alone', say, arena => arena.run(1, 1, preset))
  for (const arena of arenas) await arena.close()
  removeFolder(folder)
  return {
    text_bytes: TEXT.length,
    pairs: preset.pairs,
    disk_sync_ms: rounded(syncMs, 3),
    load,
    alone: alone.map(([{ target }, figures]) => ({ target, ...figures })),
  }
}

/** The medians of each arena, in which they take turns. */
export async function takeTurns(
  arenas: readonly Arena[],
  preset: Preset,
  title: string,
  say: (line: string) => void,
  run: (arena: Arena) => Promise<Figures>,
): Promise<(readonly [Arena, Figures])[]> {
  const rounds = new Map(arenas.map(arena => [arena, [] as Figures[]]))
  for (let round = 1; round <= preset.rounds; round++) {
    say(`${title}, round ${round} of ${preset.rounds}`)
    for (const arena of arenas) rounds.get(arena)?.push(await run(arena))
  }
  return Array.from(rounds, ([arena, figures]) => [arena, tidied(medians(figures as never[]))] as const)
}

function tidied(figures: Record<string, number>): Figures {
  const entries = Object.entries(figures).map(([name, value]) => [
    name,
    rounded(value, name === 'messages_per_second' ? 0 : name === 'cpu_us_per_message' ? 1 : 3),
  ])
  return Object.fromEntries(entries) as unknown as Figures
}

/** One server with its pairs of connections. */
export class Arena {
  readonly target: Target
  readonly transport: BenchTransport
  readonly #server: ServerProcess
  readonly #tally: Tally
  readonly #pairs: readonly LoadedPair[]
  readonly #acks: NodeJS.Timeout | undefined

  private constructor(
    target: Target,
    server: ServerProcess,
    tally: Tally,
    pairs: readonly LoadedPair[],
    users: UserPair[],
    transport: BenchTransport,
  ) {
    this.target = target
    this.transport = transport
    this.#server = server
    this.#tally = tally
    this.#pairs = pairs
    if (users.length > 0) this.#acks = setInterval(() => acknowledge(users), ACK_TICK_MS)
  }

  static async longwire(
    target: Target,
    folder: string | undefined,
    count: number,
    transport: BenchTransport = 'tcp',
  ): Promise<Arena> {
    const server = await startLongwire(folder)
    const port = transport === 'ws' ? server.httpPort : server.port
    const users = await befriend(await registerUsers(port, target, 2 * count, transport))
    const tally = new Tally()
    const pairs = users.map(pair => new LongwirePair(tally, pair, TEXT))
    return new Arena(target, server, tally, pairs, users, transport)
  }

  static async relay(count: number, sizes: MessageSizes): Promise<Arena> {
    const server = await startBaseline('relay', { in: sizes.up, out: sizes.accepted, on: sizes.down })
    const tally = new Tally()
    const pairs = await inParallel(count, index => RelayPair.connect(server.port, index, tally, sizes))
    return new Arena('relay', server, tally, pairs, [], 'tcp')
  }

  async run(pairs: number, inFlight: number, { warmMs, windowMs }: Preset): Promise<Figures> {
    const tally = this.#tally
    const { pid } = this.#server
    const active = this.#pairs.slice(0, pairs)
    for (const pair of active) pair.start(inFlight)
    await sleep(warmMs)
    tally.acceptedMs.clear()
    tally.deliveredMs.clear()
    tally.recording = true
    const { cpuUs, perSecond, serverBusy, generatorBusy } = await measured(pid, windowMs, () => tally.delivered)
    tally.recording = false
    for (const pair of active) pair.stop()
    await this.#drained()
    return {
      cpu_us_per_message: cpuUs,
      messages_per_second: perSecond,
      server_busy: serverBusy,
      generator_busy: generatorBusy,
      accepted_p50_ms: tally.acceptedMs.percentile(0.5),
      accepted_p99_ms: tally.acceptedMs.percentile(0.99),
      delivered_p50_ms: tally.deliveredMs.percentile(0.5),
      delivered_p99_ms: tally.deliveredMs.percentile(0.99),
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#acks)
    for (const pair of this.#pairs) pair.close()
    await this.#server.stop()
  }

  async #drained(): Promise<void> {
    const tally = this.#tally
    const deadlineMs = performance.now() + DRAIN_MS_MAX
    while (tally.accepted < tally.sent || tally.delivered < tally.sent) {
      if (performance.now() > deadlineMs) {
        const { sent, accepted, delivered } = tally
        throw new Error(`${this.target}: ${sent} were sent, ${accepted} accepted, ${delivered} delivered`)
      }
      await sleep(1)
    }
  }
}

function acknowledge(pairs: readonly UserPair[]): void {
  const dueBefore = performance.now() - ACK_AFTER_MS
  const ack = (user: BenchUser, peer: BenchUser): void => {
    if (user.ackDueSince !== 0 && user.ackDueSince <= dueBefore) user.ack(peer.uid)
  }
  for (const { sender, receiver } of pairs) {
    ack(sender, receiver)
    ack(receiver, sender)
  }
}

/** The sizes in a conversation that has gone on for a while: numbers of two bytes, a uid of three. */
export function typicalSizes(): MessageSizes {
  const uid = 1_000_000
  const number = 1_000
  const item = encodeMessageItem({
    sender: uid,
    device: 1,
    sendSeq: number,
    atMs: Date.now(),
    recipient: 0,
    text: TEXT,
  })
  return {
    up: encodeSendFrame(1, number, uid, TEXT).length,
    accepted: encodeAcceptedFrame(1, number - 1, number).length,
    down: encodePushFrame(number - 1, number, false, [{ version: number, bytes: item }]).length,
  }
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

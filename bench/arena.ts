/** One measured server with its pairs of connections: it is loaded for a window and says what that cost. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerProcess } from './children.js'
import { metricsOf } from './metrics.js'
import type { LoadedPair, Tally } from './pairs.js'
import type { Preset } from './presets.js'
import { cpuMsOf, memoryOf } from './process-probe.js'
import { PROBE_COUNTS, type SocketCounts } from './socket-counts.js'
import { THREADS, type Thread } from './thread-cpu.js'
import { measured } from './window.js'

export interface Figures extends ThreadFigures {
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
  /** Sockets that were read in a turn of the loop that read any; NaN for servers that do not run on Node. */
  readonly sockets_per_turn: number
  /** The server's resident memory at the end of the window: its own, and pages of files. */
  readonly own_mib: number
  readonly file_mib: number
  /** The bytes in the server's journal for each message delivered, acks and receipts included; NaN for others than Longwire. */
  readonly journal_bytes: number
  /** The padding to whole sectors beside them. */
  readonly journal_padding_bytes: number
}

/** That CPU by kind of thread; NaN for servers that do not run on Node. */
export type ThreadFigures = { readonly [T in Thread as `cpu_${T}_us`]: number }

export interface ArenaParts {
  readonly server: ServerProcess
  readonly tally: Tally
  readonly pairs: readonly LoadedPair[]
  /** Work of the clients beside the pairs' own, such as delayed acks, until the arena closes. */
  readonly timer?: NodeJS.Timeout
}

const MIB = 2 ** 20

/** A message that is not delivered so long after the last one was sent is lost. */
const DRAIN_MS_MAX = 20_000

/** A server rests when it uses less than this share of a core for so long. What it puts off is not the next one's to pay. */
const REST_SHARE = 0.05
const REST_STEP_MS = 200
const REST_MS_MAX = 5_000

export class Arena<Name extends string = string> {
  readonly name: Name
  readonly #server: ServerProcess
  readonly #tally: Tally
  readonly #pairs: readonly LoadedPair[]
  readonly #timer: NodeJS.Timeout | undefined

  constructor(name: Name, { server, tally, pairs, timer }: ArenaParts) {
    this.name = name
    this.#server = server
    this.#tally = tally
    this.#pairs = pairs
    this.#timer = timer
  }

  async run(pairs: number, inFlight: number, { warmMs, windowMs }: Preset): Promise<Figures> {
    const tally = this.#tally
    const { pid, probe } = this.#server
    const load = { name: this.name, pairs: this.#pairs.slice(0, pairs), inFlight, tally, pids: [pid] }
    const { journal, before, window, after, memory, written } = await underLoad(load, warmMs, async () => ({
      journal: await this.#journal(),
      before: await probe?.(PROBE_COUNTS),
      window: await measured(pid, windowMs, () => tally.delivered),
      after: await probe?.(PROBE_COUNTS),
      memory: memoryOf(pid),
      written: await this.#journal(),
    }))
    const { cpuUs, threadUs, perSecond, serverBusy, generatorBusy } = window
    const { ownBytes, fileBytes } = memory
    return {
      cpu_us_per_message: cpuUs,
      ...(Object.fromEntries(
        THREADS.map(thread => [`cpu_${thread}_us`, probe === undefined ? Number.NaN : threadUs[thread]]),
      ) as ThreadFigures),
      messages_per_second: perSecond,
      server_busy: serverBusy,
      generator_busy: generatorBusy,
      accepted_p50_ms: tally.acceptedMs.percentile(0.5),
      accepted_p99_ms: tally.acceptedMs.percentile(0.99),
      delivered_p50_ms: tally.deliveredMs.percentile(0.5),
      delivered_p99_ms: tally.deliveredMs.percentile(0.99),
      sockets_per_turn: socketsPerTurn(before, after),
      own_mib: ownBytes / MIB,
      file_mib: fileBytes / MIB,
      journal_bytes: (written.changes - journal.changes) / (written.delivered - journal.delivered),
      journal_padding_bytes: (written.padding - journal.padding) / (written.delivered - journal.delivered),
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const pair of this.#pairs) pair.close()
    await this.#server.stop()
  }

  /** What the journal took so far, as the server's metrics say it, and the messages until then. */
  async #journal() {
    const { httpPort } = this.#server
    const metrics = httpPort === 0 ? undefined : await metricsOf(httpPort)
    return {
      changes: metrics?.get('longwire_journal_bytes_total') ?? Number.NaN,
      padding: metrics?.get('longwire_journal_padding_bytes_total') ?? Number.NaN,
      delivered: this.#tally.delivered,
    }
  }
}

interface Load {
  readonly name: string
  readonly pairs: readonly LoadedPair[]
  /** The messages of each pair that are sent and not accepted. */
  readonly inFlight: number
  readonly tally: Tally
  readonly pids: readonly number[]
}

/** Loads servers and measures them when they are warm. Settles when everything has arrived and they rest. */
export async function underLoad<T>(load: Load, warmMs: number, measure: () => Promise<T>): Promise<T> {
  const { name, pairs, inFlight, tally, pids } = load
  for (const pair of pairs) pair.start(inFlight)
  await sleep(warmMs)
  tally.acceptedMs.clear()
  tally.deliveredMs.clear()
  tally.recording = true
  const measured = await measure()
  tally.recording = false
  for (const pair of pairs) pair.stop()
  await drained(name, tally)
  await rested(pids)
  return measured
}

/** Waits until all that was sent is accepted and delivered. @throws Error if something is lost */
export async function drained(name: string, tally: Tally): Promise<void> {
  const deadlineMs = performance.now() + DRAIN_MS_MAX
  while (tally.accepted < tally.sent || tally.delivered < tally.sent) {
    if (performance.now() > deadlineMs) {
      const { sent, accepted, delivered } = tally
      throw new Error(`${name}: ${sent} were sent, ${accepted} accepted, ${delivered} delivered`)
    }
    await sleep(1)
  }
}

/** Waits until none of the processes has work, or for some seconds. */
export async function rested(pids: readonly number[]): Promise<void> {
  const deadlineMs = performance.now() + REST_MS_MAX
  for (let before = pids.map(cpuMsOf); performance.now() < deadlineMs; ) {
    await sleep(REST_STEP_MS)
    const now = pids.map(cpuMsOf)
    if (now.every((ms, i) => ms - (before[i] ?? 0) <= REST_STEP_MS * REST_SHARE)) return
    before = now
  }
}

function socketsPerTurn(before: SocketCounts | undefined, after: SocketCounts | undefined): number {
  if (before === undefined || after === undefined) return Number.NaN
  return (after.reads - before.reads) / (after.turns - before.turns)
}

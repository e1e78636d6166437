/**
 * (soak) A server at half load for a long time: whether it becomes slower, and whether its own memory grows. A closed loop with one
 * message in flight of each pair says first how many a second are full load. Then the pairs send half of that, evenly. Every 10 s it is
 * looked at; a chart in one HTML file shows what was seen (soak-chart.ts). Pages of files are apart: they grow with the database.
 */

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { present } from '../src/lib/assert.js'
import { Arena } from './arena.js'
import { dataFolder, removeFolder, type ServerProcess } from './children.js'
import { TEXT } from './messages.js'
import type { Tally, TimedPair } from './pairs.js'
import { longwireParts } from './peers/longwire.js'
import type { Preset } from './presets.js'
import { cpuMsOf, memoryOf, pinning, pinSelf } from './process-probe.js'
import { PROBE_DELAY } from './socket-counts.js'
import { type Line, lineThrough, rounded } from './statistics.js'

export interface SoakReport {
  readonly minutes: number
  readonly pairs: number
  readonly pinned: boolean
  /** Messages a second that are offered, and that the closed loop reached; and the share of a core that the server used in it. */
  readonly offered_per_second: number
  readonly closed_loop_per_second: number
  readonly closed_loop_busy: number
  /** Messages that were due and not sent, because the pair had too many under way. */
  readonly held_back: number
  readonly samples: readonly SoakSample[]
  /** The slopes are of the samples from this minute on. */
  readonly slopes_from_minute: number
  readonly slopes: readonly SoakSlope[]
  readonly own_memory_is_flat: boolean
}

/** What happened since the sample before. Figures of messages are NaN if there was none. */
export interface SoakSample {
  readonly minute: number
  readonly messages_per_second: number
  readonly cpu_us_per_message: number
  /** The share of a core that the server used, all threads, in percent. */
  readonly server_busy_percent: number
  readonly own_mib: number
  readonly file_mib: number
  readonly delivered_p50_ms: number
  readonly delivered_p99_ms: number
  readonly loop_delay_p99_ms: number
  readonly loop_delay_max_ms: number
  readonly data_folder_mib: number
}

export type SoakFigure = Exclude<keyof SoakSample, 'minute'>

export interface SoakSlope {
  readonly figure: SoakFigure
  readonly mean: number
  /** Growth in an hour, with its 95 % confidence interval. */
  readonly per_hour: number
  readonly per_hour_low: number
  readonly per_hour_high: number
  readonly trend: Trend
}

/**
 * flat: the interval holds 0 and is narrower than a tenth of the mean to either side, or it does not and the slope is below 1 % of the mean
 * an hour · undecided: it holds 0 and is wider
 */
export type Trend = 'flat' | 'rises' | 'falls' | 'undecided'

export const SOAK_FIGURES: readonly SoakFigure[] = [
  'cpu_us_per_message',
  'server_busy_percent',
  'own_mib',
  'file_mib',
  'delivered_p50_ms',
  'delivered_p99_ms',
  'loop_delay_p99_ms',
  'loop_delay_max_ms',
  'messages_per_second',
  'data_folder_mib',
]

const SAMPLES_A_MINUTE = 6
const PACE_MS = 5
/** The share of a run at its begin that slopes leave out: heaps and caches grow to their size in it. */
const WARM_SHARE = 1 / 6
export const FLAT_SHARE_PER_HOUR = 0.01
export const UNDECIDED_SHARE = 0.1
const MIB = 2 ** 20

export async function measureSoak(preset: Preset, minutes: number, say: (line: string) => void): Promise<SoakReport> {
  const cores = pinning()
  const folder = dataFolder()
  say('(soak) making users and friends')
  const options = { folder, pairs: preset.pairs, text: TEXT, core: cores?.server, probed: true }
  const parts = await longwireParts(options)
  const arena = new Arena('lmdb', parts)
  pinSelf(cores?.generator)
  await arena.run(preset.pairs, 1, preset) // compiles
  const closed = await arena.run(preset.pairs, 1, preset)
  const rate = closed.messages_per_second / 2
  const pace = new Pace(parts.pairs, rate)
  const samples: SoakSample[] = []
  const watch = new Watch(parts.server, parts.tally, folder)
  await watch.begin()
  pace.start()
  const count = minutes * SAMPLES_A_MINUTE
  const startMs = performance.now()
  for (let i = 1; i <= count; i++) {
    await sleep(Math.max(0, startMs + i * preset.soakSampleMs - performance.now()))
    const sample = await watch.sample(i / SAMPLES_A_MINUTE)
    samples.push(sample)
    if (i % SAMPLES_A_MINUTE === 0) say(`(soak) ${progress(sample, minutes)}`)
  }
  pace.stop()
  pinSelf(undefined)
  await arena.close()
  removeFolder(folder)
  const from = minutes * WARM_SHARE
  const slopes = SOAK_FIGURES.map(figure => slopeOf(figure, samples, from))
  return {
    minutes,
    pairs: preset.pairs,
    pinned: cores !== undefined,
    offered_per_second: rounded(rate, 0),
    closed_loop_per_second: rounded(closed.messages_per_second, 0),
    closed_loop_busy: rounded(closed.server_busy, 2),
    held_back: pace.heldBack,
    samples,
    slopes_from_minute: rounded(from, 1),
    slopes,
    own_memory_is_flat: slopes.some(({ figure, trend }) => figure === 'own_mib' && trend === 'flat'),
  }
}

/** Judges a slope by its interval first: a wide one says nothing, however small the slope is. */
export function trendOf(mean: number, perHour: number, low: number, high: number): Trend {
  if (low <= 0 && high >= 0) return Math.max(-low, high) > mean * UNDECIDED_SHARE ? 'undecided' : 'flat'
  if (Math.abs(perHour) < mean * FLAT_SHARE_PER_HOUR) return 'flat'
  return perHour > 0 ? 'rises' : 'falls'
}

function slopeOf(figure: SoakFigure, samples: readonly SoakSample[], from: number): SoakSlope {
  const { slope, low, high, meanY } = soakLine(figure, samples, from)
  return {
    figure,
    mean: rounded(meanY, 2),
    per_hour: rounded(slope * 60, 3),
    per_hour_low: rounded(low * 60, 3),
    per_hour_high: rounded(high * 60, 3),
    trend: trendOf(meanY, slope * 60, low * 60, high * 60),
  }
}

/** The line through the samples after a minute, by minutes. */
export function soakLine(figure: SoakFigure, samples: readonly SoakSample[], from: number): Line {
  const points = samples.filter(({ minute }) => minute > from).map(each => [each.minute, each[figure]] as const)
  // A sample without a message has no CPU for each.
  return lineThrough(points.filter(([, value]) => Number.isFinite(value)))
}

function progress(sample: SoakSample, minutes: number): string {
  const { minute, cpu_us_per_message: cpu, own_mib, file_mib, delivered_p99_ms: p99 } = sample
  return `minute ${minute} of ${minutes}: ${cpu} µs, ${own_mib} + ${file_mib} MiB, p99 ${p99} ms`
}

/** Sends at a steady rate, pair after pair. */
class Pace {
  heldBack = 0
  readonly #pairs: readonly TimedPair[]
  readonly #perMs: number
  #timer: NodeJS.Timeout | undefined
  #begun = 0

  constructor(pairs: readonly TimedPair[], perSecond: number) {
    this.#pairs = pairs
    this.#perMs = perSecond / 1000
  }

  start(): void {
    const startMs = performance.now()
    this.#timer = setInterval(() => {
      const due = (performance.now() - startMs) * this.#perMs
      for (; this.#begun < due; this.#begun++) {
        const pair = present(this.#pairs[this.#begun % this.#pairs.length], 'a pair')
        if (!pair.sendOne()) this.heldBack++
      }
    }, PACE_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Looks at the server, and knows what it saw the last time. */
class Watch {
  readonly #server: ServerProcess
  readonly #tally: Tally
  readonly #folder: string
  #atMs = 0
  #cpuMs = 0
  #delivered = 0

  constructor(server: ServerProcess, tally: Tally, folder: string) {
    this.#server = server
    this.#tally = tally
    this.#folder = folder
  }

  async begin(): Promise<void> {
    this.#tally.recording = true
    await this.sample(0)
  }

  async sample(minute: number): Promise<SoakSample> {
    const { pid, probe } = this.#server
    const tally = this.#tally
    const delay = (await probe?.(PROBE_DELAY))?.delay
    const [nowMs, cpuMs, { delivered }] = [performance.now(), cpuMsOf(pid), tally]
    const { ownBytes, fileBytes } = memoryOf(pid)
    const messages = delivered - this.#delivered
    const sample = {
      minute: rounded(minute, 2),
      messages_per_second: rounded((messages * 1000) / (nowMs - this.#atMs), 0),
      cpu_us_per_message: rounded(((cpuMs - this.#cpuMs) * 1000) / messages, 2),
      server_busy_percent: rounded(((cpuMs - this.#cpuMs) * 100) / (nowMs - this.#atMs), 1),
      own_mib: rounded(ownBytes / MIB, 1),
      file_mib: rounded(fileBytes / MIB, 1),
      delivered_p50_ms: rounded(tally.deliveredMs.percentile(0.5), 3),
      delivered_p99_ms: rounded(tally.deliveredMs.percentile(0.99), 3),
      loop_delay_p99_ms: rounded(delay?.p99Ms ?? Number.NaN, 2),
      loop_delay_max_ms: rounded(delay?.maxMs ?? Number.NaN, 2),
      data_folder_mib: rounded(folderBytes(this.#folder) / MIB, 1),
    }
    this.#atMs = nowMs
    this.#cpuMs = cpuMs
    this.#delivered = delivered
    tally.acceptedMs.clear()
    tally.deliveredMs.clear()
    return sample
  }
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** What the readings of an idle server come to: bytes for each connection, slopes, and the CPU of a login. */

import type { Memory } from './process-probe.js'
import { median, rounded } from './statistics.js'

/** What is connected. `against`: the server of another checkout, over TCP. */
export const IDLE_KINDS = ['longwire', 'against', 'socket.io', 'bare', 'ws', 'poll'] as const
export type IdleKind = (typeof IDLE_KINDS)[number]

/** The other checkout's row is there if one was named. */
export type IdleRows = Readonly<Record<Exclude<IdleKind, 'against'>, IdleRow>> & { readonly against?: IdleRow }

export interface IdleReport {
  readonly pinned: boolean
  readonly rounds: number
  /** The numbers of connections at which memory was read. */
  readonly counts: readonly number[]
  /** The time between the last login and the reading. */
  readonly idle_seconds: number
  /** The time after which the cache of records is gone, and the compacted reading is taken. */
  readonly compacted_after_seconds: number
  /** The bytes that each bare socket carried before: as many as one over TCP. */
  readonly exchanged_up: number
  readonly exchanged_down: number
  readonly rows: IdleRows
}

/** Medians of the rounds. */
export interface IdleRow {
  /** (at N − at none) / N, for each N. */
  readonly each: readonly IdleBytes[]
  /** Bytes of RSS for each further connection, from each N to the next. */
  readonly slopes: readonly number[]
  /** The last slope by the first one. */
  readonly slope_ratio: number
  /** (at the highest N − at none) / N, both after a collection. */
  readonly compacted_rss_bytes: number
  /** The server's CPU for one connection and login, of all but the first N. */
  readonly connect_cpu_us: number
  readonly connect_cpu_us_min: number
}

export interface IdleBytes {
  readonly connections: number
  readonly rss_bytes: number
  /** The least of the rounds. */
  readonly rss_bytes_min: number
  /** Without pages of files. */
  readonly own_bytes: number
  /** Those pages. */
  readonly file_bytes: number
}

/** One round of one server. */
export interface IdleReading {
  readonly none: Memory
  /** At each number of connections. */
  readonly at: readonly Memory[]
  /** At the highest number, after a collection. */
  readonly compacted: Memory
  /** The same of a server without connections. */
  readonly compactedNone: Memory
  /** The CPU of connecting, up to each number. */
  readonly connectMs: readonly number[]
}

export function idleRow(counts: readonly number[], rounds: readonly IdleReading[]): IdleRow {
  const middle = (of: (reading: IdleReading) => number): number => median(rounds.map(of))
  const each = (name: keyof Memory, index: number): number[] =>
    rounds.map(({ none, at }) => ((at[index]?.[name] ?? Number.NaN) - none[name]) / (counts[index] ?? 0))
  const bytes = (name: keyof Memory, index: number): number => rounded(median(each(name, index)), 0)
  const slopes = counts.slice(1).map((count, index) => {
    const more = count - (counts[index] ?? 0)
    return middle(({ at }) => ((at[index + 1]?.rssBytes ?? Number.NaN) - (at[index]?.rssBytes ?? Number.NaN)) / more)
  })
  const [first = 0] = counts
  const last = counts.at(-1) ?? first
  const connectUs = rounds.map(({ connectMs }) => (1000 * sum(connectMs.slice(1))) / (last - first))
  return {
    each: counts.map((connections, index) => ({
      connections,
      rss_bytes: bytes('rssBytes', index),
      rss_bytes_min: rounded(Math.min(...each('rssBytes', index)), 0),
      own_bytes: bytes('ownBytes', index),
      file_bytes: bytes('fileBytes', index),
    })),
    slopes: slopes.map(slope => rounded(slope, 0)),
    slope_ratio: rounded((slopes.at(-1) ?? Number.NaN) / (slopes[0] ?? Number.NaN), 2),
    compacted_rss_bytes: rounded(
      middle(({ compactedNone, compacted }) => (compacted.rssBytes - compactedNone.rssBytes) / last),
      0,
    ),
    connect_cpu_us: rounded(median(connectUs), 0),
    connect_cpu_us_min: rounded(Math.min(...connectUs), 0),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

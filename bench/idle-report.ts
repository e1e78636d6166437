/** The measurement of idle connections (d) as people read it. */

import type { IdleKind, IdleReport, IdleRow } from './idle-row.js'
import { rounded } from './statistics.js'
import { table } from './table.js'

const LABELS: Readonly<Record<IdleKind, string>> = {
  longwire: 'Longwire over TCP, logged in',
  against: 'the other checkout, the same',
  'socket.io': 'socket.io over WebSocket',
  bare: 'bare net sockets',
  ws: 'Longwire over WebSocket',
  poll: 'Longwire, a poll that waits',
}

export function idleTables(report: IdleReport): string {
  const { rounds, counts, idle_seconds, compacted_after_seconds, exchanged_up: up, exchanged_down: down, rows } = report
  const where = report.pinned ? 'the server on one core, the generator on another' : 'NOT pinned to cores'
  const all = Object.entries(rows) as [IdleKind, IdleRow][]
  const { bare, 'socket.io': socketIo } = rows
  return [
    `(d) memory for each idle connection, (RSS at N − RSS at none) / N, medians of ${rounds} rounds; ${where}`,
    `read as it lies, ${idle_seconds} s after the last login (anonymous + pages of files); ${up} bytes up and ${down} down before`,
    'two figures with a stroke below: the least / the median of the rounds',
    '',
    table(
      ['bytes each', ...counts.map(count => `at ${count}`), 'slopes', 'their ratio'],
      all.map(([kind, { each, slopes, slope_ratio }]) => [
        LABELS[kind],
        ...each.map(({ rss_bytes, own_bytes, file_bytes }) => `${rss_bytes} (${own_bytes} + ${file_bytes})`),
        slopes.join(' / '),
        slope_ratio,
      ]),
    ),
    '',
    `compacted: after ${compacted_after_seconds} s more, where a cache of records has to go first, and a forced collection`,
    table(
      [`at ${counts.at(-1)}`, 'bytes', '× bare', '× socket.io', 'compacted', '× bare', 'CPU µs a login', '× socket.io'],
      all.map(([kind, row]) => [
        LABELS[kind],
        pair(rssOf(row)),
        ratios(rssOf(row), rssOf(bare)),
        ratios(rssOf(row), rssOf(socketIo)),
        row.compacted_rss_bytes,
        rounded(row.compacted_rss_bytes / bare.compacted_rss_bytes, 2),
        pair(connectOf(row)),
        ratios(connectOf(row), connectOf(socketIo)),
      ]),
    ),
    'a login: Hello to the first page, or what socket.io and a bare socket do instead; accepting the connection is in it',
  ].join('\n')
}

/** The least of the rounds, and the median. */
type Spread = readonly [min: number, median: number]

/** At the highest number of connections. */
function rssOf({ each }: IdleRow): Spread {
  const last = each.at(-1)
  return [last?.rss_bytes_min ?? Number.NaN, last?.rss_bytes ?? Number.NaN]
}

function connectOf(row: IdleRow): Spread {
  return [row.connect_cpu_us_min, row.connect_cpu_us]
}

function pair([min, median]: Spread): string {
  return `${min} / ${median}`
}

function ratios(value: Spread, baseline: Spread): string {
  return pair([rounded(value[0] / baseline[0], 2), rounded(value[1] / baseline[1], 2)])
}

/** The measurement of idle connections (d) as people read it. */

import type { IdleKind, IdleReport, IdleRow } from './idle-row.js'
import { rounded } from './statistics.js'
import { table } from './table.js'

const LABELS: Readonly<Record<IdleKind, string>> = {
  longwire: 'Longwire over TCP, logged in',
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
    `read as it lies, ${idle_seconds} s after the last login: anonymous + pages of files; ${up} bytes up and ${down} down before`,
    '',
    table(
      ['bytes each', ...counts.map(count => `at ${count}`), 'slopes', 'their ratio'],
      all.map(([kind, { each, slopes, slope_ratio }]) => [
        LABELS[kind],
        ...each.map(({ rss_bytes, own_bytes, file_bytes }) => `${rss_bytes} = ${own_bytes} + ${file_bytes}`),
        slopes.join(' / '),
        slope_ratio,
      ]),
    ),
    '',
    `compacted: after ${compacted_after_seconds} s more, where a cache of records has to go first, and a forced collection`,
    table(
      [
        `at ${counts.at(-1)}`,
        '× bare',
        '× socket.io',
        'compacted',
        '× bare',
        'CPU µs a login, least / median',
        '× socket.io',
      ],
      all.map(([kind, row]) => [
        LABELS[kind],
        ratio(rssOf(row), rssOf(bare)),
        ratio(rssOf(row), rssOf(socketIo)),
        row.compacted_rss_bytes,
        ratio(row.compacted_rss_bytes, bare.compacted_rss_bytes),
        `${row.connect_cpu_us_min} / ${row.connect_cpu_us}`,
        `${ratio(row.connect_cpu_us_min, socketIo.connect_cpu_us_min)} / ${ratio(row.connect_cpu_us, socketIo.connect_cpu_us)}`,
      ]),
    ),
    'a login: Hello to the first page, or what socket.io and a bare socket do instead; accepting the connection is in it',
  ].join('\n')
}

/** At the highest number of connections. */
function rssOf({ each }: IdleRow): number {
  return each.at(-1)?.rss_bytes ?? Number.NaN
}

function ratio(value: number, baseline: number): number {
  return rounded(value / baseline, 2)
}

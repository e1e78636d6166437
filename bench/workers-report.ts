/** What the threads take from the main thread, as people read it. */

import { table } from './table.js'
import type { WorkersReport } from './workers.js'

export function workersTables({
  pages,
  devices,
  items,
  pairs,
  messages_per_second,
  first_syncs,
}: WorkersReport): string {
  return [
    '(k) the main thread’s time for one page of a timeline',
    table(
      ['items of 100 bytes', 'at once', 'read here µs', 'read by a thread µs'],
      pages.map(row => [row.items, row.at_once, row.here_us, row.there_us]),
    ),
    '',
    `(k) ${pairs} pairs that talk, ${messages_per_second} messages a second, while ${devices} new devices read ${items} items each`,
    table(
      [
        'pages are read by',
        'alone p50 / p99 ms',
        'meanwhile p50 / p99 ms',
        'p99 ratio',
        'all synced in s',
        'CPU µs a page, main / all',
      ],
      first_syncs.map(row => [
        row.target,
        `${row.alone_p50_ms} / ${row.alone_p99_ms}`,
        `${row.synced_p50_ms} / ${row.synced_p99_ms}`,
        row.p99_ratio,
        row.seconds,
        `${row.main_cpu_us} / ${row.cpu_us}`,
      ]),
    ),
  ].join('\n')
}

/** What the threads take from the main thread, as people read it. */

import { table } from './table.js'
import type { WorkersReport } from './workers.js'

export function workersTables({
  costs,
  pinned,
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
      costs.pages.map(row => [row.items, row.at_once, row.here_us, row.there_us]),
    ),
    '',
    '(k) the main thread’s time for the last form of one answer of a Sync over HTTP',
    table(
      ['form', 'encoded bytes', 'at once', 'made here µs', 'made by a thread µs'],
      costs.bodies.map(row => [row.form, row.bytes, row.at_once, row.here_us, row.there_us]),
    ),
    '',
    `(k) ${pairs} pairs that talk, ${messages_per_second} messages a second, while ${devices} new devices read ${items} items each`,
    pinned ? 'the server on one core, with all its threads; talk and devices on another' : 'NOT pinned to cores',
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

/** The measurement of messages (b) as people read it. */

import { BASELINES, type FloorRow, type MessagesReport, type MessagesRow } from './messages.js'
import { PEER_LABELS } from './peers/index.js'
import { table } from './table.js'
import { THREADS, type Thread } from './thread-cpu.js'

type Row = MessagesRow & { readonly load: string }

const THREAD_LABELS: Readonly<Record<Thread, string>> = {
  main: 'main thread',
  checkpoint: 'checkpoint thread',
  workers: 'workers',
  v8: 'V8’s threads',
  libuv: 'libuv’s threads',
}

export function messagesTables(report: MessagesReport): string {
  const { text_bytes, pairs, rounds, pinned, synced_write_ms, floor = [] } = report
  const where = pinned
    ? 'all servers on one core, one at a time under load, the generator on another'
    : 'NOT pinned to cores (two cores and taskset are needed)'
  const rows: Row[] = [
    ...report.load.map(row => ({ ...row, load: `${row.in_flight} in flight` })),
    ...report.alone.map(row => ({ ...row, load: 'one pair alone' })),
  ]
  const named = BASELINES.filter(baseline => rows.some(({ ratios }) => ratios[baseline] !== undefined))
  const memoryOf = named.filter(baseline => baseline !== 'nats')
  const name = ({ load, target }: Row): string => `${load}, ${PEER_LABELS[target]}`
  return [
    `(b) messages of ${text_bytes} bytes between ${pairs} pairs of friends; ${rounds} rounds in turn; ${where}`,
    `two figures with a stroke: the least / the median of the rounds; one synced write of 1 KB takes ${synced_write_ms} ms here`,
    'sockets per turn: how many a turn of the loop read, in the round with the least CPU / median; of servers on Node',
    '',
    table(
      [
        '',
        'server CPU µs each',
        ...named.map(baseline => `× ${baseline}`),
        'sockets per turn',
        'per second',
        'server / generator busy',
      ],
      rows.map(row => [
        name(row),
        `${row.cpu_us_min} / ${row.cpu_us_per_message}`,
        ...named.map(baseline => {
          const ratio = row.ratios[baseline]
          return ratio === undefined ? '' : `${ratio.min} / ${ratio.median}`
        }),
        Number.isNaN(row.sockets_per_turn) ? '' : `${row.sockets_per_turn_at_min} / ${row.sockets_per_turn}`,
        row.messages_per_second,
        `${percent(row.server_busy)} / ${percent(row.generator_busy)}`,
      ]),
    ),
    '',
    'medians, ratios of the least and the medians; memory at the end of the window: anonymous, and pages of files;',
    'the journal for each message, acks and receipts included: changes and padding to sectors',
    table(
      [
        '',
        'accepted ms p50 / p99',
        'delivered ms p50 / p99',
        ...named.map(baseline => `p99 × ${baseline}`),
        'anonymous MiB',
        ...memoryOf.map(baseline => `× ${baseline}`),
        'file MiB',
        'journal bytes + padding',
      ],
      rows.map(row => [
        name(row),
        `${row.accepted_p50_ms} / ${row.accepted_p99_ms}`,
        `${row.delivered_p50_ms} / ${row.delivered_p99_ms}`,
        ...named.map(baseline => {
          const ratio = row.ratios[baseline]
          return ratio === undefined ? '' : `${ratio.p99_min} / ${ratio.p99}`
        }),
        row.own_mib,
        ...memoryOf.map(baseline => row.ratios[baseline]?.own ?? ''),
        row.file_mib,
        Number.isNaN(row.journal_bytes) ? '' : `${row.journal_bytes} + ${row.journal_padding_bytes}`,
      ]),
    ),
    '',
    'server CPU µs each by thread, least / median; checkpoint: the thread that moves the journal to the database;',
    'V8’s collect garbage and compile, libuv’s write the journal',
    table(
      ['', ...THREADS.map(thread => THREAD_LABELS[thread])],
      rows.filter(row => !Number.isNaN(row.cpu_main_us)).map(row => [name(row), ...threadCells(row)]),
    ),
    ...(floor.length === 0 ? [] : ['', floorTable(floor)]),
  ].join('\n')
}

function threadCells(row: Row): string[] {
  return THREADS.map(thread => `${row.threads_min[`cpu_${thread}_us`]} / ${row[`cpu_${thread}_us`]}`)
}

function floorTable(rows: readonly FloorRow[]): string {
  return table(
    ['one pair alone', 'delivered p50 ms', 'bare relay and one synced write', 'ratio (aim 1.3)', 'p99 by p50 (aim 3)'],
    rows.map(row => [
      PEER_LABELS[row.target],
      `${row.delivered_p50_min_ms} / ${row.delivered_p50_ms}`,
      `${row.floor_min_ms} / ${row.floor_ms}`,
      `${row.p50_ratio_min} / ${row.p50_ratio}`,
      `${row.p99_by_p50_min} / ${row.p99_by_p50}`,
    ]),
  )
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

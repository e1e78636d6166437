/** The measurement of messages (b) as people read it. */

import { BASELINES, type MessagesReport, type MessagesRow } from './messages.js'
import { PEER_LABELS } from './peers/index.js'
import { table } from './table.js'

type Row = MessagesRow & { readonly load: string }

export function messagesTables(report: MessagesReport): string {
  const { text_bytes, pairs, rounds, pinned, disk_sync_ms } = report
  const where = pinned
    ? 'all servers on one core, one at a time under load, the generator on another'
    : 'NOT pinned to cores (two cores and taskset are needed)'
  const rows: Row[] = [
    ...report.load.map(row => ({ ...row, load: `${row.in_flight} in flight` })),
    ...report.alone.map(row => ({ ...row, load: 'one pair alone' })),
  ]
  const named = BASELINES.filter(baseline => rows.some(({ ratios }) => ratios[baseline] !== undefined))
  const name = ({ load, target }: Row): string => `${load}, ${PEER_LABELS[target]}`
  return [
    `(b) messages of ${text_bytes} bytes between ${pairs} pairs of friends; ${rounds} rounds in turn; ${where}`,
    `least / median of the rounds; one write with fdatasync takes ${disk_sync_ms} ms here`,
    '',
    table(
      ['', 'server CPU µs each', ...named.map(baseline => `× ${baseline}`), 'per second', 'server / generator busy'],
      rows.map(row => [
        name(row),
        `${row.cpu_us_min} / ${row.cpu_us_per_message}`,
        ...named.map(baseline => {
          const ratio = row.ratios[baseline]
          return ratio === undefined ? '' : `${ratio.min} / ${ratio.median}`
        }),
        row.messages_per_second,
        `${percent(row.server_busy)} / ${percent(row.generator_busy)}`,
      ]),
    ),
    '',
    table(
      ['medians', 'accepted ms p50 / p99', 'delivered ms p50 / p99', ...named.map(baseline => `p99 × ${baseline}`)],
      rows.map(row => [
        name(row),
        `${row.accepted_p50_ms} / ${row.accepted_p99_ms}`,
        `${row.delivered_p50_ms} / ${row.delivered_p99_ms}`,
        ...named.map(baseline => row.ratios[baseline]?.p99 ?? ''),
      ]),
    ),
  ].join('\n')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

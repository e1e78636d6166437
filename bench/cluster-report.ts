/** The figures of the cluster as a Markdown table: docs/figures.md takes it as it is. */

import type { Aim, ClusterRow, Figure } from './cluster/row.js'
import type { ClusterReport } from './cluster.js'

export function clusterTables({ rows, pairs, rounds, pinned, redis }: ClusterReport): string {
  const where = pinned ? 'servers and Redis on one core, the generator on another' : 'NOT pinned to cores'
  const missed = rows.filter(({ kept }) => kept === false).length
  return [
    `(cluster) Redis ${redis}, ${pairs} pairs, messages of 100 bytes, medians of ${rounds}; ${where}`,
    '',
    '| what | figure | baseline of the same run | ratio | aim | |',
    '|---|---|---|---|---|---|',
    ...rows.map(line),
    '',
    missed === 0 ? 'All aims are kept.' : `${missed} of the aims ${missed === 1 ? 'is' : 'are'} missed.`,
  ].join('\n')
}

function line({ what, figure, baseline, judged, aim, kept }: ClusterRow): string {
  const beside = baseline === undefined ? '' : `${baseline.what}: ${text(baseline)}`
  const ratio = baseline === undefined ? '' : judged.toFixed(2)
  const verdict = kept === undefined ? '' : kept ? 'kept' : '**missed**'
  return `| ${[what, text(figure), beside, ratio, aimText(aim), verdict].join(' | ')} |`
}

function text({ value, unit }: Figure): string {
  return unit === '' ? String(value) : `${value} ${unit}`
}

function aimText(aim: Aim | undefined): string {
  const { atLeast, atMost } = aim ?? {}
  if (atLeast !== undefined && atMost !== undefined) return `${atLeast} to ${atMost}`
  if (atLeast !== undefined) return `≥ ${atLeast}`
  return atMost === undefined ? '' : `≤ ${atMost}`
}

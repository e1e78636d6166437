/** Figures with their aims as a Markdown table: docs/figures.md takes it as it is. */

import type { Aim, Figure, FigureRow } from './figure-row.js'

export function figureTable(rows: readonly FigureRow[]): string {
  const missed = rows.filter(({ kept }) => kept === false).length
  return [
    '| what | figure | baseline of the same run | ratio | aim | |',
    '|---|---|---|---|---|---|',
    ...rows.map(line),
    '',
    missed === 0 ? 'All aims are kept.' : `${missed} of the aims ${missed === 1 ? 'is' : 'are'} missed.`,
  ].join('\n')
}

function line({ what, figure, baseline, judged, aim, kept }: FigureRow): string {
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

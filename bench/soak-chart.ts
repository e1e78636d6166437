/** The soak as one HTML page without scripts or other files, for light and dark screens; and as a table of slopes. */

import { lineChart } from './line-chart.js'
import { TEXT } from './messages.js'
import {
  FLAT_SHARE_PER_HOUR,
  type SoakFigure,
  type SoakReport,
  type SoakSlope,
  soakLine,
  UNDECIDED_SHARE,
} from './soak.js'
import { table } from './table.js'

interface Label {
  readonly name: string
  readonly unit: string
}

const LABELS: Readonly<Record<SoakFigure, Label>> = {
  cpu_us_per_message: { name: 'server CPU for each message', unit: 'µs' },
  server_busy_percent: { name: 'server CPU, share of a core', unit: '%' },
  own_mib: { name: 'anonymous memory', unit: 'MiB' },
  file_mib: { name: 'pages of files in memory (the database’s cache)', unit: 'MiB' },
  delivered_p50_ms: { name: 'from sending to delivery, p50', unit: 'ms' },
  delivered_p99_ms: { name: 'from sending to delivery, p99', unit: 'ms' },
  loop_delay_p99_ms: { name: 'event loop delay, p99', unit: 'ms' },
  loop_delay_max_ms: { name: 'event loop delay, longest', unit: 'ms' },
  messages_per_second: { name: 'messages a second', unit: '1/s' },
  data_folder_mib: { name: 'data folder', unit: 'MiB' },
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --faint: #d5d9dd; --line: #0b6bcb; --trend: #c2410c; --page: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --faint: #3a4046; --line: #6db3f2; --trend: #fb923c; --page: #15181b }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 800px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.4em } h2 { font-size: 1.05em; margin: 1.5em 0 0 } p { margin: .3em 0 }
svg { width: 100% } svg text { font-size: 11px; fill: var(--ink) }
.grid { stroke: var(--faint) } .line, .trend { fill: none; stroke-width: 1.5 }
.line { stroke: var(--line) } .trend { stroke: var(--trend); stroke-dasharray: 6 4 }
.line-key { color: var(--line) } .trend-key { color: var(--trend) } .key { font-weight: bold; white-space: pre }
table { border-collapse: collapse } td, th { padding: .2em .8em; text-align: right; border-bottom: 1px solid var(--faint) }
td:first-child, th:first-child { text-align: left }
`

/** @param machine a line that says where it was measured */
export function soakPage(report: SoakReport, machine: string): string {
  const { samples, slopes, slopes_from_minute: from, minutes } = report
  const title = `Longwire, ${minutes} minutes at half load`
  const charts = slopes.map(slope => {
    const { figure } = slope
    const { name, unit } = LABELS[figure]
    const { slope: perMinute, meanX, meanY } = soakLine(figure, samples, from)
    const on = (minute: number): readonly [number, number] => [minute, meanY + perMinute * (minute - meanX)]
    const points = samples.map(each => [each.minute, each[figure]] as const)
    const drawn = lineChart({
      points,
      trend: [on(from), on(minutes)],
      xTitle: 'minutes since the load began',
      yUnit: unit,
      title: `${name}, ${unit}`,
    })
    return `<h2>${name}, ${unit}</h2>\n<p>${escaped(trendWords(slope))}</p>\n${drawn}`
  })
  const rows = slopes.map(
    slope =>
      `<tr>${slopeCells(slope)
        .map(cell => `<td>${escaped(`${cell}`)}</td>`)
        .join('')}</tr>`,
  )
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${title}</title><style>${STYLE}</style>`,
    `<h1>${title}</h1>`,
    `<p><b>${escaped(verdict(report))}</b></p>`,
    ...headLines(report).map(line => `<p>${escaped(line)}</p>`),
    `<p>${escaped(machine)}</p>`,
    '<p>In the charts: <span class="key line-key">——</span> a sample each 10 s,',
    '<span class="key trend-key">- - -</span> the line through them that the slope is of.</p>',
    ...charts,
    '<h2>All slopes</h2>',
    `<table><tr>${SLOPE_HEAD.map(cell => `<th>${cell}</th>`).join('')}</tr>`,
    ...rows,
    '</table>',
    '</html>\n',
  ].join('\n')
}

export function soakTables(report: SoakReport): string {
  return ['(soak)', ...headLines(report), table(SLOPE_HEAD, report.slopes.map(slopeCells)), verdict(report)].join('\n')
}

const SLOPE_HEAD = ['', 'mean', 'slope in an hour', '95 % interval', 'found']

function slopeCells({ figure, mean, per_hour, per_hour_low, per_hour_high, trend }: SoakSlope): (string | number)[] {
  const { name, unit } = LABELS[figure]
  return [
    `${name}, ${unit}`,
    short(mean),
    signed(per_hour),
    `${signed(per_hour_low)} to ${signed(per_hour_high)}`,
    trend,
  ]
}

function headLines(report: SoakReport): string[] {
  const { minutes, pairs, pinned, offered_per_second: offered, closed_loop_per_second: closed } = report
  const { closed_loop_busy: busy, held_back, slopes, slopes_from_minute: from } = report
  const where = pinned ? 'the server on one core, the generator on another' : 'NOT pinned to cores'
  const meanBusy = slopes.find(({ figure }) => figure === 'server_busy_percent')?.mean ?? Number.NaN
  return [
    `${minutes} minutes, ${pairs} pairs of friends, messages of ${TEXT.length} bytes; ${where}`,
    `full load: ${closed} messages a second, which a closed loop with one in flight of each pair reached before; the server used ${Math.round(busy * 100)} % of a core`,
    `half load: ${offered} messages a second, sent evenly; the server used ${short(meanBusy)} % of a core`,
    `${held_back} messages were due and not sent, because too many of their pair were under way`,
    `slopes by ordinary least squares, from minute ${from} on; the intervals are wider where neighbours err alike`,
    `flat: the 95 % interval holds 0, or the slope is below ${FLAT_SHARE_PER_HOUR * 100} % of the mean an hour; undecided: the interval holds 0 and is wider than ${UNDECIDED_SHARE * 100} % of the mean, so a longer run is needed`,
  ]
}

function verdict({ slopes, minutes }: SoakReport): string {
  const own = slopes.find(({ figure }) => figure === 'own_mib')
  return own === undefined ? '' : `Anonymous memory over ${minutes} minutes: ${trendWords(own)}`
}

/** The slope in words, with its interval. */
function trendWords({ figure, mean, per_hour, per_hour_low: low, per_hour_high: high, trend }: SoakSlope): string {
  const { unit } = LABELS[figure]
  const share = ((Math.abs(per_hour) / mean) * 100).toFixed(1)
  const interval = `95 % interval ${signed(low)} to ${signed(high)}`
  const holds = low <= 0 && high >= 0
  const why = holds ? 'which holds 0' : `which does not hold 0, but the slope is below ${FLAT_SHARE_PER_HOUR * 100} %`
  const words = `${signed(per_hour)} ${unit} in an hour (${share} % of the mean of ${short(mean)}), ${interval}`
  if (trend === 'flat') return `flat: ${words}, ${why}`
  return trend === 'undecided' ? `undecided: ${words}, which holds 0 and is too wide to say more` : `${trend}: ${words}`
}

function signed(value: number): string {
  return value > 0 ? `+${short(value)}` : short(value).replace('-', '−')
}

/** Three digits: the rest is noise. */
function short(value: number): string {
  return `${Number(value.toPrecision(3))}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

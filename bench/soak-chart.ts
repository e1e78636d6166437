/** The soak as one HTML page without scripts or other files, for light and dark screens; and as a table of slopes. */

import { lineChart } from './line-chart.js'
import { SOAK_FIGURES, type SoakFigure, type SoakReport, type SoakSlope, soakLine } from './soak.js'
import { table } from './table.js'

const LABELS: Readonly<Record<SoakFigure, string>> = {
  cpu_us_per_message: 'server CPU µs for each message',
  own_mib: 'anonymous memory, MiB',
  file_mib: 'pages of files in memory, MiB',
  delivered_p50_ms: 'delivered, p50, ms',
  delivered_p99_ms: 'delivered, p99, ms',
  loop_delay_p99_ms: 'event loop delay, p99, ms',
  loop_delay_max_ms: 'event loop delay, longest, ms',
  messages_per_second: 'messages a second',
  data_folder_mib: 'data folder, MiB',
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --faint: #d5d9dd; --line: #0b6bcb; --trend: #c2410c; --page: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --faint: #3a4046; --line: #6db3f2; --trend: #fb923c; --page: #15181b }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 800px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.4em } h2 { font-size: 1em; margin: 1.5em 0 0 }
svg { width: 100% } svg text { font-size: 11px; fill: var(--ink) }
.grid { stroke: var(--faint) } .line, .trend { fill: none; stroke-width: 1.5 }
.line { stroke: var(--line) } .trend { stroke: var(--trend); stroke-dasharray: 6 4 }
table { border-collapse: collapse } td, th { padding: .2em .8em; text-align: right; border-bottom: 1px solid var(--faint) }
td:first-child, th:first-child { text-align: left }
`

/** @param machine a line that says where it was measured */
export function soakPage(report: SoakReport, machine: string): string {
  const charts = SOAK_FIGURES.map(figure => {
    const { samples, slopes_from_minute: from, minutes } = report
    const { slope, meanX, meanY } = soakLine(figure, samples, from)
    const on = (minute: number): readonly [number, number] => [minute, meanY + slope * (minute - meanX)]
    const points = samples.map(each => [each.minute, each[figure]] as const)
    const drawn = lineChart({ points, trend: [on(from), on(minutes)], unit: 'min' })
    return `<h2>${LABELS[figure]}</h2>\n${drawn}`
  })
  const rows = report.slopes.map(
    slope =>
      `<tr>${slopeCells(slope)
        .map(cell => `<td>${cell}</td>`)
        .join('')}</tr>`,
  )
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>Longwire, ${report.minutes} minutes at half load</title><style>${STYLE}</style>`,
    `<h1>Longwire, ${report.minutes} minutes at half load</h1>`,
    ...headLines(report).map(line => `<p>${escaped(line)}</p>`),
    `<p>${escaped(machine)}</p>`,
    `<p><b>${escaped(verdict(report))}</b></p>`,
    `<table><tr>${SLOPE_HEAD.map(cell => `<th>${cell}</th>`).join('')}</tr>`,
    ...rows,
    '</table>',
    ...charts,
    '</html>\n',
  ].join('\n')
}

export function soakTables(report: SoakReport): string {
  return [...headLines(report), table(SLOPE_HEAD, report.slopes.map(slopeCells)), verdict(report)].join('\n')
}

const SLOPE_HEAD = ['', 'mean', 'slope in an hour', '95 % confidence']

function slopeCells({ figure, mean, per_hour, per_hour_low, per_hour_high }: SoakSlope): (string | number)[] {
  return [LABELS[figure], mean, per_hour, `${per_hour_low} to ${per_hour_high}`]
}

function headLines(report: SoakReport): string[] {
  const { minutes, pairs, pinned, offered_per_second: offered, closed_loop_per_second: closed, held_back } = report
  const where = pinned ? 'the server on one core, the generator on another' : 'NOT pinned to cores'
  return [
    `(soak) ${minutes} minutes, ${pairs} pairs of friends, ${offered} messages a second (a closed loop reached ${closed}); ${where}`,
    `${held_back} messages were due and not sent, because too many of their pair were under way`,
    `slopes by ordinary least squares, from minute ${report.slopes_from_minute} on, a sample each 10 s`,
  ]
}

function verdict({ own_memory_is_flat, slopes, minutes }: SoakReport): string {
  const {
    per_hour = 0,
    per_hour_low,
    per_hour_high,
    mean = 0,
  } = slopes.find(({ figure }) => figure === 'own_mib') ?? {}
  const share = ((per_hour / mean) * 100).toFixed(1)
  const found = `${per_hour} MiB an hour (${share} %; ${per_hour_low} to ${per_hour_high}) over ${minutes} minutes`
  return own_memory_is_flat ? `anonymous memory is flat: ${found}` : `anonymous memory is NOT flat: ${found}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

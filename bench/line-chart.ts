/** One figure over time as an SVG picture. Its colours are classes, so that the page decides about light and dark. */

export interface ChartLine {
  readonly points: readonly (readonly [x: number, y: number])[]
  /** A straight line over a part of them: from here, to there. */
  readonly trend?: readonly [from: readonly [number, number], to: readonly [number, number]]
  /** What the x axis counts, and the unit of the y axis. */
  readonly xTitle: string
  readonly yUnit: string
  /** What is drawn, for those who cannot see it. */
  readonly title: string
}

const WIDTH = 760
const HEIGHT = 210
const LEFT = 64
const RIGHT = 12
const TOP = 22
const BOTTOM = 40
const TICKS_Y = 4
const TICKS_X = 8

export function lineChart({ points, trend, xTitle, yUnit, title }: ChartLine): string {
  const drawn = points.filter(([, y]) => Number.isFinite(y))
  const [xTop = 1] = drawn.at(-1) ?? []
  const yTicks = ticks(Math.max(0, ...drawn.map(([, y]) => y)), TICKS_Y)
  const yTop = yTicks.at(-1) ?? 1
  const x = (value: number): string => (LEFT + (value / xTop) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const y = (value: number): string => (HEIGHT - BOTTOM - (value / yTop) * (HEIGHT - TOP - BOTTOM)).toFixed(1)
  const xTicks = ticks(xTop, TICKS_X).filter(tick => tick <= xTop)
  const path = drawn.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('')
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"><title>${title}</title>`,
    `<text x="${LEFT - 8}" y="12" text-anchor="end">${yUnit}</text>`,
    ...yTicks.flatMap(tick => [
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/>`,
      `<text x="${LEFT - 8}" y="${y(tick)}" dy="4" text-anchor="end">${tick}</text>`,
    ]),
    ...xTicks.map(tick => `<text x="${x(tick)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${tick}</text>`),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${xTitle}</text>`,
    `<path class="line" d="${path}"/>`,
    trend === undefined
      ? ''
      : `<path class="trend" d="M${x(trend[0][0])} ${y(trend[0][1])}L${x(trend[1][0])} ${y(trend[1][1])}"/>`,
    '</svg>',
  ].join('')
}

/** Round numbers from 0 to the first one that is not below `most`. */
function ticks(most: number, count: number): number[] {
  const rough = (most || 1) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5].find(each => each * power >= rough) ?? 10) * power
  const digits = Math.max(0, -Math.floor(Math.log10(step)))
  return Array.from({ length: Math.ceil((most || 1) / step) + 1 }, (_, i) => Number((i * step).toFixed(digits)))
}

/** Rounds in which servers take turns, and what they come to: the least and the median of each, and ratios to a baseline. */

import type { Arena, Figures, ThreadFigures } from './arena.js'
import { median, medians, rounded } from './statistics.js'
import { THREADS } from './thread-cpu.js'

export interface Rounds<Name extends string> {
  readonly name: Name
  readonly rounds: readonly Figures[]
}

/** The figures of each arena, round by round. Each takes its turn in each round. */
export async function takeTurns<Name extends string>(
  arenas: readonly Arena<Name>[],
  count: number,
  tell: (what: string) => void,
  run: (arena: Arena<Name>) => Promise<Figures>,
): Promise<Rounds<Name>[]> {
  const all = arenas.map(arena => ({ arena, name: arena.name, rounds: [] as Figures[] }))
  for (let round = 1; round <= count; round++) {
    tell(`round ${round} of ${count}`)
    for (const { arena, rounds } of all) rounds.push(await run(arena))
  }
  return all.map(({ name, rounds }) => ({ name, rounds }))
}

export interface Ratio {
  /** Of the rounds with the least CPU, and of the medians. */
  readonly min: number
  readonly median: number
  /** The delivered p99: the least ones, and the medians. */
  readonly p99_min: number
  readonly p99: number
  /** The medians of the own memory. */
  readonly own: number
}

/** The medians, and beside them the round with the least CPU. */
export interface Summary extends Figures {
  readonly cpu_us_min: number
  readonly sockets_per_turn_at_min: number
  readonly delivered_p50_min_ms: number
  readonly delivered_p99_min_ms: number
  /** The least of each kind of thread, each of whichever round. */
  readonly threads_min: ThreadFigures
}

export function summary(rounds: readonly Figures[]): Summary {
  const { cpu_us_per_message, sockets_per_turn } = tidied({ ...cheapest(rounds) })
  return {
    ...tidied(medians(rounds as never[])),
    cpu_us_min: cpu_us_per_message,
    sockets_per_turn_at_min: sockets_per_turn,
    delivered_p50_min_ms: rounded(least(rounds, 'delivered_p50_ms'), 3),
    delivered_p99_min_ms: rounded(least(rounds, 'delivered_p99_ms'), 3),
    threads_min: Object.fromEntries(
      THREADS.map(thread => [`cpu_${thread}_us`, rounded(least(rounds, `cpu_${thread}_us`), 1)]),
    ) as ThreadFigures,
  }
}

export function ratioTo(baseline: readonly Figures[], rounds: readonly Figures[]): Ratio {
  const middle = (of: readonly Figures[], name: keyof Figures): number => median(of.map(figures => figures[name]))
  const ratio = (name: keyof Figures): number => rounded(middle(rounds, name) / middle(baseline, name), 2)
  return {
    min: rounded(cheapest(rounds).cpu_us_per_message / cheapest(baseline).cpu_us_per_message, 2),
    median: ratio('cpu_us_per_message'),
    p99_min: rounded(least(rounds, 'delivered_p99_ms') / least(baseline, 'delivered_p99_ms'), 2),
    p99: ratio('delivered_p99_ms'),
    own: ratio('own_mib'),
  }
}

function least(rounds: readonly Figures[], name: keyof Figures): number {
  return Math.min(...rounds.map(figures => figures[name]))
}

/** The round with the least CPU. */
function cheapest(rounds: readonly Figures[]): Figures {
  return rounds.reduce((least, each) => (each.cpu_us_per_message < least.cpu_us_per_message ? each : least))
}

function tidied(figures: Record<string, number>): Figures {
  const entries = Object.entries(figures).map(([name, value]) => [name, rounded(value, digitsOf(name))])
  return Object.fromEntries(entries) as unknown as Figures
}

function digitsOf(name: string): number {
  if (name === 'messages_per_second') return 0
  return name.endsWith('_ms') || name.endsWith('_busy') ? 3 : 1
}

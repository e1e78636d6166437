/**
 * (n) What presence and typing cost those who talk. Pairs of friends send at a steady rate, alone and while many others type to each other,
 * two by two: each looks at the conversation and types in it all the time, once in three seconds, which is as often as it is passed on. The
 * two windows take turns.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { directConversation } from '../protocol/conversation-id.js'
import { TYPING_INTERVAL_MS } from '../protocol/limits.js'
import { METHODS } from '../protocol/methods.js'
import { dataFolder, removeFolder, startLongwire } from './children.js'
import { befriend, registerUsers, type UserPair } from './fleet.js'
import { Talk } from './login.js'
import type { Preset } from './presets.js'
import { medians, rounded } from './statistics.js'
import { table } from './table.js'

export interface SignalsReport {
  readonly pairs: number
  readonly typists: number
  /** Signals that came to those who look, while all typed. */
  readonly signals_per_second: number
  readonly quiet_p50_ms: number
  readonly quiet_p99_ms: number
  readonly typing_p50_ms: number
  readonly typing_p99_ms: number
  readonly p50_ratio: number
  readonly p99_ratio: number
}

/** A little more than the interval in which one is passed on. */
const EVERY_MS = TYPING_INTERVAL_MS + 50

export async function measureSignals(preset: Preset, say: (line: string) => void): Promise<SignalsReport> {
  const folder = dataFolder()
  const server = await startLongwire(folder)
  say(`(n) making ${preset.talkers} pairs of friends who talk, and ${preset.typists} who type`)
  const talk = new Talk(await befriend(await registerUsers(server.port, 'talk', 2 * preset.talkers)))
  const typing = new Typing(await befriend(await registerUsers(server.port, 'type', preset.typists)))
  await typing.look()
  const rounds: Record<string, number>[] = []
  talk.start()
  for (let round = 1; round <= preset.messageRounds; round++) {
    say(`(n) round ${round} of ${preset.messageRounds}`)
    await sleep(preset.warmMs)
    const quiet = await talk.window(sleep(preset.windowMs))
    typing.start()
    await sleep(Math.max(preset.warmMs, Math.min(EVERY_MS, preset.windowMs)))
    typing.signals = 0
    const loud = await talk.window(sleep(preset.windowMs))
    rounds.push({
      signals_per_second: (typing.signals * 1_000) / preset.windowMs,
      quiet_p50_ms: quiet.p50,
      quiet_p99_ms: quiet.p99,
      typing_p50_ms: loud.p50,
      typing_p99_ms: loud.p99,
      p50_ratio: loud.p50 / quiet.p50,
      p99_ratio: loud.p99 / quiet.p99,
    })
    typing.stop()
  }
  talk.stop()
  typing.close()
  await server.stop()
  removeFolder(folder)
  const figures = Object.entries(medians(rounds)).map(([name, value]) => [name, rounded(value, 2)])
  return {
    pairs: preset.talkers,
    typists: preset.typists,
    ...(Object.fromEntries(figures) as unknown as Omit<SignalsReport, 'pairs' | 'typists'>),
  }
}

/** Pairs of whom both look at the other, and type. */
class Typing {
  signals = 0
  readonly #pairs: readonly UserPair[]
  readonly #timers: NodeJS.Timeout[] = []

  constructor(pairs: readonly UserPair[]) {
    this.#pairs = pairs
    for (const { sender, receiver } of pairs) {
      for (const user of [sender, receiver]) {
        user.onSignal = () => {
          this.signals += 1
        }
      }
    }
  }

  async look(): Promise<void> {
    await Promise.all(
      this.#ways().map(([user, conversation]) =>
        user.client.request(METHODS.watch, { conversations: [{ conversation }] }),
      ),
    )
  }

  start(): void {
    const ways = this.#ways()
    ways.forEach(([user, conversation], index) => {
      const type = (): void => void user.client.request(METHODS.typing, { conversation, stopped: false })
      // Spread over the interval: people do not type in step.
      const first = setTimeout(
        () => {
          type()
          this.#timers.push(setInterval(type, EVERY_MS))
        },
        (EVERY_MS * index) / ways.length,
      )
      this.#timers.push(first)
    })
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer)
  }

  /** Cuts the connections. */
  close(): void {
    for (const [user] of this.#ways()) user.client.destroy()
  }

  #ways() {
    return this.#pairs.flatMap(({ sender, receiver }) => [
      [sender, directConversation(receiver.uid)] as const,
      [receiver, directConversation(sender.uid)] as const,
    ])
  }
}

export function signalsTables(report: SignalsReport): string {
  const { pairs, typists, signals_per_second: rate } = report
  return [
    `(n) ${pairs} pairs that talk, ${pairs * 10} messages a second, while ${typists} type: ${rate} signals a second come to who looks`,
    table(
      ['', 'p50 ms', 'p99 ms'],
      [
        ['alone', report.quiet_p50_ms, report.quiet_p99_ms],
        ['while others type', report.typing_p50_ms, report.typing_p99_ms],
        ['ratio', report.p50_ratio, report.p99_ratio],
      ],
    ),
  ].join('\n')
}

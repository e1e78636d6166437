/**
 * Notes in the store, from time to time, that this node runs. At the start it sees how far the clock has moved since. A clock that is 100
 * days ahead would end every session: time that it jumped over does not count for any age (lib/counted-time.ts).
 */
import { type CountedTime, JUMP_MS_MIN } from '../lib/counted-time.js'
import type { Engine } from '../sync/engine.js'
import { notedTime, noteTime, timeActor } from '../sync/rules/time.js'

/** The interval at which the time is noted. A crash loses at most this much: far less than what counts as a jump. */
export const NOTE_MS = 600_000

/** The most notes of other nodes that are read: more than are kept. */
const OTHERS_READ_MAX = 128

export interface ClockWatchOptions {
  /** This node's name: its clock is its own. */
  readonly node: string
  readonly engine: Engine
  readonly time: CountedTime
  /** Called when the clock jumped, or is far from where the last note left it; negative: back. */
  readonly onJump: (aheadMs: number) => void
}

export class ClockWatch {
  readonly #options: ClockWatchOptions

  constructor(options: ClockWatchOptions) {
    this.#options = options
  }

  /** Reads the last note. To be called when the engine runs, before requests are accepted. */
  async start(): Promise<void> {
    const aheadMs = await this.#note(true, await this.#others())
    if (Math.abs(aheadMs) >= JUMP_MS_MIN) this.#options.onJump(aheadMs)
  }

  async #others(): Promise<string[]> {
    const { node, engine } = this.#options
    const prefix = `${notedTime.prefix}/`
    // If the store has no answer, the next note does it.
    const found = await engine.scan(timeActor, prefix, null, OTHERS_READ_MAX).catch(() => [])
    return found.map(({ name }) => name.slice(prefix.length)).filter(name => name !== node)
  }

  /** Looks for a jump, and notes the time. */
  async look(): Promise<void> {
    const jump = this.#options.time.look()
    if (jump !== undefined) this.#options.onJump(jump.toMs - jump.fromMs)
    await this.note()
  }

  async note(): Promise<void> {
    await this.#note(false, [])
  }

  /** @returns how far the clock is from the last note; 0 if the store had no answer: the next note makes up for it */
  async #note(begins: boolean, others: readonly string[]): Promise<number> {
    const { node, engine, time } = this.#options
    const outcome = await engine.run(timeActor, noteTime, { node, others, begins, jumps: time.jumps })
    if (outcome.kind !== 'done') return 0
    time.add(outcome.result.jumps)
    return outcome.result.aheadMs
  }
}

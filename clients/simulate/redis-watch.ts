/**
 * Looks at the servers of Redis while nodes work on them: which of them were promoted, and what each of those lacked. It also cuts their
 * connections. It speaks to them by itself, in a few words, so that no library mends what it cuts.
 */

import net from 'node:net'
import type { Clock, TimerHandle } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'

const HOST = '127.0.0.1'
const LOOK_MS = 200
/** The longest wait for an answer: a server that was killed closes the connection, one that stands still does not. */
const ANSWER_MS_MAX = 1_000

/** The kinds of connections that are cut: those of nodes for data, those for events, and those between primary and replica. */
const KINDS = ['normal', 'pubsub', 'replica', 'master'] as const

/** What a server says about its part in replication. */
interface Part {
  readonly isPrimary: boolean
  /** The replicas that are linked with it. */
  readonly replicas: number
  /** The history that its data are of, and the one before. */
  readonly history: string
  readonly before: string
  /** How far it has the history, in bytes, and how far it had the one before. */
  readonly offset: number
  readonly beforeOffset: number
}

export class RedisWatch {
  /** Replicas that were promoted. */
  failovers = 0
  /**
   * The bytes of the stream of writes that promoted servers lacked. Of each dead primary it counts what it had at the last look, so there may
   * have been more.
   */
  lostBytes = 0
  readonly #ports: () => readonly number[]
  readonly #clock: Clock
  readonly #random: Random
  readonly #parts = new Map<number, Part>()
  /** How far each history was seen to go. */
  readonly #reached = new Map<string, number>()
  #timer: TimerHandle | undefined
  #isStopped = false

  /** @param ports of the servers that run at the moment */
  constructor(ports: () => readonly number[], clock: Clock, random: Random) {
    this.#ports = ports
    this.#clock = clock
    this.#random = random
  }

  /** How far the history of a primary was seen to go, in bytes. */
  seen(port: number): number {
    return this.#reached.get(this.#parts.get(port)?.history ?? '') ?? 0
  }

  /** The primaries that have a replica to take their place. */
  get replaceable(): ReadonlySet<number> {
    return new Set([...this.#parts].flatMap(([port, part]) => (part.isPrimary && part.replicas > 0 ? [port] : [])))
  }

  start(): void {
    void this.#look()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Closes all connections of one kind at one server. */
  async cut(): Promise<void> {
    const ports = this.#ports()
    const port = ports[this.#random.integer(Math.max(1, ports.length))]
    const kind = KINDS[this.#random.integer(KINDS.length)]
    if (port !== undefined) await this.#ask(port, `CLIENT KILL TYPE ${kind} SKIPME yes`)
  }

  async #look(): Promise<void> {
    await Promise.all(
      this.#ports().map(async port => {
        const part = partIn(await this.#ask(port, 'INFO replication'))
        if (part !== undefined) this.#note(port, part)
      }),
    )
    if (!this.#isStopped) this.#timer = this.#clock.after(LOOK_MS, () => void this.#look())
  }

  #note(port: number, part: Part): void {
    const known = this.#parts.get(port)
    this.#parts.set(port, part)
    if (part.isPrimary && known?.isPrimary === false) {
      this.failovers += 1
      this.lostBytes += Math.max(0, (this.#reached.get(part.before) ?? 0) - part.beforeOffset)
    }
    if (part.isPrimary) this.#reached.set(part.history, part.offset)
  }

  /** Asks one thing on a connection of its own. @returns '' without an answer */
  #ask(port: number, words: string): Promise<string> {
    return new Promise(resolve => {
      let answer = ''
      const socket = net.connect(port, HOST)
      const late = this.#clock.after(ANSWER_MS_MAX, () => socket.destroy())
      socket.setEncoding('utf8').on('data', (text: string) => {
        answer += text
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        late.cancel()
        resolve(answer)
      })
      socket.write(`${words}\r\nQUIT\r\n`)
    })
  }
}

/** Reads an answer to INFO replication; undefined: it is none. */
export function partIn(info: string): Part | undefined {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
  const role = field('role')
  if (role === undefined) return undefined
  return {
    isPrimary: role === 'master',
    replicas: Number(field('connected_slaves')),
    history: field('master_replid') ?? '',
    before: field('master_replid2') ?? '',
    offset: Number(field('master_repl_offset')),
    // It names the first byte that it does not share.
    beforeOffset: Number(field('second_repl_offset')) - 1,
  }
}

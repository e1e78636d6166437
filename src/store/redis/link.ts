/**
 * One connection to one primary, used for rounds and nothing else. A round is what waits for it, then one WAIT: a WAIT blocks all that is
 * behind it on its connection, so 16 scripts with one WAIT take 0.8 ms, and with one each 8 ms. One round is in flight; the rest gathers.
 *
 *            ask             end of turn         all answered, stable
 *   idle ───────────► gathering ───────► in flight ──────────────────► idle, or gathering
 *    ▲                                      │ connection lost, too slow, or another history: LostError for the whole round
 *    └──────────────────────────────────────┘
 *
 * While there is no connection, what is asked is refused at once with NotSentError. ioredis keeps reconnecting. It sends nothing again, and
 * may leave promises of lost commands pending, so this file settles them itself.
 */

import { Redis, type RedisOptions } from 'ioredis'
import type { Clock, TimerHandle } from '../../lib/clock.js'
import type { Defer } from '../../lib/turn.js'

/** The command was certainly not sent. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError'
}

/** The command may have been carried out, and perhaps not for good. */
export class LostError extends Error {
  override readonly name = 'LostError'
}

export type Command = readonly [name: string, ...args: (string | Buffer | number)[]]

/** A reply: what Redis gave, or its refusal. */
export type Reply = { readonly value: unknown } | { readonly refusal: Error }

export interface LinkOptions {
  readonly connection: RedisOptions
  readonly clock: Clock
  readonly defer: Defer
  /** The most commands in one round. */
  readonly commandsMax: number
  /** The number of replicas that must have what a round wrote or saw; 0: none. */
  readonly replicas: number
  /** Called with each error of the connection; the same one may come again and again. */
  readonly onError: (error: Error) => void
  /** Called while an answer does not come, once a second. */
  readonly onSilence: () => void
}

interface Asked {
  readonly commands: readonly Command[]
  readonly resolve: (replies: readonly Reply[]) => void
  readonly reject: (error: Error) => void
}

/** The time that one WAIT blocks for. It is repeated, so that a dead connection is noticed in between. */
const WAIT_MS = 500
/** The most that waits for the next rounds: while a replica is missing, a round may last for long. */
const WAITING_MAX = 4_096
/** The time for which the end waits for what is in flight: replicas may be missing for long, and nobody waits for its answer any more. */
const CLOSE_MS_MAX = 500
/** The time after which a connection that does not answer is given up. A disk may need some seconds to sync. */
const SILENCE_MS_MAX = 10_000
/** The time without an answer after which somebody else may be asked what goes on. */
const SILENCE_STEP_MS = 1_000
const RECONNECT_MS_MIN = 50
const RECONNECT_MS_MAX = 1_000

export class Link {
  readonly #options: LinkOptions
  readonly #redis: Redis
  #waiting: Asked[] = []
  #flying: readonly Asked[] = []
  #gathering = false
  /** The history that the server had when it was last asked; undefined: there is no connection. */
  #history: string | undefined
  /** The number of the connection: what an earlier one says is not heard. */
  #generation = 0
  #closed = false
  #idle: (() => void) | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#redis = new Redis({
      ...options.connection,
      protocol: 2,
      replyMapping: 'legacy',
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      enableAutoPipelining: false,
      maxRetriesPerRequest: null,
      retryStrategy: tries => Math.min(RECONNECT_MS_MAX, RECONNECT_MS_MIN * 2 ** Math.min(tries - 1, 10)),
      // A primary that became a replica: its new primary is somewhere else.
      reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    })
    this.#redis.on('error', (error: Error) => options.onError(error))
    this.#redis.on('ready', () => this.#onReady())
    this.#redis.on('close', () => this.#onClose())
    this.#redis.connect().catch(() => {})
  }

  get up(): boolean {
    return this.#history !== undefined
  }

  /** Asks in the next round. The replies are stable when it settles. @throws NotSentError, LostError */
  ask(commands: readonly Command[]): Promise<readonly Reply[]> {
    if (!this.up || this.#closed) return Promise.reject(new NotSentError('there is no connection to Redis'))
    if (this.#waiting.length >= WAITING_MAX) return Promise.reject(new NotSentError('too much waits for Redis'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commands, resolve, reject })
      this.#gather()
    })
  }

  /** Gives up the connection, and makes another. Nobody waits until one whose server stands still is closed. */
  drop(): void {
    this.#redis.disconnect(true)
    this.#onClose()
  }

  /** Ends the connection, when what is in flight is answered. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#flying.length + this.#waiting.length > 0) {
      await new Promise<void>(resolve => {
        this.#idle = resolve
        this.#options.clock.after(CLOSE_MS_MAX, resolve)
      })
    }
    this.#redis.disconnect()
    this.#onClose()
  }

  #gather(): void {
    if (this.#gathering || this.#flying.length > 0) return
    this.#gathering = true
    this.#options.defer(() => {
      this.#gathering = false
      if (this.#waiting.length > 0 && this.#flying.length === 0) void this.#round()
    })
  }

  async #round(): Promise<void> {
    const generation = this.#generation
    const round = this.#take()
    this.#flying = round
    try {
      const replies = await this.#stable(round.flatMap(asked => asked.commands))
      if (generation !== this.#generation) return
      this.#flying = []
      let at = 0
      for (const { commands, resolve } of round) {
        resolve(replies.slice(at, at + commands.length))
        at += commands.length
      }
    } catch (error) {
      if (generation !== this.#generation) return
      this.#flying = []
      const lost = error instanceof LostError ? error : new LostError('a round got no answer', { cause: error })
      for (const { reject } of round) reject(lost)
    }
    this.#rest()
  }

  #take(): Asked[] {
    let commands = 0
    let count = 0
    for (const asked of this.#waiting) {
      commands += asked.commands.length
      if (count > 0 && commands > this.#options.commandsMax) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  #rest(): void {
    if (this.#waiting.length > 0) this.#gather()
    else if (this.#flying.length === 0) this.#idle?.()
  }

  /** Sends commands; settles when all that they wrote or saw is on the replicas, in the history that the connection began in. */
  async #stable(commands: readonly Command[]): Promise<readonly Reply[]> {
    const { replicas } = this.#options
    if (replicas === 0) return this.#send(commands)
    const tail: readonly Command[] = [
      ['WAIT', replicas, WAIT_MS],
      ['INFO', 'replication'],
    ]
    const replies = await this.#send([...commands, ...tail])
    let ends = replies.slice(commands.length)
    for (;;) {
      const history = historyIn(valueIn(ends[1]))
      if (history !== this.#history) {
        this.#history = history
        throw new LostError('Redis has another history than before: writes may be lost')
      }
      if (Number(valueIn(ends[0])) >= replicas) return replies
      ends = [...(await this.#send(tail))]
    }
  }

  /** Sends commands at once, as one piece. Rejects if the connection ends or is silent for too long. */
  #send(commands: readonly Command[]): Promise<readonly Reply[]> {
    return new Promise((resolve, reject) => {
      const pipeline = this.#redis.pipeline()
      for (const [name, ...args] of commands) pipeline.callBuffer(name, ...args)
      const { clock, onSilence } = this.#options
      const generation = this.#generation
      let silentMs = 0
      const wait = (): TimerHandle =>
        clock.after(SILENCE_STEP_MS, () => {
          if (generation !== this.#generation) return
          silentMs += SILENCE_STEP_MS
          silence = wait()
          if (silentMs < SILENCE_MS_MAX) onSilence()
          else this.drop()
        })
      let silence = wait()
      pipeline
        .exec()
        .then(results => resolve((results ?? []).map(replyOf)))
        .catch(reject)
        .finally(() => silence.cancel())
    })
  }

  #onReady(): void {
    const generation = ++this.#generation
    this.#send([['INFO', 'replication']])
      .then(([info]) => {
        if (generation === this.#generation) this.#history = historyIn(valueIn(info))
      })
      .catch((error: Error) => {
        if (generation !== this.#generation) return
        this.#options.onError(error)
        this.#redis.disconnect(true)
      })
  }

  #onClose(): void {
    this.#generation++
    this.#history = undefined
    const [flying, waiting] = [this.#flying, this.#waiting]
    this.#flying = []
    this.#waiting = []
    for (const { reject } of flying) reject(new LostError('the connection to Redis was lost'))
    for (const { reject } of waiting) reject(new NotSentError('the connection to Redis was lost'))
    this.#idle?.()
  }
}

/** Tells a refusal of the server from an error of the connection, which it throws. */
function replyOf([error, value]: readonly [Error | null, unknown]): Reply {
  if (error === null) return { value }
  if (error.name !== 'ReplyError') throw error
  return { refusal: error }
}

/**
 * The number of commands that were carried out before the first that was refused in a way that says that nothing was done. Those behind it
 * were refused, too, or it is not known what may be sent again. @throws LostError
 */
export function doneBefore(replies: readonly Reply[], isUndone: (refusal: Error) => boolean): number {
  const undone = (reply: Reply): boolean => 'refusal' in reply && isUndone(reply.refusal)
  const first = replies.findIndex(undone)
  if (first < 0) return replies.length
  if (!replies.slice(first).every(undone)) throw new LostError('a part of a round was refused')
  return first
}

export function valueIn(reply: Reply | undefined): unknown {
  if (reply === undefined) throw new LostError('a reply is missing')
  if ('refusal' in reply) throw reply.refusal
  return reply.value
}

/** The id of a server's replication history in the text of INFO. */
export function historyIn(info: unknown): string | undefined {
  return /master_replid:([0-9a-f]+)/.exec(String(info))?.[1]
}

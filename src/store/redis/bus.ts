/**
 * The way between nodes: sharded pub/sub, with one channel for each node. The slot of the channel's name says which primary carries it.
 * Messages go out with the questions to that primary (Primary.control). One more connection is subscribed to the own channel:
 *
 *              connected, subscribed                  the connection ends, or the slot moves, or it hears nothing
 *   waiting ──────────────────────────► subscribed ───────────────────────────────────────────────► waiting, longer each time
 *
 * It hears nothing if a message that the node sends to itself was taken by Redis, and does not come. So a subscription that has silently
 * ended is found within 3 s. Nothing is kept while a primary is away: what is not sent is lost, and its receiver finds that out.
 */

import { Redis } from 'ioredis'
import { type Clock, pause, type TimerHandle } from '../../lib/clock.js'
import type { BusOptions, NodeBus } from '../node-ports.js'
import type { NodeId } from '../types.js'
import { channelOf, partitionOfNode } from './keys.js'
import { valueIn } from './link.js'
import { routed, type Topology } from './topology.js'

export interface RedisBusOptions extends BusOptions {
  readonly topology: Topology
  readonly clock: Clock
}

/** The most bytes on their way to Redis. What is above it is lost: a primary that takes nothing must not fill the memory. */
export const FLYING_BYTES_MAX = 2 ** 24
/** The time between two looks whether the subscription hears. */
export const TICK_MS = 1_000
/** The time after which a message to itself is missed: at the next tick. */
const MISSED_MS = 0.9 * TICK_MS
const AGAIN_MS_MIN = 50
const AGAIN_MS_MAX = 2_000
/** The message that a node sends to itself. */
const ECHO = new Uint8Array(0)

export class RedisBus implements NodeBus {
  readonly #options: RedisBusOptions
  readonly #channel: string
  #flyingBytes = 0
  /** The connection that is subscribed, or is about to be. */
  #subscriber: Redis | undefined
  #heard = false
  /** The time when Redis took the first message to itself that was not heard. */
  #echoMs: number | undefined
  #timer: TimerHandle | undefined
  #closed = false

  constructor(options: RedisBusOptions) {
    this.#options = options
    this.#channel = channelOf(options.node)
    void this.#stay()
    this.#tick()
  }

  send(node: NodeId, message: Uint8Array): boolean {
    const { topology } = this.#options
    const partition = partitionOfNode(node)
    const isUp = topology.primaryOf(partition)?.control.up === true
    if (!isUp || this.#closed || this.#flyingBytes + message.length > FLYING_BYTES_MAX) return false
    this.#publish(node, message).catch(() => {})
    return true
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#subscriber?.disconnect()
  }

  async #publish(node: NodeId, message: Uint8Array): Promise<void> {
    const { length } = message
    const bytes = Buffer.from(message.buffer, message.byteOffset, length)
    this.#flyingBytes += length
    try {
      const partition = partitionOfNode(node)
      const [reply] = await routed(this.#options.topology, partition, 'control', [['SPUBLISH', channelOf(node), bytes]])
      valueIn(reply)
    } finally {
      this.#flyingBytes -= length
    }
  }

  /** Subscribes again and again, until it is closed. */
  async #stay(): Promise<void> {
    const { clock, topology } = this.#options
    for (let againMs = AGAIN_MS_MIN; !this.#closed; againMs = Math.min(AGAIN_MS_MAX, 2 * againMs)) {
      if (await this.#subscription()) againMs = AGAIN_MS_MIN
      if (this.#closed) return
      // The channel may be another primary's now.
      void topology.refresh()
      await pause(clock, againMs)
    }
  }

  /** Subscribes, and settles when the subscription has ended. @returns whether there was one */
  async #subscription(): Promise<boolean> {
    const { topology, node, onSubscribed } = this.#options
    const primary = topology.primaryOf(partitionOfNode(node))
    if (primary === undefined) return false
    const redis = new Redis({
      ...primary.connection,
      protocol: 2,
      replyMapping: 'legacy',
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: null,
      retryStrategy: null,
    })
    this.#subscriber = redis
    const ended = new Promise<void>(resolve => redis.once('end', resolve))
    redis.on('error', () => {}) // the end follows, and the other connections tell their errors
    redis.on('smessageBuffer', (_channel: Buffer, message: Buffer) => this.#receive(message))
    redis.on('moved', () => redis.disconnect())
    try {
      await redis.connect()
      await redis.ssubscribe(this.#channel)
    } catch (error) {
      if (error instanceof Error) topology.redirected(partitionOfNode(node), error, primary)
      redis.disconnect()
      return false
    }
    this.#echoMs = undefined
    onSubscribed()
    await ended
    return true
  }

  #receive(message: Buffer): void {
    this.#heard = true
    this.#echoMs = undefined
    if (message.length > 0) this.#options.receive(message)
  }

  /** Looks whether the subscription hears. Beats of other nodes are enough; a node that hears none sends itself a message. */
  #tick(): void {
    const { clock, node } = this.#options
    if (this.#echoMs !== undefined && clock.monotonic() - this.#echoMs > MISSED_MS) {
      this.#echoMs = undefined
      this.#subscriber?.disconnect()
    }
    if (!this.#heard) {
      const sent = this.#publish(node, ECHO)
      sent.then(
        () => {
          if (!this.#heard) this.#echoMs ??= clock.monotonic()
        },
        () => {},
      )
    }
    this.#heard = false
    this.#timer = clock.after(TICK_MS, () => this.#tick())
  }
}

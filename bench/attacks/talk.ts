/** Two honest users who are friends and talk both ways, at a steady rate, and how long their messages take. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Samples } from '../statistics.js'
import type { BenchUser } from '../user.js'

/** The pause between two messages of one of them. */
export const TALK_EVERY_MS = 20
const ACK_EVERY_MS = 500
/** The time limit of a message; one that has not come by then counts with this time. */
const LATE_MS_MAX = 10_000

export interface Delays {
  readonly p50: number
  readonly p99: number
}

export class Talk {
  readonly #users: readonly [BenchUser, BenchUser]
  readonly #delivered = new Samples()
  /** The times at which messages under way were sent, by sender and number. */
  readonly #sentMs = [new Map<number, number>(), new Map<number, number>()] as const

  constructor(users: readonly [BenchUser, BenchUser]) {
    this.#users = users
    for (const [index, sentMs] of this.#sentMs.entries()) {
      const receiver = users[1 - index] as BenchUser
      receiver.onMessage = sendSeq => {
        this.#delivered.add(performance.now() - (sentMs.get(sendSeq) ?? 0))
        sentMs.delete(sendSeq)
      }
    }
  }

  /** Talks for so long, and waits until everything has come: what is late counts most. */
  async window(ms: number): Promise<Delays> {
    this.#delivered.clear()
    const timers = this.#users.flatMap((user, index) => {
      const peer = this.#users[1 - index] as BenchUser
      return [
        setInterval(() => this.#send(user, peer, this.#sentMs[index]), TALK_EVERY_MS),
        setInterval(() => user.ack(peer.uid), ACK_EVERY_MS),
      ]
    })
    await sleep(ms)
    for (const timer of timers) clearInterval(timer)
    const deadlineMs = performance.now() + LATE_MS_MAX
    while (this.#underWay > 0 && performance.now() < deadlineMs) await sleep(1)
    for (const sentMs of this.#sentMs) {
      for (const atMs of sentMs.values()) this.#delivered.add(performance.now() - atMs)
    }
    return { p50: this.#delivered.percentile(0.5), p99: this.#delivered.percentile(0.99) }
  }

  close(): void {
    for (const { client } of this.#users) client.destroy()
  }

  get #underWay(): number {
    return this.#sentMs[0].size + this.#sentMs[1].size
  }

  #send(user: BenchUser, peer: BenchUser, sentMs: Map<number, number> | undefined): void {
    const frame = user.nextSend(peer.uid, 'a message of everyday length')
    sentMs?.set(user.sent, performance.now())
    user.client.write(frame)
  }
}

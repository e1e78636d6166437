/** Longwire itself, of this checkout or of another one: users who are friends, and acknowledge as the reference client does. */

import { Arena } from '../arena.js'
import { type StartOptions, startLongwire } from '../children.js'
import { befriend, registerUsers, type UserPair } from '../fleet.js'
import { LongwirePair, Tally } from '../pairs.js'
import type { BenchTransport } from '../raw-client.js'
import type { BenchUser } from '../user.js'

export interface LongwireArenaOptions extends StartOptions {
  /** The data folder; absent: the store memory. */
  readonly folder?: string
  readonly pairs: number
  readonly text: string
  readonly transport?: BenchTransport
}

/** The delay of an ack after the first item that is not acknowledged, as in the reference client. */
const ACK_AFTER_MS = 500
const ACK_TICK_MS = 50

export async function openLongwire<Name extends string>(
  name: Name,
  options: LongwireArenaOptions,
): Promise<Arena<Name>> {
  return new Arena(name, await longwireParts(options))
}

/** A server with its pairs of friends, before they are loaded. */
export async function longwireParts(options: LongwireArenaOptions) {
  const { folder, text, transport } = options
  const server = await startLongwire(folder, options)
  const port = transport === 'ws' ? server.httpPort : server.port
  const users = await befriend(await registerUsers(port, 'user', 2 * options.pairs, transport))
  const tally = new Tally()
  const pairs = users.map(pair => new LongwirePair(tally, pair, text))
  return { server, tally, pairs, timer: acknowledging(users) }
}

/** Lets the users acknowledge as the reference client does, until the timer is cleared. */
export function acknowledging(users: readonly UserPair[]): NodeJS.Timeout {
  return setInterval(() => acknowledge(users), ACK_TICK_MS)
}

function acknowledge(pairs: readonly UserPair[]): void {
  const dueBefore = performance.now() - ACK_AFTER_MS
  const ack = (user: BenchUser, peer: BenchUser): void => {
    if (user.ackDueSince !== 0 && user.ackDueSince <= dueBefore) user.ack(peer.uid)
  }
  for (const { sender, receiver } of pairs) {
    ack(sender, receiver)
    ack(receiver, sender)
  }
}

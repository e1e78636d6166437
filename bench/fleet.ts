/** Many users at once: registered, connected, and befriended two by two. */

import type { BenchTransport } from './raw-client.js'
import { BenchUser } from './user.js'

/** Connections opened at a time: the kernel queues that many, and the server hashes their passwords one by one. */
const AT_ONCE = 100

/** @param prefix of the account names, which are new on this server */
export function registerUsers(
  port: number,
  prefix: string,
  count: number,
  transport?: BenchTransport,
): Promise<BenchUser[]> {
  return inParallel(count, index => BenchUser.register(port, `${prefix}${index}`, transport))
}

export interface UserPair {
  readonly sender: BenchUser
  readonly receiver: BenchUser
}

/** The first two are a pair, the next two … Both ask each other, which makes them friends in one round trip. */
export async function befriend(users: readonly BenchUser[]): Promise<UserPair[]> {
  const pairs = Array.from({ length: users.length >> 1 }, (_, i) => {
    return { sender: users[2 * i] as BenchUser, receiver: users[2 * i + 1] as BenchUser }
  })
  await Promise.all(
    pairs.map(({ sender, receiver }) => Promise.all([sender.ask(receiver.uid), receiver.ask(sender.uid)])),
  )
  return pairs
}

/** Runs `make` for 0 to count - 1, some at a time; the results in order. */
export async function inParallel<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = new Array(count)
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) results[index] = await make(index)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker))
  return results
}

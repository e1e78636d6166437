/** Accounts of an attacker, made before the limits are there. */

import { registerUsers } from '../fleet.js'
import type { BenchUser } from '../user.js'
import type { Account, Site } from './types.js'

/** Makes so many users, each with the next `friends` of them as friends on both sides, in a ring. */
export async function ring({ port }: Site, count: number, friends: number): Promise<Account[]> {
  const users = await registerUsers(port, 'ring', count)
  const uids = users.map(user => user.uid)
  const friendsOf = uids.map((_, index) => {
    const steps = Array.from({ length: friends >> 1 }, (_, i) => i + 1)
    return steps.flatMap(step => [index + step, index - step + count]).map(at => uids[at % count] ?? 0)
  })
  await Promise.all(users.map((user, index) => askAll(user, friendsOf[index] ?? [])))
  return users.map((user, index) => left(user, friendsOf[index]))
}

/** The user's connection is cut, its account is the attacker's. */
export function left(user: BenchUser, peers: readonly number[] = []): Account {
  user.client.destroy()
  const { uid, token } = user.session
  return { uid, token: Buffer.from(token).toString('base64url'), attempt: user.attempt, sendSeq: user.sent, peers }
}

/** One after the other: there are only so many ids. */
async function askAll(user: BenchUser, uids: readonly number[]): Promise<void> {
  for (const uid of uids) await user.ask(uid)
}

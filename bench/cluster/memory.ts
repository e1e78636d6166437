/** The memory that Redis takes for a user with ten friends who does nothing, and for a stored message beside its own bytes. */

import { join } from 'node:path'
import { encodeMessageItem } from '../../protocol/item-codec.js'
import { present } from '../../src/lib/assert.js'
import { drained, rested } from '../arena.js'
import { startLongwire } from '../children.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { registerUsers } from '../fleet.js'
import { TEXT } from '../messages.js'
import { LongwirePair, Tally } from '../pairs.js'
import type { BenchUser } from '../user.js'
import type { CostContext } from './cost.js'
import { infoSum, startRedis } from './redis.js'

/** Each asks these many neighbours, and is asked by as many: ten friends. */
const NEIGHBOURS = 5
/** Friendships that are made at a time. */
const IN_FLIGHT = 10

export async function measureMemory({ folder, preset, say }: CostContext): Promise<FigureRow[]> {
  const { memoryUsers: count, memoryMessages: messages } = preset
  say(`(cluster) the memory of ${count} users, and of ${messages} messages of each`)
  const redis = await startRedis({ folder: join(folder, 'memory') })
  const node = await startLongwire(undefined, { redis: redis.url })
  const used = async (): Promise<number> => {
    await rested([node.pid, ...redis.primaries.map(({ pid }) => pid)])
    return infoSum(redis.clients, 'memory', 'used_memory')
  }
  const empty = await used()
  const users = await registerUsers(node.port, 'user', count)
  const at = (index: number): BenchUser => present(users[index % count], 'the user')
  for (let distance = 1; distance <= NEIGHBOURS; distance++) {
    await Promise.all(
      users.map((user, i) => Promise.all([user.ask(at(i + distance).uid), at(i + distance).ask(user.uid)])),
    )
  }
  const idle = await used()
  const tally = new Tally()
  const pairs = users.map((sender, i) => new LongwirePair(tally, { sender, receiver: at(i + 1) }, TEXT))
  for (let sent = 0; sent < messages; sent += IN_FLIGHT) {
    for (const pair of pairs) for (let i = 0; i < IN_FLIGHT; i++) pair.sendOne()
    await drained('memory', tally)
  }
  const full = await used()
  for (const pair of pairs) pair.close()
  await node.stop()
  await redis.stop()
  return [
    figureRow({
      what: 'memory of Redis for an idle user with 10 friends',
      value: (idle - empty) / count / 1024,
      unit: 'KB',
      aim: { atMost: 12 },
    }),
    figureRow({
      what: 'memory of Redis for a message of 100 bytes, in both timelines',
      value: (full - idle) / tally.delivered,
      unit: 'bytes',
      baseline: { what: 'its two items', value: 2 * itemBytes(at(0)) },
      aim: { atMost: 1.3 },
    }),
  ]
}

/** The bytes of a message as a timeline has it. */
function itemBytes({ uid, sent }: BenchUser): number {
  return encodeMessageItem({ sender: uid, device: 1, sendSeq: sent, atMs: Date.now(), recipient: 0, text: TEXT }).length
}

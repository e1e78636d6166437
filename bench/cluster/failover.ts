/**
 * The time without service after a primary's death, until everybody can send again, beside that of a bare client of the same Cluster at the
 * same death. Each primary has two replicas: with one, nothing is acknowledged until the dead server is back.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster } from 'ioredis'
import { createSendRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { present } from '../../src/lib/assert.js'
import { startLongwire } from '../children.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { befriend, registerUsers } from '../fleet.js'
import { TEXT } from '../messages.js'
import { medians } from '../statistics.js'
import type { BenchUser } from '../user.js'
import type { CostContext } from './cost.js'
import { startRedis } from './redis.js'

const REPLICAS = 2
/** Enough that each primary has many of them. */
const PAIRS = 32
const KEYS = 2 * PAIRS
/** The pause before a refused command is repeated. */
const AGAIN_MS = 20
/** A death too many: who is not served so long after it is never served. */
const SERVED_MS_MAX = 60_000

export async function measureFailover({ folder, preset, settle, say }: CostContext): Promise<FigureRow[]> {
  say(`(cluster) a Cluster with ${REPLICAS} replicas of each primary`)
  const redis = await startRedis({ folder: join(folder, 'failover'), replicas: REPLICAS })
  const node = await startLongwire(undefined, { redis: redis.url })
  const pairs = await befriend(await registerUsers(node.port, 'user', 2 * PAIRS))
  settle([node, ...redis.primaries, ...redis.replicas])
  const bare = new Cluster([{ host: '127.0.0.1', port: present(redis.replicas[0], 'a replica').port }])
  bare.on('error', () => {})
  const everybodySends = (): Promise<number> =>
    lastOf(
      pairs.flatMap(({ sender, receiver }) => [
        sendUntilAccepted(sender, receiver),
        sendUntilAccepted(receiver, sender),
      ]),
    )
  const allSet = (): Promise<number> =>
    lastOf(Array.from({ length: KEYS }, (_, i) => served(() => bare.set(`{${i}}bare`, TEXT))))
  const rounds: { readonly users_ms: number; readonly bare_ms: number }[] = []
  for (const [i, primary] of redis.primaries.slice(0, preset.rounds).entries()) {
    await Promise.all([everybodySends(), allSet()])
    say(`(cluster) death of a primary, ${i + 1} of ${preset.rounds}`)
    await primary.kill()
    const [users_ms, bare_ms] = await Promise.all([everybodySends(), allSet()])
    rounds.push({ users_ms, bare_ms })
  }
  const { users_ms, bare_ms } = medians(rounds)
  bare.disconnect()
  for (const { sender, receiver } of pairs) for (const { client } of [sender, receiver]) client.destroy()
  await node.stop()
  await redis.stop()
  return [
    figureRow({
      what: `no service after a primary’s death, ${REPLICAS} replicas each, node timeout 1 s`,
      value: users_ms / 1000,
      unit: 's',
      baseline: { what: 'a bare client', value: bare_ms / 1000 },
      aim: { atMost: 1.5 },
    }),
  ]
}

/** The time until all are done, in ms. */
async function lastOf(all: readonly Promise<unknown>[]): Promise<number> {
  const startMs = performance.now()
  await Promise.all(all)
  return performance.now() - startMs
}

function sendUntilAccepted(sender: BenchUser, receiver: BenchUser): Promise<void> {
  const sendSeq = ++sender.sent
  sender.accepted = sendSeq
  const request = createSendRequest({ sendSeq, to: receiver.uid, text: TEXT })
  return served(() => sender.client.request(METHODS.send, request))
}

/** Repeats what is refused until it is done. @throws Error with the last refusal if it never is */
async function served(once: () => Promise<unknown>): Promise<void> {
  for (const untilMs = performance.now() + SERVED_MS_MAX; ; ) {
    try {
      await once()
      return
    } catch (error) {
      if (performance.now() > untilMs) throw error
      await sleep(AGAIN_MS)
    }
  }
}

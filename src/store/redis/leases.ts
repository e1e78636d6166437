/**
 * The leases of the nodes: one hash, judged by Redis's own clock in a script, because no two nodes' clocks are the same.
 *
 *   KEYS    the hash
 *   ARGV    node, lifetime in ms, status; or nothing: the leases are only listed
 *   reply   { now in ms, node, time left in ms, status, … }
 *
 * A lease is its end, its lifetime and its status. Another primary's clock may be behind after a promotion, so no end is believed that lies
 * further ahead than the lifetime. What is no lease is as good as ended. A lease is small and must be renewed even while the memory is full.
 */

import type { Clock } from '../../lib/clock.js'
import type { Lease, LeaseStore, LeaseView } from '../node-ports.js'
import type { NodeId } from '../types.js'
import { LEASES_KEY, LEASES_PARTITION } from './keys.js'
import { SmallScript } from './small-script.js'
import type { Topology } from './topology.js'

const LIFETIME_MS_MAX = 86_400_000

const LEASES_SCRIPT = `#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %.0f ', now + ARGV[2], ARGV[2]) .. ARGV[3])
end
local reply = { string.format('%.0f', now) }
local leases = redis.call('HGETALL', KEYS[1])
for i = 1, #leases, 2 do
  local ends, lifetime, status = string.match(leases[i + 1], '^(%d+) (%d+) (.*)$')
  local left = ends and ends - now or 0
  if left > 0 and left <= math.min(lifetime, ${LIFETIME_MS_MAX}) then
    reply[#reply + 1] = leases[i]
    reply[#reply + 1] = string.format('%.0f', left)
    reply[#reply + 1] = status
  elseif ARGV[1] then
    redis.call('HDEL', KEYS[1], leases[i])
  end
end
return reply
`

/** The time that an answer is waited for. A lease has to be asked for again soon. */
const ANSWER_MS_MAX = 900

export class RedisLeases implements LeaseStore {
  readonly #script: SmallScript

  constructor(topology: Topology, clock: Clock) {
    this.#script = new SmallScript({ topology, clock, source: LEASES_SCRIPT, answerMs: ANSWER_MS_MAX })
  }

  renew(node: NodeId, status: string, ttlMs: number): Promise<LeaseView> {
    return this.#ask([node, ttlMs, status])
  }

  /** Lists the leases as they are. */
  list(): Promise<LeaseView> {
    return this.#ask([])
  }

  async #ask(values: readonly (string | number)[]): Promise<LeaseView> {
    return viewOf(await this.#script.call(LEASES_PARTITION, LEASES_KEY, values))
  }
}

function viewOf(reply: unknown): LeaseView {
  const [now, ...rest] = Array.isArray(reply) ? reply.map(String) : []
  const leases: Lease[] = []
  for (let i = 0; i + 2 < rest.length; i += 3) {
    leases.push({ node: rest[i] ?? '', leftMs: Number(rest[i + 1]), status: rest[i + 2] ?? '' })
  }
  return { nowMs: Number(now), leases }
}

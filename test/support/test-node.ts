/** A node for tests: passwords are cheap, and nothing is limited. */
import { backlogBounds } from '../../src/connection/backlog.js'
import type { Clock } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { Node } from '../../src/node/node.js'
import type { NodeOptions } from '../../src/node/options.js'
import { silentLog } from '../../src/ops/log.js'
import { CHEAP_COST, Passwords } from '../../src/services/passwords.js'
import { InlineWorkers } from '../../src/workers/inline.js'

const DAY_MS = 86_400_000

export interface TestNodeOptions
  extends Pick<NodeOptions, 'name' | 'store' | 'onFatal' | 'network' | 'prefers' | 'links' | 'home'> {
  readonly clock: Clock
  readonly random: Random
}

export function testNode(options: TestNodeOptions): Node {
  const { random } = options
  const workers = new InlineWorkers()
  return new Node({
    ...options,
    defer: endOfTurn,
    log: silentLog,
    passwords: new Passwords({ random, cost: CHEAP_COST, workers }),
    workers,
    settings: {
      limits: 'open',
      retention: { keepMs: DAY_MS, keepItems: 1_000, keepBytes: Number.POSITIVE_INFINITY },
      connections: { totalMax: 10, perAddressMax: 10 },
      backlog: backlogBounds(2 ** 30),
      readyMs: 5_000,
      sweepMs: 0,
    },
  })
}

/** The options of an engine that a test is not about. */
import { Pacer } from '../../src/jobs/pacer.js'
import { type Clock, systemClock } from '../../src/lib/clock.js'
import { CountedTime } from '../../src/lib/counted-time.js'
import { seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import type { EngineOptions } from '../../src/sync/engine.js'
import { randomStamps } from '../../src/sync/stamps.js'
import type { EngineMonitor } from '../../src/sync/types.js'
import { RULE_SETTINGS } from './rule-settings.js'

/** Counts nothing and logs nothing. */
export const QUIET_MONITOR: EngineMonitor = {
  committed() {},
  setAside() {},
  unknown() {},
  gap() {},
  aboveBound() {},
}

/** An engine without load that tells nobody anything. `seed`: what its stamps begin with, another one for each engine on a store. */
export function engineOptions(seed: string, clock: Clock = systemClock): Omit<EngineOptions, 'store'> {
  const pacer = new Pacer(clock, () => 0)
  return {
    clock,
    time: new CountedTime(clock),
    settings: RULE_SETTINGS,
    stamps: randomStamps(seededRandom(seed)),
    random: seededRandom(`${seed} engine`),
    effects: [],
    defer: endOfTurn,
    rest: tookMs => pacer.rest(tookMs),
    delivery: { send() {} },
    monitor: QUIET_MONITOR,
    onFatal() {},
  }
}
